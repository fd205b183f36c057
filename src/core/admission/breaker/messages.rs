//! What a circuit is told and what it says: its rule and its state, how a call ended, and whether one may be sent.

use crate::core::admission::lease::CallId;
use crate::core::failure::{Code, Layer};
use crate::core::time::Duration;

/// When the circuit of a target opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// So many failures within the window open it, if they are three of four of the calls; so do as many
    /// consecutive timeouts.
    pub failures: u32,
    /// The window of the failures.
    pub window: Duration,
    /// How long the circuit stays open the first time. Doubled each time that the probe or the ramp fails.
    pub open: Duration,
    /// The same if only the network has failed, which may be the caller's own: a page is not always told that it is
    /// offline.
    pub of_network: Option<Duration>,
    /// The longest time that the circuit stays open.
    pub max_open: Duration,
}

impl Default for Rule {
    /// # Default
    ///
    /// 5 failures in 30 s; open for 15 s, doubled up to 300 s.
    fn default() -> Self {
        Self {
            failures: 5,
            window: Duration::from_secs(30),
            open: Duration::from_secs(15),
            of_network: None,
            max_open: Duration::from_secs(300),
        }
    }
}

/// The state of a circuit, as the public API names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Calls are sent.
    Closed,
    /// No call is sent until the target has had time to recover.
    Open,
    /// A probe is sent, or a few calls, until it is clear whether the target has recovered.
    HalfOpen,
}

/// What the end of an attempt says about the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The target works: it answered, or refused as a working server does.
    Success,
    /// The target failed. The layer says whether the failure may be the caller's own network.
    Failure(Layer),
    /// The target did not answer in time.
    Timeout(Layer),
    /// Unknown: the caller left.
    Ignored,
}

impl Verdict {
    /// The status decides before the code. An answer with 400 to 499 is about this request, even if it says that the
    /// server ran out of memory or of patience: the target works for other requests.
    pub const fn of(code: Code, layer: Layer, status: Option<u16>) -> Self {
        match code {
            _ if matches!(status, Some(300..=499)) => Self::Success,
            Code::Timeout => Self::Timeout(layer),
            Code::Unavailable
            | Code::GatewayTimeout
            | Code::Network
            | Code::EngineFailure
            | Code::StreamTruncated
            | Code::StreamError
            | Code::BadResponse => Self::Failure(layer),
            _ => Self::Success,
        }
    }
}

/// How a call that the circuit admitted has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// The call that was admitted.
    pub call: CallId,
    /// The generation in which it was admitted.
    pub generation: u32,
    /// What its end says about the target.
    pub verdict: Verdict,
    /// What the others in flight count against the failures: one each, or as much as a success where the target works on
    /// them. They may still succeed, because failures come sooner than answers.
    pub others: u32,
}

/// Whether a call may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Send it.
    Granted,
    /// The circuit is open, for this long.
    Denied(Duration),
}
