//! Circuit breaker: closed, open, half-open, ramp.
//!
//! Nothing is sent to a target that keeps failing until it has had time to recover, and then one probe is sent first.
//! Two rules open the circuit. The first counts failures within a window, which must also be three of four of the
//! calls; otherwise five failures in a thousand calls would shut out a healthy target, and one broken replica of two
//! the other. The second counts consecutive timeouts, because callers with clocks of a minute never fit five timeouts
//! into a window of half a minute.
//!
//! [`Verdict`] says what counts as a failure. A loading model, a rate limit, any other status of 400 to 499, and an
//! abort do not. Nor do the retries of a call that fails while the target answers others, or may still: see
//! `Shared::ended`.

mod fleet;
mod messages;
mod window;

use super::lease::{CallId, Lease};
use crate::core::failure::Layer;
use crate::core::rng::Rng;
use crate::core::time::{Duration, Instant};
pub use messages::{Permission, Report, Rule, State, Verdict};
pub use window::FOR_A_SUCCESS;
use window::{BUCKETS, Bucket};

/// A probe that takes longer does not keep other calls from probing.
const LONGEST_PROBE: Duration = Duration::from_secs(30);
/// Successes until the circuit closes: 1, then 2, 4 and 8 at once.
const RAMP: u32 = 1 + 2 + 4 + 8;

#[derive(Clone, Copy, Debug)]
enum Phase {
    Closed,
    Open {
        until: Instant,
    },
    HalfOpen {
        probe: Option<Lease>,
    },
    /// `failed` goes up with each failure, and down by [`FOR_A_SUCCESS`] with each success. The more attempts have succeeded,
    /// the more failures open the circuit again.
    Ramp {
        left: u32,
        failed: u32,
    },
}

/// The circuit of one target.
#[derive(Clone, Debug)]
pub struct Breaker {
    rule: Rule,
    phase: Phase,
    /// A result from before the last change of phase says nothing about this phase.
    generation: u32,
    /// The times of the last failures, as many as open the circuit.
    failures: Vec<Instant>,
    buckets: [Bucket; BUCKETS as usize],
    consecutive_timeouts: u32,
    /// How often the circuit opened since it was closed, and whether anything but the network has failed meanwhile.
    consecutive_opens: u32,
    has_other_failures: bool,
    layer: Layer,
}

impl Breaker {
    /// A closed circuit.
    pub fn new(rule: Rule) -> Self {
        Self {
            rule,
            phase: Phase::Closed,
            generation: 0,
            failures: Vec::new(),
            buckets: [Bucket::default(); BUCKETS as usize],
            consecutive_timeouts: 0,
            consecutive_opens: 0,
            has_other_failures: false,
            layer: Layer::Compute,
        }
    }

    /// A ramp counts as half-open.
    pub fn state(&self, now: Instant) -> State {
        match self.phase {
            Phase::Closed => State::Closed,
            Phase::Open { until } if now < until => State::Open,
            _ => State::HalfOpen,
        }
    }

    /// The layer of the failure that opened the circuit.
    pub fn layer(&self) -> Layer {
        self.layer
    }

    /// The caller gives the generation back with the result.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// The call that probes is alive: its lease lasts until then.
    pub fn renew(&mut self, call: CallId, until: Instant) {
        if let Phase::HalfOpen { probe: Some(probe) } = &mut self.phase
            && probe.holder == call
        {
            probe.until = until;
        }
    }

    /// If this call was the probe, the next call that asks is.
    pub fn give_up(&mut self, call: CallId) {
        if let Phase::HalfOpen { probe } = &mut self.phase {
            *probe = probe.filter(|probe| probe.holder != call);
        }
    }

    /// The first text of a stream. For a probe it is an answer, however the stream ends; for any other call the end
    /// says more. Returns true if the target starts slowly from now on.
    pub fn begun(&mut self, now: Instant, call: CallId, generation: u32, rng: &mut Rng) -> bool {
        let half_open = matches!(self.phase, Phase::HalfOpen { .. });
        half_open && self.observe(now, Report { call, generation, verdict: Verdict::Success, others: 0 }, rng)
    }

