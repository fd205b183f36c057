//! When requests are sent less often, how much, and when that is given up.

use super::*;

const fn at(ms: u64) -> Instant {
    Instant::from_ms(ms)
}

/// One of `of` requests is answered, every hundred milliseconds until `to`; every second one is a retry.
fn mostly_refused(pace: &mut Pace, of: u64, to: u64) {
    for nth in 0..to / 100 {
        let (now, again) = (at(nth * 100), (nth / of).is_multiple_of(2));
        if nth % of == 0 { pace.answered(now, again, 1) } else { pace.refused(now, again, 1) }
    }
}

#[test]
fn a_target_that_answers_one_of_five_is_sent_one_and_a_half_requests_for_each_answer() {
    let mut pace = Pace::default();
    mostly_refused(&mut pace, 5, 10_000);
    let interval = pace.interval(at(10_000)).expect("slower");
    assert!((280..380).contains(&interval.as_ms()), "{interval:?}"); // an answer every 500 ms
}

#[test]
fn a_target_that_answers_half_of_them_is_not_slowed() {
    let mut pace = Pace::default();
    mostly_refused(&mut pace, 2, 60_000);
    assert_eq!(pace.interval(at(60_000)), None);
}

#[test]
fn refusals_of_calls_that_are_always_refused_slow_down_nobody() {
    let mut pace = Pace::default();
    for nth in 0..200 {
        let now = at(nth * 100);
        if nth % 5 == 0 {
            pace.answered(now, false, 1)
        } else {
            pace.refused(now, nth % 5 != 1, 1)
        }
        assert_eq!(pace.interval(now), None, "{nth}");
    }
}

#[test]
fn a_pace_with_which_fewer_calls_are_answered_is_given_up_for_a_minute() {
    let mut pace = Pace::default();
    mostly_refused(&mut pace, 5, 5_000);
    assert!(pace.interval(at(5_000)).is_some());
    // A third as many answers as before.
    let mut slowed = Vec::new();
    for nth in 0..1_000 {
        let (now, is_answer, again) = (at(5_000 + nth * 100), nth % 15 == 0, (nth / 15).is_multiple_of(2));
        if is_answer {
            pace.answered(now, again, 1)
        } else {
            pace.refused(now, again, 1)
        }
        slowed.push(pace.interval(now).is_some());
    }
    let first = slowed.iter().position(|slowed| !slowed).expect("given up");
    let again = slowed[first..].iter().position(|slowed| *slowed).expect("tried again");
    assert!((10..=260).contains(&first) && (590..=620).contains(&again), "{first} {again}");
}

#[test]
fn a_full_target_is_compared_in_the_same_way_and_is_not_slowed() {
    let mut pace = Pace::default();
    pace.answered(at(0), false, 1);
    assert!(!pace.refuses_payloads(at(0)), "nothing was refused yet");
    (0..60).for_each(|nth| pace.was_full(at(100 + nth), true));
    assert!(pace.refuses_payloads(at(200)));
    assert_eq!(pace.interval(at(200)), None);
}

#[test]
fn the_pace_is_given_up_when_more_than_four_of_five_results_are_answers() {
    let slowed = Slowed { answers: 0, refusals: 0, told: at(60_000), telling: Duration::from_secs(60) };
    let all = Tally { answers: 11 * MILLI, refusals: 3 * MILLI };
    let mut pace = Pace { all, slowed: Some(slowed), ..Pace::default() };
    pace.answered(at(1_000), false, 1);
    assert!(pace.interval(at(1_000)).is_some(), "twelve of fifteen are not more than four of five");
    pace.answered(at(1_100), false, 1);
    assert_eq!(pace.interval(at(1_100)), None);
}

#[test]
fn older_results_count_half_after_a_while_and_after_many_results() {
    let refusals = |count: u64, every: u64| {
        let mut pace = Pace::default();
        (0..count).for_each(|nth| pace.refused(at(nth * every), false, 1));
        pace.all.refusals
    };
    assert_eq!(refusals(16, 1_000), 16 * MILLI);
    assert_eq!(refusals(17, 1_000), 17 * MILLI / 2, "after sixteen seconds");
    assert_eq!(refusals(63, 10), 63 * MILLI);
    assert_eq!(refusals(64, 10), 32 * MILLI, "after sixty-four results");
}

