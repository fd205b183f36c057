//! What an answer means: from status, headers, body and profile to a code, a layer and a retry class.
//!
//! The body is read before the status, because servers use one status for opposite things: a 400 of the inference
//! toolkit can be an out-of-memory error, a 429 of TGI a full server and no rate limit, a 500 a gateway that gave up,
//! a 200 an error. The samples behind these rules are in `tests/mock-hf/samples.json`, and each is a case of the
//! native tests.

mod phrases;

use super::failure::{Code, Layer};
use super::hint::{self, Now};
use super::target::Profile;
use super::time::Duration;
use phrases::Phrases;
pub(super) use phrases::{any, find};

/// What a body says: see [`body`](super::body).
#[derive(Clone, Debug, Default)]
pub struct Body {
    /// JSON, as an engine answers. HTML, plain text and an empty body come from a proxy.
    pub of_engine: bool,
    /// HTML, from a proxy.
    pub is_page: bool,
    /// A success that does not have the form that the caller asked for.
    pub unexpected: bool,
    /// The body reports a failure, whatever the status is: see `Said::is_failure` in `dialect/said.rs`.
    pub is_error: bool,
    /// The body is complete, and another attempt would bring the same.
    pub is_final: bool,
    /// Everything that the body says in words, in lower case: `error`, `message`, `detail`, `warnings`.
    pub text: Vec<u8>,
    /// `error_type`, or the `type` and `code` of an error object, in lower case.
    pub kind: Vec<u8>,
    /// The status that the body names.
    pub status: Option<u16>,
    /// `estimated_time`, if it is a plausible number.
    pub estimate: Option<Duration>,
    /// When to come back, as a wait and as a Unix time in ms.
    pub wait: Option<Duration>,
    /// A Unix time in ms, if the body names a time and no span.
    pub until_ms: Option<u64>,
    /// The words of the body as they were written, to show them.
    pub detail: Vec<u8>,
}

impl Body {
    /// The longest wait that the body names: Google's `retryDelay` is its message cut to whole seconds.
    pub fn wait(&self, now: Now) -> Option<Duration> {
        let until = self.until_ms.and_then(|at| now.until(at));
        // A page speaks to all visitors: "please try again in 30 seconds".
        let words = if self.is_page { None } else { hint::in_words(&self.text, now) };
        self.wait.max(until).max(words)
    }
}

/// How often an answer of this kind is worth another attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryClass {
    /// Another attempt would bring the same.
    Never,
    /// At most once more: the work may be done and billed, or may fail the same way.
    Once,
    /// As often as the policy allows.
    Standard,
    /// No error: the model is on its way.
    AfterLoading,
    /// The same, if the answer came at once: the gateway found the engine's port closed, or says no more than that it
    /// has no engine. `is_explicit` is false in the latter case.
    AfterOpening {
        /// The gateway says that it found the port closed.
        is_explicit: bool,
    },
}

/// What an answer means that is not what the caller asked for, or what the lack of an answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Classification {
    /// What went wrong.
    pub code: Code,
    /// Where it went wrong.
    pub layer: Layer,
    /// How often another attempt is worthwhile.
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
    /// A job that ran and failed. It may be billed, and nothing says that another run ends in another way.
    const JOB: Self = Self::new(Code::EngineFailure, Layer::Compute, RetryClass::Never);
    const BAD_REQUEST: Self = Self::new(Code::BadRequest, Layer::Client, RetryClass::Never);
    const UNAUTHORIZED: Self = Self::new(Code::Unauthorized, Layer::Account, RetryClass::Never);
    const FORBIDDEN: Self = Self::new(Code::Forbidden, Layer::Account, RetryClass::Never);
    const NOT_FOUND: Self = Self::new(Code::NotFound, Layer::Client, RetryClass::Never);
    const TOO_LARGE: Self = Self::new(Code::TooLarge, Layer::Client, RetryClass::Never);
    const PAUSED: Self = Self::new(Code::Paused, Layer::Compute, RetryClass::Never);
    const CREDITS: Self = Self::new(Code::CreditsExhausted, Layer::Account, RetryClass::Never);
    /// A gateway without an engine behind it.
    const CLOSED: Self =
        Self::new(Code::Unavailable, Layer::Gateway, RetryClass::AfterOpening { is_explicit: true });
    /// No answer: the connection was refused, reset or cut.
    pub const NETWORK: Self = Self::new(Code::Network, Layer::Network, RetryClass::Standard);
    /// A redirect that is not followed.
    pub const ASTRAY: Self = Self::new(Code::BadResponse, Layer::Gateway, RetryClass::Never);
    /// A stream without its end, after a clean close or a reset.
    pub const TRUNCATED: Self = Self::new(Code::StreamTruncated, Layer::Network, RetryClass::Standard);
}

