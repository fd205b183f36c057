//! What is counted for one target: its calls, its attempts and how they ended, how long they took lately, and whether
//! that is an alert.

pub mod alert;
pub mod sketch;
mod windows;

use super::record::Outcome;
use super::time::{Duration, Instant};
use alert::{Alert, AlertRule, Change, Watch};
use sketch::Sketch;
use windows::Windows;

/// Quantiles cover the last one to two windows of this length.
const WINDOW: Duration = Duration::from_secs(300);
/// Enough for every kind of outcome: ok, aborted, and each code.
const OUTCOMES: usize = 32;

/// The index of an outcome: 0 is ok, 1 aborted, and the codes follow in their order.
pub const fn outcome_index(outcome: Outcome) -> usize {
    match outcome {
        Outcome::Ok => 0,
        Outcome::Aborted => 1,
        Outcome::Failed(code, _) => 2 + code as usize,
    }
}

/// The times of an attempt that was answered well, or ran into one of our clocks. An attempt that failed before, or
/// was aborted, says nothing about the target's speed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Took {
    /// Until the end. For an attempt that ran into a clock, the limit of that clock; otherwise the slowest attempts
    /// would be left out.
    pub whole: Duration,
    /// For a stream, until its first text. For a stream that ran into a clock before that, the limit too.
    pub first_token: Option<Duration>,
    /// How long the attempt could have taken: its own clock, or the clock that it ran into.
    pub timeout: Duration,
}

/// Times of one kind.
#[derive(Clone, Debug)]
pub struct Times {
    count: u64,
    sum: Duration,
    recent: Windows,
}

impl Times {
    fn new() -> Self {
        Self { count: 0, sum: Duration::ZERO, recent: Windows::new(WINDOW) }
    }

    fn add(&mut self, now: Instant, took: Duration) {
        self.count = self.count.saturating_add(1);
        self.sum = self.sum + took;
        self.recent.turn(now);
        self.recent.add(took);
    }

    /// Since the beginning: it never falls.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Since the beginning: it never falls.
    pub fn sum(&self) -> Duration {
        self.sum
    }

    /// The last five to ten minutes.
    pub fn recent(&mut self, now: Instant) -> Sketch {
        self.recent.recent(now)
    }
}

/// The counters of one target since it was first used, and its latencies of late.
#[derive(Clone, Debug)]
pub struct Stats {
    calls: u64,
    attempts: u64,
    ended: [u64; OUTCOMES],
    latency: Times,
    first_token: Times,
    watch: Watch,
}

impl Stats {
    /// Everything at zero.
    pub fn new(rule: AlertRule) -> Self {
        Self {
            calls: 0,
            attempts: 0,
            ended: [0; OUTCOMES],
            latency: Times::new(),
            first_token: Times::new(),
            watch: Watch::new(rule),
        }
    }

    /// A call came to this target.
    pub fn called(&mut self) {
        self.calls = self.calls.saturating_add(1);
    }

    /// An attempt was sent.
    pub fn sent(&mut self) {
        self.attempts = self.attempts.saturating_add(1);
    }

    /// An attempt ended.
    pub fn ended(&mut self, outcome: Outcome) {
        if let Some(count) = self.ended.get_mut(outcome_index(outcome)) {
            *count = count.saturating_add(1);
        }
    }

    /// Adds the times of an attempt. Returns what they changed about the alert.
    pub fn answered(&mut self, now: Instant, took: Took) -> Option<Change> {
        self.latency.add(now, took.whole);
        if let Some(first_token) = took.first_token {
            self.first_token.add(now, first_token);
        }
        // A stream that has begun may outlast its attempt's clock.
        self.watch.add(now, took.first_token.unwrap_or(took.whole), took.timeout)
    }

    /// Calls that came to the target, sent or not. It never falls.
    pub fn calls(&self) -> u64 {
        self.calls
    }

    /// Requests that were sent, retries and probes included. It never falls.
    pub fn attempts(&self) -> u64 {
        self.attempts
    }

    /// The number of attempts with each outcome, by [`outcome_index`].
    pub fn outcomes(&self) -> &[u64] {
        &self.ended
    }

    /// How long the attempts took: see [`Took::whole`].
    pub fn latency(&mut self) -> &mut Times {
        &mut self.latency
    }

    /// How long streams took until their first text.
    pub fn first_token(&mut self) -> &mut Times {
        &mut self.first_token
    }

