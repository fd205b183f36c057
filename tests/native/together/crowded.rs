//! More calls than permits: which go first, and which are rejected.

use super::too_many;
use super::world::{Caller, Crowd, Meeting};
use crate::read;
use crate::virtual_clock::{Reply, ms, policy, secs};
use query_with_retry::core::admission::limiter;
use query_with_retry::core::call::Head;
use query_with_retry::core::failure::{Code, Phase};
use query_with_retry::core::policy::Priority;
use query_with_retry::core::policy::{Given, Policy};
use query_with_retry::core::record::WaitReason;
use query_with_retry::core::time::Duration;

const FOUR: limiter::Rule = limiter::Rule { min: 4, max: 4, queue: 10_000 };

fn with(priority: Priority) -> Caller {
    Caller::with(policy(Given { priority, ..Given::default() }))
}

fn four_at_once(callers: impl IntoIterator<Item = Caller>) -> Crowd {
    Crowd { concurrency: FOUR, ..Crowd::of(callers) }
}

/// The slowest of those.
fn slowest(meeting: &Meeting, of: std::ops::Range<usize>) -> Duration {
    meeting.calls[of].iter().map(|call| call.took).max().unwrap_or_default()
}

#[test]
fn people_who_wait_go_before_work_that_can_wait() {
    let batch = (0..100).map(|_| with(Priority::Batch));
    let people = (0..20).map(|_| with(Priority::Interactive).coming(secs(1)));
    let meeting = four_at_once(batch.chain(people)).against(|_| Reply::ok(secs(1)));
    assert_eq!(meeting.delivered(), 120);
    assert!(slowest(&meeting, 100..120) <= secs(7), "{:?}", slowest(&meeting, 100..120));
    assert!(slowest(&meeting, 0..100) >= secs(29), "four a second");
}

#[test]
fn work_that_can_wait_gets_its_share_while_people_keep_coming() {
    // Twice as many as there is room for, for a minute.
    let people = (0..480).map(|nth| with(Priority::Interactive).coming(Duration::from_ms(nth * 125)));
    let batch = (0..10).map(|_| with(Priority::Batch));
    let meeting = four_at_once(people.chain(batch)).against(|_| Reply::ok(secs(1)));
    assert!(slowest(&meeting, 480..490) <= secs(35), "{:?}", slowest(&meeting, 480..490));
    assert_eq!(meeting.delivered(), 490);
}

#[test]
fn no_call_of_a_tier_overtakes_another() {
    let callers = (0..200).map(|nth| with(Priority::Default).coming(Duration::from_ms(nth)));
    let meeting = four_at_once(callers).against(|_| Reply::ok(secs(1)));
    let order: Vec<_> = meeting.sent.iter().map(|sent| sent.who).collect();
    // Calls that are admitted together are woken in any order.
    let late = order.iter().enumerate().filter(|(nth, who)| nth.abs_diff(**who as usize) > 4).count();
    assert_eq!(late, 0, "{order:?}");
}

#[test]
fn no_more_calls_are_in_flight_than_there_are_permits() {
    let mut most = 0;
    let meeting = four_at_once((0..300).map(|_| with(Priority::Default))).against(|asked| {
        most = most.max(asked.busy + 1);
        Reply::ok(secs(1))
    });
    assert_eq!((most, meeting.delivered()), (4, 300));
}

#[test]
fn without_a_sign_of_load_the_permits_double_in_each_round_up_to_sixty_four() {
    let mut most = 0;
    let meeting = Crowd::at_once(600).against(|asked| {
        most = most.max(asked.busy + 1);
        Reply::ok(secs(1))
    });
    assert_eq!((most, meeting.delivered()), (64, 600));
    // 4, 8, 16, 32, and then 64 a second.
    assert!(slowest(&meeting, 0..600) <= secs(14), "{:?}", slowest(&meeting, 0..600));
}

