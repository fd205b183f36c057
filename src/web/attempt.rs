//! One attempt, as a state machine over promises: what it waits for next, and what the result means.
//!
//! Nothing here awaits. The loop in `drive` does that in one place, which takes half the code of as many `await`s.
//! The TypeScript side makes a fresh `AbortController` for every attempt, and dropping an attempt aborts it.

mod clocks;

use super::bindings::{Outgoing, Request};
use super::clock;
use super::events::Events;
use super::origins;
use super::reading::Reading;
use super::standstill::Standstills;
use crate::core::call::{Head, Input, Lost, Send};
use crate::core::classify::Body;
use crate::core::deadline::Clocks;
use crate::core::hint::{self, Now};
use crate::core::stream::Over;
use crate::core::time::Instant;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Response;

/// What the head of a response says, as bits from the TypeScript side.
const STREAM: u32 = 1;
const HINTS: u32 = 2;

pub(super) enum Step {
    /// Wait for this promise. A `fetch` of the caller's may return something else.
    Await(JsValue),
    /// Nothing to do yet: wait for the same promise again.
    KeepWaiting,
    Happened(Input),
    /// The caller's token function threw this, or the platform refuses to send what the caller gave.
    Threw(JsValue),
}

impl Step {
    pub(super) const LOST: Self = Self::Happened(Input::NetworkError(Lost::Unsaid));
}

enum State {
    /// The request is being made, and a token may have to be fetched.
    Preparing,
    Sending,
    Responded(Response),
    Reading(Reading),
    Streaming(Events),
    /// Nothing is left to stop.
    Over,
}

pub(super) struct Attempt<'a> {
    request: &'a Request,
    clocks: Clocks,
    attempt: u32,
    state: State,
    /// The clock that has run out, and when it is checked once more.
    recheck: Option<(Instant, Instant)>,
    standstills: Standstills,
    begun_reported: bool,
    /// The origin was asked whether it is there.
    probed: bool,
    reached_reported: bool,
    /// Since when the reader of the stream has asked for nothing, or since when the attempt waits for the token.
    away: Option<Instant>,
    away_reported: bool,
}

impl<'a> Attempt<'a> {
    pub(super) fn new(request: &'a Request, send: &Send) -> Self {
        Self {
            request,
            clocks: send.clocks,
            attempt: send.attempt,
            state: State::Preparing,
            recheck: None,
            standstills: Standstills::watch(),
            begun_reported: false,
            probed: false,
            reached_reported: false,
            away: Some(clock::now()),
            away_reported: false,
        }
    }

    pub(super) fn start(&mut self, send: &Send) -> Step {
        let target = send.target as u32;
        self.request.tell_attempt(send.attempt, target);
        let (hold_header, hold) = match (send.profile.hold_header(), send.hold) {
            (Some((name, in_secs)), Some(hold)) => {
                (name, if in_secs { hold.as_secs() as f64 } else { f64::NAN })
            }
            _ => ("", f64::NAN),
        };
        match self.request.prepare(target, hold_header, hold) {
            Some(promise) => Step::Await(promise.into()),
            None => self.send(&self.request.leg()),
        }
    }

    /// Reads the body: to its end, or up to `limit` bytes if it is an error.
    pub(super) fn read(&mut self, limit: Option<u32>) -> Step {
        let State::Responded(response) = std::mem::replace(&mut self.state, State::Over) else {
            return Step::LOST; // the core reads only after a head
        };
        let reading = Reading::new(self.request, &self.content_type(&response), limit.is_some());
        let limit = limit.map_or(f64::INFINITY, f64::from);
        let read = self.request.read(&response, limit, reading.feed());
        self.state = State::Reading(reading);
        Step::Await(read.into())
    }

    /// Decodes the body and hands its events over.
    pub(super) fn stream(&mut self, began: Instant) -> Step {
        let State::Responded(response) = std::mem::replace(&mut self.state, State::Over) else {
            return Step::LOST;
        };
        let events = Events::new(self.request, began, &self.content_type(&response));
        let over = self.request.stream(&response, events.feed());
        self.state = State::Streaming(events);
        Step::Await(over.into())
    }

