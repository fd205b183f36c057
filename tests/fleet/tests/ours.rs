//! The real core in a fleet: the goals that it is held to.
//!
//! Isolates share nothing here. A fleet of one isolate is one in which all is shared at once.

use fleet::goals::{at_least, at_most};
use fleet::seeds::mean;
use fleet::{Contender, Model, Outcome, ours, seeds};
use query_with_retry::core::time::Duration;

/// Goals are held against this many; `cargo xtask bench fleet` takes a thousand.
const SEEDS: u64 = 200;
const FLEETS: [usize; 5] = [1, 5, 50, 500, 5000];

fn of(model: &Model, contender: Contender) -> Vec<Outcome> {
    seeds::of(model, contender, SEEDS)
}

/// Fails with the seed that breaks it.
#[track_caller]
fn each(what: &str, outcomes: &[Outcome], holds: impl Fn(&Outcome) -> bool) {
    if let Some(outcome) = outcomes.iter().find(|outcome| !holds(outcome)) {
        panic!("{what}: {outcome:?}");
    }
}

/// Seconds after the overload, for ever if it is never over.
fn recovery(outcome: &Outcome) -> f64 {
    match outcome.recovery {
        Some(Ok(recovery)) => recovery,
        _ => f64::INFINITY,
    }
}

#[test]
fn no_call_is_settled_late_and_none_is_sent_before_the_server_wants_it() {
    let asked_to_wait = Model::overload().queue(8, Some(Duration::from_secs(5)));
    for model in [Model::cold(), Model::overload(), Model::steady(), Model::broken(), asked_to_wait] {
        for contender in ours::ALL {
            for isolates in [1, 200] {
                let outcomes = seeds::of(&model.clone().isolates(isolates), contender, 10);
                each(model.name, &outcomes, |outcome| (outcome.unsettled, outcome.too_early) == (0, 0));
            }
        }
    }
}

#[test]
fn one_error_in_a_hundred_is_invisible_to_processes_at_hardly_any_cost() {
    for isolates in [50, 500] {
        let outcomes = of(&Model::steady().isolates(isolates), ours::PROCESSES);
        at_least("success", mean(&outcomes, |outcome| outcome.success), 0.9999);
        at_most("requests a call", mean(&outcomes, |outcome| outcome.amplification), 1.02);
    }
}

#[test]
fn isolates_of_a_dozen_calls_hide_half_of_the_errors() {
    let outcomes = seeds::of(&Model::steady().isolates(500), ours::ISOLATES, 200);
    at_least("success", mean(&outcomes, |outcome| outcome.success), 0.994);
    at_most("requests a call", mean(&outcomes, |outcome| outcome.amplification), 1.02);
}

#[test]
fn an_overload_ends_for_isolates_however_many_there_are() {
    for isolates in FLEETS {
        let outcomes = of(&Model::overload().isolates(isolates), ours::ISOLATES);
        each("recovery", &outcomes, |outcome| matches!(outcome.recovery, Some(Ok(_))));
        at_most("requests a call", mean(&outcomes, |outcome| outcome.amplification), 1.05);
    }
}

#[test]
fn an_overload_ends_at_once_where_all_is_shared() {
    let outcomes = of(&Model::overload().isolates(1), ours::PROCESSES);
    at_most("recovery", mean(&outcomes, recovery), 5.0);
    at_most("requests a call", mean(&outcomes, |outcome| outcome.amplification), 1.05);
    at_most("worst ten seconds", mean(&outcomes, |outcome| outcome.worst_ten_seconds), 1.10);
}

#[test]
fn a_cold_model_is_hardly_asked_where_all_is_shared() {
    let outcomes = of(&Model::cold().isolates(1), ours::PROCESSES);
    at_most("cold", mean(&outcomes, |outcome| outcome.cold_amplification.unwrap_or_default()), 0.10);
    at_most("requests a call", mean(&outcomes, |outcome| outcome.amplification), 1.05);
    at_least("success, cold", mean(&outcomes, |outcome| outcome.cold_success.unwrap_or_default()), 0.999);
}

#[test]
fn a_server_that_only_fails_is_left_alone() {
    for isolates in [1, 5] {
        let outcomes = of(&Model::broken().isolates(isolates), ours::PROCESSES);
        at_most("requests a call", mean(&outcomes, |outcome| outcome.amplification), 0.1);
    }
}

#[test]

fn a_cold_start_loses_no_call_and_drains_at_the_bound_where_all_is_shared() {
    let outcomes = of(&Model::cold().isolates(1), ours::PROCESSES);
    at_least("success", mean(&outcomes, |outcome| outcome.success), 0.999);
    let drain = |outcome: &Outcome| match outcome.drain {
        Some(Ok(drain)) => drain,
        _ => f64::INFINITY,
    };
    at_most("drain", mean(&outcomes, drain), 1.10);
}

#[test]
fn a_few_processes_that_share_nothing_get_through_a_cold_start() {
    // The server is full because of the other processes, and none of them knows of them.
    for (processes, success, peak) in [(2, 0.955, 9.0), (5, 0.82, 17.0)] {
        let outcomes = of(&Model::cold().isolates(processes), ours::PROCESSES);
        let cold = mean(&outcomes, |outcome| outcome.cold_success.unwrap_or_default());
        at_least("success, cold", cold, success);
        at_most("peak", mean(&outcomes, |outcome| outcome.peak), peak);
    }
}

#[test]
fn isolates_that_share_nothing_get_through_a_cold_start() {
    let outcomes = of(&Model::cold(), ours::ISOLATES);
    at_most("requests a call", mean(&outcomes, |outcome| outcome.amplification), 1.6);
    at_least("success", mean(&outcomes, |outcome| outcome.success), 0.985);
    at_most("peak", mean(&outcomes, |outcome| outcome.peak), 5.0);
}

#[test]
fn isolates_that_share_nothing_recover_soon() {
    for isolates in FLEETS {
        let outcomes = of(&Model::overload().isolates(isolates), ours::ISOLATES);
        // Where each isolate has less than one call, every fourth of them is tried again.
        let limit = if isolates == 5000 { 100.0 } else { 75.0 };
        at_most("recovery", mean(&outcomes, recovery), limit);
    }
}

#[test]
fn an_engine_whose_port_is_closed_while_it_starts_loses_no_call() {
    for isolates in [1, 50] {
        let outcomes = of(&Model::closed().isolates(isolates), ours::PROCESSES);
        at_least("success", mean(&outcomes, |outcome| outcome.success), 0.999);
        at_most(
            "requests a call",
            mean(&outcomes, |outcome| outcome.amplification),
            if isolates == 1 { 1.05 } else { 1.5 },
        );
    }
}

#[test]
fn a_small_server_that_says_no_more_than_503_answers_all_calls_of_a_process() {
    let outcomes = of(&Model::small().isolates(1), ours::PROCESSES);
    at_least("success", mean(&outcomes, |outcome| outcome.success), 0.999);
    at_most("requests a call", mean(&outcomes, |outcome| outcome.amplification), 1.15);
}
