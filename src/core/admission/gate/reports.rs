//! What calls report to the gate: a loading answer, or a closed port.

use crate::core::admission::lease::CallId;
use crate::core::admission::probing::LoadingAnswer;
use crate::core::time::{Duration, Instant};

/// A connection that was refused.
#[derive(Clone, Copy, Debug)]
pub struct Refusal {
    /// The platform or the gateway says so; it is no guess.
    pub is_explicit: bool,
    /// How long a refusal is taken for a start.
    pub patience: Duration,
}

/// A loading answer, as the call that got it reports it.
#[derive(Clone, Copy, Debug)]
pub struct ColdSighting {
    /// When the request was sent.
    pub started: Instant,
    /// What the answer says about the wait.
    pub answer: LoadingAnswer,
    /// The estimate for an answer that names none, if the caller set one.
    pub default_wait: Option<Duration>,
    /// The model is up, but its server is full.
    pub full: bool,
    /// No other request was in flight meanwhile.
    pub is_alone: bool,
    /// The same call has seen it before.
    pub again: bool,
}

/// A closed port, as the call that met it reports it.
#[derive(Clone, Copy, Debug)]
pub struct ClosedPort {
    /// What the call would report of a loading answer.
    pub seen: ColdSighting,
    /// How sure it is, and for how long it is patient.
    pub refusal: Refusal,
}

/// A sighting, with what the target knows besides.
#[derive(Clone, Copy, Debug)]
pub struct ColdReport {
    /// The call that reports it.
    pub call: CallId,
    /// What it saw.
    pub seen: ColdSighting,
    /// See [`ProbeContext`](crate::core::admission::probing::ProbeContext).
    pub uncoordinated: bool,
    /// Other calls were answered just before.
    pub is_doubtful: bool,
    /// How many other calls wait in the queue.
    pub waiters: usize,
    /// One of them leads, if there is one.
    pub yields: bool,
    /// How long the call's next attempt may take.
    pub attempt: Duration,
    /// How long the lead lasts; by default until the call's next attempt is over.
    pub until: Option<Instant>,
}
