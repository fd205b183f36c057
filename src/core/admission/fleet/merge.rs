//! What a client adds to the view: its finds, where it has followed all others, its leases, and its counts.

use super::view::NO_TOKENS;
use super::{Known, LEASE, Member, PERIOD, View};
use crate::core::admission::budget::TOKEN;
use crate::core::admission::limiter::SLOW_START;
use crate::core::time::Instant;

/// A client that has traffic takes the probe of a circuit so long before the probe is due, in milliseconds.
const AHEAD: u64 = 1_000;
/// Retries that clients spend at the same time are owed up to this many.
const MOST_OWED: u64 = 20 * TOKEN as u64;
/// How often one of the fleet is counted, in milliseconds.
const EACH: u64 = 40;
/// Two times that differ by no more are the same, in milliseconds: a message travels sometimes longer, sometimes less.
const APART: u64 = 500;
/// The common limit falls no more often, in milliseconds.
const PAUSE: u64 = 1_000;

/// What this client knows of the target by itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Local {
    pub(super) cold: Option<ColdHere>,
    /// When the newest request was sent that did not find the model loading.
    pub(super) warm: Option<Instant>,
    /// When the target answered last.
    pub(super) worked: Option<Instant>,
    /// `None`: the client has no breaker.
    pub(super) circuit: Option<CircuitHere>,
    /// How many calls wait, sleep as the leader, or are in flight.
    pub(super) calls: u64,
    /// What first attempts have added to the budget since the last writing, less the retries, in thousandths.
    pub(super) earned: i64,
    /// The most that the budget holds, in retries, and the most calls in flight of one client.
    pub(super) burst: u32,
    pub(super) concurrency: u32,
}

/// A cold start, as the client's own gate has it.
#[derive(Clone, Copy, Debug)]
pub(super) struct ColdHere {
    pub(super) since: Instant,
    pub(super) probe_at: Instant,
    pub(super) is_explicit: bool,
}

/// The client's own circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CircuitHere {
    /// Closed, or on the way: the target has answered the probe.
    Closed,
    Open {
        until: Instant,
        opens: u32,
    },
    /// A probe is in flight.
    Probed,
}

impl Member {
    /// Whether the client has followed every change of the gate. After the engine has lost the state, what it says is news
    /// only if it says that the target is cold.
    pub(super) fn has_followed_gate(&self, view: &View) -> bool {
        if self.born == view.born { self.gate == view.gate } else { view.cold == 0 }
    }

    pub(super) fn has_followed_circuit(&self, view: &View) -> bool {
        if self.born == view.born { self.circuit == view.circuit } else { view.open_until == 0 }
    }

    /// Adds to the view what this client has to tell.
    #[inline(never)]
    pub(super) fn merge(&self, view: &mut View, known: &Known, local: &Local) {
        let now = known.there;
        let is_restless = view.limit > 0 || view.cold > 0 || view.open_until > 0;
        if is_restless && local.calls > 0 {
            self.join(view, now, local.calls);
        }
        self.limit(view, now, local);
        self.gate(view, known, local);
        self.circuit(view, known, local);
        budget(view, local);
    }

    fn join(&self, view: &mut View, now: u64, calls: u64) {
        let ago = now.saturating_sub(view.period);
        // Each client writes once a period: a large fleet is counted more slowly, so that few meet.
        let period = PERIOD.max(view.most_clients() * EACH);
        if ago >= period || now < view.period {
            let (clients, calls) = if ago < 2 * period { (view.clients, view.calls) } else { (0, 0) };
            (view.clients_before, view.calls_before) = (clients, calls);
            (view.clients, view.calls, view.period) = (0, 0, now);
        }
        if self.period != view.period {
            view.clients += 1;
            view.calls += calls;
        }
    }