    /// How long nothing is sent, whichever call asks.
    pub fn open_for(&self, now: Instant) -> Option<Duration> {
        match self.phase {
            Phase::Open { until } => Some(until.since(now)).filter(|left| *left > Duration::ZERO),
            Phase::HalfOpen { probe: Some(probe) } => {
                Some(probe.until.since(now)).filter(|left| *left > Duration::ZERO)
            }
            _ => None,
        }
    }

    /// `attempt` is how long the call's own clock gives one attempt.
    pub fn admit(&mut self, now: Instant, call: CallId, attempt: Duration) -> Permission {
        if let Phase::HalfOpen { probe: Some(probe) } = self.phase
            && probe.holder == call
            && probe.is_live(now)
        {
            return Permission::Granted;
        }
        if let Some(left) = self.open_for(now) {
            return Permission::Denied(left);
        }
        let probe =
            Phase::HalfOpen { probe: Some(Lease { holder: call, until: now + attempt.min(LONGEST_PROBE) }) };
        match self.phase {
            Phase::Open { .. } => self.enter(probe),
            // The probe before may still answer, and counts as much as this one.
            Phase::HalfOpen { .. } => self.phase = probe,
            _ => {}
        }
        Permission::Granted
    }

    /// Returns true if the target starts slowly from now on.
    pub fn observe(&mut self, now: Instant, report: Report, rng: &mut Rng) -> bool {
        let Report { call, generation, verdict, others } = report;
        if generation != self.generation {
            return false;
        }
        if let Verdict::Failure(layer) | Verdict::Timeout(layer) = verdict {
            self.has_other_failures |= layer != Layer::Network;
        }
        match (self.phase, verdict) {
            (Phase::HalfOpen { .. }, Verdict::Ignored) => self.give_up(call),
            (Phase::HalfOpen { .. }, Verdict::Success) => {
                self.enter(Phase::Ramp { left: RAMP, failed: 0 });
                return true;
            }
            (Phase::Ramp { left, failed }, Verdict::Failure(_) | Verdict::Timeout(_))
                if failed + 1 < (RAMP - left + 1).min(FOR_A_SUCCESS) * FOR_A_SUCCESS =>
            {
                self.phase = Phase::Ramp { left, failed: failed + 1 };
            }
            (
                Phase::HalfOpen { .. } | Phase::Ramp { .. },
                Verdict::Failure(layer) | Verdict::Timeout(layer),
            ) => {
                self.open(now, layer, rng);
            }
            (Phase::Ramp { left, failed }, Verdict::Success) => match left.saturating_sub(1) {
                0 => self.close(),
                left => self.phase = Phase::Ramp { left, failed: failed.saturating_sub(FOR_A_SUCCESS) },
            },
            (Phase::Closed, Verdict::Success) => {
                self.consecutive_timeouts = 0;
                self.count(now, true);
            }
            (Phase::Closed, Verdict::Failure(layer)) => {
                self.consecutive_timeouts = 0;
                self.failed(now, layer, others, rng);
            }
            (Phase::Closed, Verdict::Timeout(layer)) => {
                self.consecutive_timeouts += 1;
                self.failed(now, layer, others, rng);
            }
            (_, Verdict::Ignored) | (Phase::Open { .. }, _) => {}
        }
        false
    }

    fn open(&mut self, now: Instant, layer: Layer, rng: &mut Rng) {
        let rule = self.rule;
        // Leaves room for the jitter, which keeps clients that opened together from probing together.
        let most = rule.max_open.scaled(4, 5).max(rule.open);
        let open = rule.of_network.filter(|_| !self.has_other_failures).unwrap_or(rule.open);
        let span = open.scaled(1 << self.consecutive_opens.min(20), 1).min(most);
        let most_of_all = rule.max_open.max(span);
        self.layer = layer;
        self.consecutive_opens = self.consecutive_opens.saturating_add(1);
        self.enter(Phase::Open { until: now + rng.between(span, span.scaled(5, 4).min(most_of_all)) });
    }

    fn close(&mut self) {
        (self.consecutive_opens, self.has_other_failures) = (0, false);
        self.enter(Phase::Closed);
    }

    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.generation = self.generation.wrapping_add(1);
        self.failures.clear();
        self.buckets = [Bucket::default(); BUCKETS as usize];
        self.consecutive_timeouts = 0;
    }
}

#[cfg(test)]
mod tests;
