//! What was found out about other clients, shown again: the rows that ours has to be better than.
//!
//! The margins are wide enough for the seeds, and narrow enough that another model would show.

use fleet::{Contender, Model, Outcome, baselines, seeds};

const SEEDS: u64 = 10;

fn of(model: &Model, contender: Contender) -> Vec<Outcome> {
    seeds::of(model, contender, SEEDS)
}

fn mean(outcomes: &[Outcome], quantity: impl Fn(&Outcome) -> f64) -> f64 {
    seeds::mean(outcomes, quantity)
}

#[track_caller]
fn about(what: &str, value: f64, expected: std::ops::RangeInclusive<f64>) {
    assert!(expected.contains(&value), "{what}: {value} is not in {expected:?}");
}

fn recovered(outcomes: &[Outcome]) -> usize {
    outcomes.iter().filter(|outcome| matches!(outcome.recovery, Some(Ok(_)))).count()
}

fn cold(outcomes: &[Outcome]) -> (f64, f64) {
    let requests = mean(outcomes, |outcome| outcome.cold_amplification.unwrap_or_default());
    (requests, mean(outcomes, |outcome| outcome.cold_success.unwrap_or_default()))
}

#[test]
fn immediate_repetition_sends_over_a_thousand_requests_a_call_while_the_model_loads() {
    let outcomes = seeds::of(&Model::cold(), baselines::IMMEDIATE, 3);
    let (requests, success) = cold(&outcomes);
    about("requests a call, cold", requests, 1500.0..=2100.0);
    about("success, cold", success, 0.05..=0.13);
    about("peak rps", mean(&outcomes, |outcome| outcome.peak) * 8.0, 15_000.0..=20_000.0);
}

#[test]
fn the_naive_loop_asks_three_times_and_gives_up_before_the_model_is_there() {
    let outcomes = of(&Model::cold(), baselines::NAIVE);
    let (requests, success) = cold(&outcomes);
    about("requests a call, cold", requests, 2.55..=2.8);
    about("success, cold", success, 0.13..=0.22);
    about("success", mean(&outcomes, |outcome| outcome.success), 0.80..=0.86);
}

#[test]
fn an_accurate_estimate_wakes_all_at_once() {
    let model = Model::cold().estimate(fleet::model::Estimate::ACCURATE);
    let outcomes = of(&model, baselines::NAIVE);
    let (requests, success) = cold(&outcomes);
    about("requests a call, cold", requests, 1.0..=1.05);
    about("success, cold", success, 0.07..=0.12);
    about("peak rps", mean(&outcomes, |outcome| outcome.peak) * 8.0, 800.0..=1000.0);
}

#[test]
fn clients_with_a_few_retries_lose_nearly_every_call_of_a_cold_start() {
    for (contender, expected) in [
        (baselines::THREE_JITTERED, 3.9..=4.0),
        (baselines::OPENAI, 2.9..=3.0),
        (baselines::AWS, 2.9..=3.0),
        (baselines::GRPC, 1.75..=2.05),
        (baselines::TENTH, 1.0..=1.15),
    ] {
        let (requests, success) = cold(&of(&Model::cold(), contender));
        about(contender.name, requests, expected);
        about(contender.name, success, 0.0..=0.02);
    }
}

#[test]
fn full_jitter_until_the_deadline_gets_through_a_cold_start_at_many_times_the_load() {
    let outcomes = of(&Model::cold(), baselines::UNTIL_DEADLINE);
    let (requests, success) = cold(&outcomes);
    about("requests a call, cold", requests, 11.0..=17.0);
    about("requests a call", mean(&outcomes, |outcome| outcome.amplification), 5.5..=8.0);
    about("success, cold", success, 0.85..=0.95);
    about("success", mean(&outcomes, |outcome| outcome.success), 0.96..=0.99);
}

