//! When the limit falls and grows, and which calls have a permit.

use super::*;

mod refusals;

const fn at(ms: u64) -> Instant {
    Instant::from_ms(ms)
}

fn limiter(min: u32, max: u32) -> Limiter {
    Limiter::new(Rule { min, max, queue: 10 })
}

/// `times` successes, each with the limit reached.
fn succeed(limiter: &mut Limiter, times: u32) {
    for _ in 0..times {
        while limiter.has_permit(at(0)) {
            limiter.acquire(at(0), 1, at(u64::MAX));
        }
        limiter.observe(at(0), Sample::Success { took: Duration::from_ms(100) });
        limiter.release(1);
    }
}

#[test]
fn the_limit_starts_at_four_and_grows_by_one_a_success_up_to_its_maximum() {
    let mut limiter = limiter(4, 64);
    assert_eq!(limiter.limit(), 4);
    succeed(&mut limiter, 10);
    assert_eq!(limiter.limit(), 14);
    succeed(&mut limiter, 1000);
    assert_eq!(limiter.limit(), 64);
}

#[test]
fn the_first_push_ends_the_slow_start_and_then_a_round_of_successes_is_one_more() {
    let mut limiter = limiter(4, 64);
    succeed(&mut limiter, 16);
    limiter.observe(at(5000), Sample::Timeout);
    assert_eq!(limiter.limit(), 14);
    succeed(&mut limiter, 14);
    assert_eq!(limiter.limit(), 14);
    succeed(&mut limiter, 2);
    assert_eq!(limiter.limit(), 15);
}

#[test]
fn timeouts_that_were_in_flight_together_cut_the_limit_once() {
    let mut limiter = limiter(4, 64);
    succeed(&mut limiter, 60);
    for ms in [1000, 1001, 1999] {
        limiter.observe(at(ms), Sample::Timeout);
    }
    assert_eq!(limiter.limit(), 44);
    limiter.observe(at(2000), Sample::Timeout);
    assert_eq!(limiter.limit(), 31);
}

#[test]
fn an_overloaded_call_leaves_no_permit_for_the_next() {
    let mut limiter = limiter(4, 64);
    limiter.start_slowly(40);
    (0..40).for_each(|who| limiter.acquire(at(0), who, at(u64::MAX)));
    for who in 0..24 {
        limiter.observe(at(1000), Sample::Overload);
        limiter.release(who);
        assert!(!limiter.has_permit(at(1000)), "{who}");
    }
    assert_eq!((limiter.limit(), limiter.in_flight(at(1000))), (16, 16));
}

#[test]
fn a_limit_that_was_too_much_is_tried_again_after_two_seconds_and_then_after_twice_as_long_up_to_ten() {
    let mut limiter = limiter(1, 64);
    (0..4).for_each(|who| limiter.acquire(at(0), who, at(u64::MAX)));
    let succeed = |limiter: &mut Limiter, ms| {
        (0..5).for_each(|_| limiter.observe(at(ms), Sample::Success { took: Duration::from_ms(1) }));
    };
    let mut refused = 1_000;
    for pause in [2_000, 4_000, 8_000, 10_000, 10_000] {
        limiter.observe(at(refused), Sample::Overload);
        limiter.release(3);
        assert_eq!(limiter.limit(), 3);
        succeed(&mut limiter, refused + pause - 1);
        assert_eq!(limiter.limit(), 3, "for {pause} ms");
        refused += pause;
        succeed(&mut limiter, refused);
        assert!(limiter.limit() > 3, "{} after {pause} ms", limiter.limit());
        limiter.acquire(at(refused), 3, at(u64::MAX));
    }
}

#[test]
fn a_target_that_takes_more_than_when_it_was_full_is_offered_twice_as_much_more_every_second() {
    let mut limiter = limiter(1, 64);
    limiter.acquire(at(0), 1, at(u64::MAX));
    limiter.acquire(at(1000), 2, at(u64::MAX));
    limiter.observe(at(1000), Sample::Overload);
    limiter.release(2);
    assert_eq!((limiter.limit(), limiter.has_permit(at(2999)), limiter.due()), (1, false, Some(at(3000))));
    let mut nth = 3;
    // The calls take minutes: no answer comes meanwhile.
    for (ms, limit) in [(3_000, 2), (4_000, 4), (5_000, 8), (6_000, 16)] {
        assert!(!limiter.has_permit(at(ms - 1)), "{ms}");
        while limiter.has_permit(at(ms)) {
            limiter.acquire(at(ms), nth, at(u64::MAX));
            nth += 1;
        }
        assert_eq!(limiter.limit(), limit, "{ms}");
    }
    limiter.observe(at(6_001), Sample::Overload);
    assert_eq!(limiter.limit(), 15);
}