#[test]
fn once_the_latency_is_known_a_call_that_cannot_be_served_in_time_is_rejected_when_it_comes() {
    let hurried = policy(Given { total: Some(secs(10)), ..Given::default() });
    let first = (0..5).map(|_| Caller::with(Policy::default()));
    let then = (0..100).map(|_| Caller::with(hurried).coming(secs(20)));
    let mut nth = 0;
    let mut meeting = four_at_once(first.chain(then)).against(|_| {
        nth += 1;
        if nth == 1 { too_many() } else { Reply::ok(secs(1)) }
    });
    let failed: Vec<_> =
        meeting.calls.iter().filter_map(|call| call.failure().map(|why| (why, call.took))).collect();
    assert!((55..=70).contains(&failed.len()), "about forty can be served: {}", failed.len());
    let (refused, late): (Vec<_>, Vec<_>) =
        failed.into_iter().partition(|(failure, _)| failure.code == Code::QueueFull);
    assert!(late.len() <= 4, "the last round is close: {late:?}");
    for (failure, took) in &refused {
        assert_eq!(*took, secs(0), "{failure:?}");
        assert!(failure.retry_after.is_some_and(|after| after >= secs(9)), "{failure:?}");
    }
    assert_eq!(meeting.left_over(0), (0, 0));
}

#[test]
fn before_the_latency_is_known_calls_wait_until_their_deadline() {
    let hurried = policy(Given { total: Some(secs(10)), ..Given::default() });
    let meeting = four_at_once((0..100).map(|_| Caller::with(hurried))).against(|_| Reply::ok(secs(1)));
    for call in meeting.calls.iter().filter(|call| !call.is_delivered()) {
        assert!(call.failed_by(Code::Timeout, Some(Phase::Queue)), "{:?}", call.end);
        assert_eq!((call.took, call.record.waited(WaitReason::Queue)), (secs(10), secs(10)));
    }
    assert!((36..=40).contains(&meeting.delivered()), "{}", meeting.delivered());
}

#[test]
fn a_queue_takes_as_many_calls_as_the_rule_says() {
    let mut crowd = four_at_once((0..100).map(|_| with(Priority::Default)));
    crowd.concurrency.queue = 10;
    let meeting = crowd.against(|_| Reply::ok(secs(1)));
    let refused = meeting.calls.iter().filter(|call| call.failed_by(Code::QueueFull, None)).count();
    assert_eq!((refused, meeting.delivered()), (86, 14));
}

#[test]
fn one_odd_refusal_beside_requests_of_minutes_keeps_no_call_out_until_they_end() {
    for (code, floor) in [(503, None), (429, Some(secs(1)))] {
        let callers = (0..8).map(|nth| Caller::with(Policy::default()).coming(ms(nth * 300)));
        let mut odd = true;
        let meeting = Crowd::of(callers).against(|asked| match asked.who {
            0 => Reply::ok(secs(100)),
            1 if std::mem::replace(&mut odd, false) => {
                let head = Head { status: code, floor, ..Head::default() };
                Reply::after(ms(5), head, read::of_error("Service Unavailable"))
            }
            _ => Reply::ok(ms(200)),
        });
        assert_eq!(meeting.delivered(), 8);
        let slowest = meeting.calls.iter().skip(1).map(|call| call.took).max();
        assert!(slowest <= Some(secs(6)), "{code}: {slowest:?}");
    }
}

#[test]
fn one_prompt_that_is_always_refused_without_a_time_holds_up_itself() {
    let callers = (0..600).map(|nth| Caller::with(Policy::default()).coming(ms(nth * 50)));
    let meeting = Crowd::of(callers).against(|asked| match asked.who % 80 {
        7 => too_many(),
        _ => Reply::ok(ms(200)),
    });
    let answered: Vec<_> = meeting.calls.iter().filter(|call| call.is_delivered()).collect();
    assert!(answered.len() >= 590, "{}", answered.len());
    let slow = answered.iter().filter(|call| call.took > secs(1)).count();
    assert!(slow <= 60, "{slow}");
}

#[test]
fn a_call_that_is_sent_with_no_time_left_opens_no_circuit() {
    let hurried = policy(Given { total: Some(ms(200)), attempt: Some(ms(200)), ..Given::default() });
    let callers = (0..8).map(|nth| Caller::with(hurried).coming(ms(nth * 300)));
    let later = (0..5).map(|nth| Caller::with(Policy::default()).coming(secs(8 + nth)));
    let meeting = Crowd::of(callers.chain(later)).against(|_| Reply::ok(secs(1)));
    assert_eq!(meeting.calls.iter().skip(8).filter(|call| call.is_delivered()).count(), 5);
}
