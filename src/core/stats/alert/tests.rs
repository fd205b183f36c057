use super::*;

const TIMEOUT: Duration = Duration::from_secs(120);
/// Shares of the timeout, in thousandths: 97.2 s and 60 s.
const SLOW: u64 = 810;
const FAST: u64 = 500;

const fn at(secs: u64) -> Instant {
    Instant::from_ms(secs * 1000)
}

#[track_caller]
fn quiet(watch: &mut Watch, now: Instant, share: u64) {
    assert_eq!(watch.add(now, TIMEOUT.scaled(share, 1000), TIMEOUT), None);
}

/// For each minute a number of attempts and their share. The first attempt of a minute returns the change.
#[track_caller]
fn minute(watch: &mut Watch, nth: u64, count: u64, share: u64) -> Option<Change> {
    let begin = at(6000 + nth * 60);
    let change = watch.add(begin, TIMEOUT.scaled(share, 1000), TIMEOUT);
    (1..count).for_each(|sample| quiet(watch, begin + Duration::from_ms(sample * 59_000 / count), share));
    change
}

fn minutes(watch: &mut Watch, all: &[(u64, u64)]) -> Vec<Option<Change>> {
    (0..).zip(all).map(|(nth, (count, share))| minute(watch, nth, *count, *share)).collect()
}

fn watch() -> Watch {
    Watch::new(AlertRule::default())
}

fn raised() -> Watch {
    let mut watch = watch();
    minutes(&mut watch, &[(200, SLOW); 3]);
    assert!(watch.alert().is_some());
    watch
}

#[test]
fn two_slow_minutes_in_a_row_raise_the_alert_when_the_third_begins() {
    let mut watch = watch();
    let told = minutes(&mut watch, &[(200, SLOW); 4]);
    let [None, None, Some(Change::Raised(alert)), None] = told[..] else { panic!("{told:?}") };
    assert_eq!((alert.timeout, alert.since), (TIMEOUT, at(6120)));
    assert!(alert.p99.as_ms().abs_diff(97_200) <= 972, "{alert:?}");
    assert_eq!(watch.alert(), Some(alert));
}

#[test]
fn one_slow_minute_does_not() {
    let (slow, fast) = ((200, SLOW), (200, FAST));
    assert_eq!(minutes(&mut watch(), &[slow, fast, slow, fast, fast]), [None; 5]);
}

#[test]
fn a_minute_of_199_attempts_tells_nothing_and_one_of_200_does() {
    for (first, second) in [(199, 200), (200, 199)] {
        assert_eq!(minutes(&mut watch(), &[(first, SLOW), (second, SLOW), (1, SLOW)]), [None; 3]);
    }
    assert!(minutes(&mut watch(), &[(200, SLOW), (200, SLOW), (1, SLOW)])[2].is_some());
}

#[test]
fn a_minute_that_cannot_tell_parts_two_that_are_slow() {
    assert_eq!(minutes(&mut watch(), &[(200, SLOW), (199, SLOW), (200, SLOW), (1, SLOW)]), [None; 4]);
}

#[test]
fn one_percent_of_slow_attempts_is_not_the_99th_percentile_and_more_is() {
    for (slow, alerts) in [(2, false), (3, true)] {
        let mut watch = watch();
        for minute in [6000, 6060] {
            (0..200).for_each(|nth| quiet(&mut watch, at(minute), if nth < slow { 1000 } else { FAST }));
        }
        let told = watch.add(at(6120), Duration::ZERO, TIMEOUT);
        assert_eq!(matches!(told, Some(Change::Raised(_))), alerts, "{slow} of 200");
    }
}

#[test]
fn exactly_at_the_share_is_not_above_it() {
    for per_thousand in [1, 500, 800, 950, 1000, 5000, u32::MAX] {
        let mut watch = Watch::new(AlertRule { per_thousand, ..AlertRule::default() });
        let share = per_thousand.min(1000).into();
        assert_eq!(
            minutes(&mut watch, &[(200, share), (200, share), (1, share)]),
            [None; 3],
            "{per_thousand}"
        );
    }
}

