//! The cold-start gate, a single-flight lock on "is the model up?": one leader probes, the other calls wait until it
//! gets through.
//!
//! A cold model is no error, and more requests do not bring it up sooner. The first call to hear that the model is
//! loading goes on with its own payload, at the intervals of [`ColdStart`]; every other call waits. Any answer that
//! does not say "loading" ends the cold start, so that calls do not wait on when the leader meets a full server at
//! wake-up. A lost leader is replaced when its lease has run out.
//!
//! A port that refuses connections is, for a while, an engine that is still starting: most engines open theirs only
//! when the model is loaded.

use super::lease::{CallId, Lease};
use super::probing::{ColdStart, LONGEST_SLEEP, LoadingAnswer, ProbeContext, SHORTEST_SLEEP};
use crate::core::classify::AT_ONCE;
use crate::core::rng::Rng;
use crate::core::time::{Duration, Instant};

/// What is known about whether a model is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Temperature {
    /// Nothing was answered yet.
    Unknown,
    /// The model is loading, and one call probes it.
    Cold,
    /// The model has just come up, and calls are admitted little by little.
    Warming,
    /// The last answer came from a model that is up.
    Warm,
}

/// What a call does next that found the model loading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Probe after this long.
    Lead(Duration),
    /// Wait until the leader gets through. Where there is no leader, because others find the model up, try again
    /// alone after a while.
    Follow,
    /// Others may find the model up, and one of them probes soon: try again alone after a while.
    Apart,
}

/// How often one leader probes while others wait. A model that has answered before is probed once by each.
const MAX_PROBES: u32 = 2;

/// A model that answered just now is believed to be cold after this many reports in a row, or after two if no other
/// call is there.
const BELIEVED: u32 = 4;

/// The longest sleep before a probe of a closed port.
const LONGEST_AT_DOOR: Duration = Duration::from_secs(10);

/// A model that is not up says so within this time, or within twice the time that it took so far. A probe that is in
/// flight for longer is being worked on.
const ANSWERS_SOON: Duration = Duration::from_secs(3);

/// A probe this overdue means that nobody is waiting any more.
const FORGOTTEN: Duration = Duration::from_secs(300);

#[derive(Clone, Copy, Debug)]
struct Cold {
    start: ColdStart,
    leader: Option<Lease>,
    /// The call that was told to stay away for longer than the others wait. It may probe when its own time is up, if
    /// that comes first.
    sleeper: Option<CallId>,
    /// When the probe in flight was sent.
    sent: Option<Instant>,
    /// How long the server was asked to hold that probe.
    held: Duration,
    /// The longest time that the model took to say that it is loading.
    heard: Duration,
    /// See [`ProbeContext`].
    uncoordinated: bool,
    /// How often the leader has probed in vain.
    probes: u32,
    /// No call probes before this time.
    next_probe: Instant,
    /// The server named that time; it is no estimate of ours.
    is_explicit: bool,
    /// Other calls were answered just before each report of it.
    is_doubtful: bool,
}

impl Cold {
    fn since(started: Instant) -> Self {
        Self {
            start: ColdStart::new(started),
            leader: None,
            sleeper: None,
            sent: None,
            held: Duration::ZERO,
            heard: Duration::ZERO,
            uncoordinated: false,
            probes: 0,
            next_probe: started,
            is_explicit: false,
            is_doubtful: false,
        }
    }

    /// The last probe is so long overdue that the model may have come up and gone down again.
    fn is_forgotten(&self, now: Instant) -> bool {
        !self.leader.is_some_and(|leader| leader.is_live(now)) && now > self.next_probe + FORGOTTEN
    }
}

/// A closed port of the target, or of the server behind its gateway.
#[derive(Clone, Copy, Debug)]
pub struct Closed {
    /// The first refusal and the last one.
    pub since: Instant,
    last: Instant,
    /// The platform or the gateway says that the connection was refused; it is no guess.
    pub is_explicit: bool,
}

/// The gate of one target.
#[derive(Clone, Debug, Default)]
pub struct Gate {
    /// Set from the first refusal to the first answer of any kind.
    closed: Option<Closed>,
    /// How many reports in a row said that the model is cold and were not believed.
    denied: u32,
    cold: Option<Cold>,
    /// When the newest request was sent that did not find the model loading.
    warm: Option<Instant>,
    /// The sleep before the last probe.
    slept: Duration,
    /// How long the last cold start took, and when it was over.
    last: Option<(Duration, Instant)>,
}

