//! Permits, the queue, and which call is admitted when. Whole calls that share one state are in
//! `tests/native/together`.

use super::budget::InitialTokens;
use super::probing::LoadingAnswer;
use super::*;
use crate::core::failure::Layer;
use crate::core::policy::{Policy, Priority};
use crate::core::record::WaitReason;
use std::collections::HashMap;

pub(super) const TARGET: usize = 0;
/// The limit never grows.
pub(super) const FOUR: limiter::Rule = limiter::Rule { min: 4, max: 4, queue: 10_000 };
pub(super) const START: u64 = 1_000_000;
pub(super) const BOTTOMLESS: limiter::Rule = limiter::Rule { min: 4, max: 64, queue: 1_000_000 };
const AT_LEAST_32: limiter::Rule = limiter::Rule { min: 32, ..BOTTOMLESS };
pub(super) const GATEWAY_DOWN: Outcome = Outcome::Failed(Code::Unavailable, Layer::Gateway);
const TIMEOUT: Outcome = Outcome::Failed(Code::Timeout, Layer::Compute);
const RATE_LIMITED: Outcome = Outcome::Failed(Code::RateLimited, Layer::Account);
const LOADING: Outcome = Outcome::Failed(Code::ModelLoading, Layer::Compute);

pub(super) const fn at(ms: u64) -> Instant {
    Instant::from_ms(ms)
}

fn ms(at: Instant) -> u64 {
    at.since(Instant::from_ms(0)).as_ms()
}

/// One target, and the calls that were admitted.
pub(super) struct Bench {
    pub(super) shared: Shared,
    pub(super) sent: HashMap<CallId, (u64, u32)>,
    /// The total time of every caller.
    total: u64,
    priority: Priority,
}

impl Bench {
    pub(super) fn new() -> Self {
        Self::of(Rules::default(), BOTTOMLESS)
    }

    pub(super) fn of(rules: Rules, concurrency: limiter::Rule) -> Self {
        let mut shared = Shared::new(rules, concurrency, AlertRule::default(), 1);
        shared.grow(TARGET);
        Self { shared, sent: HashMap::new(), total: 300_000, priority: Priority::Default }
    }

