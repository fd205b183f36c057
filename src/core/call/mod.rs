//! One call, as a state machine: `handle(now, Input) -> Action`.
//!
//! The machine is total: every input in every state has an answer, and none panics. One input gives exactly one
//! action. An input that does not fit the state changes nothing and returns the pending action again; after
//! [`Action::Deliver`], [`Action::Fail`] or [`Action::Abandon`] every input returns that action again. Times never
//! pass the deadline: a wait that would reach it fails instead.
//!
//! The call asks [`Shared`] about everything that it shares with other calls, and reports the end of every attempt
//! there.

mod away;
mod exchange;
mod retry;

use super::admission::gate::{ClosedPort, ColdSighting, Refusal};
use super::admission::lease::CallId;
use super::admission::probing::LoadingAnswer;
use super::admission::{Admission, Begun, Caller, Ended, Means, Shared, SignOfLife};
use super::backoff::Backoff;
use super::classify::{self, AT_ONCE, Body, Classification, RetryClass};
use super::completion::End;
use super::deadline::Clocks;
use super::failure::{Code, Failure, Layer, Phase};
use super::policy::{Policy, Timeouts};
use super::record::{AttemptRecord, Outcome, Record, WaitReason};
use super::rng::Rng;
use super::time::{Duration, Instant};
use away::NO_NETWORK;
pub use exchange::{Action, Head, Input, Lost, Send, Target, Wait};
use retry::{Pause, Step, TO_ANSWER};

/// While a fallback is left, a call waits no longer than this for a port that may never open.
const BEFORE_FALLBACK: Duration = Duration::from_secs(5);
/// An attempt shorter than this says nothing about a target that did not answer.
const LITTLE: Duration = Duration::from_secs(5);
/// A full server says so within this time, even if it has a queue of its own.
const SOON: Duration = Duration::from_secs(3);

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
    /// No other attempt at the target was in flight meanwhile. Known at the end.
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

/// An answer, as far as its body was read.
struct Answer<'a> {
    head: Head,
    body: &'a Body,
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
    /// When part of a stream was handed over. What the reader has cannot be taken back.
    begun: Option<Instant>,
    /// The caller holds the call up, and other calls have its permit.
    away: bool,
}

/// State that begins anew with each target.
#[derive(Debug)]
struct PerTarget {
    retries: u32,
    /// The one attempt after an ambiguous end is spent.
    once_spent: bool,
    /// The call was sent while the platform had no connection for it, and went back into the queue.
    crowded_out: bool,
    backoff: Backoff,
    /// Since when the call waits for a cold model.
    cold: Option<Instant>,
    /// How long the target's calls had waited for connections by then.
    before_cold: Duration,
    /// The call itself got an answer that says the model is loading.
    heard_loading: bool,
    /// The last pause after a loading answer while other calls were answered. The next pause is longer.
    pause: Option<Duration>,
    /// The call was sent to this target.
    sent: bool,
    /// The target told the call that it is full, or that requests come too fast.
    refused: bool,
    /// When the first attempt failed.
    failed_since: Option<Instant>,
    /// How the last attempt failed, which says more than that there is no further attempt.
    failed: Option<Failure>,
}

impl PerTarget {
    fn new(rng: &mut Rng) -> Self {
        let seed = rng.up_to(Duration::from_ms(u64::MAX)).as_ms();
        Self {
            retries: 0,
            once_spent: false,
            crowded_out: false,
            backoff: Backoff::new(Rng::new(seed)),
            cold: None,
            before_cold: Duration::ZERO,
            heard_loading: false,
            pause: None,
            sent: false,
            refused: false,
            failed_since: None,
            failed: None,
        }
    }
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

    /// The call is alive: extends what it holds, where leases end without a sign of life. See
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

    fn caller(&self, cx: &Context<'_>) -> Caller {
        let held = self.hold(cx).unwrap_or(Duration::ZERO);
        let attempt = self.policy.timeouts.attempt + held;
        let (deadline, first) = (self.deadline(), !self.per_target.sent);
        let patience = deadline.min(self.patience(cx));
        let (priority, has_fallback) = (self.policy.priority, self.has_fallback());
        let yields = self.policy.only_warms;
        Caller { id: self.id, priority, deadline, patience, attempt, held, first, has_fallback, yields }
    }

