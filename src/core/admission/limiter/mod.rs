//! Adaptive concurrency: how many calls to one target may be in flight at once.
//!
//! Additive increase, multiplicative decrease, as in TCP. The limit falls to 0.7 of itself when the server says that
//! it is full or does not answer in time, at most once a second, because everything in flight then says the same. It
//! grows by one for as many successes as the limit is. Before the first such sign, in slow start, it grows by one
//! with every success, which doubles it in each round. Latency is no signal here, because it depends on the length of
//! the answer.

mod trial;

use super::lease::{CallId, Lease};
use crate::core::time::{Duration, Instant};
use trial::{Decline, Trial};

/// The limit at the beginning, and again when a cold model has come up.
pub const SLOW_START: u32 = 4;
const PAUSE: Duration = Duration::from_secs(1);
/// A call that was not refused within this time has a place.
const TAKEN: Duration = Duration::from_secs(1);
/// After this long without an answer or an admission, one more call is admitted.
const STUCK: Duration = Duration::from_secs(2);
/// A limit that was too much is tried again after this time, and after twice the time whenever that is refused again.
const PAUSE_AT_FULL: Duration = Duration::from_secs(2);
const LONGEST_PAUSE_AT_FULL: Duration = Duration::from_secs(10);
/// A share of refusals among the last results, in thousandths, from which refusals are about the rate of our own
/// requests.
const MANY: u32 = 240;
/// After this share of refusals, and this long without an answer, the target was down, not full.
const NEARLY_ALL: u32 = 750;
const DOWN: Duration = Duration::from_secs(1);
/// A concurrency that the target has taken counts as proven for at least this long.
const PROVEN: Duration = Duration::from_secs(5);
const MILLI: u32 = 1000;

/// How many calls to one target may be in flight, and may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The limit never falls below this.
    pub min: u32,
    /// The limit never rises above this.
    pub max: u32,
    /// How many calls may wait for a permit.
    pub queue: u32,
}

impl Default for Rule {
    /// # Default
    ///
    /// 1 to 64 at once, and 10,000 may wait. What bounds a queue sooner is that a call which cannot meet its deadline
    /// is rejected when it arrives.
    fn default() -> Self {
        Self { min: 1, max: 64, queue: 10_000 }
    }
}

/// What the end of an attempt says about the capacity of the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sample {
    /// The whole answer came.
    Success {
        /// From the start of the attempt.
        took: Duration,
    },
    /// The first text of a stream: an answer, although the stream still holds its permit.
    Begun {
        /// From the start of the attempt to the first text.
        took: Duration,
    },
    /// The end of a stream that had begun.
    Finished {
        /// From the start of the attempt to the end of the stream.
        took: Duration,
    },
    /// The target did not answer in time.
    Timeout,
    /// The same, while more of the other calls were answered: one replica of several hangs.
    Hung,
    /// The target is full and said so at once: it takes no more than the others in flight.
    Overload,
    /// The target says in words that it is busy, which may be true for the moment only, or for this call only.
    Busy,
    /// The target refuses this call again and answers others: the earlier overload was no overload.
    Own,
    /// Nothing: the caller left, or the attempt had no time.
    Ignored,
}

#[derive(Clone, Copy, Debug)]
struct Permit {
    lease: Lease,
    since: Instant,
    /// Another call was in flight meanwhile.
    in_company: bool,
    /// How many calls were in flight when this one was admitted, itself included.
    in_flight: u32,
    /// [`Limiter::votes`] at that time.
    votes: i32,
}

/// An answer has proven that the target takes so many at once.
#[derive(Clone, Copy, Debug, Default)]
struct Proof {
    in_flight: u32,
    /// When the call was admitted.
    since: Instant,
    /// How many more calls were refused since then than answered, and when the last one was.
    refusals: u32,
    refused: Instant,
}

/// The target has said that it takes no more.
#[derive(Clone, Copy, Debug)]
struct Full {
    /// The limit then, in thousandths.
    limit: u32,
    /// No higher limit before this time.
    until: Instant,
    pause: Duration,
    /// When the limit was last raised without an answer.
    raised: Instant,
}

impl Full {
    /// A target that is full says so at once. If it has not for this long, it takes what it was sent, and may be sent
    /// more.
    fn may_rise_at(self) -> Instant {
        self.until.max(self.raised + TAKEN)
    }
}

