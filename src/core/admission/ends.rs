//! What the end of an attempt, or the first text of a stream, means for its target.

use super::Shared;
use super::breaker::{self, Verdict};
use super::coordinator::Observation;
use super::lease::CallId;
use super::limiter::{self, Sample};
use super::messages::{Begun, Ended, Event, Means};
use crate::core::failure::Code;
use crate::core::record::Outcome;
use crate::core::time::{Duration, Instant};

/// The target works on a call that has been in flight for so many times as long as another took to fail, and for so long at least.
const FAILS_WITHIN: u64 = 4;
const AT_ONCE: Duration = Duration::from_ms(100);

impl Shared {
    /// The first text of a stream has come. It counts as an answer, however the stream ends.
    pub fn begun(&mut self, now: Instant, target: usize, begun: Begun) {
        let Some(state) = self.targets.get_mut(target) else {
            return;
        };
        state.worked = Some(now);
        let slowly = state.coordinator.begun(now, begun, &mut self.rng);
        self.starts_slowly(now, target, slowly);
        if let Some(state) = self.targets.get_mut(target) {
            state.limiter.vote(true);
            state.limiter.observe(now, Sample::Begun { took: now.since(begun.started) });
            state.tells_answer();
        }
        self.dispatch(now, target);
    }

    /// An attempt has ended.
    pub fn ended(&mut self, now: Instant, target: usize, call: CallId, ended: Ended) {
        let Some(state) = self.targets.get_mut(target) else {
            return;
        };
        let took = now.since(ended.started);
        let (verdict, sample) = match ended.outcome {
            Outcome::Ok if ended.begun.is_some() => (Verdict::Success, Sample::Finished { took }),
            Outcome::Ok => (Verdict::Success, Sample::Success { took }),
            Outcome::Aborted => (Verdict::Ignored, Sample::Ignored),
            Outcome::Failed(code, layer) => {
                let sample = match code {
                    _ if ended.means == Means::Ignored => Sample::Ignored,
                    _ if ended.means == Means::Own => Sample::Own,
                    _ if ended.means == Means::Overload => Sample::Overload,
                    Code::RateLimited | Code::Overloaded => Sample::Busy,
                    Code::Timeout => Sample::Timeout,
                    _ => Sample::Ignored,
                };
                let verdict = match ended.means {
                    Means::Itself => Verdict::of(code, layer, ended.status),
                    Means::Job => Verdict::Success,
                    Means::Ignored | Means::Own | Means::Overload => Verdict::Ignored,
                };
                (verdict, sample)
            }
        };
        if ended.outcome == Outcome::Ok {
            (state.worked, state.overloads) = (Some(now), 0);
            state.spent.answered(ended.key);
            state.cooldown = state.cooldown.filter(|cooldown| ended.started < cooldown.newest);
            state.pace.answered(now, ended.was_refused, ended.key);
        }
        if let Outcome::Failed(Code::RateLimited | Code::Overloaded, _) = ended.outcome
            && !state.spent.is_spent(ended.key, state.worked)
        {
            state.pace.refused(now, ended.was_refused, ended.key);
        }
        if let Outcome::Failed(Code::Unavailable, _) = ended.outcome
            && matches!(ended.means, Means::Overload | Means::Own)
        {
            state.pace.was_full(now, ended.was_refused);
        }
        let unanswered = matches!(
            ended.outcome,
            Outcome::Aborted | Outcome::Failed(Code::ModelLoading | Code::Timeout | Code::Network, _)
        ) || ended.means == Means::Ignored;
        if unanswered {
            state.coordinator.gate.lost(call);
        }
        state.overloads += u32::from(ended.means == Means::Overload);
        // A failure that comes at once says nothing about those that the target works on. One that took as long does.
        let works = took.scaled(FAILS_WITHIN, 1).max(AT_ONCE).min(limiter::TAKEN);
        let taken = if took < limiter::TAKEN { state.limiter.taken(now, works) } else { 0 };
        let others = (state.limiter.in_flight(now) as u32).saturating_sub(1);
        if ended.outcome == Outcome::Ok {
            state.limiter.took(now, call);
        }
        match verdict {
            // This answer was counted when its stream began.
            Verdict::Success if ended.begun.is_some() => {}
            Verdict::Success => state.limiter.vote(true),
            Verdict::Failure(_) | Verdict::Timeout(_) => state.limiter.vote(false),
            Verdict::Ignored => {}
        }
        let is_refused = matches!(sample, Sample::Busy | Sample::Overload);
        let sample = if is_refused && state.refuses_payloads(now) { Sample::Own } else { sample };
        let is_outvoted = !matches!(verdict, Verdict::Success) && state.limiter.is_outvoted(call);
        let (verdict, sample) = match sample {
            _ if !is_outvoted => (verdict, sample),
            Sample::Timeout => (Verdict::Ignored, Sample::Hung),
            _ => (Verdict::Ignored, sample),
        };
        // While the target answers other calls, or may still, the retries of one that fails say nothing new: its own payload
        // may be to blame.
        let window = self.rules.breaker.map_or(Duration::ZERO, |rule| rule.window);
        let has_worked = state.worked.is_some_and(|at| now.since(at) < window);
        let may_work = has_worked || others > 0 && matches!(verdict, Verdict::Failure(_));
        let is_told = ended.has_failed && may_work && !matches!(verdict, Verdict::Success);
        let verdict = if is_told { Verdict::Ignored } else { verdict };
        state.limiter.sees_waiting(state.queue.len());
        state.limiter.observe(now, sample);
        match sample {
            Sample::Success { .. } => state.tells_answer(),
            Sample::Busy | Sample::Overload | Sample::Timeout => state.tells_refusal(),
            _ => {}
        }
        state.limiter.release(call);
        state.connections.release(call);
        state.stats.ended(ended.outcome);
        if ended.took(now).and_then(|took| state.stats.answered(now, took)).is_some() {
            self.events.push(Event::Alert { target });
        }
        let seen = Observation {
            report: breaker::Report {
                call,
                generation: ended.generation,
                verdict,
                others: others + taken * (breaker::FOR_A_SUCCESS - 1),
            },
            ago: took,
            answered: !unanswered,
        };
        let slowly = state.coordinator.observe(now, seen, &mut self.rng);
        self.starts_slowly(now, target, slowly);
        self.dispatch(now, target);
    }
}
