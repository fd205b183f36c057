//! Refusals that do not depend on the limit: one replica of several is broken, or a quota counts something else.
//!
//! A limit that falls because of them falls to its minimum and stays there, because it is refused as often at every height. So
//! a decline that has not helped is followed by a trial: the limit goes up again, in slow start, and refusals do not lower
//! it. The trial goes on as long as more calls are answered than before it. A target that is asked too fast answers no more
//! calls at a higher limit, and a full one refuses more: then the limit goes back.

use super::{Limiter, MANY, MILLI, PAUSE, SLOW_START};
use crate::core::time::{Duration, Instant};

/// A decline to half of the limit has not helped if after so many results, a third of them answers, the share of refusals is
/// still [`MANY`]; a smaller decline after twice as many.
const ENOUGH: u32 = 8;
/// After so many results the share of refusals in a trial is known.
const TELLING: u32 = 16;
/// A trial ends when that share has grown by as much, in thousandths.
const WORSE: u32 = 250;
/// A trial is renewed after this time, while refusals go on.
const TRIAL: Duration = Duration::from_secs(10);
/// The next trial waits for this time after one that failed.
const AFTER_TRIAL: Duration = Duration::from_secs(30);

/// The limit is falling, and it is not known yet whether that helps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decline {
    /// The limit before, in thousandths.
    from: u32,
    /// Results still to come of calls that were admitted before the last decrease.
    older: u32,
    /// Results and answers of the calls since.
    results: u32,
    answers: u32,
}

/// The limit has gone up again, and refusals do not lower it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trial {
    until: Instant,
    /// The limit before the trial, in thousandths.
    back: u32,
    /// The share of refusals before the trial.
    refused: u32,
    /// [`Limiter::gap`] before the trial. `None` once the trial has shown that more calls are answered.
    gap: Option<Duration>,
    /// Results since the trial began, or was renewed.
    answers: u32,
    refusals: u32,
}

impl Limiter {
    /// A trial is on.
    pub fn is_on_trial(&self) -> bool {
        self.trial.is_some()
    }

    /// The limit is about to be lowered.
    pub(super) fn declines(&mut self) {
        let decline = Decline { from: self.limit, older: 0, results: 0, answers: 0 };
        // The call that is refused is in flight still, and its result is known. Where answers take long, a limit of one is
        // lowered for each refusal, and every other result would be left out.
        let is_slow = self.avg_latency.is_some_and(|avg_latency| avg_latency >= PAUSE);
        self.decline.get_or_insert(decline).older =
            (self.in_flight.len() as u32).saturating_sub(u32::from(is_slow));
    }

    /// A call was answered or refused: begins, renews and ends trials.
    pub(super) fn judge(&mut self, now: Instant, is_answer: bool) {
        if self.trial.is_some() {
            self.judge_trial(now, is_answer);
        } else if self.decline.is_some() {
            self.judge_decline(now, is_answer);
        }
    }

    fn judge_trial(&mut self, now: Instant, is_answer: bool) {
        let (gap, in_flight) = (self.gap.unwrap_or_default(), self.in_flight.len() as u32);
        let Some(trial) = &mut self.trial else { return };
        trial.answers += u32::from(is_answer);
        trial.refusals += u32::from(!is_answer);
        let trial = *trial;
        let results = trial.answers + trial.refusals;
        // A refusal comes sooner than an answer, so calls in flight count as answers.
        let share = trial.refusals * MILLI / (results + in_flight).max(1);
        let is_worse = results >= TELLING && share > trial.refused + WORSE;
        let is_slower = trial.gap.is_some_and(|before| gap.scaled(4, 3) > before);
        let is_vain = trial.answers >= TELLING && is_slower;
        if is_worse || is_vain {
            (self.limit, self.trial) = (trial.back.min(self.limit), None);
            self.next_trial = Some(now + AFTER_TRIAL);
        } else if now >= trial.until {
            let next = Trial { until: now + TRIAL, gap: None, answers: 0, refusals: 0, ..trial };
            self.trial = Some(next).filter(|_| self.refused >= MANY / 2);
        }
    }

    fn judge_decline(&mut self, now: Instant, is_answer: bool) {
        if self.refused < MANY / 2 {
            self.decline = None; // it has helped
            return;
        }
        let Some(decline) = &mut self.decline else { return };
        if decline.older > 0 {
            decline.older -= 1;
            return;
        }
        decline.results += 1;
        decline.answers += u32::from(is_answer);
        let decline = *decline;
        let is_half = self.limit < 2 * MILLI || self.limit * 2 <= decline.from;
        let enough = if is_half { ENOUGH } else { 2 * ENOUGH };
        let is_known = decline.results >= enough && decline.answers * 3 >= enough;
        let share = (decline.results - decline.answers) * MILLI / decline.results.max(1);
        // A limit that is not reached holds up nobody.
        let is_reached = self.in_flight.len() as u32 * 2 >= self.limit();
        let may_begin = self.next_trial.is_none_or(|at| at <= now);
        if is_known && is_reached && may_begin && share >= MANY {
            let (until, back, refused, gap) = (now + TRIAL, self.limit, self.refused, self.gap);
            self.trial = Some(Trial { until, back, refused, gap, answers: 0, refusals: 0 });
            let higher = decline.from.min(self.limit * 2).max(self.within(SLOW_START));
            self.limit = self.limit.max(higher);
            (self.slow_start, self.full, self.decline) = (true, None, None);
        }
    }
}

#[cfg(test)]
mod tests;
