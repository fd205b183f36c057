//! Permits, the queue, and which call is admitted when. Whole calls that share one state are in
//! `tests/native/together`.

mod budget;
mod circuit;
mod cold_start;
mod facts;
mod leases;
mod pauses;
mod queue;
mod targets;

use super::budget::InitialTokens;
use super::gate::{ClosedPort, ColdSighting, Role};
use super::probing::LoadingAnswer;
use super::*;
use crate::core::failure::{Code, Layer};
use crate::core::policy::{Policy, Priority};
use crate::core::record::{Outcome, WaitReason};
use crate::core::time::Duration;
use std::collections::HashMap;

const TARGET: usize = 0;
/// The limit never grows.
const FOUR: limiter::Rule = limiter::Rule { min: 4, max: 4, queue: 10_000 };
const START: u64 = 1_000_000;
const BOTTOMLESS: limiter::Rule = limiter::Rule { min: 4, max: 64, queue: 1_000_000 };
const AT_LEAST_32: limiter::Rule = limiter::Rule { min: 32, ..BOTTOMLESS };
const GATEWAY_DOWN: Outcome = Outcome::Failed(Code::Unavailable, Layer::Gateway);
const TIMEOUT: Outcome = Outcome::Failed(Code::Timeout, Layer::Compute);
const RATE_LIMITED: Outcome = Outcome::Failed(Code::RateLimited, Layer::Account);
const LOADING: Outcome = Outcome::Failed(Code::ModelLoading, Layer::Compute);

const fn at(ms: u64) -> Instant {
    Instant::from_ms(ms)
}

fn ms(at: Instant) -> u64 {
    at.since(Instant::from_ms(0)).as_ms()
}

/// One target, and the calls that were admitted.
struct Bench {
    shared: Shared,
    sent: HashMap<CallId, (u64, u32)>,
    /// The total time of every caller.
    total: u64,
    priority: Priority,
}

impl Bench {
    fn new() -> Self {
        Self::of(Rules::default(), BOTTOMLESS)
    }

    fn of(rules: Rules, concurrency: limiter::Rule) -> Self {
        let mut shared = Shared::new(rules, concurrency, AlertRule::default(), 1);
        shared.grow(TARGET);
        Self { shared, sent: HashMap::new(), total: 300_000, priority: Priority::Default }
    }

    fn caller(&self, who: CallId) -> Caller {
        let attempt = Policy::default().timeouts.attempt;
        let deadline = at(START + self.total);
        Caller {
            id: who,
            priority: self.priority,
            deadline,
            patience: deadline,
            attempt,
            held: Duration::ZERO,
            first: true,
            has_fallback: false,
            yields: false,
        }
    }

    fn noted(&mut self, now: u64, who: CallId, admission: Admission) -> Admission {
        if let Admission::Admitted { generation } = admission {
            assert_eq!(self.sent.insert(who, (now, generation)), None, "{who} is under way already");
        }
        admission
    }

    fn enters(&mut self, now: u64, who: CallId) -> Admission {
        let admission = self.shared.request(at(now), TARGET, self.caller(who));
        self.noted(now, who, admission)
    }

    fn retries(&mut self, now: u64, who: CallId) -> Admission {
        let caller = Caller { first: false, ..self.caller(who) };
        let admission = self.shared.request(at(now), TARGET, caller);
        self.noted(now, who, admission)
    }

    fn claims(&mut self, now: u64, who: CallId) -> Admission {
        let admission = self.shared.claim(at(now), TARGET, self.caller(who));
        self.noted(now, who, admission)
    }

    fn come(&mut self, now: u64, who: std::ops::Range<CallId>) {
        who.for_each(|who| {
            self.enters(now, who);
        });
    }

    fn goes(&mut self, now: u64, who: CallId) {
        let admission = self.enters(now, who);
        assert!(matches!(admission, Admission::Admitted { .. }), "{who}: {admission:?}");
    }

    fn lines_up(&mut self, now: u64, who: CallId, why: WaitReason) {
        assert_eq!(self.enters(now, who), Admission::Queued(why), "{who}");
    }

    fn ends(&mut self, now: u64, who: CallId, outcome: Outcome) {
        self.ends_as(now, who, outcome, Means::Itself);
    }

