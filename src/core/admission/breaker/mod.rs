//! Circuit breaker: closed, open, half-open, ramp.
//!
//! Nothing is sent to a target that keeps failing until it has had time to recover, and then one probe is sent first.
//! Two rules open the circuit. The first counts failures within a window, which must also be half of the calls once
//! there are ten; otherwise five failures in a thousand calls would shut out a healthy target. The second counts
//! consecutive timeouts, because callers with clocks of a minute never fit five timeouts into a window of half a
//! minute.
//!
//! [`Verdict`] says what counts as a failure. A loading model, a rate limit, any other status of 400 to 499, and an
//! abort do not. Nor do the retries of a call that fails while the target answers others: see `Shared::ended`.

use super::lease::{CallId, Lease};
use crate::core::failure::{Code, Layer};
use crate::core::rng::Rng;
use crate::core::time::{Duration, Instant};

/// The failure rate counts once the window has this many answers.
const MIN_CALLS: u32 = 10;
/// The window is forgotten bucket by bucket.
const BUCKETS: u64 = 10;
/// A probe that takes longer does not keep other calls from probing.
const LONGEST_PROBE: Duration = Duration::from_secs(30);
/// Successes until the circuit closes: 1, then 2, 4 and 8 at once.
const RAMP: u32 = 1 + 2 + 4 + 8;

/// When the circuit of a target opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// So many failures within the window open it, if they are half of the calls once there are ten; so do as many
    /// consecutive timeouts.
    pub failures: u32,
    /// The window of the failures.
    pub window: Duration,
    /// How long the circuit stays open the first time. Doubled each time that the probe or the ramp fails.
    pub open: Duration,
    /// The same if only the network has failed, which may be the caller's own: a page is not always told that it is
    /// offline.
    pub of_network: Option<Duration>,
    /// The longest time that the circuit stays open.
    pub max_open: Duration,
}

impl Default for Rule {
    /// # Default
    ///
    /// 5 failures in 30 s; open for 15 s, doubled up to 300 s.
    fn default() -> Self {
        Self {
            failures: 5,
            window: Duration::from_secs(30),
            open: Duration::from_secs(15),
            of_network: None,
            max_open: Duration::from_secs(300),
        }
    }
}

/// The state of a circuit, as the public API names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Calls are sent.
    Closed,
    /// No call is sent until the target has had time to recover.
    Open,
    /// A probe is sent, or a few calls, until it is clear whether the target has recovered.
    HalfOpen,
}

/// What the end of an attempt says about the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The target works: it answered, or refused as a working server does.
    Success,
    /// The target failed. The layer says whether the failure may be the caller's own network.
    Failure(Layer),
    /// The target did not answer in time.
    Timeout(Layer),
    /// Unknown: the caller left.
    Ignored,
}

impl Verdict {
    /// The status decides before the code. An answer with 400 to 499 is about this request, even if it says that the
    /// server ran out of memory or of patience: the target works for other requests.
    pub const fn of(code: Code, layer: Layer, status: Option<u16>) -> Self {
        match code {
            _ if matches!(status, Some(300..=499)) => Self::Success,
            Code::Timeout => Self::Timeout(layer),
            Code::Unavailable
            | Code::GatewayTimeout
            | Code::Network
            | Code::EngineFailure
            | Code::StreamTruncated
            | Code::StreamError
            | Code::BadResponse => Self::Failure(layer),
            _ => Self::Success,
        }
    }
}

/// How a call that the circuit admitted has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// The call that was admitted.
    pub call: CallId,
    /// The generation in which it was admitted.
    pub generation: u32,
    /// What its end says about the target.
    pub verdict: Verdict,
    /// How many others are in flight. They may still succeed, because failures come sooner than answers.
    pub others: u32,
}

/// Whether a call may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Send it.
    Granted,
    /// The circuit is open, for this long.
    Denied(Duration),
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Closed,
    Open {
        until: Instant,
    },
    HalfOpen {
        probe: Option<Lease>,
    },
    /// `failed` is how many more attempts failed than succeeded. One failure may be due to its own payload, and the
    /// more attempts succeed, the more failures open the circuit again.
    Ramp {
        left: u32,
        failed: u32,
    },
}

#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    nth: u64,
    successes: u32,
    failures: u32,
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
                if failed + 1 < (RAMP - left + 1).min(self.rule.failures).max(2) =>
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
                left => self.phase = Phase::Ramp { left, failed: failed.saturating_sub(1) },
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

    fn failed(&mut self, now: Instant, layer: Layer, others: u32, rng: &mut Rng) {
        self.count(now, false);
        self.failures.push(now);
        if self.failures.len() > self.rule.failures.max(1) as usize {
            self.failures.remove(0);
        }
        let so_many = self.failures.len() >= self.rule.failures.max(1) as usize;
        let soon = self.failures.first().is_some_and(|first| now.since(*first) <= self.rule.window);
        let late = self.consecutive_timeouts >= self.rule.failures.max(1);
        if late || (so_many && soon && self.failure_rate_exceeded(now, others)) {
            self.open(now, layer, rng);
        }
    }

    fn failure_rate_exceeded(&self, now: Instant, others: u32) -> bool {
        let nth = self.nth(now);
        let (mut successes, mut failures) = (others, 0_u32);
        for bucket in self.buckets.iter().filter(|bucket| bucket.nth <= nth && bucket.nth + BUCKETS > nth) {
            successes = successes.saturating_add(bucket.successes);
            failures = failures.saturating_add(bucket.failures);
        }
        successes.saturating_add(failures) < MIN_CALLS || failures >= successes
    }

    fn nth(&self, now: Instant) -> u64 {
        now.since(Instant::from_ms(0)).as_ms() / (self.rule.window.as_ms() / BUCKETS).max(1)
    }

    /// Counts a result in the bucket of this moment.
    fn count(&mut self, now: Instant, success: bool) {
        let nth = self.nth(now);
        let Some(bucket) = self.buckets.get_mut((nth % BUCKETS) as usize) else {
            return; // there is a bucket for each remainder
        };
        if bucket.nth != nth {
            *bucket = Bucket { nth, ..Bucket::default() };
        }
        let count = if success { &mut bucket.successes } else { &mut bucket.failures };
        *count = count.saturating_add(1);
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