impl Gate {
    /// Calls wait for the leader.
    pub fn is_cold(&self) -> bool {
        self.cold.is_some()
    }

    /// The model has answered before.
    pub fn was_warm(&self) -> bool {
        self.warm.is_some()
    }

    /// Whether this call may be sent: every call while the model is not cold, then the leader alone.
    ///
    /// Where there is no leader any more, the first call that asks when a probe is due takes the lead. Its lease is
    /// one attempt, of which the server is asked to hold the request for `held`.
    pub fn admit(&mut self, now: Instant, call: CallId, attempt: Duration, held: Duration) -> bool {
        let Some(cold) = &mut self.cold else {
            return true;
        };
        if cold.is_forgotten(now) {
            *cold = Cold::since(now);
        }
        match cold.leader {
            Some(leader) if leader.is_live(now) && leader.holder != call => return false,
            Some(leader) if leader.holder == call => {}
            _ if now < cold.next_probe && cold.sleeper != Some(call) => return false,
            _ => {}
        }
        if cold.leader.is_none_or(|leader| leader.holder != call) {
            cold.probes = 0;
        }
        cold.leader = Some(Lease { holder: call, until: now + attempt });
        (cold.sent, cold.held) = (Some(now), held);
        true
    }

    /// The leader is alive: its lease lasts until then.
    pub fn renew(&mut self, call: CallId, until: Instant) {
        if let Some(Cold { leader: Some(leader), .. }) = &mut self.cold
            && leader.holder == call
        {
            leader.until = until;
        }
    }

    /// The call that probes, or sleeps until the next probe.
    pub fn leader(&self) -> Option<CallId> {
        Some(self.cold.as_ref()?.leader?.holder)
    }

    /// The server wants no request before this time. A call that cannot wait so long waits in vain.
    pub fn explicit_until(&self) -> Option<Instant> {
        self.cold.as_ref().filter(|cold| cold.is_explicit).map(|cold| cold.next_probe)
    }

    /// When a waiting call may take the lead, if nothing happens before.
    pub fn vacant_at(&self) -> Option<Instant> {
        let cold = self.cold.as_ref()?;
        Some(cold.leader.map_or(cold.next_probe, |leader| leader.until.max(cold.next_probe)))
    }

    /// When the probe in flight, without a result, will have been in flight for so long that it is being worked on.
    pub fn opens_at(&self) -> Option<Instant> {
        // Not for uncoordinated clients: every probe would be followed by other calls at the same moment, and in the
        // simulated fleets that costs calls.
        let cold = self.cold.as_ref().filter(|cold| !cold.uncoordinated)?;
        Some(cold.sent? + cold.held + ANSWERS_SOON.max(cold.heard.scaled(2, 1)))
    }

    /// Ends the cold start if the time of [`Self::opens_at`] has come, so that a long answer keeps no call out of a
    /// model that is up. Returns true if it did.
    pub fn opens(&mut self, now: Instant) -> bool {
        let is_up = self.opens_at().is_some_and(|opens| opens <= now);
        if let Some(sent) = self.cold.and_then(|cold| cold.sent).filter(|_| is_up) {
            self.ends(now, sent);
        }
        is_up
    }

    /// The probe of this call was lost without a result.
    pub fn lost(&mut self, call: CallId) {
        if let Some(cold) =
            self.cold.as_mut().filter(|cold| cold.leader.is_some_and(|lead| lead.holder == call))
        {
            cold.sent = None;
        }
    }

    /// The target has answered a request that was sent after `then`.
    pub fn has_answered_since(&self, then: Instant) -> bool {
        self.warm.is_some_and(|warm| warm > then)
    }

    /// Since when the target refuses connections. A probe that was not refused at once has found the port open, and
    /// its answer may take as long as any answer.
    pub fn closed(&self, now: Instant) -> Option<Closed> {
        let sent = self.cold.and_then(|cold| cold.sent);
        let is_open = sent.is_some_and(|sent| now.since(sent) >= AT_ONCE);
        self.closed.filter(|closed| !is_open && now.since(closed.last) <= FORGOTTEN)
    }

