//! Event streams of every kind, cut anywhere, against a naive decoder.

use super::config;
use proptest::prelude::*;
use query_with_retry::core::sse::{EVENT_LIMIT, TooLong};

#[path = "../streams/decoded.rs"]
mod decoded;
#[path = "../streams/linear.rs"]
mod linear;
#[path = "../streams/reference.rs"]
mod reference;

use decoded::Decoded;

const MARK: &[u8] = b"\xef\xbb\xbf";

const ENDS: [&[u8]; 9] = [b"\n", b"\n", b"\n\n", b"\n\n", b"\r", b"\r\r", b"\r\n", b"\r\n\r\n", b"\n\r"];

/// Of which lines are made, whole ones and others.
const PARTS: [&[u8]; 40] = [
    b"data", b"data:", b"data: ", b"data", b"data:", b"data: ", b"event", b"event: ", b"id", b"id: ",
    b"retry", b"retry: ", b"error", b"error:", b"error:}", b"{", b"{", b"{}", b"{a}", b"}", b"}", b":", b":",
    b"::", b" ", b" ", b"  ", b"x", b"7", b"42", b"\0", b"\xff", MARK, b"\xef", b"\xbb", b"\xbf", b"\xe2",
    b"\x82", b"\xac", b"\xc3",
];

const LINES: [&[u8]; 12] = [
    b"data: a\n",
    b"data:b\r\n",
    b"data: c\r",
    b"data: {\"a\":1}\n\n",
    b"event: x\n",
    b"id: 1\n",
    b"id: 2\0\n",
    b"retry: 15\n",
    b"retry:99999999999999999999\r",
    b"error: {}\n",
    b"{\"error\":1}\r\n",
    b": ping\n\n",
];

/// Any of these, any bytes, and runs of one that are longer than what is looked at at once. One
/// in three begins with a byte order mark.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let pieces = proptest::collection::vec((0..18_u8, any::<u8>(), any::<u8>()), 0..40);
    (0..3_u8, pieces).prop_map(|(mark, pieces)| {
        let mut stream = if mark == 0 { MARK.to_vec() } else { Vec::new() };
        for (kind, nth, byte) in pieces {
            let of = |tokens: &[&'static [u8]]| tokens[nth as usize % tokens.len()];
            match kind {
                0..5 => stream.extend_from_slice(of(&ENDS)),
                5..12 => stream.extend_from_slice(of(&PARTS)),
                12..16 => stream.extend_from_slice(of(&LINES)),
                16 => stream.push(byte),
                _ => stream.extend(std::iter::repeat_n(byte, nth.into())),
            }
        }
        stream
    })
}

/// Fields of the standard with values of broken text, each in its own line.
fn broken_text() -> impl Strategy<Value = Vec<u8>> {
    // Beginnings, middles and ends of characters, so that they meet in all ways.
    const BYTES: [u8; 16] =
        [b'a', 0, b':', b' ', 0x80, 0xbf, 0x82, 0x9f, 0xc3, 0xe2, 0xef, 0xed, 0xf0, 0xf4, 0xc0, 0xff];
    let value = proptest::collection::vec(0..BYTES.len(), 0..8);
    proptest::collection::vec((0..8_usize, value, 0..4_usize), 1..20).prop_map(|lines| {
        let line = |(field, value, end): (usize, Vec<usize>, usize)| {
            let field = ["data:", "data: ", "data:", "data: ", "event:", "id:", "error:", "{"][field];
            let end = ["\n", "\r", "\r\n", "\n\n"][end];
            let value = value.into_iter().map(|nth| BYTES[nth]);
            field.bytes().chain(value).chain(end.bytes()).collect::<Vec<u8>>()
        };
        lines.into_iter().flat_map(line).collect()
    })
}

/// Where a stream is cut: in the same place twice gives an empty piece.
fn cuts() -> impl Strategy<Value = Vec<usize>> {
    proptest::collection::vec(any::<usize>(), 0..12)
}

fn cut<'a>(stream: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = cuts.iter().map(|place| place % (stream.len() + 1)).collect();
    places.sort_unstable();
    let mut pieces = Vec::new();
    let mut begin = 0;
    for place in places.into_iter().chain([stream.len()]) {
        pieces.push(&stream[begin..place]);
        begin = place;
    }
    pieces
}

proptest! {
    #![proptest_config(config())]

    /// Whole, byte by byte and cut anywhere, a stream is read as the standard reads it.
    #[test]
    fn the_decoder_reads_what_the_text_of_the_standard_reads(stream in stream(), cuts in cuts()) {
        let reference = reference::decode(&stream);
        for decoded in [
            Decoded::of([&stream[..]]),
            Decoded::of(stream.chunks(1)),
            Decoded::of(cut(&stream, &cuts)),
        ] {
            prop_assert!(decoded.agrees_with(&reference), "{:?}, but {:?}", decoded, reference);
        }
    }

    /// Not a byte of an event depends on where the stream was cut.
    #[test]
    fn cutting_a_stream_changes_nothing(stream in stream(), cuts in cuts()) {
        let whole = Decoded::of([&stream[..]]);
        prop_assert_eq!(&Decoded::of(stream.chunks(1)), &whole);
        prop_assert_eq!(&Decoded::of(cut(&stream, &cuts)), &whole);
    }

    /// Broken characters are replaced as if the whole stream was decoded before it was taken apart.
    #[test]
    fn an_event_is_decoded_by_itself_as_in_its_stream(stream in broken_text()) {
        let reference = reference::decode(&stream);
        let decoded = Decoded::of([&stream[..]]);
        prop_assert!(decoded.agrees_with(&reference), "{:?}, but {:?}", decoded, reference);
    }

    /// Events hand out no more than came in; an id is lent to many of them, and counts for none.
    #[test]
    fn events_are_no_longer_than_their_stream(stream in stream()) {
        let events = Decoded::of([&stream[..]]).events;
        let handed: usize = events.iter().map(|event| event.data.len() + event.name.len()).sum();
        prop_assert!(handed <= stream.len(), "{} of {}", handed, stream.len());
    }
}

/// Around the longest line: what comes before it, how much of that counts with it, and what comes
/// after. It is a line of its own, or the second of an event of which the data is as long.
const AROUND: [(&[u8], usize, &[u8]); 5] = [
    (b"data: ", 6, b"\r\n\r\n"),
    (b": ", 2, b"\ndata: a\n\n"),
    (b"id: ", 4, b"\rdata: a\r\r"),
    (b"error: ", 7, b""),
    (b"data: of twenty characters\ndata:", 21, b"\n\n"),
];

/// At the limit and one byte above it; as random cases, 16 MiB each, this would take hours.
#[test]
fn no_cut_decides_whether_a_stream_is_too_long() {
    for ((before, counted, after), over) in AROUND.into_iter().flat_map(|around| [(around, 0), (around, 1)]) {
        let fill = vec![b'}'; EVENT_LIMIT + over - counted];
        for mark in [b"".as_slice(), MARK] {
            let stream = [mark, before, &fill, after].concat();
            let told = stream[..mark.len() + before.len()].escape_ascii().to_string();
            let expected = if over == 0 { Ok(()) } else { Err(TooLong) };
            let whole = Decoded::of([&stream[..]]);
            assert_eq!(whole.ended, expected, "{told}, {over} over");
            let (line, end) = stream.split_at(stream.len() - after.len());
            let pieces = line.chunks(1 << 20).chain([end]);
            let pieced = Decoded::of(pieces);
            assert_eq!(pieced.ended, expected, "{told}, {over} over, in pieces");
            assert!(pieced == whole, "{told}, {over} over, in pieces");
        }
    }
}
