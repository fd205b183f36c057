//! Each call has its own patience and its own deadline, whichever call leads.

use super::world::{Caller, Crowd, Leaves, target};
use super::{cold_for, loading, ok};
use crate::virtual_clock::{ms, policy, secs};
use query_with_retry::core::admission::limiter;
use query_with_retry::core::call::Action;
use query_with_retry::core::failure::{Code, Phase};
use query_with_retry::core::policy::{Given, Policy};
use query_with_retry::core::record::WaitReason;

fn patient(max_wait: u64, total: u64) -> Policy {
    policy(Given { max_wait: Some(secs(max_wait)), total: Some(secs(total)), ..Given::default() })
}

#[test]
fn a_follower_gives_up_after_its_own_max_wait_and_says_so() {
    for seed in 0..20 {
        let callers = [200, 5, 30, 60, 100, 7].map(|wait| Caller::with(patient(wait, 300)).coming(ms(100)));
        let mut crowd = Crowd::of(callers).seeded(seed);
        crowd.callers[0].comes = ms(0);
        let mut meeting = crowd.against(|_| loading());
        for call in meeting.calls.iter().skip(1) {
            assert!(call.failed_by(Code::ModelLoading, Some(Phase::Wait)), "seed {seed}: {:?}", call.end);
        }
        let took: Vec<u64> = meeting.calls.iter().map(|call| call.took.as_secs()).collect();
        assert_eq!(took[1..], [5, 30, 60, 100, 7], "seed {seed}");
        assert!(
            meeting.calls[0].failed_by(Code::ModelLoading, Some(Phase::Wait)),
            "{:?}",
            meeting.calls[0].end
        );
        assert_eq!(meeting.left_over(0), (0, 0));
    }
}

#[test]
fn a_follower_whose_deadline_comes_first_fails_with_total() {
    let callers = [10, 45, 90].map(|total| Caller::with(patient(300, total)).coming(ms(100)));
    let leader = Caller::with(patient(300, 300));
    let meeting = Crowd::of([leader].into_iter().chain(callers)).against(|_| loading());
    for (call, total) in meeting.calls.iter().skip(1).zip([10, 45, 90]) {
        assert!(call.failed_by(Code::ModelLoading, Some(Phase::Total)), "{:?}", call.end);
        // The call that probed for the others gives up when no answer could come in time.
        let has_probed = !call.record.attempts().is_empty();
        let least = if has_probed { secs(total).scaled(9, 10) } else { secs(total) };
        assert!((least..=secs(total)).contains(&call.took), "{:?}", call.took);
        assert!(call.record.waited(WaitReason::Loading) + secs(1) > call.took);
    }
}

#[test]
fn when_an_impatient_leader_gives_up_the_patient_ones_go_on() {
    for seed in 0..20 {
        let impatient = Caller::with(patient(20, 300));
        let patient = (0..50).map(|_| Caller::with(patient(300, 300)).coming(ms(100)));
        let meeting =
            Crowd::of([impatient].into_iter().chain(patient)).seeded(seed).against(cold_for(secs(90), 99));
        assert!(
            meeting.calls[0].failed_by(Code::ModelLoading, Some(Phase::Wait)),
            "{:?}",
            meeting.calls[0].end
        );
        assert!(meeting.calls[0].took <= secs(25));
        assert_eq!(meeting.delivered(), 50, "seed {seed}");
        let last = meeting.calls.iter().map(|call| call.took).max().unwrap_or_default();
        assert!(last <= secs(90).scaled(13, 10), "seed {seed}: {last:?}");
    }
}

#[test]
fn a_leader_that_goes_to_its_fallback_leaves_the_lead_to_another() {
    for seed in 0..20 {
        let impatient = Caller { targets: vec![target(0), target(1)], ..Caller::with(patient(20, 300)) };
        let patient = (0..50).map(|_| Caller::with(patient(300, 300)).coming(ms(100)));
        let crowd = Crowd::of([impatient].into_iter().chain(patient)).seeded(seed);
        let meeting = crowd.against(|asked| match asked.target {
            0 if asked.at < secs(90) => loading(),
            _ => ok(),
        });
        assert_eq!((meeting.delivered(), meeting.sent_to(1).count()), (51, 1), "seed {seed}");
        let last = meeting.calls.iter().map(|call| call.took).max().unwrap_or_default();
        assert!(last <= secs(90).scaled(13, 10), "seed {seed}: {last:?}");
    }
}

