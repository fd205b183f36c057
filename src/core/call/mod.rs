//! One call, as a state machine: `handle(now, Input) -> Action`.
//!
//! Total: every input in every state has an answer, and none panics. One input gives exactly one
//! action. An input that does not fit the state changes nothing and gets the pending action
//! again; after [`Action::Deliver`], [`Action::Fail`] or [`Action::Abandon`] every input gets that
//! one again. Times never pass the deadline: a wait that would reach it fails instead.

mod exchange;
mod plan;

use super::backoff::Backoff;
use super::classify::{self, Body, Retry, Trouble};
use super::completion::End;
use super::deadline::Clocks;
use super::failure::{Code, Failure, Layer, Phase};
use super::loading::ColdStart;
use super::policy::Policy;
use super::record::{Attempt, Outcome, Record, WaitReason};
use super::rng::Rng;
use super::time::{Duration, Instant};
pub use exchange::{Action, Head, Input, Send, Target, Wait};
use plan::Step;

/// Error bodies are read up to here, and then cancelled.
pub const ERROR_BODY_LIMIT: u32 = 64 * 1024;

#[derive(Clone, Copy, Debug)]
enum State {
    New,
    Sending { started: Instant, held: Option<Duration> },
    Reading { started: Instant, held: Option<Duration>, head: Head },
    Waiting { since: Instant, wait: Wait, layer: Layer },
    Done,
}

#[derive(Debug)]
pub struct Call {
    policy: Policy,
    targets: Vec<Target>,
    began: Instant,
    rng: Rng,
    record: Record,
    state: State,
    pending: Action,
    attempts: u32,
    /// The target in use and what it has cost so far.
    target: usize,
    tries: Tries,
    /// Part of a stream was handed over: what the reader has cannot be taken back.
    begun: bool,
}

/// Starts afresh with every target.
#[derive(Debug)]
struct Tries {
    retries: u32,
    /// The one more try after an ambiguous end is spent.
    once_spent: bool,
    backoff: Backoff,
    cold: Option<ColdStart>,
}

impl Tries {
    fn new(rng: &mut Rng) -> Self {
        let seed = rng.up_to(Duration::from_ms(u64::MAX)).as_ms();
        Self { retries: 0, once_spent: false, backoff: Backoff::new(Rng::new(seed)), cold: None }
    }
}

impl Call {
    /// `targets` are tried in their order; the first is the one that was asked for.
    pub fn new(policy: Policy, targets: Vec<Target>, seed: u64, now: Instant) -> Self {
        let mut rng = Rng::new(seed);
        let tries = Tries::new(&mut rng);
        Self {
            policy,
            targets,
            began: now,
            rng,
            record: Record::new(now),
            state: State::New,
            pending: Action::Abandon,
            attempts: 0,
            target: 0,
            tries,
            begun: false,
        }
    }

    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The index of the target in use.
    pub fn target(&self) -> usize {
        self.target
    }

    pub fn handle(&mut self, now: Instant, input: Input) -> Action {
        let state = ::core::mem::replace(&mut self.state, State::Done);
        let action = match (state, input) {
            (State::Done, _) => return self.pending,
            (state, Input::Aborted) => self.abandon(now, state),
            (State::New, _) => self.send(now, None),
            (State::Sending { started, held }, Input::Head(head)) => {
                self.state = State::Reading { started, held, head };
                match head.status {
                    200..=299 if head.events => Action::Stream,
                    200..=299 => Action::Read { limit: None },
                    _ => Action::Read { limit: Some(ERROR_BODY_LIMIT) },
                }
            }
            (State::Reading { started, held, head }, Input::Body(body)) => {
                self.answered(now, started, held, head, body)
            }
            (State::Reading { started, held, head }, Input::Begun) if head.events => {
                self.begun = true;
                self.state = State::Reading { started, held, head };
                return self.pending;
            }
            (State::Reading { started, held, head }, Input::Ended(end)) if head.events => {
                self.ended(now, started, held, head, end)
            }
            (State::Sending { started, held }, Input::NetworkError) => {
                self.lost(now, started, held, None, Trouble::NETWORK, None)
            }
            (State::Reading { started, head, held }, Input::NetworkError) => {
                let trouble = if head.events { Trouble::TRUNCATED } else { Trouble::NETWORK };
                self.lost(now, started, held, Some(head), trouble, None)
            }
            (State::Sending { started, held }, Input::TimedOut(phase)) => {
                self.lost(now, started, held, None, timed_out(phase, false), Some(phase))
            }
            (State::Reading { started, head, held }, Input::TimedOut(phase)) => {
                self.lost(now, started, held, Some(head), timed_out(phase, head.events), Some(phase))
            }
            (State::Waiting { since, wait, layer }, Input::Woke) => self.woke(now, since, wait, layer),
            (state, _) => {
                self.state = state;
                return self.pending;
            }
        };
        self.pending = action;
        action
    }

