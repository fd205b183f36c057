//! A page has six connections for an origin over HTTP/1.1: five of ours are in use at once, whatever the targets.

use super::world::{self, Asked, Crowd, Meeting, target};
use super::{cold_for, ok};
use crate::virtual_clock::{Reply, ms, policy, secs, status};
use query_with_retry::core::admission::connections::Origin;
use query_with_retry::core::admission::coordinator::Rules;
use query_with_retry::core::admission::limiter;
use query_with_retry::core::admission::{Admission, Caller, Shared};
use query_with_retry::core::classify::Body;
use query_with_retry::core::failure::{Code, Phase};
use query_with_retry::core::policy::Priority;
use query_with_retry::core::policy::{Given, Policy};
use query_with_retry::core::record::WaitReason;
use query_with_retry::core::stats::alert::AlertRule;
use query_with_retry::core::time::{Duration, Instant};
use std::rc::Rc;

const AT_LEAST_32: limiter::Rule = limiter::Rule { min: 32, max: 64, queue: 10_000 };

fn to(nth: usize, policy: Policy) -> world::Caller {
    world::Caller { targets: vec![target(nth)], ..world::Caller::with(policy) }
}

fn of_priority(priority: Priority) -> Policy {
    policy(Given { priority, ..Given::default() })
}

fn page(callers: impl IntoIterator<Item = world::Caller>) -> Crowd {
    Crowd { few_connections: true, concurrency: AT_LEAST_32, ..Crowd::of(callers) }
}

/// How many requests were under way at once, each as long as the answer takes.
fn most_at_once(meeting: &Meeting, takes: Duration) -> usize {
    let at_once =
        |at: Duration| meeting.sent.iter().filter(|sent| sent.at <= at && at < sent.at + takes).count();
    meeting.sent.iter().map(|sent| at_once(sent.at)).max().unwrap_or(0)
}

#[test]
fn thirty_calls_to_three_models_are_five_at_once_and_all_are_answered_in_six_rounds() {
    let mut meeting =
        page((0..30).map(|nth| to(nth % 3, Policy::default()))).against(|_| Reply::ok(secs(12)));
    assert_eq!(meeting.delivered(), 30);
    assert_eq!(most_at_once(&meeting, secs(12)), 5);
    assert_eq!(meeting.calls.iter().map(|call| call.took).max(), Some(secs(72)));
    assert_eq!([0, 1, 2].map(|target| meeting.left_over(target)), [(0, 0); 3]);
    let waited = meeting.calls.iter().filter(|call| call.record.waited(WaitReason::Queue) > Duration::ZERO);
    assert_eq!(waited.count(), 25);
}

#[test]
fn higher_tiers_go_first_whatever_their_target_and_calls_that_waited_half_a_minute_before_all() {
    let first = (0..5).map(|_| to(0, of_priority(Priority::Batch)));
    let batch = (0..3).map(|_| to(1, of_priority(Priority::Batch)).coming(ms(10)));
    let urgent = (0..40).map(|_| to(2, of_priority(Priority::Interactive)).coming(ms(20)));
    let meeting = page(first.chain(batch).chain(urgent)).against(|_| Reply::ok(secs(8)));
    assert_eq!(meeting.delivered(), 48);
    let order: Vec<_> = meeting.sent.iter().map(|sent| sent.target).collect();
    // Four rounds of eight seconds, and then those that came first have waited for longer than thirty.
    assert_eq!(order[5..20], [2; 15]);
    assert_eq!(order[20..23], [1; 3]);
}

#[test]
fn a_cold_model_that_waits_for_a_connection_is_probed_once_there_is_one() {
    for seed in 0..100 {
        let busy = (0..5).map(|_| to(0, Policy::default()));
        let cold = (0..10).map(|_| to(1, Policy::default()).coming(ms(10)));
        let mut of_cold = cold_for(secs(30), 64);
        let mut meeting = page(busy.chain(cold)).seeded(seed).against(|asked: Asked| match asked.target {
            0 => Reply::ok(secs(12)),
            _ => of_cold(asked),
        });
        assert_eq!(meeting.delivered(), 15, "seed {seed}");
        let before = meeting.sent_to(1).filter(|sent| sent.at < secs(12)).count();
        assert_eq!(before, 0, "seed {seed}");
        assert!(meeting.sent_to(1).count() < 10 + 16, "seed {seed}");
        assert_eq!(meeting.left_over(1), (0, 0));
    }
}

#[test]
fn the_patience_with_a_cold_model_does_not_run_while_its_probe_waits_for_a_connection() {
    let patient = || policy(Given { max_wait: Some(secs(10)), total: Some(secs(120)), ..Given::default() });
    for (up, answered) in [(secs(5), 3), (secs(300), 0)] {
        for seed in 0..100 {
            let cold = (0..3).map(|_| to(1, patient()));
            let busy = (0..5).map(|_| to(0, Policy::default()).coming(ms(10)));
            let mut of_cold = cold_for(up, 64);
            let mut meeting =
                page(cold.chain(busy)).seeded(seed).against(|asked: Asked| match asked.target {
                    0 => Reply::ok(secs(30)),
                    _ => of_cold(asked),
                });
            let of_cold = &meeting.calls[..3];
            assert_eq!(of_cold.iter().filter(|call| call.is_delivered()).count(), answered, "seed {seed}");
            for late in of_cold.iter().filter(|call| !call.is_delivered()) {
                assert!(late.failed_by(Code::ModelLoading, Some(Phase::Wait)), "seed {seed}: {late:?}");
                assert!(late.took > secs(30) && late.took < secs(42), "seed {seed}: {:?}", late.took);
            }
            assert_eq!(meeting.left_over(1), (0, 0));
        }
    }
}

