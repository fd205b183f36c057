//! Any number of calls against any servers; some are aborted, and some are never heard of again.
//!
//! The world itself asserts as it goes that every call is settled by its deadline, waits for nothing beyond it, and
//! that one call leads at a time.

use super::{SAID, STATUSES, Said, TIME, Time, WORDS, body, config, head, policy, span};
use crate::together::world::{Caller, Crowd, Leaves, Meeting, target};
use crate::virtual_clock::Reply;
use proptest::prelude::*;
use query_with_retry::core::admission::breaker;
use query_with_retry::core::admission::budget::{self, InitialTokens};
use query_with_retry::core::admission::coordinator::Rules;
use query_with_retry::core::admission::limiter;
use query_with_retry::core::failure::Code;
use query_with_retry::core::policy::Policy;
use query_with_retry::core::policy::Priority;
use query_with_retry::core::record::{AttemptRecord, Outcome};
use query_with_retry::core::time::Duration;

const TARGETS: usize = 3;

/// Into [`STATUSES`] and [`WORDS`].
const LOADS: u8 = 18;
const IS_LOADING: u8 = 2;
const ASKED_TOO_FAST: u8 = 14;

fn caller((policy, comes, leaves, when, which): (Policy, Time, u8, Time, u8)) -> Caller {
    let priority = [Priority::Interactive, Priority::Default, Priority::Batch][which as usize % 3];
    let first = usize::from(which / 3) % TARGETS;
    let count = 1 + usize::from(which / 9) % TARGETS;
    let mut policy = Policy { priority, ..policy };
    if which > 60 {
        // Of the others most end before anything can happen.
        policy.timeouts.attempt = policy.timeouts.attempt + Duration::from_secs(3);
        policy.timeouts.total = policy.timeouts.total + Duration::from_secs(40);
        policy.timeouts.first_byte = None;
        policy.loading.max_wait = policy.loading.max_wait + Duration::from_secs(30);
    }
    Caller {
        policy,
        targets: (0..count).map(|nth| target((first + nth) % TARGETS)).collect(),
        comes: span(comes).scaled(1, 4),
        leaves: (leaves < 3).then(|| (span(comes).scaled(1, 4) + span(when), Leaves::Aborts)),
    }
}

type Limits = (u8, (u32, u32), (u32, u64, u64, u64), (u32, u32, u32), u64);

fn crowd((which, budget, breaker, places, seed): Limits, callers: Vec<Caller>) -> Crowd {
    let secs = Duration::from_secs;
    let breaker = breaker::Rule {
        failures: breaker.0,
        window: secs(breaker.1),
        open: secs(breaker.2),
        max_open: secs(breaker.3),
        of_network: None,
    };
    let rules = Rules {
        breaker: (which % 4 > 0).then_some(breaker),
        budget: (which % 8 < 7).then_some(budget::Rule { ratio: budget.0, burst: budget.1 }),
        initial_tokens: if which % 5 > 0 {
            InitialTokens::Full
        } else {
            InitialTokens::AtMostOne { one: which % 2 == 0 }
        },
        ..Rules::default()
    };
    let concurrency = limiter::Rule { min: places.0, max: places.1, queue: places.2 };
    let few_connections = which % 3 == 0;
    let offline = (which % 7 == 0).then(|| secs(seed % 20)..secs(seed % 20 + seed / 20 % 60));
    Crowd { callers, rules, concurrency, seed, few_connections, guesses_wrong: which % 6 == 0, offline }
}

/// Mostly soon; a model that loads more often than anything else.
fn answer((kind, said, after): (u8, Said, Time)) -> Reply {
    let after = span(after).scaled(1, 40);
    let of = |status: u8, words: u8| {
        let said = (status, words, 2, said.3, said.4);
        Reply::after(after, head(said), body(said))
    };
    match kind {
        0..5 => of(LOADS, IS_LOADING),
        5..8 => of(0, 0),
        8 => of(ASKED_TOO_FAST, 0),
        9 | 10 => Reply::after(after, head(said), body(said)),
        11 => Reply::Resets { after },
        12 => Reply::Breaks { head: head(said), head_after: after, body_after: after },
        _ => Reply::Silence,
    }
}

