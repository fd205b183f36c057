//! A lease: a permit, a probe or the lead of a cold start, which one call holds for a limited time.
//!
//! The holder may never come back: an isolate is evicted, a tab freezes, a reader forgets its stream. So every lease
//! ends, and whether it has ended is computed from the time. No timer waits for it.

use crate::core::time::Instant;

/// The number of a call. Its maker chooses it, and no two calls that are alive share one. Numbers should be small and
/// reused, because the [`queue`](super::queue) keeps a table by them. The largest number stands for no call.
pub type CallId = u32;

/// What one call holds until a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The call.
    pub holder: CallId,
    /// From then on another call may have it.
    pub until: Instant,
}

impl Lease {
    /// It has not run out.
    pub fn is_live(&self, now: Instant) -> bool {
        now < self.until
    }
}
