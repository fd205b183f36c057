//! How a call fails: a code, a layer and a clock, as plain data.

use super::time::Duration;

/// What went wrong. The names are the `code` strings of the public `QueryError`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Code {
    ModelLoading,
    RateLimited,
    Overloaded,
    Unavailable,
    GatewayTimeout,
    Timeout,
    Network,
    EngineFailure,
    StreamTruncated,
    StreamError,
    BadResponse,
    /// Not sent: the circuit is open.
    CircuitOpen,
    /// Not sent: too many calls are queued, or this call would wait too long.
    QueueFull,
    BadRequest,
    TooLarge,
    Unauthorized,
    Forbidden,
    CreditsExhausted,
    NotFound,
    Gone,
    Paused,
}

impl Code {
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
    Connect,
    FirstByte,
    Idle,
    Attempt,
    Total,
}

impl Phase {
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
    pub code: Code,
    pub layer: Layer,
    pub phase: Option<Phase>,
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
