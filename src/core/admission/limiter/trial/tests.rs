//! When a trial begins, and what ends it.

use super::super::{Rule, Sample};
use super::*;

const fn at(ms: u64) -> Instant {
    Instant::from_ms(ms)
}

/// A limit in thousandths that was lowered and is reached, with this share of refusals.
fn declined(from: u32, to: u32, refused: u32) -> Limiter {
    let mut limiter = Limiter::new(Rule { min: 1, max: 64, queue: 10 });
    (limiter.limit, limiter.slow_start, limiter.refused) = (to, false, refused);
    limiter.decline = Some(Decline { from, older: 0, results: 0, answers: 0 });
    (0..limiter.limit()).for_each(|call| limiter.acquire(at(0), call, at(u64::MAX)));
    limiter
}

/// After how many results a trial begins, if as many of ten are answers.
fn begins_after(limiter: &mut Limiter, answers: u32) -> Option<u32> {
    (1..=60).find(|nth| {
        limiter.judge(at(0), nth % 10 < answers);
        limiter.is_on_trial()
    })
}

#[test]
fn a_limit_that_fell_to_half_is_judged_after_eight_results_and_a_higher_one_after_sixteen() {
    for (from, to, results) in
        [(16, 8, 8), (16, 9, 16), (3, 2, 16), (1, 1, 8)].map(|(a, b, n)| (a * MILLI, b * MILLI, n))
    {
        assert_eq!(begins_after(&mut declined(from, to, 300), 5), Some(results), "{from} to {to}");
    }
    assert_eq!(begins_after(&mut declined(2_000, 1_500, 300), 5), Some(8), "below two there is no half");
}

#[test]
fn results_of_calls_from_before_the_decline_say_nothing_about_it() {
    let mut limiter = declined(16_000, 8_000, 300);
    limiter.declines();
    assert_eq!(begins_after(&mut limiter, 5), Some(16), "eight were in flight");
}

#[test]
fn a_decline_is_not_judged_before_a_third_of_the_results_are_answers() {
    let mut limiter = declined(16_000, 8_000, 300);
    (0..20).for_each(|_| limiter.judge(at(0), false));
    (0..2).for_each(|_| limiter.judge(at(0), true));
    assert!(!limiter.is_on_trial());
    limiter.judge(at(0), true);
    assert!(limiter.is_on_trial());
}

#[test]
fn a_decline_has_helped_if_less_than_an_eighth_is_refused() {
    for (refused, begins) in [(120, Some(8)), (119, None)] {
        assert_eq!(begins_after(&mut declined(16_000, 8_000, refused), 5), begins, "{refused}");
    }
    assert_eq!(begins_after(&mut declined(16_000, 8_000, 300), 9), None, "one of ten");
}

#[test]
fn a_limit_that_is_not_reached_by_half_holds_up_nobody_and_is_not_tried_higher() {
    for (in_flight, begins) in [(4, Some(8)), (3, None)] {
        let mut limiter = declined(16_000, 8_000, 300);
        (in_flight..8).for_each(|call| assert!(limiter.release(call)));
        assert_eq!(begins_after(&mut limiter, 5), begins, "{in_flight} of 8");
    }
}

#[test]
fn a_trial_doubles_the_limit_up_to_the_one_before_and_to_four_at_least() {
    for (from, to, limit) in [(16, 8, 16), (16, 5, 10), (9, 5, 9), (3, 1, 4), (16, 15, 16)] {
        let mut limiter = declined(from * MILLI, to * MILLI, 300);
        assert!(begins_after(&mut limiter, 5).is_some());
        assert_eq!((limiter.limit(), limiter.is_slow_starting()), (limit, true), "{from} to {to}");
    }
}

/// A trial that began at 0, of a limit that fell from 16 to 8. Before it an answer came every 400 ms.
fn on_trial(refused: u32, in_flight: u32) -> Limiter {
    let mut limiter = declined(16_000, 8_000, refused);
    limiter.gap = Some(Duration::from_ms(400));
    assert!(begins_after(&mut limiter, 5).is_some() && limiter.limit() == 16);
    (in_flight..8).for_each(|call| assert!(limiter.release(call)));
    limiter
}

