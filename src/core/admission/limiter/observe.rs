//! How the limit follows the ends of attempts: when it falls, and when it grows.

use super::full::Full;
use super::{Limiter, MANY, MILLI, PAUSE, SLOW_START};
use crate::core::time::{Duration, Instant};

/// After this share of refusals, and this long without an answer, the target was down, not full.
const NEARLY_ALL: u32 = 750;
const DOWN: Duration = Duration::from_secs(1);
/// Of a lower limit a few refusals are a share.
const SMALL: u32 = 10;
/// One refusal may be about its payload.
const IN_A_ROW: usize = 2;

/// What the end of an attempt says about the capacity of the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sample {
    /// The whole answer came.
    Success {
        /// From the start of the attempt.
        took: Duration,
    },
    /// The first text of a stream: an answer, although the stream still holds its permit.
    Begun {
        /// From the start of the attempt to the first text.
        took: Duration,
    },
    /// The end of a stream that had begun.
    Finished {
        /// From the start of the attempt to the end of the stream.
        took: Duration,
    },
    /// The target did not answer in time.
    Timeout,
    /// The same, while more of the other calls were answered: one replica of several hangs.
    Hung,
    /// The target is full and said so at once: it takes no more than the others in flight.
    Overload,
    /// The target says in words that it is busy, which may be true for the moment only, or for this call only.
    Busy,
    /// The target refuses this call again and answers others: the earlier overload was no overload.
    Own,
    /// Nothing: the caller left, or the attempt had no time.
    Ignored,
}

impl Limiter {
    /// Call before `release`: the limit grows only while it is actually reached.
    pub fn observe(&mut self, now: Instant, sample: Sample) {
        if let Sample::Success { .. } | Sample::Begun { .. } | Sample::Finished { .. } = sample {
            self.moved = Some(now);
        }
        let refusal = match sample {
            Sample::Success { .. } | Sample::Begun { .. } => Some(0),
            // No news: the target refuses one more than it takes.
            Sample::Busy | Sample::Overload if self.is_one_more(now) => None,
            Sample::Busy | Sample::Overload => Some(MILLI),
            _ => None,
        };
        if refusal == Some(0) {
            let was_down = self.answered.is_some_and(|at| now.since(at) >= DOWN);
            if was_down && self.refused >= NEARLY_ALL {
                (self.slow_start, self.full) = (true, None);
            }
            if let Some(before) = self.answered {
                measure(&mut self.gap, now.since(before));
            }
            self.answered = Some(now);
        }
        if let Some(refusal) = refusal {
            // Two rounds of results, where the target takes nearly as many: a few payloads that are refused together are no
            // share. A limit that runs ahead of the answers is told sooner.
            let runs_ahead = self.in_flight.len() as u32 * 2 > self.proof.in_flight * 3;
            let weight = if runs_ahead || self.limit() < SMALL { 8 } else { self.limit() * 2 };
            self.refused = (self.refused * (weight - 1) + refusal) / weight;
            self.judge(now, refusal == 0);
        }
        if sample == Sample::Overload {
            self.proof.refusals += 1;
            self.proof.refused = now;
        }
        if matches!(sample, Sample::Overload | Sample::Busy) {
            self.acceptance.refused(now, (self.in_flight.len() as u32).saturating_sub(1));
        }
        // Other processes may fill the target. Then each refusal is followed by another, because its permit goes to the next in
        // the line, and each costs a retry.
        let has_line = self.limit() >= SMALL && self.waiting > self.limit();
        let has_line = has_line && self.acceptance.refused_in_a_row() >= IN_A_ROW;
        let (on_trial, is_one_more) = (self.is_on_trial(), self.is_one_more(now));
        match sample {
            Sample::Overload | Sample::Busy if on_trial || self.is_refused_at_any_number() => {}
            Sample::Busy if self.refused < MANY && !is_one_more && !has_line => {}
            Sample::Overload if self.takes_as_many(now) => {}
            Sample::Success { took } => {
                measure(&mut self.avg_latency, took);
                measure(&mut self.avg_first_answer, took);
                self.grow(now);
            }
            Sample::Begun { took } => {
                measure(&mut self.avg_first_answer, took);
                self.grow(now);
            }
            Sample::Finished { took } => measure(&mut self.avg_latency, took),
            Sample::Timeout | Sample::Overload | Sample::Busy => {
                let lately = self.last_decrease.is_some_and(|last_decrease| now.since(last_decrease) < PAUSE);
                // A target that times out may be down, and calls that take minutes to find out must not go one by
                // one.
                let least = if sample == Sample::Timeout { SLOW_START } else { 1 };
                let floor = self.rule.min.max(least).saturating_mul(MILLI).min(self.limit);
                self.slow_start = false;
                if !lately {
                    self.declines();
                    self.last_decrease = Some(now);
                    // An overload says how many the target takes: the others.
                    if sample != Sample::Overload && !is_one_more {
                        self.limit = (self.limit / 10 * 7).max(floor);
                    }
                }
                if sample != Sample::Timeout {
                    // A rejected request shows that the server has no such slot. It must not be offered to the next
                    // call.
                    let others = (self.in_flight.len() as u32).saturating_sub(1).saturating_mul(MILLI);
                    self.limit = self.limit.min(others.max(floor));
                    // A single call was too fast, not one too many.
                    if others > 0 && (sample == Sample::Overload || self.serves(now)) {
                        self.is_full(now);
                    }
                }
            }
            Sample::Own if is_one_more => {}
            Sample::Own => self.full = self.full.map(|full| Full { until: now, ..full }),
            // The hanging call never had a slot of the server.
            Sample::Hung => self.limit = self.limit.saturating_add(MILLI).min(self.within(u32::MAX)),
            Sample::Ignored => {}
        }
    }

    fn grow(&mut self, now: Instant) {
        if self.in_flight.len() * 2 < self.limit() as usize {
            return;
        }
        let step = (self.beyond() * MILLI / self.limit.max(1)).min(MILLI);
        let step = if self.slow_start { MILLI } else { step };
        let full = self.full.filter(|full| now < full.until);
        let most = full.map_or(u32::MAX, |full| full.limit.max(self.limit));
        self.limit = self.limit.saturating_add(step).min(self.within(u32::MAX)).min(most);
    }
}

fn measure(average: &mut Option<Duration>, took: Duration) {
    *average = Some(average.map_or(took, |average| average.scaled(7, 8) + took.scaled(1, 8)));
}