#[test]
fn several_keys_have_limits_of_their_own() {
    let mut pace = Pace::default();
    mostly_refused(&mut pace, 5, 10_000);
    pace.answered(at(10_000), false, 2);
    assert_eq!(pace.interval(at(10_000)), None);
}

#[test]
fn nothing_is_known_after_ten_seconds_without_a_result() {
    let mut pace = Pace::default();
    mostly_refused(&mut pace, 5, 5_000);
    assert!(pace.interval(at(14_899)).is_some());
    assert_eq!(pace.interval(at(14_900)), None);
}

#[test]
fn answers_in_a_row_double_the_pace() {
    let mut pace = Pace::default();
    mostly_refused(&mut pace, 5, 10_000);
    let before = pace.interval(at(10_000)).expect("slower").as_ms();
    (0..8).for_each(|_| pace.answered(at(10_001), true, 1));
    let after = pace.interval(at(10_001)).map_or(0, |interval| interval.as_ms());
    assert!(after * 2 <= before, "{before} {after}");
}

const SECOND: u64 = 1_000;
const HOUR: u64 = 3_600 * SECOND;

/// A result every `every` ms after `from`, until `to`. `result` says of each whether it is an answer, and whether the
/// call had been refused before. Returns whether requests were sent less often, after each result.
fn results(
    pace: &mut Pace,
    (from, to): (u64, u64),
    every: u64,
    result: impl Fn(u64) -> (bool, bool),
) -> Vec<bool> {
    let mut slowed = Vec::new();
    for nth in 1..=(to - from) / every {
        let ((is_answer, again), now) = (result(nth), at(from + nth * every));
        if is_answer {
            pace.answered(now, again, 1)
        } else {
            pace.refused(now, again, 1)
        }
        slowed.push(pace.interval(now).is_some());
    }
    slowed
}

/// One of so many is answered, of retries as of others.
fn one_of(of: u64) -> impl Fn(u64) -> (bool, bool) {
    move |nth| (nth % of == 0, (nth / of).is_multiple_of(2))
}

/// One of five was answered for as long as it takes to slow down, and to judge that once.
fn slowed(from: u64) -> Pace {
    let mut pace = Pace::default();
    let slowed = results(&mut pace, (from, from + 9_200), 100, one_of(5));
    assert!(slowed.last() == Some(&true));
    pace
}

#[test]
fn the_pace_holds_as_long_as_the_target_answers_as_many_as_before() {
    for first in 0..5 {
        let mut pace = Pace::default();
        let slowed = results(&mut pace, (HOUR, HOUR + 120 * SECOND), 100, |nth| one_of(5)(nth + first));
        let begun = slowed.iter().position(|slowed| *slowed).expect("slower");
        assert!(begun < 30 && slowed[begun..].iter().all(|slowed| *slowed), "{first}: {begun}");
    }
}

#[test]
fn the_pace_depends_on_what_came_and_not_on_the_time_of_the_clock() {
    let run = |from: u64| {
        let mut pace = Pace::default();
        let mut all = results(&mut pace, (from, from + 30 * SECOND), 100, one_of(5));
        all.extend(results(&mut pace, (from + 30 * SECOND, from + 60 * SECOND), 100, one_of(30)));
        (all, pace.interval(at(from + 60 * SECOND)))
    };
    assert_eq!(run(0), run(HOUR));
}

#[test]
fn a_target_that_refuses_no_more_than_four_of_five_is_not_slowed() {
    for (more, is_slowed) in [(0, false), (1, true)] {
        let mut pace = Pace::default();
        (0..=more).for_each(|_| pace.refused(at(0), false, 1));
        let result = |nth: u64| (nth == 1 || nth.is_multiple_of(5), (nth / 5).is_multiple_of(2));
        assert_eq!(results(&mut pace, (0, 6 * SECOND), 100, result).contains(&true), is_slowed, "{more}");
    }
}

