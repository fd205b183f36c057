//! What a call did: every attempt with its times and its end, and the waits between them.

use super::failure::{Code, Layer};
use super::time::{Duration, Instant};

/// Why a call waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WaitReason {
    Loading,
    RateLimit,
    Backoff,
}

impl WaitReason {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Loading => "loading",
            Self::RateLimit => "rate_limit",
            Self::Backoff => "backoff",
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
pub struct Attempt {
    /// Index into the targets of the call.
    pub target: usize,
    /// Since the call began.
    pub started: Duration,
    pub duration: Duration,
    pub status: Option<u16>,
    pub outcome: Outcome,
}

#[derive(Clone, Debug)]
pub struct Record {
    began: Instant,
    attempts: Vec<Attempt>,
    waited: [(WaitReason, Duration); 3],
}

impl Record {
    pub fn new(began: Instant) -> Self {
        let waited = [WaitReason::Loading, WaitReason::RateLimit, WaitReason::Backoff]
            .map(|reason| (reason, Duration::ZERO));
        Self { began, attempts: Vec::new(), waited }
    }

    pub(super) fn attempt(&mut self, attempt: Attempt) {
        self.attempts.push(attempt);
    }

    pub(super) fn waited_for(&mut self, reason: WaitReason, span: Duration) {
        for (of, sum) in &mut self.waited {
            if *of == reason {
                *sum = *sum + span;
            }
        }
    }

    pub fn attempts(&self) -> &[Attempt] {
        &self.attempts
    }

    pub fn waited(&self, reason: WaitReason) -> Duration {
        self.waited.iter().find(|(of, _)| *of == reason).map_or(Duration::ZERO, |(_, sum)| *sum)
    }

    pub fn began(&self) -> Instant {
        self.began
    }
}
