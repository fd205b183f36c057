//! How a call fails: a code, a layer and a clock, as plain data.

use super::time::Duration;

/// What went wrong. The names are the `code` strings of the public `QueryError`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Code {
    /// The model is being loaded, and was not up when the wait for it had to end.
    ModelLoading,
    /// The server says that requests come too fast, or that a quota of requests is used up. Usually a 429.
    RateLimited,
    /// The server says that it is full.
    Overloaded,
    /// A gateway found no working server behind it. Usually a 502 or a bare 503.
    Unavailable,
    /// A gateway gave up waiting for the server. The work may be done and billed.
    GatewayTimeout,
    /// A clock of this program ran out; [`Phase`] says which.
    Timeout,
    /// There was no answer: no connection, or one that broke before the answer was complete.
    Network,
    /// The model or its server failed at this request: a crash, or memory that ran out.
    EngineFailure,
    /// The connection ended and no event said that the stream is complete.
    StreamTruncated,
    /// The server sent an error as an event, after the reader had part of the answer.
    StreamError,
    /// A success that is not an answer: a page, broken JSON, or a redirect that is not followed.
    BadResponse,
    /// Not sent: the circuit is open.
    CircuitOpen,
    /// Not sent: too many calls are queued, or this call would wait too long.
    QueueFull,
    /// The server rejects the input. Another attempt would be rejected too.
    BadRequest,
    /// The input is longer than the model or the server takes.
    TooLarge,
    /// The token is missing or wrong. Usually a 401.
    Unauthorized,
    /// The token is right, and does not allow this. Usually a 403.
    Forbidden,
    /// The account has no credits left. Usually a 402.
    CreditsExhausted,
    /// There is no such model or route. Usually a 404.
    NotFound,
    /// The model was served before and is not any more. A 410.
    Gone,
    /// Somebody has paused the endpoint, and has to resume it: no wait helps.
    Paused,
}

impl Code {
    /// The public `code`. Callers compare it, so it never changes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ModelLoading => "model_loading",
            Self::RateLimited => "rate_limited",
            Self::Overloaded => "overloaded",
            Self::Unavailable => "unavailable",
            Self::GatewayTimeout => "gateway_timeout",
            Self::Timeout => "timeout",
            Self::Network => "network",
            Self::EngineFailure => "engine_failure",
            Self::StreamTruncated => "stream_truncated",
            Self::StreamError => "stream_error",
            Self::BadResponse => "bad_response",
            Self::CircuitOpen => "circuit_open",
            Self::QueueFull => "queue_full",
            Self::BadRequest => "bad_request",
            Self::TooLarge => "too_large",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::CreditsExhausted => "credits_exhausted",
            Self::NotFound => "not_found",
            Self::Gone => "gone",
            Self::Paused => "paused",
        }
    }

    /// The same call may succeed later, unchanged.
    pub const fn retryable(self) -> bool {
        matches!(
            self,
            Self::ModelLoading
                | Self::RateLimited
                | Self::Overloaded
                | Self::Unavailable
                | Self::GatewayTimeout
                | Self::Timeout
                | Self::Network
                | Self::EngineFailure
                | Self::StreamTruncated
                | Self::StreamError
                | Self::BadResponse
                | Self::CircuitOpen
                | Self::QueueFull
        )
    }

    /// Another target may do better. Not with the same bad token or the same bad payload.
    pub const fn may_fall_back(self) -> bool {
        !matches!(self, Self::Unauthorized | Self::Forbidden | Self::BadRequest | Self::TooLarge)
    }
}

/// Where the failure was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layer {
    /// This program: what it sent cannot work.
    Client,
    /// The network on the way.
    Network,
    /// A proxy between the program and the model.
    Gateway,
    /// The model and its server.
    Compute,
    /// The account: token, credits, rate.
    Account,
}

impl Layer {
    /// The public `layer`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Network => "network",
            Self::Gateway => "gateway",
            Self::Compute => "compute",
            Self::Account => "account",
        }
    }
}

/// The clock that ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Queued until the call had no time left.
    Queue,
    /// `loading.maxWaitMs`.
    Wait,
    /// `timeouts.connectMs`: no headers came, and the origin did not answer when it was asked.
    Connect,
    /// `timeouts.firstByteMs`, or a clock of the platform before the headers.
    FirstByte,
    /// `timeouts.idleMs`: the body stopped coming.
    Idle,
    /// `timeouts.attemptMs`: one attempt took too long.
    Attempt,
    /// `timeouts.totalMs`: the call has no time left.
    Total,
}

impl Phase {
    /// The public `phase`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Wait => "wait",
            Self::Connect => "connect",
            Self::FirstByte => "first_byte",
            Self::Idle => "idle",
            Self::Attempt => "attempt",
            Self::Total => "total",
        }
    }

    /// The layer that was too slow, as far as `fetch` shows it.
    ///
    /// The headers of a call that is not streamed come after the generation, so silence before the first byte, and an
    /// attempt that takes too long, are due to the model. Once the bytes flow, the answer is complete on the server,
    /// and a gap between them is due to the network; between the events of a stream a gap is due to the model again.
    /// The headers of a stream come before any work.
    pub const fn layer(self, streaming: bool) -> Layer {
        match self {
            Self::Connect => Layer::Network,
            Self::Idle if !streaming => Layer::Network,
            _ => Layer::Compute,
        }
    }
}

/// Why a call has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What went wrong.
    pub code: Code,
    /// Where it went wrong. One code may come from different layers.
    pub layer: Layer,
    /// The clock that ran out. `None` if the call failed for another reason.
    pub phase: Option<Phase>,
    /// The HTTP status of the last answer. `None` if there was none.
    pub status: Option<u16>,
    /// The wait that the server asked for with its last answer.
    pub retry_after: Option<Duration>,
}

impl Failure {
    /// The same call may succeed later without a change. Not after a redirect that cannot be followed, nor if the
    /// server does not know the method, nor if a stream says that the input is wrong.
    pub const fn retryable(&self) -> bool {
        self.code.retryable()
            && !matches!(self.status, Some(300..=399 | 501 | 505))
            && !matches!(self.layer, Layer::Client)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_retryable_unless_its_code_its_status_or_its_layer_says_that_it_comes_again() {
        let failure = |code, layer, status| Failure { code, layer, phase: None, status, retry_after: None };
        for (code, layer, status, is_retryable) in [
            (Code::Unavailable, Layer::Gateway, Some(503), true),
            (Code::Unavailable, Layer::Gateway, None, true),
            (Code::BadRequest, Layer::Gateway, Some(503), false),
            (Code::EngineFailure, Layer::Compute, Some(500), true),
            (Code::EngineFailure, Layer::Compute, Some(501), false),
            (Code::EngineFailure, Layer::Compute, Some(505), false),
            (Code::BadResponse, Layer::Gateway, Some(302), false),
            (Code::StreamError, Layer::Client, Some(200), false),
        ] {
            let failure = failure(code, layer, status);
            assert_eq!(failure.retryable(), is_retryable, "{failure:?}");
        }
    }
}
