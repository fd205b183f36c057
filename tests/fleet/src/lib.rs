//! Fleets of clients before one inference server, simulated: what a retry rule does to both.
//!
//! Discrete events on a virtual clock, one seed a run, and the same seed gives the same run. A
//! [`Model`] says what the world is like, a [`Fleet`] makes the [`Client`]s that live in it, one in
//! each isolate, [`run`] lets them meet, and an [`Outcome`] holds the quantities. The baselines are
//! models of the retry rules of well-known clients, not the clients themselves. `main` prints the
//! tables; the tests assert what they show.

mod agenda;
pub mod baselines;
mod chance;
mod client;
mod engine;
pub mod goals;
pub mod model;
pub mod ours;
mod outcome;
pub mod seeds;
mod server;
pub mod tables;
mod tally;
mod world;

pub use chance::Chance;
pub use client::{Action, Answer, CallId, Client, Contender, Each, Fleet, Input, IsolateId, Terms};
pub use model::Model;
pub use outcome::Outcome;
pub use world::run;
