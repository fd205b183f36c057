//! Dates and spans in every form; where waits are named is in `tests/native/waits.rs`.

use super::*;

const NOW: Now = Now { ms: 784_111_777_000, is_right: true }; // Sun, 06 Nov 1994 08:49:37 GMT

fn after(value: &str) -> Option<u64> {
    read(&format!("retry-after: {value}"), NOW).wait.map(Duration::as_ms)
}

#[test]
fn retry_after_in_seconds() {
    for (value, ms) in
        [("120", 120_000), ("1.5", 1500), ("86400", 86_400_000), ("  7 ", 7000), ("5, 10", 5000)]
    {
        assert_eq!(after(value), Some(ms), "{value}");
    }
}

#[test]
fn retry_after_as_a_date_in_each_of_the_forms() {
    for date in [
        "Sun, 06 Nov 1994 08:50:37 GMT",
        "Sunday, 06-Nov-94 08:50:37 GMT",
        "Sun Nov  6 08:50:37 1994",
        "1994-11-06T08:50:37Z",
        "1994-11-06T09:50:37+01:00",
        "1994-11-06 08:50:37.000 UTC",
    ] {
        assert_eq!(after(date), Some(60_000), "{date}");
    }
}

#[test]
fn a_date_is_measured_against_the_servers_own_clock_where_it_is_told() {
    let lines = "date: Fri, 20 Nov 2026 10:00:00 GMT\nretry-after: Fri, 20 Nov 2026 10:00:30 GMT";
    assert_eq!(read(lines, NOW).wait, Some(Duration::from_secs(30)));
}

#[test]
fn garbage_and_the_past_are_as_if_absent() {
    for value in [
        "",
        "soon",
        "-5",
        "NaN",
        "1e3",
        "0x10",
        "1.x",
        "0",
        "000",
        "0.0",
        "99999999999999999999999",
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:00:00 GMT",
        "Mon, 06 Foo 2030 08:00:00 GMT",
        "Mon, 06 Nov 2030 08:00 GMT",
        "Mon, 41 Nov 2030 08:00:00 GMT",
        "1994-11-06T08:50:37",
        "1994-13-06T08:50:37Z",
        "2024-",
        ", , ,",
        ".5",
    ] {
        assert_eq!(after(value), None, "{value:?}");
    }
}

#[test]
fn a_time_of_nothing_hides_no_other() {
    let wait = |lines: &str| read(lines, NOW).wait.map(Duration::as_ms);
    assert_eq!(wait("retry-after-ms: 0\nretry-after: 3"), Some(3000));
    assert_eq!(wait("retry-after-ms: x\nretry-after: 3"), Some(3000));
    assert_eq!(wait("retry-after: 1\nretry-after-ms: 700"), Some(700), "milliseconds are the finer reading");
    // The draft rounds down, so zero seconds are up to one.
    assert_eq!(read("ratelimit: r=0;t=0", NOW).resets, Some(Duration::from_secs(1)));
}

#[test]
fn spans_have_units_or_none() {
    for (text, ms) in [
        ("6m0s", 360_000),
        ("12ms", 12),
        ("1h2m3.5s", 3_723_500),
        ("201.506475ms", 202),
        ("53.016342224s", 53_017),
        ("7 days", 604_800_000),
        ("831.0 seconds.", 831_000),
        ("1 Minute", 60_000),
        ("2hrs", 7_200_000),
        ("8 hours 24 minutes", 30_240_000),
        ("5 minutes and 10 seconds.", 310_000),
        ("1 day, 2 hours", 93_600_000),
        ("6 seconds. Limit 5 seconds", 6000),
    ] {
        assert_eq!(span::with_units(text.as_bytes()).map(|(ms, _)| ms), Some(ms), "{text}");
    }
    for text in ["", "s", "5", "5 requests", "in 5s", "5x", "-5s"] {
        assert_eq!(span::with_units(text.as_bytes()), None, "{text}");
    }
}

#[test]
fn a_wait_is_never_before_its_floor_and_spreads_over_a_quarter_of_it() {
    for (seconds, spread) in [(2, 500), (20, 5000), (120, 5000)] {
        let asked = Duration::from_secs(seconds);
        let waits: Vec<u64> = (0..200).map(|seed| wait(asked, &mut Rng::new(seed)).as_ms()).collect();
        assert!(waits.iter().all(|ms| (seconds * 1000 + 1..=seconds * 1000 + 1 + spread).contains(ms)));
        assert!(waits.iter().max() > waits.iter().min());
    }
}

