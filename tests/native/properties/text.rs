//! Headers as servers, proxies and attackers write them, against naive readings of the standards.

use super::config;
use proptest::prelude::*;
use query_with_retry::core::hint::{self, Now};
use query_with_retry::core::rng::Rng;
use query_with_retry::core::time::Duration;

const MONTHS: [(&str, u64); 12] = [
    ("Jan", 31),
    ("Feb", 28),
    ("Mar", 31),
    ("Apr", 30),
    ("May", 31),
    ("Jun", 30),
    ("Jul", 31),
    ("Aug", 31),
    ("Sep", 30),
    ("Oct", 31),
    ("Nov", 30),
    ("Dec", 31),
];

/// Of Thursday, the first of January 1970, and the days after it.
const DAYS: [&str; 7] = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];

const fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

/// Counted on the fingers.
fn days_since_1970(year: u64, month: usize, day: u64) -> u64 {
    let years: u64 = (1970..year).map(|year| 365 + u64::from(is_leap(year))).sum();
    let months: u64 = MONTHS[..month].iter().map(|(_, days)| days).sum();
    let leap_day = u64::from(month > 1 && is_leap(year));
    years + months + leap_day + day - 1
}

#[derive(Clone, Copy, Debug)]
struct Date {
    year: u64,
    /// From 0.
    month: usize,
    day: u64,
    second_of_day: u64,
}

impl Date {
    fn unix_secs(self) -> u64 {
        days_since_1970(self.year, self.month, self.day) * 86_400 + self.second_of_day
    }

    /// The form of today, that of RFC 850, that of C.
    fn written(self) -> [String; 3] {
        let Self { year, month, day, second_of_day } = self;
        let name = DAYS[days_since_1970(year, month, day) as usize % 7];
        let (short, month) = (&name[..3], MONTHS[month].0);
        let (h, m, s) = (second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60);
        [
            format!("{short}, {day:02} {month} {year} {h:02}:{m:02}:{s:02} GMT"),
            format!("{name}, {day:02}-{month}-{:02} {h:02}:{m:02}:{s:02} GMT", year % 100),
            format!("{short} {month} {day:>2} {h:02}:{m:02}:{s:02} {year}"),
        ]
    }
}

fn date(years: std::ops::Range<u64>) -> impl Strategy<Value = Date> {
    (years, 0..12_usize, 1..=31_u64, 0..86_400_u64).prop_map(|(year, month, day, second_of_day)| {
        let days = MONTHS[month].1 + u64::from(month == 1 && is_leap(year));
        Date { year, month, day: day.min(days), second_of_day }
    })
}

/// Pieces of headers in any order, and other text.
fn almost_a_header() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => proptest::sample::select(vec![
            "Sun", ", ", " ", "06", "Nov", "1994", "08:49:37", "GMT", "-", ":", "Sunday", "94", "r=0", "t=", ";",
            "\"api\"", ",", "r=", "=", "0", "9999999999999", "18446744073709551616", ".", "5", "+", "e", "\u{e9}",
            "\0", "Feb", "29", "60", "00",
        ])
        .prop_map(String::from),
        1 => any::<char>().prop_map(String::from),
        1 => any::<u64>().prop_map(|number| number.to_string()),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn after(value: &str, unix_now_ms: u64) -> Option<Duration> {
    hint::read(&format!("retry-after: {value}"), Now { ms: unix_now_ms, is_right: true }).wait
}

