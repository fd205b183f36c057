//! Admission: what the calls of a client share, and how a call asks for it. A call requests admission, asks for a
//! retry, reports a cold start, and reports how each attempt ended.
//!
//! There is one state for each target. Nothing here waits: a call that has to wait is queued, and
//! [`Shared::woken`] names the calls whose turn it is.

pub mod breaker;
pub mod budget;
pub mod connections;
pub mod coordinator;
pub mod gate;
pub mod keys;
pub mod lease;
pub mod limiter;
mod messages;
mod pace;
mod payloads;
pub mod probing;
pub mod queue;
mod target;

use super::backoff::OVERLOADED_BASE;
use super::failure::{Code, Phase};
use super::record::Outcome;
use super::rng::Rng;
use super::stats::Stats;
use super::stats::alert::AlertRule;
use super::time::{Duration, Instant};
use breaker::Verdict;
use budget::Budget;
use connections::{Connections, Origin};
use coordinator::{Coordinator, Observation, Rules};
use gate::{Closed, ClosedPort, ColdReport, ColdSighting, Gate, Role, Temperature};
use keys::{KeyId, SpentKeys};
use lease::CallId;
use limiter::{Limiter, SLOW_START, Sample};
pub use messages::{Admission, Begun, Caller, Ended, Event, Means, SignOfLife, Snapshot};
use pace::Pace;
use probing::SHORTEST_SLEEP;
use queue::{Front, Queue};
use std::rc::Rc;
use target::{Cooldown, TargetState};

/// A call that was let in must claim its permit within this time, or loses it.
const TO_CLAIM: Duration = Duration::from_secs(5);
/// The same where calls may end unseen: a call that is alive polls many times a second there.
const TO_CLAIM_UNSEEN: Duration = Duration::from_secs(1);

/// A refusal by a server that answers other calls costs the server nothing: for this long another attempt costs no
/// retry budget.
const FREE_FOR: Duration = Duration::from_secs(5);
/// The longest pause, before jitter, after a refusal that names no time. It is short because the server may refuse only one
/// caller, while all callers wait.
const LONGEST_COOLDOWN: Duration = Duration::from_secs(2);
/// A target that answered another call this recently answers calls all the time.
const ANSWERS: Duration = Duration::from_ms(300);
/// A target that was full more often than this in a row is down, not full.
const MAX_OVERLOADS: u32 = 8;
/// A target that answered this recently works.
const JUST_NOW: Duration = Duration::from_secs(1);
/// A target that answered this recently is hardly cold. Twice the time that an answer takes counts as recent too.
const LATELY: Duration = Duration::from_secs(5);

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
}

impl Shared {
    /// The rules hold for every target. The seed is for the jitter of probes and of the breaker.
    pub fn new(rules: Rules, concurrency: limiter::Rule, alert: AlertRule, seed: u64) -> Self {
        let (targets, lines, woken, events) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { rules, concurrency, alert, targets, lines, rng: Rng::new(seed), woken, events }
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

    /// Counts the target's connections with those of an origin, of which the platform has few. [`Origin::next`]
    /// returns `client` when a connection is free; the client then calls [`Self::connect`].
    pub fn belongs(&mut self, target: usize, origin: &Rc<Origin>, client: u32) {
        if let Some(state) = self.targets.get_mut(target) {
            state.connections.belong(origin, client);
        }
    }

    /// A connection may be free for the first call in the queue.
    pub fn connect(&mut self, now: Instant, target: usize) {
        self.dispatch(now, target);
    }

    /// How long the calls to this target have waited for a connection, which says nothing about the target.
    pub fn waited_for_connections(&self, now: Instant, target: usize) -> Duration {
        self.targets.get(target).map_or(Duration::ZERO, |state| state.connections.waited(now))
    }

    /// A request without an answer may wait for a connection inside the platform: see [`Connections::are_too_few`].
    pub fn waits_in_platform(&self, target: usize) -> bool {
        self.targets.get(target).is_some_and(|state| state.connections.are_too_few())
    }

    /// A request without an answer may never have been sent: other code, such as another tab, uses the few connections
    /// too. That is believed of a target that has never answered this program, and of any where the time to connect
    /// is over and connections are known to be few.
    pub fn may_be_unsent(&self, target: usize, phase: Phase) -> bool {
        self.targets.get(target).is_some_and(|state| {
            let was_warm = state.coordinator.gate.was_warm();
            match phase {
                Phase::Connect if was_warm => state.connections.are_known_few(),
                _ => !was_warm && state.connections.are_few(),
            }
        })
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
            cooldown: None,
            spent: SpentKeys::default(),
            worked: None,
            overloads: 0,
            reported: breaker::State::Closed,
            users: 0,
            has_line: false,
        }
    }

