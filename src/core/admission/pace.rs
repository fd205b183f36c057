//! How often a target is sent a request while it refuses most of them because they come too fast.
//!
//! A limit of calls in flight does not slow down calls that are refused within milliseconds, and their retries make it
//! worse. So while four of five are refused, requests are sent one and a half times as often as they are answered, and the
//! other calls stay in the queue.
//!
//! Some refusals do not depend on the rate. [`Payloads`] tells those that are about payloads. A replica that refuses
//! everything does so at any rate: then fewer calls are answered if fewer are sent.

use super::keys::KeyId;
use super::payloads::{ENOUGH_AGAIN, MILLI, Payloads, Tally, WINDOW};
use crate::core::time::{Duration, Instant};

/// Fewer refusals may be a burst of calls that came together.
const ENOUGH: u32 = 12 * MILLI;
/// After so long, as after [`WINDOW`] results, older ones count half.
const LONG: Duration = Duration::from_secs(16);
/// After so many answers without a refusal requests are sent twice as often.
const ROOM: u32 = 8;
/// A target that answers nobody is asked this often: to stop is up to the breaker.
const LONGEST: Duration = Duration::from_secs(2);
/// So many answers would have come at the rate before: then it is known whether fewer come.
const TELLING: u64 = 12;
const AFTER_VAIN: Duration = Duration::from_secs(60);

/// Requests are sent less often.
#[derive(Clone, Copy, Debug)]
struct Slowed {
    /// Results since then, or since this was judged last.
    answers: u64,
    refusals: u64,
    /// When [`TELLING`] answers would have come at the rate before, and how long that takes.
    told: Instant,
    telling: Duration,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Pace {
    /// All results since then.
    all: Tally,
    since: Instant,
    payloads: Payloads,
    in_a_row: u32,
    /// Answers since the first refusal, and when that was.
    in_all: u64,
    began: Instant,
    slowed: Option<Slowed>,
    not_before: Instant,
    key: Option<KeyId>,
}

impl Pace {
    /// An attempt was refused because it came too fast. `again`: the call had been refused before.
    pub(super) fn refused(&mut self, now: Instant, again: bool, key: KeyId) {
        self.is_of(now, key);
        if self.all.refusals == 0 || self.payloads.is_idle(now) {
            *self = Self {
                since: now,
                began: now,
                not_before: self.not_before,
                key: self.key,
                ..Self::default()
            };
        }
        self.in_a_row = 0;
        self.count(now, again, false);
        let is_known = self.all.refusals >= ENOUGH && self.payloads.are_known();
        let is_most = self.all.refusals > self.all.answers * 4;
        if is_known && is_most && !self.payloads.are_to_blame() && now >= self.not_before {
            let telling = now.since(self.began).scaled(TELLING, self.in_all.max(1));
            self.slowed.get_or_insert(Slowed { answers: 0, refusals: 0, told: now + telling, telling });
        }
    }

    /// An attempt was answered.
    pub(super) fn answered(&mut self, now: Instant, again: bool, key: KeyId) {
        self.is_of(now, key);
        if self.all.refusals == 0 {
            return self.payloads.compare(again, true);
        }
        if self.all.answers == 0 {
            self.since = now; // a gap without any answer says nothing about the rate
        }
        self.in_a_row += 1;
        self.in_all += 1;
        if self.in_a_row >= ROOM {
            self.in_a_row = 0;
            self.since = self.middle(now);
        }
        self.count(now, again, true);
    }

    /// Each of several keys may have a limit of its own.
    fn is_of(&mut self, now: Instant, key: KeyId) {
        if self.key.replace(key).is_some_and(|other| other != key) {
            (self.slowed, self.not_before) = (None, now + AFTER_VAIN);
        }
    }

    fn count(&mut self, now: Instant, again: bool, is_answer: bool) {
        self.all.add(is_answer);
        self.payloads.count(now, again, is_answer);
        if self.all.answers > self.all.refusals * 4 || self.payloads.are_to_blame() {
            self.slowed = None;
        }
        if let Some(slowed) = &mut self.slowed {
            slowed.answers += u64::from(is_answer);
            slowed.refusals += u64::from(!is_answer);
            if slowed.told <= now {
                // One of three is refused where requests come a half too fast.
                let is_vain = slowed.answers * 2 < TELLING && slowed.refusals > slowed.answers;
                *slowed = Slowed { answers: 0, refusals: 0, told: now + slowed.telling, ..*slowed };
                if is_vain {
                    (self.slowed, self.not_before) = (None, now + AFTER_VAIN);
                }
            }
        }
        if self.all.results() >= WINDOW || now.since(self.since) >= LONG {
            (self.all, self.since) = (self.all.half(), self.middle(now));
        }
    }

    /// An attempt was refused because the target is full, which is no matter of the rate.
    pub(super) fn was_full(&mut self, now: Instant, again: bool) {
        self.payloads.was_full(now, again);
    }

    fn middle(&self, now: Instant) -> Instant {
        self.since + now.since(self.since).scaled(1, 2)
    }

    /// See [`Payloads::are_refused`].
    pub(super) fn refuses_payloads(&self, now: Instant) -> bool {
        self.payloads.are_refused(now)
    }

    /// An eighth of the last results are answers, or more.
    pub(super) fn answers_some(&self, now: Instant) -> bool {
        !self.payloads.is_idle(now)
            && self.all.results() >= ENOUGH_AGAIN
            && self.all.answers * 8 >= self.all.results()
    }

    /// How long no other request is sent after one.
    pub(super) fn interval(&self, now: Instant) -> Option<Duration> {
        self.slowed.filter(|_| !self.payloads.is_idle(now))?;
        let answers = u64::from(self.all.answers + MILLI);
        Some(now.since(self.since).scaled(2 * u64::from(MILLI), 3 * answers).min(LONGEST))
    }
}

#[cfg(test)]
mod tests;