    /// The alert, while there is one.
    pub fn alert(&self) -> Option<Alert> {
        self.watch.alert()
    }
}

#[cfg(test)]
mod tests {
    use super::super::failure::{Code, Layer};
    use super::*;

    const fn at(secs: u64) -> Instant {
        Instant::from_ms(secs * 1000)
    }

    const fn ms(ms: u64) -> Duration {
        Duration::from_ms(ms)
    }

    fn stats() -> Stats {
        Stats::new(AlertRule::default())
    }

    fn took(whole: u64) -> Took {
        Took { whole: ms(whole), first_token: None, timeout: ms(120_000) }
    }

    fn streamed(first_token: u64, whole: u64) -> Took {
        Took { first_token: Some(ms(first_token)), ..took(whole) }
    }

    fn failed(code: Code) -> Outcome {
        Outcome::Failed(code, Layer::Compute)
    }

    #[test]
    fn calls_and_attempts_are_counted_and_each_outcome_by_its_index() {
        let mut stats = stats();
        stats.called();
        for end in [failed(Code::ModelLoading), failed(Code::ModelLoading), Outcome::Aborted, Outcome::Ok] {
            stats.sent();
            stats.ended(end);
        }
        assert_eq!((stats.calls(), stats.attempts()), (1, 4));
        assert_eq!(stats.outcomes()[..4], [1, 1, 2, 0]);
        assert_eq!(stats.outcomes().iter().sum::<u64>(), 4);
    }

    #[test]
    fn there_is_an_index_for_every_outcome() {
        let mut stats = stats();
        // The last of the codes.
        stats.ended(failed(Code::Paused));
        assert_eq!(stats.outcomes()[outcome_index(failed(Code::Paused))], 1);
        assert!(outcome_index(failed(Code::Paused)) + 1 < OUTCOMES);
    }

    #[test]
    fn quantiles_forget_and_sums_do_not() {
        let mut stats = stats();
        for sec in 1000..1500 {
            stats.answered(at(sec), took(100));
        }
        assert_eq!(stats.latency().recent(at(1500)).count(), 500);
        stats.answered(at(1600), took(50));
        assert_eq!(stats.latency().recent(at(1600)).quantile(990), Some(ms(100)));
        assert_eq!(stats.latency().recent(at(1900)).quantile(990), Some(ms(50)));
        assert_eq!(stats.latency().recent(at(2200)).count(), 0);
        assert_eq!((stats.latency().count(), stats.latency().sum()), (501, ms(50_050)));
    }

    #[test]
    fn only_streams_have_a_first_token() {
        let mut stats = stats();
        stats.answered(at(1000), took(100));
        stats.answered(at(1000), streamed(20, 5000));
        assert_eq!((stats.latency().count(), stats.latency().sum()), (2, ms(5100)));
        assert_eq!((stats.first_token().count(), stats.first_token().sum()), (1, ms(20)));
        assert_eq!(stats.first_token().recent(at(1000)).quantile(500), Some(ms(20)));
    }

    /// Two minutes of 200 attempts, and what the first of the third tells.
    fn after_two_minutes(each: Took) -> Option<Change> {
        let mut stats = stats();
        for sec in [1000, 1060] {
            (0..200).for_each(|_| assert_eq!(stats.answered(at(sec), each), None));
        }
        let change = stats.answered(at(1120), each);
        assert_eq!(stats.alert().is_some(), change.is_some());
        change
    }

    #[test]
    fn slow_attempts_raise_an_alert() {
        assert!(matches!(after_two_minutes(took(100_000)), Some(Change::Raised(_))));
        assert_eq!(after_two_minutes(took(90_000)), None);
    }

    #[test]
    fn a_long_stream_is_no_slow_one_and_a_late_one_is() {
        assert_eq!(after_two_minutes(streamed(2000, 290_000)), None);
        assert!(matches!(after_two_minutes(streamed(100_000, 110_000)), Some(Change::Raised(_))));
    }

    #[test]
    fn clocks_and_times_of_any_size_are_harmless() {
        let mut stats = stats();
        for now in [at(1000), at(4), Instant::from_ms(u64::MAX), at(0)] {
            stats.answered(now, streamed(u64::MAX, u64::MAX));
        }
        assert_eq!((stats.latency().count(), stats.latency().sum()), (4, ms(u64::MAX)));
    }
}