fn come(limiter: &mut Limiter, now: u64, answers: u32, refusals: u32) {
    (0..answers).for_each(|_| limiter.judge(at(now), true));
    (0..refusals).for_each(|_| limiter.judge(at(now), false));
}

#[test]
fn a_trial_ends_when_a_fourth_more_is_refused_than_before_and_the_limit_goes_back() {
    let mut limiter = on_trial(300, 4);
    come(&mut limiter, 100, 5, 11); // 55 % with those in flight
    assert!(limiter.is_on_trial());
    limiter.judge(at(100), false);
    assert_eq!((limiter.is_on_trial(), limiter.limit()), (false, 8));
    let mut early = on_trial(300, 0);
    come(&mut early, 100, 0, 15);
    assert!(early.is_on_trial(), "fifteen results are too few");
    early.judge(at(100), false);
    assert!(!early.is_on_trial());
}

#[test]
fn after_a_trial_that_failed_there_is_none_for_half_a_minute() {
    let mut limiter = on_trial(300, 8);
    come(&mut limiter, 1_000, 0, 40);
    assert!(!limiter.is_on_trial());
    for (now, begins) in [(30_999, false), (31_000, true)] {
        limiter.declines();
        come(&mut limiter, now, 8, 0);
        let begun = (0..40).any(|nth| {
            limiter.judge(at(now), nth % 2 == 0);
            limiter.is_on_trial()
        });
        assert_eq!(begun, begins, "{now}");
    }
}

#[test]
fn a_trial_in_which_no_more_calls_are_answered_than_before_ends() {
    // Three answers for each two before, or nearly.
    for (gap, is_vain) in [(300, false), (301, true)] {
        let mut limiter = on_trial(300, 8);
        limiter.gap = Some(Duration::from_ms(gap));
        come(&mut limiter, 100, 15, 0);
        assert!(limiter.is_on_trial());
        limiter.judge(at(100), true);
        assert_eq!(limiter.is_on_trial(), !is_vain, "{gap}");
    }
}

#[test]
fn after_ten_seconds_a_trial_goes_on_only_while_an_eighth_is_refused() {
    for (refused, goes_on) in [(120, true), (119, false)] {
        let mut limiter = on_trial(300, 8);
        limiter.gap = Some(Duration::from_ms(100));
        limiter.refused = refused;
        limiter.judge(at(9_999), true);
        assert!(limiter.is_on_trial());
        limiter.judge(at(10_000), true);
        assert_eq!(limiter.is_on_trial(), goes_on, "{refused}");
        assert_eq!(limiter.limit(), 16, "it was no failure");
    }
}

#[test]
fn a_trial_that_goes_on_is_judged_by_the_results_since_and_no_more_by_how_many_are_answered() {
    let renewed = |answers: u32, refusals: u32| {
        let mut limiter = on_trial(120, 2);
        limiter.gap = Some(Duration::from_ms(100));
        come(&mut limiter, 100, answers, refusals);
        limiter.judge(at(10_000), true);
        assert!(limiter.is_on_trial());
        limiter
    };
    let mut limiter = renewed(10, 0);
    come(&mut limiter, 10_001, 0, 15);
    assert!(limiter.is_on_trial(), "fifteen results since");
    limiter.judge(at(10_001), false);
    assert!(!limiter.is_on_trial());
    let mut limiter = renewed(10, 5);
    come(&mut limiter, 10_001, 10, 6); // a third of them with those in flight
    assert!(limiter.is_on_trial());
    let mut limiter = renewed(10, 0);
    limiter.gap = Some(Duration::from_secs(9));
    come(&mut limiter, 10_001, 20, 0);
    assert!(limiter.is_on_trial());
}

#[test]
fn refusals_in_a_trial_lower_no_limit() {
    for sample in [Sample::Overload, Sample::Busy] {
        let mut limiter = on_trial(300, 8);
        limiter.observe(at(2_000), sample);
        assert_eq!((limiter.is_on_trial(), limiter.limit()), (true, 16), "{sample:?}");
    }
}
