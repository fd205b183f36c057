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
    shape("a line, byte by byte", line, 64 * KIB, 1),
    shape("a line in packets", line, 1024 * KIB, 1460),
    shape("a line in blocks", line, 4000 * KIB, 64 * KIB),
    shape("empty lines", |bytes| b"\n".repeat(bytes), 128 * KIB, usize::MAX),
    shape("CRs, one by one", |bytes| b"\r".repeat(bytes), 64 * KIB, 1),
    shape("CRLFs, cut in two", |bytes| b"\r\n".repeat(bytes / 2), 64 * KIB, 1),
    shape("an event of many lines", lines, 256 * KIB, usize::MAX),
    shape("an event of many lines, in packets", lines, 256 * KIB, 1460),
    shape("an event of many lines, byte by byte", lines, 64 * KIB, 1),
    shape("long ids", |bytes| long("id", bytes), 4096 * KIB, 64 * KIB),
    shape("long names", |bytes| long("event", bytes), 4096 * KIB, 64 * KIB),
    shape("events after a long id", |bytes| after("id", bytes), 256 * KIB, 1460),
    shape("events after a long name", |bytes| after("event", bytes), 256 * KIB, 1460),
    shape("events after long data", |bytes| after("data", bytes), 256 * KIB, 7),
    shape("lines of JSON", |bytes| b"{}\n".repeat(bytes / 3), 256 * KIB, 1460),
];

const fn shape(name: &'static str, stream: fn(usize) -> Vec<u8>, bytes: usize, piece: usize) -> Shape {
    Shape { name, stream, bytes, piece }
}

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

    /// How many times as long four times the bytes take: the best of as many attempts as a busy machine makes
    /// necessary.
    fn ratio(&self) -> f64 {
        let (less, more) = ((self.stream)(self.bytes), (self.stream)(4 * self.bytes));
        let (mut of_less, mut of_more) = (Duration::MAX, Duration::MAX);
        let begun = Instant::now();
        loop {
            // Four times, and so about as long as the other: what is shorter is less often interrupted.
            of_less = of_less.min((0..4).map(|_| self.takes(&less)).sum());
            of_more = of_more.min(self.takes(&more));
            let ratio = 4.0 * of_more.as_secs_f64() / of_less.as_secs_f64();
            if ratio < MOST || begun.elapsed() > PATIENCE {
                println!("{ratio:5.2} {:>10.3?} {of_more:>10.3?}  {}", of_less / 4, self.name);
                return ratio;
            }
        }
    }
}

/// Linear work has 4, and up to 6 where only the less fits into a cache; quadratic work has 16.
const MOST: f64 = 8.0;

/// What is too slow at every attempt for this long is not slow because the machine is busy.
const PATIENCE: Duration = Duration::from_secs(10);

#[test]
fn four_times_the_bytes_take_about_four_times_as_long() {
    for shape in SHAPES {
        let ratio = shape.ratio();
        assert!(ratio < MOST, "{}: {ratio:.1} times as long", shape.name);
    }
}