    /// A request was refused. Returns the role of its call while that is taken for a start, and `None` after that,
    /// when the target is taken to be down.
    pub fn refused(
        &mut self,
        now: Instant,
        found: ColdReport,
        refusal: Refusal,
        rng: &mut Rng,
    ) -> Option<Role> {
        let Refusal { is_explicit, patience } = refusal;
        if self.warm.is_some_and(|warm| found.seen.started < warm) {
            return Some(Role::Follow); // the model has come up since
        }
        if !self.believes(found) {
            return None;
        }
        let since = self.closed(now).map_or(found.seen.started, |closed| closed.since);
        self.closed = Some(Closed { since, last: now, is_explicit });
        if now.since(since) >= patience {
            // Other calls may have more patience, and one of them goes on probing.
            if let Some(cold) = &mut self.cold {
                cold.sent = None;
            }
            return None;
        }
        let floor = found.seen.answer.floor.unwrap_or_default();
        let longest = LONGEST_AT_DOOR.max(floor);
        let role = self.found_cold(now, found, rng);
        if let Some(cold) = &mut self.cold {
            // The engine does not work yet, so a probe costs it nothing. The last probe is at the end of the
            // patience.
            cold.next_probe = cold.next_probe.min(now + longest).min(since + patience);
        }
        match role {
            Role::Lead(sleep) => Some(Role::Lead(sleep.min(longest))),
            role => Some(role),
        }
    }

    /// A probe is in flight, without a result so far.
    pub fn is_probing(&self) -> bool {
        self.cold.is_some_and(|cold| cold.sent.is_some())
    }

    /// A request that was sent at `started` found the model loading, so its port is open.
    pub fn loading(&mut self, now: Instant, found: ColdReport, rng: &mut Rng) -> Role {
        self.closed = None;
        if !self.believes(found) {
            return Role::Follow;
        }
        self.found_cold(now, found, rng)
    }

    /// One request alone says nothing about the model while others are answered: a failure may quote its request, a
    /// payload may crash its worker, and one replica of several may be gone.
    fn believes(&mut self, found: ColdReport) -> bool {
        // A repeated report of one call counts once, unless no other call is there to report.
        self.denied = self.denied.saturating_add(u32::from(!found.seen.again || found.seen.is_alone));
        self.cold.is_some()
            || !found.is_doubtful
            || self.denied >= if found.seen.is_alone { 2 } else { BELIEVED }
    }

    fn found_cold(&mut self, now: Instant, found: ColdReport, rng: &mut Rng) -> Role {
        if self.warm.is_some_and(|warm| found.seen.started < warm) {
            return Role::Follow; // the model has come up since
        }
        let new = Cold { is_doubtful: found.is_doubtful, ..Cold::since(found.seen.started) };
        let cold = self.cold.get_or_insert(new);
        if cold.is_forgotten(now) {
            *cold = new;
        }
        if cold.leader.is_some_and(|leader| leader.is_live(now) && leader.holder != found.call) {
            return Role::Follow;
        }
        (cold.sent, cold.uncoordinated) = (None, found.uncoordinated);
        cold.is_doubtful &= found.is_doubtful;
        if !found.seen.answer.was_held {
            cold.heard = cold.heard.max(now.since(found.seen.started));
        }
        let has_led = cold.leader.is_some_and(|leader| leader.holder == found.call);
        cold.probes = if has_led { cold.probes + 1 } else { 0 };
        let context = ProbeContext {
            last: self.last.map(|(took, _)| took).filter(|_| !found.seen.full),
            waiters: found.waiters,
            uncoordinated: found.uncoordinated,
            default_wait: found.seen.default_wait,
        };
        let sleep = cold.start.sleep(now, found.seen.answer, context, rng);
        self.slept = sleep;
        // An hour that the server names is meant for this call. The others were told nothing, and one of them probes
        // in its place.
        cold.next_probe = now + sleep.min(LONGEST_SLEEP);
        cold.is_explicit = found.seen.answer.floor.is_some();
        if found.is_doubtful && !found.uncoordinated {
            // Other calls were answered just before: one of them probes soon, whatever the server told this one.
            (cold.leader, cold.is_explicit) = (None, false);
            cold.next_probe = now + SHORTEST_SLEEP;
            return Role::Apart;
        }
        // This payload alone may be to blame, so another call probes next. Not for uncoordinated clients, which probe
        // each for themselves: in the simulated fleets that costs calls.
        let most = if self.warm.is_some() { 1 } else { MAX_PROBES };
        if cold.probes >= most && found.waiters > 0 && !found.seen.full && !found.uncoordinated {
            cold.leader = None;
            return Role::Follow;
        }
        let leads = sleep <= LONGEST_SLEEP;
        cold.leader = leads
            .then(|| Lease { holder: found.call, until: found.until.unwrap_or(now + sleep + found.attempt) });
        cold.sleeper = (!leads).then_some(found.call);
        Role::Lead(sleep)
    }

