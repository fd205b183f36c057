//! Payloads that always fail, broken replicas and short gaps, in the middle of traffic that is answered: what the
//! other calls suffer from them.

use super::world::{Asked, Caller, Crowd, Meeting};
use super::{error, loading, ok, too_many};
use crate::read;
use crate::virtual_clock::{Reply, ms, policy, secs, status};
use query_with_retry::core::admission::breaker::State;
use query_with_retry::core::admission::lease::CallId;
use query_with_retry::core::admission::limiter;
use query_with_retry::core::call::Head;
use query_with_retry::core::classify::Body;
use query_with_retry::core::failure::Code;
use query_with_retry::core::policy::{Given, Policy};
use query_with_retry::core::time::Duration;

const SEEDS: u64 = 20;
const EVERY: CallId = 8;

/// Fifteen calls a second, for twenty seconds.
fn traffic() -> Crowd {
    Crowd::of((0..300).map(|nth| Caller::with(Policy::default()).coming(ms(nth * 1_000 / 15))))
}

/// Between 0.1 and one second, for each call its own.
fn work(asked: Asked) -> Reply {
    Reply::ok(ms(100 + u64::from(asked.who) * 7_919 % 900))
}

fn page(code: u16) -> Reply {
    let words = if code == 502 { "502 Bad Gateway" } else { "503 Service Temporarily Unavailable" };
    let body = Body { is_page: true, ..read::of_error(&format!("<h1>{words}</h1>")) };
    Reply::after(ms(3), status(code), body)
}

fn is_poison(who: CallId) -> bool {
    who.is_multiple_of(EVERY)
}

/// How much longer than its work each innocent call took, sorted, and how many failed.
fn innocents(meeting: &Meeting) -> (Vec<Duration>, usize) {
    let calls = (0..).zip(&meeting.calls).filter(|(who, _)| !is_poison(*who)).map(|(_, call)| call);
    let (answered, failed): (Vec<_>, Vec<_>) = calls.partition(|call| call.is_delivered());
    let mut took: Vec<_> = answered.iter().map(|call| call.took).collect();
    took.sort();
    (took, failed.len())
}

#[test]
fn one_payload_in_eight_that_always_fails_costs_the_others_little() {
    for (what, bad) in [
        ("500", error(500)),
        ("429", too_many()),
        ("429 for an hour", super::asking(429, secs(3_600))),
        ("loading", loading()),
        ("502", page(502)),
        ("503", page(503)),
        ("reset", Reply::Resets { after: ms(3) }),
        ("cut", Reply::Breaks { head: status(200), head_after: ms(3), body_after: ms(3) }),
    ] {
        for seed in 0..SEEDS {
            let mut meeting = traffic()
                .seeded(seed)
                .against(|asked| if is_poison(asked.who) { bad.clone() } else { work(asked) });
            let (took, failed) = innocents(&meeting);
            assert_eq!(failed, 0, "{what}, seed {seed}");
            let (median, last) = (took[took.len() / 2], took[took.len() - 1]);
            // A call that comes to a fresh client beside a 502 or 503 is taken for one too many, for ten seconds.
            let most = if what.starts_with("50") && what != "500" { secs(10) } else { secs(3) };
            assert!(median < most && last < most + secs(8), "{what}, seed {seed}: {median:?}, {last:?}");
            let over = meeting.over;
            assert_eq!(
                meeting.shared.snapshot(over, 0).map(|seen| seen.breaker),
                Some(State::Closed),
                "{what}"
            );
        }
    }
}

#[test]
fn one_replica_of_three_that_fails_shuts_no_call_out() {
    for (what, bad) in [("500", error(500)), ("reset", Reply::Resets { after: ms(3) }), ("503", page(503))] {
        for seed in 0..SEEDS {
            let mut nth = 0;
            let meeting = traffic().seeded(seed).against(|asked| {
                nth += 1;
                if nth % 3 == 0 { bad.clone() } else { work(asked) }
            });
            let shut_out =
                meeting.calls.iter().filter(|call| call.failed_by(Code::CircuitOpen, None)).count();
            assert_eq!(shut_out, 0, "{what}, seed {seed}");
        }
    }
}

#[test]
fn after_a_gap_of_three_seconds_everybody_is_answered_soon() {
    for (what, bad) in [("429", too_many()), ("502", page(502)), ("503", page(503))] {
        for seed in 0..SEEDS {
            let gap = secs(6)..secs(9);
            let meeting = traffic()
                .seeded(seed)
                .against(|asked| if gap.contains(&asked.at) { bad.clone() } else { work(asked) });
            assert_eq!(meeting.delivered(), 300, "{what}, seed {seed}");
            let mut took: Vec<_> = meeting.calls.iter().map(|call| call.took).collect();
            took.sort();
            assert!(took[299] < secs(14), "{what}, seed {seed}: {:?}", took[299]);
            assert!(took[150] < secs(4), "{what}, seed {seed}: {:?}", took[150]);
        }
    }
}

