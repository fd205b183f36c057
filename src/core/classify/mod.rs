//! What an answer means: status, headers, body and profile to a code, a layer and a next step.
//!
//! The body comes before the status, because servers use one status for opposite things: a 400
//! of the inference toolkit can be an out-of-memory, a 429 of TGI a full server and not a rate
//! limit, a 500 a gateway that gave up, a 200 an error. The samples that these rules were made
//! from are in `tests/mock-hf/samples.json`, and each is a case of the native tests.

mod words;

use super::failure::{Code, Layer};
use super::target::Profile;
use super::time::Duration;
use words::Words;

/// What was read from a body. The host has parsed it; these are the parts that mean something.
#[derive(Clone, Debug, Default)]
pub struct Body {
    /// JSON, as an engine answers; HTML, plain text and nothing at all are a proxy's.
    pub of_engine: bool,
    /// A success that is not in the form that the caller asked for.
    pub unexpected: bool,
    /// A success that is an error and no result, or says `"status": "failed"`.
    pub is_error: bool,
    /// All that it says in words, in lower case: `error`, `message`, `detail`, `warnings`.
    pub text: String,
    /// `error_type`, or the `type` and `code` of an error object, in lower case.
    pub kind: String,
    /// `estimated_time`, if it is a plausible number.
    pub estimate: Option<Duration>,
}

/// How often an answer of this kind is worth another try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    Never,
    /// The work may be done and billed, or will fail the same way: one more at most.
    Once,
    /// As often as the policy says.
    Usual,
    /// Not an error at all: the model is on its way.
    WhenLoaded,
}

/// An answer, or the lack of one, that is not what the caller asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trouble {
    pub code: Code,
    pub layer: Layer,
    pub retry: Retry,
}

impl Trouble {
    const fn new(code: Code, layer: Layer, retry: Retry) -> Self {
        Self { code, layer, retry }
    }

    /// The model is on its way.
    const LOADING: Self = Self::new(Code::ModelLoading, Layer::Compute, Retry::WhenLoaded);
    const OVERLOADED: Self = Self::new(Code::Overloaded, Layer::Compute, Retry::Usual);
    const RATE_LIMITED: Self = Self::new(Code::RateLimited, Layer::Account, Retry::Usual);
    const GATEWAY_TIMEOUT: Self = Self::new(Code::GatewayTimeout, Layer::Gateway, Retry::Once);
    const OUT_OF_MEMORY: Self = Self::new(Code::EngineFailure, Layer::Compute, Retry::Once);
    const ENGINE: Self = Self::new(Code::EngineFailure, Layer::Compute, Retry::Usual);
    const BAD_REQUEST: Self = Self::new(Code::BadRequest, Layer::Client, Retry::Never);
    const UNAUTHORIZED: Self = Self::new(Code::Unauthorized, Layer::Account, Retry::Never);
    const NOT_FOUND: Self = Self::new(Code::NotFound, Layer::Client, Retry::Never);
    const PAUSED: Self = Self::new(Code::Paused, Layer::Compute, Retry::Never);
    const CREDITS: Self = Self::new(Code::CreditsExhausted, Layer::Account, Retry::Never);
    /// No answer: refused, reset, cut.
    pub const NETWORK: Self = Self::new(Code::Network, Layer::Network, Retry::Usual);
    /// A redirect that is not followed.
    pub const ASTRAY: Self = Self::new(Code::BadResponse, Layer::Gateway, Retry::Never);
    /// A stream without its end, by a clean close or a reset.
    pub const TRUNCATED: Self = Self::new(Code::StreamTruncated, Layer::Network, Retry::Usual);
}

/// `None` is an answer to hand over.
pub fn classify(status: u16, profile: Profile, body: &Body) -> Option<Trouble> {
    let words = Words { text: &body.text, kind: &body.kind };
    let at_endpoint = profile == Profile::Endpoint;
    let unavailable = Trouble::new(Code::Unavailable, speaker(body), Retry::Usual);
    Some(match status {
        200..=299 if body.is_error => in_words(body, &words).unwrap_or(Trouble::ENGINE),
        200..=299 if body.unexpected => Trouble::new(Code::BadResponse, speaker(body), Retry::Usual),
        200..=299 => return None,
        // Followed where that is safe; this one was not.
        300..=399 => Trouble::ASTRAY,
        400 if words.unsupported_model() => Trouble::NOT_FOUND,
        400 if at_endpoint && words.invalid_state() => Trouble::PAUSED,
        400 if words.out_of_memory() => Trouble::OUT_OF_MEMORY,
        400 if words.bad_token() => Trouble::UNAUTHORIZED,
        401 => Trouble::UNAUTHORIZED,
        402 => Trouble::CREDITS,
        403 => Trouble::new(Code::Forbidden, Layer::Account, Retry::Never),
        404 => Trouble::NOT_FOUND,
        408 | 499 => unavailable,
        410 => Trouble::new(Code::Gone, Layer::Client, Retry::Never),
        413 => Trouble::new(Code::TooLarge, Layer::Client, Retry::Never),
        422 if words.overloaded() => Trouble::OVERLOADED,
        // Often out of memory, and then it will be so again.
        424 => Trouble::OUT_OF_MEMORY,
        429 if words.overloaded() => Trouble::OVERLOADED,
        429 => Trouble::RATE_LIMITED,
        400..=499 => Trouble::BAD_REQUEST,
        500 if words.gave_up_waiting() => Trouble::GATEWAY_TIMEOUT,
        500 if words.out_of_memory() => Trouble::OUT_OF_MEMORY,
        500..=503 if body.estimate.is_some() => Trouble::LOADING,
        500 => Trouble::ENGINE,
        501 | 505 => Trouble::new(Code::EngineFailure, Layer::Compute, Retry::Never),
        503 if words.loading() => Trouble::LOADING,
        503 if words.overloaded() => Trouble::OVERLOADED,
        // The proxy of a scaled-to-zero endpoint: 503 by its docs, 502 before July 2025.
        502 | 503 if at_endpoint => Trouble::LOADING,
        // Cloudflare's 524: the origin took longer than 120 s.
        504 | 524 => Trouble::GATEWAY_TIMEOUT,
        529 => Trouble::OVERLOADED,
        503 => unavailable,
        _ => Trouble { layer: Layer::Gateway, ..unavailable },
    })
}

const fn speaker(body: &Body) -> Layer {
    if body.of_engine { Layer::Compute } else { Layer::Gateway }
}

/// An error that came with a status of success has only its words.
fn in_words(body: &Body, words: &Words<'_>) -> Option<Trouble> {
    [
        (body.estimate.is_some() || words.loading(), Trouble::LOADING),
        (words.overloaded(), Trouble::OVERLOADED),
        (words.out_of_memory(), Trouble::OUT_OF_MEMORY),
        (words.gave_up_waiting(), Trouble::GATEWAY_TIMEOUT),
        (words.rate_limited(), Trouble::RATE_LIMITED),
        (words.out_of_credits(), Trouble::CREDITS),
        (words.unsupported_model(), Trouble::NOT_FOUND),
        (words.bad_token(), Trouble::UNAUTHORIZED),
        (words.invalid_input(), Trouble::BAD_REQUEST),
    ]
    .into_iter()
    .find_map(|(holds, trouble)| holds.then_some(trouble))
}

#[cfg(test)]
mod tests;
