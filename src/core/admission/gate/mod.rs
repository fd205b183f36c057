//! Cold start: one leader looks whether the model is up, the others wait until it gets through.
//!
//! A cold model is no error, and asking it more often does not bring it up sooner. The call that
//! first hears that it is loading carries on with its own real payload, at the distances of
//! [`ColdStart`]; every other one waits. Any answer that is not "loading" ends the cold start, so
//! a leader that meets a full server at wake-up leaves nobody behind; and a leader that is lost is
//! replaced when its lease has run out.
//!
//! A port that refuses connections is an engine that is still starting, for a while: most engines
//! open theirs only when the model is loaded.

use super::lease::{CallId, Lease};
use super::probing::{ColdStart, LONGEST_SLEEP, LoadingAnswer, ProbeContext, SHORTEST_SLEEP};
use crate::core::classify::AT_ONCE;
use crate::core::rng::Rng;
use crate::core::time::{Duration, Instant};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Temperature {
    Unknown,
    Cold,
    /// It has just come up, and calls are let through little by little.
    Warming,
    Warm,
}

/// What a call that found the model loading does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Look again after so long.
    Lead(Duration),
    /// Wait until the leader gets through; where there is none, since others find the model up, ask
    /// again by oneself, a while later.
    Follow,
    /// Others may find it up, and look soon: ask again by oneself, a while later.
    Apart,
}

/// So often one call looks, if others wait with it; once, where the model has answered before.
const MAX_PROBES: u32 = 2;

/// So many in a row are believed that a model is cold which answered just now, and of one that is alone the second.
const BELIEVED: u32 = 4;

/// The longest sleep before a port that is closed.
const LONGEST_AT_DOOR: Duration = Duration::from_secs(10);

/// A model that is not up says so sooner, or twice as soon as it did so far: a look that is out for longer is being worked on.
const ANSWERS_SOON: Duration = Duration::from_secs(3);

/// A look that is overdue for so long nobody waits for.
const FORGOTTEN: Duration = Duration::from_secs(300);

#[derive(Clone, Copy, Debug)]
struct Cold {
    start: ColdStart,
    leader: Option<Lease>,
    /// Who was told to stay away for longer than the others wait: where its time is up before, it looks then.
    sleeper: Option<CallId>,
    /// When it was sent to look, while nothing has come of that.
    sent: Option<Instant>,
    /// How long the server was asked to hold that one.
    held: Duration,
    /// The longest that it took to say that it is loading.
    heard: Duration,
    /// See [`ProbeContext`].
    uncoordinated: bool,
    /// How often that one has looked in vain.
    probes: u32,
    /// Not before then is it worth a look, whoever looks.
    next_probe: Instant,
    /// The server said so, and it is no guess.
    is_explicit: bool,
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
        }
    }

    /// Nobody has looked for so long that it may have come up, and gone down again.
    fn is_forgotten(&self, now: Instant) -> bool {
        !self.leader.is_some_and(|leader| leader.is_live(now)) && now > self.next_probe + FORGOTTEN
    }
}

/// Its port is closed, or that of what stands behind its gateway.
#[derive(Clone, Copy, Debug)]
pub struct Closed {
    /// The first refusal, and the last one.
    pub since: Instant,
    last: Instant,
    /// The platform says that it was refused, or the gateway; it is no guess.
    pub is_explicit: bool,
}

#[derive(Clone, Debug, Default)]
pub struct Gate {
    /// From the first refusal to the first answer, whatever it is.
    closed: Option<Closed>,
    /// How many requests in a row found it cold, and were not believed.
    denied: u32,
    cold: Option<Cold>,
    /// When the last request was sent that did not find the model loading.
    warm: Option<Instant>,
    /// Before the last look.
    slept: Duration,
    /// How long the last cold start took, and when it was over.
    last: Option<(Duration, Instant)>,
}

impl Gate {
    pub fn is_cold(&self) -> bool {
        self.cold.is_some()
    }

    pub fn was_warm(&self) -> bool {
        self.warm.is_some()
    }

    /// Whether this call may be sent: everybody while it is not cold, then the leader alone.
    ///
    /// Where there is none any more, the first that asks when it is time takes the lead, for as long
    /// as one try may take; the server is asked to hold it for so long.
    pub fn admit(&mut self, now: Instant, who: CallId, attempt: Duration, held: Duration) -> bool {
        let Some(cold) = &mut self.cold else {
            return true;
        };
        if cold.is_forgotten(now) {
            *cold = Cold::since(now);
        }
        match cold.leader {
            Some(leader) if leader.is_live(now) && leader.holder != who => return false,
            Some(leader) if leader.holder == who => {}
            _ if now < cold.next_probe && cold.sleeper != Some(who) => return false,
            _ => {}
        }
        if cold.leader.is_none_or(|leader| leader.holder != who) {
            cold.probes = 0;
        }
        cold.leader = Some(Lease { holder: who, until: now + attempt });
        (cold.sent, cold.held) = (Some(now), held);
        true
    }

