//! The exchanges of a client's targets, and how its own gate, breaker and budget follow the view.

use super::exchange::{Outcome, Told};
use super::merge::{CircuitHere, ColdHere, Local};
use super::view::NO_TOKENS;
use super::{FOLLOWS, Message, Mode, NEWS, OWN, Reply};
use crate::core::admission::limiter::SLOW_START;
use crate::core::admission::messages::Event;
use crate::core::admission::target::TargetState;
use crate::core::admission::{Shared, breaker, budget};
use crate::core::time::{Duration, Instant};

/// Clients that lose the engine in a cold start spread their next probes over half of the wait for it, and over this at least.
const LEAST_SPREAD: Duration = Duration::from_secs(2);

impl Shared {
    /// The client shares what it knows of the targets that come from now on with other clients. `id` must differ from theirs.
    pub fn join(&mut self, id: u64) {
        self.fleet = Some(id);
    }

    /// When [`Self::exchange`] has something to do. `None` without traffic.
    pub fn exchange_due(&self) -> Option<Instant> {
        self.fleet?;
        self.targets.iter().filter_map(TargetState::exchange_due).min()
    }

    /// The next message to the engine, and the target whose text it is about. A message without a reply for longer than
    /// [`SLOW`](super::SLOW) is given up.
    pub fn exchange(&mut self, now: Instant) -> Option<(usize, Message)> {
        self.fleet?;
        let is_due = |state: &TargetState| state.exchange_due().is_some_and(|due| due <= now);
        for target in 0..self.targets.len() {
            let Some(state) = self.targets.get_mut(target).filter(|state| is_due(state)) else { continue };
            let Some(member) = &mut state.member else { continue };
            let was = member.mode;
            if member.gives_up(now, &mut self.rng) {
                self.goes_on(now, target, was);
            }
            let Some(state) = self.targets.get_mut(target).filter(|state| is_due(state)) else { continue };
            if let Some(member) = &mut state.member {
                return Some((target, member.begins(now, &mut self.rng)));
            }
        }
        None
    }

    /// The call that began the exchange about the target has ended. In a Worker its request may end, and with it the exchange.
    pub fn loses(&mut self, now: Instant, target: usize) {
        let Some(member) = self.targets.get_mut(target).and_then(|state| state.member.as_mut()) else {
            return;
        };
        let was = member.mode;
        if member.is_exchanging() {
            member.loses(now);
            self.goes_on(now, target, was);
        }
    }

    /// The reply to a message, or `None` where the engine could not be asked. Returns another message if one follows.
    pub fn exchanged(
        &mut self,
        now: Instant,
        target: usize,
        ticket: u32,
        reply: Option<Reply>,
    ) -> Option<Message> {
        let (burst, concurrency) = (self.rules.budget, self.concurrency.max);
        let state = self.targets.get_mut(target)?;
        let local = state.local(burst, concurrency);
        let member = state.member.as_mut()?;
        let was = member.mode;
        match member.replied(now, (ticket, reply), &local, &mut self.rng) {
            Outcome::Again(message) => return Some(message),
            Outcome::Nothing => return None,
            Outcome::Failed => {}
            Outcome::Done(told) => {
                member.mode = Mode::Shared;
                self.follows(now, target, told);
            }
        }
        self.goes_on(now, target, was);
        None
    }

    /// Whether this client has found something that others do not know.
    pub fn has_news(&self) -> bool {
        self.targets.iter().any(TargetState::has_news)
    }

    /// Whether a call should not end now, because an exchange about its target would end with it: the call has `begun` one that has
    /// news to tell, or the call has `failed` and may be the last for a while. Or there is news, and the time to tell it is near.
    pub fn awaits_reply(&self, now: Instant, target: usize, begun: bool, failed: bool) -> bool {
        let Some(state) = self.targets.get(target) else { return false };
        let has_news = state.has_news();
        if state.member.as_ref().is_some_and(|member| member.is_exchanging()) {
            return begun && (failed || has_news);
        }
        has_news && state.exchange_due().is_some_and(|due| due <= now + NEWS)
    }

    /// The queue may move, and the mode may be another one.
    fn goes_on(&mut self, now: Instant, target: usize, was: Mode) {
        let mode = self.targets.get(target).and_then(|state| state.member.as_ref()).map(|member| member.mode);
        if let Some(mode) = mode.filter(|mode| *mode != was) {
            self.events.push(Event::Fleet { target, mode });
        }
        self.dispatch(now, target);
    }

