//! Whether refusals are about the payloads of some calls, and not about the rate.
//!
//! A payload that is always refused is refused again when its call is retried, while other calls are answered. So the results
//! of calls that had been refused before are compared with those of the others.

use crate::core::time::{Duration, Instant};

/// Results are counted in thousandths, because older ones count half.
pub(super) const MILLI: u32 = 1000;
/// After so many results of calls that had been refused before it is known whether they fare worse than others.
pub(super) const ENOUGH_AGAIN: u32 = 8 * MILLI;
/// If none of them was an answer, so many are enough.
const ENOUGH_REFUSALS: u32 = 6 * MILLI;
/// After so many results older ones count half.
pub(super) const WINDOW: u32 = 64 * MILLI;
/// After this long without a result nothing is known any more.
const IDLE: Duration = Duration::from_secs(10);

/// Results, in thousandths.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) answers: u32,
    pub(super) refusals: u32,
}

impl Tally {
    pub(super) fn add(&mut self, is_answer: bool) {
        *if is_answer { &mut self.answers } else { &mut self.refusals } += MILLI;
    }

    pub(super) fn results(self) -> u32 {
        self.answers + self.refusals
    }

    pub(super) fn half(self) -> Self {
        Self { answers: self.answers / 2, refusals: self.refusals / 2 }
    }
}

/// The results of one target, by whether their calls had been refused before.
#[derive(Clone, Debug, Default)]
pub(super) struct Payloads {
    /// Results of calls that had not been refused before, and of calls that had, however long ago.
    first: Tally,
    again: Tally,
    last: Instant,
}

impl Payloads {
    /// An attempt was answered or refused. `again`: its call had been refused before.
    pub(super) fn count(&mut self, now: Instant, again: bool, is_answer: bool) {
        self.last = now;
        self.compare(again, is_answer);
    }

    /// Counts an answer while no refusal is known. It does not end the time without a result: see [`Self::is_idle`].
    pub(super) fn compare(&mut self, again: bool, is_answer: bool) {
        if again { &mut self.again } else { &mut self.first }.add(is_answer);
        if self.first.results() + self.again.results() >= WINDOW {
            (self.first, self.again) = (self.first.half(), self.again.half());
        }
    }

    /// An attempt was refused because the target is full. The results from before a long pause are dropped.
    pub(super) fn was_full(&mut self, now: Instant, again: bool) {
        if self.is_idle(now) {
            (self.first, self.again) = (Tally::default(), Tally::default());
        }
        self.last = now;
        self.compare(again, false);
    }

    /// No result has come for so long that nothing is known any more.
    pub(super) fn is_idle(&self, now: Instant) -> bool {
        now.since(self.last) >= IDLE
    }

    /// There are enough results of calls that had been refused before.
    pub(super) fn are_known(&self) -> bool {
        self.again.results() >= ENOUGH_AGAIN
    }

    /// Calls that were refused once are answered less than a fourth as often as the others.
    pub(super) fn are_to_blame(&self) -> bool {
        let share = |part: Tally, of: Tally| u64::from(part.answers) * u64::from(of.results());
        self.are_known() && share(self.again, self.first) * 4 < share(self.first, self.again)
    }

    /// Calls that are refused are refused again, and others are answered: it is their payload, and no rate.
    pub(super) fn are_refused(&self, now: Instant) -> bool {
        let is_clear = self.again.answers == 0 && self.again.refusals >= ENOUGH_REFUSALS;
        !self.is_idle(now) && self.first.answers > 0 && (is_clear || self.are_to_blame())
    }
}

#[cfg(test)]
mod tests;
