//! The pieces of an answer, handed out in frames of any size.

use std::iter;

use bytes::{Bytes, BytesMut};

use super::payload::{Payload, Piece, Pieces, Run};

const BOM: Bytes = Bytes::from_static(b"\xef\xbb\xbf");

/// So much of an answer: whichever of the two is reached first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) bytes: u64,
    pub(crate) events: u64,
}

impl Extent {
    pub(crate) const ALL: Self = Self { bytes: u64::MAX, events: u64::MAX };
    pub(crate) const NOTHING: Self = Self::bytes(0);

    pub(crate) const fn bytes(bytes: u64) -> Self {
        Self { bytes, ..Self::ALL }
    }

    pub(crate) const fn events(events: u64) -> Self {
        Self { events, ..Self::ALL }
    }

    pub(crate) fn is_nothing(self) -> bool {
        self.bytes == 0 || self.events == 0
    }

    pub(crate) fn min(self, other: Self) -> Self {
        Self { bytes: self.bytes.min(other.bytes), events: self.events.min(other.events) }
    }

    /// What is left once that much is gone.
    pub(crate) fn less(self, taken: &Frame) -> Self {
        Self {
            bytes: self.bytes.saturating_sub(taken.bytes.len() as u64),
            events: self.events.saturating_sub(taken.events),
        }
    }
}

pub(crate) struct Frame {
    pub(crate) bytes: Bytes,
    /// How many events are whole with it.
    pub(crate) events: u64,
}

pub(crate) struct Flow {
    /// Taken out ahead of time, to know whether there is any more.
    front: Option<Piece>,
    rest: Pieces,
    /// A part of the front has been handed out.
    midway: bool,
}

impl Flow {
    pub(crate) fn new(payload: Payload) -> Self {
        let mut rest: Pieces = match payload {
            Payload::Whole(run) => Box::new(iter::once(Piece::part(run))),
            Payload::Stream(stream) if stream.bom => {
                Box::new(iter::once(Piece::part(Run::Bytes(BOM))).chain(stream.pieces))
            }
            Payload::Stream(stream) => stream.pieces,
        };
        Self { front: next_piece(&mut rest), rest, midway: false }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.front.is_none()
    }

    pub(crate) fn is_midway(&self) -> bool {
        self.midway
    }

    /// Where to cut the front for the worst of a reader: inside a character of several bytes, or
    /// between CR and LF, or else in the middle.
    pub(crate) fn cut(&self) -> u64 {
        let bytes = match self.front.as_ref().map(|piece| &piece.run) {
            Some(Run::Bytes(bytes)) => bytes,
            Some(Run::Generated(length)) => return length.div_ceil(2),
            None => return 0,
        };
        let inside_character = bytes.iter().position(|byte| byte & 0xc0 == 0x80);
        let inside_line_end = || bytes.windows(2).position(|pair| pair == b"\r\n").map(|at| at + 1);
        let cut = inside_character.or_else(inside_line_end).unwrap_or(bytes.len() / 2);
        cut.max(1) as u64
    }

    /// The next frame: full, or up to the end of the last event that it may have.
    pub(crate) fn take(&mut self, most: Extent) -> Frame {
        let mut runs = Vec::new();
        let mut left = most;
        let mut events = 0;
        while !left.is_nothing()
            && let Some(front) = &mut self.front
        {
            let run = front.run.take(left.bytes);
            left.bytes -= run.len() as u64;
            runs.push(run);
            self.midway = front.run.len() > 0;
            if self.midway {
                continue;
            }
            if front.ends_event {
                events += 1;
                left.events -= 1;
            }
            self.front = next_piece(&mut self.rest);
        }
        Frame { bytes: joined(runs), events }
    }
}

fn next_piece(pieces: &mut Pieces) -> Option<Piece> {
    pieces.find(|piece| piece.run.len() > 0)
}

/// A frame of one run is not copied.
fn joined(mut runs: Vec<Bytes>) -> Bytes {
    if runs.len() == 1 {
        return runs.remove(0);
    }
    let mut frame = BytesMut::with_capacity(runs.iter().map(Bytes::len).sum());
    for run in runs {
        frame.extend_from_slice(&run);
    }
    frame.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::Stream;

    fn flow(pieces: &'static [&'static str]) -> Flow {
        let pieces = pieces.iter().map(|piece| Piece::event(*piece));
        Flow::new(Payload::Stream(Stream::new(pieces)))
    }

    fn text(frame: &Frame) -> &str {
        std::str::from_utf8(&frame.bytes).expect("UTF-8")
    }

    #[test]
    fn a_frame_ends_at_the_first_limit_that_it_meets() {
        let mut flow = flow(&["one", "two", "three"]);
        let frame = flow.take(Extent::events(1));
        assert_eq!((text(&frame), frame.events), ("one", 1));
        let frame = flow.take(Extent::bytes(4));
        assert_eq!((text(&frame), frame.events), ("twot", 1));
        assert!(flow.is_midway());
        let frame = flow.take(Extent::ALL);
        assert_eq!((text(&frame), frame.events), ("hree", 1));
        assert!(flow.is_empty());
    }

    #[test]
    fn a_cut_goes_through_a_character_or_a_line_end_or_the_middle() {
        for (piece, before) in [("ab€c\r\n", 3), ("abc\r\n", 4), ("abcd\n", 2), ("\n", 1)] {
            let pieces = iter::once(Piece::event(piece));
            let flow = Flow::new(Payload::Stream(Stream::new(pieces)));
            assert_eq!(flow.cut(), before, "{piece:?}");
        }
    }

    #[test]
    fn empty_pieces_do_not_count_as_more_to_come() {
        let mut flow = flow(&["", "one", ""]);
        assert_eq!(text(&flow.take(Extent::events(1))), "one");
        assert!(flow.is_empty());
    }
}
