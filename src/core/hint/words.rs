//! What a message says about when to come back. CORS hides the headers from a page, so words are all it has.

use super::date::rfc3339;
use super::{Duration, Now, some, span};
use crate::core::classify::find;

/// Phrases that are followed by a wait and by nothing else. "timed out after 30 seconds" and "8 per 86400s" are no
/// waits.
const PHRASES: &str = "retrydelay|quotaresetdelay|try again in|retry in|retry-in|retry after|available in|resets in|reset in|reset after|please wait|try again after|resets at:";

/// The longest wait that the words name, in lower case.
pub fn wait(text: &[u8], now: Now) -> Option<Duration> {
    let mut longest = None;
    for phrase in PHRASES.as_bytes().split(|byte| *byte == b'|') {
        let Some(at) = find(text, phrase) else { continue };
        let rest = text.get(at + phrase.len()..).unwrap_or_default();
        // JSON in a message has its marks before the number, the more the deeper it lies; others write "about", or
        // "~".
        let Some(begun) = rest.iter().take(10).position(u8::is_ascii_digit) else { continue };
        let rest = rest.get(begun..).unwrap_or_default();
        let wait = match span::with_units(rest) {
            Some((ms, _)) => some(ms),
            // LiteLLM's limiter: "resets at: 2026-05-31 10:04:41 UTC".
            None => rfc3339(rest).and_then(|at| now.until(at)),
        };
        longest = longest.max(wait);
    }
    longest
}
