//! What the face makes a `CallReport` or a `QueryError` of.
//!
//! As tuples: an object would bring its keys along as strings, and a hash table to keep them in,
//! which took 2 KB gzip more than the names take in the face.

use crate::core::call::Call;
use crate::core::failure::{Code, Failure, Layer, Phase};
use crate::core::record::{Outcome, WaitReason};
use crate::core::time::{Duration, Instant};
use serde::Serialize;
use wasm_bindgen::JsValue;

/// `CoreAttempt` of `src/ts/core-request.ts`.
type Attempt = ([f64; 4], [&'static str; 2]);

pub(super) fn ms(span: Duration) -> f64 {
    span.as_ms() as f64
}

pub(super) const fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ok => "ok",
        Outcome::Failed(code, _) => Code::name(code),
        Outcome::Aborted => "aborted",
    }
}

/// `CoreReport`.
pub(super) fn report(call: &Call, now: Instant) -> JsValue {
    let record = call.record();
    let attempts = record.attempts().iter().map(|attempt| -> Attempt {
        let layer = match attempt.outcome {
            Outcome::Failed(_, layer) => Layer::name(layer),
            Outcome::Ok | Outcome::Aborted => "",
        };
        let status = f64::from(attempt.status.unwrap_or(0));
        (
            [attempt.target as f64, ms(attempt.started), ms(attempt.duration), status],
            [outcome_name(attempt.outcome), layer],
        )
    });
    let [loading, rate_limit, backoff] = [WaitReason::Loading, WaitReason::RateLimit, WaitReason::Backoff]
        .map(|reason| ms(record.waited(reason)));
    let total = ms(now.since(record.began()));
    to_js(&(attempts.collect::<Vec<_>>(), [loading, rate_limit, backoff, total, call.target() as f64]))
}

/// `CoreFailure`.
pub(super) fn failed(failure: &Failure) -> JsValue {
    let retry_after = failure.retry_after.map_or(f64::NAN, ms);
    let status = f64::from(failure.status.unwrap_or(0));
    let retryable = f64::from(u8::from(failure.code.retryable()));
    to_js(&(
        [failure.code.name(), failure.layer.name(), failure.phase.map_or("", Phase::name)],
        [retryable, status, retry_after],
    ))
}

/// Plain data always has a JavaScript form.
fn to_js(value: &impl Serialize) -> JsValue {
    serde_wasm_bindgen::to_value(value).unwrap_or_default()
}
