//! One cold start: its leader, its probes and the time of the next one.

use crate::core::admission::lease::{CallId, Lease};
use crate::core::admission::probing::ColdStart;
use crate::core::time::{Duration, Instant};

/// A probe this overdue means that nobody is waiting any more.
pub(super) const FORGOTTEN: Duration = Duration::from_secs(300);

#[derive(Clone, Copy, Debug)]
pub(super) struct Cold {
    pub(super) start: ColdStart,
    pub(super) leader: Option<Lease>,
    /// The call that was told to stay away for longer than the others wait. It may probe when its own time is up, if
    /// that comes first.
    pub(super) sleeper: Option<CallId>,
    /// When the probe in flight was sent.
    pub(super) sent: Option<Instant>,
    /// How long the server was asked to hold that probe.
    pub(super) held: Duration,
    /// The longest time that the model took to say that it is loading.
    pub(super) heard: Duration,
    /// See [`ProbeContext`](crate::core::admission::probing::ProbeContext).
    pub(super) uncoordinated: bool,
    /// How often the leader has probed in vain.
    pub(super) probes: u32,
    /// No call probes before this time.
    pub(super) next_probe: Instant,
    /// The server named that time; it is no estimate of ours.
    pub(super) is_explicit: bool,
    /// Other calls were answered just before each report of it.
    pub(super) is_doubtful: bool,
}

impl Cold {
    pub(super) fn since(started: Instant) -> Self {
        Self {
            start: ColdStart::new(started),
            leader: None,
            sleeper: None,
            sent: None,
            held: Duration::ZERO,
            heard: Duration::ZERO,
            uncoordinated: false,
            probes: 0,
            next_probe: started,
            is_explicit: false,
            is_doubtful: false,
        }
    }

    /// The last probe is so long overdue that the model may have come up and gone down again.
    pub(super) fn is_forgotten(&self, now: Instant) -> bool {
        !self.leader.is_some_and(|leader| leader.is_live(now)) && now > self.next_probe + FORGOTTEN
    }
}
