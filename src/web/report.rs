//! Encodes what becomes a `CallReport`, a `QueryError` or statistics.
//!
//! Rows are flat and hold numbers. Objects would need their keys as strings, and a hash table for them. That took 2 KB
//! gzip more than the names take in TypeScript. Names cross by their position in `src/ts/wasm/enums.ts`.

use super::clock;
use crate::core::admission::Snapshot;
use crate::core::call::Call;
use crate::core::failure::Failure;
use crate::core::record::{Outcome, WaitReason};
use crate::core::time::{Duration, Instant};
use serde::Serialize;
use wasm_bindgen::JsValue;

/// `Row` of `src/ts/wasm/protocol.ts`, which names the columns.
#[derive(Default, Serialize)]
pub(super) struct Row(Vec<f64>);

impl Row {
    /// Plain data always has a JavaScript form.
    pub(super) fn to_js(&self) -> JsValue {
        serde_wasm_bindgen::to_value(self).unwrap_or_default()
    }
}

pub(super) fn ms(span: Duration) -> f64 {
    span.as_ms() as f64
}

/// 0 is ok, 1 aborted, and the codes follow.
pub(super) fn outcome(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Ok => 0,
        Outcome::Aborted => 1,
        Outcome::Failed(code, _) => 2 + code as u8,
    }
}

pub(super) fn report(call: &Call, now: Instant) -> Row {
    let record = call.record();
    let mut row = Vec::new();
    row.extend_from_slice(&[ms(now.since(record.began())), call.target() as f64]);
    for reason in WaitReason::ALL {
        row.push(ms(record.waited(reason)));
    }
    for attempt in record.attempts() {
        let layer = match attempt.outcome {
            Outcome::Failed(_, layer) => 1 + layer as u8,
            Outcome::Ok | Outcome::Aborted => 0,
        };
        let status = f64::from(attempt.status.unwrap_or(0));
        row.extend_from_slice(&[
            attempt.target as f64,
            ms(attempt.started),
            ms(attempt.duration),
            status,
            f64::from(outcome(attempt.outcome)),
            f64::from(layer),
            f64::from(u8::from(attempt.reached)),
        ]);
    }
    Row(row)
}

pub(super) fn failed(failure: &Failure) -> Row {
    Row(vec![
        f64::from(u8::from(failure.retryable())),
        f64::from(failure.status.unwrap_or(0)),
        failure.retry_after.map_or(f64::NAN, ms),
        f64::from(failure.code as u8),
        f64::from(failure.layer as u8),
        failure.phase.map_or(f64::NAN, |phase| f64::from(phase as u8)),
    ])
}

/// One target: breaker, temperature, in flight, queued, calls, attempts; for its latency and for its first tokens the
/// count and the sum since the beginning, then the recent count, P50, P95 and P99; for an alert its P99, its timeout,
/// and since when by the wall clock; then the count of each outcome, and 1 if what is known is
/// shared with other programs.
pub(super) fn encode_stats(now: Instant, of: Snapshot<'_>) -> Row {
    let mut row = Vec::new();
    let stats = of.stats;
    row.extend_from_slice(&[
        f64::from(of.breaker as u8),
        f64::from(of.temperature as u8),
        of.in_flight as f64,
        of.queued as f64,
        stats.calls() as f64,
        stats.attempts() as f64,
    ]);
    for latency in [true, false] {
        let times = if latency { stats.latency() } else { stats.first_token() };
        let recent = times.recent(now);
        row.extend_from_slice(&[times.count() as f64, ms(times.sum()), recent.count() as f64]);
        for quantile in [500, 950, 990] {
            row.push(recent.quantile(quantile).map_or(f64::NAN, ms));
        }
    }
    let alert = stats.alert().map_or([f64::NAN; 3], |alert| {
        [ms(alert.p99), ms(alert.timeout), clock::unix_now_ms() as f64 - ms(now.since(alert.since))]
    });
    row.extend_from_slice(&alert);
    row.extend(stats.outcomes().iter().map(|count| *count as f64));
    row.push(f64::from(u8::from(of.is_shared)));
    Row(row)
}
