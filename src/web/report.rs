//! What the face makes a `CallReport` or a `QueryError` of.
//!
//! Two flat rows, numbers and texts: an object would bring its keys along as strings, and a hash
//! table to keep them in, which took 2 KB gzip more than the names take in the face.

use crate::core::call::Call;
use crate::core::failure::{Code, Failure, Layer, Phase};
use crate::core::record::{Outcome, WaitReason};
use crate::core::time::{Duration, Instant};
use serde::Serialize;
use wasm_bindgen::JsValue;

/// `Rows` of `src/ts/core-request.ts`, which names the columns.
#[derive(Default, Serialize)]
pub(super) struct Rows(Vec<f64>, Vec<&'static str>);

impl Rows {
    fn numbers(&mut self, numbers: &[f64]) {
        self.0.extend_from_slice(numbers);
    }

    fn texts(&mut self, texts: &[&'static str]) {
        self.1.extend_from_slice(texts);
    }

    /// Plain data always has a JavaScript form.
    pub(super) fn to_js(&self) -> JsValue {
        serde_wasm_bindgen::to_value(self).unwrap_or_default()
    }
}

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

pub(super) fn report(call: &Call, now: Instant) -> Rows {
    let record = call.record();
    let mut rows = Rows::default();
    rows.numbers(&[ms(now.since(record.began())), call.target() as f64]);
    for reason in [WaitReason::Loading, WaitReason::RateLimit, WaitReason::Backoff] {
        rows.numbers(&[ms(record.waited(reason))]);
    }
    for attempt in record.attempts() {
        let layer = match attempt.outcome {
            Outcome::Failed(_, layer) => Layer::name(layer),
            Outcome::Ok | Outcome::Aborted => "",
        };
        let status = f64::from(attempt.status.unwrap_or(0));
        rows.numbers(&[attempt.target as f64, ms(attempt.started), ms(attempt.duration), status]);
        rows.texts(&[outcome_name(attempt.outcome), layer]);
    }
    rows
}

pub(super) fn failed(failure: &Failure) -> Rows {
    let mut rows = Rows::default();
    let status = f64::from(failure.status.unwrap_or(0));
    rows.numbers(&[
        f64::from(u8::from(failure.retryable())),
        status,
        failure.retry_after.map_or(f64::NAN, ms),
    ]);
    rows.texts(&[failure.code.name(), failure.layer.name(), failure.phase.map_or("", Phase::name)]);
    rows
}
