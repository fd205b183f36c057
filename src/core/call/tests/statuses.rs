//! A call that waits for a cold model asks the server for its status between its payloads.

use super::*;

/// The call, and when its payload is due: it was sent at second 1, and answered with "loading" at once.
fn cold(given: Given) -> (Lone, Instant) {
    let mut call = call(given, &[OPENAI]);
    call.handle(at(1_000), Input::Start);
    call.handle(at(1_000), head(503));
    let action = call.handle(at(1_000), said("model x is currently loading"));
    let Action::Wait(Wait { until, reason: WaitReason::Loading, .. }) = action else { panic!("{action:?}") };
    (call, until)
}

/// What a status at this time leads to: when the payload is due, and when the next status is asked for.
#[track_caller]
fn not_yet(call: &mut Lone, now: Instant) -> (Instant, Option<Instant>) {
    let action = call.handle(now, Input::Status(Status::NotYet));
    let Action::Wait(Wait { until, .. }) = action else { panic!("{action:?}") };
    (until, call.call.asking().map(|asking| asking.next))
}

#[test]
fn the_status_is_asked_for_at_once_and_a_payload_follows_after_four_minutes_at_the_latest() {
    let (call, due) = cold(Given::default());
    let asking = call.call.asking().expect("a status is asked for");
    assert_eq!((asking.next, asking.latest), (at(1_000), at(241_000)));
    assert!(due > at(1_000) && due < at(3_000), "{due:?}");
}

#[test]
fn a_status_that_says_not_yet_is_asked_for_every_second_and_after_a_minute_every_two() {
    let (mut call, _) = cold(Given::default());
    for (now, [least, most]) in [
        (1_010, [900, 1_000]),
        (2_000, [900, 1_000]),
        (60_999, [900, 1_000]),
        (61_000, [1_800, 2_000]),
        (90_000, [1_800, 2_000]),
    ] {
        let (until, next) = not_yet(&mut call, at(now));
        let next = next.expect("it is asked for again");
        let every = next.since(at(now)).as_ms();
        assert!((least..=most).contains(&every), "after {every} ms at {now}");
        assert_eq!(until, next + Duration::from_secs(5), "without a status the payload follows");
    }
}

#[test]
fn a_call_that_waits_for_something_else_asks_for_no_status() {
    let (mut call, due) = cold(Given::default());
    assert!(matches!(call.handle(due, Input::Woke), Action::Send(_)));
    assert!(call.call.asking().is_none(), "the payload is in flight");
    call.handle(due, head(500));
    assert_eq!(waits_for(call.handle(due, said("out of memory"))), Some(WaitReason::Backoff));
    assert!(call.call.asking().is_none(), "it waits for its next attempt");
}

#[test]
fn when_four_minutes_are_over_a_payload_checks_the_status() {
    let (mut call, _) = cold(Given::default());
    not_yet(&mut call, at(1_010));
    let (until, next) = not_yet(&mut call, at(238_500));
    assert!(until == at(241_000) && next.is_some_and(|next| next < until), "{until:?}, {next:?}");
    assert_eq!(not_yet(&mut call, at(240_500)), (at(241_000), None), "the next status would come too late");
    assert!(matches!(call.handle(at(241_000), Input::Woke), Action::Send(_)));
}

#[test]
fn the_payload_is_sent_when_the_status_says_that_the_model_is_up() {
    let (mut call, _) = cold(Given::default());
    not_yet(&mut call, at(1_010));
    let action = call.handle(at(1_020), Input::Status(Status::Up));
    assert!(matches!(action, Action::Send(_)), "long before it is due without a status: {action:?}");
}

#[test]
fn a_status_that_contradicts_the_payload_is_not_asked_for_again() {
    for status in [Status::Up, Status::Odd] {
        let (mut call, due) = cold(Given::default());
        let action = call.handle(at(1_010), Input::Status(status));
        assert!(matches!(action, Action::Wait(Wait { until, .. }) if until == due), "{status:?}: {action:?}");
        assert!(call.call.asking().is_none(), "{status:?}");
        assert!(matches!(call.handle(due, Input::Woke), Action::Send(_)), "{status:?}");
        call.handle(due, head(503));
        call.handle(due, said("model x is currently loading"));
        assert!(call.call.asking().is_none(), "{status:?}, after the next payload");
    }
}

#[test]
fn a_lost_status_is_asked_for_again_after_the_next_payload() {
    let (mut call, due) = cold(Given::default());
    call.handle(at(1_010), Input::Status(Status::Lost));
    assert!(call.call.asking().is_none());
    assert!(matches!(call.handle(due, Input::Woke), Action::Send(_)));
    call.handle(due, head(503));
    call.handle(due, said("model x is currently loading"));
    assert!(call.call.asking().is_some());
}

#[test]
fn no_status_is_asked_for_by_a_call_that_only_warms_nor_at_a_closed_port() {
    let given = Given::default();
    let policy = Policy { only_warms: true, ..Policy::new(given).unwrap() };
    let warming = Call::new(policy, vec![OPENAI], 7, at(1_000), 1);
    let mut warms = Lone { call: warming, shared: Shared::without_limits(2) };
    warms.handle(at(1_000), Input::Start);
    warms.handle(at(1_000), head(503));
    assert_eq!(
        waits_for(warms.handle(at(1_000), said("model x is currently loading"))),
        Some(WaitReason::Loading)
    );
    assert!(warms.call.asking().is_none());
    let mut closed = call(given, &[OPENAI]);
    assert_eq!(waits_for(lost(&mut closed, Lost::Refused, 10)), Some(WaitReason::Loading));
    assert!(closed.call.asking().is_none());
}