#[test]
fn both_calls_of_a_pair_know_that_they_had_company() {
    let mut limiter = limiter(1, 64);
    limiter.acquire(at(0), 1, at(9));
    assert!(!limiter.was_in_company(1));
    limiter.acquire(at(0), 2, at(9));
    limiter.release(2);
    assert!(limiter.was_in_company(1));
    limiter.release(1);
    limiter.acquire(at(0), 3, at(9));
    assert!(!limiter.was_in_company(3) && !limiter.was_in_company(1));
}

#[test]
fn the_limit_starts_at_its_minimum_if_above_four_and_at_its_maximum_if_below() {
    for (min, max, limit) in [(32, 64, 32), (5, 5, 5), (4, 64, 4), (1, 64, 4), (0, 2, 2), (32, 8, 8)] {
        assert_eq!(limiter(min, max).limit(), limit, "{min} to {max}");
    }
}

#[test]
fn the_limit_never_falls_below_its_minimum_nor_rises_by_a_timeout() {
    let mut limiter = limiter(4, 64);
    (0..20).for_each(|nth| limiter.observe(at(nth * 1000), Sample::Timeout));
    assert_eq!(limiter.limit(), 4);
    limiter.start_slowly(1);
    limiter.observe(at(50_000), Sample::Timeout);
    assert_eq!(limiter.limit(), 1);
}

#[test]
fn a_limit_that_nobody_needs_does_not_grow() {
    let mut limiter = limiter(4, 64);
    for _ in 0..100 {
        limiter.acquire(at(0), 1, at(9));
        limiter.observe(at(0), Sample::Success { took: Duration::from_ms(1) });
        limiter.release(1);
    }
    assert_eq!(limiter.limit(), 4);
}

#[test]
fn a_permit_that_is_never_released_runs_out() {
    let mut limiter = limiter(1, 1);
    limiter.acquire(at(0), 3, at(500));
    assert!(!limiter.has_permit(at(499)));
    assert_eq!(limiter.runs_out_at(), Some(at(500)));
    assert!(limiter.has_permit(at(500)));
    limiter.release(3);
    assert_eq!(limiter.in_flight(at(499)), 0);
}

#[test]
fn a_renewed_permit_lasts_longer_and_one_that_has_run_out_is_issued_anew() {
    let mut limiter = limiter(1, 1);
    limiter.acquire(at(0), 3, at(500));
    limiter.renew(at(0), 3, at(900));
    assert_eq!((limiter.has_permit(at(899)), limiter.in_flight(at(899))), (false, 1));
    assert!(limiter.has_permit(at(900)));
    limiter.renew(at(0), 3, at(1000));
    assert_eq!(limiter.in_flight(at(999)), 1);
}

#[test]
fn a_stream_grows_the_limit_when_it_begins_and_not_again_when_it_ends() {
    let mut limiter = limiter(1, 64);
    (0..4).for_each(|who| limiter.acquire(at(0), who, at(u64::MAX)));
    limiter.observe(at(0), Sample::Begun { took: Duration::from_ms(9) });
    assert_eq!(limiter.limit(), 5);
    limiter.observe(at(9), Sample::Finished { took: Duration::from_ms(100) });
    assert_eq!((limiter.limit(), limiter.wait_behind(64, None)), (5, Some(Duration::from_ms(100))));
    assert_eq!(
        limiter.avg_first_answer(),
        Some(Duration::from_ms(9)),
        "how long it goes on says nothing of that"
    );
}

#[test]
fn a_maximum_below_the_minimum_or_of_nothing_still_lets_one_through() {
    let mut nothing = limiter(0, 0);
    assert!(nothing.has_permit(at(0)));
    nothing.acquire(at(0), 1, at(9));
    nothing.observe(at(1), Sample::Timeout);
    assert_eq!(nothing.limit(), 1);
}

#[test]
fn a_late_call_waits_for_the_calls_before_it() {
    let mut limiter = limiter(4, 4);
    assert_eq!(limiter.wait_behind(8, None), None);
    succeed(&mut limiter, 1);
    assert_eq!(limiter.wait_behind(8, None), Some(Duration::from_ms(200)));
}

const NEVER: Instant = at(u64::MAX);

/// Calls `1..=calls` are in flight since `ms`.
fn in_flight(calls: u32, ms: u64) -> Limiter {
    let mut limiter = limiter(1, 64);
    limiter.start_slowly(calls);
    (1..=calls).for_each(|call| limiter.acquire(at(ms), call, NEVER));
    limiter
}

#[test]
fn a_call_is_one_more_if_more_are_in_flight_than_were_when_an_answered_call_was_sent() {
    assert!(!in_flight(4, 10_000).was_one_more(at(10_000), 4), "nothing is proven yet");
    let mut limiter = in_flight(4, 1_000);
    limiter.took(at(1_100), 3);
    assert_eq!(limiter.proven_concurrency(), 3);
    for (call, is_one_more) in [(1, false), (3, false), (4, true), (9, false)] {
        assert_eq!(limiter.was_one_more(at(1_100), call), is_one_more, "{call}");
    }
    // Five seconds after the answered call was sent nothing is proven any more.
    assert!(limiter.was_one_more(at(5_999), 4) && !limiter.was_one_more(at(6_000), 4));
}

