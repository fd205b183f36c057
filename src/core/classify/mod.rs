//! What an answer means: status, headers, body and profile to a code, a layer and a next step.
//!
//! The body comes before the status, because servers use one status for opposite things: a 400
//! of the inference toolkit can be an out-of-memory, a 429 of TGI a full server and not a rate
//! limit, a 500 a gateway that gave up, a 200 an error. The samples that these rules were made
//! from are in `tests/mock-hf/samples.json`, and each is a case of the native tests.

mod phrases;

use super::failure::{Code, Layer};
use super::hint::{self, Now};
use super::target::Profile;
use super::time::Duration;
use phrases::Phrases;
pub(super) use phrases::find;

/// What was read from a body: see [`body`](super::body).
#[derive(Clone, Debug, Default)]
pub struct Body {
    /// JSON, as an engine answers; HTML, plain text and nothing at all are a proxy's.
    pub of_engine: bool,
    /// HTML, of a proxy.
    pub is_page: bool,
    /// A success that is not in the form that the caller asked for.
    pub unexpected: bool,
    /// It tells of a failure, whatever its status.
    pub is_error: bool,
    /// It is complete, and another try would bring the same.
    pub is_final: bool,
    /// All that it says in words, in lower case: `error`, `message`, `detail`, `warnings`.
    pub text: Vec<u8>,
    /// `error_type`, or the `type` and `code` of an error object, in lower case.
    pub kind: Vec<u8>,
    /// The status that it names.
    pub status: Option<u16>,
    /// `estimated_time`, if it is a plausible number.
    pub estimate: Option<Duration>,
    /// When to come back, and the same as a Unix time in ms.
    pub wait: Option<Duration>,
    pub until_ms: Option<u64>,
    /// What it says in words, as it was written, to be shown.
    pub detail: Vec<u8>,
}

impl Body {
    /// The longest wait that it names: Google's `retryDelay` is its message cut to whole seconds.
    pub fn wait(&self, now: Now) -> Option<Duration> {
        let until = self.until_ms.and_then(|at| now.until(at));
        // What a page says is said to everybody: "please try again in 30 seconds".
        let words = if self.is_page { None } else { hint::in_words(&self.text, now) };
        self.wait.max(until).max(words)
    }
}

/// How often an answer of this kind is worth another try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryClass {
    Never,
    /// The work may be done and billed, or will fail the same way: one more at most.
    Once,
    /// As often as the policy says.
    Standard,
    /// Not an error at all: the model is on its way.
    AfterLoading,
    /// Likewise, if it came at once: the gateway found the engine's port closed, or says no more than that it has none.
    AfterOpening {
        is_explicit: bool,
    },
}

/// An answer, or the lack of one, that is not what the caller asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Classification {
    pub code: Code,
    pub layer: Layer,
    pub retry: RetryClass,
}

impl Classification {
    const fn new(code: Code, layer: Layer, retry: RetryClass) -> Self {
        Self { code, layer, retry }
    }

