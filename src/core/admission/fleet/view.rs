//! What a fleet knows of one target: the state that its clients keep in one place, and its text.
//!
//! The text is the numbers of [`View`] in their order, in decimal, with a space between two. A client of any kind returns
//! ASCII unharmed, and people can read it. The first number is the `VERSION`. A text of another version, with another
//! number of fields, or with anything but digits is refused, and never overwritten.

use crate::core::admission::budget::TOKEN;

/// Belongs to the fields and to what they mean. A change of either needs another one.
pub(super) const VERSION: u64 = 1;

/// A bucket without tokens. The retries that clients spend at the same time may make it owe some.
pub(super) const NO_TOKENS: u64 = 1_000 * TOKEN as u64;

/// Times are in milliseconds of the coordinator's clock, and zero stands for never. Numbers of clients are never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// The version of the format. A state of another one is refused.
    pub version: u64,
    /// When the state was made. Another time means that the engine lost it meanwhile.
    pub born: u64,
    /// How often it was written, and who wrote it last: no two states have the same text.
    pub writes: u64,
    /// A client.
    pub writer: u64,

    /// Since when clients with traffic are counted,
    pub period: u64,
    /// how many there are since then, and how many calls they have, waiting or in flight,
    pub clients: u64,
    /// so many calls,
    pub calls: u64,
    /// and how many of both there were in the period before.
    pub clients_before: u64,
    /// See [`Self::clients_before`].
    pub calls_before: u64,

    /// Goes up whenever the target turns out to be cold, or up.
    pub gate: u64,
    /// When the request was sent that found the target cold; zero if it is not cold.
    pub cold: u64,
    /// No probe comes sooner,
    pub probe_at: u64,
    /// because the server named that time.
    pub is_explicit: u64,
    /// The client that probes,
    pub leader: u64,
    /// until then, without a sign of life from it.
    pub lead_until: u64,

    /// Goes up whenever the circuit opens or closes.
    pub circuit: u64,
    /// Until when the circuit is open; zero if it is closed.
    pub open_until: u64,
    /// How often it opened since it was closed.
    pub opens: u64,
    /// When it opened last,
    pub opened: u64,
    /// and the client whose breaker opened; zero if others were answered after that.
    pub opener: u64,
    /// The client that sends the probe,
    pub prober: u64,
    /// until then, without a sign of life from it.
    pub prober_until: u64,

    /// How many calls of the whole fleet may be in flight, in thousandths; zero if there is no common limit.
    pub limit: u64,
    /// One if nothing was refused since the limit began low.
    pub is_slow_start: u64,
    /// When it was lowered last.
    pub lowered: u64,

    /// The retry budget, in thousandths of a retry above `NO_TOKENS`.
    pub tokens: u64,
}

const FIELDS: usize = 26;
/// More digits than a time in milliseconds has in the next million years.
const DIGITS: usize = 17;

impl View {
    /// Of a target of which nobody has said anything.
    #[inline(never)]
    pub fn new(now: u64, burst: u32) -> Self {
        let mut view = Self {
            version: 0,
            born: 0,
            writes: 0,
            writer: 0,
            period: 0,
            clients: 0,
            calls: 0,
            clients_before: 0,
            calls_before: 0,
            gate: 0,
            cold: 0,
            probe_at: 0,
            is_explicit: 0,
            leader: 0,
            lead_until: 0,
            circuit: 0,
            open_until: 0,
            opens: 0,
            opened: 0,
            opener: 0,
            prober: 0,
            prober_until: 0,
            limit: 0,
            is_slow_start: 0,
            lowered: 0,
            tokens: 0,
        };
        (view.version, view.born) = (VERSION, now);
        view.tokens = NO_TOKENS + u64::from(burst) * u64::from(TOKEN);
        view
    }

    #[inline(never)]
    fn fields(&mut self) -> [&mut u64; FIELDS] {
        [
            &mut self.version,
            &mut self.born,
            &mut self.writes,
            &mut self.writer,
            &mut self.period,
            &mut self.clients,
            &mut self.calls,
            &mut self.clients_before,
            &mut self.calls_before,
            &mut self.gate,
            &mut self.cold,
            &mut self.probe_at,
            &mut self.is_explicit,
            &mut self.leader,
            &mut self.lead_until,
            &mut self.circuit,
            &mut self.open_until,
            &mut self.opens,
            &mut self.opened,
            &mut self.opener,
            &mut self.prober,
            &mut self.prober_until,
            &mut self.limit,
            &mut self.is_slow_start,
            &mut self.lowered,
            &mut self.tokens,
        ]
    }

    /// The text of these numbers.
    pub fn text(mut self) -> String {
        let mut text = String::new();
        for field in self.fields() {
            if !text.is_empty() {
                text.push(' ');
            }
            push(&mut text, *field);
        }
        text
    }

    /// The numbers of this text.
    pub fn read(text: &str) -> Option<Self> {
        let mut view = Self::new(0, 0);
        let mut fields = view.fields().into_iter();
        let (mut field, mut digits) = (fields.next()?, 0);
        for byte in text.bytes() {
            match byte {
                b' ' if digits > 0 => (field, digits) = (fields.next()?, 0),
                b'0'..=b'9' if digits < DIGITS => {
                    let tens = if digits == 0 { 0 } else { *field * 10 };
                    (*field, digits) = (tens + u64::from(byte - b'0'), digits + 1);
                }
                _ => return None,
            }
        }
        let is_whole = digits > 0 && fields.next().is_none();
        drop(fields);
        (is_whole && view.version == VERSION).then_some(view)
    }
}

fn push(text: &mut String, number: u64) {
    if number >= 10 {
        push(text, number / 10);
    }
    text.push(char::from(b'0' + (number % 10) as u8));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> View {
        let mut view = View::new(1_790_000_000_000, 5);
        for (nth, field) in view.fields().into_iter().enumerate().skip(1) {
            *field += nth as u64 * 7;
        }
        view
    }

    #[test]
    fn a_text_gives_back_the_numbers_that_it_was_made_of() {
        assert_eq!(View::read(&some().text()), Some(some()));
        assert_eq!(View::read(&View::new(3, 0).text()), Some(View::new(3, 0)));
    }

    #[test]
    fn the_text_of_version_one_stays_what_it_is() {
        let text = View::new(1_790_000_000_000, 5).text();
        let expected = "1 1790000000000 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1005000";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_text_of_another_version_is_refused() {
        let other = View { version: VERSION + 1, ..some() };
        assert_eq!(View::read(&other.text()), None);
    }

    #[test]
    fn a_text_that_is_no_state_is_refused() {
        let text = some().text();
        let long = text.clone() + " 0";
        let short = text.rsplit_once(' ').unwrap().0;
        let huge = text.replacen("1 ", "1 123456789012345678", 1);
        let signed = text.replacen("1 ", "1 -", 1);
        for bad in [long.as_str(), short, &huge, &signed, "", " ", "1", "{}", "\u{fffd}\0", &text[1..]] {
            assert_eq!(View::read(bad), None, "{bad}");
        }
    }
}
