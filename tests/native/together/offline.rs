//! Without a network nothing is sent and nothing is spent, and every call is answered soon after it is back.

use super::world::{Caller, Crowd, Meeting};
use super::{cold_for, ok};
use crate::virtual_clock::{Reply, ms, policy, secs};
use query_with_retry::core::admission::breaker::State;
use query_with_retry::core::failure::{Code, Phase};
use query_with_retry::core::policy::{Given, Policy};
use query_with_retry::core::record::WaitReason;
use query_with_retry::core::time::Duration;

const AWAY: [u64; 3] = [5, 60, 600];

fn patient() -> Policy {
    policy(Given { total: Some(secs(1_500)), ..Given::default() })
}

fn offline(callers: impl IntoIterator<Item = Caller>, from: Duration, for_secs: u64) -> Crowd {
    Crowd { offline: Some(from..from + secs(for_secs)), ..Crowd::of(callers) }
}

fn none_sent_between(meeting: &Meeting, from: Duration, until: Duration) {
    assert!(meeting.sent.iter().all(|sent| sent.at < from || sent.at >= until), "{:?}", meeting.sent);
}

fn breaker(meeting: &mut Meeting) -> State {
    let over = meeting.over;
    meeting.shared.snapshot(over, 0).map_or(State::Open, |seen| seen.breaker)
}

#[test]
fn a_call_in_flight_is_asked_again_within_five_seconds_of_coming_back() {
    for (away, seed) in AWAY.into_iter().flat_map(|away| (0..50).map(move |seed| (away, seed))) {
        let back = secs(1 + away);
        let callers = (0..20).map(|_| Caller::with(patient()));
        let mut meeting = offline(callers, secs(1), away).seeded(seed).against(|_| Reply::ok(secs(2)));
        assert_eq!(meeting.delivered(), 20, "away {away}, seed {seed}");
        none_sent_between(&meeting, secs(1), back);
        for call in &meeting.calls {
            assert!(call.came + call.took <= back + secs(5) + secs(20), "{:?}", call.took);
        }
        let waited = meeting.calls.iter().map(|call| call.record.waited(WaitReason::Offline)).max();
        assert!(waited >= Some(secs(away)), "{waited:?}");
        assert_eq!(breaker(&mut meeting), State::Closed);
    }
}

#[test]
fn a_call_that_comes_without_a_network_is_sent_when_there_is_one() {
    for away in AWAY {
        let mut meeting = offline([Caller::with(patient()).coming(secs(2))], secs(1), away).against(|_| ok());
        let call = &meeting.calls[0];
        assert!(call.is_delivered());
        assert_eq!(meeting.sent.len(), 1);
        assert_eq!(call.record.attempts().len(), 1);
        assert!(call.came + call.took <= secs(1 + away) + secs(5) + ms(300));
        assert_eq!(breaker(&mut meeting), State::Closed);
    }
}

#[test]
fn a_cold_start_goes_on_where_it_was_and_its_patience_has_not_run() {
    for (away, seed) in AWAY.into_iter().flat_map(|away| (0..50).map(move |seed| (away, seed))) {
        let (from, back) = (secs(10), secs(10 + away));
        let callers = (0..20).map(|_| Caller::with(patient()));
        let meeting = offline(callers, from, away).seeded(seed).against(cold_for(secs(12), 64));
        assert_eq!(meeting.delivered(), 20, "away {away}, seed {seed}");
        none_sent_between(&meeting, from, back);
        let last = meeting.calls.iter().map(|call| call.took).max().unwrap();
        // The last of them waits for a permit as well.
        assert!(last <= back + secs(7), "away {away}, seed {seed}: {last:?}");
    }
}

#[test]
fn a_pause_between_two_attempts_ends_when_there_is_a_network() {
    let mut first = true;
    let meeting = offline([Caller::with(patient())], ms(30), 60)
        .against(|_| if std::mem::take(&mut first) { super::error(502) } else { ok() });
    assert!(meeting.calls[0].is_delivered());
    none_sent_between(&meeting, ms(30), ms(60_030));
    assert!(meeting.calls[0].took <= ms(30) + secs(66));
}

#[test]
fn a_call_without_a_network_fails_by_that_and_the_next_one_finds_a_closed_circuit() {
    let late = Caller::with(Policy::default()).coming(secs(700));
    let callers = (0..10).map(|_| Caller::with(Policy::default())).chain([late]);
    let mut meeting = offline(callers, ms(0), 650).against(|_| ok());
    assert_eq!(meeting.delivered(), 1);
    for call in &meeting.calls[..10] {
        assert!(call.failed_by(Code::Network, Some(Phase::Total)), "{:?}", call.end);
        assert_eq!(call.took, secs(300));
        assert_eq!(call.record.attempts().len(), 0);
        assert_eq!(call.record.waited(WaitReason::Offline), secs(300));
    }
    assert_eq!(meeting.sent.len(), 1);
    assert_eq!(breaker(&mut meeting), State::Closed);
}
