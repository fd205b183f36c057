//! A server that answers so many calls a second and refuses the rest within milliseconds.

use super::world::{Caller, Crowd, Meeting, target};
use super::{asking, ok, too_many};
use crate::virtual_clock::{Reply, ms, policy, secs};
use query_with_retry::core::admission::lease::CallId;
use query_with_retry::core::policy::{Given, Policy};
use query_with_retry::core::time::Duration;

const SEEDS: u64 = 20;

/// What such a server saw.
struct Seen {
    meeting: Meeting,
    requests: usize,
}

/// A token bucket of `burst`, filled by `rate` a second.
fn limited(crowd: &Crowd, rate: u64, burst: u64, refusal: &Reply) -> Seen {
    let (mut tokens, mut at, mut requests) = (burst * 1_000, ms(0), 0);
    let meeting = crowd.against(|asked| {
        tokens = (burst * 1_000).min(tokens + (asked.at - at).as_ms() * rate);
        (at, requests) = (asked.at, requests + 1);
        if tokens < 1_000 {
            return refusal.clone();
        }
        tokens -= 1_000;
        ok()
    });
    Seen { meeting, requests }
}

/// `count` calls that are offered `a_second`, not quite evenly, with this long for each.
fn offered(count: u64, a_second: u64, total: Duration) -> Crowd {
    let policy = policy(Given { total: Some(total), ..Given::default() });
    Crowd::of(
        (0..count).map(|nth| Caller::with(policy).coming(ms(nth * 1_000 / a_second + nth * 7_919 % 97))),
    )
}