    fn has_fallback(&self) -> bool {
        self.target + 1 < self.targets.len()
    }

    /// Until when the call waits for a cold model, if nothing else ends the wait.
    fn patience(&self, cx: &Context<'_>) -> Instant {
        let Policy { loading, timeouts, .. } = self.policy;
        let since = self.per_target.cold.unwrap_or(cx.now);
        let closed = cx.shared.closed(cx.now, self.target_index());
        let refuses = closed
            .map(|(closed, has_answered)| closed.since + loading.patience(has_answered, closed.is_explicit));
        // A fallback needs time as well.
        let others = self.has_fallback().then(|| {
            let half = timeouts.total.scaled(1, 2);
            since + if closed.is_some() { half.min(BEFORE_FALLBACK) } else { half }
        });
        let max_wait = loading.max_wait + self.held_up(cx);
        [refuses, others].into_iter().flatten().fold(since + max_wait, Instant::min)
    }

    /// The call meets a cold model, or met it then.
    fn meets_cold(&mut self, cx: &Context<'_>, since: Instant) {
        if self.per_target.cold.is_none() {
            self.per_target.cold = Some(since);
            self.per_target.before_cold = cx.shared.waited_for_connections(cx.now, self.target_index());
        }
    }

    /// How long the cold model could not be probed, because the page had no connection for that.
    fn held_up(&self, cx: &Context<'_>) -> Duration {
        let of_cold =
            |_| cx.shared.waited_for_connections(cx.now, self.target_index()) - self.per_target.before_cold;
        self.per_target.cold.map_or(Duration::ZERO, of_cold)
    }

    /// The same for a call that waits for the leader: the leader's last probe needs time to be answered.
    fn queue_patience(&self, cx: &Context<'_>) -> Instant {
        let refuses = cx.shared.closed(cx.now, self.target_index()).is_some();
        let grace = if refuses { AT_ONCE } else { Duration::ZERO };
        self.deadline().min(self.patience(cx) + grace)
    }

    /// Sends, if the target admits the call.
    fn request_admission(&mut self, cx: &mut Context<'_>, falls_back: Option<Code>) -> Action {
        let admission = cx.shared.request(cx.now, self.target_index(), self.caller(cx));
        self.on_admission(cx, admission, falls_back)
    }

    fn on_admission(
        &mut self,
        cx: &mut Context<'_>,
        admission: Admission,
        falls_back: Option<Code>,
    ) -> Action {
        match admission {
            Admission::Admitted { generation } => self.send(cx, generation, falls_back),
            Admission::Queued(reason) => self.park(cx, reason, falls_back),
            Admission::Rejected(failure) if failure.code == Code::ModelLoading => {
                let in_time = self.patience(cx) < self.deadline();
                let phase = if in_time { Phase::Wait } else { Phase::Total };
                self.apply(cx, Step::GiveUp(Some(phase)), failure)
            }
            Admission::Rejected(failure) => {
                let retry_after = failure.retry_after;
                let failure =
                    self.per_target.failed.map_or(failure, |failed| Failure { retry_after, ..failed });
                self.apply(cx, Step::GiveUp(None), failure)
            }
        }
    }

    fn park(&mut self, cx: &Context<'_>, reason: WaitReason, falls_back: Option<Code>) -> Action {
        let mut until = self.deadline();
        if reason == WaitReason::Loading {
            self.meets_cold(cx, cx.now);
            until = self.queue_patience(cx);
        } else if self.has_fallback() {
            until = until.min(cx.now + self.policy.timeouts.total.scaled(1, 2));
        }
        let wait = Wait { until, span: until.since(cx.now), reason, estimate: None };
        self.state = State::Queued { since: cx.now, wait, falls_back };
        Action::Park(wait)
    }

