//! What an origin's connections allow, one step at a time.

use super::*;
use crate::core::policy::Priority;
use crate::core::time::Duration;

const NOW: Instant = Instant::from_ms(60_000);

fn front() -> Front {
    Front::of(Priority::Default, NOW)
}

/// A target of an origin of which this is known, with so many connections in use.
fn using(known: Known, held: u32) -> (Rc<Origin>, Connections) {
    let origin = Rc::new(Origin::default());
    origin.learn(known);
    let mut target = Connections::default();
    target.belong(&origin, 1);
    (0..held).for_each(|call| target.acquire(call));
    (origin, target)
}

#[test]
fn a_page_uses_five_connections_and_a_sixth_while_it_finds_out_how_many_there_are() {
    for (known, most) in [(Known::Nothing, 5), (Known::Few, 5), (Known::Tried, 6)] {
        for held in 0..8 {
            let (_, mut target) = using(known, held);
            assert_eq!(target.is_available(NOW, 0, front()), held < most, "{known:?} {held}");
            assert_eq!(target.wait(), held >= most);
        }
    }
    assert!(using(Known::Many, 100).1.is_available(NOW, 0, front()));
}

#[test]
fn connections_are_limited_until_the_origin_is_known_to_have_many() {
    for known in [Known::Nothing, Known::Few, Known::Tried] {
        let (_, target) = using(known, 0);
        assert_eq!((target.most(), target.are_few()), (Some(5), true), "{known:?}");
    }
    let (_, target) = using(Known::Many, 0);
    assert_eq!((target.most(), target.are_few()), (None, false));
    assert_eq!((Connections::default().most(), Connections::default().are_few()), (None, false));
}

#[test]
fn the_protocol_is_wanted_once_each_time_that_a_call_had_to_wait() {
    let (origin, mut target) = using(Known::Nothing, 4);
    assert!(target.is_available(NOW, 0, front()));
    assert!(!origin.wants_protocol(), "nobody had to wait");
    target.acquire(9);
    assert!(!target.is_available(NOW, 0, front()));
    assert!(origin.wants_protocol());
    assert!(!origin.wants_protocol());
    origin.learn(Known::Few);
    assert!(!target.is_available(NOW, 0, front()));
    assert!(!origin.wants_protocol(), "it is known");
}

#[test]
fn an_answer_beside_six_others_shows_that_there_are_many_connections() {
    for (held, waiting, many) in
        [(6, 6, true), (7, 7, true), (7, 6, true), (5, 6, false), (7, 5, false), (6, 0, false)]
    {
        let (origin, target) = using(Known::Tried, held);
        origin.tried(waiting);
        assert_eq!(!target.are_few(), many, "{held} {waiting}");
    }
}

#[test]
fn a_request_that_was_not_tried_beside_six_others_shows_nothing() {
    let (origin, target) = using(Known::Few, 6);
    origin.tried(6);
    assert!(target.are_few());
    let (origin, target) = using(Known::Tried, 6);
    origin.tried(0);
    origin.tried(6);
    assert!(target.are_few(), "the trial is over");
}

#[test]
fn a_connection_that_becomes_free_ends_the_trial() {
    let (origin, mut target) = using(Known::Tried, 7);
    target.release(3);
    origin.tried(6);
    assert!(target.are_few());
    // A connection that is released twice was free already.
    let (origin, mut target) = using(Known::Nothing, 6);
    target.release(3);
    target.release(3);
    origin.learn(Known::Tried);
    assert!(target.is_available(NOW, 0, front()));
    target.acquire(8);
    assert!(!target.is_available(NOW, 0, front()));
}

#[test]
fn a_released_connection_changes_nothing_about_what_is_known() {
    let (_, mut target) = using(Known::Many, 0);
    target.acquire(1);
    target.release(1);
    assert!(!target.are_few());
    let (origin, mut target) = using(Known::Few, 5);
    target.release(1);
    target.acquire(6);
    target.is_available(NOW, 0, front());
    assert!(!origin.wants_protocol());
}

#[test]
fn a_free_connection_goes_to_the_target_whose_front_came_first() {
    let (origin, mut busy) = using(Known::Few, 5);
    let mut waiting: Vec<Connections> = (0..3).map(|_| Connections::default()).collect();
    for (nth, target) in waiting.iter_mut().enumerate() {
        target.belong(&origin, 1);
        let front = Front::of(Priority::Default, NOW + Duration::from_ms(10 - nth as u64));
        assert!(!target.is_available(NOW, nth, front));
    }
    assert_eq!(origin.next(NOW), None, "none is free");
    busy.release(0);
    assert_eq!(origin.next(NOW).map(|waiting| waiting.target), Some(2));
    assert_eq!(origin.next(NOW).map(|waiting| waiting.target), Some(1));
}

#[test]
fn a_target_that_waits_no_more_gets_no_turn() {
    let (origin, mut busy) = using(Known::Few, 5);
    let mut waiting = Connections::default();
    waiting.belong(&origin, 2);
    assert!(!waiting.is_available(NOW, 7, front()));
    waiting.wait_no_more(NOW, 7);
    assert!(!waiting.wait());
    busy.release(0);
    assert_eq!(origin.next(NOW), None);
}

#[test]
fn a_target_that_is_dropped_gives_its_connections_back() {
    let (origin, target) = using(Known::Few, 5);
    drop(target);
    let mut next = Connections::default();
    next.belong(&origin, 1);
    assert!(next.is_available(NOW, 0, front()));
}

#[test]
fn a_request_without_an_answer_may_wait_in_the_platform_where_more_are_in_flight_than_it_has_connections() {
    for (known, held, may_wait, then) in [
        (Known::Nothing, 7, true, Known::Nothing),
        (Known::Few, 7, true, Known::Few),
        (Known::Few, 6, false, Known::Few),
        (Known::Many, 7, false, Known::Many),
        (Known::Guessed, 7, true, Known::Nothing),
        (Known::Guessed, 6, false, Known::Guessed),
        (Known::Guessed, 8, true, Known::Nothing),
    ] {
        let (origin, target) = using(known, held);
        assert_eq!((target.are_too_few(), origin.known.get()), (may_wait, then), "{known:?} {held}");
    }
    assert!(!Connections::default().are_too_few());
}

#[test]
fn the_time_that_calls_wait_for_connections_is_added_up() {
    let after = |secs: u64| NOW + Duration::from_secs(secs);
    let (_origin, mut target) = using(Known::Few, 5);
    for (from, to, in_all) in [(0, 1, 1), (5, 7, 3), (9, 9, 3)] {
        assert!(!target.is_available(after(from), 0, front()));
        assert_eq!(target.waited(after(to)), Duration::from_secs(in_all));
        target.wait_no_more(after(to), 0);
        assert_eq!(target.waited(after(to + 1)), Duration::from_secs(in_all), "nobody waits");
    }
}
