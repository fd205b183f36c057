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

/// `CoreAttempt` of `src/ts/core-request.ts`: target, started, duration, status or 0, outcome,
/// layer or "", request id.
#[derive(Serialize)]
struct Attempt<'a>(u32, f64, f64, u16, &'static str, &'static str, &'a str);

/// `CoreReport`: attempts, waited for loading, for the rate limit, in backoff, total, and the
/// target in use at the end.
#[derive(Serialize)]
struct Report<'a>(Vec<Attempt<'a>>, [f64; 3], f64, u32);

/// `CoreFailure`: code, layer, phase or "", retryable, status or 0, retry after or NaN.
#[derive(Serialize)]
struct Failed(&'static str, &'static str, &'static str, bool, u16, f64);

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

pub(super) fn report(call: &Call, now: Instant) -> JsValue {
    let record = call.record();
    let attempts = record.attempts().iter().map(|attempt| {
        let layer = match attempt.outcome {
            Outcome::Failed(_, layer) => Layer::name(layer),
            Outcome::Ok | Outcome::Aborted => "",
        };
        Attempt(
            attempt.target as u32,
            ms(attempt.started),
            ms(attempt.duration),
            attempt.status.unwrap_or(0),
            outcome_name(attempt.outcome),
            layer,
            attempt.request_id.as_deref().unwrap_or(""),
        )
    });
    let waited = [WaitReason::Loading, WaitReason::RateLimit, WaitReason::Backoff];
    let waited = waited.map(|reason| ms(record.waited(reason)));
    to_js(&Report(attempts.collect(), waited, ms(now.since(record.began())), call.target() as u32))
}

pub(super) fn failed(failure: &Failure) -> JsValue {
    to_js(&Failed(
        failure.code.name(),
        failure.layer.name(),
        failure.phase.map_or("", Phase::name),
        failure.code.retryable(),
        failure.status.unwrap_or(0),
        failure.retry_after.map_or(f64::NAN, ms),
    ))
}

/// Plain data always has a JavaScript form.
fn to_js(value: &impl Serialize) -> JsValue {
    serde_wasm_bindgen::to_value(value).unwrap_or_default()
}