#[test]
fn a_server_that_is_asked_too_fast_is_still_asked_more_slowly() {
    for seed in 0..SEEDS {
        // A bucket of ten that is filled by ten a second.
        let (mut tokens, mut last, mut refused) = (10_000_u64, ms(0), 0);
        let meeting = traffic().seeded(seed).against(|asked| {
            tokens = 10_000.min(tokens + (asked.at - last).as_ms() * 10);
            last = asked.at;
            if tokens < 1_000 {
                refused += 1;
                return too_many();
            }
            tokens -= 1_000;
            ok()
        });
        assert!(meeting.delivered() >= 298, "seed {seed}: {}", meeting.delivered());
        assert!(refused < 120, "seed {seed}: {refused}");
    }
}

#[test]
fn a_caller_with_less_time_for_an_attempt_than_an_answer_takes_shuts_no_other_out() {
    let hasty = policy(Given { attempt: Some(ms(200)), ..Given::default() });
    for seed in 0..SEEDS {
        let patient = (0..60).map(|nth| Caller::with(Policy::default()).coming(ms(nth * 250)));
        let hasty = (0..60).map(|nth| Caller::with(hasty).coming(secs(5 + nth / 12)));
        let meeting = Crowd::of(patient.chain(hasty)).seeded(seed).against(|_| Reply::ok(ms(1_500)));
        let answered = meeting.calls[..60].iter().filter(|call| call.is_delivered()).count();
        assert_eq!(answered, 60, "seed {seed}");
    }
}

#[test]
fn a_call_that_was_queued_through_one_gap_is_not_blamed_for_the_next() {
    for seed in 0..SEEDS {
        let concurrency = limiter::Rule { min: 1, max: 4, queue: 10_000 };
        let callers = (0..60).map(|nth| Caller::with(Policy::default()).coming(ms(2_000 + nth * 5)));
        let gaps = [secs(2)..ms(2_400), ms(5_000)..ms(5_300), ms(8_000)..ms(8_300)];
        let first = Caller::with(Policy::default());
        let meeting = Crowd { concurrency, ..Crowd::of([first].into_iter().chain(callers)) }
            .seeded(seed)
            .against(|asked| {
                if gaps.iter().any(|gap| gap.contains(&asked.at)) {
                    return Reply::Refuses { after: ms(1) };
                }
                work(asked)
            });
        assert_eq!(meeting.delivered(), 61, "seed {seed}");
    }
}

#[test]
fn a_key_that_has_spent_its_limit_costs_those_with_another_one_little() {
    let spent = Head { key: 7, ..status(429) };
    // At a fresh client the first refusal is believed, and the limit has to grow from there.
    for (from, most) in [(ms(0), secs(12)), (secs(10), secs(4))] {
        for seed in 0..SEEDS {
            // Ten answers are under way at any time, and two refusals come a second.
            let good = (0..150).map(|nth| Caller::with(Policy::default()).coming(ms(nth * 200)));
            let bad = (0..60).map(|nth| Caller::with(Policy::default()).coming(from + ms(nth * 500)));
            let meeting = Crowd::of(good.chain(bad)).seeded(seed).against(|asked| match asked.who {
                0..150 => Reply::ok(secs(2)),
                _ => Reply::after(ms(20), spent, read::of_error("{}")),
            });
            let slowest = meeting.calls[..150].iter().map(|call| call.took).max().unwrap_or_default();
            let answered = meeting.calls[..150].iter().filter(|call| call.is_delivered()).count();
            assert!(answered == 150 && slowest < most, "seed {seed}: {answered}, {slowest:?}");
        }
    }
}

#[test]
fn one_replica_of_three_that_hangs_shuts_no_call_out() {
    let policy = policy(Given { attempt: Some(secs(10)), ..Given::default() });
    for seed in 0..SEEDS {
        // All come in bursts, so that those that hang are late together, long after the others were answered.
        for burst in [1, 12] {
            let mut nth = seed;
            let callers = (0..300).map(|nth| Caller::with(policy).coming(ms(nth / burst * burst * 200)));
            let meeting = Crowd::of(callers).seeded(seed).against(|asked| {
                nth += 1;
                if nth % 3 == 0 { Reply::Silence } else { work(asked) }
            });
            let shut_out =
                meeting.calls.iter().filter(|call| call.failed_by(Code::CircuitOpen, None)).count();
            assert_eq!(shut_out, 0, "bursts of {burst}, seed {seed}");
        }
    }
}