    /// The end of a lease that is taken or renewed now.
    fn lease(&self, now: Instant, until: Instant) -> Instant {
        self.rules.lease.map_or(until, |lease| until.min(now + lease))
    }

    /// The caller, with its attempt shortened to the lease.
    fn leased(&self, caller: Caller) -> Caller {
        Caller {
            attempt: self.rules.lease.map_or(caller.attempt, |lease| caller.attempt.min(lease)),
            ..caller
        }
    }

    /// A call asks to send to this target, for the first time or again.
    pub fn request(&mut self, now: Instant, target: usize, caller: Caller) -> Admission {
        if caller.first
            && let Some(state) = self.targets.get_mut(target)
        {
            state.stats.called();
        }
        let caller = self.leased(caller);
        self.admit(now, target, caller)
    }

    fn admit(&mut self, now: Instant, target: usize, caller: Caller) -> Admission {
        let until = self.lease(now, caller.deadline);
        self.opens(now, target);
        let Some(state) = self.targets.get_mut(target) else {
            return Admission::Admitted { generation: 0 }; // every call has a target
        };
        if let Some(left) = state.coordinator.open_for(now) {
            return state.circuit_open(left);
        }
        let was_cold = state.coordinator.gate.is_cold();
        let is_cooling_down = state.hold_until.is_some_and(|then| now < then);
        let may = was_cold || !is_cooling_down && state.queue.is_empty() && state.limiter.has_permit(now);
        let may = may && state.connections.is_available(now, target, Front::of(caller.priority, now));
        if was_cold && !may {
            // A call without a connection cannot lead the cold start.
            state.coordinator.gate.resign(caller.id);
        }
        let waits =
            !may || was_cold && !state.coordinator.gate.admit(now, caller.id, caller.attempt, caller.held);
        let admission = if waits {
            state.enqueue(now, caller)
        } else {
            state.paces(now);
            state.acquire(now, until, caller)
        };
        if waits {
            self.has_enqueued(target);
        }
        self.dispatch(now, target);
        admission
    }

    /// A queued call was woken, or its own time is up. It gets its permit if it has one by now.
    pub fn claim(&mut self, now: Instant, target: usize, caller: Caller) -> Admission {
        let caller = self.leased(caller);
        let until = self.lease(now, caller.deadline);
        let Some(state) = self.targets.get_mut(target) else {
            return Admission::Admitted { generation: 0 };
        };
        if state.queue.holds(caller.id) {
            let Some(vain) = state.waits_in_vain(now, caller) else {
                return Admission::Queued(state.reason(now));
            };
            state.queue.remove(caller.id);
            return vain;
        }
        if !state.limiter.release(caller.id) {
            state.connections.release(caller.id);
            return self.admit(now, target, caller); // the queue was drained, or the call came too late
        }
        if state.coordinator.gate.is_cold()
            && !state.coordinator.gate.admit(now, caller.id, caller.attempt, caller.held)
        {
            state.connections.release(caller.id);
            let admission = state.enqueue(now, caller);
            self.has_enqueued(target);
            return admission;
        }
        let admission = state.acquire(now, until, caller);
        self.dispatch(now, target);
        admission
    }

