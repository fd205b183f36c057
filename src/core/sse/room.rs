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
