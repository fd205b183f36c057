//! An input is a byte whose lowest three bits count the lengths behind it, then these, then what is read.
//!
//! The lengths go round: of 1 and 5 the pieces have 1, 5, 1, 5 … bytes. 0 is an empty piece
//! and one of a byte; without lengths it comes byte by byte.

/// The lengths, and what is read.
pub fn parts(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (count, rest) = input.split_first()?;
    rest.split_at_checked(usize::from(count % 8))
}

pub fn cut<'a>(mut stream: &'a [u8], lengths: &[u8]) -> Vec<&'a [u8]> {
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