    /// The leader is still there: its lease lasts until then.
    pub fn renew(&mut self, who: CallId, until: Instant) {
        if let Some(Cold { leader: Some(leader), .. }) = &mut self.cold
            && leader.holder == who
        {
            leader.until = until;
        }
    }

    /// Who looks, or sleeps until it is time to.
    pub fn leader(&self) -> Option<CallId> {
        Some(self.cold.as_ref()?.leader?.holder)
    }

    /// Before then the server wants nobody to ask: whoever cannot wait so long waits in vain.
    pub fn explicit_until(&self) -> Option<Instant> {
        self.cold.as_ref().filter(|cold| cold.is_explicit).map(|cold| cold.next_probe)
    }

    /// When the first of those who wait may take the lead, if nothing happens before.
    pub fn vacant_at(&self) -> Option<Instant> {
        let cold = self.cold.as_ref()?;
        Some(cold.leader.map_or(cold.next_probe, |leader| leader.until.max(cold.next_probe)))
    }

    /// When the look that is out, if nothing comes of it, has been out for so long that it is being worked on.
    pub fn opens_at(&self) -> Option<Instant> {
        // Not of those that share nothing: all that look would be followed by others at the same moment, and in the
        // simulated fleets that costs calls.
        let cold = self.cold.as_ref().filter(|cold| !cold.uncoordinated)?;
        Some(cold.sent? + cold.held + ANSWERS_SOON.max(cold.heard.scaled(2, 1)))
    }

    /// That time has come: a long answer keeps nobody out of a model that is up. True if that ends a cold start.
    pub fn opens(&mut self, now: Instant) -> bool {
        let is_up = self.opens_at().is_some_and(|opens| opens <= now);
        if let Some(sent) = self.cold.and_then(|cold| cold.sent).filter(|_| is_up) {
            self.ends(now, sent);
        }
        is_up
    }

    /// The look of this one was lost, and says nothing.
    pub fn lost(&mut self, who: CallId) {
        if let Some(cold) =
            self.cold.as_mut().filter(|cold| cold.leader.is_some_and(|lead| lead.holder == who))
        {
            cold.sent = None;
        }
    }

    /// A request was answered that was sent after that.
    pub fn has_answered_since(&self, then: Instant) -> bool {
        self.warm.is_some_and(|warm| warm > then)
    }

    /// That it refuses connections, and since when. A look that was not refused at once has found it open, and may take as
    /// long as an answer takes.
    pub fn closed(&self, now: Instant) -> Option<Closed> {
        let sent = self.cold.and_then(|cold| cold.sent);
        let is_open = sent.is_some_and(|sent| now.since(sent) >= AT_ONCE);
        self.closed.filter(|closed| !is_open && now.since(closed.last) <= FORGOTTEN)
    }

    /// A request was refused. What to do while that is taken for a start, which is for so long; `None`
    /// after that, for then it is down.
    pub fn refused(
        &mut self,
        now: Instant,
        found: ColdReport,
        refusal: Refusal,
        rng: &mut Rng,
    ) -> Option<Role> {
        let Refusal { is_explicit, patience } = refusal;
        if self.warm.is_some_and(|warm| found.seen.started < warm) {
            return Some(Role::Follow); // it has come up since
        }
        if !self.believes(found) {
            return None;
        }
        let since = self.closed(now).map_or(found.seen.started, |closed| closed.since);
        self.closed = Some(Closed { since, last: now, is_explicit });
        if now.since(since) >= patience {
            // Others may have more of it, and one of them looks on.
            if let Some(cold) = &mut self.cold {
                cold.sent = None;
            }
            return None;
        }
        let floor = found.seen.answer.floor.unwrap_or_default();
        let longest = LONGEST_AT_DOOR.max(floor);
        let role = self.found_cold(now, found, rng);
        if let Some(cold) = &mut self.cold {
            // Nobody works there yet, so a look costs nothing; and the last one is at the end of the patience.
            cold.next_probe = cold.next_probe.min(now + longest).min(since + patience);
        }
        match role {
            Role::Lead(sleep) => Some(Role::Lead(sleep.min(longest))),
            role => Some(role),
        }
    }

    /// Somebody was sent to look, and nothing has come of that yet.
    pub fn is_probing(&self) -> bool {
        self.cold.is_some_and(|cold| cold.sent.is_some())
    }

    /// A request that was sent at `started` found the model loading: its port is open.
    pub fn loading(&mut self, now: Instant, found: ColdReport, rng: &mut Rng) -> Role {
        self.closed = None;
        if !self.believes(found) {
            return Role::Follow;
        }
        self.found_cold(now, found, rng)
    }

    /// A failure may quote its request, a payload may bring its worker down, and one replica of several may be gone: while
    /// others are answered, one request alone says nothing of the model.
    fn believes(&mut self, found: ColdReport) -> bool {
        // What one call hears again and again is no news, unless nobody else is there to hear it.
        self.denied = self.denied.saturating_add(u32::from(!found.seen.again || found.seen.is_alone));
        self.cold.is_some()
            || !found.is_doubtful
            || self.denied >= if found.seen.is_alone { 2 } else { BELIEVED }
    }

