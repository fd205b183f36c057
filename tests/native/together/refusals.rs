//! Refusals that say nothing of how many calls a target takes: one replica of several refuses, or a few payloads do. The
//! other calls are answered as if nobody else were there.

use super::world::{Asked, Caller, Crowd, Meeting};
use super::{error, loading, loading_for, too_many};
use crate::read;
use crate::virtual_clock::{Reply, ms, secs, status};
use query_with_retry::core::classify::Body;
use query_with_retry::core::policy::Policy;
use query_with_retry::core::time::Duration;

const SEEDS: u64 = 10;
/// Twelve calls a second.
const A_SECOND: u64 = 12;

/// Every kind of refusal at once.
fn refusals() -> [(&'static str, Reply); 5] {
    let page = Body { is_page: true, ..read::of_error("<h1>502 Bad Gateway</h1>") };
    [
        ("503", Reply::after(ms(3), status(503), read::of_error(r#"{"error":"Service Unavailable"}"#))),
        ("502", Reply::after(ms(3), status(502), page)),
        ("529", error(529)),
        (
            "overloaded",
            Reply::after(ms(3), status(503), read::of_error(r#"{"error":"Model is overloaded"}"#)),
        ),
        ("429", too_many()),
    ]
}

fn innocents(seconds: u64) -> impl Iterator<Item = Caller> {
    (0..seconds * A_SECOND).map(|nth| Caller::with(Policy::default()).coming(ms(nth * 1_000 / A_SECOND)))
}

/// Half of `mean` to one and a half of it, for each call its own.
fn work(asked: Asked, mean: u64) -> Duration {
    ms(mean / 2 + u64::from(asked.who) * 7_919 % mean)
}

/// How many of the first `count` calls were answered, and how much longer than its work each of them took, sorted.
fn delays(meeting: &Meeting, count: usize, mean: u64) -> (usize, Vec<Duration>) {
    let answered = meeting.calls.iter().take(count).filter(|call| call.is_delivered());
    let mut delays: Vec<_> = answered.map(|call| call.took - ms(mean / 2).min(call.took)).collect();
    delays.sort();
    (delays.len(), delays)
}

#[test]
fn one_replica_of_three_that_refuses_from_the_start_holds_up_nobody() {
    for (what, refusal) in refusals() {
        for seed in 0..SEEDS {
            let mut nth = seed;
            let mut crowd = Crowd::of(innocents(60)).seeded(seed);
            crowd.rules.budget = None; // a third of failures is more than it pays for
            let meeting = crowd.against(|asked| {
                nth = nth.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                if (nth >> 33).is_multiple_of(3) { refusal.clone() } else { Reply::ok(work(asked, 800)) }
            });
            let (answered, delays) = delays(&meeting, 720, 800);
            let (median, most) = (delays[answered / 2], delays[answered * 95 / 100]);
            assert!(
                answered > 690 && median < secs(4) && most < secs(20),
                "{what}, seed {seed}: {answered} of 720, {median:?}, {most:?}"
            );
        }
    }
}

/// So many payloads at once, every four seconds after twelve.
fn beside_bursts(burst: u64, seed: u64, refusal: &Reply) -> (usize, Vec<Duration>) {
    let poison = (0..7)
        .flat_map(|nth| (0..burst).map(move |_| Caller::with(Policy::default()).coming(secs(12 + 4 * nth))));
    let meeting = Crowd::of(innocents(40).chain(poison)).seeded(seed).against(|asked| {
        if u64::from(asked.who) < 40 * A_SECOND { Reply::ok(work(asked, 1_500)) } else { refusal.clone() }
    });
    delays(&meeting, 480, 1_500)
}

#[test]
fn a_few_payloads_that_are_refused_together_hold_up_nobody_else() {
    for (what, refusal) in refusals() {
        for burst in [3, 4, 8] {
            for seed in 0..SEEDS {
                let (answered, delays) = beside_bursts(burst, seed, &refusal);
                let (median, most) = (delays[answered / 2], delays[answered - 1]);
                assert!(
                    answered == 480 && median < secs(2) && most < secs(6),
                    "{burst} of {what}, seed {seed}: {answered} of 480, {median:?}, {most:?}"
                );
            }
        }
    }
}

#[test]
fn a_few_payloads_that_are_told_of_loading_together_hold_up_nobody_else() {
    for (what, says) in [("loading", loading()), ("an estimate", loading_for(secs(20)))] {
        for burst in [4, 6, 10] {
            for seed in 0..SEEDS {
                let (answered, delays) = beside_bursts(burst, seed, &says);
                let (median, most) = (delays[answered / 2], delays[answered - 1]);
                assert!(
                    answered == 480 && median < secs(2) && most < secs(6),
                    "{burst} of {what}, seed {seed}: {answered} of 480, {median:?}, {most:?}"
                );
            }
        }
    }
}

#[test]
fn a_replica_that_refuses_beside_others_that_answer_slowly_holds_up_few() {
    // Three calls a second of three seconds, where one replica of two or of three refuses.
    for (what, refusal) in refusals() {
        for of in [2, 3] {
            let (mut medians, mut all) = (Vec::new(), 0);
            for seed in 0..20 {
                let mut nth = seed;
                let callers = (0..180).map(|nth| Caller::with(Policy::default()).coming(ms(nth * 1_000 / 3)));
                let meeting = Crowd::of(callers).seeded(seed).against(|asked| {
                    nth = nth.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    if (nth >> 33).is_multiple_of(of) {
                        refusal.clone()
                    } else {
                        Reply::ok(work(asked, 3_000))
                    }
                });
                let (answered, delays) = delays(&meeting, 180, 3_000);
                all += answered;
                medians.push(delays[answered / 2]);
            }
            medians.sort();
            assert!(
                all > 3_300 && medians[10] < secs(18),
                "{what}, one of {of}: {all} of 3600, {:?}",
                medians[10]
            );
        }
    }
}

#[test]
fn payloads_that_are_always_refused_hold_up_no_call_whose_answer_takes_long() {
    // Answers of so long, a call every so often, and a payload that is always refused every so often.
    for (mean, every, poison, least, most) in [
        (3_000, 1_000, 500, 100, secs(6)),
        (3_000, 1_000, 1_000, 100, secs(6)),
        (10_000, 2_000, 500, 70, secs(24)),
    ] {
        // With answers of ten seconds pages of 502 still hold up others for half a minute.
        for (what, refusal) in refusals().into_iter().filter(|(what, _)| mean < 10_000 || *what != "502") {
            for seed in 0..SEEDS {
                let count = 60_000 / every;
                let innocents = (0..count).map(|nth| Caller::with(Policy::default()).coming(ms(nth * every)));
                let refused = (0..60_000 / poison)
                    .map(|nth| Caller::with(Policy::default()).coming(ms(nth * poison + 7)));
                let meeting = Crowd::of(innocents.chain(refused)).seeded(seed).against(|asked| {
                    if u64::from(asked.who) < count { Reply::ok(work(asked, mean)) } else { refusal.clone() }
                });
                let (answered, delays) = delays(&meeting, count as usize, mean);
                let share = answered * 100 / count as usize;
                let median = delays[answered / 2];
                assert!(
                    share >= least && median < most,
                    "{what}, {mean} ms, {poison} ms, seed {seed}: {answered} of {count}, {median:?}"
                );
            }
        }
    }
}

#[test]
fn refusals_beside_answers_of_ten_seconds_hold_up_few() {
    // Two calls a second. One replica of three refuses, or every second call has a payload that is always refused.
    let of_replica = |asked: Asked, nth: u64| asked.who < 120 && nth.is_multiple_of(3);
    let of_payload = |asked: Asked, _: u64| asked.who >= 120;
    type IsRefused<'a> = &'a dyn Fn(Asked, u64) -> bool;
    let kinds: [(&str, IsRefused<'_>, u64); 2] = [("replica", &of_replica, 0), ("payload", &of_payload, 120)];
    for (kind, is_refused, poison) in kinds {
        for (what, refusal) in refusals() {
            let (mut medians, mut all) = (Vec::new(), 0);
            for seed in 0..SEEDS {
                let mut nth = seed;
                let calls = (0..120).map(|nth| Caller::with(Policy::default()).coming(ms(nth * 500)));
                let refused =
                    (0..poison).map(|nth| Caller::with(Policy::default()).coming(ms(nth * 500 + 7)));
                let meeting = Crowd::of(calls.chain(refused)).seeded(seed).against(|asked| {
                    nth = nth.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    if is_refused(asked, nth >> 33) {
                        refusal.clone()
                    } else {
                        Reply::ok(work(asked, 10_000))
                    }
                });
                let (answered, delays) = delays(&meeting, 120, 10_000);
                all += answered;
                medians.push(delays[answered / 2]);
            }
            medians.sort();
            // Pages of 502 may mean that the target is down.
            let most = if what == "502" { secs(20) } else { secs(9) };
            assert!(
                all > 1_170 && medians[5] < most,
                "{kind}, {what}: {all} of 1200, half are {:?} late",
                medians[5]
            );
        }
    }
}

#[test]
fn a_payload_that_is_told_of_loading_holds_up_no_target_that_is_asked_now_and_then() {
    // A call each seven seconds, and such a payload every so often.
    for (poison, estimate) in [(3_000, 240), (10_000, 240), (10_000, 20), (30_000, 240)] {
        for seed in 0..SEEDS {
            let calls = (0..34).map(|nth| Caller::with(Policy::default()).coming(secs(nth * 7)));
            let told = (0..240_000 / poison)
                .map(|nth| Caller::with(Policy::default()).coming(ms(nth * poison + 1_007)));
            let meeting = Crowd::of(calls.chain(told)).seeded(seed).against(|asked| {
                if asked.who < 34 { Reply::ok(work(asked, 1_500)) } else { loading_for(secs(estimate)) }
            });
            let (answered, delays) = delays(&meeting, 34, 1_500);
            let (median, most) = (delays[answered / 2], delays[answered - 1]);
            assert!(
                answered == 34 && median < secs(3) && most < secs(8),
                "each {poison} ms, {estimate} s, seed {seed}: {answered} of 34, {median:?}, {most:?}"
            );
        }
    }
}

#[test]
fn two_of_three_payloads_that_are_refused_beside_slow_answers_lose_no_other_call() {
    // At a client that knows the target. Beside pages of 502 the others still wait.
    for (what, refusal) in refusals() {
        for seed in 0..SEEDS {
            let warm = (0..12).map(|nth| Caller::with(Policy::default()).coming(ms(nth * 250)));
            let good = (0..30).map(|nth| Caller::with(Policy::default()).coming(secs(8) + ms(nth * 250)));
            let bad = (0..60).map(|nth| Caller::with(Policy::default()).coming(secs(8) + ms(nth * 125)));
            let meeting = Crowd::of(warm.chain(good).chain(bad)).seeded(seed).against(|asked| {
                if u64::from(asked.who) < 42 { Reply::ok(secs(3)) } else { refusal.clone() }
            });
            let mut took: Vec<_> = meeting.calls[12..42]
                .iter()
                .filter(|call| call.is_delivered())
                .map(|call| call.took)
                .collect();
            took.sort();
            let median = took[took.len() / 2];
            let most = if what == "502" { secs(35) } else { secs(4) };
            assert!(
                took.len() == 30 && median < most,
                "{what}, seed {seed}: {} of 30, {median:?}",
                took.len()
            );
        }
    }
}
