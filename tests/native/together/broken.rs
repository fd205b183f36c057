//! A target that fails is left alone, asked again one at a time, and taken up again slowly.

use super::world::{Caller, Crowd, Meeting, target};
use super::{asking, error, ok, too_many};
use crate::read;
use crate::virtual_clock::{Reply, ms, policy, secs, status};
use query_with_retry::core::admission::coordinator::Rules;
use query_with_retry::core::failure::Code;
use query_with_retry::core::policy::{Given, Policy};
use query_with_retry::core::time::Duration;
use serde_json::json;

/// One call a second.
fn steadily(seconds: u64) -> Crowd {
    Crowd::of((0..seconds).map(|nth| Caller::with(Policy::default()).coming(secs(nth))))
}

fn with_fallback(mut crowd: Crowd) -> Crowd {
    for caller in &mut crowd.callers {
        caller.targets = vec![target(0), target(1)];
    }
    crowd
}

fn times(meeting: &Meeting, target: usize) -> Vec<Duration> {
    meeting.sent_to(target).map(|sent| sent.at).collect()
}

fn gaps(times: &[Duration]) -> Vec<u64> {
    times.windows(2).map(|pair| (pair[1] - pair[0]).as_ms()).collect()
}

#[test]
fn five_failures_are_the_last_that_is_sent_there_and_the_fallback_answers() {
    for seed in 0..20 {
        let crowd = with_fallback(Crowd::at_once(100)).seeded(seed);
        let mut meeting = crowd.against(|asked| if asked.target == 0 { error(502) } else { ok() });
        assert_eq!(meeting.delivered(), 100, "seed {seed}");
        // Of attempts that are in flight together only the last one counts as a failure: the others may be too many.
        assert!((5..=10).contains(&meeting.sent_to(0).count()), "seed {seed}: {:?}", times(&meeting, 0));
        assert_eq!(meeting.sent_to(1).count(), 100);
        assert_eq!((meeting.left_over(0), meeting.left_over(1)), ((0, 0), (0, 0)));
    }
}

#[test]
fn in_each_half_open_period_one_probe_is_sent_at_distances_that_double() {
    for seed in 0..10 {
        let crowd = with_fallback(steadily(2000)).seeded(seed);
        let meeting = crowd.against(|asked| if asked.target == 0 { error(502) } else { ok() });
        assert_eq!(meeting.delivered(), 2000, "seed {seed}");
        let all = times(&meeting, 0);
        let probes = gaps(&all[all.iter().position(|at| *at > secs(12)).unwrap_or(0)..]);
        for (gap, least) in probes.iter().zip([30_000, 60_000, 120_000, 240_000, 240_000, 240_000]) {
            // The next call comes within a second.
            assert!((least..=least * 5 / 4 + 1100).contains(gap), "seed {seed}: {gap} of {least}");
        }
        assert!(probes.len() >= 6, "seed {seed}: {}", probes.len());
    }
}

#[test]
fn a_probe_is_one_however_many_wait_for_it() {
    for seed in 0..20 {
        // A hundred a second.
        let callers = (0..6000).map(|nth| Caller::with(Policy::default()).coming(ms(nth * 10)));
        let meeting = Crowd::of(callers).seeded(seed).against(|_| error(502));
        let late = times(&meeting, 0).iter().filter(|at| **at > secs(10)).count();
        assert_eq!(late, 2, "seed {seed}: after 15 s and after 45 s");
    }
}

#[test]
fn without_a_fallback_calls_fail_at_once_and_say_for_how_long() {
    let meeting = steadily(14).against(|_| error(502));
    let refused = meeting.calls.iter().skip(5);
    for call in refused {
        let failure = call.failure().expect("nothing else answers");
        assert_eq!(failure.code, Code::CircuitOpen);
        assert_eq!(call.took, secs(0));
        let again = (call.came + failure.retry_after.expect("a time")).as_ms();
        assert!((14_000..=26_000).contains(&again), "{again}");
    }
}

#[test]
fn a_target_that_has_recovered_is_taken_up_again_and_nobody_goes_elsewhere_any_more() {
    for seed in 0..10 {
        let crowd = with_fallback(steadily(300)).seeded(seed);
        let meeting =
            crowd.against(|asked| if asked.target == 0 && asked.at < secs(60) { error(502) } else { ok() });
        assert_eq!(meeting.delivered(), 300, "seed {seed}");
        let elsewhere = times(&meeting, 1).last().copied().unwrap_or_default();
        assert!(elsewhere < secs(60 + 75 + 2), "seed {seed}: {elsewhere:?}");
    }
}

#[test]
fn the_fifth_timeout_in_a_row_opens_it_though_they_are_minutes_apart() {
    // Two attempts of two minutes each: the fifth timeout is after five and a half.
    let slow = (0..4).map(|nth| Caller::with(Policy::default()).coming(secs(nth * 90)));
    let then = (0..10).map(|nth| Caller::with(Policy::default()).coming(secs(332 + nth)));
    let crowd = with_fallback(Crowd::of(slow.chain(then)));
    let meeting = crowd.against(|asked| if asked.target == 0 { Reply::Silence } else { ok() });
    assert_eq!(meeting.delivered(), 14);
    let spared = meeting.calls.iter().skip(4).filter(|call| call.took < secs(1)).count();
    assert_eq!(spared, 10, "{:?}", times(&meeting, 0));
}

