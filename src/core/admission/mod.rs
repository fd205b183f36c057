//! Admission: what the calls of a client share, and how a call asks for it. A call requests admission, asks for a
//! retry, reports a cold start, and reports how each attempt ended.
//!
//! There is one state for each target. Nothing here waits: a call that has to wait is queued, and
//! [`Shared::woken`] names the calls whose turn it is.
//!
//! The methods of [`Shared`] stand in files by what they are for: `requests` (permits), `dispatch` (the queues), `ends` (how
//! attempts ended), `cold_start`, `retries`, `facts` (what a call asks about its target) and `platform` (connections). The
//! state of one target is in `target`, and each mechanism has a module of its own.

pub mod breaker;
pub mod budget;
mod cold_start;
pub mod connections;
pub mod coordinator;
mod dispatch;
mod ends;
mod facts;
pub mod fleet;
pub mod gate;
pub mod keys;
pub mod lease;
pub mod limiter;
mod messages;
mod pace;
mod payloads;
mod platform;
pub mod probing;
pub mod queue;
mod requests;
mod retries;
mod target;

use super::rng::Rng;
use super::stats::Stats;
use super::stats::alert::AlertRule;
use super::time::Instant;
use connections::Connections;
use coordinator::{Coordinator, Rules};
use fleet::{Member, Mode};
use gate::Temperature;
use keys::SpentKeys;
use lease::CallId;
use limiter::Limiter;
pub use messages::{Admission, Begun, Caller, Ended, Event, Means, SignOfLife, Snapshot};
use pace::Pace;
use queue::Queue;
use target::TargetState;

/// What the calls of one client share, target by target.
#[derive(Debug)]
pub struct Shared {
    rules: Rules,
    concurrency: limiter::Rule,
    alert: AlertRule,
    /// `MOST_TARGETS` in `src/ts/call/context.ts` limits them.
    targets: Vec<TargetState>,
    /// The targets whose queue was not empty at the last dispatch: few of many.
    lines: Vec<usize>,
    rng: Rng,
    woken: Vec<CallId>,
    events: Vec<Event>,
    /// The number of this client among those that share what they know.
    fleet: Option<u64>,
}

impl Shared {
    /// The rules hold for every target. The seed is for the jitter of probes and of the breaker.
    pub fn new(rules: Rules, concurrency: limiter::Rule, alert: AlertRule, seed: u64) -> Self {
        let (targets, lines, woken, events) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (rng, fleet) = (Rng::new(seed), None);
        Self { rules, concurrency, alert, targets, lines, rng, woken, events, fleet }
    }

    /// For a single call: only the gate and the limiter apply, and the limiter has a permit for it.
    pub fn without_limits(targets: usize) -> Self {
        let rules = Rules { breaker: None, budget: None, ..Rules::default() };
        let mut shared = Self::new(rules, limiter::Rule::default(), AlertRule::default(), 1);
        shared.grow(targets);
        shared
    }

    /// Ensures that there is state for this target.
    pub fn grow(&mut self, target: usize) {
        while self.targets.len() <= target {
            self.targets.push(self.fresh());
        }
    }

    /// A call that names this target begins: the slot cannot be given to another target before the call is over.
    pub fn retain(&mut self, target: usize) {
        self.grow(target);
        if let Some(state) = self.targets.get_mut(target) {
            state.users += 1;
        }
    }

    /// A call that named this target is over.
    pub fn release(&mut self, target: usize) {
        if let Some(state) = self.targets.get_mut(target) {
            state.users = state.users.saturating_sub(1);
        }
    }

    /// Gives the slot to another target. Returns false and changes nothing while a call may still use it, because
    /// that call's reports and wakeups belong to the old target.
    pub fn replace(&mut self, target: usize) -> bool {
        if self.targets.get(target).is_none_or(|state| state.users > 0) {
            return false;
        }
        let fresh = self.fresh();
        self.targets
            .get_mut(target)
            .map(|state| *state = TargetState { has_line: state.has_line, ..fresh })
            .is_some()
    }

    fn fresh(&self) -> TargetState {
        TargetState {
            coordinator: Coordinator::new(self.rules),
            limiter: Limiter::new(self.concurrency),
            connections: Connections::default(),
            pace: Pace::default(),
            queue: Queue::default(),
            stats: Stats::new(self.alert),
            hold_until: None,
            share_until: None,
            cooldown: None,
            spent: SpentKeys::default(),
            worked: None,
            overloads: 0,
            reported: breaker::State::Closed,
            users: 0,
            has_line: false,
            member: self.fleet.map(|id| Box::new(Member::new(id, self.rules.lease.is_some()))),
        }
    }

    /// The next call whose turn it is. The call then claims its permit.
    pub fn woken(&mut self) -> Option<CallId> {
        self.woken.pop()
    }

    /// The next event that nobody has been told yet.
    pub fn next_event(&mut self) -> Option<Event> {
        self.events.pop()
    }

    /// The state of one target, for statistics.
    pub fn snapshot(&mut self, now: Instant, target: usize) -> Option<Snapshot<'_>> {
        let state = self.targets.get_mut(target)?;
        let (gate, breaker) = (&state.coordinator.gate, &state.coordinator.breaker);
        let temperature = match (gate.is_cold(), gate.was_warm()) {
            (true, _) => Temperature::Cold,
            (_, false) => Temperature::Unknown,
            _ if state.limiter.is_slow_starting() && !state.queue.is_empty() => Temperature::Warming,
            _ => Temperature::Warm,
        };
        Some(Snapshot {
            breaker: breaker.as_ref().map_or(breaker::State::Closed, |breaker| breaker.state(now)),
            temperature,
            in_flight: state.limiter.in_flight(now),
            queued: state.queue.len(),
            is_shared: state.member.as_ref().is_some_and(|member| member.mode() == Mode::Shared),
            stats: &mut state.stats,
        })
    }
}

#[cfg(test)]
mod tests;
