//! Isolates of a Worker: an exchange belongs to the request that began it, and may end with it unseen.

use super::*;

fn isolates(count: u64) -> Fleet {
    let rules = Rules { lease: Some(Duration::from_secs(5)), ..Rules::default() };
    let clients = (1..=count).map(|id| made(id, rules)).collect();
    Fleet { clients, text: String::new(), now: START, messages: 0 }
}

impl Fleet {
    /// The first client begins an exchange, if one is due.
    fn begins(&mut self) -> Option<Message> {
        let now = self.at();
        self.clients[0].exchange(now).map(|(_, message)| message)
    }

    /// How many tenths of a second pass until the first client begins another exchange.
    fn tenths_to_the_next(&mut self) -> u64 {
        let from = self.now;
        while self.begins().is_none() {
            self.later(10);
        }
        (self.now - from) / 100
    }

    fn awaits(&mut self, begun: bool, failed: bool) -> bool {
        let now = self.at();
        self.clients[0].awaits_reply(now, TARGET, begun, failed)
    }
}

#[test]
fn an_exchange_that_ends_unseen_is_lost_after_300_ms_and_leaves_the_client_in_the_fleet() {
    let mut fleet = isolates(1);
    fleet.goes(0, 0);
    fleet.exchanges(0);
    assert_eq!(fleet.modes(0), [Mode::Shared]);
    fleet.later(1_000);
    assert!(fleet.begins().is_some());
    fleet.later(299);
    assert!(fleet.begins().is_none());
    fleet.later(1);
    assert!(fleet.begins().is_some());
    assert_eq!(fleet.modes(0), []);
}

#[test]
fn a_late_reply_that_its_own_request_tells_of_makes_the_client_alone_for_a_second() {
    let mut fleet = isolates(1);
    fleet.goes(0, 0);
    fleet.exchanges(0);
    fleet.later(1_000);
    let message = fleet.begins().expect("a message");
    fleet.later(200);
    let now = fleet.at();
    fleet.clients[0].exchanged(now, TARGET, message.ticket, None);
    assert_eq!(fleet.modes(0), [Mode::Alone, Mode::Shared]);
    assert!((7..=10).contains(&fleet.tenths_to_the_next()));
}

#[test]
fn exchanges_that_end_with_their_calls_are_repeated_sooner_than_usual_at_growing_distances() {
    let mut fleet = isolates(1);
    fleet.goes(0, 0);
    fleet.exchanges(0);
    fleet.later(1_000);
    assert!(fleet.begins().is_some());
    let mut distances = Vec::new();
    for _ in 0..8 {
        let now = fleet.at();
        fleet.clients[0].loses(now, TARGET);
        distances.push(fleet.tenths_to_the_next());
    }
    let (first, later) = distances.split_at(3);
    assert_eq!(first, [1, 2, 4]);
    assert!(later.iter().all(|tenths| (8..=10).contains(tenths)), "{distances:?}");
    // One reply, and the next loss is the first again.
    fleet.later(1_000);
    fleet.exchanges(0);
    fleet.later(1_000);
    assert!(fleet.begins().is_some());
    let now = fleet.at();
    fleet.clients[0].loses(now, TARGET);
    assert_eq!(fleet.tenths_to_the_next(), 1);
}

#[test]
fn a_client_that_loses_every_exchange_is_alone_once_what_it_knew_is_three_seconds_old() {
    let mut fleet = isolates(1);
    fleet.goes(0, 0);
    fleet.exchanges(0);
    assert_eq!(fleet.modes(0), [Mode::Shared]);
    let mut alone_after = None;
    for step in 1..=50 {
        fleet.later(100);
        fleet.begins();
        let now = fleet.at();
        fleet.clients[0].loses(now, TARGET);
        if alone_after.is_none() && fleet.modes(0) == [Mode::Alone] {
            alone_after = Some(step);
        }
    }
    assert!(alone_after.is_some_and(|step| (30..=40).contains(&step)), "{alone_after:?}");
}

#[test]
fn a_reply_to_an_exchange_that_ended_with_its_call_changes_nothing() {
    let mut fleet = isolates(1);
    fleet.goes(0, 0);
    let message = fleet.begins().expect("a message");
    let now = fleet.at();
    fleet.clients[0].loses(now, TARGET);
    let reply = fleet.engine(&message);
    assert_eq!(fleet.clients[0].exchanged(now, TARGET, message.ticket, Some(reply)), None);
    assert_eq!(fleet.modes(0), []);
}

#[test]
fn a_call_that_failed_waits_for_the_exchange_that_it_began_and_an_answered_one_does_not() {
    let mut fleet = isolates(1);
    fleet.goes(0, 0);
    let message = fleet.begins().expect("a message");
    assert!(fleet.awaits(true, true));
    assert!(!fleet.awaits(true, false));
    assert!(!fleet.awaits(false, true));
    let (now, reply) = (fleet.at(), fleet.engine(&message));
    fleet.clients[0].exchanged(now, TARGET, message.ticket, Some(reply));
    assert!(!fleet.awaits(true, true));
}

#[test]
fn a_call_that_has_news_waits_until_it_is_told() {
    let mut fleet = isolates(1);
    fleet.goes(0, 0);
    fleet.exchanges(0);
    fleet.later(20);
    fleet.hears_loading(0, 1);
    assert!(fleet.begins().is_none(), "the last exchange was a moment ago");
    assert!(fleet.clients[0].has_news() && fleet.awaits(false, false));
    fleet.later(100);
    let message = fleet.begins().expect("a message");
    assert!(fleet.awaits(true, false));
    let (now, reply) = (fleet.at(), fleet.engine(&message));
    let next =
        fleet.clients[0].exchanged(now, TARGET, message.ticket, Some(reply)).expect("what it has found");
    assert!(fleet.awaits(true, false));
    let reply = fleet.engine(&next);
    fleet.clients[0].exchanged(now, TARGET, next.ticket, Some(reply));
    assert!(!fleet.awaits(true, false) && !fleet.clients[0].has_news());
}

#[test]
fn no_call_waits_to_tell_its_news_to_an_engine_that_is_gone() {
    let mut fleet = isolates(1);
    fleet.goes(0, 0);
    let message = fleet.begins().expect("a message");
    let now = fleet.at();
    fleet.clients[0].exchanged(now, TARGET, message.ticket, None);
    fleet.hears_loading(0, 1);
    assert!(fleet.clients[0].has_news());
    assert!(!fleet.awaits(true, true));
}
