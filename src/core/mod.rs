//! Decides, and does nothing else: no IO, no clock, no source of randomness, no JavaScript type.
//!
//! Time is an argument, the seed of the jitter is an argument, and what a server answered is
//! plain data, so minutes of waiting run in microseconds in a native test. The way through the
//! rooms: [`target`] says where a call goes, [`policy`] how patient it is, [`call`] is the state
//! machine that ties them together, asking [`body`] and [`stream`] what an answer says by its [`dialect`], [`classify`] what that means, [`hint`] what the
//! server asked for, [`loading`] and [`backoff`] how long to wait, [`deadline`] which clock runs
//! out next. [`failure`] and [`record`] are what comes out.
//!
//! What calls share goes through one door, [`shared`]: of each target a [`coordinator`], which
//! holds the [`gate`] of a cold start, the circuit [`breaker`] and the retry [`budget`], beside the
//! [`limiter`] and its [`queue`]; what targets of one origin share are its [`connections`].

#![forbid(unsafe_code)]
// A panic in an async export leaves a promise that never settles.
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod alert;
pub mod backoff;
pub mod body;
pub mod breaker;
pub mod budget;
pub mod call;
pub mod classify;
pub mod completion;
pub mod connections;
pub mod coordinator;
pub mod deadline;
pub mod dialect;
pub mod failure;
pub mod gate;
pub mod hint;
pub mod json;
pub mod keys;
pub mod lease;
pub mod limiter;
pub mod loading;
pub mod policy;
pub mod queue;
pub mod record;
pub mod rng;
pub mod shared;
pub mod sketch;
pub mod sse;
pub mod stats;
pub mod stream;
pub mod target;
pub mod time;
pub mod windows;
