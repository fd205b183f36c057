//! An answer before it is sent: from a step, a sample, or plain JSON.

use std::time::Duration;

use axum::http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};
use bytes::Bytes;
use serde_json::Value;

use crate::{
    body::{Payload, Run, Stream},
    samples::{Sample, sample},
    scenario::{Fault, Step, parse_headers},
    streams::{given, inject},
};

const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream");

pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) payload: Payload,
    pub(crate) delay: Duration,
    pub(crate) chunked: bool,
    pub(crate) fault: Option<Fault>,
}

impl Reply {
    pub(crate) fn new(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let mut reply = Self::empty(status);
        reply.headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        reply.payload = Payload::bytes(body);
        reply
    }

    pub(crate) fn empty(status: StatusCode) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            payload: Payload::bytes(Bytes::new()),
            delay: Duration::ZERO,
            chunked: false,
            fault: None,
        }
    }

    pub(crate) fn json(status: StatusCode, body: &Value) -> Self {
        Self::new(status, "application/json", body.to_string())
    }

    pub(crate) fn text(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self::new(status, "text/plain; charset=utf-8", body)
    }

    /// Server-sent events. Nobody knows their length before the last one.
    pub(crate) fn events(stream: Stream) -> Self {
        let mut reply = Self::empty(StatusCode::OK);
        reply.headers.insert(CONTENT_TYPE, EVENT_STREAM);
        reply.headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        reply.payload = Payload::Stream(stream);
        reply
    }

    /// JSON, line by line.
    pub(crate) fn lines(stream: Stream) -> Self {
        let mut reply = Self::events(stream);
        reply.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
        reply
    }

    pub(crate) fn sample(name: &str) -> Self {
        Self::from_sample(sample(name).expect("samples that the code names exist"))
    }

    pub(crate) fn from_sample(sample: &Sample) -> Self {
        let mut reply = Self::empty(status(sample.status));
        reply.set_body(&sample.body);
        // A sample has the content type that it names, and else none.
        reply.headers = parse_headers(&sample.headers).unwrap_or_default();
        reply
    }

    /// The step over what it leaves open: its sample, or the healthy answer.
    pub(crate) fn from_step(step: &Step, healthy: impl FnOnce() -> Self) -> Self {
        let mut reply = match step.sample() {
            Some(sample) => Self::from_sample(sample),
            None if step.status.is_none() && !step.has_body() => healthy(),
            None => Self::empty(StatusCode::OK),
        };
        if let Some(given) = step.status {
            reply.status = status(given);
        }
        if let Some(body) = &step.body {
            reply.set_body(body);
        }
        let octets = HeaderValue::from_static("application/octet-stream");
        if let Some(bytes) = &step.body_base64 {
            reply.payload = Payload::bytes(bytes.0.clone());
            reply.headers.insert(CONTENT_TYPE, octets);
        } else if let Some(length) = step.body_bytes {
            reply.payload = Payload::Whole(Run::Generated(length));
            reply.headers.insert(CONTENT_TYPE, octets);
        }
        reply.headers.extend(parse_headers(&step.headers).unwrap_or_default());
        if reply.is_event_stream() {
            reply.payload = given::as_stream(reply.payload);
        }
        if let (Some(inject), Payload::Stream(stream)) = (&step.inject, &mut reply.payload) {
            inject::into(stream, inject);
        }
        reply.delay += Duration::from_millis(step.delay_ms);
        reply.chunked |= step.chunked;
        reply.fault = step.fault;
        reply
    }

    pub(crate) fn set_body(&mut self, body: &Value) {
        let (content_type, text) = match body {
            Value::String(text) => ("text/plain; charset=utf-8", text.clone()),
            json => ("application/json", json.to_string()),
        };
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        self.payload = Payload::bytes(text);
    }

    fn is_event_stream(&self) -> bool {
        let content_type = self.headers.get(CONTENT_TYPE);
        content_type.is_some_and(|kind| kind.as_bytes().starts_with(EVENT_STREAM.as_bytes()))
    }

    pub(crate) fn after(mut self, delay: Duration) -> Self {
        self.delay += delay;
        self
    }
}

fn status(number: u16) -> StatusCode {
    StatusCode::from_u16(number).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