#[test]
fn without_retries_the_server_recovers_by_itself() {
    for isolates in [5, 500] {
        let outcomes = of(&Model::overload().isolates(isolates), baselines::NO_RETRY);
        assert!(recovered(&outcomes) >= 9, "{isolates} isolates: {}", recovered(&outcomes));
        about("success", mean(&outcomes, |outcome| outcome.success), 0.87..=0.96);
    }
}

#[test]
fn jittered_retries_never_recover_from_an_overload() {
    for isolates in [5, 50, 500] {
        let outcomes = of(&Model::overload().isolates(isolates), baselines::THREE_JITTERED);
        assert_eq!(recovered(&outcomes), 0, "{isolates} isolates");
        about("requests a call", mean(&outcomes, |outcome| outcome.amplification), 3.2..=3.8);
        about("success", mean(&outcomes, |outcome| outcome.success), 0.10..=0.17);
        about("success of the last minutes", mean(&outcomes, |outcome| outcome.last_success), 0.0..=0.01);
    }
    for contender in [baselines::UNTIL_DEADLINE, baselines::TOWER, baselines::OPENAI] {
        assert_eq!(recovered(&of(&Model::overload().isolates(500), contender)), 0, "{}", contender.name);
    }
}

#[test]
fn a_budget_with_tokens_to_begin_with_works_for_few_isolates_and_not_for_many() {
    let aws = |isolates| of(&Model::overload().isolates(isolates), baselines::AWS);
    let few = aws(5);
    assert_eq!(recovered(&few), 10);
    about("requests a call, M = 5", mean(&few, |outcome| outcome.amplification), 1.02..=1.1);
    about("success, M = 5", mean(&few, |outcome| outcome.success), 0.75..=0.86);
    about("requests a call, M = 50", mean(&aws(50), |outcome| outcome.amplification), 1.5..=1.9);
    let many = aws(500);
    assert_eq!(recovered(&many), 0);
    about("requests a call, M = 500", mean(&many, |outcome| outcome.amplification), 2.5..=3.0);
    about("success, M = 500", mean(&many, |outcome| outcome.success), 0.10..=0.17);
}

#[test]
fn short_lives_undo_such_a_budget_even_among_few() {
    let outcomes = of(&Model::overload().isolates(5).lifetime(Some(10)), baselines::AWS);
    assert_eq!(recovered(&outcomes), 0);
}

#[test]
fn a_budget_of_a_tenth_recovers_however_many_isolates_there_are() {
    for isolates in [5, 50, 500, 5000] {
        let outcomes = of(&Model::overload().isolates(isolates), baselines::TENTH);
        assert!(recovered(&outcomes) >= 9, "{isolates} isolates: {}", recovered(&outcomes));
        about("requests a call", mean(&outcomes, |outcome| outcome.amplification), 1.0..=1.05);
        about("success", mean(&outcomes, |outcome| outcome.success), 0.82..=0.95);
    }
}

#[test]
fn retries_make_one_error_in_a_hundred_invisible_at_hardly_any_cost() {
    let model = Model::steady().isolates(500);
    let without = of(&model, baselines::NO_RETRY);
    about("success without", mean(&without, |outcome| outcome.success), 0.985..=0.994);
    let with = of(&model, baselines::THREE_JITTERED);
    about("success with", mean(&with, |outcome| outcome.success), 0.9999..=1.0);
    about("requests a call", mean(&with, |outcome| outcome.amplification), 1.005..=1.02);
}

#[test]
fn where_every_request_fails_a_client_sends_what_its_rule_allows() {
    let model = Model::broken().isolates(500);
    let sends = |contender| mean(&seeds::of(&model, contender, 3), |outcome| outcome.amplification);
    about("three jittered", sends(baselines::THREE_JITTERED), 4.0..=4.0);
    about("OpenAI", sends(baselines::OPENAI), 3.0..=3.0);
    about("immediate", sends(baselines::IMMEDIATE), 595.0..=601.0);
    about("a tenth", sends(baselines::TENTH), 1.0..=1.1);
}
