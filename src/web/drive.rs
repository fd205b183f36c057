//! The loop of one call: does what the core says, tells it what happened.

use super::clock;
use super::flight::{Flight, Lost};
use super::report::{self, ms, outcome_name};
use super::request::{self, Outgoing, Request};
use super::settled::Settled;
use super::wait::{Happened, Waiter};
use crate::core::call::{Action, Call, Head, Input, Send};
use crate::core::hint;
use js_sys::{Array, Math};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Response;

pub(super) async fn drive(request: &Request) -> Settled {
    let (policy, targets) = match (request::policy(request), request::targets(request)) {
        (Ok(policy), Ok(targets)) => (policy, targets),
        (Err(invalid), _) | (_, Err(invalid)) => return Settled::Invalid(invalid),
    };
    let seed = (Math::random() * (1_u64 << 53) as f64) as u64;
    let mut call = Call::new(policy, targets, seed, clock::now());
    let mut waiter = Waiter::new(request);
    // The attempt whose body is still to be read. Whatever takes it away stops it.
    let mut under_way = None;
    let mut action = call.handle(clock::now(), Input::Start);
    loop {
        let input = match &action {
            Action::Send(send) => {
                if let Some(why) = send.falls_back {
                    request.tell_fallback(send.target as u32, why.name());
                }
                match depart(request, send, &mut waiter).await {
                    Ok((flight, response)) => {
                        let head = head(&response);
                        under_way = Some((flight, response));
                        Input::Head(head)
                    }
                    Err(NoAnswer::Lost(lost)) => lost.into(),
                    Err(NoAnswer::Threw(error)) => return Settled::Threw(error),
                }
            }
            Action::Read { limit } => match under_way.take() {
                Some((flight, response)) => read(request, flight, &response, *limit, &mut waiter).await,
                None => Input::NetworkError, // the core asks to read only what has a head
            },
            Action::Wait(wait) => {
                let attempt = call.record().attempts().len() as u32;
                let estimate = wait.estimate.map_or(f64::NAN, ms);
                request.tell_wait(wait.reason.name(), ms(wait.span), attempt, call.target() as u32, estimate);
                match waiter.either(None, wait.until).await {
                    Happened::Aborted => Input::Aborted,
                    Happened::Settled(_) | Happened::Due => Input::Woke,
                }
            }
            Action::Deliver => return Settled::Ok(report::report(&call, clock::now())),
            Action::Fail(failure) => {
                return Settled::Failed(report::report(&call, clock::now()), report::failed(failure));
            }
            Action::Abandon => return Settled::Aborted,
        };
        let before = call.record().attempts().len();
        action = call.handle(clock::now(), input);
        if let Some(ended) = call.record().attempts().get(before)
            && let Some(status) = ended.status
        {
            request.tell_response(before as u32 + 1, status, outcome_name(ended.outcome));
        }
    }
}

enum NoAnswer {
    Lost(Lost),
    /// The caller's token function.
    Threw(JsValue),
}

impl From<Lost> for NoAnswer {
    fn from(lost: Lost) -> Self {
        Self::Lost(lost)
    }
}

impl From<Lost> for Input {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::Network => Self::NetworkError,
            Lost::TimedOut(phase) => Self::TimedOut(phase),
            Lost::Aborted => Self::Aborted,
        }
    }
}

async fn depart(
    request: &Request,
    send: &Send,
    waiter: &mut Waiter<'_>,
) -> Result<(Flight, Response), NoAnswer> {
    let Ok(flight) = Flight::new(send.clocks) else {
        return Err(NoAnswer::Lost(Lost::Network)); // every runtime has an AbortController
    };
    let target = send.target as u32;
    request.tell_attempt(send.attempt, target);
    let (hold_header, hold) = match (send.profile.hold_header(), send.hold) {
        (Some((name, in_secs)), Some(hold)) => (name, if in_secs { hold.as_secs() as f64 } else { f64::NAN }),
        _ => ("", f64::NAN),
    };
    let outgoing = request.outgoing(target, hold_header, hold);
    let outgoing = flight.in_time(waiter, outgoing).await?.map_err(NoAnswer::Threw)?;
    let outgoing: Outgoing = outgoing.unchecked_into();
    #[cfg(feature = "panic-on-purpose")]
    assert!(!outgoing.url().contains("panic-on-purpose"), "on purpose");
    let response = flight.send(waiter, outgoing).await?;
    request.landed(send.attempt, &response);
    Ok((flight, response))
}

async fn read(
    request: &Request,
    mut flight: Flight,
    response: &Response,
    limit: Option<u32>,
    waiter: &mut Waiter<'_>,
) -> Input {
    let pieces = Array::new();
    match flight.read(waiter, response, limit, &pieces).await {
        Err(Lost::Aborted) => Input::Aborted,
        // An error body that was cut has still said something.
        Err(lost) if limit.is_none() || pieces.length() == 0 => lost.into(),
        _ => Input::Body(request.incoming(&pieces, response, limit.is_none()).into()),
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
    Head { status: response.status(), floor: hint::floor(hints, clock::unix_now_ms()) }
}
