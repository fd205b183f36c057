//! One attempt, as a state machine over promises: what it waits for next, and what the result means.
//!
//! Nothing here awaits. The loop in `drive` does that in one place, which takes half the code of as many `await`s.
//! The TypeScript side makes a fresh `AbortController` for every attempt, and dropping an attempt aborts it.

use super::bindings::{Outgoing, Request};
use super::clock;
use super::events::Events;
use super::origins;
use super::reading::Reading;
use super::standstill::{HEARTBEAT, Standstills};
use crate::core::call::{Head, Input, Lost, Send};
use crate::core::classify::Body;
use crate::core::completion::End;
use crate::core::deadline::{AWAY, Clocks, Progress, Stage};
use crate::core::failure::Phase;
use crate::core::hint::{self, Now};
use crate::core::stream::Over;
use crate::core::time::{Duration, Instant};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Response;

/// What the head of a response says, as bits from the TypeScript side.
const STREAM: u32 = 1;
const HINTS: u32 = 2;

/// The grace in which a platform hands over what has come.
const RECHECK: Duration = Duration::from_ms(20);
/// The same after a standstill.
const LONG_RECHECK: Duration = Duration::from_ms(250);

pub(super) enum Step {
    /// Wait for this promise. The result of a replaced `fetch` may be no promise.
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
    /// Since when the reader of the stream asks for nothing, or the token is waited for.
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