#[test]
fn a_target_that_never_answers_is_left_alone_for_longer_and_longer() {
    let callers = (0..60).map(|nth| Caller::with(Policy::default()).coming(secs(nth * 30)));
    let meeting = with_fallback(Crowd::of(callers)).against(|asked| match asked.target {
        0 => Reply::Silence,
        _ => ok(),
    });
    assert!(meeting.delivered() >= 58, "{}", meeting.delivered());
    let late = times(&meeting, 0).iter().filter(|at| **at > secs(600)).count();
    assert!(late <= 20, "{late} of the 40 calls of the last twenty minutes: {:?}", times(&meeting, 0));
}

#[test]
fn a_thousand_calls_that_all_fail_send_five_in_a_hundred_more_at_most() {
    for (status, gap) in [(500, 0), (500, 10), (500, 1000), (502, 100), (504, 100)] {
        for seed in 0..5 {
            let callers = (0..1000).map(|nth| Caller::with(Policy::default()).coming(ms(nth * gap)));
            let meeting = Crowd::of(callers).seeded(seed).against(|_| error(status));
            assert!(
                meeting.sent.len() <= 1050,
                "{status} every {gap} ms, seed {seed}: {}",
                meeting.sent.len()
            );
        }
    }
}

#[test]
fn without_a_breaker_a_thousand_that_all_fail_send_a_tenth_more_and_the_burst() {
    for (status, gap) in [(500, 0), (500, 10), (429, 10), (429, 1000)] {
        let callers = (0..1000).map(|nth| Caller::with(Policy::default()).coming(ms(nth * gap)));
        let mut crowd = Crowd::of(callers);
        crowd.rules = Rules { breaker: None, ..Rules::default() };
        let mut meeting = crowd.against(|_| error(status));
        assert!(meeting.sent.len() <= 1000 + 100 + 5, "{status} every {gap} ms: {}", meeting.sent.len());
        assert_eq!(meeting.left_over(0), (0, 0));
    }
}

#[test]
fn one_failure_in_a_hundred_is_retried_and_hurts_no_call() {
    for seed in 0..10 {
        let callers = (0..2000).map(|nth| Caller::with(Policy::default()).coming(ms(nth * 50)));
        let mut nth = 0;
        let meeting = Crowd::of(callers).seeded(seed).against(|_| {
            nth += 1;
            if nth % 100 == 0 { error(500) } else { ok() }
        });
        assert_eq!(meeting.delivered(), 2000, "seed {seed}");
        assert!(meeting.sent.len() <= 2040);
    }
}

#[test]
fn rate_limits_do_not_open_the_circuit_and_their_floors_hold_for_the_calls_that_got_them() {
    let meeting = steadily(60).against(|asked| match asked.at.as_secs() {
        0..3 => asking(429, secs(20)),
        _ => ok(),
    });
    assert!(meeting.delivered() >= 58, "{}", meeting.delivered());
    for call in meeting.calls.iter().take(3) {
        assert!(call.took > secs(20));
    }
    assert!(meeting.calls.iter().skip(3).all(|call| call.took < secs(1)));
}

#[test]
fn a_circuit_that_opens_while_retries_wait_lets_them_fail_with_what_they_had() {
    let tough = policy(Given { max_retries: Some(5), ..Given::default() });
    let meeting = Crowd::of((0..50).map(|_| Caller::with(tough))).against(|_| error(502));
    let mut codes: Vec<Code> =
        meeting.calls.iter().filter_map(|call| call.failure()).map(|failure| failure.code).collect();
    assert_eq!(codes.len(), 50);
    codes.retain(|code| *code != Code::CircuitOpen);
    let tried = meeting.calls.iter().filter(|call| !call.record.attempts().is_empty()).count();
    assert_eq!(codes, vec![Code::Unavailable; tried], "who was sent says how that ended");
}

#[test]
fn a_full_server_is_asked_less_and_less_until_it_keeps_up() {
    // Eight at once, a second each: a call every hundred milliseconds is more than the server can do.
    let patient = policy(Given { max_retries: Some(10), ..Given::default() });
    let callers = (0..600).map(|nth| Caller::with(patient).coming(ms(nth * 150)));
    let mut refused = 0;
    let mut meeting = Crowd::of(callers).against(|asked| {
        if asked.busy >= 8 {
            refused += 1;
            too_many()
        } else {
            Reply::ok(secs(1))
        }
    });
    assert!(refused <= 70, "{refused}");
    assert!(meeting.delivered() >= 590, "{}", meeting.delivered());
    assert_eq!(meeting.left_over(0), (0, 0));
}

#[test]
fn no_answer_with_a_status_of_400_to_499_opens_the_breaker_whatever_it_says() {
    for code in 400..500 {
        for says in ["no", "CUDA out of memory", "request timed out", "Model x is currently loading"] {
            let body = json!({ "error": says }).to_string();
            let meeting = steadily(12).against(|_| Reply::after(ms(20), status(code), read::of_error(&body)));
            let opened = meeting.calls.iter().filter(|call| call.failed_by(Code::CircuitOpen, None)).count();
            assert_eq!(opened, 0, "{code}, {says}");
        }
    }
}

#[test]
fn an_answer_of_400_to_499_whose_body_never_ends_does_not_open_the_breaker() {
    let hasty = policy(Given { total: Some(secs(1)), ..Given::default() });
    let crowd = Crowd::of((0..12).map(|nth| Caller::with(hasty).coming(secs(2 * nth))));
    let (body, body_after) = (read::of_error(""), secs(60));
    let meeting = crowd.against(|_| Reply::Answers {
        head: status(408),
        head_after: ms(20),
        body: body.clone(),
        body_after,
    });
    assert!(meeting.calls.iter().all(|call| !call.failed_by(Code::CircuitOpen, None)));
    assert_eq!(meeting.sent.len(), 12);
}
