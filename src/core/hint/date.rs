//! Dates as servers write them: RFC 9110 section 5.6.7, and RFC 3339.

use super::span::whole;

/// The stretches between marks, without the empty ones.
fn words(text: &[u8], is_mark: fn(&u8) -> bool) -> impl Iterator<Item = &[u8]> {
    text.split(is_mark).filter(|word| !word.is_empty())
}

/// Seconds since 1970 of `Sun, 06 Nov 1994 08:49:37 GMT` or one of the two obsolete forms. Those differ in marks, in
/// the century, and in the position of the year.
pub(super) fn http_date(value: &[u8]) -> Option<u64> {
    // Skips the name of the day, which says nothing that the date does not.
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

/// Milliseconds since 1970 of `2026-11-28T00:00:45.5Z`, with a zone. A space may stand for the `T`, and ` UTC` for the `Z`.
pub(super) fn rfc3339(value: &[u8]) -> Option<u64> {
    let (date, rest) = value.split_at_checked(10)?;
    let (mark, rest) = rest.split_first()?;
    let (time, rest) = rest.split_at_checked(8)?;
    let mut parts =
        date.splitn(3, |byte| *byte == b'-').chain(time.splitn(3, |byte| *byte == b':')).map(whole);
    let mut part = || parts.next().flatten();
    let (year, month, day) = (part()?, part()?, part()?);
    let (hour, minute, second) = (part()?, part()?, part()?);
    let legal = matches!(mark, b'T' | b't' | b' ')
        && (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    let mut rest = rest;
    let mut ms = 0;
    if let [b'.', fraction @ ..] = rest {
        let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let three = fraction.get(..digits.min(3))?;
        ms = whole(three)? * [1000, 100, 10, 1].get(three.len()).copied()?;
        rest = fraction.get(digits..)?;
    }
    let ahead = match rest {
        [b'Z' | b'z', ..] => 0,
        [b' ', utc @ ..] if utc.get(..3).is_some_and(|utc| utc.eq_ignore_ascii_case(b"utc")) => 0,
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2, ..] => {
            let minutes = whole(&[*h1, *h2])? * 60 + whole(&[*m1, *m2])?;
            if *sign == b'+' { minutes as i64 } else { -(minutes as i64) }
        }
        _ => return None,
    };
    let seconds = days_since_1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
    let seconds = seconds.checked_add_signed(-ahead * 60)?;
    legal.then_some(seconds * 1000 + ms)
}