    /// The call's turn may have come, or its time may be up.
    fn on_turn(
        &mut self,
        cx: &mut Context<'_>,
        since: Instant,
        wait: Wait,
        falls_back: Option<Code>,
    ) -> Action {
        // The reason to wait may have changed, and the time limit with it.
        let mut until = wait.until;
        let (mut is_up, mut is_down) = (false, false);
        if wait.reason == WaitReason::Loading {
            until = self.queue_patience(cx);
            let closed = cx.shared.closed(cx.now, self.target_index()).is_some();
            // The leader's last probe may still be answered.
            is_down = closed && cx.now >= self.patience(cx) && !cx.shared.is_probing(self.target_index());
            is_up = !cx.shared.is_cold(self.target_index()) && !is_down && cx.now < self.deadline();
        }
        let wait = Wait { until, ..wait };
        // A call without time left must take no permit, and no probe of a breaker.
        let too_late = is_down || cx.now >= until && !is_up;
        let admission = if too_late {
            Admission::Queued(wait.reason)
        } else {
            let caller = self.caller(cx);
            cx.shared.claim(cx.now, self.target_index(), caller)
        };
        if wait.reason == WaitReason::Loading && !too_late && !cx.shared.is_cold(self.target_index()) {
            // What the call meets from now on is another cold start.
            self.per_target.cold = None;
        }
        if admission == Admission::Queued(wait.reason) && !too_late {
            self.state = State::Queued { since, wait, falls_back };
            return Action::Park(wait);
        }
        self.record.waited_for(wait.reason, cx.now.since(since));
        let admission = if too_late {
            cx.shared.detach(cx.now, self.target_index(), self.id, true);
            Admission::Rejected(self.waited_in_vain(cx, wait.reason))
        } else {
            admission
        };
        self.on_admission(cx, admission, falls_back)
    }

    fn waited_in_vain(&self, cx: &Context<'_>, reason: WaitReason) -> Failure {
        let layer = Layer::Compute;
        match reason {
            WaitReason::Loading if cx.shared.closed(cx.now, self.target_index()).is_some() => NO_NETWORK,
            // Which clock ran out, `on_admission` says, as for a call that the target turns away.
            WaitReason::Loading => Failure { code: Code::ModelLoading, layer, ..NO_NETWORK },
            _ => Failure { code: Code::Timeout, layer, phase: Some(Phase::Queue), ..NO_NETWORK },
        }
    }

    fn send(&mut self, cx: &Context<'_>, generation: u32, falls_back: Option<Code>) -> Action {
        let now = cx.now;
        let Some(profile) = self.targets.get(self.target).map(|target| target.profile) else {
            return Action::Abandon; // every call has a target
        };
        self.attempts = self.attempts.saturating_add(1);
        self.per_target.sent = true;
        self.away = false;
        let hold = self.hold(cx);
        let longer = hold.unwrap_or(Duration::ZERO);
        let timeouts = self.policy.timeouts;
        let probe = Some(now + timeouts.connect + longer).filter(|_| timeouts.connect < Timeouts::NEVER);
        let clocks = Clocks {
            probe,
            // No short clock may end the generation of a call that is not streamed.
            connect: probe
                .filter(|_| timeouts.connect_ends && self.policy.streamed)
                .map(|probe| probe + timeouts.connect),
            first_byte: timeouts.first_byte.map(|clock| now + clock + longer),
            idle: timeouts.idle,
            attempt: now + timeouts.attempt + longer,
            total: self.deadline(),
        };
        self.state = State::Sending(Attempt {
            started: now,
            held: hold,
            generation,
            reached: false,
            is_alone: true,
            head: None,
        });
        Action::Send(Send { attempt: self.attempts, target: self.target, profile, clocks, hold, falls_back })
    }

    fn on_answer(&mut self, cx: &mut Context<'_>, attempt: Attempt, answer: Answer<'_>) -> Action {
        let Some(profile) = self.targets.get(self.target).map(|target| target.profile) else {
            return Action::Abandon; // every call has a target
        };
        match classify::classify(answer.head.status, profile, answer.body) {
            None => {
                self.record_attempt(cx, attempt, Outcome::Ok, Means::Itself);
                Action::Deliver
            }
            Some(class) => self.on_error(cx, attempt, answer, class),
        }
    }

    fn on_stream_end(&mut self, cx: &mut Context<'_>, attempt: Attempt, head: Head, end: End) -> Action {
        match end {
            End::Complete => {
                self.record_attempt(cx, attempt, Outcome::Ok, Means::Itself);
                Action::Deliver
            }
            End::Truncated => {
                let cut = Classification::TRUNCATED.after(cx.now.since(attempt.started), false);
                self.on_lost(cx, attempt, cut, None)
            }
            End::Empty => {
                let nothing = Body { of_engine: true, unexpected: true, ..Body::default() };
                self.on_answer(cx, attempt, Answer { head, body: &nothing })
            }
        }
    }

