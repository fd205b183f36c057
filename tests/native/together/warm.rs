//! A call that only wants the model up joins the cold start of the others and costs nothing beside them.

use super::world::{Caller, Crowd, Leaves};
use super::{cold_for, error, ok};
use crate::virtual_clock::{ms, secs};
use query_with_retry::core::policy::{Policy, Priority};
use query_with_retry::core::time::Duration;

const SEEDS: u64 = 100;
const ENDLESS: usize = usize::MAX;

fn warm_up(comes: Duration) -> Caller {
    Caller::with(Policy { only_warms: true, ..Policy::default() }).coming(comes)
}

fn query(comes: Duration) -> Caller {
    Caller::with(Policy::default()).coming(comes)
}

#[test]
fn a_warm_up_beside_fifty_calls_costs_no_request_more_than_the_calls_alone() {
    for load in [secs(3), secs(8), secs(60), secs(180)] {
        for place in [0, 1, 3, 4, 30, 50] {
            let (mut alone, mut beside) = (0, 0);
            for seed in 0..SEEDS {
                let mut crowd = Crowd::at_once(50).seeded(seed);
                alone += crowd.clone().against(cold_for(load, ENDLESS)).sent.len();
                crowd.callers.insert(place, warm_up(Duration::ZERO));
                let mut meeting = crowd.against(cold_for(load, ENDLESS));
                assert_eq!(meeting.delivered(), 51, "seed {seed}, {load:?}, place {place}");
                assert_eq!(meeting.left_over(0), (0, 0));
                beside += meeting.sent.len();
            }
            // The times of the probes are drawn: in one of a hundred runs one falls on the other side.
            assert!(beside <= alone + 1, "{beside}, and {alone} alone: {load:?}, place {place}");
        }
    }
}

#[test]
fn a_warm_up_hands_its_lead_to_a_call_that_comes_later() {
    for seed in 0..SEEDS {
        let crowd = Crowd::of([warm_up(Duration::ZERO), query(ms(500))]).seeded(seed);
        let meeting = crowd.against(cold_for(secs(30), ENDLESS));
        assert_eq!(meeting.delivered(), 2, "seed {seed}");
        let by_warm_up = meeting.sent.iter().filter(|sent| sent.who == meeting.sent[0].who).count();
        assert_eq!(by_warm_up, 1, "seed {seed}: it finds the model cold, and the call probes");
        let call = &meeting.calls[1];
        assert!(meeting.calls[0].took <= call.took + ms(500), "it ends with the answer of the call");
    }
}

#[test]
fn a_warm_up_alone_probes_until_the_model_is_up() {
    for seed in 0..SEEDS {
        let meeting = Crowd::of([warm_up(Duration::ZERO)]).seeded(seed).against(cold_for(secs(30), ENDLESS));
        assert_eq!(meeting.delivered(), 1);
        assert!((secs(30)..=secs(40)).contains(&meeting.calls[0].took), "{:?}", meeting.calls[0].took);
    }
}

#[test]
fn when_the_call_that_probes_leaves_the_warm_up_probes_itself() {
    for seed in 0..SEEDS {
        let mut crowd = Crowd::of([query(Duration::ZERO), warm_up(ms(100))]).seeded(seed);
        crowd.callers[0].leaves = Some((secs(5), Leaves::Aborts));
        let meeting = crowd.against(cold_for(secs(30), ENDLESS));
        assert_eq!(meeting.delivered(), 1, "seed {seed}");
        assert!((secs(30)..=secs(45)).contains(&meeting.calls[1].took), "{:?}", meeting.calls[1].took);
    }
}

#[test]
fn a_warm_up_on_a_warm_target_is_one_request_and_not_in_its_latencies() {
    let mut meeting = Crowd::of([warm_up(Duration::ZERO), query(secs(1))]).against(|_| ok());
    assert_eq!((meeting.delivered(), meeting.sent.len()), (2, 2));
    let over = meeting.over;
    let seen = meeting.shared.snapshot(over, 0).expect("a target");
    assert_eq!(seen.stats.latency().count(), 1, "the call's");
}

#[test]
fn a_warm_up_of_a_target_that_only_fails_fails_as_a_call_does() {
    let calls = [query(Duration::ZERO), warm_up(Duration::ZERO)];
    let ends = calls.map(|caller| {
        let meeting = Crowd::of([caller]).against(|_| error(500));
        (meeting.delivered(), meeting.sent.len(), meeting.calls[0].end)
    });
    assert_eq!(ends[0], ends[1]);
    assert_eq!(ends[1].0, 0);
}

#[test]
fn a_hundred_warm_ups_and_batch_calls_leave_nothing_behind() {
    for seed in 0..SEEDS {
        let batch = Policy { priority: Priority::Batch, ..Policy::default() };
        let callers = (0..100).map(|nth| {
            let policy = if nth % 2 == 0 { Policy { only_warms: true, ..batch } } else { batch };
            Caller::with(policy).coming(ms(nth * 130))
        });
        let mut meeting = Crowd::of(callers).seeded(seed).against(cold_for(secs(20), 4));
        assert_eq!(meeting.delivered(), 100, "seed {seed}");
        assert_eq!(meeting.left_over(0), (0, 0));
    }
}