    /// The model is on its way.
    const LOADING: Self = Self::new(Code::ModelLoading, Layer::Compute, RetryClass::AfterLoading);
    const OVERLOADED: Self = Self::new(Code::Overloaded, Layer::Compute, RetryClass::Standard);
    const RATE_LIMITED: Self = Self::new(Code::RateLimited, Layer::Account, RetryClass::Standard);
    const GATEWAY_TIMEOUT: Self = Self::new(Code::GatewayTimeout, Layer::Gateway, RetryClass::Once);
    const OUT_OF_MEMORY: Self = Self::new(Code::EngineFailure, Layer::Compute, RetryClass::Once);
    const ENGINE: Self = Self::new(Code::EngineFailure, Layer::Compute, RetryClass::Standard);
    const BAD_REQUEST: Self = Self::new(Code::BadRequest, Layer::Client, RetryClass::Never);
    const UNAUTHORIZED: Self = Self::new(Code::Unauthorized, Layer::Account, RetryClass::Never);
    const FORBIDDEN: Self = Self::new(Code::Forbidden, Layer::Account, RetryClass::Never);
    const NOT_FOUND: Self = Self::new(Code::NotFound, Layer::Client, RetryClass::Never);
    const TOO_LARGE: Self = Self::new(Code::TooLarge, Layer::Client, RetryClass::Never);
    const PAUSED: Self = Self::new(Code::Paused, Layer::Compute, RetryClass::Never);
    const CREDITS: Self = Self::new(Code::CreditsExhausted, Layer::Account, RetryClass::Never);
    /// A gateway behind which nobody listens.
    const CLOSED: Self =
        Self::new(Code::Unavailable, Layer::Gateway, RetryClass::AfterOpening { is_explicit: true });
    /// No answer: refused, reset, cut.
    pub const NETWORK: Self = Self::new(Code::Network, Layer::Network, RetryClass::Standard);
    /// A redirect that is not followed.
    pub const ASTRAY: Self = Self::new(Code::BadResponse, Layer::Gateway, RetryClass::Never);
    /// A stream without its end, by a clean close or a reset.
    pub const TRUNCATED: Self = Self::new(Code::StreamTruncated, Layer::Network, RetryClass::Standard);
}

impl Classification {
    /// As it is after so long: a gateway, a worker or a connection that breaks after seconds broke off work that may
    /// be done and billed, or will break it again. gunicorn tells of its own time-out by a page.
    pub fn after(self, took: Duration, is_page: bool) -> Self {
        let breaks = match self.code {
            // Cut, or ended without what was asked for.
            Code::Network | Code::StreamTruncated | Code::BadResponse => true,
            Code::Unavailable => self.layer == Layer::Gateway,
            Code::EngineFailure => is_page,
            _ => false,
        };
        let may_be_done = took > AT_ONCE && breaks;
        match self.retry {
            RetryClass::Standard | RetryClass::AfterOpening { .. } if may_be_done => {
                Self { retry: RetryClass::Once, ..self }
            }
            _ => self,
        }
    }
}

/// No engine has begun to work so soon.
pub const AT_ONCE: Duration = Duration::from_secs(1);

/// `None` is an answer to hand over.
pub fn classify(status: u16, profile: Profile, body: &Body) -> Option<Classification> {
    match status {
        200..=299 if body.is_error => Some(inside(profile, body)),
        200..=299 if body.unexpected => {
            let retry = if body.is_final { RetryClass::Never } else { RetryClass::Standard };
            Some(Classification::new(Code::BadResponse, speaker(body), retry))
        }
        200..=299 => None,
        _ => Some(of_status(status, profile, body)),
    }
}

/// A failure that came with a status of success: the status that it names, else its words, else its names.
fn inside(profile: Profile, body: &Body) -> Classification {
    let phrases = Phrases { text: &body.text, kind: &body.kind };
    match body.status {
        Some(status) => of_status(status, profile, body),
        None if body.estimate.is_some() => Classification::LOADING,
        None => phrases.meaning().or_else(|| phrases.named()).unwrap_or(Classification::ENGINE),
    }
}

