//! Places, the line before them, and who is let in when; whole calls that share one state are in
//! `tests/native/together`.

use super::*;
use crate::core::policy::Policy;
use std::collections::HashMap;

const TARGET: usize = 0;
const START: u64 = 1_000_000;
const BOTTOMLESS: limiter::Rule = limiter::Rule { min: 4, max: 64, queue: 1_000_000 };
const GATEWAY_DOWN: Outcome = Outcome::Failed(Code::Unavailable, Layer::Gateway);
const TIMEOUT: Outcome = Outcome::Failed(Code::Timeout, Layer::Compute);
const RATE_LIMITED: Outcome = Outcome::Failed(Code::RateLimited, Layer::Account);
const LOADING: Outcome = Outcome::Failed(Code::ModelLoading, Layer::Compute);

const fn at(ms: u64) -> Instant {
    Instant::from_ms(ms)
}

const fn ms(at: Instant) -> u64 {
    at.since_origin()
}

/// One target, and the calls that have been let through.
struct Bench {
    shared: Shared,
    sent: HashMap<CallId, (u64, u32)>,
    /// Of every caller, since its beginning.
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
        Caller { id: who, priority: self.priority, deadline: at(START + self.total), attempt }
    }

    fn noted(&mut self, now: u64, who: CallId, place: Place) -> Place {
        if let Place::Go { generation } = place {
            assert_eq!(self.sent.insert(who, (now, generation)), None, "{who} is under way already");
        }
        place
    }

    fn enters(&mut self, now: u64, who: CallId) -> Place {
        let place = self.shared.enter(at(now), TARGET, self.caller(who), true);
        self.noted(now, who, place)
    }

    fn retries(&mut self, now: u64, who: CallId) -> Place {
        let place = self.shared.enter(at(now), TARGET, self.caller(who), false);
        self.noted(now, who, place)
    }

    fn claims(&mut self, now: u64, who: CallId) -> Place {
        let place = self.shared.claim(at(now), TARGET, self.caller(who));
        self.noted(now, who, place)
    }

    fn goes(&mut self, now: u64, who: CallId) {
        let place = self.enters(now, who);
        assert!(matches!(place, Place::Go { .. }), "{who}: {place:?}");
    }

    fn lines_up(&mut self, now: u64, who: CallId, why: WaitReason) {
        assert_eq!(self.enters(now, who), Place::Queued(why), "{who}");
    }

    fn ends(&mut self, now: u64, who: CallId, outcome: Outcome) {
        let (started, generation) = self.sent.remove(&who).expect("it is under way");
        let ended = Ended {
            generation,
            started: at(started),
            outcome,
            limit: Policy::default().timeouts.attempt,
            streamed: false,
            begun: None,
        };
        self.shared.ended(at(now), TARGET, who, ended);
    }

    fn is_aborted(&mut self, now: u64, who: CallId) {
        if self.sent.contains_key(&who) {
            self.ends(now, who, Outcome::Aborted);
            self.shared.leave(at(now), TARGET, who, false);
        } else {
            self.shared.leave(at(now), TARGET, who, true);
        }
    }

    /// Whose turn it is, in ascending order.
    fn woken(&mut self) -> Vec<CallId> {
        let mut woken: Vec<CallId> = std::iter::from_fn(|| self.shared.woken()).collect();
        woken.sort_unstable();
        woken
    }

    /// All whose turn it is come and are sent.
    fn all_come(&mut self, now: u64) -> Vec<CallId> {
        let woken = self.woken();
        for who in &woken {
            let place = self.claims(now, *who);
            assert!(matches!(place, Place::Go { .. }), "{who}: {place:?}");
        }
        woken
    }

    /// This one heard at `now` that the model is loading, and goes on accordingly.
    fn hears_loading(&mut self, now: u64, who: CallId) -> Role {
        let started = at(self.sent[&who].0);
        self.ends(now, who, LOADING);
        let answer = Answer { estimate: Some(Duration::from_secs(20)), floor: None, was_held: false };
        let found = Loading { started, answer, default_wait: Duration::from_secs(20), full: false };
        self.shared.loading(at(now), TARGET, self.caller(who), found)
    }

    /// A model that was found cold at `START` by call 0, which leads; so many others wait. With the
    /// time of the next look.
    fn cold(others: CallId) -> (Self, u64) {
        let mut bench = Self::new();
        bench.goes(START, 0);
        let Role::Lead(sleep) = bench.hears_loading(START + 20, 0) else { panic!("nobody leads") };
        (1..=others).for_each(|who| bench.lines_up(START + 20, who, WaitReason::Loading));
        (bench, START + 20 + sleep.as_ms())
    }

    /// The leader looks.
    fn looks(&mut self, now: u64) {
        let place = self.retries(now, 0);
        assert!(matches!(place, Place::Go { .. }), "{place:?}");
    }

    /// Open since `START`, with nobody in line; and the time when a probe may be sent.
    fn open() -> (Self, u64) {
        let mut bench = Self::new();
        for who in 0..5 {
            bench.goes(START, who);
            bench.ends(START, who, GATEWAY_DOWN);
        }
        let Place::Refused(failure) = bench.enters(START, 5) else { panic!("it is not open") };
        let until = START + failure.retry_after.expect("a time").as_ms();
        (bench, until)
    }

    fn due(&self) -> Option<u64> {
        self.shared.due().map(ms)
    }

    fn under_way(&mut self, now: u64) -> usize {
        self.shared.seen(at(now), TARGET).expect("a target").under_way
    }

    fn queued(&mut self, now: u64) -> usize {
        self.shared.seen(at(now), TARGET).expect("a target").queued
    }

    fn temperature(&mut self, now: u64) -> Temperature {
        self.shared.seen(at(now), TARGET).expect("a target").temperature
    }
}

impl Instant {
    const fn since_origin(self) -> u64 {
        // `since` is no `const fn`.
        let Self(ms) = self;
        ms
    }
}