    fn deadline(&self) -> Instant {
        self.began + self.policy.timeouts.total
    }

    fn send(&mut self, now: Instant, falls_back: Option<Code>) -> Action {
        let Some(profile) = self.targets.get(self.target).map(|target| target.profile) else {
            return Action::Abandon; // no call has no target
        };
        self.attempts = self.attempts.saturating_add(1);
        let hold = self.hold(now);
        let longer = hold.unwrap_or(Duration::ZERO);
        let timeouts = self.policy.timeouts;
        let clocks = Clocks {
            connect: self.policy.streamed.then_some(now + timeouts.connect + longer),
            first_byte: timeouts.first_byte.map(|clock| now + clock + longer),
            idle: timeouts.idle,
            attempt: now + timeouts.attempt + longer,
            total: self.deadline(),
        };
        self.state = State::Sending { started: now, held: hold };
        Action::Send(Send { attempt: self.attempts, target: self.target, profile, clocks, hold, falls_back })
    }

    fn answered(
        &mut self,
        now: Instant,
        started: Instant,
        held: Option<Duration>,
        head: Head,
        body: Body,
    ) -> Action {
        let Some(profile) = self.targets.get(self.target).map(|target| target.profile) else {
            return Action::Abandon; // no call has no target
        };
        match classify::classify(head.status, profile, &body) {
            None => {
                self.note(now, started, Some(head), Outcome::Ok);
                Action::Deliver
            }
            Some(trouble) => {
                let found = Found { trouble, started, held, body };
                self.in_trouble(now, head, found)
            }
        }
    }

    fn ended(
        &mut self,
        now: Instant,
        started: Instant,
        held: Option<Duration>,
        head: Head,
        end: End,
    ) -> Action {
        match end {
            End::Whole => {
                self.note(now, started, Some(head), Outcome::Ok);
                Action::Deliver
            }
            End::Cut => self.lost(now, started, held, Some(head), Trouble::TRUNCATED, None),
            End::Nothing => {
                let nothing = Body { of_engine: true, unexpected: true, ..Body::default() };
                self.answered(now, started, held, head, nothing)
            }
        }
    }

    fn in_trouble(&mut self, now: Instant, head: Head, found: Found) -> Action {
        let (status, floor, mut trouble) = (head.status, head.floor, found.trouble);
        if self.begun && found.body.is_error {
            trouble.code = Code::StreamError;
        }
        self.note(now, found.started, Some(head), Outcome::Failed(trouble.code, trouble.layer));
        let failure = Failure {
            code: trouble.code,
            layer: trouble.layer,
            phase: None,
            status: Some(status),
            retry_after: floor,
        };
        let step = match trouble.retry {
            _ if self.begun => Step::GiveUp(None),
            Retry::WhenLoaded => self.until_loaded(now, floor, &found),
            retry => self.again(now, retry, trouble.code, floor),
        };
        self.take(now, step, failure)
    }