#[test]
fn a_pace_with_which_half_as_many_calls_are_answered_is_kept_and_one_with_fewer_is_not() {
    for (of, is_kept) in [(10, true), (13, true), (15, false), (1_000, false)] {
        let mut pace = slowed(0);
        let slowed = results(&mut pace, (9_200, 60 * SECOND), 100, one_of(of));
        assert_eq!(slowed.iter().all(|slowed| *slowed), is_kept, "one of {of}");
    }
}

#[test]
fn few_answers_are_no_reason_to_give_the_pace_up_where_as_few_are_refused() {
    let mut pace = slowed(0);
    // Ten results, half of them answers, where twelve answers would have come before.
    let slowed = results(&mut pace, (9_200, 17_000), 780, |nth| (nth % 2 == 0, false));
    assert!(slowed.iter().all(|slowed| *slowed));
}

#[test]
fn a_target_is_slowed_until_it_answers_more_than_four_of_five() {
    let mut pace = slowed(0);
    let two_of_three = |nth| (nth % 3 != 0, nth % 2 == 0);
    let slowed = results(&mut pace, (9_200, 69_200), 100, two_of_three);
    assert!(slowed.iter().all(|slowed| *slowed));
    let slowed = results(&mut pace, (69_200, 89_200), 100, |nth| (true, nth % 2 == 0));
    let ended = slowed.iter().position(|slowed| !slowed).expect("ended");
    assert!((10..150).contains(&ended), "{ended}");
    assert!(slowed[ended..].iter().all(|slowed| !slowed));
}

#[test]
fn after_a_pause_everything_is_counted_anew_and_what_was_given_up_stays_so() {
    let mut pace = slowed(0);
    pace.refused(at(19_300), true, 1);
    assert_eq!(pace.interval(at(19_300)), None);
    // Given up at 40 seconds at the latest, and not taken up again before the minute is over.
    let mut pace = slowed(0);
    let vain = results(&mut pace, (9_200, 40 * SECOND), 100, |nth| (false, nth % 2 == 0));
    let given_up = 9_200 + 100 * vain.iter().position(|slowed| !slowed).expect("given up") as u64;
    let again = given_up + 60 * SECOND;
    let slowed = results(&mut pace, (given_up + 40 * SECOND, again + 20 * SECOND), 100, one_of(5));
    let first = slowed.iter().position(|slowed| *slowed).expect("taken up again");
    assert!((195..=210).contains(&first), "{first}");
}

#[test]
fn a_target_with_several_keys_is_slowed_after_a_minute_with_one_of_them() {
    let mut pace = Pace::default();
    pace.refused(at(0), false, 2);
    let slowed = results(&mut pace, (0, 90 * SECOND), 100, one_of(5));
    let first = slowed.iter().position(|slowed| *slowed).expect("slower");
    assert!((590..620).contains(&first), "{first}");
}

#[test]
fn a_target_answers_some_if_one_of_its_last_eight_results_or_more_are_answers() {
    let mut pace = Pace::default();
    assert!(!pace.answers_some(at(0)));
    (0..6).for_each(|nth| pace.refused(at(nth), false, 1));
    pace.answered(at(6), false, 1);
    assert!(!pace.answers_some(at(6)), "seven results are too few");
    pace.refused(at(7), false, 1);
    assert!(pace.answers_some(at(7)) && pace.answers_some(at(10_006)));
    assert!(!pace.answers_some(at(10_007)), "nothing is known any more");
    (0..8).for_each(|nth| pace.refused(at(8 + nth), false, 1));
    assert!(!pace.answers_some(at(16)));
}

#[test]
fn answers_in_a_row_raise_the_pace_by_more_than_as_many_answers_between_refusals() {
    let after = |refused: u64| {
        let mut pace = slowed(0);
        for nth in 1..=8 {
            pace.answered(at(9_200 + nth), true, 1);
            if nth == refused {
                pace.refused(at(9_200 + nth), true, 1);
            }
        }
        pace.interval(at(9_210)).map_or(0, |interval| interval.as_ms())
    };
    let (in_a_row, others) = (after(0), after(4));
    assert!(in_a_row > 0 && in_a_row * 3 < others * 2, "{in_a_row} {others}");
}
