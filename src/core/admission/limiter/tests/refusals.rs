//! What a refusal says of the limit: that the target is full, or that a payload or another process is to blame.

use super::*;

#[test]
fn a_single_call_that_is_refused_was_too_fast_and_not_one_too_many() {
    let mut limiter = in_flight(1, 0);
    limiter.observe(at(9), Sample::Overload);
    limiter.observe(at(10), Sample::Success { took: Duration::from_ms(9) });
    assert_eq!(limiter.limit(), 2);
}

#[test]
fn words_about_being_busy_mean_that_the_target_is_full_only_if_it_works_on_other_calls() {
    for (refused, is_full) in [(999, false), (1_000, true)] {
        let mut limiter = in_flight(8, 0);
        limiter.observe(at(refused), Sample::Busy);
        let limit = limiter.limit();
        (0..20).for_each(|_| limiter.observe(at(1_100), Sample::Success { took: Duration::from_ms(9) }));
        assert_eq!(limiter.limit() == limit, is_full, "{refused}");
    }
}

#[test]
fn a_refusal_of_a_payload_that_is_always_refused_ends_the_pause_at_a_full_limit() {
    for (more, ends) in [(0, true), (1, false)] {
        let mut limiter = in_flight(4, 0);
        limiter.observe(at(1_000), Sample::Overload);
        limiter.release(4);
        (0..more).for_each(|call| limiter.acquire(at(1_100), 10 + call, NEVER));
        limiter.observe(at(1_500), Sample::Own);
        (0..9).for_each(|_| limiter.observe(at(1_500), Sample::Success { took: Duration::from_ms(9) }));
        assert_eq!(limiter.limit() > 3, ends, "{more}");
    }
}

#[test]
fn refusals_are_a_share_of_two_rounds_of_results_and_of_eight_where_the_limit_is_ahead_of_the_answers() {
    let refused = |limit: u32, calls: u32, proven: u32| {
        let mut limiter = limiter(1, 64);
        limiter.start_slowly(limit);
        (1..=calls).for_each(|call| limiter.acquire(at(0), call, NEVER));
        limiter.took(at(1), proven);
        limiter.refused = 0;
        limiter.observe(at(2), Sample::Busy);
        limiter.refused
    };
    assert_eq!((refused(40, 30, 20), refused(40, 31, 20)), (1_000 / 80, 1_000 / 8));
    assert_eq!((refused(10, 5, 5), refused(9, 5, 5)), (1_000 / 20, 1_000 / 8));
}

#[test]
fn a_second_refusal_in_a_row_lowers_the_limit_where_more_calls_wait_than_it_admits() {
    // A call that was taken, then refusals that are no share of the results.
    let lowered = |limit: u32, waiting: usize, refusals: u32| {
        let mut limiter = limiter(1, 64);
        limiter.start_slowly(limit);
        (1..=limit).for_each(|call| limiter.acquire(at(0), call, NEVER));
        limiter.sees_taken(at(1_000));
        limiter.refused = 0;
        limiter.sees_waiting(waiting);
        (0..refusals).for_each(|_| limiter.observe(at(1_001), Sample::Busy));
        limiter.limit() < limit
    };
    assert!(lowered(20, 21, 2));
    assert!(!lowered(20, 21, 1), "its payload may be to blame");
    assert!(!lowered(20, 20, 2), "the line is short");
    assert!(!lowered(9, 21, 1), "a few refusals are a share of a small limit");
}

#[test]
fn one_more_than_a_full_target_takes_is_no_news_of_how_many_it_refuses() {
    for (calls, is_news) in [(3, true), (4, false)] {
        let mut limiter = in_flight(4, 0);
        limiter.observe(at(1_000), Sample::Overload);
        if calls == 3 {
            limiter.release(4);
        }
        let before = limiter.refused;
        limiter.observe(at(1_001), Sample::Busy);
        assert_eq!(limiter.refused > before, is_news, "{calls}");
    }
}

#[test]
fn a_target_that_takes_half_as_many_more_than_when_it_was_full_is_paused_for_two_seconds_again() {
    for (calls, pause) in [(4, 4_000), (5, 4_000), (6, 2_000)] {
        let mut limiter = in_flight(4, 0);
        limiter.observe(at(1_000), Sample::Overload);
        limiter.release(4);
        assert_eq!(limiter.limit(), 3);
        // After the pause it is tried with more.
        (0..20).for_each(|_| limiter.observe(at(3_000), Sample::Success { took: Duration::from_ms(9) }));
        (4..=calls).for_each(|call| limiter.acquire(at(3_000), call, NEVER));
        limiter.limit = calls * MILLI;
        limiter.observe(at(3_500), Sample::Overload);
        limiter.release(4);
        for (ms, grows) in [(3_499 + pause, false), (3_500 + pause, true)] {
            let limit = limiter.limit;
            (0..20).for_each(|_| limiter.observe(at(ms), Sample::Success { took: Duration::from_ms(9) }));
            assert_eq!(limiter.limit > limit, grows, "{calls} {ms}");
        }
    }
}

#[test]
fn a_limit_that_is_refused_again_during_its_pause_is_paused_anew_and_for_no_longer() {
    let mut limiter = in_flight(4, 0);
    for (ms, call) in [(1_000, 4), (1_500, 3)] {
        limiter.observe(at(ms), Sample::Overload);
        limiter.release(call);
    }
    for (ms, grows) in [(3_499, false), (3_500, true)] {
        (0..9).for_each(|_| limiter.observe(at(ms), Sample::Success { took: Duration::from_ms(9) }));
        assert_eq!(limiter.limit() > 2, grows, "{ms}");
    }
}
