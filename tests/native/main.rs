//! The core from outside: whole calls on a virtual clock, the wire samples, properties, and the
//! documents that repeat its numbers.
//!
//! Minutes of waiting take microseconds here, because time is an argument of the core.

mod conversations;
mod growth;
mod names;
mod orders;
mod properties;
mod read;
mod readme;
mod repeated;
mod samples;
mod together;
mod vectors;
mod virtual_clock;
mod waits;
