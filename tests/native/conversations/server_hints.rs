//! `RetryClass-After` and its like, from the header to the moment of the next request.

use super::{asking, ok};
use crate::virtual_clock::{Conversation, Reply, ms, policy, secs};
use query_with_retry::core::call::Head;
use query_with_retry::core::failure::Code;
use query_with_retry::core::hint::{self, Now};
use query_with_retry::core::policy::{Given, Policy};
use query_with_retry::core::time::Duration;

/// Fri, 20 Nov 2026 10:00:00 GMT.
const NOW: Now = Now { ms: 1_795_168_800_000, is_right: true };

#[test]
fn a_floor_is_honoured_whatever_the_seed() {
    for code in [429, 503, 500, 529, 504] {
        for floor in [1, 7, 100] {
            for seed in 0..200 {
                let call = Conversation::with(Policy::default())
                    .seeded(seed)
                    .script(&[asking(code, secs(floor)), ok()]);
                let waited = call.sent[1].at - ms(20);
                // The longer of the two, its own back-off and what the server named.
                let backoff = if [429, 529].contains(&code) { secs(2) } else { ms(250) };
                let most = (secs(floor) + ms(1) + secs(floor).scaled(1, 4).min(secs(5))).max(backoff);
                assert!(call.is_delivered());
                assert!(waited > secs(floor) && waited <= most, "{code}, {floor} s, seed {seed}: {waited:?}");
            }
        }
    }
}

#[test]
fn a_server_that_says_zero_leaves_the_jitter_of_the_backoff() {
    for headers in ["retry-after: 0", "retry-after-ms: 0"] {
        for code in [429, 503, 500, 529, 504] {
            let head = Head { status: code, floor: hint::read(headers, NOW).wait, ..Head::default() };
            let waits = (0..200).map(|seed| {
                let reply = Reply::after(ms(0), head, super::nothing());
                Conversation::with(Policy::default()).seeded(seed).script(&[reply, ok()]).sent[1].at
            });
            let waits: Vec<_> = waits.collect();
            let of_a_quarter_second = waits.iter().filter(|wait| **wait > ms(125)).count();
            assert!(of_a_quarter_second > 70, "{code}, {headers:?}: {of_a_quarter_second} of 200");
        }
    }
}

#[test]
fn two_clients_with_the_same_floor_do_not_come_back_together() {
    let times: std::collections::HashSet<_> = (0..200)
        .map(|seed| {
            let call = Conversation::with(Policy::default()).seeded(seed);
            call.script(&[asking(429, secs(20)), ok()]).sent[1].at
        })
        .collect();
    assert!(times.len() > 150, "{} moments", times.len());
}

#[test]
fn a_floor_longer_than_the_time_left_fails_at_once_and_is_reported() {
    let given = Given { total: Some(secs(30)), ..Given::default() };
    for (code, expected) in [(429, Code::RateLimited), (503, Code::Unavailable), (504, Code::GatewayTimeout)]
    {
        for floor in [30, 31, 3600, 86_400] {
            let call = Conversation::with(policy(given)).script(&[asking(code, secs(floor)), ok()]);
            assert!(call.ends_with(expected, None), "{:?}", call.end);
            assert_eq!(call.failure().retry_after, Some(secs(floor)));
            assert_eq!((call.sent.len(), call.waits.len(), call.took), (1, 0, ms(20)));
        }
    }
}

#[test]
fn a_floor_that_grows_too_long_later_ends_the_call_then() {
    let call =
        Conversation::with(Policy::default()).script(&[asking(429, secs(200)), asking(429, secs(120)), ok()]);
    assert!(call.ends_with(Code::RateLimited, None));
    assert_eq!((call.sent.len(), call.failure().retry_after), (2, Some(secs(120))));
}

#[test]
fn each_way_of_writing_a_hint_moves_the_next_request() {
    for (headers, floor) in [
        ("retry-after: 7", secs(7)),
        ("retry-after: Fri, 20 Nov 2026 10:00:09 GMT", secs(9)),
        ("retry-after: Friday, 20-Nov-26 10:00:09 GMT", secs(9)),
        ("retry-after: Fri Nov 20 10:00:09 2026", secs(9)),
        ("retry-after-ms: 2500\nretry-after: 9", ms(2500)),
        ("ratelimit: \"api\";r=0;t=55, \"resolvers\";r=0;t=120, \"pages\";r=7;t=290", secs(121)),
    ] {
        let hint = hint::read(headers, NOW);
        let head = Head { status: 429, floor: hint.wait, resets: hint.resets, ..Head::default() };
        let reply = Reply::after(ms(0), head, super::nothing());
        let call = Conversation::with(Policy::default()).script(&[reply, ok()]);
        let most = floor + ms(1) + floor.scaled(1, 4).min(secs(5));
        let waited = call.sent[1].at;
        assert!(waited > floor && waited <= most, "{headers:?}: {waited:?}");
    }
}

#[test]
fn a_hint_that_is_none_leaves_the_backoff() {
    for headers in [
        "retry-after: -3",
        "retry-after: 0",
        "retry-after-ms: 0",
        "retry-after: soon",
        "retry-after: Fri, 20 Nov 2026 09:59:59 GMT",
        "ratelimit: \"api\";r=412;t=55",
    ] {
        let hint = hint::read(headers, NOW);
        assert_eq!((hint.wait, hint.resets), (None, None), "{headers:?}");
    }
    let call = Conversation::with(Policy::default()).script(&[super::error(429), ok()]);
    assert!(call.waits[0].action.span <= Duration::from_secs(2));
}

#[test]
fn a_wait_of_days_is_reported_and_not_waited_for() {
    for (headers, floor) in [
        ("retry-after: 99999999", secs(99_999_999)),
        ("x-ratelimit-remaining-requests: 0\nx-ratelimit-reset-requests: 48h", secs(172_800)),
    ] {
        let hint = hint::read(headers, NOW);
        let head = Head { status: 429, floor: hint.wait, resets: hint.resets, ..Head::default() };
        let call =
            Conversation::with(Policy::default()).script(&[Reply::after(ms(5), head, super::nothing())]);
        assert!(call.ends_with(Code::RateLimited, None), "{:?}", call.end);
        assert_eq!((call.sent.len(), call.failure().retry_after), (1, Some(floor)));
    }
}
