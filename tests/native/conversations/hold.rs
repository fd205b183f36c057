//! A server that is asked to hold the request until the model is up.

use super::{error, nothing, ok};
use crate::virtual_clock::{Asked, Conversation, Reply, ms, policy, secs, status};
use query_with_retry::core::failure::{Code, Phase};
use query_with_retry::core::policy::{Given, Hold};
use query_with_retry::core::target::Profile;
use query_with_retry::core::time::Duration;

fn holding(hold: Hold, given: Given) -> Conversation {
    Conversation::with(policy(Given { hold: Some(hold), ..given })).at(Profile::Endpoint)
}

/// Holds as long as it is asked to, and answers as soon as it is up.
fn held_by(up_at: Duration) -> impl FnMut(Asked) -> Reply {
    move |asked| {
        let left = up_at - asked.at;
        match asked.hold {
            _ if left == ms(0) => ok(),
            Some(hold) if hold < left => Reply::after(hold, status(503), nothing()),
            Some(_) => Reply::ok(left + ms(300)),
            None => error(503),
        }
    }
}

#[test]
fn one_request_is_held_to_the_end_of_the_cold_start() {
    for seconds in [1, 8, 60, 150, 220] {
        let call = holding(Hold::AsLongAsItWaits, Given::default()).against(held_by(secs(seconds)));
        assert!(call.is_delivered(), "{seconds} s: {:?}", call.end);
        assert_eq!((call.sent.len(), call.took), (1, secs(seconds) + ms(300)));
    }
}

#[test]
fn the_clocks_of_the_attempt_are_longer_by_the_hold() {
    let given = Given { first_byte: Some(secs(10)), attempt: Some(secs(20)), ..Given::default() };
    let call = holding(Hold::For(secs(100)), given).against(held_by(secs(95)));
    assert!(call.is_delivered(), "{:?}", call.end);
    let clocks = call.sent[0].action.clocks;
    let began = crate::virtual_clock::BEGAN;
    assert_eq!(clocks.first_byte, Some(began + secs(110)));
    assert_eq!((clocks.attempt, clocks.total), (began + secs(120), began + secs(300)));
}

#[test]
fn a_hold_never_takes_more_than_three_quarters_of_what_is_left() {
    let given = Given { total: Some(secs(100)), ..Given::default() };
    let call = holding(Hold::AsLongAsItWaits, given).against(held_by(secs(500)));
    assert_eq!(call.sent[0].action.hold, Some(secs(75)));
    for sent in &call.sent {
        let room = secs(100) - sent.at;
        assert!(sent.action.hold.unwrap_or_default() <= room.scaled(3, 4), "{sent:?}");
    }
    assert!(call.ends_with(Code::ModelLoading, Some(Phase::Total)), "{:?}", call.end);
    assert!(call.took <= secs(100) && call.sent.len() < 10, "{} requests", call.sent.len());
}

#[test]
fn after_a_hold_that_ends_in_a_503_the_next_one_follows_a_second_or_two_later() {
    let call = holding(Hold::For(secs(60)), Given::default()).against(held_by(secs(100)));
    assert!(call.is_delivered());
    assert!(matches!(call.waits.as_slice(), [wait] if (secs(1)..=secs(2)).contains(&wait.action.span)));
    assert!((secs(61)..=secs(62)).contains(&call.sent[1].at));
}

#[test]
fn a_hold_is_no_longer_than_the_patience_that_is_left() {
    let given = Given { max_wait: Some(secs(80)), ..Given::default() };
    let call = holding(Hold::For(secs(60)), given).against(held_by(secs(500)));
    let holds: Vec<_> = call.sent.iter().map(|sent| sent.action.hold).collect();
    let left = secs(80) - call.sent[1].at;
    assert_eq!(holds[..2], [Some(secs(60)), Some(left)]);
    assert!(call.ends_with(Code::ModelLoading, Some(Phase::Wait)), "{:?}", call.end);
}

#[test]
fn a_server_that_ignores_the_hold_is_probed_as_if_it_had_not_been_asked() {
    let cold = |asked: Asked| if asked.at < secs(60) { error(503) } else { ok() };
    for seed in 0..200 {
        let held = holding(Hold::AsLongAsItWaits, Given::default()).seeded(seed).against(cold);
        let plain = holding(Hold::No, Given::default()).seeded(seed).against(cold);
        let times = |call: &crate::virtual_clock::Transcript| -> Vec<_> {
            call.sent.iter().map(|sent| sent.at).collect()
        };
        assert!(held.is_delivered());
        assert_eq!(times(&held), times(&plain), "seed {seed}");
    }
}

#[test]
fn only_a_host_that_can_hold_is_asked_to() {
    for (profile, asked) in [
        (Profile::Endpoint, true),
        (Profile::Legacy, true),
        (Profile::Router, false),
        (Profile::HfInference, false),
        (Profile::OpenAi, false),
    ] {
        let call = holding(Hold::AsLongAsItWaits, Given::default()).at(profile).script(&[ok()]);
        assert_eq!(call.sent[0].action.hold.is_some(), asked, "{profile:?}");
        let call = holding(Hold::No, Given::default()).at(profile).script(&[ok()]);
        assert_eq!(call.sent[0].action.hold, None);
    }
}

#[test]
fn a_hold_that_is_never_answered_ends_with_the_longer_attempt() {
    let given = Given { attempt: Some(secs(20)), ..Given::default() };
    let call = holding(Hold::For(secs(50)), given).script(&[Reply::Silence, ok()]);
    assert!(call.is_delivered());
    assert_eq!(call.record.attempts()[0].duration, secs(70));
}

#[test]
fn an_error_body_that_breaks_off_after_a_hold_does_not_lose_that_it_was_held() {
    let broken = Reply::Breaks { head: status(503), head_after: secs(60), body_after: ms(0) };
    let call = holding(Hold::For(secs(60)), Given::default()).script(&[broken, ok()]);
    assert!(call.is_delivered());
    assert!((secs(1)..=secs(2)).contains(&call.waits[0].action.span));
}
