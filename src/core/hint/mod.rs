//! What a server says about when to come back, read with distrust: in headers, in a body, in words.
//!
//! Explicit headers go first: `Retry-After` (RFC 9110 section 10.2.3) and similar ones in milliseconds. Then the
//! longest wait that an error's body names, in its fields or its words: Google's `retryDelay` is its message cut to
//! whole seconds. Then the resets of limits that are used up (`RateLimit` of `draft-ietf-httpapi-ratelimit-headers`
//! in its three forms, `x-ratelimit-reset-*` and others). A reset says when a limit is whole again, which may be
//! hours after the next request would be accepted. One name has several units: `x-ratelimit-reset-requests` is `6m0s`
//! at OpenAI, `24` at Azure and a Unix time at DigitalOcean. So the form decides, not the name. An empty value,
//! garbage and a time in the past count as absent.

mod date;
mod span;
mod words;

use super::classify::find;
use super::rng::Rng;
use super::time::Duration;
use date::{http_date, rfc3339};
pub use words::wait as in_words;

/// A longer estimate is a mistake.
pub const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// What the headers of one answer say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hint {
    /// When to come back.
    pub wait: Option<Duration>,
    /// When the limits that are used up are reset.
    pub resets: Option<Duration>,
    /// Whether to retry, by `x-should-retry`, which goes before the status.
    pub should_retry: Option<bool>,
    /// The time at the server: its `date`, or the clock of this machine.
    pub now: Now,
}

/// The time at the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// In ms since 1970.
    pub ms: u64,
    /// The time is the server's, from its `Date`, or the clock of a server. A page may not see the `Date` of another
    /// origin, and its user's clock may be wrong by hours.
    pub is_right: bool,
}

/// If the clock may be wrong, a time is believed only if it is this near.
const NEAR: Duration = Duration::from_secs(120);

impl Now {
    /// How long until that time. `None` if it is past, or cannot be known.
    pub fn until(self, at_ms: u64) -> Option<Duration> {
        some(at_ms.saturating_sub(self.ms)).filter(|wait| self.is_right || *wait <= NEAR)
    }
}

/// Headers that name a wait, each with its unit in ms. The first one that does counts.
const EXPLICIT: [(&str, u64); 6] = [
    ("retry-after-ms", 1),
    ("x-ms-retry-after-ms", 1),
    ("retry-after", 1000),
    ("x-amz-retry-after", 1),
    ("x-retry-in", 1000),
    ("x-ratelimit-timeremaining", 1000),
];

/// Reads the headers, `name: value` in each line, with names in lower case. `here` is our own time, used if there is
/// no `Date`.
pub fn read(lines: &str, here: Now) -> Hint {
    let mut all: Vec<(&[u8], &[u8])> = Vec::new();
    for line in lines.as_bytes().split(|byte| *byte == b'\n') {
        if let Some(at) = line.iter().position(|byte| *byte == b':')
            && let (name, [_, value @ ..]) = line.split_at(at)
        {
            all.push((name, value.trim_ascii()));
        }
    }
    let value =
        |wanted: &str| all.iter().find(|(name, _)| *name == wanted.as_bytes()).map(|(_, value)| *value);
    let date = value("date").and_then(http_date);
    let now = date.map_or(here, |seconds| Now { ms: seconds * 1000, is_right: true });
    let wait = EXPLICIT.iter().find_map(|(name, unit)| from_now(value(name)?, *unit, now));
    let mut resets = value("ratelimit").and_then(rate_limit);
    for (name, value) in &all {
        let Some(at) = find(name, b"reset") else { continue };
        let (before, behind) = name.split_at(at);
        let behind = behind.get(5..).unwrap_or_default();
        let behind = behind.strip_prefix(b"-after").unwrap_or(behind);
        let is_used_up = |(other, value): &(&[u8], &[u8])| {
            let rest = other.strip_prefix(before).and_then(|rest| rest.strip_suffix(behind));
            matches!((rest, *value), (Some(b"remaining"), b"0") | (Some(b"status"), b"rejected"))
        };
        if all.iter().any(is_used_up) {
            resets = resets.max(until(value, now));
        }
    }
    let should_retry = match value("x-should-retry") {
        Some(b"true") => Some(true),
        Some(b"false") => Some(false),
        _ => None,
    };
    Hint { wait, resets, should_retry, now }
}

fn some(ms: u64) -> Option<Duration> {
    Some(Duration::from_ms(ms)).filter(|wait| *wait > Duration::ZERO)
}

/// A number in this unit, a span with its own unit, or a date.
pub fn from_now(value: &[u8], unit: u64, now: Now) -> Option<Duration> {
    // Two fields of one name are joined by a comma, and a date has a comma too.
    let first = if value.first().is_some_and(u8::is_ascii_digit) {
        value.split(|byte| *byte == b',').next().unwrap_or_default().trim_ascii()
    } else {
        value
    };
    if let Some(thousandths) = span::plain(first) {
        return some(thousandths.saturating_mul(unit).div_ceil(1000));
    }
    if let Some((ms, [])) = span::with_units(first) {
        return some(ms);
    }
    // Dates of HTTP have only seconds, and so has the time that they are compared with.
    let at = rfc3339(first).or_else(|| Some(http_date(value)? * 1000 + now.ms % 1000))?;
    now.until(at)
}

/// The same, but a number may also be a Unix time, in seconds or milliseconds: no span is as large.
pub fn until(value: &[u8], now: Now) -> Option<Duration> {
    match span::plain(value) {
        Some(thousandths) if thousandths >= 1_000_000_000_000_000 => now.until(thousandths / 1000),
        Some(thousandths) if thousandths >= 1_000_000_000_000 => now.until(thousandths),
        _ => from_now(value, 1000, now),
    }
}

/// The longest time among the items of `RateLimit` that have nothing left, plus a second, because it is rounded down:
/// `"api";r=0;t=55` in the newer drafts, `limit=100, remaining=0, reset=30` in the older one.
fn rate_limit(value: &[u8]) -> Option<Duration> {
    let (mut remaining, mut reset, mut longest) = (None, None, None);
    for part in value.split(|byte| matches!(byte, b';' | b' ' | b',')) {
        let number = |name: &[u8]| part.strip_prefix(name).and_then(span::whole);
        if part.first() == Some(&b'"') || !part.contains(&b'=') && !part.is_empty() {
            (remaining, reset) = (None, None); // another item
        }
        remaining = number(b"r=").or_else(|| number(b"remaining=")).or(remaining);
        reset = number(b"t=").or_else(|| number(b"reset=")).or(reset);
        if remaining == Some(0) {
            longest = longest.max(reset);
        }
    }
    longest.map(|seconds| Duration::from_secs(seconds + 1))
}

/// The wait for a floor: `floor + U(0, min(floor / 4, 5 s))`, never earlier.
///
/// One millisecond is added because a clock that shows whole milliseconds may be behind by one.
pub fn wait(floor: Duration, rng: &mut Rng) -> Duration {
    let spread = floor.scaled(1, 4).min(Duration::from_secs(5));
    floor + Duration::from_ms(1) + rng.up_to(spread)
}

#[cfg(test)]
mod tests;
