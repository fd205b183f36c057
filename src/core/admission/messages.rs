//! What a call and the state of its target tell each other.

use super::breaker;
use super::fleet::Mode;
use super::gate::Temperature;
use super::keys::KeyId;
use super::lease::CallId;
use crate::core::failure::{Code, Failure};
use crate::core::policy::Priority;
use crate::core::record::{Outcome, WaitReason};
use crate::core::stats::{Stats, Took};
use crate::core::time::{Duration, Instant};

/// What a call says about itself.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    /// Its number.
    pub id: CallId,
    /// Its tier in the queue.
    pub priority: Priority,
    /// When the call gives up.
    pub deadline: Instant,
    /// When the call gives up waiting for a cold model: never after its deadline.
    pub patience: Instant,
    /// How long one attempt may take, and how much of that the server is asked to hold the request.
    pub attempt: Duration,
    /// Part of `attempt`.
    pub held: Duration,
    /// This would be the call's first request to the target.
    pub first: bool,
    /// The call may go to another target.
    pub has_fallback: bool,
    /// The call leads a cold start only while no other call waits.
    pub yields: bool,
}

/// The answer to a call that wants to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// The call may be sent now. It gives the generation back with the result.
    Admitted {
        /// The generation of the circuit, which ignores the results of earlier ones.
        generation: u32,
    },
    /// The call is queued, for this reason.
    Queued(WaitReason),
    /// The call must not be sent.
    Rejected(Failure),
}

/// The first text of a stream has come.
#[derive(Clone, Copy, Debug)]
pub struct Begun {
    /// The call that reads the stream.
    pub call: CallId,
    /// What [`Admission::Admitted`] gave.
    pub generation: u32,
    /// When the attempt was sent.
    pub started: Instant,
}

/// A call is still alive.
#[derive(Clone, Copy, Debug)]
pub struct SignOfLife {
    /// Its number.
    pub call: CallId,
    /// When the call gives up: no lease lasts longer.
    pub deadline: Instant,
    /// The call is in flight and holds a permit. A queued call and a leader that sleeps hold none.
    pub in_flight: bool,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug)]
pub struct Ended {
    /// What [`Admission::Admitted`] gave.
    pub generation: u32,
    /// When the attempt was sent.
    pub started: Instant,
    /// With an answer, a failure or an abort.
    pub outcome: Outcome,
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
    /// How long the attempt could have taken.
    pub limit: Duration,
    /// The call wanted a stream.
    pub streamed: bool,
    /// When the first text of a stream came.
    pub begun: Option<Instant>,
    /// How the outcome counts for the target.
    pub means: Means,
    /// The target has refused this call before.
    pub was_refused: bool,
    /// The call has failed at the target before.
    pub has_failed: bool,
    /// The API key that the request was sent with: see [`keys`](super::keys).
    pub key: KeyId,
    /// The request asked for as good as nothing: how long that takes says nothing about the others.
    pub is_cheap: bool,
}

/// How an outcome counts for the target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Means {
    /// As what it is.
    #[default]
    Itself,
    /// Not at all: the target is still starting, or had no time to answer.
    Ignored,
    /// As an overload: the target works, and is busy with other calls.
    Overload,
    /// As an answer: the target ran a job of the caller's, and the job failed.
    Job,
    /// As the call's own failure: the target has failed this call before, and has answered others since.
    Own,
}

impl Ended {
    /// The end of a call's first attempt without a status, a stream or a key. Where something else holds, that field is set
    /// besides.
    pub const fn plain(generation: u32, started: Instant, outcome: Outcome, limit: Duration) -> Self {
        Self {
            generation,
            started,
            outcome,
            status: None,
            limit,
            streamed: false,
            begun: None,
            means: Means::Itself,
            was_refused: false,
            has_failed: false,
            key: 0,
            is_cheap: false,
        }
    }

    /// The latency, if the outcome has one: a failure before the time was up has none.
    pub(super) fn took(&self, now: Instant) -> Option<Took> {
        let late = matches!(self.outcome, Outcome::Failed(Code::Timeout, _));
        if self.is_cheap || !late && self.outcome != Outcome::Ok {
            return None;
        }
        let since = |at: Instant| at.since(self.started);
        let whole = if late { since(now).min(self.limit) } else { since(now) };
        let first_token = self.streamed.then(|| self.begun.map_or(whole, since));
        Some(Took { whole, first_token, timeout: if late { whole } else { self.limit } })
    }
}

/// What the owner of the client wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The circuit of a target has changed.
    Breaker {
        /// The index of the target.
        target: usize,
        /// The new state.
        state: breaker::State,
    },
    /// What is known of a target is shared with other clients from now on, or is not.
    Fleet {
        /// The index of the target.
        target: usize,
        /// The new mode.
        mode: Mode,
    },
    /// An alert was raised, or is over.
    Alert {
        /// The index of the target.
        target: usize,
    },
}

/// The state of a target, for statistics.
#[derive(Debug)]
pub struct Snapshot<'a> {
    /// The state of the circuit; closed where there is no breaker.
    pub breaker: breaker::State,
    /// What is known about whether the model is up.
    pub temperature: Temperature,
    /// How many calls hold a permit.
    pub in_flight: usize,
    /// How many calls wait for one.
    pub queued: usize,
    /// What is known is shared with other clients.
    pub is_shared: bool,
    /// The counters. They are borrowed mutably, because old windows are dropped when they are read.
    pub stats: &'a mut Stats,
}

#[cfg(test)]
mod tests;
