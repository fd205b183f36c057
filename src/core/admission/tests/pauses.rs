//! When a call may go to a target that refuses calls: the pause after a refusal that names no time, the pace, and retries.

use super::*;

impl Bench {
    /// The call was refused at `now`, without a time, and asks how long no call goes there.
    fn is_told_to_slow_down(&mut self, now: u64, who: CallId) -> Option<u64> {
        let started = at(self.sent[&who].0);
        let pause = self.shared.cool_down(at(now), TARGET, who, started).map(Duration::as_ms);
        self.ends(now, who, RATE_LIMITED);
        pause
    }
}

#[test]
fn a_call_that_is_refused_again_slows_down_itself_alone_and_two_calls_slow_down_all() {
    let mut bench = Bench::new();
    bench.goes(START, 0);
    assert_eq!(bench.is_told_to_slow_down(START + 10, 0), None);
    bench.goes(START + 1_000, 0);
    assert_eq!(bench.is_told_to_slow_down(START + 1_010, 0), None, "it may be this call's own fault");
    assert!(bench.shared.is_retry_free(at(START + 1_010), TARGET));
    bench.goes(START + 2_000, 1);
    let pause = bench.is_told_to_slow_down(START + 2_010, 1).expect("a pause");
    assert!(pause >= 1_000, "{pause}");
    let over = START + 2_010 + pause;
    bench.lines_up(over - 1, 2, WaitReason::Queue);
    bench.is_aborted(over - 1, 2);
    bench.goes(over, 3);
}

#[test]
fn an_answer_to_a_request_that_was_sent_since_the_newest_refusal_ends_the_pause() {
    for (sent, ends) in [(2_009, false), (2_010, true)] {
        let mut bench = Bench::new();
        (0..2).for_each(|who| {
            bench.goes(START + u64::from(who) * 2_000, who);
            bench.is_told_to_slow_down(START + 10 + u64::from(who) * 2_000, who);
        });
        let mut other = Bench::new();
        other.goes(START + sent, 7);
        let ended = other.end(7, Outcome::Ok);
        bench.shared.ended(at(START + 2_500), TARGET, 7, ended);
        assert_eq!(!bench.shared.is_retry_free(at(START + 2_500), TARGET), ends, "{sent}");
    }
}

#[test]
fn retries_are_free_for_five_seconds_after_the_first_refusal() {
    let mut bench = Bench::new();
    assert!(!bench.shared.is_retry_free(at(START), TARGET));
    bench.goes(START, 0);
    bench.is_told_to_slow_down(START + 10, 0);
    let free = [10, 5_009, 5_010].map(|ms| bench.shared.is_retry_free(at(START + ms), TARGET));
    assert_eq!(free, [true, true, false]);
}

#[test]
fn a_retry_can_be_made_while_the_budget_has_one_and_the_circuit_is_closed() {
    let mut bench = Bench::new();
    assert!(bench.shared.can_retry(at(START), TARGET));
    while bench.shared.may_retry(at(START), TARGET, Duration::ZERO) {}
    assert!(!bench.shared.can_retry(at(START), TARGET));
    let (bench, _) = Bench::open();
    assert!(!bench.shared.can_retry(at(START), TARGET));
}

/// A target that answers one of five, and how long no request is sent after one.
fn paced() -> (Bench, u64) {
    let mut bench = Bench::new();
    let pace = &mut bench.shared.targets[TARGET].pace;
    for nth in 0..100 {
        let (now, again) = (at(START + nth * 100), (nth / 5).is_multiple_of(2));
        if nth % 5 == 4 { pace.answered(now, again, 0) } else { pace.refused(now, again, 0) }
    }
    let interval = pace.interval(at(START + 9_900)).expect("slower").as_ms();
    (bench, interval)
}

#[test]
fn a_target_that_refuses_most_calls_is_sent_one_and_then_the_next_after_a_while() {
    let (mut bench, interval) = paced();
    let now = START + 9_900;
    bench.goes(now, 0);
    bench.lines_up(now, 1, WaitReason::RateLimit);
    bench.lines_up(now, 2, WaitReason::RateLimit);
    assert_eq!(bench.due(), Some(now + interval));
    bench.shared.wake(at(now + interval - 1));
    assert_eq!(bench.woken(), [0_u32; 0]);
    bench.shared.wake(at(now + interval));
    assert_eq!(bench.all_come(now + interval), [1]);
    assert!(bench.due().is_some_and(|due| due > now + interval), "the next one waits again");
}

