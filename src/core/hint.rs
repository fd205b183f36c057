//! What a server says about when to come back, read with distrust.
//!
//! `Retry-After` is RFC 9110 section 10.2.3 (seconds or a date in one of the three forms of
//! section 5.6.7), `retry-after-ms` an OpenAI habit, `RateLimit` the IETF draft
//! `draft-ietf-httpapi-ratelimit-headers` as the Hugging Face Hub sends it: `"api";r=0;t=55`.
//! Garbage, the past, no time at all, and anything over a day count as absent.

use super::rng::Rng;
use super::time::Duration;

/// A longer wait than this is a mistake of the server or an attack on its clients.
pub const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// The header values of one answer that bear on waiting.
#[derive(Clone, Copy, Debug, Default)]
pub struct Headers<'a> {
    pub retry_after: Option<&'a str>,
    pub retry_after_ms: Option<&'a str>,
    pub rate_limit: Option<&'a str>,
    /// The server's `Date`, the reference for a date in `Retry-After`: the clock of this machine
    /// may be wrong.
    pub date: Option<&'a str>,
}

/// The earliest that the server wants to see us again: the longest of what it says.
///
/// `unix_now_ms` is used for a date in `Retry-After` where the answer has no `Date`.
pub fn floor(headers: Headers<'_>, unix_now_ms: u64) -> Option<Duration> {
    let after = headers
        .retry_after_ms
        .and_then(|value| whole(value.as_bytes()).map(Duration::from_ms))
        .filter(plausible)
        .or_else(|| retry_after(headers.retry_after?, headers.date, unix_now_ms).filter(plausible));
    let limit = headers.rate_limit.and_then(rate_limit).filter(plausible);
    after.max(limit)
}

/// Zero is no floor: taken for one it would take the jitter away, and all would come back at once.
fn plausible(wait: &Duration) -> bool {
    *wait > Duration::ZERO && *wait <= LONGEST
}

/// The wait for a floor: `floor + U(0, min(floor / 4, 5 s))`, never earlier.
///
/// One millisecond is added because a clock that shows whole milliseconds may be behind by one.
pub fn wait(floor: Duration, rng: &mut Rng) -> Duration {
    let spread = floor.scaled(1, 4).min(Duration::from_secs(5));
    floor + Duration::from_ms(1) + rng.up_to(spread)
}

/// `estimated_time` in seconds as the host parsed it, or `None` where it is no estimate.
pub fn estimate(seconds: f64) -> Option<Duration> {
    let plausible = seconds >= 0.0 && seconds <= LONGEST.as_secs() as f64;
    plausible.then(|| Duration::from_ms((seconds * 1000.0) as u64))
}

/// Digits only, and few enough not to overflow.
fn whole(digits: &[u8]) -> Option<u64> {
    let plain = (1..=12).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    plain.then(|| digits.iter().fold(0, |n, digit| n * 10 + u64::from(digit - b'0')))
}

/// The stretches between marks, the empty ones left out.
fn words(text: &[u8], is_mark: fn(&u8) -> bool) -> impl Iterator<Item = &[u8]> {
    text.split(is_mark).filter(|word| !word.is_empty())
}

fn retry_after(value: &str, date: Option<&str>, unix_now_ms: u64) -> Option<Duration> {
    let value = value.as_bytes();
    let mut number = value.split(|byte| *byte == b'.');
    if let Some(seconds) = number.next().and_then(whole) {
        // "1.5" is not in the standard, but some servers send it: up to the next second.
        return match number.next() {
            None => Some(Duration::from_secs(seconds)),
            Some(fraction) => whole(fraction).map(|_| Duration::from_secs(seconds + 1)),
        };
    }
    let now = date.and_then(|date| http_date(date.as_bytes())).unwrap_or(unix_now_ms / 1000);
    let ahead = http_date(value)?.checked_sub(now).filter(|ahead| *ahead > 0)?;
    Some(Duration::from_secs(ahead))
}

/// The longest `t` among the items that have nothing left (`r=0`), and a second, because `t` is
/// rounded down.
fn rate_limit(value: &str) -> Option<Duration> {
    let mut longest = None;
    for item in words(value.as_bytes(), |byte| *byte == b',') {
        let (mut remaining, mut reset) = (None, None);
        for part in words(item, |byte| matches!(byte, b';' | b' ')) {
            match part {
                [b'r', b'=', digits @ ..] => remaining = whole(digits),
                [b't', b'=', digits @ ..] => reset = whole(digits),
                _ => {}
            }
        }
        if remaining == Some(0) {
            longest = longest.max(reset);
        }
    }
    longest.map(|seconds| Duration::from_secs(seconds + 1))
}

/// Seconds since 1970 of `Sun, 06 Nov 1994 08:49:37 GMT` or one of the two obsolete forms, which
/// differ in marks, in the century, and in where the year stands.
fn http_date(value: &[u8]) -> Option<u64> {
    // Without the day's name, which says nothing that the date does not.
    let mut words = words(value, |byte| matches!(byte, b' ' | b',' | b'-' | b':')).skip(1);
    let (mut month, mut number) = (None, [0_u64; 5]);
    for place in &mut number {
        let mut word = words.next()?;
        if month.is_none() && !word.first()?.is_ascii_digit() {
            month = Some(month_named(word)?);
            word = words.next()?;
        }
        *place = whole(word)?;
    }
    // asctime has the year last.
    let [day, mut year, hour, minute, second] = match number {
        [day, hour, minute, second, year] if year > 99 => [day, year, hour, minute, second],
        number => number,
    };
    if year < 100 {
        year += if year < 70 { 2000 } else { 1900 };
    }
    let legal =
        (1970..=9999).contains(&year) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second <= 60;
    let month = month?;
    legal.then(|| days_since_1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second)
}