/// The platform sends six requests, and the others wait inside it.
fn with_six_connections(asked: Asked) -> Reply {
    let body = Body { of_engine: true, ..Body::default() };
    match asked.busy {
        0..6 => Reply::Answers { head: status(200), head_after: ms(100), body, body_after: secs(25) },
        _ => Reply::Silence,
    }
}

#[test]
fn a_wrong_guess_that_connections_are_many_loses_no_stream_and_opens_no_breaker() {
    for seed in 0..100 {
        let given = || Given { connect: Some(secs(10)), streamed: true, ..Given::default() };
        let crowd = Crowd { guesses_wrong: true, ..page((0..30).map(|_| to(0, policy(given())))) };
        let mut meeting = crowd.seeded(seed).against(with_six_connections);
        assert_eq!(meeting.delivered(), 30, "seed {seed}");
        // Those that were crowded out found it after twenty seconds, and were sent five at a time.
        assert_eq!(meeting.sent.len(), 30 + 24);
        assert_eq!(meeting.calls.iter().map(|call| call.took).max(), Some(ms(6 * 25_100)));
        assert_eq!(meeting.left_over(0), (0, 0));
    }
}

#[test]
fn a_call_that_wants_no_retry_is_not_sent_again_after_a_wrong_guess() {
    let given = Given { connect: Some(secs(10)), max_retries: Some(0), streamed: true, ..Given::default() };
    let once = || policy(given);
    let crowd = Crowd { guesses_wrong: true, ..page((0..30).map(|_| to(0, once()))) };
    let meeting = crowd.against(with_six_connections);
    assert_eq!(meeting.sent.len(), 30);
    assert_eq!(meeting.delivered(), 6);
}

#[test]
fn a_call_that_leaves_gives_its_turn_to_others_of_any_target() {
    use super::world::Leaves::Aborts;
    for seed in 0..50 {
        let leaves = |nth: usize| nth.is_multiple_of(2).then_some((ms(500 + 100 * nth as u64), Aborts));
        let crowd =
            page((0..40).map(|nth| world::Caller { leaves: leaves(nth), ..to(nth % 4, Policy::default()) }));
        let mut meeting = crowd.seeded(seed).against(|_| Reply::ok(secs(1)));
        let stayed = meeting.calls.iter().step_by(2).count();
        assert!(meeting.delivered() >= stayed, "seed {seed}: {}", meeting.delivered());
        assert!(meeting.calls.iter().all(|call| call.end.is_some()));
        assert_eq!([0, 1, 2, 3].map(|target| meeting.left_over(target)), [(0, 0); 4]);
    }
}

#[test]
fn elsewhere_as_many_go_at_once_as_the_targets_take() {
    let crowd = Crowd { few_connections: false, ..page((0..30).map(|nth| to(nth % 3, Policy::default()))) };
    let meeting = crowd.against(|_| ok());
    assert_eq!(most_at_once(&meeting, ms(300)), 30);
}

#[test]
fn a_reader_that_asks_for_nothing_lends_its_connection() {
    let mut shared = Shared::new(Rules::default(), AT_LEAST_32, AlertRule::default(), 1);
    shared.grow(0);
    shared.belongs(0, &Rc::new(Origin::default()), 0);
    let now = Instant::from_ms(1_000);
    let deadline = now + secs(300);
    let caller = |id| Caller {
        id,
        priority: Priority::Default,
        deadline,
        patience: deadline,
        attempt: secs(120),
        held: Duration::ZERO,
        first: true,
        has_fallback: false,
        yields: false,
    };
    let goes = |admission| matches!(admission, Admission::Admitted { .. });
    assert!((0..5).all(|id| goes(shared.request(now, 0, caller(id)))));
    assert!(!goes(shared.request(now, 0, caller(5))));
    shared.lend(now, 0, 0);
    assert_eq!(shared.woken(), Some(5));
    assert!(goes(shared.claim(now, 0, caller(5))));
    shared.reclaim(now, 0, 0, deadline);
    assert!(!goes(shared.request(now, 0, caller(6))));
}

#[test]
fn a_call_that_claims_late_because_its_page_stood_still_holds_up_no_other() {
    let five = limiter::Rule { min: 5, max: 5, queue: 100 };
    let mut shared = Shared::new(Rules::default(), five, AlertRule::default(), 1);
    shared.grow(0);
    let origin = Rc::new(Origin::default());
    shared.belongs(0, &origin, 0);
    let came = Instant::from_ms(1_000);
    let caller = |id| Caller {
        id,
        priority: Priority::Default,
        deadline: came + secs(300),
        patience: came + secs(300),
        attempt: secs(120),
        held: Duration::ZERO,
        first: true,
        has_fallback: false,
        yields: false,
    };
    let admissions: Vec<_> = (0..12).map(|id| shared.request(came, 0, caller(id))).collect();
    assert_eq!(
        admissions.iter().filter(|admission| matches!(admission, Admission::Admitted { .. })).count(),
        5
    );
    for id in 0..5 {
        shared.detach(came + secs(1), 0, id, true);
    }
    // A dialog was open: the places that they were let in with have run out.
    let late = came + secs(10);
    shared.request(late, 0, caller(12));
    let (mut sent, mut in_flight) = (0, Vec::new());
    loop {
        while let Some(id) = shared.woken() {
            if let Admission::Admitted { .. } = shared.claim(late, 0, caller(id)) {
                in_flight.push(id);
            }
        }
        sent += 1;
        let Some(done) = in_flight.pop() else { break };
        shared.detach(late, 0, done, true);
    }
    assert_eq!(sent - 1, 8);
}
