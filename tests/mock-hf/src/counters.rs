//! What a mock model has seen: numbers, and a log of its last requests.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::http::{HeaderMap, Method};
use serde::Serialize;
use serde_json::{Map, Value, json};
use tokio::{sync::OwnedSemaphorePermit, time::Instant};

use crate::connection::Side;

const LOG_LENGTH: usize = 1_000;
const LOGGED_CHARACTERS: usize = 2_000;

#[derive(Debug, Default)]
pub(crate) struct Counters(Mutex<Tally>);

#[derive(Debug, Default)]
struct Tally {
    first_request: Option<Instant>,
    requests: u64,
    in_flight: u64,
    max_in_flight: u64,
    aborted: u64,
    unfinished_bodies: u64,
    open_connections: u64,
    preflights: u64,
    log: VecDeque<Entry>,
    /// Entries that the log no longer holds, so that an exchange finds its own by number.
    forgotten: u64,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    at_ms: u64,
    method: String,
    path: String,
    status: Option<u16>,
    outcome: Option<Outcome>,
    ended_at_ms: Option<u64>,
    headers: Map<String, Value>,
    body_bytes: usize,
    body: Option<String>,
    bytes_sent: u64,
    /// Only where the answer is a stream.
    events_sent: Option<u64>,
    origin: Side,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Sent,
    Aborted,
    Fault,
}

impl Counters {
    /// Opens the log entry of a request; the exchange closes it, however it ends.
    pub(crate) fn begin(
        self: &Arc<Self>,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
        side: Side,
    ) -> Exchange {
        let now = Instant::now();
        let mut tally = self.tally();
        let first = *tally.first_request.get_or_insert(now);
        tally.requests += 1;
        tally.in_flight += 1;
        tally.max_in_flight = tally.max_in_flight.max(tally.in_flight);
        if tally.log.len() == LOG_LENGTH {
            tally.log.pop_front();
            tally.forgotten += 1;
        }
        tally.log.push_back(Entry {
            at_ms: millis(first, now),
            method: method.to_string(),
            path: path.to_owned(),
            status: None,
            outcome: None,
            ended_at_ms: None,
            headers: logged_headers(headers),
            body_bytes: 0,
            body: None,
            bytes_sent: 0,
            events_sent: None,
            origin: side,
        });
        Exchange {
            counters: Arc::clone(self),
            number: tally.requests - 1,
            head_sent: false,
            ended: false,
            slot: None,
        }
    }

    /// When the model got its first request, the one that begins a cold start.
    pub(crate) fn first_request(&self) -> Option<Instant> {
        self.tally().first_request
    }

    pub(crate) fn preflight(&self) {
        self.tally().preflights += 1;
    }

    pub(crate) fn connection_came(&self) {
        self.tally().open_connections += 1;
    }

    pub(crate) fn connection_left(&self) {
        self.tally().open_connections -= 1;
    }

    /// The counters as JSON, with at most the last `log` entries of the log.
    pub(crate) fn report(&self, log: usize) -> Value {
        let tally = self.tally();
        let skipped = tally.log.len().saturating_sub(log);
        let log: Vec<&Entry> = tally.log.iter().skip(skipped).collect();
        json!({
            "requests": tally.requests,
            "inFlight": tally.in_flight,
            "maxInFlight": tally.max_in_flight,
            "aborted": tally.aborted,
            "unfinishedBodies": tally.unfinished_bodies,
            "openConnections": tally.open_connections,
            "preflights": tally.preflights,
            "log": log,
        })
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.0.lock().expect("no holder panics")
    }
}

impl Tally {
    fn entry(&mut self, number: u64) -> Option<&mut Entry> {
        let index = usize::try_from(number.checked_sub(self.forgotten)?).ok()?;
        self.log.get_mut(index)
    }
}

/// One request and its answer. Dropped before its end, it counts as aborted by the client:
/// hyper drops the handler, or the body, as soon as the client is gone.
#[derive(Debug)]
pub(crate) struct Exchange {
    counters: Arc<Counters>,
    number: u64,
    head_sent: bool,
    ended: bool,
    slot: Option<OwnedSemaphorePermit>,
}

impl Exchange {
    pub(crate) fn received(&self, body: &[u8]) {
        if let Some(entry) = self.counters.tally().entry(self.number) {
            entry.body_bytes = body.len();
            entry.body = logged_body(body);
        }
    }

    /// Occupies a slot of the model until the answer is out.
    pub(crate) fn occupy(&mut self, slot: OwnedSemaphorePermit) {
        self.slot = Some(slot);
    }

    pub(crate) fn head_sent(&mut self, status: u16, is_stream: bool) {
        self.head_sent = true;
        if let Some(entry) = self.counters.tally().entry(self.number) {
            entry.status = Some(status);
            entry.events_sent = is_stream.then_some(0);
        }
    }

    /// So much of the body is the connection's now.
    pub(crate) fn handed_over(&self, bytes: u64, events: u64) {
        if let Some(entry) = self.counters.tally().entry(self.number) {
            entry.bytes_sent += bytes;
            entry.events_sent = entry.events_sent.map(|sent| sent + events);
        }
    }

    pub(crate) fn sent(mut self) {
        self.end(Outcome::Sent);
    }

    pub(crate) fn broken_by_fault(mut self) {
        self.end(Outcome::Fault);
    }

    fn end(&mut self, outcome: Outcome) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let mut tally = self.counters.tally();
        tally.in_flight -= 1;
        if outcome == Outcome::Aborted {
            tally.aborted += 1;
            tally.unfinished_bodies += u64::from(self.head_sent);
        }
        let since_first = tally.first_request.map(|first| millis(first, Instant::now()));
        if let Some(entry) = tally.entry(self.number) {
            entry.outcome = Some(outcome);
            entry.ended_at_ms = since_first;
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.end(Outcome::Aborted);
    }
}

fn millis(from: Instant, to: Instant) -> u64 {
    u64::try_from(to.duration_since(from).as_millis()).unwrap_or(u64::MAX)
}

fn logged_headers(headers: &HeaderMap) -> Map<String, Value> {
    let mut logged = Map::new();
    for name in headers.keys() {
        let values: Vec<_> =
            headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        logged.insert(name.as_str().to_owned(), Value::from(values.join(", ")));
    }
    logged
}

fn logged_body(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    Some(text.chars().take(LOGGED_CHARACTERS).collect())
}