#[test]
fn a_date_beside_no_clock_of_the_server_is_believed_where_it_is_near() {
    // Sat, 28 Nov 2026 00:00:00 GMT
    const HERE: Now = Now { ms: 1_795_824_000_000, is_right: false };
    let after = |lines: &str| read(lines, HERE).wait.map(Duration::as_ms);
    assert_eq!(after("retry-after: Sat, 28 Nov 2026 00:00:04 GMT"), Some(4_000));
    assert_eq!(after("retry-after: Sat, 28 Nov 2026 00:02:00 GMT"), Some(120_000));
    // This machine's clock may be an hour slow, or an hour fast.
    assert_eq!(after("retry-after: Sat, 28 Nov 2026 01:00:04 GMT"), None);
    assert_eq!(after("retry-after: Fri, 27 Nov 2026 23:00:04 GMT"), None);
    assert_eq!(read("x-ratelimit-remaining: 0\nx-ratelimit-reset: 1795827604", HERE).resets, None);
    let told = "date: Sat, 28 Nov 2026 00:00:00 GMT\nretry-after: Sat, 28 Nov 2026 01:00:04 GMT";
    assert_eq!(after(told), Some(3_604_000));
}

#[test]
fn a_date_is_legal_to_its_last_second_and_not_beyond() {
    for (date, is_legal) in [
        ("Thu, 31 Dec 2026 23:59:60 GMT", true),
        ("Thu, 31 Dec 2026 23:59:61 GMT", false),
        ("Thu, 31 Dec 2026 23:60:00 GMT", false),
        ("Thu, 31 Dec 2026 24:00:00 GMT", false),
        ("Thu, 32 Dec 2026 00:00:00 GMT", false),
        ("2026-12-31T23:59:60Z", true),
        ("2026-12-31T23:59:61Z", false),
        ("2026-12-31T23:60:00Z", false),
        ("2026-12-31T24:00:00Z", false),
        ("2026-12-32T00:00:00Z", false),
        ("2026-12-00T00:00:00Z", false),
        ("2026-00-01T00:00:00Z", false),
        ("2026-12-31x23:59:60Z", false),
        ("2026-12-31T23:59:60", false),
        ("2026-12-31T23:59:60 UTC", true),
        ("2026-12-31T23:59:60 utc", true),
        ("2026-12-31T23:59:60 CET", false),
    ] {
        assert_eq!(after(date).is_some(), is_legal, "{date}");
    }
}

#[test]
fn a_zone_ahead_is_earlier_and_a_zone_behind_is_later() {
    for (date, ms) in [
        ("1994-11-06T09:20:37+00:30", 60_000),
        ("1994-11-06T14:20:37+05:30", 60_000),
        ("1994-11-06T08:20:37-00:30", 60_000),
        ("1994-11-06T03:20:37-05:30", 60_000),
        ("1994-11-06T08:50:37.25Z", 60_250),
        ("1994-11-06T08:50:37.5z", 60_500),
        ("1994-11-06T08:50:37.1239999Z", 60_123),
    ] {
        assert_eq!(after(date), Some(ms), "{date}");
    }
}

#[test]
fn a_year_of_two_digits_is_of_the_century_that_its_date_is_nearest_to() {
    // 1970 is past; 2069 is not.
    assert_eq!(http_date(b"Thursday, 01-Jan-70 00:00:00 GMT"), Some(0));
    assert_eq!(http_date(b"Tuesday, 01-Jan-69 00:00:00 GMT"), Some(3_124_224_000));
    assert_eq!(http_date(b"Friday, 31-Dec-99 00:00:00 GMT"), Some(946_598_400));
    // From 100 on, a last number is a year, as asctime has it.
    assert_eq!(http_date(b"Sun Nov  6 08:49:37 1994"), Some(784_111_777));
}

#[test]
fn the_server_says_whether_to_retry_in_exactly_two_words() {
    for (value, says) in
        [("true", Some(true)), ("false", Some(false)), ("TRUE", None), ("yes", None), ("", None)]
    {
        assert_eq!(read(&format!("x-should-retry: {value}"), NOW).should_retry, says, "{value}");
    }
}

#[test]
fn a_limit_that_is_not_used_up_says_nothing() {
    for (value, seconds) in [
        ("\"a\";r=0;t=55", Some(56)),
        ("\"a\";r=1;t=55", None),
        ("\"a\";r=0;t=55, \"b\";r=1;t=99", Some(56)),
        ("\"a\";r=0;t=55, \"b\";t=99", Some(56)),
        ("a;r=0;t=55, b;t=99", Some(56)),
        ("limit=100, remaining=0, reset=30", Some(31)),
        ("limit=100,  remaining=0,  reset=30", Some(31)),
    ] {
        let resets = read(&format!("ratelimit: {value}"), NOW).resets;
        assert_eq!(resets, seconds.map(Duration::from_secs), "{value}");
    }
}