fn month_named(name: &[u8]) -> Option<u64> {
    let months = b"JanFebMarAprMayJunJulAugSepOctNovDec".chunks(3);
    (1..).zip(months).find_map(|(number, month)| (month == name).then_some(number))
}

/// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms" (2013), for years from 1970.
const fn days_since_1970(year: u64, month: u64, day: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year / 400;
    let year_of_era = year % 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 784_111_777_000; // Sun, 06 Nov 1994 08:49:37 GMT

    fn after(value: &str) -> Option<u64> {
        let headers = Headers { retry_after: Some(value), ..Headers::default() };
        floor(headers, NOW).map(Duration::as_ms)
    }

    #[test]
    fn retry_after_in_seconds() {
        assert_eq!(after("120"), Some(120_000));
        assert_eq!(after("1.5"), Some(2000));
        assert_eq!(after("86400"), Some(86_400_000));
    }

    #[test]
    fn retry_after_as_a_date_in_each_of_the_three_forms() {
        for date in
            ["Sun, 06 Nov 1994 08:50:37 GMT", "Sunday, 06-Nov-94 08:50:37 GMT", "Sun Nov  6 08:50:37 1994"]
        {
            assert_eq!(after(date), Some(60_000), "{date}");
        }
    }

    #[test]
    fn a_date_is_measured_against_the_servers_own_clock_where_it_is_told() {
        let headers = Headers {
            retry_after: Some("Fri, 20 Nov 2026 10:00:30 GMT"),
            date: Some("Fri, 20 Nov 2026 10:00:00 GMT"),
            ..Headers::default()
        };
        assert_eq!(floor(headers, NOW), Some(Duration::from_secs(30)));
    }

    #[test]
    fn garbage_the_past_and_more_than_a_day_are_as_if_absent() {
        for value in [
            "",
            "soon",
            "-5",
            "NaN",
            "1e3",
            "0x10",
            "1.x",
            "86401",
            "999999999999",
            "9999999999999999999999",
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:00:00 GMT",
            "Mon, 06 Foo 2030 08:00:00 GMT",
            "Mon, 06 Nov 2030 08:00 GMT",
            "Mon, 41 Nov 2030 08:00:00 GMT",
            "Sun, 06 Nov 2033 08:49:37 GMT",
            ", , ,",
        ] {
            assert_eq!(after(value), None, "{value:?}");
        }
    }

    #[test]
    fn a_time_of_nothing_is_as_if_absent_in_each_header_and_hides_no_other() {
        let none = Headers::default();
        for headers in [
            Headers { retry_after: Some("0"), ..none },
            Headers { retry_after: Some("000"), ..none },
            Headers { retry_after: Some("Sun, 06 Nov 1994 08:49:37 GMT"), ..none },
            Headers { retry_after_ms: Some("0"), ..none },
            Headers { retry_after_ms: Some("0"), retry_after: Some("0"), ..none },
        ] {
            assert_eq!(floor(headers, NOW), None, "{headers:?}");
        }
        let headers = Headers { retry_after_ms: Some("0"), retry_after: Some("3"), ..none };
        assert_eq!(floor(headers, NOW), Some(Duration::from_secs(3)));
        // The draft rounds down, so that no seconds are up to one.
        let headers = Headers { rate_limit: Some("r=0;t=0"), ..none };
        assert_eq!(floor(headers, NOW), Some(Duration::from_secs(1)));
    }

    #[test]
    fn rate_limit_counts_only_where_nothing_is_left() {
        let limit = |value| {
            floor(Headers { rate_limit: Some(value), ..Headers::default() }, NOW).map(Duration::as_secs)
        };
        assert_eq!(limit("\"api\";r=0;t=55"), Some(56));
        assert_eq!(limit("\"api\";r=12;t=55"), None);
        assert_eq!(limit("\"pages\";r=0;t=5, \"api\";r=0;t=55, \"resolvers\";r=9;t=200"), Some(56));
        assert_eq!(limit("r=0"), None);
        assert_eq!(limit("\"api\";r=0;t=-1"), None);
    }

    #[test]
    fn the_longest_of_several_hints_is_the_floor_and_milliseconds_are_the_finer_reading() {
        let headers = Headers { retry_after: Some("1"), retry_after_ms: Some("700"), ..Headers::default() };
        assert_eq!(floor(headers, NOW), Some(Duration::from_ms(700)));
        let headers = Headers { retry_after: Some("1"), rate_limit: Some("r=0;t=9"), ..Headers::default() };
        assert_eq!(floor(headers, NOW), Some(Duration::from_secs(10)));
        let headers = Headers { retry_after_ms: Some("x"), retry_after: Some("3"), ..Headers::default() };
        assert_eq!(floor(headers, NOW), Some(Duration::from_secs(3)));
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
    fn an_estimate_is_a_plain_number_of_seconds() {
        assert_eq!(estimate(20.0), Some(Duration::from_secs(20)));
        assert_eq!(estimate(118.026_977_539_062_5), Some(Duration::from_ms(118_026)));
        assert_eq!(estimate(0.0), Some(Duration::ZERO));
        for nonsense in [-1.0, f64::NAN, f64::INFINITY, 1e9, -0.1] {
            assert_eq!(estimate(nonsense), None, "{nonsense}");
        }
    }
}