    /// The promise has settled.
    pub(super) fn on_settled(&mut self, settled: Result<JsValue, JsValue>) -> Step {
        self.notice_standstill(clock::now());
        match (&self.state, settled) {
            (State::Preparing, Ok(_)) => self.send(&self.request.leg()),
            (State::Preparing, Err(error)) => Step::Threw(error),
            (State::Sending, Ok(response)) if response.is_object() => {
                // `dyn_into` would refuse a response of another realm, or of a test.
                self.on_response(response.unchecked_into())
            }
            (State::Sending, Err(error)) => match Lost::ALL.get(self.request.lost(&error) as usize) {
                Some(lost) => Step::Happened(Input::NetworkError(self.or_asleep(*lost))),
                None => Step::Threw(error),
            },
            (State::Reading(reading), Ok(why)) => {
                let body = match why.as_string() {
                    Some(why) => unreadable(why),
                    // A value that is no text says that there is nothing to inspect.
                    None if why.is_truthy() => Body { of_engine: true, ..Body::default() },
                    None => reading.body(),
                };
                self.state = State::Over;
                self.report_body(body)
            }
            (State::Reading(reading), Err(error)) => match reading.so_far() {
                Some(body) => self.report_body(body),
                None => self.on_broken(&error),
            },
            (State::Streaming(events), Ok(_)) => match events.over() {
                Over::Ended(end) => Step::Happened(Input::Ended(end)),
                Over::Failed(body) => self.report_body(body),
            },
            (State::Streaming(_), Err(error)) => self.on_broken(&error),
            _ => Step::LOST,
        }
    }

    /// The body broke off.
    fn on_broken(&self, error: &JsValue) -> Step {
        let lost = Lost::ALL.get(self.request.lost(error) as usize).copied().unwrap_or_default();
        Step::Happened(self.unless_complete(Input::NetworkError(self.or_asleep(lost))))
    }

    /// Hands over the text that has come and was not handed over yet.
    pub(super) fn flush(&self) {
        if let State::Streaming(events) = &self.state {
            events.flush();
        }
    }

    fn report_body(&self, body: Body) -> Step {
        if body.is_error || body.unexpected {
            self.request.says(&body.detail, body.status.unwrap_or_default(), body.is_error);
        }
        Step::Happened(Input::Body(body))
    }

    fn content_type(&self, response: &Response) -> String {
        self.request.header(response, "content-type").ok().flatten().unwrap_or_default()
    }

    /// When the first part of a stream was handed over.
    fn begun(&self) -> Option<Instant> {
        match &self.state {
            State::Streaming(events) => events.begun(),
            _ => None,
        }
    }

    /// The same, returned once.
    pub(super) fn newly_begun(&mut self) -> Option<Instant> {
        let begun = self.begun().filter(|_| !self.begun_reported);
        self.begun_reported |= begun.is_some();
        begun
    }

    /// The answer was read to its end: nothing is left to stop.
    pub(super) fn finish(&mut self) {
        self.state = State::Over;
    }

    /// What the loss of the attempt means for the call.
    fn unless_complete(&self, loss: Input) -> Input {
        match &self.state {
            State::Streaming(events) => loss.unless_complete(events.is_whole()),
            _ => loss,
        }
    }

    fn send(&mut self, outgoing: &Outgoing) -> Step {
        #[cfg(feature = "panic-on-purpose")]
        assert!(!outgoing.url().contains("panic-on-purpose"), "on purpose");
        self.state = State::Sending;
        outgoing.send().map_or(Step::LOST, Step::Await)
    }

    fn on_response(&mut self, response: Response) -> Step {
        let Ok(status) = self.request.status(&response) else {
            return Step::LOST;
        };
        // Redirects are followed here. On the way to another origin some runtimes keep the credentials, and all of
        // them keep an `x-api-key`. In a browser status 0 is a redirect without its details.
        if matches!(status, 0 | 301..=308) {
            let next = self.request.onward(&response);
            if !matches!(next, Ok(None)) {
                self.request.discard(&response);
                let astray = Step::Happened(Input::Astray);
                return next.ok().flatten().map_or(astray, |next| self.send(&next));
            }
        }
        let Ok(bits) = self.request.landed(self.attempt, &response) else {
            self.request.discard(&response);
            return Step::LOST;
        };
        let lines = match bits & HINTS {
            0 => String::new(),
            _ => self.request.hints(&response).unwrap_or_default(),
        };
        let here = Now { ms: clock::unix_now_ms(), is_right: !origins::is_page() };
        let hint = hint::read(&lines, here);
        let head = Head {
            status,
            floor: hint.wait,
            resets: hint.resets,
            should_retry: hint.should_retry,
            now: hint.now,
            key: self.request.key(),
            events: bits & STREAM != 0,
        };
        self.state = State::Responded(response);
        Step::Happened(Input::Head(head))
    }
}

impl Drop for Attempt<'_> {
    /// Frees the connection: a Worker has six, and an unread body holds one.
    fn drop(&mut self) {
        if !matches!(self.state, State::Over) {
            self.request.stop();
        }
    }
}

/// The body as the core read it was an answer, but the host could not make a value of it.
fn unreadable(why: String) -> Body {
    Body { of_engine: true, unexpected: true, is_final: true, detail: why.into_bytes(), ..Body::default() }
}