    fn on_error(
        &mut self,
        cx: &mut Context<'_>,
        attempt: Attempt,
        answer: Answer<'_>,
        mut class: Classification,
    ) -> Action {
        let Answer { head, body } = answer;
        let status = head.status;
        // A gateway turned an error into a success that names the status of the error.
        let meant = if status < 300 { body.status.unwrap_or(status) } else { status };
        let floor = head.floor.or_else(|| body.wait(head.now)).or(head.resets);
        match head.should_retry {
            Some(false) => class.retry = RetryClass::Never,
            Some(true) if class.retry == RetryClass::Never => class.retry = RetryClass::Standard,
            _ => {}
        }
        if self.begun.is_some() && body.is_error {
            class.code = Code::StreamError;
        }
        let took = cx.now.since(attempt.started);
        let target = self.target_index();
        let attempt = Attempt { is_alone: !cx.shared.is_in_company(target, self.id), ..attempt };
        let works = cx.shared.works(cx.now, target);
        let mut is_closed = false;
        if let RetryClass::AfterOpening { is_explicit } = class.retry
            && took <= AT_ONCE
            && self.begun.is_none()
        {
            is_closed = true;
            // A bare 503 while others are in flight means that the server is full, unless it answers none of them.
            let is_down =
                !cx.shared.is_in_company(target, self.id) || !cx.shared.is_full_for_now(cx.now, target);
            if !works && (is_explicit || is_down) {
                let attempt = Attempt { head: Some(Head { floor, ..head }), ..attempt };
                return self.on_closed_port(cx, attempt, class, is_explicit);
            }
        }
        // A small healthy server says that it is full by a bare error, at once, while it answers other calls.
        let says_nothing = class.code == Code::Unavailable && matches!(meant, 502 | 503) && took <= SOON;
        let is_full =
            says_nothing && !attempt.is_alone && (works || cx.shared.is_full_for_now(cx.now, target));
        let is_limited = class.code == Code::RateLimited || (says_nothing || is_closed) && !is_full && works;
        if !is_full && !is_limited {
            class = class.after(took, body.is_page);
        }
        let is_throttled = is_full || is_limited || class.code == Code::Overloaded;
        let is_of_key = class.code == Code::RateLimited && cx.shared.refuses_key(cx.now, target, head.key);
        let names_none = is_limited && floor.is_none() && self.begun.is_none() && !is_of_key;
        let cooldown =
            if names_none { cx.shared.cool_down(cx.now, target, self.id, attempt.started) } else { None };
        let is_ours = works && cx.shared.was_one_more(cx.now, target, self.id);
        let is_full_or_quick = is_full || is_limited && (says_nothing || is_closed);
        let means = match self.means_of_failure(cx) {
            Means::Own | Means::Itself if is_ours && is_full_or_quick && !is_of_key => Means::Overload,
            // The target has told this call so before: the pause concerns this call alone.
            Means::Itself if is_of_key || is_throttled && self.per_target.refused => Means::Own,
            Means::Itself if is_full_or_quick => Means::Overload,
            Means::Itself if status < 300 && body.is_error && body.is_final => Means::Job,
            means => means,
        };
        self.record_attempt(cx, attempt, Outcome::Failed(class.code, class.layer), means);
        self.per_target.refused |= is_throttled;
        let failure = Failure {
            code: class.code,
            layer: class.layer,
            phase: None,
            status: Some(status),
            retry_after: floor,
        };
        let rushed = LoadingAnswer { estimate: None, floor, was_held: attempt.was_held(cx.now) };
        let step = match class.retry {
            _ if self.begun.is_some() => Step::GiveUp(None),
            RetryClass::AfterLoading => {
                let loading = LoadingAnswer { estimate: body.estimate, ..rushed };
                self.wait_for_load(cx, attempt, loading, false)
            }
            _ if is_throttled && cx.shared.is_rushed(cx.now, target) => {
                self.wait_for_load(cx, attempt, rushed, true)
            }
            retry => {
                let is_free = names_none && cx.shared.is_retry_free(cx.now, target);
                // A refusal at once, while the target works on other calls, costs it nothing.
                let is_busy = (class.code == Code::Overloaded || names_none)
                    && took <= AT_ONCE
                    && cx.shared.serves(cx.now, target);
                let is_free = is_free || is_full || is_ours || is_busy || cx.shared.is_fresh(cx.now, target);
                let free = is_throttled && is_free;
                // A 502 may be due to this payload.
                let pause = Pause { floor, is_throttled, cooldown, free, is_none: is_full && meant == 503 };
                self.retry(cx, retry, class.code, pause)
            }
        };
        self.apply(cx, step, failure)
    }

