//! The cold-start gate, a single-flight lock on "is the model up?": one leader probes, the other calls wait until it
//! gets through.
//!
//! A cold model is no error, and more requests do not bring it up sooner. The first call to hear that the model is
//! loading goes on with its own payload, at the intervals of [`ColdStart`](super::probing::ColdStart); every other call
//! waits. Any answer that does not say "loading" ends the cold start, so that calls do not wait on when the leader meets a
//! full server at wake-up. A lost leader is replaced when its lease has run out.
//!
//! A port that refuses connections is, for a while, an engine that is still starting: most engines open theirs only
//! when the model is loaded.

mod cold;
mod ends;
mod fleet;
mod lead;
mod port;
mod reports;
mod sightings;

use crate::core::time::{Duration, Instant};
use cold::Cold;
pub use port::Closed;
pub use reports::{ClosedPort, ColdReport, ColdSighting, Refusal};

/// What is known about whether a model is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Temperature {
    /// Nothing was answered yet.
    Unknown,
    /// The model is loading, and one call probes it.
    Cold,
    /// The model has just come up, and calls are admitted little by little.
    Warming,
    /// The last answer came from a model that is up.
    Warm,
}

/// What a call does next that found the model loading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Probe after this long.
    Lead(Duration),
    /// Wait until the leader gets through. Where there is no leader, because others find the model up, try again
    /// alone after a while.
    Follow,
    /// Others may find the model up, and one of them probes soon: try again alone after a while.
    Apart,
}

/// The gate of one target.
#[derive(Clone, Debug, Default)]
pub struct Gate {
    /// Set from the first refusal to the first answer of any kind.
    closed: Option<Closed>,
    /// How many reports in a row said that the model is cold and were not believed.
    denied: u32,
    cold: Option<Cold>,
    /// When the newest request was sent that did not find the model loading.
    warm: Option<Instant>,
    /// The sleep before the last probe.
    slept: Duration,
    /// How long the last cold start took, and when it was over.
    last: Option<(Duration, Instant)>,
    /// A status of the target has contradicted a payload, or was none.
    pub tells_nothing: bool,
}

impl Gate {
    /// Calls wait for the leader.
    pub fn is_cold(&self) -> bool {
        self.cold.is_some()
    }

    /// The model has answered before.
    pub fn was_warm(&self) -> bool {
        self.warm.is_some()
    }

    /// The target has answered a request that was sent after `then`.
    pub fn has_answered_since(&self, then: Instant) -> bool {
        self.warm.is_some_and(|warm| warm > then)
    }

    /// A probe is in flight, without a result so far.
    pub fn is_probing(&self) -> bool {
        self.cold.is_some_and(|cold| cold.sent.is_some())
    }
}

#[cfg(test)]
mod tests;
