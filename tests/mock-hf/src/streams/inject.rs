//! What a step puts into a stream.

use std::{iter, mem, vec};

use crate::{
    body::{Piece, Pieces, Run, Stream},
    scenario::{Inject, Injection},
    streams::given,
};

/// From now on the stream goes out chunked: nobody knows how long it is.
pub(crate) fn into(stream: &mut Stream, inject: &Inject) {
    let pieces = mem::replace(&mut stream.pieces, Box::new(iter::empty()));
    stream.length = None;
    stream.pieces = Box::new(Injected {
        pieces,
        events_before: inject.events,
        injected: injected(inject.what()).into_iter(),
        then_end: inject.then_end,
    });
}

fn injected(what: Injection) -> Vec<Piece> {
    match what {
        Injection::Bytes(bytes) => given::pieces(bytes),
        Injection::HugeEvent(length) => {
            let data = Run::Bytes("data: ".into());
            vec![Piece::part(data), Piece::part(Run::Generated(length)), Piece::event("\n\n")]
        }
    }
}

struct Injected {
    pieces: Pieces,
    events_before: u64,
    injected: vec::IntoIter<Piece>,
    then_end: bool,
}

impl Iterator for Injected {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        if self.events_before > 0 {
            if let Some(piece) = self.pieces.next() {
                self.events_before -= u64::from(piece.ends_event);
                return Some(piece);
            }
            // Fewer events than that: what is injected comes after the last one.
            self.events_before = 0;
        }
        if let Some(piece) = self.injected.next() {
            return Some(piece);
        }
        if self.then_end { None } else { self.pieces.next() }
    }
}