#[test]
fn after_an_outage_that_was_silence_one_replica_of_three_that_still_hangs_holds_nobody_up() {
    let policy = policy(Given { attempt: Some(secs(10)), ..Given::default() });
    for seed in 0..SEEDS {
        let mut nth = seed;
        let callers = (0..800).map(|nth| Caller::with(policy).coming(ms(nth * 125)));
        let meeting = Crowd::of(callers).seeded(seed).against(|asked| {
            nth += 1;
            if asked.at < secs(4) || nth % 3 == 0 { Reply::Silence } else { Reply::ok(ms(300)) }
        });
        let late = || meeting.calls.iter().filter(|call| call.came > secs(40));
        let answered = late().filter(|call| call.is_delivered()).count();
        let soon = late().filter(|call| call.is_delivered() && call.took < secs(15)).count();
        assert!(
            answered * 3 > late().count() * 2 && soon * 10 > answered * 9,
            "seed {seed}: {soon}, {answered}"
        );
    }
}

#[test]
fn after_an_outage_a_target_that_answers_two_of_three_is_taken_up_again() {
    let policy = policy(Given { attempt: Some(secs(10)), ..Given::default() });
    for (what, bad) in
        [("hangs", Reply::Silence), ("500", error(500)), ("resets", Reply::Resets { after: ms(3) })]
    {
        let mut refused = 0;
        for seed in 0..SEEDS {
            let mut nth = seed;
            let callers = (0..1_000).map(|nth| Caller::with(policy).coming(ms(nth * 200)));
            let meeting = Crowd::of(callers).seeded(seed).against(|asked| {
                nth += 1;
                let is_down = (secs(20)..secs(40)).contains(&asked.at);
                if is_down || nth % 3 == 0 { bad.clone() } else { work(asked) }
            });
            // A minute and more after it was up again.
            let late = meeting.calls.iter().filter(|call| call.came > secs(120));
            refused += late.filter(|call| call.failed_by(Code::CircuitOpen, None)).count();
        }
        assert!(refused < 20 * 400 / 20, "{what}: {refused} of 8,000");
    }
}

#[test]
fn payloads_that_hear_loading_hold_up_no_call_that_is_answered() {
    let for_long = || super::loading_for(secs(240));
    // How many come at once, how long an answer takes, and how far the good calls are apart.
    for (bad, took, every) in [(24, ms(800), 250), (4, ms(800), 400), (4, ms(100), 900), (1, secs(8), 6_500)]
    {
        for (what, says) in [("an estimate", for_long()), ("a wait", super::asking_while_loading(secs(240)))]
        {
            for seed in 0..SEEDS {
                let good = (0..60).map(|nth| Caller::with(Policy::default()).coming(ms(nth * every)));
                let poison = (0..bad).map(|_| Caller::with(Policy::default()).coming(ms(20_500)));
                let meeting = Crowd::of(good.chain(poison)).seeded(seed).against(|asked| match asked.who {
                    0..60 => Reply::ok(took),
                    _ => says.clone(),
                });
                let mut longer: Vec<_> = meeting.calls[..60].iter().map(|call| call.took - took).collect();
                longer.sort();
                let answered = meeting.calls[..60].iter().filter(|call| call.is_delivered()).count();
                let (most, last) = (longer[57], longer[59]);
                assert!(
                    answered == 60 && most < secs(4) && last < secs(8),
                    "{bad} {what} {seed}: {answered}, {most:?}, {last:?}"
                );
            }
        }
    }
}

#[test]
fn the_retries_of_one_payload_shut_out_no_call_where_calls_are_few() {
    // A payload every ten seconds always fails, and so many seconds lie between two other calls.
    for (what, bad) in [
        ("500", error(500)),
        ("reset", Reply::Resets { after: ms(3) }),
        ("cut", Reply::Breaks { head: status(200), head_after: ms(3), body_after: ms(3) }),
    ] {
        for every in [3, 7] {
            for seed in 0..SEEDS {
                let others =
                    (0..120 / every).map(|nth| Caller::with(Policy::default()).coming(secs(nth * every)));
                let poison =
                    (0..12).map(|nth| Caller::with(Policy::default()).coming(secs(5 + nth * 10) + ms(500)));
                let count = (120 / every) as usize;
                let meeting = Crowd::of(others.chain(poison))
                    .seeded(seed)
                    .against(|asked| if (asked.who as usize) < count { ok() } else { bad.clone() });
                let answered = meeting.calls.iter().take(count).filter(|call| call.is_delivered()).count();
                assert_eq!(answered, count, "{what}, every {every} s, seed {seed}");
            }
        }
    }
}
