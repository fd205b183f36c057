//! The leader of a cold start asks for the status of its server between the payloads.

use super::world::{Caller, Crowd, Leaves, Meeting};
use super::{asking_while_loading, cold_for, loading, ok};
use crate::virtual_clock::{Reply, ms, policy, secs};
use query_with_retry::core::admission::budget::InitialTokens;
use query_with_retry::core::admission::coordinator::Rules;
use query_with_retry::core::call::Status;
use query_with_retry::core::policy::{Given, Policy};
use query_with_retry::core::record::Outcome;
use query_with_retry::core::time::Duration;

const SEEDS: u64 = 100;
const ENDLESS: usize = usize::MAX;

/// A status that is answered at once, and right.
fn honest(up: Duration) -> impl FnMut(Duration) -> (Duration, Status) {
    move |at| (ms(5), if at < up { Status::NotYet } else { Status::Up })
}

fn always(status: Status) -> impl FnMut(Duration) -> (Duration, Status) {
    move |_| (ms(5), status)
}

fn times(meeting: &Meeting) -> Vec<u64> {
    meeting.sent.iter().map(|sent| sent.at.as_ms()).collect()
}

/// One call with this seed, and one without a status.
fn alone(seed: u64) -> Crowd {
    Crowd::at_once(1).seeded(seed)
}

#[test]
fn a_cold_start_with_a_status_has_its_payload_within_a_second_and_three_hundredths_by_two_payloads() {
    for up in [secs(8), secs(30), secs(180)] {
        for seed in 0..SEEDS {
            let meeting = alone(seed).asking(cold_for(up, ENDLESS), honest(up));
            let sent = times(&meeting);
            assert_eq!(sent.len(), 2, "seed {seed}: {sent:?}");
            let latest = up.as_ms() + 1000 + up.as_ms() * 3 / 100;
            assert!((up.as_ms()..=latest).contains(&sent[1]), "seed {seed}: {sent:?}");
            assert!(meeting.calls[0].is_delivered());
        }
    }
}

#[test]
fn a_status_is_asked_for_at_once_then_every_second_and_after_a_minute_every_two_seconds() {
    for seed in 0..SEEDS {
        let meeting = alone(seed).asking(cold_for(secs(180), ENDLESS), honest(secs(180)));
        let asked: Vec<u64> = meeting.statuses.iter().map(|asked| asked.at.as_ms()).collect();
        assert_eq!(asked[0], 20, "right after the loading answer");
        for pair in asked.windows(2) {
            let every = if pair[0] < 59_990 { 900..=1010 } else { 1800..=2010 };
            assert!(every.contains(&(pair[1] - pair[0])), "seed {seed}: {pair:?}");
        }
        assert!(asked.windows(3).any(|of| of[1] - of[0] != of[2] - of[1]), "they are not in step");
    }
}

#[test]
fn of_fifty_calls_at_once_the_leader_alone_asks_and_sends_one_payload() {
    for seed in 0..SEEDS {
        let up = secs(30);
        let mut meeting = Crowd::at_once(50).seeded(seed).asking(cold_for(up, ENDLESS), honest(up));
        assert_eq!(meeting.delivered(), 50, "seed {seed}");
        assert_eq!(meeting.left_over(0), (0, 0));
        let while_cold = meeting.sent.iter().filter(|sent| sent.at < up).count();
        assert_eq!(while_cold, 4, "seed {seed}: those that were sent at once");
        let leader = meeting.statuses[0].who;
        assert!(meeting.statuses.iter().all(|asked| asked.who == leader));
        assert_eq!(meeting.sent[4].who, leader);
        assert!(meeting.statuses.len() <= 36, "seed {seed}: {}", meeting.statuses.len());
    }
}

#[test]
fn no_status_is_an_attempt_and_the_wait_for_it_is_one_for_the_model() {
    let meeting = alone(1).asking(cold_for(secs(8), ENDLESS), honest(secs(8)));
    let record = &meeting.calls[0].record;
    let attempts: Vec<_> = record.attempts().iter().map(|attempt| attempt.status).collect();
    assert_eq!(attempts, [Some(503), Some(200)]);
    assert_eq!(record.attempts()[1].outcome, Outcome::Ok);
}

