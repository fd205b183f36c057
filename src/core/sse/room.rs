//! The room that the unfinished events of all streams share, so that many servers together cannot
//! exhaust memory.
//!
//! A stream may hold as much as is free after it: one alone gets half of the room, each of n that
//! want all of it gets an nth and a bit less. So a greedy one is refused before it has taken what a
//! modest one needs, and nothing has to be set aside for anybody. A buffer shared by the queues of
//! a switch is kept by the same rule (A. K. Choudhury, E. L. Hahne, "Dynamic Queue Length
//! Thresholds for Shared-Memory Packet Switches", IEEE/ACM Transactions on Networking 6, 1998).

use std::cell::Cell;
use std::rc::Rc;

/// All of it: 40 MiB, of which one alone gets 20, an event of the greatest length and its name. A
/// Worker has 128 for everything, and buffers that grow take up to twice what is in them.
pub const ROOM: usize = 40 * 1024 * 1024;

/// So much a stream may hold in any case, uncounted: 128 KiB.
const ALWAYS: usize = 128 * 1024;

/// In bytes, how much of the room is taken. Its clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Room(Rc<Cell<usize>>);

/// What one stream has of it, given back when this is dropped.
#[derive(Debug, Default)]
pub(super) struct Share {
    room: Room,
    taken: usize,
}

impl Share {
    pub(super) fn of(room: &Room) -> Self {
        Self { room: room.clone(), taken: 0 }
    }

    /// Takes so many bytes instead of those before; `false` where they do not fit.
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

/// So much a buffer keeps for what comes next: 16 KiB, which is a piece of most streams.
const KEPT: usize = 16 * 1024;

/// A buffer that was large once gives back what it does not need.
pub fn trim(buffer: &mut Vec<u8>) {
    if buffer.capacity() > KEPT && buffer.len() <= KEPT {
        buffer.shrink_to(KEPT);
    }
}