    fn follows(&mut self, now: Instant, target: usize, told: Option<Told>) {
        let Some(state) = self.targets.get_mut(target) else { return };
        let (Some(member), coordinator) = (&mut state.member, &mut state.coordinator) else { return };
        let Some(known) = member.known else { return };
        let view = known.view;
        if told.is_some() {
            (member.answered, member.refused) = (0, false);
        }
        let told = told.unwrap_or_default();
        if told.calls > 0 {
            (member.period, member.calls) = (view.period, told.calls);
            member.calls_before = view.calls.saturating_sub(told.calls);
        }
        if let Some(budget) = &mut coordinator.budget {
            budget.told(told.earned, view.tokens.saturating_sub(NO_TOKENS));
        }

        // Where others came first three times, what this client has found is not told yet, and it stays.
        let (gate, mut slowly, mut is_news) = (&mut coordinator.gate, None, false);
        let leads = view.leader == member.id;
        if view.cold == 0 {
            if !member.has_followed_gate(&view) && gate.is_cold() {
                gate.comes_up_elsewhere(now);
                slowly = Some(SLOW_START);
            }
        } else if leads {
            gate.may_lead();
        } else if gate.is_cold() || !member.has_followed_gate(&view) {
            // Also where nobody leads any more: this client takes the lead with its next exchange, if it has calls.
            is_news = !gate.is_cold();
            // Should the engine fail, each client probes at its own time.
            let probe_at = known.here(view.probe_at);
            let later = probe_at.since(now).scaled(1, 2).max(LEAST_SPREAD);
            let probe_at = probe_at + self.rng.between(Duration::ZERO, later);
            gate.follows(known.here(view.cold), probe_at, view.is_explicit > 0, now + FOLLOWS);
        }

        if let Some(breaker) = &mut coordinator.breaker {
            let has_followed = member.has_followed_circuit(&view);
            let until = known.here(view.open_until);
            if view.open_until == 0 {
                let is_own = !has_followed && view.opener == 0 && member.is_opener;
                if is_own {
                    member.own_circuit = Some(now + OWN);
                } else if !has_followed && breaker.is_open() {
                    breaker.closes_elsewhere();
                    slowly = Some(1);
                }
            } else if has_followed && !breaker.is_open() {
                // The target has answered this client's probe.
            } else if view.prober == member.id && view.prober_until > known.there {
                breaker.opens_elsewhere(now, until, view.opens as u32);
            } else {
                breaker.opens_elsewhere(now, until.max(now + FOLLOWS), view.opens as u32);
            }
        }
        member.is_opener = view.open_until > 0 && view.opener == member.id;
        (member.born, member.gate, member.circuit) = (view.born, view.gate, view.circuit);
        member.was_cold = coordinator.gate.sure_cold().is_some();
        member.was_open = coordinator.breaker.as_ref().is_some_and(breaker::Breaker::is_open);
        if is_news {
            self.woken.extend(state.queue.iter());
        }
        self.starts_slowly(now, target, slowly);
    }
}

impl TargetState {
    fn exchange_due(&self) -> Option<Instant> {
        self.member.as_ref()?.due(self.has_news(), self.calls() > 0 || self.was_asked())
    }

    fn was_asked(&self) -> bool {
        self.member.as_ref().is_some_and(|member| member.was_asked())
    }

    /// The gate or the breaker is not as the client last told or followed.
    fn has_news(&self) -> bool {
        let is_cold = self.coordinator.gate.sure_cold().is_some();
        let is_open = self.coordinator.breaker.as_ref().is_some_and(breaker::Breaker::is_open);
        self.member.as_ref().is_some_and(|member| (is_cold, is_open) != (member.was_cold, member.was_open))
    }

    /// A call was answered.
    pub(in crate::core::admission) fn tells_answer(&mut self) {
        // A limit that is not reached is no reason to raise it.
        if let Some(member) = self.member.as_mut().filter(|_| !self.queue.is_empty()) {
            member.answered += 1;
        }
    }

    /// The target has refused a call, or was late.
    pub(in crate::core::admission) fn tells_refusal(&mut self) {
        if let Some(member) = &mut self.member {
            member.refused = true;
        }
    }

    /// How many calls wait, sleep as the leader, or are in flight.
    fn calls(&self) -> usize {
        self.queue.len() + self.limiter.held() + usize::from(self.coordinator.gate.leads_here())
    }

    fn local(&self, budget: Option<budget::Rule>, concurrency: u32) -> Local {
        let gate = &self.coordinator.gate;
        let cold =
            gate.sure_cold().map(|(since, probe_at, is_explicit)| ColdHere { since, probe_at, is_explicit });
        let circuit = self.coordinator.breaker.as_ref().map(|breaker| match breaker.open_until() {
            Some((until, opens)) => CircuitHere::Open { until, opens },
            None if breaker.is_open() => CircuitHere::Probed,
            None => CircuitHere::Closed,
        });
        Local {
            cold,
            warm: gate.warm(),
            worked: self.worked,
            circuit,
            calls: self.calls() as u64,
            earned: self.coordinator.budget.as_ref().map_or(0, |budget| budget.untold()),
            burst: budget.map_or(0, |rule| rule.burst),
            concurrency,
        }
    }
}