#[test]
fn a_status_that_contradicts_the_loading_answer_at_once_costs_no_payload_and_is_not_asked_for_again() {
    for seed in 0..SEEDS {
        let without = alone(seed).against(cold_for(secs(60), ENDLESS));
        let meeting = alone(seed).asking(cold_for(secs(60), ENDLESS), always(Status::Up));
        assert_eq!(meeting.statuses.len(), 1);
        assert_eq!(times(&meeting), times(&without), "seed {seed}: the probes are those without a status");
    }
}

#[test]
fn a_status_that_is_odd_is_not_asked_for_again_and_the_probes_are_those_without_one() {
    for seed in 0..SEEDS {
        let without = alone(seed).against(cold_for(secs(60), ENDLESS));
        let meeting = alone(seed).asking(cold_for(secs(60), ENDLESS), always(Status::Odd));
        assert_eq!(meeting.statuses.len(), 1);
        assert_eq!(times(&meeting), times(&without), "seed {seed}");
    }
}

/// Two cold starts, an hour apart, each of 20 s.
fn twice() -> Crowd {
    Crowd::of([Duration::ZERO, secs(3600)].map(|comes| Caller::with(Policy::default()).coming(comes)))
}

fn cold_twice() -> impl FnMut(super::world::Asked) -> Reply {
    |asked| match asked.at {
        at if at < secs(20) => loading(),
        at if at >= secs(3600) && at < secs(3620) => loading(),
        _ => ok(),
    }
}

#[test]
fn a_status_that_says_up_too_early_costs_one_payload_and_is_never_asked_for_again() {
    for seed in 0..SEEDS {
        let meeting = twice()
            .seeded(seed)
            .asking(cold_twice(), |at| (ms(5), if at < secs(5) { Status::NotYet } else { Status::Up }));
        assert!(meeting.statuses.len() <= 8, "seed {seed}: {:?}", meeting.statuses);
        assert!(meeting.statuses.iter().all(|asked| asked.at < secs(7)), "seed {seed}");
        let first: Vec<u64> = times(&meeting).into_iter().filter(|at| *at < 3_600_000).collect();
        assert!((5000..=6100).contains(&first[1]), "seed {seed}: {first:?}");
        assert!(first.last().is_some_and(|at| *at <= 20_000 * 13 / 10), "seed {seed}: {first:?}");
        assert_eq!(meeting.delivered(), 2);
    }
}

#[test]
fn a_status_that_got_lost_is_asked_for_again_at_the_next_cold_start() {
    let meeting = twice().asking(cold_twice(), |at| match at {
        at if at < secs(3600) => (ms(5), Status::Lost),
        at if at < secs(3620) => (ms(5), Status::NotYet),
        _ => (ms(5), Status::Up),
    });
    assert!(meeting.statuses.iter().filter(|asked| asked.at < secs(3600)).count() >= 1);
    let second: Vec<u64> = times(&meeting).into_iter().filter(|at| *at >= 3_600_000).collect();
    assert_eq!(second.len(), 2, "{second:?}");
    assert!(second[1] <= 3_620_000 + 1600, "{second:?}");
}

#[test]
fn no_payload_comes_before_the_time_that_the_server_named_whatever_a_status_says() {
    for seed in 0..SEEDS {
        let (up, floor) = (secs(3), secs(12));
        let meeting = alone(seed)
            .asking(|asked| if asked.at < up { asking_while_loading(floor) } else { ok() }, honest(up));
        let sent = times(&meeting);
        assert_eq!(sent.len(), 2, "seed {seed}: {sent:?}");
        assert!((12_020..=15_100).contains(&sent[1]), "seed {seed}: {sent:?}");
        assert_eq!(meeting.statuses.len(), 2, "one at once, and one at that time");
    }
}

#[test]
fn after_the_time_that_the_server_named_a_status_goes_on_to_stand_for_payloads() {
    for seed in 0..SEEDS {
        let up = secs(30);
        let meeting = alone(seed)
            .asking(|asked| if asked.at < up { asking_while_loading(secs(8)) } else { ok() }, honest(up));
        let sent = times(&meeting);
        assert!(sent.len() == 2 && sent[1] <= 31_100, "seed {seed}: {sent:?}");
    }
}

