//! A right that one call holds for a while: a place, a probe, the lead of a cold start.
//!
//! Whoever holds it may never come back: an isolate is evicted, a tab freezes, a reader forgets its
//! stream. So nothing is held without an end, and the end is looked at, not waited for.

use crate::core::time::Instant;

/// Which call it is. The one who makes the calls chooses; two calls that live at once differ. Small
/// numbers that are used again, as those of seats are: the [`queue`](super::queue) keeps a table by them,
/// and the largest number is nobody's.
pub type CallId = u32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    pub holder: CallId,
    pub until: Instant,
}

impl Lease {
    pub fn is_live(&self, now: Instant) -> bool {
        now < self.until
    }
}
