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
mod tests {
    use super::super::{Rule, Sample};
    use super::*;

    const fn at(ms: u64) -> Instant {
        Instant::from_ms(ms)
    }

    /// A limit in thousandths that was lowered and is reached, with this share of refusals.
    fn declined(from: u32, to: u32, refused: u32) -> Limiter {
        let mut limiter = Limiter::new(Rule { min: 1, max: 64, queue: 10 });
        (limiter.limit, limiter.slow_start, limiter.refused) = (to, false, refused);
        limiter.decline = Some(Decline { from, older: 0, results: 0, answers: 0 });
        (0..limiter.limit()).for_each(|call| limiter.acquire(at(0), call, at(u64::MAX)));
        limiter
    }

    /// After how many results a trial begins, if as many of ten are answers.
    fn begins_after(limiter: &mut Limiter, answers: u32) -> Option<u32> {
        (1..=60).find(|nth| {
            limiter.judge(at(0), nth % 10 < answers);
            limiter.is_on_trial()
        })
    }

    #[test]
    fn a_limit_that_fell_to_half_is_judged_after_eight_results_and_a_higher_one_after_sixteen() {
        for (from, to, results) in
            [(16, 8, 8), (16, 9, 16), (3, 2, 16), (1, 1, 8)].map(|(a, b, n)| (a * MILLI, b * MILLI, n))
        {
            assert_eq!(begins_after(&mut declined(from, to, 300), 5), Some(results), "{from} to {to}");
        }
        assert_eq!(begins_after(&mut declined(2_000, 1_500, 300), 5), Some(8), "below two there is no half");
    }

    #[test]
    fn results_of_calls_from_before_the_decline_say_nothing_about_it() {
        let mut limiter = declined(16_000, 8_000, 300);
        limiter.declines();
        assert_eq!(begins_after(&mut limiter, 5), Some(16), "eight were in flight");
    }

    #[test]
    fn a_decline_is_not_judged_before_a_third_of_the_results_are_answers() {
        let mut limiter = declined(16_000, 8_000, 300);
        (0..20).for_each(|_| limiter.judge(at(0), false));
        (0..2).for_each(|_| limiter.judge(at(0), true));
        assert!(!limiter.is_on_trial());
        limiter.judge(at(0), true);
        assert!(limiter.is_on_trial());
    }

    #[test]
    fn a_decline_has_helped_if_less_than_an_eighth_is_refused() {
        for (refused, begins) in [(120, Some(8)), (119, None)] {
            assert_eq!(begins_after(&mut declined(16_000, 8_000, refused), 5), begins, "{refused}");
        }
        assert_eq!(begins_after(&mut declined(16_000, 8_000, 300), 9), None, "one of ten");
    }

    #[test]
    fn a_limit_that_is_not_reached_by_half_holds_up_nobody_and_is_not_tried_higher() {
        for (in_flight, begins) in [(4, Some(8)), (3, None)] {
            let mut limiter = declined(16_000, 8_000, 300);
            (in_flight..8).for_each(|call| assert!(limiter.release(call)));
            assert_eq!(begins_after(&mut limiter, 5), begins, "{in_flight} of 8");
        }
    }

    #[test]
    fn a_trial_doubles_the_limit_up_to_the_one_before_and_to_four_at_least() {
        for (from, to, limit) in [(16, 8, 16), (16, 5, 10), (9, 5, 9), (3, 1, 4), (16, 15, 16)] {
            let mut limiter = declined(from * MILLI, to * MILLI, 300);
            assert!(begins_after(&mut limiter, 5).is_some());
            assert_eq!((limiter.limit(), limiter.is_slow_starting()), (limit, true), "{from} to {to}");
        }
    }

    /// A trial that began at 0, of a limit that fell from 16 to 8. Before it an answer came every 400 ms.
    fn on_trial(refused: u32, in_flight: u32) -> Limiter {
        let mut limiter = declined(16_000, 8_000, refused);
        limiter.gap = Some(Duration::from_ms(400));
        assert!(begins_after(&mut limiter, 5).is_some() && limiter.limit() == 16);
        (in_flight..8).for_each(|call| assert!(limiter.release(call)));
        limiter
    }

