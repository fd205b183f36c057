//! The one loop that awaits: does what the core says, tells it what happened.

use super::abort::{Aborted, CallerSignal};
use super::clock::{self, Alarm};
use super::event::{Event, Listener, outcome_name};
use super::flight::{Flight, Lost};
use super::report::{FailureOut, Report, ms};
use super::request::{self, Outgoing, Request};
use super::settled::{Settled, to_js};
use crate::core::call::{Action, Call, Head, Input, Send};
use crate::core::hint;
use crate::core::time::Duration;
use js_sys::{Array, Math};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::Response;

pub(super) async fn drive(request: &Request) -> Settled {
    let (policy, targets) = match (request::policy(request), request::targets(request)) {
        (Ok(policy), Ok(targets)) => (policy, targets),
        (Err(invalid), _) | (_, Err(invalid)) => return Settled::Invalid(invalid),
    };
    let seed = (Math::random() * (1_u64 << 53) as f64) as u64;
    let call = Call::new(policy, targets, seed, clock::now());
    let driver = Driver { request, listener: Listener(request.tell()), call, under_way: None };
    driver.run(&CallerSignal::listen(request.signal())).await
}

struct Driver<'a> {
    request: &'a Request,
    listener: Listener,
    call: Call,
    /// The attempt whose body is still to be read. Whatever takes it away stops it.
    under_way: Option<(Flight, Response)>,
}

/// The caller's token function threw.
struct Threw(JsValue);

impl Driver<'_> {
    async fn run(mut self, caller: &CallerSignal) -> Settled {
        let mut action = self.call.handle(clock::now(), Input::Start);
        loop {
            let happened = match &action {
                Action::Send(send) => {
                    self.tell_send(send);
                    caller.or_aborted(self.send(send)).await
                }
                Action::Read { limit } => caller.or_aborted(self.read(*limit)).await.map(Ok),
                Action::Wait(wait) => {
                    let until = wait.until;
                    caller
                        .or_aborted(async { Alarm::default().until(until).await })
                        .await
                        .map(|()| Ok(Input::Woke))
                }
                Action::Deliver => {
                    return Settled::Ok(to_js(&Report::new(&self.call, clock::now(), true)));
                }
                Action::Fail(failure) => {
                    return Settled::Failed(to_js(&FailureOut::new(&self.call, failure, clock::now())));
                }
                Action::Abandon => return Settled::Threw(caller.reason()),
            };
            let input = match happened {
                Ok(Ok(input)) => input,
                Ok(Err(Threw(error))) => return Settled::Threw(error),
                Err(Aborted) => Input::Aborted,
            };
            action = self.handle(input);
        }
    }

    fn handle(&mut self, input: Input) -> Action {
        let before = self.call.record().attempts().len();
        let action = self.call.handle(clock::now(), input);
        let target = self.call.target();
        let label =
            |target: usize| self.call.targets().get(target).map_or("", |target| target.label.as_str());
        let attempts = self.call.record().attempts();
        let attempt = attempts.len() as u32;
        if let Some(last) = attempts.get(before) {
            if let Some(status) = last.status {
                let outcome = outcome_name(last.outcome);
                self.listener.tell(|| Event::Response { attempt, status, outcome });
            }
        }
        if let Action::Wait(wait) = &action {
            self.listener.tell(|| Event::Wait {
                reason: wait.reason.name(),
                ms: ms(wait.span),
                attempt,
                target: label(target),
                estimated_ms: wait.estimate.map(ms),
            });
        }
        action
    }

    fn tell_send(&self, send: &Send) {
        let targets = self.call.targets();
        let Some(target) = targets.get(send.target) else { return };
        if let (Some(why), Some(from)) = (send.falls_back, targets.get(send.target.wrapping_sub(1))) {
            let (from, to, why) = (&from.label, &target.label, why.name());
            self.listener.tell(|| Event::Fallback { from, to, why });
        }
        self.listener.tell(|| Event::Attempt {
            attempt: send.attempt,
            target: &target.label,
            url: &target.shown,
        });
    }

    async fn send(&mut self, send: &Send) -> Result<Input, Threw> {
        let targets = self.call.targets();
        let (Some(first), Some(target)) = (targets.first(), targets.get(send.target)) else {
            return Ok(Input::NetworkError); // the core names only targets that there are
        };
        let Ok(mut flight) = Flight::new(send.clocks) else {
            return Ok(Input::NetworkError); // no AbortController in this runtime
        };
        let header = send.hold.and_then(|hold| Some((target.profile.hold_header()?, hold)));
        let secs = |((_, in_secs), hold): ((&str, bool), Duration)| in_secs.then_some(hold.as_secs() as f64);
        let outgoing = self.request.outgoing(
            send.target as u32,
            &target.url,
            target.model.as_deref(),
            first.shares_credentials(target),
            header.map(|((name, _), _)| name),
            header.and_then(secs),
        );
        let outgoing: Outgoing = match flight.in_time(JsFuture::from(outgoing)).await {
            Ok(outgoing) => outgoing.map_err(Threw)?.unchecked_into(),
            Err(lost) => return Ok(lost.into()),
        };
        #[cfg(feature = "panic-on-purpose")]
        assert!(!outgoing.url().contains("panic-on-purpose"), "on purpose");
        match flight.send(outgoing).await {
            Ok(response) => {
                let head = head(&response);
                self.under_way = Some((flight, response));
                Ok(Input::Head(head))
            }
            Err(lost) => Ok(lost.into()),
        }
    }

    async fn read(&mut self, limit: Option<u32>) -> Input {
        let Some((mut flight, response)) = self.under_way.take() else {
            return Input::NetworkError; // the core asks to read only what has a head
        };
        let pieces = Array::new();
        match flight.read(&response, limit, &pieces).await {
            // An error body that was cut has still said something.
            Err(lost) if limit.is_none() || pieces.length() == 0 => lost.into(),
            _ => Input::Body(self.request.incoming(&pieces, &response, limit.is_none()).into()),
        }
    }
}

impl From<Lost> for Input {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::Network => Self::NetworkError,
            Lost::TimedOut(phase) => Self::TimedOut(phase),
        }
    }
}

fn head(response: &Response) -> Head {
    let headers = response.headers();
    let header = |name: &str| headers.get(name).ok().flatten();
    let (retry_after, retry_after_ms) = (header("retry-after"), header("retry-after-ms"));
    let (rate_limit, date) = (header("ratelimit"), header("date"));
    let hints = hint::Headers {
        retry_after: retry_after.as_deref(),
        retry_after_ms: retry_after_ms.as_deref(),
        rate_limit: rate_limit.as_deref(),
        date: date.as_deref(),
    };
    Head {
        status: response.status(),
        floor: hint::floor(hints, clock::unix_now_ms()),
        // The order of huggingface_hub: the router's own id first, then those of its proxies.
        request_id: ["x-request-id", "x-amzn-trace-id", "x-amz-cf-id"].iter().find_map(|name| header(name)),
    }
}
