//! One call, as a state machine: `handle(now, Input) -> Action`.
//!
//! The machine is total: every input in every state has an answer, and none panics. One input gives exactly one
//! action. An input that does not fit the state changes nothing and returns the pending action again; after
//! [`Action::Deliver`], [`Action::Fail`] or [`Action::Abandon`] every input returns that action again. Times never
//! pass the deadline: a wait that would reach it fails instead.
//!
//! The call asks [`Shared`] about everything that it shares with other calls, and reports the end of every attempt
//! there.

mod answer;
mod away;
mod exchange;
mod lost;
mod per_target;
mod retry;
mod status;
mod turn;

use super::admission::lease::CallId;
use super::admission::{Begun, Ended, Means, Shared, SignOfLife};
use super::classify::Classification;
use super::failure::{Code, Failure, Layer, Phase};
use super::policy::Policy;
use super::record::{AttemptRecord, Outcome, Record, WaitReason};
use super::rng::Rng;
use super::time::{Duration, Instant};
use answer::Answer;
use away::NO_NETWORK;
pub use exchange::{Action, Head, Input, Lost, Send, Target, Wait};
use lost::timed_out;
use per_target::PerTarget;
use retry::Step;
pub use status::{Asking, Status};

/// Error bodies are read up to this size, and then cancelled.
pub const ERROR_BODY_LIMIT: u32 = 64 * 1024;

#[derive(Clone, Copy, Debug)]
enum State {
    New,
    /// Queued for a permit. For a fallback, with the code that ended the target before it.
    Queued {
        since: Instant,
        wait: Wait,
        falls_back: Option<Code>,
    },
    Sending(Attempt),
    /// The head of the answer has come.
    Reading(Attempt),
    Waiting {
        since: Instant,
        wait: Wait,
        layer: Layer,
    },
    Done,
}

/// What every handler needs besides the input.
struct Context<'a> {
    now: Instant,
    shared: &'a mut Shared,
}

/// A request in flight.
#[derive(Clone, Copy, Debug)]
struct Attempt {
    started: Instant,
    held: Option<Duration>,
    /// The generation of the breaker when it admitted the attempt.
    generation: u32,
    /// The origin was seen to answer meanwhile.
    reached: bool,
    /// No other attempt at the target was in flight meanwhile. Set when the attempt ends.
    is_alone: bool,
    /// The head of the answer, once it has come.
    head: Option<Head>,
}

impl Attempt {
    /// The caller asked for a stream, and the answer is one.
    fn streams(&self) -> bool {
        self.head.is_some_and(|head| head.events)
    }

    fn status(&self) -> Option<u16> {
        self.head.map(|head| head.status)
    }

    /// The server has held the request for half of the time that it was asked to, or longer.
    fn was_held(&self, now: Instant) -> bool {
        self.held.is_some_and(|hold| now.since(self.started) >= hold.scaled(1, 2))
    }
}

/// One call, from its start to its answer or failure.
#[derive(Debug)]
pub struct Call {
    id: CallId,
    policy: Policy,
    targets: Vec<Target>,
    began: Instant,
    rng: Rng,
    record: Record,
    state: State,
    pending: Action,
    attempts: u32,
    /// The target in use, and what the call has spent on it.
    target: usize,
    per_target: PerTarget,
    /// When part of a stream was handed over. The reader's part cannot be taken back, so there is no further attempt.
    begun: Option<Instant>,
    /// The caller holds the call up, and other calls have its permit.
    away: bool,
}

impl Call {
    /// `targets` are used in their order; the first is the one that the caller asked for. No two calls that are alive
    /// share an `id`.
    pub fn new(policy: Policy, targets: Vec<Target>, seed: u64, now: Instant, id: CallId) -> Self {
        let mut rng = Rng::new(seed);
        let per_target = PerTarget::new(&mut rng);
        Self {
            id,
            policy,
            targets,
            began: now,
            rng,
            record: Record::new(now),
            state: State::New,
            pending: Action::Abandon,
            attempts: 0,
            target: 0,
            per_target,
            begun: None,
            away: false,
        }
    }

    /// What the call has done so far.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The index of the target in use.
    pub fn target(&self) -> usize {
        self.target
    }

    /// Its number in its client.
    pub fn id(&self) -> CallId {
        self.id
    }