/// The limit of one target, and the permits of the calls in flight.
#[derive(Clone, Debug)]
pub struct Limiter {
    rule: Rule,
    /// In thousandths.
    limit: u32,
    slow_start: bool,
    last_decrease: Option<Instant>,
    full: Option<Full>,
    /// When a call was last admitted or answered.
    moved: Option<Instant>,
    in_flight: Vec<Permit>,
    /// Moving average of the time that a success takes.
    avg_latency: Option<Duration>,
    /// Moving average of the time to the first answer: for a stream, until it begins.
    avg_first_answer: Option<Duration>,
    /// The share of refusals among the last results, in thousandths. A few among many answers are the calls' own.
    refused: u32,
    proof: Proof,
    answered: Option<Instant>,
    /// Moving average of the time between two answers.
    gap: Option<Duration>,
    decline: Option<Decline>,
    trial: Option<Trial>,
    /// No trial before this time.
    next_trial: Option<Instant>,
    /// How many more calls were answered than failed.
    votes: i32,
}

impl Limiter {
    /// A limiter in slow start, at [`SLOW_START`] or the minimum.
    pub fn new(rule: Rule) -> Self {
        let mut limiter = Self {
            rule,
            limit: 0,
            slow_start: true,
            last_decrease: None,
            full: None,
            moved: None,
            in_flight: Vec::new(),
            avg_latency: None,
            avg_first_answer: None,
            // The first refusal by a new target is believed.
            refused: MANY,
            proof: Proof::default(),
            answered: None,
            gap: None,
            decline: None,
            trial: None,
            next_trial: None,
            votes: 0,
        };
        limiter.start_slowly(SLOW_START.max(rule.min));
        limiter
    }

    /// How many permits are held. A lease that has run out does not count.
    pub fn in_flight(&self, now: Instant) -> usize {
        self.in_flight.iter().filter(|permit| permit.lease.is_live(now)).count()
    }

    /// The limit, in whole calls.
    pub fn limit(&self) -> u32 {
        self.limit / MILLI
    }

    /// No sign of overload has come since the limit began low, and it grows with every success.
    pub fn is_slow_starting(&self) -> bool {
        self.slow_start
    }

    /// A call may be admitted now.
    pub fn has_permit(&mut self, now: Instant) -> bool {
        if self.in_flight.len() >= self.limit() as usize {
            self.in_flight.retain(|permit| permit.lease.is_live(now));
        }
        self.in_flight.len() < self.limit() as usize || self.extra_permit_at().is_some_and(|at| at <= now)
    }

    /// The calls in flight may take minutes, and a limit as low as their number would keep every other call out until
    /// then.
    fn extra_permit_at(&self) -> Option<Instant> {
        let may_grow = self.in_flight.len() < self.rule.max as usize;
        let stuck = self.moved.map(|moved| moved + STUCK);
        stuck.into_iter().chain(self.full.map(Full::may_rise_at)).min().filter(|_| may_grow)
    }

    /// When a permit may become available although none is released.
    pub fn due(&self) -> Option<Instant> {
        self.runs_out_at().into_iter().chain(self.extra_permit_at()).min()
    }

    /// Takes a permit, even if none is available.
    pub fn acquire(&mut self, now: Instant, call: CallId, until: Instant) {
        if self.in_flight.len() >= self.limit() as usize && self.extra_permit_at().is_some_and(|at| at <= now)
        {
            // If this is too much, the target will say so.
            let more = self.beyond();
            self.full = self.full.map(|full| Full { raised: now, ..full });
            self.limit = self.limit.saturating_add(more).min(self.within(u32::MAX));
        }
        self.moved = Some(now);
        let in_company = !self.in_flight.is_empty();
        if let [first] = self.in_flight.as_mut_slice() {
            first.in_company = true;
        }
        let in_flight = self.in_flight.len() as u32 + 1;
        let lease = Lease { holder: call, until };
        self.in_flight.push(Permit { lease, since: now, in_company, in_flight, votes: self.votes });
    }

    fn permit(&self, call: CallId) -> Option<&Permit> {
        self.in_flight.iter().find(|permit| permit.lease.holder == call)
    }

    /// A call was answered, or failed.
    pub fn vote(&mut self, works: bool) {
        self.votes = self.votes.wrapping_add(if works { 1 } else { -1 });
    }

    /// More calls were answered than failed while this one was in flight, itself included. Its failure is its own, or
    /// that of one replica of several.
    pub fn is_outvoted(&self, call: CallId) -> bool {
        self.permit(call).is_some_and(|permit| self.votes.wrapping_sub(permit.votes) > 0)
    }

    /// Another call was in flight while this one was.
    pub fn was_in_company(&self, call: CallId) -> bool {
        self.permit(call).is_some_and(|permit| permit.in_company)
    }

    /// The holder is alive: its permit lasts until then, and is issued again if it has run out.
    pub fn renew(&mut self, now: Instant, call: CallId, until: Instant) {
        match self.in_flight.iter_mut().find(|permit| permit.lease.holder == call) {
            Some(permit) => permit.lease.until = until,
            None => self.acquire(now, call, until),
        }
    }