fn refusals() -> [(&'static str, Reply); 2] {
    [("bare", too_many()), ("in a second", asking(429, secs(1)))]
}

#[test]
fn ten_times_what_a_server_takes_costs_it_less_than_a_request_a_call() {
    for (what, refusal) in refusals() {
        for seed in 0..SEEDS {
            let crowd = offered(450, 10, secs(60)).seeded(seed);
            let Seen { meeting, requests } = limited(&crowd, 1, 2, &refusal);
            assert!(requests < 450, "{what}, seed {seed}: {requests}");
            // It answers one a second, for 105 seconds.
            assert!(meeting.delivered() >= 95, "{what}, seed {seed}: {}", meeting.delivered());
        }
    }
}

#[test]
fn three_hundred_calls_at_once_are_answered_at_the_rate_of_the_server() {
    for (what, refusal) in refusals() {
        for seed in 0..SEEDS {
            let crowd = offered(300, 10_000, secs(300)).seeded(seed);
            let Seen { meeting, requests } = limited(&crowd, 2, 3, &refusal);
            assert!(meeting.delivered() >= 250, "{what}, seed {seed}: {}", meeting.delivered());
            assert!(requests < 1_050, "{what}, seed {seed}: {requests}");
            let last = meeting.calls.iter().map(|call| call.took).max();
            assert!(last < Some(secs(165)), "{what}, seed {seed}: {last:?}");
        }
    }
}

#[test]
fn calls_with_a_fallback_go_there_and_do_not_wait_in_the_paced_line() {
    for seed in 0..SEEDS {
        let (mut tokens, mut at) = (2_000, ms(0));
        let mut crowd = offered(150, 5, secs(300)).seeded(seed);
        crowd.callers.iter_mut().for_each(|caller| caller.targets = vec![target(0), target(1)]);
        let meeting = crowd.against(|asked| {
            if asked.target == 1 {
                return ok();
            }
            tokens = 2_000.min(tokens + (asked.at - at).as_ms());
            at = asked.at;
            if tokens < 1_000 {
                return asking(429, secs(1));
            }
            tokens -= 1_000;
            ok()
        });
        assert_eq!(meeting.delivered(), 150, "seed {seed}");
        let last = meeting.calls.iter().map(|call| call.took).max();
        assert!(last < Some(secs(30)), "seed {seed}: {last:?}");
    }
}

#[test]
fn when_the_server_takes_more_again_it_is_sent_more_within_seconds() {
    for seed in 0..SEEDS {
        let crowd = offered(600, 10, secs(300)).seeded(seed);
        let (mut tokens, mut at) = (2_000, ms(0));
        let meeting = crowd.against(|asked| {
            let rate = if asked.at < secs(30) { 1 } else { 100 };
            tokens = 2_000.min(tokens + (asked.at - at).as_ms() * rate);
            at = asked.at;
            if tokens < 1_000 {
                return too_many();
            }
            tokens -= 1_000;
            ok()
        });
        let late = meeting.calls.iter().filter(|call| call.came > secs(50));
        let last = late.map(|call| call.took).max();
        assert!(last < Some(secs(5)), "seed {seed}: {last:?}");
    }
}

#[test]
fn most_payloads_may_be_refused_whatever_the_rate_and_the_others_are_answered_soon() {
    for (what, refusal) in refusals() {
        for seed in 0..SEEDS {
            // Four of five calls.
            let is_poison = |who: CallId| !who.is_multiple_of(5);
            let crowd = Crowd::of((0..600).map(|nth| Caller::with(Policy::default()).coming(ms(nth * 200))));
            let meeting = crowd
                .seeded(seed)
                .against(|asked| if is_poison(asked.who) { refusal.clone() } else { Reply::ok(ms(500)) });
            let others = (0..).zip(&meeting.calls).filter(|(who, _)| !is_poison(*who)).map(|(_, call)| call);
            let mut took: Vec<_> = others.filter(|call| call.is_delivered()).map(|call| call.took).collect();
            took.sort();
            let (median, last) = (took[took.len() / 2], took[took.len() - 1]);
            assert!(
                took.len() == 120 && median < secs(2) && last < secs(12),
                "{what}, seed {seed}: {} of 120, {median:?}, {last:?}",
                took.len()
            );
        }
    }
}

#[test]
fn a_burst_that_is_refused_without_a_time_keeps_those_who_come_later_out_for_seconds() {
    for burst in [6, 20, 40] {
        for seed in 0..SEEDS {
            let bad = (0..burst).map(|_| Caller::with(Policy::default()));
            let others = (0..100).map(|nth| Caller::with(Policy::default()).coming(ms(500 + nth * 400)));
            let meeting = Crowd::of(bad.chain(others))
                .seeded(seed)
                .against(|asked| if asked.who < burst { too_many() } else { Reply::ok(ms(50)) });
            let took: Vec<_> = meeting.calls[burst as usize..].iter().map(|call| call.took).collect();
            let answered = meeting.calls[burst as usize..].iter().filter(|call| call.is_delivered()).count();
            let late = took.iter().filter(|took| **took > secs(5)).count();
            let last = took.iter().max();
            assert!(
                answered == 100 && late <= 5 && last < Some(&secs(10)),
                "{burst}, seed {seed}: {answered} of 100, {late} late, {last:?}"
            );
        }
    }
}

#[test]
fn a_server_that_refuses_three_of_four_at_any_rate_is_asked_on() {
    for (what, refusal) in refusals() {
        for a_second in [4, 16] {
            let (mut answered, mut still) = (0, 0);
            for seed in 0..SEEDS {
                let mut nth = seed;
                let crowd = offered(a_second * 50, a_second, secs(60)).seeded(seed);
                let meeting = crowd.against(|_| {
                    nth = nth.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    if (nth >> 33).is_multiple_of(4) { ok() } else { refusal.clone() }
                });
                answered += meeting.delivered();
                // Five seconds in which hardly anything was sent, while calls waited.
                still += (1..10)
                    .map(|nth| secs(nth * 5)..secs(nth * 5 + 5))
                    .filter(|span| meeting.sent.iter().filter(|sent| span.contains(&sent.at)).count() < 5)
                    .count();
            }
            // Four attempts each, as often as one likes, would be 68 of a hundred.
            let share = answered * 100 / (a_second * 50 * SEEDS) as usize;
            assert!(share >= 45, "{what}, {a_second} a second: {share} of a hundred");
            assert!(still <= 30, "{what}, {a_second} a second: {still} of 180 times");
        }
    }
}