    /// Takes what happened and returns what to do next. See the [module](self) for the contract.
    pub fn handle(&mut self, now: Instant, input: Input, shared: &mut Shared) -> Action {
        let cx = &mut Context { now, shared };
        // The call is done unless the handler sets another state.
        let state = ::core::mem::replace(&mut self.state, State::Done);
        let action = match (state, input) {
            (State::Done, _) => return self.pending,
            (state, Input::Aborted) => self.abandon(cx, state),
            (state @ (State::Queued { .. } | State::Waiting { .. }), Input::Woke) if self.is_spared(cx) => {
                self.abandon(cx, state);
                Action::Deliver
            }
            (State::New, _) => self.request_admission(cx, None),
            (State::Queued { since, wait, falls_back }, Input::Woke) => {
                self.on_turn(cx, since, wait, falls_back)
            }
            (State::Sending(attempt), Input::Head(head)) => {
                self.state = State::Reading(Attempt { head: Some(head), ..attempt });
                match head.status {
                    200..=299 if head.events => Action::Stream,
                    200..=299 => Action::Read { limit: None },
                    _ => Action::Read { limit: Some(ERROR_BODY_LIMIT) },
                }
            }
            (State::Sending(attempt), Input::Reached) => {
                self.state = State::Sending(Attempt { reached: true, ..attempt });
                return self.pending;
            }
            (State::Reading(attempt @ Attempt { head: Some(head), .. }), Input::Body(body)) => {
                self.on_answer(cx, attempt, Answer { head, body: &body })
            }
            (State::Reading(attempt), Input::Begun) if attempt.streams() => {
                self.begun = Some(cx.now);
                let Attempt { generation, started, .. } = attempt;
                cx.shared.begun(cx.now, self.target_index(), Begun { call: self.id, generation, started });
                self.state = State::Reading(attempt);
                return self.pending;
            }
            (state @ (State::Sending(_) | State::Reading(_)), Input::HeldUp { away }) => {
                match away {
                    true => cx.shared.lend(cx.now, self.target_index(), self.id),
                    false => cx.shared.reclaim(cx.now, self.target_index(), self.id, self.deadline()),
                }
                self.away = away;
                self.state = state;
                return self.pending;
            }
            (State::Reading(attempt @ Attempt { head: Some(head), .. }), Input::Ended(end))
                if head.events =>
            {
                self.on_stream_end(cx, attempt, head, end)
            }
            (State::Sending(attempt), Input::Offline) => self.on_unsent(cx, attempt),
            (State::Queued { since, wait, .. }, Input::Offline) => self.leave_queue(cx, since, wait),
            (State::Sending(attempt) | State::Reading(attempt), Input::NetworkError(Lost::Offline))
                if self.begun.is_none() =>
            {
                self.on_lost_offline(cx, attempt)
            }
            (State::Sending(attempt) | State::Reading(attempt), Input::NetworkError(Lost::Suspended))
                if self.begun.is_none() && self.may_have_slept() =>
            {
                self.on_suspended(cx, attempt)
            }
            (State::Waiting { since, wait, .. }, Input::Online)
                if wait.reason == WaitReason::Offline && wait.until == self.deadline() =>
            {
                self.on_online(cx.now, since, wait)
            }
            (State::Sending(attempt), Input::NetworkError(lost)) => self.on_network_error(cx, attempt, lost),
            (State::Sending(attempt), Input::Astray) => {
                self.on_lost(cx, attempt, Classification::ASTRAY, None)
            }
            (State::Reading(attempt), Input::NetworkError(Lost::Late)) => {
                let phase = Phase::Idle;
                self.on_lost(cx, attempt, timed_out(phase, attempt.streams()), Some(phase))
            }
            (State::Reading(attempt), Input::NetworkError(_)) => {
                let class =
                    if attempt.streams() { Classification::TRUNCATED } else { Classification::NETWORK };
                let class = class.after(cx.now.since(attempt.started), false);
                self.on_lost(cx, attempt, class, None)
            }
            (State::Sending(attempt), Input::TimedOut(phase))
                if phase != Phase::Total && self.may_queue_again(cx) =>
            {
                self.on_crowded_out(cx, attempt, phase)
            }
            (State::Sending(attempt), Input::TimedOut(phase)) => {
                let late = timed_out(phase, false);
                let layer =
                    if attempt.reached && late.layer == Layer::Network { Layer::Compute } else { late.layer };
                self.on_lost(cx, attempt, Classification { layer, ..late }, Some(phase))
            }
            (State::Sending(attempt), Input::Unasked(phase)) => self.on_unasked(cx, attempt, phase),
            (State::Reading(attempt), Input::TimedOut(phase)) => {
                self.on_lost(cx, attempt, timed_out(phase, attempt.streams()), Some(phase))
            }
            (State::Waiting { since, wait, layer }, Input::Woke) => self.on_woke(cx, since, wait, layer),
            (State::Waiting { since, wait, layer }, Input::Status(status)) => {
                let until = self.on_status(cx, wait.until, status);
                self.on_woke(cx, since, Wait { until, ..wait }, layer)
            }
            (state, _) => {
                self.state = state;
                return self.pending;
            }
        };
        self.pending = action;
        if matches!(self.state, State::Done) {
            cx.shared.detach(cx.now, self.target_index(), self.id, false);
        }
        action
    }

    /// The call is alive. Extends its leases, if leases end without a sign of life. See
    /// [`Rules::lease`](super::admission::coordinator::Rules::lease).
    pub fn renew(&self, now: Instant, shared: &mut Shared) {
        let in_flight = matches!(self.state, State::Sending(_) | State::Reading(_)) && !self.away;
        let sign = SignOfLife { call: self.id, deadline: self.deadline(), in_flight };
        shared.renew(now, self.target_index(), sign);
    }

    /// The call only wants to know that the model is up, and another call has found it up meanwhile.
    fn is_spared(&self, cx: &Context<'_>) -> bool {
        self.policy.only_warms && cx.shared.has_worked_since(self.target_index(), self.began)
    }

