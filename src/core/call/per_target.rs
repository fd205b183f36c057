//! What a call has spent on the target in use, and what it knows about it.

use super::{Asking, Status};
use crate::core::backoff::Backoff;
use crate::core::failure::Failure;
use crate::core::rng::Rng;
use crate::core::time::{Duration, Instant};

/// State that begins anew with each target.
#[derive(Debug)]
pub(super) struct PerTarget {
    pub(super) retries: u32,
    /// The one attempt after an ambiguous end is spent.
    pub(super) once_spent: bool,
    /// The call was sent while the platform had no connection for it, and went back into the queue.
    pub(super) crowded_out: bool,
    pub(super) backoff: Backoff,
    /// Since when the call waits for a cold model.
    pub(super) cold: Option<Instant>,
    /// How long the target's calls had waited for connections when that wait began.
    pub(super) before_cold: Duration,
    /// The call itself got an answer that says the model is loading.
    pub(super) heard_loading: bool,
    /// The last pause after a loading answer while other calls were answered. The next pause is longer.
    pub(super) pause: Option<Duration>,
    /// The statuses that are asked for before the next probe.
    pub(super) asking: Option<Asking>,
    /// What the last of those statuses said.
    pub(super) said: Option<Status>,
    /// The call was sent to this target.
    pub(super) sent: bool,
    /// The target told the call that it is full, or that requests come too fast.
    pub(super) refused: bool,
    /// When the first attempt failed.
    pub(super) failed_since: Option<Instant>,
    /// How the last attempt failed. If the call may make no further attempt, this is the error to report.
    pub(super) failed: Option<Failure>,
}

impl PerTarget {
    pub(super) fn new(rng: &mut Rng) -> Self {
        let seed = rng.up_to(Duration::from_ms(u64::MAX)).as_ms();
        Self {
            retries: 0,
            once_spent: false,
            crowded_out: false,
            backoff: Backoff::new(Rng::new(seed)),
            cold: None,
            before_cold: Duration::ZERO,
            heard_loading: false,
            pause: None,
            asking: None,
            said: None,
            sent: false,
            refused: false,
            failed_since: None,
            failed: None,
        }
    }
}