fn any_crowd() -> impl Strategy<Value = (Crowd, Vec<Reply>)> {
    let caller = (policy(), TIME, 0..10_u8, TIME, any::<u8>()).prop_map(caller);
    let limits = (
        any::<u8>(),
        (0..500_u32, 0..4_u32),
        (1..6_u32, 1..60_u64, 1..30_u64, 1..200_u64),
        (1..5_u32, 1..9_u32, 0..12_u32),
        any::<u64>(),
    );
    let callers = proptest::collection::vec(caller, 1..12);
    let replies = proptest::collection::vec((0..14_u8, SAID, TIME).prop_map(answer), 1..12);
    (limits, callers, replies).prop_map(|(limits, callers, replies)| (crowd(limits, callers), replies))
}

fn meet(crowd: &Crowd, replies: &[Reply]) -> Meeting {
    let mut requests = replies.iter().cycle();
    crowd.against(|_| requests.next().cloned().unwrap_or(Reply::Silence))
}

/// Errors of a target that were followed by another attempt at it.
fn retries(meeting: &Meeting, crowd: &Crowd, target: usize, costs: impl Fn(Code) -> bool) -> u64 {
    let of = |attempt: &AttemptRecord, caller: &Caller| caller.targets[attempt.target].shared == target;
    let mut sum = 0;
    for (call, caller) in meeting.calls.iter().zip(&crowd.callers) {
        for pair in call.record.attempts().windows(2) {
            let failed = matches!(pair[0].outcome, Outcome::Failed(code, _) if costs(code));
            sum += u64::from(failed && pair[0].target == pair[1].target && of(&pair[0], caller));
        }
    }
    sum
}

proptest! {
    #![proptest_config(config())]

    /// When everything is over no permit is held and no call is queued, whichever calls were aborted when. The budget
    /// has paid for every retry from what it began with and its share of the calls.
    #[test]
    fn many_calls_leave_no_permit_taken_and_no_retry_unpaid((crowd, replies) in any_crowd()) {
        let mut meeting = meet(&crowd, &replies);
        for target in 0..TARGETS {
            prop_assert_eq!(meeting.left_over(target), (0, 0));
            let Some(budget) = crowd.rules.budget else { continue };
            let began_with = match crowd.rules.initial_tokens {
                InitialTokens::Full => budget.burst,
                InitialTokens::AtMostOne { one } => budget.burst.min(u32::from(one)),
            };
            // Nobody pays for a server that is full, starting, or has said when to come back.
            let costs = |code| {
                !matches!(
                    code,
                    Code::ModelLoading
                        | Code::RateLimited
                        | Code::Overloaded
                        | Code::Unavailable
                        | Code::Network
                )
            };
            let retries = retries(&meeting, &crowd, target, costs);
            let over = meeting.over;
            let calls = meeting.shared.snapshot(over, target).map_or(0, |seen| seen.stats.calls());
            // After a wrong guess that connections are many, each call goes back into the queue once for nothing.
            let may_return = |caller: &&Caller| caller.targets.iter().any(|of| of.shared == target);
            let returned = crowd.callers.iter().filter(may_return).filter(|_| crowd.guesses_wrong).count();
            let earned = (u64::from(began_with) + returned as u64) * 1000 + u64::from(budget.ratio) * calls;
            prop_assert!(retries * 1000 <= earned, "{} retries of {} calls", retries, calls);
        }
    }

    /// Calls that are never heard of again keep the others from nothing for good.
    #[test]
    fn calls_that_vanish_leave_the_others_to_their_ends((crowd, replies) in any_crowd()) {
        let mut crowd = crowd;
        for caller in &mut crowd.callers {
            caller.leaves = caller.leaves.map(|(when, _)| (when, Leaves::Vanishes));
        }
        let meeting = meet(&crowd, &replies);
        for (call, caller) in meeting.calls.iter().zip(&crowd.callers) {
            prop_assert!(call.end.is_some() || caller.leaves.is_some());
        }
    }
}

#[test]
fn the_answers_are_what_they_are_called() {
    let status = |nth: u8| STATUSES[nth as usize];
    assert_eq!((status(LOADS), WORDS[IS_LOADING as usize]), (503, "is loading"));
    assert_eq!((status(0), status(ASKED_TOO_FAST)), (200, 429));
}
