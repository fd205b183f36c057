//! Decides, and does nothing else: no IO, no clock, no source of randomness, no JavaScript type.
//!
//! Time is an argument, the seed of the jitter is an argument, and an answer is plain data, so minutes of waiting run in
//! microseconds in a native test.
//!
//! - [`call`] is the state machine of one call. [`target`] resolves where it goes and [`policy`] says how patient it is.
//!   [`deadline`] holds the clocks of an attempt, [`backoff`] the waits between attempts. [`failure`] and [`record`] are
//!   what comes out.
//! - [`body`] and [`stream`] read an answer by its [`dialect`], [`classify`] says what it means, [`hint`] how long the server
//!   asks to wait.
//! - [`admission`] holds what the calls of a client share: for each target the cold-start gate, the circuit breaker, the
//!   retry budget, the limiter and its queue; for each origin the connections.
//! - [`stats`] counts, and raises alerts.

#![forbid(unsafe_code)]
#![warn(missing_docs)]
// A panic in an async export leaves a promise that never settles.
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod admission;
pub mod backoff;
pub mod body;
pub mod call;
pub mod classify;
pub mod completion;
pub mod deadline;
pub mod dialect;
pub mod failure;
pub mod hint;
pub mod json;
pub mod policy;
pub mod record;
pub mod rng;
pub mod sse;
pub mod stats;
pub mod stream;
pub mod target;
pub mod time;