#[test]
fn a_followers_patience_counts_from_when_it_came_and_not_from_when_the_model_went_down() {
    let callers = [0, 40, 80].map(|comes| Caller::with(patient(50, 300)).coming(secs(comes)));
    let leader = Caller::with(patient(300, 300));
    let meeting = Crowd::of([leader].into_iter().chain(callers)).against(|_| loading());
    for call in meeting.calls.iter().skip(2) {
        assert_eq!(call.took, secs(50), "came after {:?}", call.came);
    }
}

#[test]
fn a_follower_that_is_aborted_is_gone_at_once_and_nobody_else_notices() {
    for seed in 0..20 {
        let crowd = Crowd::at_once(100).seeded(seed);
        let mut left = crowd.clone();
        for (nth, caller) in (0..).zip(left.callers.iter_mut().skip(50)) {
            caller.leaves = Some((secs(1 + nth), Leaves::Aborts));
        }
        let [whole, mut left] = [&crowd, &left].map(|crowd| crowd.against(cold_for(secs(80), 99)));
        for (nth, call) in (0..).zip(left.calls.iter().skip(50)) {
            assert_eq!((call.end, call.took), (Some(Action::Abandon), secs(1 + nth)));
        }
        assert_eq!(left.delivered(), 50, "seed {seed}");
        let looks = |meeting: &super::world::Meeting| -> Vec<_> {
            meeting.sent.iter().map(|sent| (sent.at, sent.who)).filter(|(at, _)| *at < secs(80)).collect()
        };
        assert_eq!(looks(&whole), looks(&left), "seed {seed}");
        assert_eq!(left.left_over(0), (0, 0));
    }
}

#[test]
fn a_follower_that_has_a_fallback_goes_there_when_its_patience_is_over() {
    let mut crowd = Crowd::of((0..20).map(|_| Caller::with(patient(15, 300)).coming(ms(100))));
    crowd.callers[0] = Caller::with(patient(300, 300));
    for caller in crowd.callers.iter_mut().skip(1) {
        caller.targets = vec![target(0), target(1)];
    }
    let mut meeting =
        crowd.against(|asked| if asked.target == 0 && asked.at < secs(100) { loading() } else { ok() });
    assert_eq!(meeting.delivered(), 20);
    assert_eq!(meeting.sent_to(1).count(), 19);
    let late = meeting.calls.iter().skip(1).all(|call| call.took >= secs(15) && call.took < secs(18));
    assert!(late, "they went on when it was time");
    assert_eq!((meeting.left_over(0), meeting.left_over(1)), ((0, 0), (0, 0)));
}

#[test]
fn a_call_that_is_queued_until_its_deadline_fails_there() {
    let slow = || crate::virtual_clock::Reply::ok(secs(100));
    let callers = (0..10).map(|nth| Caller::with(patient(30, if nth < 4 { 300 } else { 30 })));
    let concurrency = limiter::Rule { max: 4, ..limiter::Rule::default() };
    let mut meeting = Crowd { concurrency, ..Crowd::of(callers) }.against(|_| slow());
    for call in meeting.calls.iter().skip(4) {
        assert!(call.failed_by(Code::Timeout, Some(Phase::Queue)), "{:?}", call.end);
        assert_eq!((call.took, call.record.waited(WaitReason::Queue)), (secs(30), secs(30)));
    }
    assert_eq!(meeting.delivered(), 4);
    assert_eq!(meeting.left_over(0), (0, 0));
}

#[test]
fn a_call_that_was_queued_when_the_model_was_found_cold_has_its_patience_for_that_too() {
    let meeting = Crowd::of((0..50).map(|_| Caller::with(patient(30, 300)))).against(|_| loading());
    for call in &meeting.calls {
        assert!(
            call.failed_by(Code::ModelLoading, Some(Phase::Wait)),
            "{:?} after {:?}",
            call.end,
            call.took
        );
        assert!((secs(22)..=secs(31)).contains(&call.took), "{:?}", call.took);
        assert!(call.record.waited(WaitReason::Loading) >= secs(20), "{:?}", call.record);
    }
    // Calls that were sent at once have waited since then; the first one probes once more at the end of it.
    assert!(meeting.calls[1..4].iter().all(|call| call.took <= secs(30)));
}
