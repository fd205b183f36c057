//! Calls that are queued and leave the queue: the cost of one does not grow with the length of the queue.

use super::{HOUR, grows_in_proportion, patient};
use query_with_retry::core::admission::coordinator::Rules;
use query_with_retry::core::admission::gate::ColdSighting;
use query_with_retry::core::admission::lease::CallId;
use query_with_retry::core::admission::limiter;
use query_with_retry::core::admission::probing::LoadingAnswer;
use query_with_retry::core::admission::{Admission, Caller, Ended, Shared, SignOfLife};
use query_with_retry::core::failure::{Code, Layer};
use query_with_retry::core::policy::Priority;
use query_with_retry::core::record::Outcome;
use query_with_retry::core::stats::alert::AlertRule;
use query_with_retry::core::time::{Duration, Instant};
use std::time;

const FEW: usize = 2000;
const TARGET: usize = 0;
const LEASE: Duration = Duration::from_secs(5);
const TIERS: [Priority; 3] = [Priority::Interactive, Priority::Default, Priority::Batch];

const fn at(ms: u64) -> Instant {
    Instant::from_ms(1_000_000 + ms)
}

/// The calls of one target, driven as a client drives them.
struct Crowd {
    shared: Shared,
    calls: CallId,
}

/// `calls` come at once; four of them are sent, and the others are queued.
fn come(calls: usize, rules: Rules) -> Crowd {
    let concurrency = limiter::Rule { min: 4, max: 4, queue: u32::MAX };
    let mut shared = Shared::new(rules, concurrency, AlertRule::default(), 1);
    shared.grow(TARGET);
    let mut crowd = Crowd { shared, calls: calls as CallId };
    for who in 0..crowd.calls {
        crowd.shared.request(at(0), TARGET, crowd.caller(who));
        crowd.settles();
    }
    crowd
}

impl Crowd {
    /// Every tier in long rows: the first call of a tier may be far behind in the queue.
    fn caller(&self, id: CallId) -> Caller {
        let priority = if id % 100 < 98 { Priority::Batch } else { TIERS[id as usize % 2] };
        Caller { first: false, ..patient(id, priority, at(0)) }
    }

    /// What a client asks after everything that happens. Returns how many calls were woken.
    fn settles(&mut self) -> usize {
        self.shared.due();
        std::iter::from_fn(|| self.shared.woken()).count()
    }

    fn ends(&mut self, who: CallId, outcome: Outcome) {
        self.shared.ended(at(1), TARGET, who, Ended::plain(0, at(0), outcome, HOUR));
    }

    fn waiting(&mut self) -> usize {
        self.shared.snapshot(at(1), TARGET).expect("a target").queued
    }
}

/// `calls` come, and the queued ones are aborted in this order.
fn come_and_go(calls: usize, order: impl Fn(&mut [CallId])) -> time::Duration {
    let mut leave: Vec<_> = (4..calls as CallId).collect();
    order(&mut leave);
    let begun = time::Instant::now();
    let mut crowd = come(calls, Rules::default());
    for who in leave {
        crowd.shared.detach(at(1), TARGET, who, true);
        crowd.settles();
    }
    let took = begun.elapsed();
    assert_eq!(crowd.waiting(), 0);
    took
}

#[test]
fn calls_that_come_and_are_aborted_in_any_order_cost_the_same_each() {
    grows_in_proportion("first come, first gone", FEW, |calls| come_and_go(calls, |_| {}));
    grows_in_proportion("last come, first gone", FEW, |calls| come_and_go(calls, <[_]>::reverse));
    grows_in_proportion("come and gone at random", FEW, |calls| {
        come_and_go(calls, |leave| {
            let mut seed = 1_u64;
            for at in (1..leave.len()).rev() {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                leave.swap(at, (seed >> 33) as usize % (at + 1));
            }
        })
    });
}

#[test]
fn calls_whose_turn_it_is_cost_the_same_each() {
    grows_in_proportion("served", FEW, |calls| {
        let begun = time::Instant::now();
        let mut crowd = come(calls, Rules { breaker: None, ..Rules::default() });
        let mut in_flight: Vec<_> = (0..4).collect();
        let mut served = 0;
        while let Some(who) = in_flight.pop() {
            crowd.ends(who, Outcome::Failed(Code::BadRequest, Layer::Client));
            served += 1;
            while let Some(next) = crowd.shared.woken() {
                let admission = crowd.shared.claim(at(1), TARGET, crowd.caller(next));
                assert!(matches!(admission, Admission::Admitted { .. }), "{admission:?}");
                in_flight.push(next);
            }
        }
        assert_eq!(served, calls);
        begun.elapsed()
    });
}

#[test]
fn calls_that_hear_of_a_cold_model_probe_again_at_the_same_cost_each() {
    grows_in_proportion("told of a cold model", FEW, |calls| {
        let begun = time::Instant::now();
        let mut crowd = come(calls, Rules::default());
        crowd.ends(0, Outcome::Failed(Code::ModelLoading, Layer::Compute));
        while crowd.shared.woken().is_some() {}
        let answer = LoadingAnswer { estimate: None, floor: None, was_held: false };
        let found = ColdSighting {
            started: at(0),
            answer,
            default_wait: Some(Duration::from_secs(20)),
            full: false,
            is_alone: true,
            again: false,
        };
        crowd.shared.loading(at(1), TARGET, crowd.caller(0), found);
        let mut told = 0;
        while let Some(who) = crowd.shared.woken() {
            crowd.shared.claim(at(1), TARGET, crowd.caller(who));
            told += 1;
        }
        assert!(told >= calls - 5, "{told} of {calls}");
        begun.elapsed()
    });
}

#[test]
fn calls_that_are_sent_away_by_an_open_breaker_cost_the_same_each() {
    grows_in_proportion("sent away", FEW, |calls| {
        let begun = time::Instant::now();
        let mut crowd = come(calls, Rules::default());
        let mut told = 0;
        for who in 0..5 {
            crowd.ends(who, Outcome::Failed(Code::Unavailable, Layer::Gateway));
            told += crowd.settles();
        }
        assert!(told >= calls - 4, "{told} of {calls}");
        begun.elapsed()
    });
}

#[test]
fn calls_that_say_that_they_are_there_cost_the_same_each() {
    grows_in_proportion("renewed", FEW, |calls| {
        let begun = time::Instant::now();
        let mut crowd = come(calls, Rules { lease: Some(LEASE), ..Rules::default() });
        for ms in [200, 400] {
            for who in 4..crowd.calls {
                let sign = SignOfLife { call: who, deadline: at(0) + HOUR, in_flight: false };
                crowd.shared.renew(at(ms), TARGET, sign);
            }
            // Each call that leaves has the queue searched for calls that have ended unseen.
            for who in crowd.calls / 2..crowd.calls {
                crowd.shared.detach(at(ms), TARGET, who, true);
                crowd.settles();
            }
        }
        assert!(crowd.waiting() > 0);
        begun.elapsed()
    });
}
