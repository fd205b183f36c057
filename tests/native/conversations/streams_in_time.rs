//! The clocks of a stream: which of them comments, events, text and an absent reader stop.

use super::streams::{DONE, FINISH, ROLE, TEXT, at_once, events, stream, streamed, whole};
use crate::virtual_clock::{Conversation, Reply, Step, Timed, ms, policy, secs};
use query_with_retry::core::failure::{Code, Layer, Phase};
use query_with_retry::core::policy::{Given, Hold, Timeouts};
use query_with_retry::core::target::Profile;
use query_with_retry::core::time::Duration;

/// A reader that comes back wakes no call, so a clock may be noticed this late.
pub(super) const LATEST_RECHECK: Duration = ms(10);

/// A stream of these steps, and then the last one again and again.
fn for_ever(steps: &[Timed]) -> Reply {
    let then = steps.last().cloned();
    Reply::Streams { head: events(), head_after: ms(0), steps: steps.to_vec(), then }
}

/// Which clock ends the first attempt of a call to this server, and when.
#[track_caller]
fn ends(given: Given, server: &Reply, phase: Phase, after: Duration) {
    let call = streamed(Given { max_retries: Some(0), ..given }).script(std::slice::from_ref(server));
    assert!(call.ends_with(Code::Timeout, Some(phase)), "{:?}", call.end);
    assert_eq!(call.took, after, "{phase:?}");
    let layer = if phase == Phase::Connect { Layer::Network } else { Layer::Compute };
    assert_eq!(call.failure().layer, layer);
}

#[test]
fn headers_may_be_as_late_as_the_answer_unless_the_caller_says_how_late() {
    ends(Given::default(), &Reply::Silence, Phase::Attempt, secs(120));
    let given = Given { connect: Some(secs(3)), ..Given::default() };
    // The origin has as long again to say whether it is there.
    ends(given, &Reply::Silence, Phase::Connect, secs(6));
    let late = Reply::Streams {
        head: events(),
        head_after: ms(5999),
        steps: vec![(secs(50), TEXT), (secs(1), DONE)],
        then: None,
    };
    assert!(streamed(given).script(&[late]).is_delivered());
    // An answer in one piece, once its headers have come.
    let in_one_piece = Reply::Answers {
        head: crate::virtual_clock::status(200),
        head_after: secs(1),
        body: crate::read::of_success("{}", "application/json"),
        body_after: secs(60),
    };
    assert!(streamed(given).script(&[in_one_piece]).is_delivered());
    assert!(Conversation::with(policy(given)).script(&[Reply::ok(secs(60))]).is_delivered());
}

#[test]
fn without_a_connect_clock_the_headers_of_a_stream_may_take_the_whole_attempt() {
    let given = Given { connect: Some(Timeouts::NEVER), ..Given::default() };
    ends(given, &Reply::Silence, Phase::Attempt, secs(120));
    let hold = Some(Hold::For(secs(50)));
    let call = streamed(Given { hold, max_retries: Some(0), ..given })
        .at(Profile::Endpoint)
        .script(&[Reply::Silence]);
    assert_eq!((call.took, call.failure().phase), (secs(170), Some(Phase::Attempt)));
    let late = Reply::Streams {
        head: events(),
        head_after: secs(119),
        steps: vec![(ms(1), TEXT), (ms(1), DONE)],
        then: None,
    };
    let call = streamed(given).script(&[late]);
    assert!(call.is_delivered(), "{:?}", call.end);
    assert_eq!(call.sent.len(), 1);
}

#[test]
fn headers_that_do_not_come_are_asked_for_once_more() {
    let given = Given { connect: Some(secs(10)), ..Given::default() };
    let call = streamed(given).script(&[Reply::Silence]);
    assert!(call.ends_with(Code::Timeout, Some(Phase::Connect)));
    assert_eq!((call.sent.len(), call.record.attempts()[0].duration), (2, secs(20)));
    assert!(streamed(given).script(&[Reply::Silence, whole()]).is_delivered());
}

#[test]
fn a_hold_makes_connecting_longer() {
    let hold = Some(Hold::For(secs(50)));
    let given = Given { hold, connect: Some(secs(10)), max_retries: Some(0), ..Given::default() };
    let call = streamed(given).at(Profile::Endpoint).script(&[Reply::Silence]);
    assert_eq!((call.took, call.failure().phase), (secs(70), Some(Phase::Connect)));
}

#[test]
fn the_first_event_is_waited_for_as_long_as_a_first_byte() {
    let given = Given { first_byte: Some(secs(30)), ..Given::default() };
    ends(given, &stream(vec![]), Phase::FirstByte, secs(30));
    // Comments are none.
    ends(given, &for_ever(&[(secs(1), Step::Lives)]), Phase::FirstByte, secs(30));
    // A role is one.
    ends(given, &for_ever(&[(secs(1), ROLE)]), Phase::Attempt, secs(120));
}

#[test]
fn comments_for_ever_are_life_but_no_answer() {
    ends(Given::default(), &for_ever(&[(secs(1), Step::Lives)]), Phase::Attempt, secs(120));
    let call = streamed(Given::default()).script(&[for_ever(&[(secs(1), Step::Lives)])]);
    assert_eq!(call.sent.len(), 2);
}

#[test]
fn a_drip_without_text_meets_the_attempt_clock() {
    let drip = for_ever(&[(secs(1), ROLE), (secs(5), Step::Lives)]);
    ends(Given::default(), &drip, Phase::Attempt, secs(120));
    let given = Given { attempt: Some(secs(7)), ..Given::default() };
    ends(given, &drip, Phase::Attempt, secs(7));
}