    fn found_cold(&mut self, now: Instant, found: ColdReport, rng: &mut Rng) -> Role {
        if self.warm.is_some_and(|warm| found.seen.started < warm) {
            return Role::Follow; // it has come up since
        }
        let cold = self.cold.get_or_insert_with(|| Cold::since(found.seen.started));
        if cold.is_forgotten(now) {
            *cold = Cold::since(found.seen.started);
        }
        if cold.leader.is_some_and(|leader| leader.is_live(now) && leader.holder != found.who) {
            return Role::Follow;
        }
        (cold.sent, cold.uncoordinated) = (None, found.uncoordinated);
        if !found.seen.answer.was_held {
            cold.heard = cold.heard.max(now.since(found.seen.started));
        }
        let has_led = cold.leader.is_some_and(|leader| leader.holder == found.who);
        cold.probes = if has_led { cold.probes + 1 } else { 0 };
        let context = ProbeContext {
            last: self.last.map(|(took, _)| took).filter(|_| !found.seen.full),
            waiters: found.waiters,
            uncoordinated: found.uncoordinated,
        };
        let sleep = cold.start.sleep(now, found.seen.answer, found.seen.default_wait, context, rng);
        self.slept = sleep;
        // A server that names an hour names it to this call. The others were told nothing, and one of
        // them looks in its place.
        cold.next_probe = now + sleep.min(LONGEST_SLEEP);
        cold.is_explicit = found.seen.answer.floor.is_some();
        if found.is_doubtful && !found.uncoordinated {
            // Others were answered just before: one of them looks soon, whatever was said to this one.
            (cold.leader, cold.is_explicit) = (None, false);
            cold.next_probe = now + SHORTEST_SLEEP;
            return Role::Apart;
        }
        // It may be this payload alone: another one looks next. Not of those that share nothing, each of which has its own
        // look: in the simulated fleets that costs calls.
        let most = if self.warm.is_some() { 1 } else { MAX_PROBES };
        if cold.probes >= most && found.waiters > 0 && !found.seen.full && !found.uncoordinated {
            cold.leader = None;
            return Role::Follow;
        }
        let leads = sleep <= LONGEST_SLEEP;
        cold.leader = leads
            .then(|| Lease { holder: found.who, until: found.until.unwrap_or(now + sleep + found.attempt) });
        cold.sleeper = (!leads).then_some(found.who);
        Role::Lead(sleep)
    }

    /// A request that was sent at `started` was answered otherwise. True if that ends a cold start.
    pub fn answered(&mut self, now: Instant, started: Instant) -> bool {
        // One from before the model went down says nothing about now.
        if let Some(cold) = self.cold.as_mut().filter(|cold| started < cold.start.since()) {
            // But that somebody else had better look.
            if !cold.uncoordinated && cold.sent.is_none() {
                (cold.leader, cold.is_explicit) = (None, false);
                cold.next_probe = cold.next_probe.min(now + SHORTEST_SLEEP);
            }
            return false;
        }
        self.warm = Some(self.warm.map_or(started, |warm| warm.max(started)));
        let was_cold = self.cold.is_some();
        self.ends(now, now);
        was_cold
    }

    /// The cold start, if there is one, was over by then.
    fn ends(&mut self, now: Instant, by: Instant) {
        (self.closed, self.denied) = (None, 0);
        if let Some(cold) = self.cold.take().filter(|_| !self.is_fresh(now)) {
            self.last = Some((cold.start.waited(by), now));
        }
    }

    /// How long the last cold start took.
    pub fn last(&self) -> Duration {
        self.last.map_or(Duration::ZERO, |(took, _)| took)
    }

    /// How long those that share nothing spread what has waited, when each finds the model up: half
    /// of what it took, of which some is over already for who looked late.
    pub fn spread(&self) -> Duration {
        self.last().scaled(1, 2) - self.slept
    }

    /// It came up not longer ago than that took: those who waited for it may still be too many.
    pub fn is_fresh(&self, now: Instant) -> bool {
        self.last.is_some_and(|(took, over)| now.since(over) < took)
    }

    /// This call will not look again.
    pub fn resign(&mut self, who: CallId) {
        if let Some(cold) = &mut self.cold {
            cold.leader = cold.leader.filter(|leader| leader.holder != who);
            cold.sleeper = cold.sleeper.filter(|sleeper| *sleeper != who);
        }
    }
}

/// A connection that was refused.
#[derive(Clone, Copy, Debug)]
pub struct Refusal {
    /// The platform says so, or the gateway; it is no guess.
    pub is_explicit: bool,
    /// How long that is taken for a start.
    pub patience: Duration,
}

/// A loading answer, as the call that got it reports it.
#[derive(Clone, Copy, Debug)]
pub struct ColdSighting {
    /// When the request was sent.
    pub started: Instant,
    pub answer: LoadingAnswer,
    pub default_wait: Option<Duration>,
    /// The model is up, but its server is full.
    pub full: bool,
    /// No other request was in flight meanwhile.
    pub is_alone: bool,
    /// The same call has seen it before.
    pub again: bool,
}

/// A sighting, with what the target knows besides.
#[derive(Clone, Copy, Debug)]
pub struct ColdReport {
    pub who: CallId,
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