    /// A request that was sent at `started` got another answer. Returns true if that ends a cold start; a doubtful one was
    /// none.
    pub fn answered(&mut self, now: Instant, started: Instant) -> bool {
        // An answer to a request from before the model went down says nothing about now,
        if let Some(cold) = self.cold.as_mut().filter(|cold| started < cold.start.since()) {
            // except that another call should probe soon.
            if !cold.uncoordinated && cold.sent.is_none() {
                (cold.leader, cold.is_explicit) = (None, false);
                cold.next_probe = cold.next_probe.min(now + SHORTEST_SLEEP);
            }
            return false;
        }
        self.warm = Some(self.warm.map_or(started, |warm| warm.max(started)));
        let was_cold = self.cold.is_some_and(|cold| !cold.is_doubtful);
        self.ends(now, now);
        was_cold
    }

    /// Ends the cold start, if there is one; it was over at `by`.
    fn ends(&mut self, now: Instant, by: Instant) {
        (self.closed, self.denied) = (None, 0);
        if let Some(cold) = self.cold.take().filter(|cold| !cold.is_doubtful && !self.is_fresh(now)) {
            self.last = Some((cold.start.waited(by), now));
        }
    }

    /// How long the last cold start took.
    pub fn last(&self) -> Duration {
        self.last.map_or(Duration::ZERO, |(took, _)| took)
    }

    /// Uncoordinated clients release their waiting calls over this long: half the cold start, less the sleep before
    /// the last probe.
    pub fn spread(&self) -> Duration {
        self.last().scaled(1, 2) - self.slept
    }

    /// The model came up less than the length of its cold start ago: the calls that waited for it may still be too
    /// many.
    pub fn is_fresh(&self, now: Instant) -> bool {
        self.last.is_some_and(|(took, over)| now.since(over) < took)
    }

    /// The call gives up the lead.
    pub fn resign(&mut self, call: CallId) {
        if let Some(cold) = &mut self.cold {
            cold.leader = cold.leader.filter(|leader| leader.holder != call);
            cold.sleeper = cold.sleeper.filter(|sleeper| *sleeper != call);
        }
    }
}

/// A connection that was refused.
#[derive(Clone, Copy, Debug)]
pub struct Refusal {
    /// The platform or the gateway says so; it is no guess.
    pub is_explicit: bool,
    /// How long a refusal is taken for a start.
    pub patience: Duration,
}

/// A loading answer, as the call that got it reports it.
#[derive(Clone, Copy, Debug)]
pub struct ColdSighting {
    /// When the request was sent.
    pub started: Instant,
    /// What the answer says about the wait.
    pub answer: LoadingAnswer,
    /// The estimate for an answer that names none, if the caller set one.
    pub default_wait: Option<Duration>,
    /// The model is up, but its server is full.
    pub full: bool,
    /// No other request was in flight meanwhile.
    pub is_alone: bool,
    /// The same call has seen it before.
    pub again: bool,
}

/// A closed port, as the call that met it reports it.
#[derive(Clone, Copy, Debug)]
pub struct ClosedPort {
    /// What the call would report of a loading answer.
    pub seen: ColdSighting,
    /// How sure it is, and for how long it is patient.
    pub refusal: Refusal,
}

/// A sighting, with what the target knows besides.
#[derive(Clone, Copy, Debug)]
pub struct ColdReport {
    /// The call that reports it.
    pub call: CallId,
    /// What it saw.
    pub seen: ColdSighting,
    /// See [`ProbeContext`].
    pub uncoordinated: bool,
    /// Other calls were answered just before.
    pub is_doubtful: bool,
    /// How many other calls wait in the queue.
    pub waiters: usize,
    /// How long the call's next attempt may take.
    pub attempt: Duration,
    /// How long the lead lasts; by default until the call's next attempt is over.
    pub until: Option<Instant>,
}

#[cfg(test)]
mod tests;
