//! In which turn of the event loop a call may be woken.
//!
//! In workerd a timer, a fetch and the continuation of a promise belong to the request that made them. workerd ends a
//! request as hung if none of these is pending. So one request must not poll the call of another, or the call would
//! send from there (workerd, `IoContext`).

use crate::core::time::Duration;

/// The counterpart is `Scope` of `src/ts/wasm/instance.ts`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Scope {
    /// In any turn.
    #[default]
    Process,
    /// Only in a turn of its own request. Another request may fulfil a promise that this one made. Newer runtimes then
    /// continue this one in the right place (`handle_cross_request_promise_resolution`), but not always: of 18,800
    /// promises that were measured, seven went on in the other request. So the call polls by a timer of its own.
    Request,
}

impl Scope {
    /// How long a lease lasts without a sign of life, if calls may end unseen.
    pub(super) fn lease(self) -> Option<Duration> {
        (self != Self::Process).then_some(Duration::from_secs(5))
    }

    /// How often a call checks what other calls have done, if it has to. `parked`: the call is queued.
    pub(super) fn tick(self, parked: bool) -> Option<Duration> {
        match (self, parked) {
            (Self::Process, _) => None,
            (Self::Request, true) => Some(Duration::from_ms(20)),
            // To renew the leases.
            (Self::Request, false) => Some(Duration::from_secs(1)),
        }
    }
}
