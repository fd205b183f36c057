//! What a call did: every attempt with its times and its end, and the waits between them.

use super::failure::{Code, Layer};
use super::time::{Duration, Instant};

/// Why a call waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WaitReason {
    Loading,
    RateLimit,
    Backoff,
    /// For a permit.
    Queue,
    /// For one of the few permits while the target recovers.
    Breaker,
    /// For the network.
    Offline,
}

impl WaitReason {
    pub const ALL: [Self; 6] =
        [Self::Loading, Self::RateLimit, Self::Backoff, Self::Queue, Self::Breaker, Self::Offline];

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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Ok,
    Failed(Code, Layer),
    Aborted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttemptRecord {
    /// The index into the targets of the call.
    pub target: usize,
    /// Since the call began.
    pub started: Duration,
    pub duration: Duration,
    pub status: Option<u16>,
    pub outcome: Outcome,
    /// The origin was seen to answer while the attempt waited for its headers.
    pub reached: bool,
}

#[derive(Clone, Debug)]
pub struct Record {
    began: Instant,
    attempts: Vec<AttemptRecord>,
    waited: [Duration; WaitReason::ALL.len()],
}

impl Record {
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

    pub fn attempts(&self) -> &[AttemptRecord] {
        &self.attempts
    }

    pub fn waited(&self, reason: WaitReason) -> Duration {
        self.waited.get(reason as usize).copied().unwrap_or_default()
    }

    pub fn began(&self) -> Instant {
        self.began
    }
}
