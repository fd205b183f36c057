//! Engines that are slow, contended, gone or wrong, and clients that have nothing to ask.

use super::*;

#[test]
fn a_client_without_traffic_sends_no_message() {
    let mut fleet = Fleet::of(1);
    assert_eq!(fleet.clients[0].exchange_due(), None);
    fleet.passes(5_000);
    assert_eq!(fleet.messages, 0);
    fleet.ends(0, 0, Outcome::Ok);
    fleet.passes(60_000);
    assert!((1..=2).contains(&fleet.messages), "{}", fleet.messages);
}

#[test]
fn a_client_with_traffic_asks_about_once_a_second() {
    let mut fleet = Fleet::of(1);
    fleet.goes(0, 0);
    fleet.passes(60_000);
    assert!((60..=75).contains(&fleet.messages), "{}", fleet.messages);
}

#[test]
fn a_client_shares_from_the_first_reply_on_and_is_alone_200_ms_after_the_first_that_is_missing() {
    let mut fleet = Fleet::of(1);
    fleet.goes(0, 0);
    fleet.exchanges(0);
    assert_eq!(fleet.modes(0), [Mode::Shared]);
    fleet.later(1_000);
    let now = fleet.at();
    assert!(fleet.clients[0].exchange(now).is_some());
    fleet.later(199);
    let now = fleet.at();
    assert!(fleet.clients[0].exchange(now).is_none() && fleet.modes(0).is_empty());
    fleet.later(1);
    let now = fleet.at();
    assert!(fleet.clients[0].exchange(now).is_none());
    assert_eq!(fleet.modes(0), [Mode::Alone]);
}

#[test]
fn an_engine_that_is_gone_is_asked_at_growing_distances_up_to_a_minute() {
    let mut fleet = Fleet::of(1);
    fleet.goes(0, 0);
    let (mut asked, mut distances) = (fleet.now, Vec::new());
    while distances.len() < 12 {
        fleet.later(10);
        let now = fleet.at();
        if let Some((target, message)) = fleet.clients[0].exchange(now) {
            fleet.clients[0].exchanged(now, target, message.ticket, None);
            distances.push((fleet.now - asked) / 100);
            asked = fleet.now;
        }
    }
    let grown = distances.iter().zip([0_u64, 8, 16, 32, 64, 128, 256, 512, 600, 600, 600, 600]);
    for (distance, most) in grown.skip(1) {
        assert!((most * 3 / 4..=most * 5 / 4 + 1).contains(distance), "{distances:?}");
    }
}

#[test]
fn a_state_of_another_version_or_of_another_program_is_left_alone() {
    for text in ["2 1 2 3", "garbage", "{\"state\":1}"] {
        let mut fleet = Fleet::of(1);
        fleet.text = text.into();
        fleet.hears_loading(0, 0);
        fleet.passes(5_000);
        assert_eq!(fleet.text, text);
        assert_eq!(fleet.modes(0), [Mode::Alone; 0]);
    }
}

#[test]
fn clocks_that_differ_by_an_hour_do_not_matter_and_one_that_stands_still_is_no_clock() {
    for (frozen, shares) in [(false, true), (true, false)] {
        let mut fleet = Fleet::of(1);
        fleet.goes(0, 0);
        let mut mode = Mode::Alone;
        for _ in 0..600 {
            fleet.later(100);
            let now = fleet.at();
            if let Some((target, message)) = fleet.clients[0].exchange(now) {
                let reply = fleet.engine(&message);
                let there = if frozen { EPOCH } else { reply.now + 3_600_000 };
                let reply = Reply { now: there, ..reply };
                fleet.clients[0].exchanged(now, target, message.ticket, Some(reply));
            }
            mode = fleet.modes(0).first().copied().unwrap_or(mode);
        }
        assert_eq!(mode == Mode::Shared, shares, "frozen: {frozen}");
    }
}

#[test]
fn a_reply_that_comes_after_its_exchange_was_given_up_changes_nothing() {
    let mut fleet = Fleet::of(1);
    fleet.goes(0, 0);
    let now = fleet.at();
    let (target, message) = fleet.clients[0].exchange(now).expect("a message");
    let reply = fleet.engine(&message);
    fleet.later(250);
    let now = fleet.at();
    assert!(fleet.clients[0].exchange(now).is_none());
    assert_eq!(fleet.clients[0].exchanged(now, target, message.ticket, Some(reply)), None);
    assert_eq!(fleet.modes(0), [Mode::Alone; 0], "it was alone before");
}

#[test]
fn a_client_that_three_others_precede_follows_them_and_tells_its_own_news_later() {
    let mut fleet = Fleet::of(2);
    fleet.hears_loading(0, 0);
    let now = fleet.at();
    let (target, mut message) = fleet.clients[0].exchange(now).expect("a message");
    let mut writes = 0;
    loop {
        // Another client writes before each message of this one.
        let mut other = View::read(&fleet.text).unwrap_or_else(|| View::new(EPOCH, 5));
        (other.writes, other.writer) = (other.writes + 1, 77);
        fleet.text = other.text();
        writes += u32::from(message.next.is_some());
        let reply = fleet.engine(&message);
        match fleet.clients[0].exchanged(now, target, message.ticket, Some(reply)) {
            Some(next) => message = next,
            None => break,
        }
    }
    assert_eq!((writes, fleet.view().cold), (3, 0));
    assert_eq!((fleet.modes(0), fleet.temperature(0)), (vec![Mode::Shared], Temperature::Cold));
    fleet.passes(1_000);
    assert!(fleet.view().cold > 0);
}
