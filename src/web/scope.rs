//! Whose turn of the event loop a call may be woken in.
//!
//! In workerd a timer, a fetch and the continuation of a promise belong to the request that made
//! them, and a request without any of these that is pending is ended as hung. What another request
//! does must not poll a call, then, or it would send from there (workerd, `IoContext`).

use crate::core::time::Duration;

/// The counterpart is `Scope` of `src/ts/wasm/instance.ts`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Scope {
    /// In anybody's.
    #[default]
    Process,
    /// In its own request's. A promise that it made itself may be fulfilled by another one, and newer runtimes continue it in
    /// the right place (`handle_cross_request_promise_resolution`), but not always: of 18,800 that were measured, seven went
    /// on in the other's. So it looks by a timer of its own.
    Request,
}

impl Scope {
    /// Where a call may end unseen, what it holds is its own for so long without a sign of life.
    pub(super) fn lease(self) -> Option<Duration> {
        (self != Self::Process).then_some(Duration::from_secs(5))
    }

    /// How often a call looks by itself at what others have done, if it does; `parked` is one in line.
    pub(super) fn tick(self, parked: bool) -> Option<Duration> {
        match (self, parked) {
            (Self::Process, _) => None,
            (Self::Request, true) => Some(Duration::from_ms(20)),
            // To renew its leases.
            (Self::Request, false) => Some(Duration::from_secs(1)),
        }
    }
}
