//! What a call did: every attempt with its times and its end, and the waits between them.

use super::failure::{Code, Layer};
use super::time::{Duration, Instant};

/// Why a call waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WaitReason {
    /// For a cold model.
    Loading,
    /// For the time after which a server that limits requests takes the next one.
    RateLimit,
    /// Before another attempt, after any other failure.
    Backoff,
    /// For a permit.
    Queue,
    /// For one of the few permits while the target recovers.
    Breaker,
    /// For the network.
    Offline,
}

impl WaitReason {
    /// In the order of declaration, which is the order of their numbers.
    pub const ALL: [Self; 6] =
        [Self::Loading, Self::RateLimit, Self::Backoff, Self::Queue, Self::Breaker, Self::Offline];

    /// The public `reason`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Loading => "loading",
            Self::RateLimit => "rate_limit",
            Self::Backoff => "backoff",
            Self::Queue => "queue",
            Self::Breaker => "breaker",
            Self::Offline => "offline",
        }
    }
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// With an answer that was handed over.
    Ok,
    /// With a failure of this code and layer. The call may have succeeded later.
    Failed(Code, Layer),
    /// The caller left.
    Aborted,
}

/// One attempt, for the report of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttemptRecord {
    /// The index into the targets of the call.
    pub target: usize,
    /// Since the call began.
    pub started: Duration,
    /// Until its answer was complete, or until it failed.
    pub duration: Duration,
    /// The HTTP status. `None` if no headers came.
    pub status: Option<u16>,
    /// How it ended.
    pub outcome: Outcome,
    /// The origin was seen to answer while the attempt waited for its headers.
    pub reached: bool,
}

/// What a call has done so far.
#[derive(Clone, Debug)]
pub struct Record {
    began: Instant,
    attempts: Vec<AttemptRecord>,
    waited: [Duration; WaitReason::ALL.len()],
}

impl Record {
    /// The record of a call that begins now.
    pub fn new(began: Instant) -> Self {
        Self { began, attempts: Vec::new(), waited: Default::default() }
    }

    pub(super) fn attempt(&mut self, attempt: AttemptRecord) {
        self.attempts.push(attempt);
    }

    pub(super) fn waited_for(&mut self, reason: WaitReason, span: Duration) {
        if let Some(sum) = self.waited.get_mut(reason as usize) {
            *sum = *sum + span;
        }
    }

    /// The attempts that have ended, in their order. One in flight is not among them.
    pub fn attempts(&self) -> &[AttemptRecord] {
        &self.attempts
    }

    /// How long the call waited for this reason in all. A wait that goes on is not counted yet.
    pub fn waited(&self, reason: WaitReason) -> Duration {
        self.waited.get(reason as usize).copied().unwrap_or_default()
    }

    /// When the call was made, before any wait.
    pub fn began(&self) -> Instant {
        self.began
    }
}
