//! Four times the bytes take about four times as long, in the shapes and cuts that would show it if
//! something was done again for every piece, line or event.

use query_with_retry::core::sse::Decoder;
use std::time::{Duration, Instant};

const KIB: usize = 1024;

struct Shape {
    name: &'static str,
    /// A stream of about so many bytes.
    stream: fn(usize) -> Vec<u8>,
    bytes: usize,
    piece: usize,
}

/// Of each as much as makes work that is not linear stand out, and four times that is below the
/// longest line.
const SHAPES: [Shape; 15] = [
    Shape { name: "a line, byte by byte", stream: line, bytes: 128 * KIB, piece: 1 },
    Shape { name: "a line in packets", stream: line, bytes: 1024 * KIB, piece: 1460 },
    Shape { name: "a line in blocks", stream: line, bytes: 4000 * KIB, piece: 64 * KIB },
    Shape { name: "empty lines", stream: |bytes| b"\n".repeat(bytes), bytes: 512 * KIB, piece: usize::MAX },
    Shape { name: "CRs, one by one", stream: |bytes| b"\r".repeat(bytes), bytes: 128 * KIB, piece: 1 },
    Shape {
        name: "CRLFs, cut in two",
        stream: |bytes| b"\r\n".repeat(bytes / 2),
        bytes: 128 * KIB,
        piece: 1,
    },
    Shape { name: "an event of many lines", stream: lines, bytes: 512 * KIB, piece: usize::MAX },
    Shape { name: "an event of many lines, in packets", stream: lines, bytes: 512 * KIB, piece: 1460 },
    Shape { name: "an event of many lines, byte by byte", stream: lines, bytes: 128 * KIB, piece: 1 },
    Shape { name: "long ids", stream: |bytes| long("id", bytes), bytes: 4000 * KIB, piece: 64 * KIB },
    Shape { name: "long names", stream: |bytes| long("event", bytes), bytes: 4000 * KIB, piece: 64 * KIB },
    Shape {
        name: "events after a long id",
        stream: |bytes| after("id", bytes),
        bytes: 512 * KIB,
        piece: 1460,
    },
    Shape {
        name: "events after a long name",
        stream: |bytes| after("event", bytes),
        bytes: 512 * KIB,
        piece: 1460,
    },
    Shape {
        name: "events after long data",
        stream: |bytes| after("data", bytes),
        bytes: 512 * KIB,
        piece: 7,
    },
    Shape { name: "lines of JSON", stream: |bytes| b"{}\n".repeat(bytes / 3), bytes: 512 * KIB, piece: 1460 },
];

fn line(bytes: usize) -> Vec<u8> {
    [b"data: ".as_slice(), &vec![b'x'; bytes], b"\n\n"].concat()
}

fn lines(bytes: usize) -> Vec<u8> {
    [b"data:x\n".repeat(bytes / 7), b"\n".to_vec()].concat()
}

/// A field with a value of 1 MiB, again and again.
fn long(field: &str, bytes: usize) -> Vec<u8> {
    [field.as_bytes(), b":", &vec![b'x'; KIB * KIB], b"\n"].concat().repeat(bytes / KIB / KIB)
}

/// One long field, and as much again of short events.
fn after(field: &str, bytes: usize) -> Vec<u8> {
    [field.as_bytes(), b":", &vec![b'x'; bytes / 2], b"\n", &b"data\n\n".repeat(bytes / 12)].concat()
}

impl Shape {
    fn takes(&self, stream: &[u8]) -> Duration {
        let (mut decoder, mut handed) = (Decoder::default(), 0);
        let begun = Instant::now();
        for piece in stream.chunks(self.piece) {
            let pushed = decoder.push(piece, &mut |event| handed += event.data.len());
            assert!(pushed.is_ok(), "{}", self.name);
        }
        decoder.end(&mut |_| {});
        let took = begun.elapsed();
        assert!(handed <= stream.len(), "{}", self.name);
        took
    }

    /// How many times as long four times the bytes take: the best of some, of as many more as the
    /// machine is busy.
    fn ratio(&self) -> f64 {
        let (less, more) = ((self.stream)(self.bytes), (self.stream)(4 * self.bytes));
        let (mut of_less, mut of_more) = (Duration::MAX, Duration::MAX);
        let mut ratio = f64::MAX;
        for _ in 0..10 {
            of_less = (0..3).map(|_| self.takes(&less)).fold(of_less, Duration::min);
            of_more = of_more.min(self.takes(&more));
            ratio = of_more.as_secs_f64() / of_less.as_secs_f64();
            if ratio < MOST {
                break;
            }
        }
        println!("{:5.2}  {:>9.3?} {:>9.3?}  {}", ratio, of_less, of_more, self.name);
        ratio
    }
}

/// Linear work has 4, and up to 6 where the less fits into a cache; quadratic work has 16.
const MOST: f64 = 8.0;

#[test]
fn four_times_the_bytes_take_about_four_times_as_long() {
    for shape in SHAPES {
        let ratio = shape.ratio();
        assert!(ratio < MOST, "{}: {ratio:.1} times as long", shape.name);
    }
}