    /// Extends the leases of the call.
    pub fn renew(&mut self, now: Instant, target: usize, sign: SignOfLife) {
        let SignOfLife { call, deadline, in_flight } = sign;
        let until = self.lease(now, deadline);
        let leases = self.rules.lease.is_some();
        if let Some(state) = self.targets.get_mut(target).filter(|_| leases) {
            state.coordinator.renew(call, until);
            state.queue.renew(now, call);
            if in_flight {
                state.limiter.renew(now, call, until);
            }
        }
    }

    /// The reader of this call's stream is away and its server sends nothing meanwhile: the next call gets the
    /// permit.
    pub fn lend(&mut self, now: Instant, target: usize, call: CallId) {
        if let Some(state) = self.targets.get_mut(target) {
            state.coordinator.give_up(call);
            state.limiter.release(call);
            // The platform may hold the whole answer already, and the connection may be free. If not, one is in
            // reserve.
            state.connections.release(call);
            self.dispatch(now, target);
        }
    }

    /// The reader is back, and gets a permit even if none is free.
    pub fn reclaim(&mut self, now: Instant, target: usize, call: CallId, deadline: Instant) {
        let until = self.lease(now, deadline);
        if let Some(state) = self.targets.get_mut(target) {
            state.limiter.renew(now, call, until);
            state.connections.acquire(call);
        }
    }

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
        }
        self.dispatch(now, target);
    }

    fn gate(&self, target: usize) -> Option<&Gate> {
        self.targets.get(target).map(|state| &state.coordinator.gate)
    }

    /// The call that probes for the others.
    pub fn leader(&self, target: usize) -> Option<CallId> {
        self.gate(target)?.leader()
    }

    /// Whether the cold start that queued calls wait for goes on.
    pub fn is_cold(&self, target: usize) -> bool {
        self.gate(target).is_some_and(|gate| gate.is_cold())
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
                (
                    if ended.means == Means::Itself {
                        Verdict::of(code, layer, ended.status)
                    } else {
                        Verdict::Ignored
                    },
                    sample,
                )
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
        // While the target answers other calls, the retries of one that fails say nothing new: its own payload may be to blame.
        let window = self.rules.breaker.map_or(Duration::ZERO, |rule| rule.window);
        let has_worked = state.worked.is_some_and(|at| now.since(at) < window);
        let is_told = ended.has_failed && has_worked && !matches!(verdict, Verdict::Success);
        let verdict = if is_told { Verdict::Ignored } else { verdict };
        state.limiter.observe(now, sample);
        state.limiter.release(call);
        state.connections.release(call);
        state.stats.ended(ended.outcome);
        if ended.took(now).and_then(|took| state.stats.answered(now, took)).is_some() {
            self.events.push(Event::Alert { target });
        }
        let seen = Observation {
            report: breaker::Report { call, generation: ended.generation, verdict, others },
            ago: took,
            answered: !unanswered,
        };
        let slowly = state.coordinator.observe(now, seen, &mut self.rng);
        self.starts_slowly(now, target, slowly);
        self.dispatch(now, target);
    }

    /// Ends the cold start if a probe has been in flight for so long that the model must be up.
    fn opens(&mut self, now: Instant, target: usize) {
        let state = self.targets.get_mut(target);
        if state.is_some_and(|state| state.coordinator.gate.opens(now)) {
            self.starts_slowly(now, target, Some(SLOW_START));
        }
    }

    /// The target has recovered or come up: the limit starts again at `from` calls.
    fn starts_slowly(&mut self, now: Instant, target: usize, from: Option<u32>) {
        let (Some(state), Some(from)) = (self.targets.get_mut(target), from) else {
            return;
        };
        let uncoordinated = self.rules.uncoordinated();
        state.limiter.start_slowly(if uncoordinated { 1 } else { from });
        if uncoordinated && !state.queue.is_empty() {
            // Many uncoordinated clients see it come up at the same time, and all have queued calls.
            state.hold_until = Some(now + self.rng.up_to(state.coordinator.gate.spread()));
        }
    }

    /// The call got an answer that says the model is loading.
    pub fn loading(&mut self, now: Instant, target: usize, call: Caller, found: ColdSighting) -> Role {
        let default_wait = found.default_wait.unwrap_or(SHORTEST_SLEEP);
        let Some(found) = self.found(now, target, call, found) else { return Role::Lead(default_wait) };
        let Some(state) = self.targets.get_mut(target) else { return Role::Lead(default_wait) };
        let was_cold = state.coordinator.gate.is_cold();
        let role = state.coordinator.gate.loading(now, found, &mut self.rng);
        if !was_cold {
            // Queued calls wait for something else from now on, and may have less patience for it.
            self.woken.extend(state.queue.iter());
        } else if let Some(explicit) = state.coordinator.gate.explicit_until() {
            self.woken.extend(state.queue.impatient(explicit));
        }
        role
    }

    fn found(&self, now: Instant, target: usize, call: Caller, found: ColdSighting) -> Option<ColdReport> {
        Some(ColdReport {
            call: call.id,
            seen: found,
            uncoordinated: self.rules.uncoordinated(),
            is_doubtful: !found.full && self.worked_within(now, target, self.lately(target)),
            waiters: self.targets.get(target)?.queue.len(),
            attempt: call.attempt,
            until: self.rules.lease.map(|lease| now + lease),
        })
    }

    /// The call met a closed port. Returns the role of the call while that is taken for a start, and `None` if
    /// it is a failure.
    pub fn refused(&mut self, now: Instant, target: usize, call: Caller, port: ClosedPort) -> Option<Role> {
        let found = self.found(now, target, call, port.seen)?;
        let state = self.targets.get_mut(target)?;
        let was_cold = state.coordinator.gate.is_cold();
        let role = state.coordinator.gate.refused(now, found, port.refusal, &mut self.rng);
        // Queued calls wait for something else from now on, or for nothing any more.
        if was_cold != state.coordinator.gate.is_cold() || role.is_none() {
            self.woken.extend(state.queue.iter());
        }
        role
    }

    /// A probe was sent, and its result is not known yet.
    pub fn is_probing(&self, target: usize) -> bool {
        self.gate(target).is_some_and(|gate| gate.is_probing())
    }

    /// The target has answered a request that was sent after `then`.
    pub fn has_answered_since(&self, target: usize, then: Instant) -> bool {
        self.gate(target).is_some_and(|gate| gate.has_answered_since(then))
    }

    /// Whether the target refuses connections, and whether it has ever answered.
    pub fn closed(&self, now: Instant, target: usize) -> Option<(Closed, bool)> {
        let gate = self.gate(target)?;
        Some((gate.closed(now)?, gate.was_warm()))
    }

    /// The target has answered this client before.
    pub fn has_answered(&self, target: usize) -> bool {
        self.gate(target).is_some_and(|gate| gate.was_warm())
    }

    /// The target may be busy with other calls. It is not if it has answered none for too long.
    pub fn is_full_for_now(&self, now: Instant, target: usize) -> bool {
        let Some(state) = self.targets.get(target) else { return false };
        // All that are in flight may be refused together.
        let most = MAX_OVERLOADS.max(2 * state.limiter.proven_concurrency());
        // Where an answer takes long, many are refused between two answers.
        let is_slow = state.limiter.serves(now) && self.worked_within(now, target, self.lately(target));
        state.overloads < most || is_slow
    }

    /// The target works on another call: it has not refused that one at once.
    pub fn serves(&self, now: Instant, target: usize) -> bool {
        self.targets.get(target).is_some_and(|state| state.limiter.serves(now))
    }

    /// Another call was in flight to the target while this one was.
    pub fn is_in_company(&self, target: usize, call: CallId) -> bool {
        self.targets.get(target).is_some_and(|state| state.limiter.was_in_company(call))
    }

    /// The limiter admitted this call beyond the limit, to try one more.
    pub fn was_one_more(&self, now: Instant, target: usize, call: CallId) -> bool {
        self.targets.get(target).is_some_and(|state| state.limiter.was_one_more(now, call))
    }

    /// The target has answered a moment ago.
    pub fn works(&self, now: Instant, target: usize) -> bool {
        self.worked_within(now, target, JUST_NOW)
    }

    /// An answer of the target takes longer than `took`.
    pub fn takes_longer(&self, target: usize, took: Duration) -> bool {
        self.targets
            .get(target)
            .and_then(|state| state.limiter.avg_first_answer())
            .is_some_and(|soon| took < soon)
    }

    /// The target has answered since `then`.
    pub fn has_worked_since(&self, target: usize, then: Instant) -> bool {
        self.targets.get(target).and_then(|state| state.worked).is_some_and(|at| at >= then)
    }

    fn lately(&self, target: usize) -> Duration {
        let soon = self.targets.get(target).and_then(|state| state.limiter.avg_first_answer());
        LATELY.max(soon.unwrap_or_default().scaled(2, 1))
    }

    fn worked_within(&self, now: Instant, target: usize, span: Duration) -> bool {
        let worked = self.targets.get(target).and_then(|state| state.worked);
        worked.is_some_and(|at| now.since(at) < span)
    }

    /// The target refused a request that was sent at `started`, and did not say for how long. Returns how long no
    /// call goes there, if the target refuses more than this call.
    pub fn cool_down(
        &mut self,
        now: Instant,
        target: usize,
        call: CallId,
        started: Instant,
    ) -> Option<Duration> {
        let answers = self.worked_within(now, target, ANSWERS);
        let state = self.targets.get_mut(target)?;
        let answers = answers || state.pace.answers_some(now) || state.refuses_payloads(now);
        let cooldown = state.cooldown.get_or_insert(Cooldown {
            call,
            since: now,
            newest: started,
            until: now,
            backoff: OVERLOADED_BASE.scaled(1, 2),
        });
        let answers = answers || state.worked.is_some_and(|at| at >= cooldown.newest);
        if answers || cooldown.call == call {
            return None;
        }
        // Requests that were sent together are refused together.
        if started >= cooldown.newest {
            cooldown.newest = now;
            cooldown.backoff = cooldown.backoff.scaled(2, 1).min(LONGEST_COOLDOWN);
            cooldown.until =
                cooldown.until.max(now + self.rng.between(cooldown.backoff, cooldown.backoff.scaled(2, 1)));
        }
        state.hold_until = state.hold_until.max(Some(cooldown.until));
        Some(cooldown.until.since(now))
    }

    /// The target refuses this key repeatedly, and answers other keys.
    pub fn refuses_key(&mut self, now: Instant, target: usize, key: KeyId) -> bool {
        self.targets.get_mut(target).is_some_and(|state| state.spent.refused(now, key, state.worked))
    }

    /// Whether another attempt costs no retry budget.
    pub fn is_retry_free(&self, now: Instant, target: usize) -> bool {
        let cooldown = self.targets.get(target).and_then(|state| state.cooldown);
        cooldown.is_some_and(|cooldown| now.since(cooldown.since) < FREE_FOR)
    }

    /// The target has just come up: if it is full now, the calls that waited are the cause, and it is no failure.
    pub fn is_fresh(&self, now: Instant, target: usize) -> bool {
        self.gate(target).is_some_and(|gate| gate.is_fresh(now))
    }

    /// Whether "full" still means that the target has just come up. For a process it does not, because its calls wait
    /// in one queue; but a thousand isolates find the target up at once.
    pub fn is_rushed(&self, now: Instant, target: usize) -> bool {
        let uncoordinated = self.rules.uncoordinated();
        uncoordinated && self.is_fresh(now, target)
    }

    /// Takes a retry from the budget for an attempt that would be sent after `after`. An open circuit costs nothing.
    pub fn may_retry(&mut self, now: Instant, target: usize, after: Duration) -> bool {
        let Some(state) = self.targets.get_mut(target) else {
            return true;
        };
        let open = state.coordinator.open_for(now).is_some_and(|left| left > after);
        !open && state.coordinator.withdraw()
    }

    /// Whether the budget has a retry for an attempt that would be sent now.
    pub fn can_retry(&self, now: Instant, target: usize) -> bool {
        self.targets.get(target).is_none_or(|state| {
            state.coordinator.open_for(now).is_none()
                && state.coordinator.budget.as_ref().is_none_or(Budget::has_one)
        })
    }

    /// The call has finished with this target; it may have been queued.
    pub fn detach(&mut self, now: Instant, target: usize, call: CallId, in_line: bool) {
        if let Some(state) = self.targets.get_mut(target) {
            state.coordinator.gate.resign(call);
            if in_line && !state.queue.remove(call) {
                state.limiter.release(call);
            }
            state.connections.release(call);
            self.dispatch(now, target);
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

    /// When the next queued call could be admitted although nothing else happens.
    pub fn due(&mut self) -> Option<Instant> {
        let Self { lines, targets, .. } = self;
        let mut due = None::<Instant>;
        lines.retain(|target| {
            let Some(state) = targets.get_mut(*target) else { return false };
            state.has_line = !state.queue.is_empty();
            due = due.into_iter().chain(state.due()).min();
            state.has_line
        });
        due
    }

    /// The time of [`Self::due`] has come.
    pub fn wake(&mut self, now: Instant) {
        let mut at = 0;
        while let Some(target) = self.lines.get(at) {
            self.dispatch(now, *target);
            at += 1;
        }
    }

    /// The target has, or may have, queued calls.
    fn has_enqueued(&mut self, target: usize) {
        if let Some(state) = self.targets.get_mut(target).filter(|state| !state.has_line) {
            state.has_line = true;
            self.lines.push(target);
        }
    }

    /// Admits as many queued calls as there are permits for.
    fn dispatch(&mut self, now: Instant, target: usize) {
        let lease = self.rules.lease;
        let to_claim = if lease.is_some() { TO_CLAIM_UNSEEN } else { TO_CLAIM };
        self.opens(now, target);
        let Some(state) = self.targets.get_mut(target) else {
            return;
        };
        state.connections.wait_no_more(now, target);
        let circuit =
            state.coordinator.breaker.as_ref().map_or(breaker::State::Closed, |breaker| breaker.state(now));
        if circuit != state.reported {
            state.reported = circuit;
            self.events.push(Event::Breaker { target, state: circuit });
        }
        // The breaker's ramp goes from one call to eight, whatever the minimum is. Short-lived isolates, of which
        // there are thousands, start with one.
        if circuit == breaker::State::Closed && !self.rules.uncoordinated() {
            state.limiter.rise_to_minimum();
        }
        state.hold_until = state.hold_until.filter(|then| *then > now);
        if let Some(lease) = lease {
            state.queue.drop_silent(now, lease);
        }
        if state.queue.is_empty() {
            return;
        }
        if state.coordinator.open_for(now).is_some() {
            self.woken.extend(state.queue.drain());
            return;
        }
        let cold = state.coordinator.gate.vacant_at();
        loop {
            let may_go = match cold {
                Some(vacant) => vacant <= now,
                None => state.hold_until.is_none() && state.limiter.has_permit(now),
            };
            let front = state.queue.front().filter(|_| may_go);
            let next = front.filter(|front| state.connections.is_available(now, target, *front));
            let pop = if state.refuses_all() { Queue::pop_newest } else { Queue::pop };
            let Some(next) = next.and_then(|_| pop(&mut state.queue, now)) else {
                return;
            };
            state.limiter.acquire(now, next, now + to_claim);
            state.connections.acquire(next);
            state.paces(now);
            self.woken.push(next);
            if cold.is_some() {
                // The probe is not sent yet.
                state.coordinator.gate.admit(now, next, to_claim, to_claim);
                return;
            }
        }
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
            stats: &mut state.stats,
        })
    }
}

#[cfg(test)]
mod tests;
