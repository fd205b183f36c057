use super::super::{Rule, Sample};
use super::*;

const fn at(ms: u64) -> Instant {
    Instant::from_ms(ms)
}

fn limiter() -> Limiter {
    let mut limiter = Limiter::new(Rule { min: 1, max: 64, queue: 10 });
    limiter.start_slowly(8);
    limiter
}

/// A call is sent at that time, beside those in flight, and refused at once.
fn is_refused(limiter: &mut Limiter, ms: u64) {
    limiter.acquire(at(ms), 999, at(u64::MAX));
    limiter.observe(at(ms), Sample::Overload);
    limiter.release(999);
}

/// A call is sent at that time and is in flight from then on.
fn is_taken(limiter: &mut Limiter, ms: u64, call: u32) {
    limiter.acquire(at(ms), call, at(u64::MAX));
    limiter.sees_taken(at(ms + 1_000));
}

#[test]
fn two_refusals_after_which_calls_were_taken_beside_as_many_say_nothing_of_the_number() {
    let mut limiter = limiter();
    is_refused(&mut limiter, 0);
    is_taken(&mut limiter, 1, 1);
    assert!(!limiter.is_refused_at_any_number(), "one may be an accident");
    is_refused(&mut limiter, 1_002);
    is_taken(&mut limiter, 1_003, 2);
    assert!(limiter.is_refused_at_any_number());
    let limit = limiter.limit();
    is_refused(&mut limiter, 2_100);
    assert_eq!(limiter.limit(), limit, "a refusal lowers the limit no more");
    is_taken(&mut limiter, 2_101, 3);
    assert_eq!(limiter.limit(), limit + 1, "each call that is taken raises it");
}

#[test]
fn a_full_target_refuses_beside_more_than_it_takes_others_beside() {
    let mut limiter = limiter();
    for nth in 0..4 {
        is_taken(&mut limiter, nth * 2_000, nth as u32);
    }
    for nth in 0..20 {
        let now = 10_000 + u64::from(nth) * 2_000;
        is_refused(&mut limiter, now); // beside four
        limiter.release(nth);
        is_taken(&mut limiter, now + 1, nth + 4); // beside three
        assert!(!limiter.is_refused_at_any_number(), "{nth}");
    }
}

#[test]
fn a_target_that_takes_less_than_a_fourth_is_overloaded() {
    for (refusals, is_independent) in [(3, true), (5, false)] {
        let mut limiter = limiter();
        for nth in 0..4_u32 {
            let now = u64::from(nth) * 5_000;
            (0..refusals).for_each(|one| is_refused(&mut limiter, now + one));
            is_taken(&mut limiter, now + 100, nth);
        }
        assert_eq!(limiter.is_refused_at_any_number(), is_independent, "{refusals} for each");
    }
}

#[test]
fn what_was_a_minute_ago_is_not_compared() {
    let mut limiter = limiter();
    for nth in 0..2 {
        is_refused(&mut limiter, nth * 2_000);
        is_taken(&mut limiter, nth * 2_000 + 1, nth as u32);
    }
    assert!(limiter.is_refused_at_any_number());
    is_taken(&mut limiter, 60_900, 9);
    assert!(!limiter.is_refused_at_any_number(), "the first of two is too old");
}

#[test]
fn a_call_that_is_answered_within_a_second_tells_nothing() {
    let mut limiter = limiter();
    for nth in 0..10 {
        is_refused(&mut limiter, nth * 1_000);
        limiter.acquire(at(nth * 1_000 + 1), 1, at(u64::MAX));
        limiter.sees_taken(at(nth * 1_000 + 999));
        limiter.release(1);
    }
    assert!(!limiter.is_refused_at_any_number());
}
