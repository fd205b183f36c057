//! The mock does what its README says, seen from outside.

mod answers;
mod batch;
mod binary;
mod cold_start;
mod control;
mod cors;
mod counters;
mod events;
mod faults;
mod injections;
mod managed;
mod mock;
mod pacing;
mod quirks;
mod samples;
mod sites;
mod status;
mod stream_faults;
mod stream_log;
mod streams;