fn of_status(status: u16, profile: Profile, body: &Body) -> Classification {
    let phrases = Phrases { text: &body.text, kind: &body.kind };
    let at_endpoint = profile == Profile::Endpoint;
    // uvicorn's own words, of an engine without anything before it.
    let of_uvicorn = !body.is_page && body.text == b"service unavailable";
    let layer = if of_uvicorn { Layer::Compute } else { speaker(body) };
    let unavailable = Classification::new(Code::Unavailable, layer, RetryClass::Standard);
    match status {
        // Followed where that is safe; this one was not.
        300..=399 => Classification::ASTRAY,
        400 if phrases.unsupported_model() => Classification::NOT_FOUND,
        400 if at_endpoint && phrases.invalid_state() => Classification::PAUSED,
        400 if phrases.out_of_memory() => Classification::OUT_OF_MEMORY,
        400 if phrases.bad_token() => Classification::UNAUTHORIZED,
        400 | 401 | 403 | 429 if phrases.out_of_credits() => Classification::CREDITS,
        // MLServer, while KServe scales from zero.
        400 if phrases.not_ready() => Classification::LOADING,
        401 => Classification::UNAUTHORIZED,
        402 => Classification::CREDITS,
        // A page in its place, such as a challenge, is of a proxy that never asked the server.
        403 if body.is_page => Classification::new(Code::BadResponse, Layer::Gateway, RetryClass::Never),
        // GitHub's style.
        403 if phrases.rate_limited() => Classification::RATE_LIMITED,
        403 => Classification::FORBIDDEN,
        404 => Classification::NOT_FOUND,
        // LiteLLM's own, of its engine.
        408 if phrases.timed_out() => Classification::GATEWAY_TIMEOUT,
        // A conflict, too early: of the moment.
        408 | 409 | 425 | 499 => unavailable,
        410 => Classification::new(Code::Gone, Layer::Client, RetryClass::Never),
        413 => Classification::TOO_LARGE,
        422 if phrases.overloaded() => Classification::OVERLOADED,
        // Often out of memory, and then it will be so again.
        424 => Classification::OUT_OF_MEMORY,
        429 if phrases.too_large() => Classification::TOO_LARGE,
        429 if phrases.overloaded() => Classification::OVERLOADED,
        // Bedrock.
        429 if phrases.loading() => Classification::LOADING,
        429 => Classification::RATE_LIMITED,
        // Groq: no room in the flex tier.
        498 => Classification::OVERLOADED,
        400..=499 => Classification::BAD_REQUEST,
        500 if phrases.engine_failed() => Classification::ENGINE,
        500 if phrases.gave_up_waiting() => Classification::GATEWAY_TIMEOUT,
        500 if phrases.out_of_memory() => Classification::OUT_OF_MEMORY,
        500..=503 if body.estimate.is_some() => Classification::LOADING,
        500 | 502 | 503 if phrases.loading() => Classification::LOADING,
        500 if phrases.invalid_input() => Classification::BAD_REQUEST,
        500 if phrases.unreached() => Classification::CLOSED,
        500 => Classification::ENGINE,
        501 if phrases.unsupported_task() => Classification::NOT_FOUND,
        501 | 505 => Classification::new(Code::EngineFailure, Layer::Compute, RetryClass::Never),
        503 if phrases.overloaded() => Classification::OVERLOADED,
        502 | 503 if phrases.timed_out() => Classification::GATEWAY_TIMEOUT,
        // The proxy of a scaled-to-zero endpoint: 503 by its docs, 502 before July 2025.
        502 | 503 if at_endpoint => Classification::LOADING,
        // Caddy says nothing at all.
        502 if body.text.is_empty() && !body.of_engine => Classification::CLOSED,
        502 | 503 if phrases.closed() => Classification::CLOSED,
        // Cloudflare: the web server is down, or cannot be reached.
        521 | 523 => Classification::CLOSED,
        // Cloudflare's 524: the origin took longer than 120 s.
        504 | 524 => Classification::GATEWAY_TIMEOUT,
        530 if phrases.closed() => Classification::CLOSED,
        // Of ingress-nginx, of AWS's balancer and others, that have nobody to ask.
        503 if body.is_page => {
            Classification { retry: RetryClass::AfterOpening { is_explicit: false }, ..unavailable }
        }
        529 => Classification::OVERLOADED,
        503 => unavailable,
        _ => Classification { layer: Layer::Gateway, ..unavailable },
    }
}

const fn speaker(body: &Body) -> Layer {
    if body.of_engine { Layer::Compute } else { Layer::Gateway }
}

#[cfg(test)]
mod tests;