    /// There was no answer: the attempt ended before the head of one.
    fn on_network_error(&mut self, cx: &mut Context<'_>, attempt: Attempt, lost: Lost) -> Action {
        let network = Classification::NETWORK;
        match lost {
            Lost::Refused => self.on_closed_port(cx, attempt, network, true),
            // An idle connection may have been closed at the same moment: the request is sent again on a new one.
            Lost::AtOnce if self.is_hiccup(cx) => self.on_lost(cx, attempt, network, None),
            Lost::AtOnce => self.on_closed_port(cx, attempt, network, false),
            Lost::Nameless if cx.shared.has_answered(self.target_index()) => {
                self.on_closed_port(cx, attempt, network, false)
            }
            Lost::ForGood | Lost::Nameless => {
                let layer = if lost == Lost::ForGood { Layer::Client } else { network.layer };
                let for_good = Classification { retry: RetryClass::Never, layer, ..network };
                self.on_lost(cx, attempt, for_good, None)
            }
            Lost::Late => {
                let phase = Phase::FirstByte;
                self.on_lost(cx, attempt, timed_out(phase, false), Some(phase))
            }
            Lost::Unsaid | Lost::Offline | Lost::Suspended => {
                self.on_lost(cx, attempt, network.after(cx.now.since(attempt.started), false), None)
            }
        }
    }

    /// The request was not ready in time, which is not the target's fault.
    fn on_unasked(&mut self, cx: &mut Context<'_>, attempt: Attempt, phase: Phase) -> Action {
        let Classification { code, retry, .. } = timed_out(phase, false);
        let layer = Layer::Client;
        self.record_attempt(cx, attempt, Outcome::Failed(code, layer), Means::Ignored);
        let failure = Failure { code, layer, phase: Some(phase), status: None, retry_after: None };
        let step = self.retry(cx, retry, code, Pause::default());
        self.apply(cx, step, failure)
    }

    /// Once only, and never if the caller wants no retry: the request may have been sent after all.
    fn may_queue_again(&self, cx: &Context<'_>) -> bool {
        self.policy.max_retries > 0
            && !self.per_target.crowded_out
            && cx.shared.waits_in_platform(self.target_index())
    }

    /// The request has waited for a connection inside the platform. It waits in the queue instead, which costs nothing.
    fn on_crowded_out(&mut self, cx: &mut Context<'_>, attempt: Attempt, phase: Phase) -> Action {
        self.per_target.crowded_out = true;
        let Classification { code, layer, .. } = timed_out(phase, false);
        self.record_attempt(cx, attempt, Outcome::Failed(code, layer), Means::Ignored);
        self.request_admission(cx, None)
    }

    /// The first loss of a call that is alone and can be retried.
    fn is_hiccup(&self, cx: &Context<'_>) -> bool {
        let target = self.target_index();
        self.per_target.retries == 0
            && self.policy.max_retries > 0
            && cx.shared.closed(cx.now, target).is_none()
            && !cx.shared.is_in_company(target, self.id)
            && cx.shared.can_retry(cx.now, target)
    }