    pub(super) fn caller(&self, who: CallId) -> Caller {
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
        }
    }

    fn noted(&mut self, now: u64, who: CallId, admission: Admission) -> Admission {
        if let Admission::Admitted { generation } = admission {
            assert_eq!(self.sent.insert(who, (now, generation)), None, "{who} is under way already");
        }
        admission
    }

    pub(super) fn enters(&mut self, now: u64, who: CallId) -> Admission {
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

    pub(super) fn come(&mut self, now: u64, who: std::ops::Range<CallId>) {
        who.for_each(|who| {
            self.enters(now, who);
        });
    }

    pub(super) fn goes(&mut self, now: u64, who: CallId) {
        let admission = self.enters(now, who);
        assert!(matches!(admission, Admission::Admitted { .. }), "{who}: {admission:?}");
    }

    pub(super) fn lines_up(&mut self, now: u64, who: CallId, why: WaitReason) {
        assert_eq!(self.enters(now, who), Admission::Queued(why), "{who}");
    }

    pub(super) fn ends(&mut self, now: u64, who: CallId, outcome: Outcome) {
        let (started, generation) = self.sent.remove(&who).expect("it is under way");
        let ended = Ended {
            generation,
            started: at(started),
            outcome,
            status: None,
            limit: Policy::default().timeouts.attempt,
            streamed: false,
            begun: None,
            means: Means::Itself,
            was_refused: false,
            key: 0,
        };
        self.shared.ended(at(now), TARGET, who, ended);
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
    pub(super) fn woken(&mut self) -> Vec<CallId> {
        let mut woken: Vec<CallId> = std::iter::from_fn(|| self.shared.woken()).collect();
        woken.sort_unstable();
        woken
    }

    /// Every call whose turn it is claims its permit and is sent.
    pub(super) fn all_come(&mut self, now: u64) -> Vec<CallId> {
        let woken = self.woken();
        for who in &woken {
            let admission = self.claims(now, *who);
            assert!(matches!(admission, Admission::Admitted { .. }), "{who}: {admission:?}");
        }
        woken
    }

    /// The call heard at `now` that the model is loading, and goes on accordingly.
    pub(super) fn hears_loading(&mut self, now: u64, who: CallId) -> Role {
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
    pub(super) fn cold(others: CallId) -> (Self, u64) {
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
    pub(super) fn probes(&mut self, now: u64) {
        let admission = self.retries(now, 0);
        assert!(matches!(admission, Admission::Admitted { .. }), "{admission:?}");
    }

    /// A circuit that opened at `START`, with an empty queue. Returns the time when a probe may be sent.
    pub(super) fn open() -> (Self, u64) {
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

    pub(super) fn due(&mut self) -> Option<u64> {
        self.shared.due().map(ms)
    }

    pub(super) fn in_flight(&mut self, now: u64) -> usize {
        self.shared.snapshot(at(now), TARGET).expect("a target").in_flight
    }

    fn queued(&mut self, now: u64) -> usize {
        self.shared.snapshot(at(now), TARGET).expect("a target").queued
    }

    fn temperature(&mut self, now: u64) -> Temperature {
        self.shared.snapshot(at(now), TARGET).expect("a target").temperature
    }
}

#[test]
fn calls_go_while_there_are_permits_and_the_others_are_queued() {
    let mut bench = Bench::new();
    (0..4).for_each(|who| bench.goes(START, who));
    (4..100).for_each(|who| bench.lines_up(START, who, WaitReason::Queue));
    assert_eq!((bench.in_flight(START), bench.queued(START)), (4, 96));
    assert_eq!(bench.woken(), [0_u32; 0]);
}

#[test]
fn a_released_permit_goes_to_the_next_call_and_a_success_adds_another() {
    let mut bench = Bench::new();
    bench.come(START, 0..10);
    bench.ends(START + 1000, 0, Outcome::Ok);
    assert_eq!(bench.all_come(START + 1000), [4, 5]);
    bench.is_aborted(START + 1001, 1);
    assert_eq!(bench.all_come(START + 1001), [6]);
}

#[test]
fn a_queued_call_is_not_overtaken_by_a_later_one() {
    let mut bench = Bench::new();
    bench.come(START, 0..5);
    bench.is_aborted(START + 1, 0);
    // The permit belongs to the call that was woken, though it has not claimed it yet.
    bench.lines_up(START + 1, 99, WaitReason::Queue);
    assert_eq!(bench.all_come(START + 2), [4]);
}

#[test]
fn a_call_that_asks_before_its_turn_keeps_its_position_in_the_queue() {
    let mut bench = Bench::new();
    bench.come(START, 0..7);
    (0..100).for_each(|_| assert_eq!(bench.claims(START + 1, 4), Admission::Queued(WaitReason::Queue)));
    bench.is_aborted(START + 2, 0);
    assert_eq!(bench.all_come(START + 2), [4]);
    assert_eq!(bench.queued(START + 2), 2);
}

#[test]
fn the_tiers_take_turns_and_none_of_them_starves() {
    let mut bench = Bench::new();
    (0..4).for_each(|who| bench.goes(START, who));
    for (first, priority) in
        [(3000, Priority::Batch), (2000, Priority::Default), (1000, Priority::Interactive)]
    {
        bench.priority = priority;
        (0..100).for_each(|nth| bench.lines_up(START, first + nth, WaitReason::Queue));
    }
    let mut served = Vec::new();
    let mut in_flight: Vec<CallId> = (0..4).collect();
    while served.len() < 120 {
        // One call leaves, one comes: the limit stays.
        bench.is_aborted(START + 1, in_flight.remove(0));
        let come = bench.all_come(START + 1);
        assert_eq!(come.len(), 1);
        in_flight.extend(&come);
        served.extend(come);
    }
    let of = |tier| served.iter().filter(|who| **who / 1000 == tier).count();
    assert_eq!([of(1), of(2), of(3)], [80, 30, 10]);
    let mut in_order = served.clone();
    in_order.sort_by_key(|who| who / 1000);
    assert!(in_order.is_sorted(), "in each tier the first to come is the first to go");
}

#[test]
fn a_call_that_does_not_claim_its_permit_loses_it_after_a_while() {
    let mut bench = Bench::of(Rules::default(), FOUR);
    bench.come(START, 0..6);
    bench.is_aborted(START + 1, 0);
    assert_eq!(bench.woken(), [4]);
    assert_eq!(bench.due(), Some(START + 5_001));
    bench.shared.wake(at(START + 5_000));
    assert_eq!(bench.woken(), [0_u32; 0]);
    bench.shared.wake(at(START + 5_001));
    assert_eq!(bench.all_come(START + 5_001), [5]);
    // When it comes at last, it is queued again.
    assert_eq!(bench.claims(START + 6_000, 4), Admission::Queued(WaitReason::Queue));
    bench.is_aborted(START + 6_001, 1);
    assert_eq!(bench.all_come(START + 6_001), [4]);
}

#[test]
fn a_call_that_claims_late_gets_its_permit_if_no_other_call_wanted_it() {
    let mut bench = Bench::new();
    bench.come(START, 0..5);
    bench.is_aborted(START + 1, 0);
    assert_eq!(bench.woken(), [4]);
    assert!(matches!(bench.claims(START + 60_000, 4), Admission::Admitted { .. }));
    assert_eq!(bench.in_flight(START + 60_000), 4);
}

#[test]
fn the_permits_of_lost_calls_run_out_at_their_deadlines() {
    let mut bench = Bench::of(Rules::default(), FOUR);
    (0..4).for_each(|who| bench.goes(START, who));
    bench.total = 900_000;
    (4..10).for_each(|who| bench.lines_up(START, who, WaitReason::Queue));
    assert_eq!(bench.due(), Some(START + 300_000));
    bench.shared.wake(at(START + 299_999));
    assert_eq!(bench.woken(), [0_u32; 0]);
    bench.shared.wake(at(START + 300_000));
    assert_eq!(bench.all_come(START + 300_000), [4, 5, 6, 7]);
}

#[test]
fn while_long_answers_hold_all_permits_one_more_call_goes_every_two_seconds() {
    let mut bench = Bench::new();
    bench.come(START, 0..8);
    for (nth, who) in (1..).zip(4..7) {
        assert_eq!(bench.due(), Some(START + nth * 2_000));
        bench.shared.wake(at(START + nth * 2_000));
        assert_eq!(bench.all_come(START + nth * 2_000), [who]);
    }
}

#[test]
fn while_nobody_waits_nothing_is_due() {
    let mut bench = Bench::new();
    assert_eq!(bench.due(), None);
    (0..4).for_each(|who| bench.goes(START, who));
    assert_eq!(bench.due(), None);
    let (mut cold, _) = Bench::cold(0);
    assert_eq!(cold.due(), None);
    let (mut open, _) = Bench::open();
    assert_eq!(open.due(), None);
}

#[test]
fn a_full_queue_takes_no_more_calls() {
    let mut bench = Bench::of(Rules::default(), limiter::Rule { queue: 10, ..BOTTOMLESS });
    (0..4).for_each(|who| bench.goes(START, who));
    (4..14).for_each(|who| bench.lines_up(START, who, WaitReason::Queue));
    let Admission::Rejected(failure) = bench.enters(START, 14) else { panic!("it is in line") };
    assert_eq!((failure.code, failure.layer, failure.phase), (Code::QueueFull, Layer::Compute, None));
    assert!(failure.retryable());
    assert_eq!(bench.queued(START), 10);
    // A call leaves the queue, and there is room again.
    bench.is_aborted(START + 1, 7);
    bench.lines_up(START + 1, 15, WaitReason::Queue);
}

/// Four permits, each held for two seconds, and no slow start any more.
fn steady() -> Bench {
    let mut bench = Bench::of(Rules::default(), limiter::Rule { min: 4, max: 4, queue: 1000 });
    (0..4).for_each(|who| bench.goes(START - 2000, who));
    (0..3).for_each(|who| bench.ends(START, who, Outcome::Ok));
    bench.ends(START, 3, RATE_LIMITED);
    (0..4).for_each(|who| bench.goes(START, who));
    bench
}

#[test]
fn a_call_that_cannot_get_a_permit_before_its_deadline_is_rejected_when_it_comes() {
    let mut bench = steady();
    bench.total = 10_000;
    // The nineteenth call waits 19 × 2 s / 4 = 9.5 s; the twentieth would wait ten.
    (100..119).for_each(|who| bench.lines_up(START, who, WaitReason::Queue));
    let Admission::Rejected(failure) = bench.enters(START, 119) else { panic!("it is in line") };
    assert_eq!(failure.code, Code::QueueFull);
    assert_eq!(failure.retry_after, Some(Duration::from_ms(10_000)));
    bench.total = 10_001;
    bench.lines_up(START, 120, WaitReason::Queue);
}

#[test]
fn no_call_is_rejected_while_the_average_latency_is_unknown() {
    let mut bench = Bench::new();
    (0..4).for_each(|who| bench.goes(START, who));
    bench.total = 1;
    (4..1000).for_each(|who| bench.lines_up(START, who, WaitReason::Queue));
}

#[test]
fn the_length_of_the_queue_for_a_cold_model_rejects_no_call() {
    let mut bench = steady();
    for who in 0..3 {
        assert_eq!(bench.hears_loading(START + 20, who), Role::Follow, "others were answered just now");
    }
    assert_eq!(bench.hears_loading(START + 20, 3), Role::Apart, "and another one probes soon");
    bench.total = 20_000;
    (100..1000).for_each(|who| bench.lines_up(START + 20, who, WaitReason::Loading));
}

#[test]
fn a_long_queue_of_batch_work_does_not_reject_an_interactive_call() {
    let mut bench = steady();
    bench.priority = Priority::Batch;
    (100..400).for_each(|who| bench.lines_up(START, who, WaitReason::Queue));
    // The interactive call goes before eight of nine of them.
    bench.priority = Priority::Interactive;
    bench.total = 30_000;
    bench.lines_up(START, 7, WaitReason::Queue);
}

#[test]
fn a_call_that_leaves_the_queue_is_never_woken() {
    let mut bench = Bench::new();
    bench.come(START, 0..10);
    (4..9).for_each(|who| bench.is_aborted(START + 1, who));
    assert_eq!(bench.queued(START + 1), 1);
    bench.ends(START + 2, 0, Outcome::Ok);
    assert_eq!(bench.all_come(START + 2), [9]);
}

#[test]
fn a_call_that_leaves_between_its_turn_and_its_claim_passes_the_permit_on() {
    let mut bench = Bench::new();
    bench.come(START, 0..6);
    bench.is_aborted(START + 1, 0);
    assert_eq!(bench.woken(), [4]);
    bench.is_aborted(START + 2, 4);
    assert_eq!(bench.all_come(START + 2), [5]);
    assert_eq!(bench.in_flight(START + 2), 4);
}

#[test]
fn leaving_twice_or_without_ever_having_come_gives_nothing_back() {
    let mut bench = Bench::new();
    bench.come(START, 0..5);
    for who in [4, 4, 77] {
        bench.is_aborted(START + 1, who);
    }
    assert_eq!((bench.in_flight(START + 1), bench.queued(START + 1)), (4, 0));
    bench.lines_up(START + 1, 5, WaitReason::Queue);
}

#[test]
fn every_permit_comes_back_in_whatever_order_calls_come_and_leave() {
    for seed in 0..300 {
        let mut rng = Rng::new(seed);
        let mut any = |most: u64| rng.up_to(Duration::from_ms(most - 1)).as_ms();
        let mut bench = Bench::of(Rules { breaker: None, ..Rules::default() }, BOTTOMLESS);
        bench.total = 10_000_000;
        let mut now = START;
        let (mut next, mut lives) = (0, Vec::<CallId>::new());
        for _ in 0..200 {
            now += any(3000);
            let one = any(lives.len().max(1) as u64) as usize;
            match (any(10), lives.get(one).copied()) {
                (0..4, _) | (_, None) => {
                    bench.enters(now, next);
                    lives.push(next);
                    next += 1;
                }
                (4..6, Some(who)) => {
                    lives.swap_remove(one);
                    bench.is_aborted(now, who);
                }
                (6..9, Some(who)) if bench.sent.contains_key(&who) => {
                    lives.swap_remove(one);
                    let outcomes = [Outcome::Ok, TIMEOUT, RATE_LIMITED, GATEWAY_DOWN];
                    bench.ends(now, who, outcomes[any(4) as usize]);
                    bench.shared.detach(at(now), TARGET, who, false);
                }
                _ => {}
            }
            // Some of the woken calls come in time, some are late, some never come.
            for who in bench.woken() {
                if lives.contains(&who) && any(4) > 0 {
                    let admission = bench.claims(now, who);
                    assert!(!matches!(admission, Admission::Rejected(_)), "seed {seed}: {admission:?}");
                }
            }
            bench.shared.wake(at(now));
            assert!(bench.due().is_none_or(|due| due > now), "seed {seed}: it would be woken for ever");
        }
        lives.iter().for_each(|who| bench.is_aborted(now, *who));
        assert_eq!((bench.in_flight(now), bench.queued(now)), (0, 0), "seed {seed}");
    }
}

#[test]
fn when_the_circuit_opens_every_queued_call_is_rejected() {
    let mut bench = Bench::new();
    bench.come(START, 0..50);
    let mut sent_away = Vec::new();
    for _ in 0..5 {
        let who = *bench.sent.keys().min().expect("somebody is under way");
        bench.ends(START + 100, who, GATEWAY_DOWN);
        assert!(sent_away.is_empty(), "not before the fifth failure");
        for who in bench.woken() {
            match bench.claims(START + 100, who) {
                Admission::Admitted { .. } => {}
                Admission::Queued(why) => panic!("{who} waits: {why:?}"),
                Admission::Rejected(failure) => sent_away.push((who, failure)),
            }
        }
    }
    assert_eq!((sent_away.len(), bench.queued(START + 100)), (50 - 4 - 4, 0));
    for (who, failure) in sent_away {
        assert_eq!((failure.code, failure.layer), (Code::CircuitOpen, Layer::Gateway), "{who}");
        let after = failure.retry_after.expect("a time").as_ms();
        assert!((15_000..=18_750).contains(&after), "{after}");
        assert!(failure.retryable());
    }
}

#[test]
fn while_the_circuit_is_open_no_call_is_sent_and_then_one_at_a_time() {
    let (mut bench, until) = Bench::open();
    for now in [START + 1, until - 1] {
        for who in 10..50 {
            let admission = bench.enters(now, who);
            let left = Some(Duration::from_ms(until - now));
            assert!(
                matches!(admission, Admission::Rejected(failure) if failure.retry_after == left),
                "{admission:?}"
            );
        }
    }
    bench.goes(until, 50);
    for who in 51..100 {
        assert!(matches!(bench.enters(until + 1, who), Admission::Rejected(_)));
    }
    bench.ends(until + 2000, 50, GATEWAY_DOWN);
    let Admission::Rejected(again) = bench.enters(until + 2000, 100) else { panic!("it is not open") };
    assert!((30_000..=37_500).contains(&again.retry_after.expect("a time").as_ms()));
}

#[test]
fn answers_that_come_after_the_circuit_opened_change_nothing() {
    let mut bench = Bench::new();
    (0..4).for_each(|who| bench.goes(START, who));
    let from_before = bench.sent.clone();
    let (mut bench, until) = Bench::open();
    bench.sent = from_before;
    bench.ends(START + 1, 0, Outcome::Ok);
    bench.ends(START + 1, 1, GATEWAY_DOWN);
    assert!(matches!(bench.enters(until - 1, 10), Admission::Rejected(_)));
    bench.goes(until, 10);
    bench.ends(until + 1, 2, GATEWAY_DOWN);
    assert!(matches!(bench.enters(until + 1, 11), Admission::Rejected(_)), "the probe is still out");
    bench.ends(until + 2, 10, Outcome::Ok);
    bench.ends(until + 3, 3, GATEWAY_DOWN);
    bench.goes(until + 4, 12);
}

#[test]
fn a_lost_probe_keeps_others_away_for_half_a_minute_at_most() {
    let (mut bench, until) = Bench::open();
    bench.goes(until, 10);
    assert!(matches!(bench.enters(until + 29_999, 11), Admission::Rejected(_)));
    bench.goes(until + 30_000, 12);
}

#[test]
fn a_probe_that_was_aborted_makes_way_for_the_next() {
    let (mut bench, until) = Bench::open();
    for who in 10..30 {
        bench.goes(until, who);
        bench.is_aborted(until, who);
    }
    bench.goes(until, 30);
    assert!(matches!(bench.enters(until, 31), Admission::Rejected(_)));
}

/// How many calls are in flight at once after a successful probe, round after round.
fn ramp(concurrency: limiter::Rule) -> Vec<usize> {
    let (mut bench, mut now) = Bench::open_with(concurrency);
    bench.goes(now, 10);
    bench.ends(now, 10, Outcome::Ok);
    bench.goes(now, 100);
    (101..150).for_each(|who| bench.lines_up(now, who, WaitReason::Breaker));
    let mut rounds = Vec::new();
    let mut round = vec![100];
    while !round.is_empty() && rounds.len() < 5 {
        now += 2000;
        rounds.push(round.len());
        for who in std::mem::take(&mut round) {
            bench.ends(now, who, Outcome::Ok);
            round.extend(bench.all_come(now));
        }
    }
    assert_eq!(bench.shared.snapshot(at(now), TARGET).expect("a target").breaker, breaker::State::Closed);
    rounds
}

#[test]
fn after_the_probe_there_are_one_two_four_and_eight_at_once() {
    assert_eq!(ramp(BOTTOMLESS), [1, 2, 4, 8, 16]);
}

#[test]
fn a_minimum_of_thirty_two_holds_from_the_beginning() {
    let mut bench = Bench::of(Rules::default(), AT_LEAST_32);
    (0..32).for_each(|who| bench.goes(START, who));
    bench.lines_up(START, 32, WaitReason::Queue);
}

#[test]
fn a_minimum_of_thirty_two_holds_when_a_cold_model_has_come_up() {
    let (mut bench, next) = Bench::cold_with(AT_LEAST_32, 200);
    bench.probes(next);
    bench.ends(next + 2000, 0, Outcome::Ok);
    assert_eq!(bench.all_come(next + 2000).len(), 32);
}

#[test]
fn a_minimum_of_thirty_two_waits_until_the_breaker_is_closed() {
    assert_eq!(ramp(AT_LEAST_32), [1, 2, 4, 8, 32]);
}

#[test]
fn a_minimum_of_thirty_two_waits_for_the_breaker_also_where_the_probe_finds_the_model_cold() {
    let (mut bench, until) = Bench::open_with(AT_LEAST_32);
    bench.goes(until, 0);
    let Role::Lead(sleep) = bench.hears_loading(until + 20, 0) else { panic!("nobody leads") };
    (1..200).for_each(|who| bench.lines_up(until + 20, who, WaitReason::Loading));
    let up = until + 20 + sleep.as_ms();
    bench.probes(up);
    bench.ends(up + 20, 0, Outcome::Ok);
    assert_eq!(bench.all_come(up + 20), [1, 2, 3, 4]);
}

#[test]
fn two_failures_in_a_row_in_the_ramp_send_everybody_away_for_twice_as_long() {
    let (mut bench, now) = Bench::open();
    bench.goes(now, 10);
    bench.ends(now, 10, Outcome::Ok);
    bench.goes(now, 11);
    (12..20).for_each(|who| bench.lines_up(now, who, WaitReason::Breaker));
    bench.ends(now, 11, GATEWAY_DOWN);
    assert_eq!(bench.all_come(now), [12]);
    bench.ends(now, 12, GATEWAY_DOWN);
    let woken = bench.woken();
    assert_eq!(woken.len(), 7);
    for who in woken {
        let Admission::Rejected(failure) = bench.claims(now, who) else { panic!("{who} is not refused") };
        assert!((30_000..=37_500).contains(&failure.retry_after.expect("a time").as_ms()));
    }
}

#[test]
fn a_probe_that_finds_the_model_loading_leads_its_cold_start() {
    let (mut bench, until) = Bench::open();
    bench.goes(until, 10);
    let Role::Lead(_) = bench.hears_loading(until + 20, 10) else { panic!("nobody leads") };
    bench.lines_up(until + 20, 11, WaitReason::Loading);
}

#[test]
fn each_change_of_the_breaker_is_reported_once() {
    let (mut bench, until) = Bench::open();
    let mut told = Vec::new();
    let mut poll = |bench: &mut Bench| {
        while let Some(event) = bench.shared.next_event() {
            told.push(event);
        }
    };
    poll(&mut bench);
    bench.come(START + 1, 100..120);
    poll(&mut bench);
    bench.goes(until, 10);
    poll(&mut bench);
    bench.ends(until, 10, Outcome::Ok);
    for who in 11..26 {
        bench.goes(until, who);
        bench.ends(until, who, Outcome::Ok);
    }
    poll(&mut bench);
    let states = [breaker::State::Open, breaker::State::HalfOpen, breaker::State::Closed];
    assert_eq!(told, states.map(|state| Event::Breaker { target: TARGET, state }));
}

#[test]
fn rate_limits_loading_answers_and_aborts_open_no_circuit() {
    for outcome in [RATE_LIMITED, LOADING, Outcome::Aborted, Outcome::Failed(Code::BadRequest, Layer::Client)]
    {
        let mut bench = Bench::new();
        for who in 0..100 {
            bench.goes(START + u64::from(who), who);
            bench.ends(START + u64::from(who), who, outcome);
        }
        bench.goes(START + 100, 100);
    }
}

#[test]
fn the_first_to_hear_that_the_model_loads_leads_and_all_others_wait() {
    let mut bench = Bench::new();
    (0..4).for_each(|who| bench.goes(START, who));
    assert!(matches!(bench.hears_loading(START + 20, 0), Role::Lead(_)));
    for who in 1..4 {
        assert_eq!(bench.hears_loading(START + 20, who), Role::Follow);
        assert_eq!(bench.retries(START + 20, who), Admission::Queued(WaitReason::Loading));
    }
    (4..1000).for_each(|who| bench.lines_up(START + 21, who, WaitReason::Loading));
    assert_eq!(bench.woken(), [0_u32; 0]);
    assert_eq!((bench.in_flight(START + 21), bench.queued(START + 21)), (0, 999));
    assert_eq!(bench.temperature(START + 21), Temperature::Cold);
}

#[test]
fn when_the_leader_gets_through_four_calls_go_and_then_one_more_with_each_success() {
    let (mut bench, next) = Bench::cold(200);
    bench.probes(next);
    bench.ends(next + 2000, 0, Outcome::Ok);
    let mut in_flight = bench.all_come(next + 2000);
    assert_eq!(in_flight, [1, 2, 3, 4]);
    assert_eq!(bench.temperature(next + 2000), Temperature::Warming);
    for limit in 5..=60 {
        bench.ends(next + 3000, in_flight.remove(0), Outcome::Ok);
        in_flight.extend(bench.all_come(next + 3000));
        assert_eq!(in_flight.len(), limit);
    }
}

#[test]
fn the_second_429_of_those_that_follow_many_answers_ends_the_fast_growth() {
    let (mut bench, next) = Bench::cold(400);
    bench.probes(next);
    bench.ends(next + 2000, 0, Outcome::Ok);
    let mut in_flight = bench.all_come(next + 2000);
    while in_flight.len() < 20 {
        bench.ends(next + 3000, in_flight.remove(0), Outcome::Ok);
        in_flight.extend(bench.all_come(next + 3000));
    }
    bench.ends(next + 4000, in_flight.remove(0), RATE_LIMITED);
    let others = bench.all_come(next + 4000);
    assert_eq!(others.len(), 1, "it may be its own");
    in_flight.extend(others);
    bench.ends(next + 4000, in_flight.remove(0), RATE_LIMITED);
    assert_eq!(bench.all_come(next + 4000), [0_u32; 0], "14 from now on");
    for _ in 0..5 {
        bench.ends(next + 4000, in_flight.remove(0), Outcome::Ok);
        assert_eq!(bench.all_come(next + 4000), [0_u32; 0]);
    }
    for _ in 0..10 {
        bench.ends(next + 4000, in_flight.remove(0), Outcome::Ok);
        in_flight.extend(bench.all_come(next + 4000));
        assert!((14..=15).contains(&in_flight.len()), "{}", in_flight.len());
    }
}

#[test]
fn a_leader_that_meets_a_full_or_a_broken_server_at_wake_up_leaves_nobody_behind() {
    for outcome in [RATE_LIMITED, GATEWAY_DOWN, Outcome::Failed(Code::EngineFailure, Layer::Compute)] {
        let (mut bench, next) = Bench::cold(20);
        bench.probes(next);
        bench.ends(next + 20, 0, outcome);
        assert!(!bench.shared.is_cold(TARGET));
        assert_eq!(bench.all_come(next + 20), [1, 2, 3, 4], "{outcome:?}");
    }
}

#[test]
fn a_leader_that_ran_into_its_clock_or_got_no_connection_ends_nothing_and_keeps_the_lead() {
    for outcome in [TIMEOUT, Outcome::Failed(Code::Network, Layer::Network)] {
        let (mut bench, next) = Bench::cold(20);
        bench.probes(next);
        bench.ends(next + 2_000, 0, outcome);
        assert_eq!(bench.woken(), [0_u32; 0], "{outcome:?}");
        assert!(bench.shared.is_cold(TARGET));
        bench.probes(next + 21_000);
        bench.lines_up(next + 21_000, 21, WaitReason::Loading);
        assert_eq!(bench.due(), Some(next + 24_000), "then it is being worked on");
    }
}

#[test]
fn a_leader_whose_whole_attempt_is_over_makes_way_for_the_next() {
    let (mut bench, next) = Bench::cold(20);
    bench.probes(next);
    bench.ends(next + 120_000, 0, TIMEOUT);
    assert_eq!(bench.all_come(next + 120_000), [1]);
    assert_eq!(bench.retries(next + 120_100, 0), Admission::Queued(WaitReason::Loading));
}

#[test]
fn when_the_leader_is_aborted_the_next_call_probes_at_the_set_time_and_not_before() {
    let (mut bench, next) = Bench::cold(20);
    bench.shared.detach(at(START + 30), TARGET, 0, false);
    assert_eq!((bench.woken(), bench.due()), (vec![], Some(next)));
    bench.shared.wake(at(next - 1));
    assert_eq!(bench.woken(), [0_u32; 0]);
    bench.shared.wake(at(next));
    assert_eq!(bench.all_come(next), [1]);
    bench.shared.wake(at(next));
    assert_eq!(bench.woken(), [0_u32; 0], "one is enough");
}

#[test]
fn when_the_leader_is_aborted_during_its_probe_the_next_call_probes_at_once() {
    let (mut bench, next) = Bench::cold(20);
    bench.probes(next);
    bench.is_aborted(next + 300, 0);
    assert_eq!(bench.all_come(next + 300), [1]);
}

#[test]
fn when_the_leader_is_lost_the_next_call_probes_after_its_lease() {
    let (mut bench, next) = Bench::cold(20);
    assert_eq!(bench.due(), Some(next + 120_000));
    bench.shared.wake(at(next + 119_999));
    assert_eq!(bench.woken(), [0_u32; 0]);
    bench.shared.wake(at(next + 120_000));
    assert_eq!(bench.all_come(next + 120_000), [1]);
}

#[test]
fn a_probe_in_flight_for_three_seconds_is_being_worked_on_and_the_others_start_slowly() {
    let (mut bench, next) = Bench::cold(20);
    bench.probes(next);
    assert_eq!(bench.due(), Some(next + 3_000));
    bench.shared.wake(at(next + 2_999));
    assert_eq!(bench.woken(), [0_u32; 0]);
    bench.shared.wake(at(next + 3_000));
    assert_eq!(bench.all_come(next + 3_000), [1, 2, 3]);
    assert!(!bench.shared.is_cold(TARGET));
}

#[test]
fn a_follower_that_does_not_come_to_lead_is_passed_over() {
    let (mut bench, next) = Bench::cold(20);
    bench.shared.detach(at(START + 30), TARGET, 0, false);
    let mut now = next;
    for who in 1..10 {
        bench.shared.wake(at(now));
        assert_eq!(bench.woken(), [who]);
        assert_eq!(bench.due(), Some(now + 5_000));
        now += 5_000;
    }
}

#[test]
fn a_follower_that_comes_too_late_to_lead_is_queued_again() {
    let (mut bench, next) = Bench::cold(2);
    bench.shared.detach(at(START + 30), TARGET, 0, false);
    bench.shared.wake(at(next));
    assert_eq!(bench.woken(), [1]);
    bench.shared.wake(at(next + 5_000));
    assert_eq!(bench.all_come(next + 5_000), [2]);
    assert_eq!(bench.claims(next + 5_001, 1), Admission::Queued(WaitReason::Loading));
    bench.ends(next + 6_000, 2, Outcome::Ok);
    assert_eq!(bench.all_come(next + 6_000), [1]);
}

#[test]
fn a_follower_that_comes_while_the_model_loads_still_waits() {
    let (mut bench, next) = Bench::cold(3);
    for who in 1..=3 {
        assert_eq!(bench.claims(next, who), Admission::Queued(WaitReason::Loading));
    }
    bench.probes(next);
    bench.ends(next + 20, 0, Outcome::Ok);
    assert_eq!(bench.all_come(next + 20), [1, 2, 3]);
}

#[test]
fn when_all_waiting_calls_are_gone_nothing_is_left_and_the_next_call_probes() {
    let (mut bench, next) = Bench::cold(100);
    (0..=100).for_each(|who| bench.shared.detach(at(START + 30), TARGET, who, true));
    assert_eq!((bench.queued(START + 30), bench.in_flight(START + 30), bench.due()), (0, 0, None));
    bench.lines_up(START + 40, 200, WaitReason::Loading);
    assert_eq!(bench.due(), Some(next));
    bench.is_aborted(START + 50, 200);
    bench.goes(next, 201);
    bench.ends(next + 20, 201, Outcome::Ok);
    assert_eq!(bench.temperature(next + 20), Temperature::Warm);
}

#[test]
fn an_answer_from_before_the_cold_start_ends_nothing() {
    let mut bench = Bench::new();
    bench.goes(START - 5000, 1);
    bench.goes(START, 0);
    assert!(matches!(bench.hears_loading(START + 20, 0), Role::Lead(_)));
    bench.lines_up(START + 30, 2, WaitReason::Loading);
    bench.ends(START + 40, 1, Outcome::Ok);
    assert_eq!(bench.woken(), [0_u32; 0]);
    assert!(bench.shared.is_cold(TARGET));
}

#[test]
fn a_loading_answer_from_before_the_model_came_up_sends_its_call_again_at_once() {
    let mut bench = Bench::new();
    bench.goes(START, 0);
    bench.goes(START, 1);
    assert!(matches!(bench.hears_loading(START + 20, 0), Role::Lead(_)));
    bench.probes(START + 5_000);
    bench.ends(START + 6_000, 0, Outcome::Ok);
    assert_eq!(bench.hears_loading(START + 7_000, 1), Role::Follow);
    assert!(matches!(bench.retries(START + 7_000, 1), Admission::Admitted { .. }));
}

#[test]
fn the_last_cold_start_moves_the_first_probe() {
    let (mut bench, _) = Bench::cold(0);
    bench.probes(START + 40_000);
    bench.ends(START + 40_000, 0, Outcome::Ok);
    bench.total = 7_200_000;
    bench.goes(START + 3_600_000, 1);
    let Role::Lead(sleep) = bench.hears_loading(START + 3_600_000, 1) else { panic!("nobody leads") };
    assert!((9_000..=10_000).contains(&sleep.as_ms()), "{sleep:?}");
}

#[test]
fn a_retry_costs_a_token_and_ten_first_attempts_earn_one() {
    let mut bench = Bench::new();
    let retries = |bench: &mut Bench| {
        std::iter::from_fn(|| bench.shared.may_retry(at(START), TARGET, Duration::ZERO).then_some(())).count()
    };
    assert_eq!(retries(&mut bench), 5);
    for who in 0..30 {
        bench.goes(START, who);
        bench.ends(START, who, Outcome::Ok);
    }
    for who in 0..30 {
        // Further attempts of the same calls earn nothing.
        assert!(matches!(bench.retries(START, who), Admission::Admitted { .. }));
        bench.ends(START, who, Outcome::Ok);
    }
    assert_eq!(retries(&mut bench), 3);
}

#[test]
fn a_retry_that_would_find_the_circuit_open_costs_nothing() {
    let (mut bench, until) = Bench::open();
    let wait = |ms| Duration::from_ms(ms);
    for _ in 0..20 {
        assert!(!bench.shared.may_retry(at(START), TARGET, wait(until - START - 1)));
    }
    assert!(bench.shared.may_retry(at(START), TARGET, wait(until - START)));
}

#[test]
fn a_call_that_is_refused_earns_no_retry() {
    let mut bench = Bench::of(Rules::default(), limiter::Rule { min: 4, max: 4, queue: 0 });
    while bench.shared.may_retry(at(START), TARGET, Duration::ZERO) {}
    (0..4).for_each(|who| bench.goes(START, who));
    for who in 4..1000 {
        assert!(matches!(bench.enters(START, who), Admission::Rejected(_)));
    }
    // Four requests were sent: not half a retry is earned.
    assert!(!bench.shared.may_retry(at(START), TARGET, Duration::ZERO));
}

#[test]
fn a_short_lived_isolate_begins_with_one_retry_or_none() {
    for (one, are) in [(true, 1), (false, 0)] {
        let rules = Rules { initial_tokens: InitialTokens::AtMostOne { one }, ..Rules::default() };
        let mut bench = Bench::of(rules, BOTTOMLESS);
        let may = |_: &usize| bench.shared.may_retry(at(START), TARGET, Duration::ZERO);
        assert_eq!((0..10).take_while(may).count(), are);
    }
}

#[test]
fn short_lived_isolates_admit_their_queues_one_by_one_and_not_all_at_the_same_time() {
    let mut firsts = std::collections::HashSet::new();
    for seed in 0..50 {
        let rules = Rules { initial_tokens: InitialTokens::AtMostOne { one: false }, ..Rules::default() };
        let (mut bench, _) = Bench::cold(0);
        bench.shared = Shared::new(rules, BOTTOMLESS, AlertRule::default(), seed);
        bench.shared.grow(TARGET);
        bench.goes(START, 0);
        assert!(matches!(bench.hears_loading(START, 0), Role::Lead(_)));
        (1..9).for_each(|who| bench.lines_up(START, who, WaitReason::Loading));
        let up = START + 100_000;
        bench.probes(up);
        bench.ends(up, 0, Outcome::Ok);
        let mut woken = bench.woken();
        let first = bench.due().filter(|_| woken.is_empty()).unwrap_or(up);
        if woken.is_empty() {
            bench.lines_up(first - 1, 9, WaitReason::Queue);
            bench.shared.wake(at(first - 1));
            assert_eq!(bench.woken(), [0_u32; 0]);
            bench.shared.wake(at(first));
            woken = bench.woken();
        }
        assert_eq!(woken, [1], "one, not four");
        assert!((up..=up + 50_000).contains(&first), "within half of the time that it took: {first}");
        firsts.insert(first);
    }
    assert!(firsts.len() > 40);
}

#[test]
fn targets_share_nothing_with_each_other() {
    let (mut bench, _) = Bench::open();
    bench.shared.grow(3);
    let admission = bench.shared.request(at(START), 3, bench.caller(900));
    assert!(matches!(admission, Admission::Admitted { .. }), "{admission:?}");
    assert_eq!(bench.in_flight(START), 0);
}

#[test]
fn a_target_is_not_replaced_while_a_call_may_still_come_to_it() {
    let (mut bench, next) = Bench::cold(20);
    bench.shared.retain(TARGET);
    bench.shared.retain(TARGET);
    for _ in 0..2 {
        assert!(!bench.shared.replace(TARGET));
        assert_eq!((bench.queued(next), bench.shared.is_cold(TARGET)), (20, true));
        bench.shared.release(TARGET);
    }
    assert!(bench.shared.replace(TARGET));
    assert_eq!((bench.queued(next), bench.shared.is_cold(TARGET)), (0, false));
}

#[test]
fn a_target_that_does_not_exist_keeps_nobody_from_anything() {
    let mut shared = Shared::without_limits(1);
    let caller = Bench::new().caller(1);
    assert_eq!(shared.request(at(START), 9, caller), Admission::Admitted { generation: 0 });
    assert_eq!(shared.claim(at(START), 9, caller), Admission::Admitted { generation: 0 });
    assert!(shared.may_retry(at(START), 9, Duration::ZERO));
    shared.detach(at(START), 9, 1, true);
    shared.release(9);
    assert!(!shared.replace(9));
    assert!(shared.snapshot(at(START), 9).is_none() && !shared.is_cold(9));
}

#[test]
fn without_limits_nobody_waits_and_nobody_is_refused() {
    let (mut bench, _) = Bench::cold(0);
    bench.shared = Shared::without_limits(1);
    (0..4).for_each(|who| bench.goes(START, who));
    for _ in 0..1000 {
        assert!(bench.shared.may_retry(at(START), TARGET, Duration::ZERO));
    }
    for who in 0..4 {
        bench.ends(START, who, GATEWAY_DOWN);
        bench.goes(START, who);
        bench.ends(START, who, GATEWAY_DOWN);
        bench.goes(START, who);
    }
}

#[test]
fn clocks_that_stand_still_jump_or_go_backwards_leak_no_permit() {
    for times in [[START; 4], [START, START + 3_600_000, START, START + 7_200_000], [START, 0, START, 1]] {
        let mut bench = Bench::new();
        let mut turn = times.into_iter().cycle();
        let mut now = || turn.next().unwrap_or(START);
        for who in 0..100 {
            bench.enters(now(), who);
        }
        for _ in 0..1000 {
            let Some(who) = bench.sent.keys().min().copied() else {
                break;
            };
            bench.ends(now(), who, if who % 3 == 0 { Outcome::Ok } else { RATE_LIMITED });
            for who in bench.woken() {
                bench.claims(now(), who);
            }
        }
        for who in 0..100 {
            bench.is_aborted(now(), who);
        }
        assert_eq!((bench.in_flight(START), bench.queued(START)), (0, 0), "{times:?}");
    }
}