#[test]
fn with_a_fallback_a_call_waits_for_its_turn_at_a_slow_target_for_less_than_five_seconds() {
    let (mut bench, interval) = paced();
    let now = START + 9_900;
    bench.goes(now, 0);
    let most = 5_000_u64.div_ceil(interval) as CallId - 1;
    for who in 1..=most {
        let caller = Caller { has_fallback: true, ..bench.caller(who) };
        let admission = bench.shared.request(at(now), TARGET, caller);
        assert_eq!(admission, Admission::Queued(WaitReason::RateLimit), "{who}");
    }
    let caller = Caller { has_fallback: true, ..bench.caller(900) };
    let admission = bench.shared.request(at(now), TARGET, caller);
    assert!(matches!(admission, Admission::Rejected(_)), "{admission:?}");
    bench.lines_up(now, 901, WaitReason::RateLimit);
}

#[test]
fn while_nobody_is_answered_the_call_that_came_last_is_sent_next_of_those_that_were_not_refused_yet() {
    for (worked, next) in [(None, 5), (Some(START - 1), 5), (Some(START + 10), 3)] {
        let mut bench = Bench::of(Rules::default(), FOUR);
        // Two calls are refused, the second one twice.
        for (ms, who) in [(0, 0), (100, 1), (5_000, 1)] {
            bench.goes(START + ms, who);
            bench.is_told_to_slow_down(START + ms + 10, who);
        }
        bench.shared.targets[TARGET].worked = worked.map(at);
        let now = START + 5_020;
        (3..=5).for_each(|who| assert!(matches!(bench.enters(now, who), Admission::Queued(_))));
        assert!(matches!(bench.retries(now, 1), Admission::Queued(_)));
        let over = bench.due().expect("a pause");
        bench.shared.wake(at(over));
        // Several permits are free; the first one goes to:
        assert_eq!(bench.shared.targets[TARGET].queue.len(), 0);
        let mut woken: Vec<CallId> = std::iter::from_fn(|| bench.shared.woken()).collect();
        woken.reverse();
        assert_eq!(woken.first(), Some(&next), "{worked:?} {woken:?}");
    }
}

#[test]
fn requests_that_were_sent_together_and_are_refused_together_lengthen_a_pause_once() {
    let mut bench = Bench::new();
    bench.come(START, 0..3);
    assert_eq!(bench.is_told_to_slow_down(START + 10, 0), None);
    let pause = bench.is_told_to_slow_down(START + 20, 1).expect("a pause");
    assert!((1_000..=2_000).contains(&pause), "{pause}");
    assert_eq!(bench.is_told_to_slow_down(START + 30, 2), Some(pause - 10));
}

#[test]
fn a_target_that_has_just_answered_another_call_is_not_paused() {
    // An answer that took so long counts for as long, and for 300 ms at least.
    for (took, refused, is_paused) in
        [(100, 794, false), (100, 795, true), (400, 894, false), (400, 895, true)]
    {
        let mut bench = Bench::new();
        bench.goes(START + 495 - took, 9);
        bench.ends(START + 495, 9, Outcome::Ok);
        bench.goes(START + 500, 0);
        assert_eq!(bench.is_told_to_slow_down(START + 510, 0), None);
        bench.goes(START + 520, 1);
        assert_eq!(bench.is_told_to_slow_down(START + refused, 1).is_some(), is_paused, "{refused}");
    }
}

#[test]
fn a_target_that_works_on_another_call_is_not_paused() {
    for (refused, is_paused) in [(1_499, true), (1_500, false)] {
        let mut bench = Bench::new();
        bench.goes(START + 500, 9);
        bench.goes(START + 510, 0);
        assert_eq!(bench.is_told_to_slow_down(START + 520, 0), None);
        bench.goes(START + 530, 1);
        assert_eq!(bench.is_told_to_slow_down(START + refused, 1).is_some(), is_paused, "{refused}");
    }
}