proptest! {
    #![proptest_config(config())]

    /// Nothing that stands in headers or in words panics.
    #[test]
    fn no_header_and_no_message_panics(
        values in proptest::array::uniform4(almost_a_header()),
        unix_now_ms in any::<u64>(),
    ) {
        let [retry_after, retry_after_ms, rate_limit, date] = &values;
        let lines = format!(
            "retry-after: {retry_after}\nretry-after-ms: {retry_after_ms}\nratelimit: {rate_limit}\ndate: {date}\n\
             x-ratelimit-remaining: 0\nx-ratelimit-reset: {retry_after}\n{rate_limit}"
        );
        let now = Now { ms: unix_now_ms, is_right: true };
        let hint = hint::read(&lines, now);
        prop_assert!(hint.wait != Some(Duration::ZERO) && hint.resets != Some(Duration::ZERO));
        hint::in_words(format!("try again in {retry_after} resets at: {date}").as_bytes(), now);
    }

    /// A date that is up to a day ahead, in each of its forms, is as many seconds ahead as a
    /// calendar counted year by year says; one that is not ahead is none.
    #[test]
    fn a_date_is_read_as_a_naive_calendar_reads_it(date in date(1970..2070), ahead in 1..=86_400_u64) {
        let then = date.unix_secs() + 86_400;
        let later = Date { day: 1, month: 0, year: 1970, second_of_day: 0 };
        let now = date.unix_secs().saturating_sub(ahead);
        for written in date.written() {
            let expected = (date.unix_secs() > now).then(|| Duration::from_secs(date.unix_secs() - now));
            prop_assert_eq!(after(&written, now * 1000 + 999), expected, "{}", written);
            prop_assert_eq!(after(&written, then * 1000), None, "{}", written);
            // The server's own clock decides, whatever this machine takes the time to be.
            let clock = Date { second_of_day: 0, ..later }.written();
            let lines = format!("retry-after: {written}\ndate: {}", clock[0]);
            let since_1970 = Some(Duration::from_secs(date.unix_secs()));
            let expected = since_1970.filter(|span| *span > Duration::ZERO);
            prop_assert_eq!(hint::read(&lines, Now { ms: now * 1000, is_right: true }).wait, expected, "{}", written);
        }
    }

    /// The forms with four digits reach to the end of the calendar, leap years and all.
    #[test]
    fn a_far_date_is_read_as_a_naive_calendar_reads_it(date in date(2070..10_000), ahead in 1..=86_400_u64) {
        let [today, _, of_c] = date.written();
        for written in [today, of_c] {
            let floor = after(&written, (date.unix_secs() - ahead) * 1000);
            prop_assert_eq!(floor, Some(Duration::from_secs(ahead)), "{}", written);
        }
    }

    /// Whole seconds are taken as they are, and none as if nothing was said.
    #[test]
    fn seconds_are_taken_as_they_are(seconds in prop_oneof![0..100_000_u64, any::<u64>()]) {
        let expected = (1..10_000_000_000_000).contains(&seconds).then(|| Duration::from_secs(seconds));
        prop_assert_eq!(after(&seconds.to_string(), 0), expected);
        prop_assert_eq!(after(&format!("-{seconds}"), 0), None);
    }

    /// Of the buckets of a `RateLimit` only the empty ones count, and of those the slowest.
    #[test]
    fn the_slowest_empty_bucket_is_the_floor(
        buckets in proptest::collection::vec((0..3_u64, 0..90_000_u64), 0..5),
    ) {
        let items: Vec<_> = buckets.iter().map(|(left, reset)| format!("\"x\";r={left};t={reset}")).collect();
        let lines = format!("ratelimit: {}", items.join(", "));
        let slowest = buckets.iter().filter(|(left, _)| *left == 0).map(|(_, reset)| reset + 1).max();
        prop_assert_eq!(hint::read(&lines, Now { ms: 0, is_right: true }).resets, slowest.map(Duration::from_secs));
    }

    /// The wait for a floor is after it, and by at most a quarter or five seconds.
    #[test]
    fn the_wait_for_a_floor_is_never_before_it(floor in 0..=86_400_000_u64, seed in any::<u64>()) {
        let waits = hint::wait(Duration::from_ms(floor), &mut Rng::new(seed)).as_ms();
        prop_assert!(waits > floor && waits <= floor + 1 + (floor / 4).min(5000));
    }
}
