//! The memory that the unfinished events of all streams share, so that many servers together cannot exhaust it.
//!
//! A stream may hold as much as stays free after it. A single stream gets half of the room, and each of n streams
//! that want everything gets an nth, and a bit less. So a greedy stream is refused before it has taken what a modest
//! one needs, and nothing has to be reserved. The queues of a switch share a buffer by the same rule (A. K.
//! Choudhury, E. L. Hahne, "Dynamic Queue Length Thresholds for Shared-Memory Packet Switches", IEEE/ACM Transactions
//! on Networking 6, 1998).

use std::cell::Cell;
use std::rc::Rc;

/// The whole room: 40 MiB. A single stream gets 20, which is an event of the greatest length and its name. A Worker
/// has 128 MiB for everything, and growing buffers take up to twice their content.
pub const ROOM: usize = 40 * 1024 * 1024;

/// What a stream may hold in any case, uncounted: 128 KiB.
const ALWAYS: usize = 128 * 1024;

/// The bytes taken. Clones share the count.
#[derive(Clone, Debug, Default)]
pub struct Room(Rc<Cell<usize>>);

/// The share of one stream, given back on drop.
#[derive(Debug, Default)]
pub(super) struct Share {
    room: Room,
    taken: usize,
}

impl Share {
    pub(super) fn of(room: &Room) -> Self {
        Self { room: room.clone(), taken: 0 }
    }

    /// Replaces the bytes that the stream held by this many. Returns false if they do not fit.
    pub(super) fn hold(&mut self, bytes: usize) -> bool {
        let bytes = if bytes > ALWAYS { bytes } else { 0 };
        if bytes == self.taken {
            return true;
        }
        let total = self.room.0.get() - self.taken + bytes;
        if bytes > self.taken && total + bytes > ROOM {
            return false;
        }
        self.room.0.set(total);
        self.taken = bytes;
        true
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.hold(0);
    }
}

/// The capacity that a buffer keeps for what comes next: 16 KiB, which is a piece of most streams.
const KEPT: usize = 16 * 1024;

/// Frees the capacity that a buffer does not need any more.
pub fn trim(buffer: &mut Vec<u8>) {
    if buffer.capacity() > KEPT && buffer.len() <= KEPT {
        buffer.shrink_to(KEPT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_holds_little_uncounted_and_no_more_than_stays_free_after_it() {
        let room = Room::default();
        let mut one = Share::of(&room);
        assert!(one.hold(ALWAYS) && room.0.get() == 0);
        assert!(one.hold(ALWAYS + 1) && room.0.get() == ALWAYS + 1);
        assert!(one.hold(ROOM / 2) && room.0.get() == ROOM / 2, "half of the room");
        assert!(!one.hold(ROOM / 2 + 1) && room.0.get() == ROOM / 2, "it keeps what it had");
        let mut other = Share::of(&room);
        assert!(!other.hold(ROOM / 4 + 1) && other.hold(ROOM / 4));
        assert!(other.hold(ALWAYS), "little fits always");
        assert_eq!(room.0.get(), ROOM / 2);
    }

    #[test]
    fn a_stream_may_always_hold_less_and_gives_everything_back_with_its_end() {
        let room = Room::default();
        let (mut one, mut other) = (Share::of(&room), Share::of(&room));
        assert!(one.hold(ROOM / 2) && other.hold(ROOM / 4));
        // As much as this would not fit again.
        assert!(one.hold(ROOM / 2 - 1) && !one.hold(ROOM / 2));
        assert_eq!(room.0.get(), ROOM / 2 - 1 + ROOM / 4);
        drop(one);
        assert_eq!(room.0.get(), ROOM / 4);
        drop(other);
        assert_eq!(room.0.get(), 0);
    }

    #[test]
    fn a_buffer_keeps_the_capacity_of_a_piece_and_the_one_that_it_uses() {
        let capacity = |len: usize, capacity: usize| {
            let mut buffer = Vec::with_capacity(capacity);
            buffer.resize(len, 0_u8);
            trim(&mut buffer);
            buffer.capacity()
        };
        assert_eq!(capacity(10, KEPT), KEPT);
        assert_eq!(capacity(10, 4 * KEPT), KEPT);
        assert_eq!(capacity(KEPT + 1, 4 * KEPT), 4 * KEPT);
    }
}