    /// Reads the body: all of an answer, up to `limit` of an error.
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
                // Not `dyn_into`: the response may be of another realm, or of a test.
                self.on_response(response.unchecked_into())
            }
            (State::Sending, Err(error)) => match Lost::ALL.get(self.request.lost(&error) as usize) {
                Some(lost) => Step::Happened(Input::NetworkError(self.or_asleep(*lost))),
                None => Step::Threw(error),
            },
            (State::Reading(reading), Ok(why)) => {
                let body = match why.as_string() {
                    Some(why) => unreadable(why),
                    // The body has nothing to inspect.
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
        Step::Happened(self.completed().unwrap_or(Input::NetworkError(self.or_asleep(lost))))
    }

    /// A connection that was open when the machine was suspended is lost when it wakes.
    fn or_asleep(&self, lost: Lost) -> Lost {
        if self.standstills.has_slept() && !matches!(lost, Lost::ForGood | Lost::Offline) {
            Lost::Suspended
        } else {
            lost
        }
    }

    /// Of all clocks, only the one of the whole call ran during the standstill.
    fn notice_standstill(&mut self, now: Instant) {
        let Some(span) = self.standstills.notice(now, || self.request.hidden()) else {
            return;
        };
        let clocks = &mut self.clocks;
        clocks.attempt = clocks.attempt + span;
        for clock in [&mut clocks.probe, &mut clocks.connect, &mut clocks.first_byte] {
            *clock = clock.map(|at| at + span);
        }
    }

    /// When to check the clocks again. A piece of the body wakes no call. It may come at once and be the last one, so
    /// the check is when its silence could end at the earliest.
    ///
    /// `sole_timer`: no other timer notices that time has passed.
    pub(super) fn until(&mut self, sole_timer: bool) -> Instant {
        let now = clock::now();
        let mut until = self.next_check();
        if sole_timer && !self.request.hidden() {
            until = until.min(now + HEARTBEAT);
        }
        self.standstills.expect(now, until);
        until
    }

    fn next_check(&self) -> Instant {
        if let Some((_, at)) = self.recheck {
            return at;
        }
        let (until, _) = self.clock();
        match self.state {
            State::Reading(_) | State::Streaming(_) => {
                let now = clock::now();
                let mut soonest = now + self.clocks.idle.max(Duration::from_ms(1));
                if self.begun().is_some() {
                    soonest = soonest.min(now + AWAY); // the reader may have gone away
                }
                until.min(soonest)
            }
            State::Sending if !self.probed => self.clocks.probe.map_or(until, |probe| until.min(probe)),
            _ => until,
        }
    }

    /// Returns true once, if the origin was seen to answer while the headers are waited for.
    pub(super) fn newly_reached(&mut self) -> bool {
        let is_new = self.is_reached() && !self.reached_reported;
        self.reached_reported |= is_new;
        is_new
    }

    fn is_reached(&self) -> bool {
        self.probed && matches!(self.state, State::Sending) && self.request.reached()
    }

    /// The time of [`Self::until`] has come.
    pub(super) fn on_due(&mut self) -> Step {
        let now = clock::now();
        self.notice_standstill(now);
        if matches!(self.state, State::Sending)
            && !self.probed
            && self.clocks.probe.is_some_and(|at| at <= now)
        {
            self.probed = true;
            self.request.probe();
        }
        let (until, phase) = self.clock();
        if now < until {
            self.recheck = None;
            return Step::KeepWaiting; // pieces have come meanwhile, or the reader is away
        }
        // Where the reader blocks the thread, timers fire before the pieces that came meanwhile are seen, and a slow
        // reader is no slow server.
        let was_rechecked = self.recheck.is_some_and(|(of, _)| of == until);
        if matches!(self.state, State::Sending | State::Reading(_) | State::Streaming(_)) && !was_rechecked {
            let late = self.standstills.has_just_ended(now);
            self.recheck = Some((until, now + if late { LONG_RECHECK } else { RECHECK }));
            return Step::KeepWaiting;
        }
        if let State::Reading(reading) = &self.state
            && let Some(body) = reading.so_far()
        {
            return self.report_body(body);
        }
        let late = if matches!(self.state, State::Preparing) {
            Input::Unasked(phase)
        } else {
            Input::TimedOut(phase)
        };
        Step::Happened(self.completed().unwrap_or(late))
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

    /// When something of a stream was handed over first.
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

    /// Whether the caller, by its reader or its token function, has held the attempt up for long. `None` if that has
    /// not changed.
    pub(super) fn newly_held_up(&mut self) -> Option<bool> {
        let now = clock::now();
        let waits = matches!(self.state, State::Preparing) || self.begun().is_some() && self.progress().away;
        let away = waits.then(|| self.away.unwrap_or(now));
        self.away = away;
        let for_long = away.is_some_and(|since| now.since(since) >= AWAY);
        let changed = for_long != self.away_reported;
        self.away_reported = for_long;
        changed.then_some(for_long)
    }

    /// The answer was read to its end: nothing is left to stop.
    pub(super) fn finish(&mut self) {
        self.state = State::Over;
    }

    /// A connection that is lost after the model said that it has finished is no loss.
    fn completed(&self) -> Option<Input> {
        match &self.state {
            State::Streaming(events) if events.is_whole() => Some(Input::Ended(End::Complete)),
            _ => None,
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
        // Redirects are followed by hand, because not every runtime removes the credentials on the way to another
        // origin, and none removes an `x-api-key`. Status 0 is a redirect in a browser, which hides the details.
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

    fn clock(&self) -> (Instant, Phase) {
        self.clocks.next(clock::now(), self.progress())
    }

    fn progress(&self) -> Progress {
        let stage = match &self.state {
            State::Preparing | State::Sending => {
                return Progress { reached: self.is_reached(), ..Progress::default() };
            }
            State::Streaming(events) if events.begun().is_some() => Stage::Begun,
            _ => Stage::Headers,
        };
        let Some(body) = self.request.body() else {
            return Progress { stage, ..Progress::default() };
        };
        let since = body.quiet_since();
        Progress {
            stage: if body.heard() { stage.max(Stage::Heard) } else { stage },
            reached: false,
            quiet_since: since
                .is_finite()
                .then(|| self.standstills.awake_since(Instant::from_ms(since as u64))),
            whole: match &self.state {
                State::Streaming(events) => events.whole(),
                _ => None,
            },
            away: since == f64::INFINITY,
            was_away: Duration::from_ms(body.away_ms() as u64),
        }
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

/// The core could read the body, and the host could not.
fn unreadable(why: String) -> Body {
    Body { of_engine: true, unexpected: true, is_final: true, detail: why.into_bytes(), ..Body::default() }
}