    fn come(limiter: &mut Limiter, now: u64, answers: u32, refusals: u32) {
        (0..answers).for_each(|_| limiter.judge(at(now), true));
        (0..refusals).for_each(|_| limiter.judge(at(now), false));
    }

    #[test]
    fn a_trial_ends_when_a_fourth_more_is_refused_than_before_and_the_limit_goes_back() {
        let mut limiter = on_trial(300, 4);
        come(&mut limiter, 100, 5, 11); // 55 % with those in flight
        assert!(limiter.is_on_trial());
        limiter.judge(at(100), false);
        assert_eq!((limiter.is_on_trial(), limiter.limit()), (false, 8));
        let mut early = on_trial(300, 0);
        come(&mut early, 100, 0, 15);
        assert!(early.is_on_trial(), "fifteen results are too few");
        early.judge(at(100), false);
        assert!(!early.is_on_trial());
    }

    #[test]
    fn after_a_trial_that_failed_there_is_none_for_half_a_minute() {
        let mut limiter = on_trial(300, 8);
        come(&mut limiter, 1_000, 0, 40);
        assert!(!limiter.is_on_trial());
        for (now, begins) in [(30_999, false), (31_000, true)] {
            limiter.declines();
            come(&mut limiter, now, 8, 0);
            let begun = (0..40).any(|nth| {
                limiter.judge(at(now), nth % 2 == 0);
                limiter.is_on_trial()
            });
            assert_eq!(begun, begins, "{now}");
        }
    }

    #[test]
    fn a_trial_in_which_no_more_calls_are_answered_than_before_ends() {
        // Three answers for each two before, or nearly.
        for (gap, is_vain) in [(300, false), (301, true)] {
            let mut limiter = on_trial(300, 8);
            limiter.gap = Some(Duration::from_ms(gap));
            come(&mut limiter, 100, 15, 0);
            assert!(limiter.is_on_trial());
            limiter.judge(at(100), true);
            assert_eq!(limiter.is_on_trial(), !is_vain, "{gap}");
        }
    }

    #[test]
    fn after_ten_seconds_a_trial_goes_on_only_while_an_eighth_is_refused() {
        for (refused, goes_on) in [(120, true), (119, false)] {
            let mut limiter = on_trial(300, 8);
            limiter.gap = Some(Duration::from_ms(100));
            limiter.refused = refused;
            limiter.judge(at(9_999), true);
            assert!(limiter.is_on_trial());
            limiter.judge(at(10_000), true);
            assert_eq!(limiter.is_on_trial(), goes_on, "{refused}");
            assert_eq!(limiter.limit(), 16, "it was no failure");
        }
    }

    #[test]
    fn a_trial_that_goes_on_is_judged_by_the_results_since_and_no_more_by_how_many_are_answered() {
        let renewed = |answers: u32, refusals: u32| {
            let mut limiter = on_trial(120, 2);
            limiter.gap = Some(Duration::from_ms(100));
            come(&mut limiter, 100, answers, refusals);
            limiter.judge(at(10_000), true);
            assert!(limiter.is_on_trial());
            limiter
        };
        let mut limiter = renewed(10, 0);
        come(&mut limiter, 10_001, 0, 15);
        assert!(limiter.is_on_trial(), "fifteen results since");
        limiter.judge(at(10_001), false);
        assert!(!limiter.is_on_trial());
        let mut limiter = renewed(10, 5);
        come(&mut limiter, 10_001, 10, 6); // a third of them with those in flight
        assert!(limiter.is_on_trial());
        let mut limiter = renewed(10, 0);
        limiter.gap = Some(Duration::from_secs(9));
        come(&mut limiter, 10_001, 20, 0);
        assert!(limiter.is_on_trial());
    }

    #[test]
    fn refusals_in_a_trial_lower_no_limit() {
        for sample in [Sample::Overload, Sample::Busy] {
            let mut limiter = on_trial(300, 8);
            limiter.observe(at(2_000), sample);
            assert_eq!((limiter.is_on_trial(), limiter.limit()), (true, 16), "{sample:?}");
        }
    }
}
