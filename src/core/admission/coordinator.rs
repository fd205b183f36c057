//! What the calls of one target decide together: the cold-start gate, the circuit breaker and the retry budget.
//!
//! One result bears on all three, and one admission asks all three, so [`Shared`](super::Shared) holds them as one.

use super::breaker::{self, Breaker};
use super::budget::{self, Budget, InitialTokens};
use super::gate::Gate;
use super::lease::CallId;
use super::messages::Begun;
use crate::core::rng::Rng;
use crate::core::time::{Duration, Instant};

/// What holds for every target of a client, except its concurrency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// `None`: no circuit ever opens.
    pub breaker: Option<breaker::Rule>,
    /// `None`: retries are not limited.
    pub budget: Option<budget::Rule>,
    /// What the retry budget of a new target holds.
    pub initial_tokens: InitialTokens,
    /// How long a permit, a probe or a lead lasts without a sign of life from its holder, where a call may end
    /// unseen. A call in a Worker may, because its request can end first. By default each lasts as long as the
    /// attempt may take.
    pub lease: Option<Duration>,
}

impl Default for Rules {
    fn default() -> Self {
        let (breaker, budget) = (Some(Default::default()), Some(Default::default()));
        Self { breaker, budget, initial_tokens: InitialTokens::Full, lease: None }
    }
}

impl Rules {
    /// The client is one of thousands of short-lived ones that share nothing.
    pub(super) fn uncoordinated(&self) -> bool {
        matches!(self.initial_tokens, InitialTokens::AtMostOne { .. })
    }
}

#[derive(Clone, Debug)]
pub(super) struct Coordinator {
    pub(super) gate: Gate,
    pub(super) breaker: Option<Breaker>,
    pub(super) budget: Option<Budget>,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Observation {
    pub(super) report: breaker::Report,
    /// How long ago the attempt started.
    pub(super) ago: Duration,
    /// There was an answer, and it did not say that the model is loading.
    pub(super) answered: bool,
}

impl Coordinator {
    pub(super) fn new(rules: Rules) -> Self {
        Self {
            gate: Gate::default(),
            breaker: rules.breaker.map(Breaker::new),
            budget: rules.budget.map(|rule| Budget::new(rule, rules.initial_tokens)),
        }
    }

    /// Returns how many calls may start at once, if the target starts slowly from now on.
    pub(super) fn observe(&mut self, now: Instant, seen: Observation, rng: &mut Rng) -> Option<u32> {
        let started = now - seen.ago;
        let came_up = seen.answered && self.gate.answered(now, started);
        let recovered = self.breaker.as_mut().is_some_and(|breaker| breaker.observe(now, seen.report, rng));
        slow_start(recovered, came_up)
    }

    /// The first text of a stream has come. Returns the same as [`Self::observe`].
    pub(super) fn begun(&mut self, now: Instant, begun: Begun, rng: &mut Rng) -> Option<u32> {
        let Begun { call, generation, started } = begun;
        let came_up = self.gate.answered(now, started);
        let breaker = self.breaker.as_mut();
        slow_start(breaker.is_some_and(|breaker| breaker.begun(now, call, generation, rng)), came_up)
    }

    /// Extends the lead or the probe of this call.
    pub(super) fn renew(&mut self, call: CallId, until: Instant) {
        self.gate.renew(call, until);
        if let Some(breaker) = &mut self.breaker {
            breaker.renew(call, until);
        }
    }

    /// The call goes on and may take for ever: another call gets the lead and the probe.
    pub(super) fn give_up(&mut self, call: CallId) {
        self.gate.lost(call);
        self.gate.resign(call);
        if let Some(breaker) = &mut self.breaker {
            breaker.give_up(call);
        }
    }

    pub(super) fn generation(&self) -> u32 {
        self.breaker.as_ref().map_or(0, Breaker::generation)
    }

    pub(super) fn open_for(&self, now: Instant) -> Option<Duration> {
        self.breaker.as_ref()?.open_for(now)
    }

    pub(super) fn withdraw(&mut self) -> bool {
        self.budget.as_mut().is_none_or(Budget::withdraw)
    }

    /// The breaker's decision about a call that would be sent now. An error is how long the circuit stays open.
    pub(super) fn admit(&mut self, now: Instant, call: CallId, attempt: Duration) -> Result<u32, Duration> {
        if let Some(breaker) = &mut self.breaker
            && let breaker::Permission::Denied(left) = breaker.admit(now, call, attempt)
        {
            return Err(left);
        }
        Ok(self.generation())
    }
}

/// How many calls may start at once, after a recovery and after a cold start.
const fn slow_start(recovered: bool, came_up: bool) -> Option<u32> {
    match (recovered, came_up) {
        (true, _) => Some(1),
        (_, true) => Some(super::limiter::SLOW_START),
        _ => None,
    }
}