    /// Gives the permit back. Returns false if it had run out.
    pub fn release(&mut self, call: CallId) -> bool {
        let at = self.in_flight.iter().position(|permit| permit.lease.holder == call);
        at.map(|at| self.in_flight.swap_remove(at)).is_some()
    }

    /// When the first permit runs out.
    pub fn runs_out_at(&self) -> Option<Instant> {
        self.in_flight.iter().map(|permit| permit.lease.until).min()
    }

    /// The call was answered, so the target took as many as were in flight when the call was admitted.
    pub fn took(&mut self, now: Instant, call: CallId) {
        let Some(permit) = self.permit(call) else { return };
        let (in_flight, since) = (permit.in_flight, permit.since);
        self.proof.refusals = self.proof.refusals.saturating_sub(1);
        if in_flight >= self.proof.in_flight || !self.is_proven(now) {
            // A refusal is newer than what calls prove that were admitted before it.
            let refusals = if since > self.proof.refused { 0 } else { self.proof.refusals };
            self.proof = Proof { in_flight, since, refusals, ..self.proof };
        }
    }

    /// A proof lasts as long as a few answers take, because answers are the evidence. A round of refusals disproves it.
    fn is_proven(&self, now: Instant) -> bool {
        let lasts = self.avg_latency.map_or(PROVEN, |avg_latency| avg_latency.scaled(4, 1).max(PROVEN));
        now.since(self.proof.since) < lasts && self.proof.refusals <= self.proof.in_flight
    }

    /// This many calls at once the target has taken.
    pub fn proven_concurrency(&self) -> u32 {
        self.proof.in_flight
    }

    /// The call was admitted with more in flight than the target has proven to take. Its refusal answers our own
    /// attempt at one more.
    pub fn was_one_more(&self, now: Instant, call: CallId) -> bool {
        self.is_proven(now) && self.permit(call).is_some_and(|permit| permit.in_flight > self.proof.in_flight)
    }

    /// Another call was not refused at once: it has a place, and the target is not down.
    pub fn serves(&self, now: Instant) -> bool {
        self.in_flight.iter().any(|permit| now.since(permit.since) >= TAKEN)
    }

    /// The target cannot be full with these: one of several replicas is broken, or this payload is to blame.
    fn takes_as_many(&self, now: Instant) -> bool {
        self.is_proven(now) && self.in_flight.len() as u32 <= self.proof.in_flight
    }

    /// Call before `release`: the limit grows only while it is actually reached.
    pub fn observe(&mut self, now: Instant, sample: Sample) {
        if let Sample::Success { .. } | Sample::Begun { .. } | Sample::Finished { .. } = sample {
            self.moved = Some(now);
        }
        let refusal = match sample {
            Sample::Success { .. } | Sample::Begun { .. } => Some(0),
            // No news: the target refuses one more than it takes.
            Sample::Busy | Sample::Overload if self.is_one_more(now) => None,
            Sample::Busy | Sample::Overload => Some(MILLI),
            _ => None,
        };
        if refusal == Some(0) {
            let was_down = self.answered.is_some_and(|at| now.since(at) >= DOWN);
            if was_down && self.refused >= NEARLY_ALL {
                (self.slow_start, self.full) = (true, None);
            }
            if let Some(before) = self.answered {
                measure(&mut self.gap, now.since(before));
            }
            self.answered = Some(now);
        }
        if let Some(refusal) = refusal {
            // Two rounds of results, where the target takes nearly as many: a few payloads that are refused together are no
            // share. A limit that runs ahead of the answers is told sooner.
            let runs_ahead = self.in_flight.len() as u32 * 2 > self.proof.in_flight * 3;
            let weight = if runs_ahead || self.limit() < 10 { 8 } else { self.limit() * 2 };
            self.refused = (self.refused * (weight - 1) + refusal) / weight;
            self.judge(now, refusal == 0);
        }
        if sample == Sample::Overload {
            self.proof.refusals += 1;
            self.proof.refused = now;
        }
        let (on_trial, is_one_more) = (self.is_on_trial(), self.is_one_more(now));
        match sample {
            Sample::Overload | Sample::Busy if on_trial => {}
            Sample::Busy if self.refused < MANY && !is_one_more => {}
            Sample::Overload if self.takes_as_many(now) => {}
            Sample::Success { took } => {
                measure(&mut self.avg_latency, took);
                measure(&mut self.avg_first_answer, took);
                self.grow(now);
            }
            Sample::Begun { took } => {
                measure(&mut self.avg_first_answer, took);
                self.grow(now);
            }
            Sample::Finished { took } => measure(&mut self.avg_latency, took),
            Sample::Timeout | Sample::Overload | Sample::Busy => {
                let lately = self.last_decrease.is_some_and(|last_decrease| now.since(last_decrease) < PAUSE);
                // A target that times out may be down, and calls that take minutes to find out must not go one by
                // one.
                let least = if sample == Sample::Timeout { SLOW_START } else { 1 };
                let floor = self.rule.min.max(least).saturating_mul(MILLI).min(self.limit);
                self.slow_start = false;
                if !lately {
                    self.declines();
                    self.last_decrease = Some(now);
                    // An overload says how many the target takes: the others.
                    if sample != Sample::Overload && !is_one_more {
                        self.limit = (self.limit / 10 * 7).max(floor);
                    }
                }
                if sample != Sample::Timeout {
                    // A rejected request shows that the server has no such slot. It must not be offered to the next
                    // call.
                    let others = (self.in_flight.len() as u32).saturating_sub(1).saturating_mul(MILLI);
                    self.limit = self.limit.min(others.max(floor));
                    // A single call was too fast, not one too many.
                    if others > 0 && (sample == Sample::Overload || self.serves(now)) {
                        self.is_full(now);
                    }
                }
            }
            Sample::Own if is_one_more => {}
            Sample::Own => self.full = self.full.map(|full| Full { until: now, ..full }),
            // The hanging call never had a slot of the server.
            Sample::Hung => self.limit = self.limit.saturating_add(MILLI).min(self.within(u32::MAX)),
            Sample::Ignored => {}
        }
    }

