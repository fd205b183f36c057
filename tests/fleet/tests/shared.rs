//! Fifty processes that share what they know of one server, and engines that keep it for them well or badly.

use fleet::goals::{at_least, at_most};
use fleet::seeds::mean;
use fleet::{Contender, Model, Outcome, ours, seeds};

/// `cargo xtask bench fleet` takes many more.
const SEEDS: u64 = 8;
const PROCESSES: usize = 50;

fn of(model: &Model, contender: Contender) -> Vec<Outcome> {
    seeds::of(model, contender, SEEDS)
}

fn cold_requests(outcome: &Outcome) -> f64 {
    outcome.cold_amplification.unwrap_or(f64::INFINITY)
}

fn drain(outcome: &Outcome) -> f64 {
    match outcome.drain {
        Some(Ok(drain)) => drain,
        _ => f64::INFINITY,
    }
}

#[test]
fn fifty_processes_wait_for_a_cold_model_as_one() {
    for contender in [ours::SHARED, ours::AHEAD] {
        let outcomes = of(&Model::cold().isolates(PROCESSES), contender);
        at_most("requests a call, cold", mean(&outcomes, cold_requests), 0.10);
        at_most("requests a call", mean(&outcomes, |outcome| outcome.amplification), 1.05);
        at_least("success", mean(&outcomes, |outcome| outcome.success), 0.999);
        at_most("drain", mean(&outcomes, drain), 1.10);
    }
}

#[test]
fn an_engine_that_loses_messages_is_worth_nearly_as_much() {
    let outcomes = of(&Model::cold().isolates(PROCESSES), ours::LOSSY);
    at_most("requests a call, cold", mean(&outcomes, cold_requests), 0.30);
    at_most("requests a call", mean(&outcomes, |outcome| outcome.amplification), 1.10);
    at_least("success", mean(&outcomes, |outcome| outcome.success), 0.99);
}

#[test]
fn without_a_usable_engine_processes_do_no_worse_than_alone() {
    for model in [Model::cold(), Model::overload()] {
        let model = model.isolates(PROCESSES);
        let alone = of(&model, ours::PROCESSES);
        for contender in [ours::SLOW, ours::DEAD, ours::FROZEN, ours::STEPPING] {
            let outcomes = of(&model, contender);
            let what = format!("{}, {}", model.name, contender.name);
            let requests = |outcome: &Outcome| outcome.amplification;
            at_most(&what, mean(&outcomes, requests), mean(&alone, requests) * 1.02);
            let success = |outcome: &Outcome| outcome.success;
            at_least(&what, mean(&outcomes, success), mean(&alone, success) - 0.005);
        }
    }
}

#[test]
fn one_error_in_a_hundred_is_invisible_although_all_have_one_budget() {
    for isolates in [50, 500] {
        let outcomes = seeds::of(&Model::steady().isolates(isolates), ours::SHARED, 3);
        at_least("success", mean(&outcomes, |outcome| outcome.success), 0.9999);
        at_most("requests a call", mean(&outcomes, |outcome| outcome.amplification), 1.02);
    }
}

#[test]
fn an_overload_ends_sooner_for_processes_that_share() {
    for (isolates, seconds) in [(5, 10.0), (50, 30.0)] {
        let model = Model::overload().isolates(isolates);
        let recovery = |outcome: &Outcome| match outcome.recovery {
            Some(Ok(recovery)) => recovery,
            _ => f64::INFINITY,
        };
        let outcomes = of(&model, ours::SHARED);
        at_most("recovery", mean(&outcomes, recovery), seconds);
        at_most("requests a call", mean(&outcomes, |outcome| outcome.amplification), 1.05);
        let alone = mean(&of(&model, ours::PROCESSES), |outcome| outcome.success);
        at_least("success", mean(&outcomes, |outcome| outcome.success), alone - 0.005);
    }
}

#[test]
fn no_call_is_settled_late_or_sent_too_early_whatever_the_engine_does() {
    let asked_to_wait =
        Model::overload().queue(8, Some(query_with_retry::core::time::Duration::from_secs(5)));
    for model in [Model::cold(), Model::overload(), Model::broken(), Model::closed(), asked_to_wait] {
        for contender in ours::ENGINES {
            for outcome in seeds::of(&model.clone().isolates(PROCESSES), contender, 2) {
                assert_eq!((outcome.unsettled, outcome.too_early), (0, 0), "{}: {outcome:?}", contender.name);
            }
        }
    }
}