    /// The attempt ended without an answer that could be read to its end.
    fn lost(
        &mut self,
        now: Instant,
        started: Instant,
        held: Option<Duration>,
        head: Option<Head>,
        trouble: Trouble,
        phase: Option<Phase>,
    ) -> Action {
        let of_error = head.as_ref().filter(|head| !(200..300).contains(&head.status));
        if let Some(head) = of_error.filter(|_| phase != Some(Phase::Total)) {
            // The status has said enough: an error body that never ends changes nothing.
            return self.answered(now, started, held, *head, Body::default());
        }
        let status = head.map(|head| head.status);
        self.note(now, started, head, Outcome::Failed(trouble.code, trouble.layer));
        let failure = Failure { code: trouble.code, layer: trouble.layer, phase, status, retry_after: None };
        let retry = if self.begun { Retry::Never } else { trouble.retry };
        let step = self.again(now, retry, trouble.code, None);
        self.take(now, step, failure)
    }

    fn take(&mut self, now: Instant, step: Step, failure: Failure) -> Action {
        match step {
            Step::Wait(wait) => {
                self.state = State::Waiting { since: now, wait, layer: failure.layer };
                Action::Wait(wait)
            }
            Step::GiveUp(phase) => {
                let failure = Failure { phase: phase.or(failure.phase), ..failure };
                if self.fall_back(now, failure.code) {
                    return self.send(now, Some(failure.code));
                }
                self.state = State::Done;
                Action::Fail(failure)
            }
        }
    }

    /// Moves on to the next target that is worth a try.
    fn fall_back(&mut self, now: Instant, code: Code) -> bool {
        let next = self.target + 1;
        let Some(other) = self.targets.get(next) else {
            return false;
        };
        // Credits are the account's, and the account is the same wherever the token is.
        let same_purse = code == Code::CreditsExhausted && other.shares_credentials;
        if self.begun || !code.may_fall_back() || same_purse || now >= self.deadline() {
            return false;
        }
        self.target = next;
        self.tries = Tries::new(&mut self.rng);
        true
    }

    fn woke(&mut self, now: Instant, since: Instant, wait: Wait, layer: Layer) -> Action {
        if now < wait.until {
            self.state = State::Waiting { since, wait, layer };
            return Action::Wait(wait);
        }
        self.record.waited_for(wait.reason, now.since(since));
        if now < self.deadline() {
            return self.send(now, None);
        }
        // A timer that came this late: a hidden tab, a suspended machine.
        let code = if wait.reason == WaitReason::Loading { Code::ModelLoading } else { Code::Timeout };
        Action::Fail(Failure { code, layer, phase: Some(Phase::Total), status: None, retry_after: None })
    }

    fn abandon(&mut self, now: Instant, state: State) -> Action {
        match state {
            State::Sending { started, .. } => self.note(now, started, None, Outcome::Aborted),
            State::Reading { started, head, .. } => self.note(now, started, Some(head), Outcome::Aborted),
            State::Waiting { since, wait, .. } => self.record.waited_for(wait.reason, now.since(since)),
            State::New | State::Done => {}
        }
        Action::Abandon
    }

    fn note(&mut self, now: Instant, started: Instant, head: Option<Head>, outcome: Outcome) {
        self.record.attempt(Attempt {
            target: self.target,
            started: started.since(self.began),
            duration: now.since(started),
            status: head.map(|head| head.status),
            outcome,
        });
    }
}

/// An answer that is not what was asked for, and how it came.
struct Found {
    trouble: Trouble,
    started: Instant,
    held: Option<Duration>,
    body: Body,
}

/// Our own clock: whether the work was done is unknown, so it is worth one more try at most.
fn timed_out(phase: Phase, streaming: bool) -> Trouble {
    let retry = if phase == Phase::Total { Retry::Never } else { Retry::Once };
    Trouble { code: Code::Timeout, layer: phase.layer(streaming), retry }
}

#[cfg(test)]
mod tests;