    /// More are in flight than the target took when it was full.
    fn is_one_more(&self, now: Instant) -> bool {
        let is_more = self.full.is_some_and(|full| self.in_flight.len() as u32 * MILLI > full.limit);
        is_more && !self.takes_as_many(now)
    }

    /// The limit is what the target takes.
    fn is_full(&mut self, now: Instant) {
        // One more may have found a place that was free for a moment.
        let is_more = |full: Full| self.limit > full.limit + full.limit / 2;
        let pause = match self.full.filter(|full| !is_more(*full)) {
            Some(full) if now >= full.until => full.pause.scaled(2, 1),
            Some(full) => full.pause,
            None => PAUSE_AT_FULL,
        };
        let pause = pause.min(LONGEST_PAUSE_AT_FULL);
        self.full = Some(Full { limit: self.limit, until: now + pause, pause, raised: now });
    }

    /// A round of answers raises the limit by this, in thousandths: by one. A target that takes more than when it was
    /// full is offered as much again.
    fn beyond(&self) -> u32 {
        MILLI + self.full.map_or(0, |full| self.limit.saturating_sub(full.limit))
    }

    fn grow(&mut self, now: Instant) {
        if self.in_flight.len() * 2 < self.limit() as usize {
            return;
        }
        let step = (self.beyond() * MILLI / self.limit.max(1)).min(MILLI);
        let step = if self.slow_start { MILLI } else { step };
        let full = self.full.filter(|full| now < full.until);
        let most = full.map_or(u32::MAX, |full| full.limit.max(self.limit));
        self.limit = self.limit.saturating_add(step).min(self.within(u32::MAX)).min(most);
    }

    /// Slow start from `from` again: a model has just come up, or a target has just recovered.
    pub fn start_slowly(&mut self, from: u32) {
        self.limit = self.within(from);
        self.slow_start = true;
    }

    /// The target is trusted: the caller's minimum may be in flight at once.
    pub fn rise_to_minimum(&mut self) {
        self.limit = self.limit.max(self.within(self.rule.min));
    }

    /// This many calls, or the maximum, in thousandths.
    fn within(&self, calls: u32) -> u32 {
        calls.min(self.rule.max).max(1).saturating_mul(MILLI)
    }

    /// See [`Self::avg_first_answer`].
    pub fn avg_first_answer(&self) -> Option<Duration> {
        self.avg_first_answer
    }

    /// How long a call waits behind `others`, if the average latency stays what it was. In slow start the limit may
    /// become as large as the maximum, or as `most`.
    pub fn wait_behind(&self, others: usize, most: Option<u32>) -> Option<Duration> {
        let limit = if self.slow_start { self.rule.max } else { self.limit() };
        let limit = most.map_or(limit, |most| limit.min(most));
        Some(self.avg_latency?.scaled(others as u64, u64::from(limit.max(1))))
    }

    /// How many calls may wait.
    pub fn queue(&self) -> usize {
        self.rule.queue as usize
    }
}

fn measure(average: &mut Option<Duration>, took: Duration) {
    *average = Some(average.map_or(took, |average| average.scaled(7, 8) + took.scaled(1, 8)));
}

#[cfg(test)]
mod tests;