    fn ends_as(&mut self, now: u64, who: CallId, outcome: Outcome, means: Means) {
        let ended = self.end(who, outcome);
        self.shared.ended(at(now), TARGET, who, Ended { means, ..ended });
    }

    /// What this call reports, which is no longer under way.
    fn end(&mut self, who: CallId, outcome: Outcome) -> Ended {
        let (started, generation) = self.sent.remove(&who).expect("it is under way");
        Ended::plain(generation, at(started), outcome, Policy::default().timeouts.attempt)
    }

    fn is_aborted(&mut self, now: u64, who: CallId) {
        if self.sent.contains_key(&who) {
            self.ends(now, who, Outcome::Aborted);
            self.shared.detach(at(now), TARGET, who, false);
        } else {
            self.shared.detach(at(now), TARGET, who, true);
        }
    }

    /// The calls whose turn it is, in ascending order.
    fn woken(&mut self) -> Vec<CallId> {
        let mut woken: Vec<CallId> = std::iter::from_fn(|| self.shared.woken()).collect();
        woken.sort_unstable();
        woken
    }

    /// Every call whose turn it is claims its permit and is sent.
    fn all_come(&mut self, now: u64) -> Vec<CallId> {
        let woken = self.woken();
        for who in &woken {
            let admission = self.claims(now, *who);
            assert!(matches!(admission, Admission::Admitted { .. }), "{who}: {admission:?}");
        }
        woken
    }

    /// The call heard at `now` that the model is loading, and goes on accordingly.
    fn hears_loading(&mut self, now: u64, who: CallId) -> Role {
        let started = at(self.sent[&who].0);
        self.ends(now, who, LOADING);
        let answer = LoadingAnswer { estimate: Some(Duration::from_secs(20)), floor: None, was_held: false };
        let found = ColdSighting {
            started,
            answer,
            default_wait: Some(Duration::from_secs(20)),
            full: false,
            is_alone: false,
            again: false,
        };
        self.shared.loading(at(now), TARGET, self.caller(who), found)
    }

    /// A model that call 0, which leads, found cold at `START`, and `others` queued calls. Returns the time of the
    /// next probe.
    fn cold(others: CallId) -> (Self, u64) {
        Self::cold_with(BOTTOMLESS, others)
    }

    fn cold_with(concurrency: limiter::Rule, others: CallId) -> (Self, u64) {
        let mut bench = Self::of(Rules::default(), concurrency);
        bench.goes(START, 0);
        let Role::Lead(sleep) = bench.hears_loading(START + 20, 0) else { panic!("nobody leads") };
        (1..=others).for_each(|who| bench.lines_up(START + 20, who, WaitReason::Loading));
        (bench, START + 20 + sleep.as_ms())
    }

    /// The leader probes.
    fn probes(&mut self, now: u64) {
        let admission = self.retries(now, 0);
        assert!(matches!(admission, Admission::Admitted { .. }), "{admission:?}");
    }

    /// A circuit that opened at `START`, with an empty queue. Returns the time when a probe may be sent.
    fn open() -> (Self, u64) {
        Self::open_with(BOTTOMLESS)
    }

    fn open_with(concurrency: limiter::Rule) -> (Self, u64) {
        let mut bench = Self::of(Rules::default(), concurrency);
        for who in 0..5 {
            bench.goes(START, who);
            bench.ends(START, who, GATEWAY_DOWN);
        }
        let Admission::Rejected(failure) = bench.enters(START, 5) else { panic!("it is not open") };
        let until = START + failure.retry_after.expect("a time").as_ms();
        (bench, until)
    }

    fn due(&mut self) -> Option<u64> {
        self.shared.due().map(ms)
    }

    fn in_flight(&mut self, now: u64) -> usize {
        self.shared.snapshot(at(now), TARGET).expect("a target").in_flight
    }

    fn queued(&mut self, now: u64) -> usize {
        self.shared.snapshot(at(now), TARGET).expect("a target").queued
    }

    fn temperature(&mut self, now: u64) -> Temperature {
        self.shared.snapshot(at(now), TARGET).expect("a target").temperature
    }
}