    /// A closed port: for a while, an engine that is still starting.
    fn on_closed_port(
        &mut self,
        cx: &mut Context<'_>,
        attempt: Attempt,
        class: Classification,
        is_explicit: bool,
    ) -> Action {
        let target = self.target_index();
        // The target answers others meanwhile: this request brings the engine down, or one of several replicas.
        if self.per_target.cold.is_some_and(|since| cx.shared.has_answered_since(target, since)) {
            let class = Classification { retry: RetryClass::Standard, ..class };
            return match attempt.head {
                Some(head) => self.on_error(cx, attempt, Answer { head, body: &Body::default() }, class),
                None => self.on_lost(cx, attempt, class, None),
            };
        }
        let patience = self.policy.loading.patience(cx.shared.has_answered(target), is_explicit);
        let floor = attempt.head.and_then(|head| head.floor);
        let answer = LoadingAnswer { floor, ..LoadingAnswer::default() };
        let is_alone = !cx.shared.is_in_company(target, self.id);
        // No payload closes a port, so a call that waited through one gap counts again in the next.
        let again = self.per_target.cold.is_some();
        let seen = ColdSighting {
            started: attempt.started,
            answer,
            default_wait: None,
            full: false,
            is_alone,
            again,
        };
        let port = ClosedPort { seen, refusal: Refusal { is_explicit, patience } };
        let role = cx.shared.refused(cx.now, target, self.caller(cx), port);
        // A report that is not believed yet does not count against the target either.
        let is_doubted = role.is_none() && cx.shared.closed(cx.now, target).is_none();
        let means = if role.is_some() || is_doubted { Means::Ignored } else { Means::Itself };
        let Classification { code, layer, .. } = class;
        self.record_attempt(cx, attempt, Outcome::Failed(code, layer), means);
        let failure = Failure { code, layer, phase: None, status: attempt.status(), retry_after: floor };
        let step = match role {
            Some(role) => match self.probe_again(cx, attempt, role, answer) {
                Step::GiveUp(_) => Step::GiveUp(None),
                step => step,
            },
            // The call has waited for the port, and it did not open.
            None if self.per_target.cold.is_some() => Step::GiveUp(None),
            None => {
                let pause = Pause { floor, ..Pause::default() };
                self.retry(cx, RetryClass::Standard, code, pause)
            }
        };
        self.apply(cx, step, failure)
    }

    /// The attempt ended without an answer that could be read to its end.
    fn on_lost(
        &mut self,
        cx: &mut Context<'_>,
        attempt: Attempt,
        class: Classification,
        phase: Option<Phase>,
    ) -> Action {
        let of_error = attempt.head.filter(|head| !(200..300).contains(&head.status));
        if let Some(head) = of_error.filter(|_| phase != Some(Phase::Total)) {
            // The status has said enough: an error body that never ends changes nothing.
            return self.on_answer(cx, attempt, Answer { head, body: &Body::default() });
        }
        let outcome = Outcome::Failed(class.code, class.layer);
        // A timeout of an attempt that had next to no time says nothing about the target.
        let took = cx.now.since(attempt.started);
        let had_no_time = phase == Some(Phase::Total) && took < LITTLE
            || phase.is_some() && self.begun.is_none() && cx.shared.takes_longer(self.target_index(), took);
        let is_unsent = attempt.head.is_none()
            && !attempt.reached
            && phase.is_some_and(|phase| cx.shared.may_be_unsent(self.target_index(), phase));
        let means = if had_no_time || is_unsent { Means::Ignored } else { self.means_of_failure(cx) };
        self.record_attempt(cx, attempt, outcome, means);
        // The last probe of a cold model had no time to be answered: what the call waited for is the model.
        let is_cold = phase == Some(Phase::Total)
            && took < TO_ANSWER
            && self.per_target.heard_loading
            && self.begun.is_none();
        let code = if is_cold { Code::ModelLoading } else { class.code };
        let failure =
            Failure { code, layer: class.layer, phase, status: attempt.status(), retry_after: None };
        let retry = if self.begun.is_some() { RetryClass::Never } else { class.retry };
        let step = self.retry(cx, retry, class.code, Pause::default());
        self.apply(cx, step, failure)
    }

    /// A call that fails again while others are answered has itself to blame.
    fn means_of_failure(&mut self, cx: &Context<'_>) -> Means {
        let since = *self.per_target.failed_since.get_or_insert(cx.now);
        let is_own = since < cx.now && cx.shared.has_worked_since(self.target_index(), since);
        if is_own { Means::Own } else { Means::Itself }
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
        // The timer came this late because of a hidden tab or a suspended machine.
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

/// One of our own clocks ran out. Whether the work was done is unknown, so one more attempt at most is worthwhile.
fn timed_out(phase: Phase, streaming: bool) -> Classification {
    let retry = if phase == Phase::Total { RetryClass::Never } else { RetryClass::Once };
    Classification { code: Code::Timeout, layer: phase.layer(streaming), retry }
}

#[cfg(test)]
mod tests;