    fn deadline(&self) -> Instant {
        self.began + self.policy.timeouts.total
    }

    /// The index of the target in use among the targets of [`Shared`].
    fn target_index(&self) -> usize {
        self.targets.get(self.target).map_or(0, |target| target.shared)
    }

    /// If a call fails again while others are answered, the failure is its own and not the target's.
    fn means_of_failure(&mut self, cx: &Context<'_>) -> Means {
        let since = *self.per_target.failed_since.get_or_insert(cx.now);
        let is_own = since < cx.now && cx.shared.has_worked_since(self.target_index(), since);
        if is_own { Means::Own } else { Means::Itself }
    }

    fn has_fallback(&self) -> bool {
        self.target + 1 < self.targets.len()
    }

    fn apply(&mut self, cx: &mut Context<'_>, step: Step, failure: Failure) -> Action {
        match step {
            Step::Wait(wait) => {
                self.per_target.failed = Some(failure).filter(|failure| failure.code != Code::ModelLoading);
                self.state = State::Waiting { since: cx.now, wait, layer: failure.layer };
                Action::Wait(wait)
            }
            Step::Follow => self.request_admission(cx, None),
            Step::GiveUp(phase) => {
                let failure = Failure { phase: phase.or(failure.phase), ..failure };
                if self.fall_back(cx, failure.code) {
                    return self.request_admission(cx, Some(failure.code));
                }
                self.state = State::Done;
                Action::Fail(failure)
            }
        }
    }

    /// Moves on to the next target, if that may help.
    fn fall_back(&mut self, cx: &mut Context<'_>, code: Code) -> bool {
        let next = self.target + 1;
        let Some(other) = self.targets.get(next) else {
            return false;
        };
        // Credits belong to the account, and the token belongs to the same account everywhere.
        let same_purse = code == Code::CreditsExhausted && other.shares_credentials;
        if self.begun.is_some() || !code.may_fall_back() || same_purse || cx.now >= self.deadline() {
            return false;
        }
        cx.shared.detach(cx.now, self.target_index(), self.id, false);
        self.target = next;
        self.per_target = PerTarget::new(&mut self.rng);
        true
    }

    fn on_woke(&mut self, cx: &mut Context<'_>, since: Instant, wait: Wait, layer: Layer) -> Action {
        if cx.now < wait.until {
            self.state = State::Waiting { since, wait, layer };
            return Action::Wait(wait);
        }
        self.record.waited_for(wait.reason, cx.now.since(since));
        if cx.now < self.deadline() {
            return self.request_admission(cx, None);
        }
        if wait.reason == WaitReason::Offline {
            return Action::Fail(Failure { phase: Some(Phase::Total), ..NO_NETWORK });
        }
        // The timer fired after the deadline, because of a hidden tab or a suspended machine.
        let code = if wait.reason == WaitReason::Loading { Code::ModelLoading } else { Code::Timeout };
        Action::Fail(Failure { code, layer, phase: Some(Phase::Total), status: None, retry_after: None })
    }

    fn abandon(&mut self, cx: &mut Context<'_>, state: State) -> Action {
        match state {
            State::Sending(attempt) | State::Reading(attempt) => {
                self.record_attempt(cx, attempt, Outcome::Aborted, Means::Itself)
            }
            State::Waiting { since, wait, .. } => self.record.waited_for(wait.reason, cx.now.since(since)),
            State::Queued { since, wait, .. } => {
                self.record.waited_for(wait.reason, cx.now.since(since));
                cx.shared.detach(cx.now, self.target_index(), self.id, true);
            }
            State::New | State::Done => {}
        }
        Action::Abandon
    }

    fn record_attempt(&mut self, cx: &mut Context<'_>, attempt: Attempt, outcome: Outcome, means: Means) {
        if outcome == Outcome::Ok && self.per_target.said == Some(Status::NotYet) {
            cx.shared.status(self.target_index(), self.id, false);
        }
        self.record.attempt(AttemptRecord {
            target: self.target,
            started: attempt.started.since(self.began),
            duration: cx.now.since(attempt.started),
            status: attempt.status(),
            outcome,
            reached: attempt.reached,
        });
        self.report_attempt(cx, attempt, outcome, means);
    }

    /// Reports the end of an attempt to [`Shared`].
    fn report_attempt(&mut self, cx: &mut Context<'_>, attempt: Attempt, outcome: Outcome, means: Means) {
        let ended = Ended {
            generation: attempt.generation,
            started: attempt.started,
            outcome,
            status: attempt.status(),
            limit: self.policy.timeouts.attempt + attempt.held.unwrap_or(Duration::ZERO),
            streamed: self.policy.streamed,
            begun: self.begun,
            means,
            was_refused: self.per_target.refused,
            has_failed: self.per_target.failed_since.is_some_and(|since| since < cx.now),
            key: attempt.head.map_or(0, |head| head.key),
            is_cheap: self.policy.only_warms,
        };
        cx.shared.ended(cx.now, self.target_index(), self.id, ended);
    }
}

#[cfg(test)]
mod tests;
