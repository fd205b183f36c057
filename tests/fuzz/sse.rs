//! Any bytes, cut anywhere: no panic, the same events as whole, and those of the naive decoder.
//!
//! An input is a byte whose lowest three bits count the lengths behind it, then these, then the
//! stream. The lengths go round: of 1 and 5 the pieces have 1, 5, 1, 5 … bytes. 0 is an empty piece
//! and one of a byte; without lengths the stream comes byte by byte.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../native/streams/decoded.rs"]
mod decoded;
#[path = "../native/streams/reference.rs"]
mod reference;

use decoded::Decoded;

fuzz_target!(|input: &[u8]| {
    let Some((count, rest)) = input.split_first() else { return };
    let Some((lengths, stream)) = rest.split_at_checked(usize::from(count % 8)) else { return };
    let whole = Decoded::of([stream]);
    assert_eq!(Decoded::of(cut(stream, lengths)), whole);
    let reference = reference::decode(stream);
    assert!(whole.agrees_with(&reference), "{whole:?}, but {reference:?}");
    // An id is lent to any number of events, and counts for none.
    let handed: usize = whole.events.iter().map(|event| event.data.len() + event.name.len()).sum();
    assert!(handed <= stream.len(), "{handed} of {}", stream.len());
});

fn cut<'a>(mut stream: &'a [u8], lengths: &[u8]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    let mut lengths = lengths.iter().chain(lengths.is_empty().then_some(&1)).cycle();
    while let Some(length) = lengths.next().filter(|_| !stream.is_empty()) {
        if *length == 0 {
            pieces.push(&stream[..0]);
        }
        let (piece, rest) = stream.split_at(stream.len().min(usize::from(*length).max(1)));
        pieces.push(piece);
        stream = rest;
    }
    pieces
}
