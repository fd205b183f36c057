//! Failures of some calls, beside others that are answered: the circuit shuts out nobody who would be answered.

use super::error;
use super::world::{Asked, Caller, Crowd, Meeting};
use crate::virtual_clock::{Reply, ms, secs, status};
use query_with_retry::core::failure::Code;
use query_with_retry::core::policy::Policy;

const SEEDS: u64 = 20;
/// Two calls a second for a minute.
const INNOCENTS: usize = 120;

fn failures() -> [(&'static str, Reply); 4] {
    [
        ("500", error(500)),
        ("504", error(504)),
        ("reset", Reply::Resets { after: ms(3) }),
        ("cut", Reply::Breaks { head: status(200), head_after: ms(3), body_after: ms(3) }),
    ]
}

/// The innocent ones from `from` on, and then a payload every `gap` milliseconds that always fails.
fn beside_payloads(from: u64, gap: u64, seed: u64) -> impl Iterator<Item = Caller> {
    let calls = (0..INNOCENTS as u64).map(move |nth| ms(from + nth * 500));
    let payloads = (0..60_000 / gap).map(move |nth| ms(from + nth * gap + seed * 137 % 500));
    calls.chain(payloads).map(|at| Caller::with(Policy::default()).coming(at))
}

fn is_innocent(asked: Asked) -> bool {
    (asked.who as usize) < INNOCENTS
}

fn answered(meeting: &Meeting) -> usize {
    meeting.calls.iter().take(INNOCENTS).filter(|call| call.is_delivered()).count()
}

#[test]
fn a_payload_that_always_fails_shuts_no_call_of_a_new_client_out() {
    for (mean, gap) in [(1_000, 500), (1_000, 1_000), (3_000, 500), (3_000, 1_000), (10_000, 2_000)] {
        for (what, bad) in failures() {
            for seed in 0..SEEDS {
                let meeting = Crowd::of(beside_payloads(0, gap, seed))
                    .seeded(seed)
                    .against(|asked| if is_innocent(asked) { Reply::ok(ms(mean)) } else { bad.clone() });
                let answered = answered(&meeting);
                assert_eq!(answered, INNOCENTS, "{what} each {gap} ms, answers of {mean} ms, seed {seed}");
            }
        }
    }
}

#[test]
fn a_payload_that_always_fails_keeps_no_circuit_open_after_an_outage() {
    // The minute begins with an outage of eight seconds.
    for gap in [500, 1_000, 2_000] {
        for (what, bad) in failures() {
            let mut all = 0;
            for seed in 0..SEEDS {
                let meeting = Crowd::of(beside_payloads(5_000, gap, seed)).seeded(seed).against(|asked| {
                    let is_down = (secs(5)..secs(13)).contains(&asked.at);
                    if is_innocent(asked) && !is_down { Reply::ok(ms(300)) } else { bad.clone() }
                });
                all += answered(&meeting);
            }
            // The circuit opens in the outage, and stays open for 15 to 19 seconds; if the probe has such a payload, twice as
            // long again. So seven of ten at the best.
            let of = INNOCENTS * SEEDS as usize;
            assert!(all * 100 > of * 40, "{what} each {gap} ms: {all} of {of}");
        }
    }
}

#[test]
fn one_replica_of_two_that_fails_shuts_no_call_out() {
    for mean in [300, 1_000, 3_000] {
        for (what, bad) in failures() {
            let mut shut_out = 0;
            for seed in 0..SEEDS {
                let mut nth = seed;
                let callers =
                    (0..INNOCENTS as u64).map(|nth| Caller::with(Policy::default()).coming(ms(nth * 500)));
                let mut crowd = Crowd::of(callers).seeded(seed);
                crowd.rules.budget = None; // half of the attempts is more than it pays for
                let meeting = crowd.against(|_| {
                    nth = nth.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    if (nth >> 33).is_multiple_of(2) { bad.clone() } else { Reply::ok(ms(mean)) }
                });
                shut_out +=
                    meeting.calls.iter().filter(|call| call.failed_by(Code::CircuitOpen, None)).count();
            }
            // Where the first five attempts fail, nobody knows of the other replica.
            let of = INNOCENTS * SEEDS as usize;
            assert!(shut_out * 100 < of * 8, "{what}, answers of {mean} ms: {shut_out} of {of}");
        }
    }
}

#[test]
fn a_target_whose_failures_take_seconds_is_shut_out_though_many_calls_are_in_flight() {
    for seed in 0..SEEDS {
        // A minute of answers, and then nothing but failures after four seconds each.
        let callers = (0..480).map(|nth| Caller::with(Policy::default()).coming(ms(nth * 250)));
        let late = Reply::after(secs(4), status(500), crate::read::of_error(r#"{"error": "no"}"#));
        let mut failures = 0;
        Crowd::of(callers).seeded(seed).against(|asked| {
            if asked.at < secs(60) {
                return Reply::ok(ms(1_500));
            }
            failures += u32::from(asked.at < secs(100));
            late.clone()
        });
        // 105 if those in flight counted as answered.
        assert!(failures < 100, "seed {seed}: {failures}");
    }
}

#[test]
fn five_failures_in_a_row_beside_three_calls_that_a_new_target_works_on_open_no_circuit() {
    for (what, bad) in failures() {
        for seed in 0..SEEDS {
            let good = (0..3).map(|_| ms(0));
            let bads = (0..5).map(|nth| ms(nth * 60));
            let later = (0..5).map(|nth| ms(300 + nth * 300));
            let calls = good.chain(later).chain(bads).map(|at| Caller::with(Policy::default()).coming(at));
            let meeting = Crowd::of(calls)
                .seeded(seed)
                .against(|asked| if asked.who < 8 { Reply::ok(secs(3)) } else { bad.clone() });
            let answered = meeting.calls.iter().take(8).filter(|call| call.is_delivered()).count();
            assert_eq!(answered, 8, "{what}, seed {seed}");
        }
    }
}