impl Classification {
    /// The classification of an answer that took this long. If a gateway, a worker or a connection fails after more than
    /// a second, the work may be done and billed, or the next attempt may fail in the same way: one more at most. gunicorn
    /// reports its own timeout by a page.
    pub fn after(self, took: Duration, is_page: bool) -> Self {
        let breaks = match self.code {
            // Cut, or ended without what the caller asked for.
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

/// No engine has begun to work within this time.
pub const AT_ONCE: Duration = Duration::from_secs(1);

/// `None` means an answer to hand over.
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

/// A failure inside a success: judged by the status that it names, else by its words, else by its names.
fn inside(profile: Profile, body: &Body) -> Classification {
    let phrases = Phrases { text: &body.text, kind: &body.kind };
    match body.status {
        Some(status) => of_status(status, profile, body),
        None if body.estimate.is_some() => Classification::LOADING,
        None => phrases
            .meaning()
            .or_else(|| Some(of_status(phrases.status()?, profile, body)))
            .or_else(|| phrases.named())
            .unwrap_or(if body.is_final { Classification::JOB } else { Classification::ENGINE }),
    }
}

fn of_status(status: u16, profile: Profile, body: &Body) -> Classification {
    let phrases = Phrases { text: &body.text, kind: &body.kind };
    let at_endpoint = profile == Profile::Endpoint;
    // These are uvicorn's own words: an engine without a proxy before it.
    let of_uvicorn = !body.is_page && body.text == b"service unavailable";
    let layer = if of_uvicorn { Layer::Compute } else { speaker(body) };
    let unavailable = Classification::new(Code::Unavailable, layer, RetryClass::Standard);
    // A 424 of SageMaker or Bedrock names the status of the model's own server.
    let own = body.status.filter(|own| status == 424 && *own < 500);
    match own.unwrap_or(status) {
        // The redirect was not followed, because that was not safe.
        300..=399 => Classification::ASTRAY,
        400 if phrases.unsupported_model() => Classification::NOT_FOUND,
        400 if at_endpoint && phrases.invalid_state() => Classification::PAUSED,
        400 if phrases.out_of_memory() => Classification::OUT_OF_MEMORY,
        400 if phrases.bad_token() => Classification::UNAUTHORIZED,
        400 | 401 | 403 | 412 | 429 if phrases.out_of_credits() => Classification::CREDITS,
        // NVIDIA's NIM, and the AI gateway of Cloudflare.
        400 if phrases.say("degraded function|failed to get response from provider") => unavailable,
        // MLServer, while KServe scales from zero.
        400 if phrases.not_ready() => Classification::LOADING,
        401 => Classification::UNAUTHORIZED,
        402 => Classification::CREDITS,
        // A page instead of an answer, such as a challenge, comes from a proxy that never asked the server.
        403 if body.is_page => Classification::new(Code::BadResponse, Layer::Gateway, RetryClass::Never),
        // GitHub's style.
        403 if phrases.rate_limited() && !phrases.never_allowed() => Classification::RATE_LIMITED,
        403 => Classification::FORBIDDEN,
        404 => Classification::NOT_FOUND,
        // LiteLLM, about its engine.
        408 if phrases.timed_out() => Classification::GATEWAY_TIMEOUT,
        // A conflict, or too early: temporary.
        408 | 409 | 425 | 499 => unavailable,
        410 => Classification::new(Code::Gone, Layer::Client, RetryClass::Never),
        413 => Classification::TOO_LARGE,
        422 if phrases.overloaded() => Classification::OVERLOADED,
        // Often an out-of-memory error, which will happen again.
        424 => Classification::OUT_OF_MEMORY,
        429 if phrases.too_large() => Classification::TOO_LARGE,
        429 if phrases.overloaded() => Classification::OVERLOADED,
        // Bedrock.
        429 if phrases.loading() => Classification::LOADING,
        429 => Classification::RATE_LIMITED,
        // Groq: the flex tier has no capacity.
        498 if phrases.say("blocked") => Classification::BAD_REQUEST,
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
        // Caddy sends an empty body.
        502 if body.text.is_empty() && !body.of_engine => Classification::CLOSED,
        502 | 503 if phrases.closed() => Classification::CLOSED,
        // Cloudflare: the web server is down, or cannot be reached.
        521 | 523 => Classification::CLOSED,
        // Cloudflare's 524: the origin took longer than 120 s.
        504 | 524 => Classification::GATEWAY_TIMEOUT,
        530 if phrases.closed() => Classification::CLOSED,
        // Pages of ingress-nginx, AWS's balancer and others that have no server to ask.
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