#[test]
fn attempts_that_all_time_out_have_their_timeout_for_a_p99() {
    let mut watch = watch();
    minutes(&mut watch, &[(200, 1000), (200, 9000), (1, 1000)]);
    assert_eq!(watch.alert().map(|alert| alert.p99), Some(TIMEOUT));
}

#[test]
fn a_full_minute_below_seven_tenths_clears_it() {
    let mut watch = raised();
    assert_eq!(minute(&mut watch, 3, 200, 700), None);
    assert_eq!(minute(&mut watch, 4, 1, FAST), Some(Change::Cleared));
    assert_eq!(watch.alert(), None);
}

#[test]
fn in_between_the_alert_stays_and_has_the_newer_p99() {
    let mut watch = raised();
    let before = watch.alert().unwrap();
    assert_eq!((minute(&mut watch, 3, 200, 750), minute(&mut watch, 4, 1, FAST)), (None, None));
    let after = watch.alert().unwrap();
    assert_eq!(after.since, before.since);
    assert!(after.p99 < before.p99 && after.p99.as_ms().abs_diff(90_000) <= 900, "{after:?}");
}

#[test]
fn too_few_attempts_do_not_clear_it() {
    let mut watch = raised();
    assert_eq!((minute(&mut watch, 3, 199, FAST), minute(&mut watch, 4, 1, FAST)), (None, None));
    assert!(watch.alert().is_some());
}

#[test]
fn an_alert_raised_at_a_low_share_is_cleared_at_a_lower_one_and_never_above_seven_tenths() {
    for (per_thousand, share, clears) in
        [(100, 88, false), (100, 87, true), (950, 704, false), (950, 703, true)]
    {
        let mut watch = Watch::new(AlertRule { per_thousand, min_samples: 1 });
        let slow = u64::from(per_thousand) * 102 / 100;
        let told = minutes(&mut watch, &[(1, slow), (1, slow), (1, share), (1, share)]);
        assert!(told[2].is_some());
        assert_eq!(told[3] == Some(Change::Cleared), clears, "{share} of {per_thousand}");
    }
}

#[test]
fn each_attempt_is_held_against_its_own_timeout() {
    let mut watch = watch();
    let (short, long) = (Duration::from_secs(10), Duration::from_secs(100));
    for minute in [6000, 6060] {
        for _ in 0..100 {
            assert_eq!(watch.add(at(minute), Duration::from_ms(9000), short), None);
            assert_eq!(watch.add(at(minute), Duration::from_ms(9000), long), None);
        }
    }
    let Some(Change::Raised(alert)) = watch.add(at(6120), Duration::ZERO, short) else { panic!() };
    assert_eq!(alert.timeout, long);
    assert!(alert.p99.as_ms().abs_diff(90_000) <= 900, "{alert:?}");
}

#[test]
fn minutes_with_silence_between_them_are_not_in_a_row() {
    let mut watch = watch();
    assert_eq!((minute(&mut watch, 0, 200, SLOW), minute(&mut watch, 2, 200, SLOW)), (None, None));
    assert_eq!(minute(&mut watch, 3, 1, SLOW), None);
}

#[test]
fn two_slow_minutes_that_nobody_asked_about_for_hours_raise_nothing() {
    let mut watch = watch();
    minutes(&mut watch, &[(200, SLOW); 2]);
    assert_eq!(minute(&mut watch, 500, 200, SLOW), None);
    assert_eq!(minute(&mut watch, 501, 1, SLOW), None);
}

#[test]
fn clocks_that_jump_and_timeouts_of_nothing_are_harmless() {
    let mut watch = watch();
    for now in [at(7000), at(3), Instant::from_ms(u64::MAX), at(0)] {
        for (took, timeout) in [(0, 0), (u64::MAX, 0), (u64::MAX, u64::MAX), (1, u64::MAX)] {
            assert_eq!(watch.add(now, Duration::from_ms(took), Duration::from_ms(timeout)), None);
        }
    }
    assert_eq!(watch.alert(), None);
}