#[test]
fn where_an_answer_takes_long_what_it_proves_holds_for_as_long_as_four_of_them() {
    let mut limiter = in_flight(4, 1_000);
    limiter.observe(at(3_000), Sample::Success { took: Duration::from_ms(2_000) });
    limiter.took(at(3_000), 3);
    assert!(limiter.was_one_more(at(8_999), 4) && !limiter.was_one_more(at(9_000), 4));
}

#[test]
fn an_answer_with_fewer_in_flight_lowers_nothing_before_the_proof_is_too_old() {
    let mut limiter = in_flight(4, 1_000);
    limiter.took(at(1_100), 3);
    limiter.took(at(1_200), 2);
    assert_eq!(limiter.proven_concurrency(), 3);
    limiter.took(at(6_000), 2);
    assert_eq!(limiter.proven_concurrency(), 2);
}

#[test]
fn an_answer_with_as_many_in_flight_renews_the_proof() {
    let mut limiter = in_flight(4, 1_000);
    limiter.took(at(1_100), 3);
    limiter.release(3);
    limiter.release(4);
    limiter.acquire(at(4_000), 5, NEVER); // the third
    limiter.took(at(4_100), 5);
    limiter.acquire(at(4_200), 6, NEVER);
    assert!(limiter.was_one_more(at(8_999), 6) && !limiter.was_one_more(at(9_000), 6));
}

#[test]
fn a_round_of_refusals_disproves_what_was_proven_until_a_later_call_is_answered() {
    let mut limiter = in_flight(4, 1_000);
    limiter.took(at(1_100), 3);
    (0..3).for_each(|_| limiter.observe(at(1_500), Sample::Overload));
    assert!(limiter.was_one_more(at(1_500), 4), "as many as it takes may be refused");
    (0..3).for_each(|_| limiter.observe(at(1_500), Sample::Overload));
    assert!(!limiter.was_one_more(at(1_500), 4));
    for (sent, is_newer) in [(1_500, false), (1_501, true)] {
        let mut limiter = limiter.clone();
        limiter.release(3);
        limiter.release(4);
        limiter.acquire(at(sent), 5, NEVER); // the third
        limiter.acquire(at(sent), 6, NEVER);
        limiter.took(at(1_600), 5);
        assert_eq!(limiter.was_one_more(at(1_600), 6), is_newer, "sent at {sent}");
    }
}

#[test]
fn a_call_has_a_place_when_it_was_not_refused_for_a_second() {
    let limiter = in_flight(1, 1_000);
    assert!(!limiter.serves(at(1_999)) && limiter.serves(at(2_000)));
}

#[test]
fn a_target_that_has_just_taken_as_many_is_not_full() {
    for (more, limit) in [(false, 3), (true, 3)] {
        let mut limiter = in_flight(if more { 4 } else { 3 }, 1_000);
        limiter.took(at(1_100), 3);
        let before = limiter.limit();
        limiter.observe(at(1_200), Sample::Overload);
        assert_eq!(limiter.limit(), limit, "{before}");
        // A limit that is full does not grow for two seconds.
        (0..4).for_each(|_| limiter.observe(at(1_300), Sample::Success { took: Duration::from_ms(9) }));
        assert_eq!(limiter.limit() > limit, !more);
    }
}

#[test]
fn a_call_is_outvoted_when_more_calls_were_answered_than_failed_since_it_was_sent() {
    let mut limiter = limiter(1, 64);
    limiter.vote(true);
    limiter.acquire(at(0), 1, NEVER);
    assert!(!limiter.is_outvoted(1) && !limiter.is_outvoted(2));
    limiter.vote(true);
    assert!(limiter.is_outvoted(1));
    limiter.vote(false);
    assert!(!limiter.is_outvoted(1), "as many");
    limiter.vote(false);
    assert!(!limiter.is_outvoted(1));
}

#[test]
fn the_slow_start_is_over_when_the_target_pushes_back_and_begins_again_after_it_was_down() {
    let mut limiter = in_flight(30, 0);
    assert!(limiter.is_slow_starting());
    limiter.observe(at(0), Sample::Success { took: Duration::from_ms(9) });
    limiter.observe(at(1), Sample::Overload);
    assert!(!limiter.is_slow_starting());
    for (refusals, answered, begins) in [(20, 1_000, true), (20, 999, false), (5, 1_000, false)] {
        let mut limiter = limiter.clone();
        for call in 1..=refusals {
            limiter.release(call);
            limiter.observe(at(10), Sample::Busy);
        }
        limiter.observe(at(answered), Sample::Success { took: Duration::from_ms(9) });
        assert_eq!(limiter.is_slow_starting(), begins, "{refusals} {answered}");
    }
}
