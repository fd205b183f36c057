//! The mock does what its README says, seen from outside.

mod answers;
mod binary;
mod cold_start;
mod control;
mod cors;
mod counters;
mod faults;
mod mock;
mod samples;
mod sites;
