//! Adaptive concurrency: how many calls to one target may be in flight at once.
//!
//! Additive increase, multiplicative decrease, as in TCP. The limit falls to 0.7 of itself when the server says that
//! it is full or does not answer in time, at most once a second, because everything in flight then says the same. It
//! grows by one for as many successes as the limit is. Before the first such sign, in slow start, it grows by one
//! with every success, which doubles it in each round. Latency is no signal here, because it depends on the length of
//! the answer.

mod acceptance;
mod full;
mod observe;
mod permits;
mod proof;
mod trial;

use crate::core::time::{Duration, Instant};
use acceptance::Acceptance;
use full::Full;
pub use observe::Sample;
use permits::Permit;
use proof::Proof;
use trial::{Decline, Trial};

/// The limit at the beginning, and again when a cold model has come up.
pub const SLOW_START: u32 = 4;
const PAUSE: Duration = Duration::from_secs(1);
/// A call that was not refused within this time has a place.
pub const TAKEN: Duration = Duration::from_secs(1);
/// A share of refusals among the last results, in thousandths, from which refusals are about the rate of our own
/// requests.
const MANY: u32 = 240;
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
    /// How many calls wait for a permit.
    waiting: u32,
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
    acceptance: Acceptance,
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
            waiting: 0,
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
            acceptance: Acceptance::default(),
        };
        limiter.start_slowly(SLOW_START.max(rule.min));
        limiter
    }

    /// The limit, in whole calls.
    pub fn limit(&self) -> u32 {
        self.limit / MILLI
    }

    /// No sign of overload has come since the limit began low, and it grows with every success.
    pub fn is_slow_starting(&self) -> bool {
        self.slow_start
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

    /// So many calls wait for a permit now.
    pub fn sees_waiting(&mut self, calls: usize) {
        self.waiting = calls as u32;
    }

    /// How many calls may wait.
    pub fn queue(&self) -> usize {
        self.rule.queue as usize
    }
}

#[cfg(test)]
mod tests;
