//! `CallReport` and the data of a `QueryError`, as the contract spells them.

use crate::core::call::Call;
use crate::core::failure::{Failure, Phase};
use crate::core::record::{Outcome, WaitReason};
use crate::core::time::{Duration, Instant};
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report<'a> {
    attempts: Vec<Attempt<'a>>,
    /// An index, as in the attempts; the face puts the names in.
    #[serde(skip_serializing_if = "Option::is_none")]
    served_by: Option<u32>,
    degraded: bool,
    waited_ms: Waited,
    total_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Attempt<'a> {
    target: u32,
    started_ms: f64,
    duration_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    layer: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
}

#[derive(Serialize)]
struct Waited {
    #[serde(skip_serializing_if = "Option::is_none")]
    loading: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_limit: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backoff: Option<f64>,
}

pub(super) fn ms(span: Duration) -> f64 {
    span.as_ms() as f64
}

impl<'a> Report<'a> {
    pub(super) fn new(call: &'a Call, now: Instant, answered: bool) -> Self {
        let record = call.record();
        let waited = |reason| Some(ms(record.waited(reason))).filter(|ms| *ms > 0.0);
        let attempt = |attempt: &'a crate::core::record::Attempt| Attempt {
            target: attempt.target as u32,
            started_ms: ms(attempt.started),
            duration_ms: ms(attempt.duration),
            status: attempt.status,
            outcome: outcome_name(attempt.outcome),
            layer: match attempt.outcome {
                Outcome::Failed(_, layer) => Some(layer.name()),
                Outcome::Ok | Outcome::Aborted => None,
            },
            request_id: attempt.request_id.as_deref(),
        };
        Self {
            attempts: record.attempts().iter().map(attempt).collect(),
            served_by: answered.then(|| call.target() as u32),
            degraded: answered && call.target() > 0,
            waited_ms: Waited {
                loading: waited(WaitReason::Loading),
                rate_limit: waited(WaitReason::RateLimit),
                backoff: waited(WaitReason::Backoff),
            },
            total_ms: ms(now.since(record.began())),
            request_id: record.request_id(),
        }
    }
}

pub(super) const fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ok => "ok",
        Outcome::Failed(code, _) => code.name(),
        Outcome::Aborted => "aborted",
    }
}

/// `FailureData` of `src/ts/core-request.ts`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FailureOut<'a> {
    code: &'static str,
    layer: &'static str,
    retryable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    phase: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<f64>,
    report: Report<'a>,
}

impl<'a> FailureOut<'a> {
    pub(super) fn new(call: &'a Call, failure: &'a Failure, now: Instant) -> Self {
        Self {
            code: failure.code.name(),
            layer: failure.layer.name(),
            retryable: failure.code.retryable(),
            phase: failure.phase.map(Phase::name),
            status: failure.status,
            retry_after_ms: failure.retry_after.map(ms),
            report: Report::new(call, now, false),
        }
    }
}