#[test]
fn a_status_that_never_says_up_is_checked_by_a_payload_after_four_minutes_and_then_never_asked_for() {
    for seed in 0..SEEDS {
        let meeting = twice().seeded(seed).asking(cold_twice(), always(Status::NotYet));
        assert_eq!(meeting.delivered(), 2, "seed {seed}");
        assert!((239_000..=241_000).contains(&times(&meeting)[1]), "seed {seed}: {:?}", times(&meeting));
        assert!(meeting.statuses.iter().all(|asked| asked.at < secs(241)), "seed {seed}");
        // Its first probe comes after a quarter of what the last cold start took, as far as anybody could tell.
        let second = meeting.calls[1].took;
        assert!(second <= secs(62), "seed {seed}: {second:?}");
    }
}

#[test]
fn a_status_that_never_says_up_leaves_the_last_payload_to_a_call_with_less_time() {
    for seed in 0..SEEDS {
        let patient = Given { max_wait: Some(secs(30)), ..Given::default() };
        let crowd = Crowd::of([Caller::with(policy(patient))]).seeded(seed);
        let meeting = crowd.asking(cold_for(secs(8), ENDLESS), always(Status::NotYet));
        assert!(meeting.calls[0].is_delivered(), "seed {seed}: {:?}", meeting.calls[0].failure());
        assert!(times(&meeting)[1] <= 30_100);
    }
}

#[test]
fn a_status_that_hangs_delays_no_probe() {
    for seed in 0..SEEDS {
        let without = alone(seed).against(cold_for(secs(60), ENDLESS));
        let meeting = alone(seed).asking(cold_for(secs(60), ENDLESS), |_| (secs(3600), Status::Up));
        assert_eq!(times(&meeting), times(&without), "seed {seed}");
    }
}

#[test]
fn a_status_that_hangs_later_is_followed_by_a_payload_after_six_seconds_at_most() {
    for seed in 0..SEEDS {
        let meeting = alone(seed).asking(cold_for(secs(60), ENDLESS), |at| {
            if at < secs(30) { (ms(5), Status::NotYet) } else { (secs(3600), Status::Up) }
        });
        let sent = times(&meeting);
        assert!((30_000..=36_100).contains(&sent[1]), "seed {seed}: {sent:?}");
        assert!(meeting.calls[0].is_delivered() && meeting.calls[0].took <= ms(60_000 * 13 / 10 + 400));
    }
}

#[test]
fn when_one_leader_after_the_other_is_aborted_the_next_one_sends_a_payload_and_asks_on() {
    for seed in 0..SEEDS {
        let mut crowd = Crowd::at_once(20).seeded(seed);
        for (nth, caller) in (0..).zip(crowd.callers.iter_mut().take(8)) {
            caller.leaves = Some((secs(5 + nth * 10), Leaves::Aborts));
        }
        let up = secs(120);
        let mut meeting = crowd.asking(cold_for(up, ENDLESS), honest(up));
        assert_eq!((meeting.delivered(), meeting.left_over(0)), (12, (0, 0)), "seed {seed}");
        let while_cold = meeting.sent.iter().filter(|sent| sent.at < up).count();
        assert!(while_cold <= 4 + 8, "seed {seed}: {while_cold}");
        let found = meeting.sent.iter().map(|sent| sent.at).find(|at| *at >= up);
        assert!(found.is_some_and(|at| at <= up + ms(2100)), "seed {seed}: {found:?}");
    }
}

#[test]
fn a_call_that_only_warms_asks_for_no_status_beside_its_own_requests() {
    let warms = Policy { only_warms: true, ..Policy::default() };
    let meeting = Crowd::of([Caller::with(warms)]).asking(cold_for(secs(20), ENDLESS), honest(secs(20)));
    assert!(meeting.statuses.is_empty());
}

#[test]
fn a_client_that_is_one_of_thousands_asks_for_no_status() {
    let crowd = alone(1);
    let one_of_many = Rules { initial_tokens: InitialTokens::AtMostOne { one: true }, ..Rules::default() };
    let crowd = Crowd { rules: one_of_many, ..crowd };
    let meeting = crowd.asking(cold_for(secs(20), ENDLESS), honest(secs(20)));
    assert!(meeting.statuses.is_empty());
}