#[test]
fn silence_is_idle_from_the_last_sign_of_life() {
    for (steps, last) in [
        (vec![(secs(5), Step::Lives)], secs(5)),
        (vec![(secs(5), ROLE)], secs(5)),
        (vec![(secs(5), TEXT)], secs(5)),
        (vec![(secs(5), TEXT), (secs(50), Step::Lives), (secs(50), TEXT)], secs(105)),
    ] {
        let server = Reply::Streams { head: events(), head_after: ms(0), steps, then: None };
        ends(Given::default(), &server, Phase::Idle, last + secs(60));
    }
}

#[test]
fn a_stream_that_has_begun_may_outlast_its_attempt() {
    let steps = [vec![(secs(100), TEXT)], vec![(secs(10), TEXT); 15], vec![(secs(1), FINISH)]].concat();
    let call = streamed(Given::default()).script(&[stream([vec![(secs(50), ROLE)], steps].concat())]);
    assert!(!call.is_delivered(), "idle between the role and the text");
    let steps: Vec<Timed> = [vec![(secs(10), TEXT); 25], vec![(secs(1), DONE)]].concat();
    let call = streamed(Given::default()).script(&[stream(steps)]);
    assert!(call.is_delivered(), "{:?}", call.end);
    assert_eq!((call.sent.len(), call.took), (1, secs(251) + ms(20)));
}

#[test]
fn the_total_ends_a_stream_that_goes_on_for_ever() {
    ends(Given::default(), &for_ever(&[(secs(1), TEXT)]), Phase::Total, secs(300));
    let given = Given { total: Some(secs(20)), ..Given::default() };
    ends(given, &for_ever(&[(secs(1), TEXT)]), Phase::Total, secs(20));
    // Though it said that it is finished before: then it is whole.
    let call = streamed(given).script(&[for_ever(&[(secs(1), FINISH), (secs(1), Step::Lives)])]);
    assert!(call.is_delivered());
    assert_eq!(call.took, secs(20));
}

#[test]
fn a_finish_without_an_end_is_waited_for_as_long_as_silence_is() {
    let call = streamed(Given::default()).script(&[at_once(&[TEXT, FINISH])]);
    assert!(call.is_delivered());
    assert_eq!(call.took, secs(60) + ms(40));
    // `[DONE]` is not.
    assert_eq!(streamed(Given::default()).script(&[at_once(&[TEXT, DONE])]).took, ms(40));
}

#[test]
fn a_slow_reader_is_never_a_timeout() {
    let slow = |span| {
        let steps =
            [TEXT, Step::Leaves(span), TEXT, Step::Leaves(span), TEXT, Step::Leaves(span), FINISH, DONE];
        stream(steps.map(|step| (ms(10), step)).into())
    };
    let given = Given {
        first_byte: Some(secs(1)),
        idle: Some(secs(2)),
        attempt: Some(secs(3)),
        total: Some(secs(4)),
        ..Given::default()
    };
    for span in [ms(1), secs(1), secs(2), secs(3), secs(4), secs(59), secs(3600)] {
        let call = streamed(given).script(&[slow(span)]);
        assert!(call.is_delivered(), "{span:?}: {:?}", call.end);
        assert_eq!((call.away, call.sent.len()), (span + span + span, 1));
    }
}

#[test]
fn before_anything_was_handed_over_there_is_nothing_to_be_slow_with() {
    let call = streamed(Given::default()).script(&[at_once(&[ROLE, Step::Leaves(secs(9)), TEXT, DONE])]);
    assert!(call.is_delivered());
    assert_eq!((call.away, call.took), (ms(0), ms(60)));
}

#[test]
fn data_that_came_while_the_reader_was_away_is_there_when_it_comes_back() {
    let steps = vec![(ms(0), TEXT), (ms(0), Step::Leaves(secs(100))), (secs(3), TEXT), (secs(99), DONE)];
    let call = streamed(Given::default()).script(&[stream(steps)]);
    assert!(call.is_delivered(), "{:?}", call.end);
    assert_eq!(call.took, secs(102) + ms(20));
}

#[test]
fn a_reader_that_comes_back_to_silence_waits_for_as_long_as_any_other() {
    let steps = vec![(ms(0), TEXT), (ms(0), Step::Leaves(secs(100)))];
    let server = Reply::Streams { head: events(), head_after: ms(0), steps, then: None };
    ends(Given::default(), &server, Phase::Idle, secs(160));
}

#[test]
fn the_time_away_is_added_to_the_total_and_hardly_a_moment_more() {
    let given = Given { attempt: Some(secs(100)), total: Some(secs(100)), ..Given::default() };
    for away in [ms(1), secs(9), secs(30), secs(61), secs(500)] {
        for left_at in [secs(1), secs(49), secs(95), ms(99_999)] {
            let steps = [(left_at, TEXT), (ms(0), Step::Leaves(away)), (secs(1), Step::Lives)];
            let given = Given { idle: Some(secs(100)), ..given };
            let call = streamed(given).script(&[for_ever(&steps)]);
            assert!(call.ends_with(Code::Timeout, Some(Phase::Total)), "{:?}", call.end);
            let late = call.took - (secs(100) + away);
            assert!(call.took >= secs(100) + away && late <= LATEST_RECHECK, "{late:?} late");
        }
    }
}