    fn gate(&self, view: &mut View, known: &Known, local: &Local) {
        let now = known.there;
        if !self.has_followed_gate(view) {
            // The others may have found it cold before it answered this client.
            let is_up = local.warm.is_some_and(|warm| view.cold > 0 && known.there(warm) > view.cold);
            if is_up {
                comes_up(view);
            }
            return;
        }
        match (view.cold > 0, local.cold) {
            (false, None) => {}
            (true, None) => comes_up(view),
            (false, Some(cold)) => {
                view.gate += 1;
                view.cold = known.there(cold.since).max(1);
                self.leads(view, known, cold);
            }
            (true, Some(cold)) if view.leader == self.id && view.lead_until > now => {
                let is_old = view.lead_until.saturating_sub(now) < LEASE / 2;
                if local.calls == 0 {
                    (view.leader, view.lead_until) = (0, 0);
                } else if is_old || view.probe_at.abs_diff(known.there(cold.probe_at)) > APART {
                    self.leads(view, known, cold);
                }
            }
            (true, Some(cold)) if view.lead_until <= now && local.calls > 0 => self.leads(view, known, cold),
            (true, Some(_)) => {}
        }
    }

    fn leads(&self, view: &mut View, known: &Known, cold: ColdHere) {
        (view.leader, view.lead_until) = (self.id, known.there + LEASE);
        (view.probe_at, view.is_explicit) = (known.there(cold.probe_at), u64::from(cold.is_explicit));
    }

    fn circuit(&self, view: &mut View, known: &Known, local: &Local) {
        let Some(circuit) = local.circuit else { return };
        let now = known.there;
        if !self.has_followed_circuit(view) {
            // What fails for one client may be its own network, its key or its payloads.
            let works = local.worked.is_some_and(|worked| known.there(worked) > view.opened);
            if view.open_until > 0 && works {
                view.circuit += 1;
                (view.open_until, view.opens, view.opener) = (0, 0, 0);
                (view.prober, view.prober_until) = (0, 0);
            }
            return;
        }
        let probes = view.prober == self.id && view.prober_until > now;
        match (view.open_until > 0, circuit) {
            (false, CircuitHere::Open { .. }) if self.own_circuit.is_some_and(|until| known.here < until) => {
            }
            (false, CircuitHere::Open { until, opens }) => {
                view.opened = now;
                self.opens(view, known.there(until), opens);
            }
            // The probe has failed.
            (true, CircuitHere::Open { until, opens })
                if view.prober == self.id && opens as u64 > view.opens =>
            {
                self.opens(view, known.there(until), opens);
            }
            (true, CircuitHere::Closed) => {
                view.circuit += 1;
                (view.open_until, view.opens) = (0, 0);
                (view.prober, view.prober_until) = (0, 0);
                starts_slowly(view, 1);
            }
            (true, _) if probes => {
                let from = now.max(view.open_until);
                let is_old = view.prober_until.saturating_sub(from) < LEASE / 2 && local.calls > 0;
                view.prober_until = if is_old { from + LEASE } else { view.prober_until };
            }
            (true, _) if view.prober_until <= now && now + AHEAD >= view.open_until => {
                (view.prober, view.prober_until) = (self.id, now.max(view.open_until) + LEASE);
            }
            _ => {}
        }
    }

    fn opens(&self, view: &mut View, until: u64, opens: u32) {
        view.circuit += 1;
        (view.open_until, view.opens, view.opener) = (until.max(1), u64::from(opens), self.id);
        (view.prober, view.prober_until) = (0, 0);
    }

    fn limit(&self, view: &mut View, now: u64, local: &Local) {
        if view.limit == 0 {
            return;
        }
        let grown = if view.is_slow_start > 0 { 1000 } else { 1_000_000 / view.limit.max(1) };
        view.limit += grown * self.answered;
        if self.refused && now.saturating_sub(view.lowered) >= PAUSE {
            view.limit = (view.limit * 7 / 10).max(1000);
            (view.is_slow_start, view.lowered) = (0, now);
        }
        if view.limit >= u64::from(local.concurrency) * view.most_clients() * 1000 {
            view.limit = 0;
        }
    }
}

fn comes_up(view: &mut View) {
    view.gate += 1;
    (view.cold, view.probe_at, view.is_explicit) = (0, 0, 0);
    (view.leader, view.lead_until) = (0, 0);
    starts_slowly(view, SLOW_START);
}

fn starts_slowly(view: &mut View, from: u32) {
    (view.limit, view.is_slow_start, view.lowered) = (u64::from(from) * 1000, 1, 0);
}

fn budget(view: &mut View, local: &Local) {
    let most = NO_TOKENS + u64::from(local.burst) * u64::from(TOKEN);
    let tokens = view.tokens.saturating_add_signed(local.earned);
    view.tokens = tokens.clamp(NO_TOKENS - MOST_OWED, most);
}
