//! The rows of a report and of a failure, as `Rows` of `src/ts/core-request.ts` has them.
//!
//! The call is led by hand, so that every number is known.

use super::caller::Rows;
use crate::core::call::{Action, Call, Head, Input, Target};
use crate::core::classify::Body;
use crate::core::failure::{Code, Failure, Layer, Phase};
use crate::core::policy::{Given, Policy};
use crate::core::target::Profile;
use crate::core::time::{Duration, Instant};
use crate::web::report::{failed, report};
use wasm_bindgen_test::wasm_bindgen_test;

const fn at(ms: u64) -> Instant {
    Instant::from_ms(ms)
}

fn call(targets: usize) -> Call {
    let target = Target { profile: Profile::OpenAi, shares_credentials: true };
    Call::new(Policy::new(Given::default()).unwrap(), vec![target; targets], 1, at(1000))
}

fn answer(call: &mut Call, now: u64, status: u16, says: &str) -> Action {
    call.handle(at(now), Input::Head(Head { status, ..Head::default() }));
    let body = Body { of_engine: true, text: says.into(), ..Body::default() };
    call.handle(at(now), Input::Body(body))
}

/// When a wait is over.
fn woken(call: &mut Call, wait: Action) -> u64 {
    let Action::Wait(wait) = wait else { panic!("no wait: {wait:?}") };
    call.handle(wait.until, Input::Woke);
    wait.until.since(at(0)).as_ms()
}

#[wasm_bindgen_test]
fn a_call_that_has_not_tried_yet_has_five_numbers_and_no_text() {
    let rows = Rows::read(&report(&call(1), at(1250)).to_js());
    assert_eq!(rows.numbers, [250.0, 0.0, 0.0, 0.0, 0.0]);
    assert!(rows.texts.is_empty());
}

#[wasm_bindgen_test]
fn each_attempt_adds_target_start_duration_and_status_and_its_outcome_and_layer() {
    let mut call = call(2);
    call.handle(at(1000), Input::Start);
    assert!(matches!(answer(&mut call, 1030, 404, "not here"), Action::Send(_)));
    assert_eq!(answer(&mut call, 1100, 200, ""), Action::Deliver);
    let rows = Rows::read(&report(&call, at(1101)).to_js());
    assert_eq!(rows.numbers[..5], [101.0, 1.0, 0.0, 0.0, 0.0]);
    assert_eq!(rows.numbers[5..], [0.0, 0.0, 30.0, 404.0, 1.0, 30.0, 70.0, 200.0]);
    assert_eq!(rows.texts(), ["not_found", "client", "ok", ""]);
}

#[wasm_bindgen_test]
fn the_three_kinds_of_waiting_have_a_column_each() {
    let mut call = call(1);
    call.handle(at(1000), Input::Start);
    let loading = answer(&mut call, 1000, 503, "model is loading");
    let loaded = woken(&mut call, loading);
    let limited = answer(&mut call, loaded, 429, "slow down");
    let allowed = woken(&mut call, limited);
    let failed = answer(&mut call, allowed, 500, "oops");
    let again = woken(&mut call, failed);
    let rows = Rows::read(&report(&call, at(again)).to_js());
    let spans = [loaded - 1000, allowed - loaded, again - allowed].map(|span| span as f64);
    assert!(spans[0] > spans[2], "{spans:?}"); // so that no two can be mistaken for each other
    assert_eq!(rows.numbers[2..5], spans);
    assert_eq!(
        rows.texts(),
        ["model_loading", "compute", "rate_limited", "account", "engine_failure", "compute"]
    );
}

#[wasm_bindgen_test]
fn an_attempt_without_an_answer_has_the_status_zero() {
    let mut call = call(1);
    call.handle(at(1000), Input::Start);
    call.handle(at(1500), Input::TimedOut(Phase::Attempt));
    let rows = Rows::read(&report(&call, at(1500)).to_js());
    assert_eq!(rows.numbers[5..], [0.0, 0.0, 500.0, 0.0]);
    assert_eq!(rows.texts(), ["timeout", "compute"]);
}

#[wasm_bindgen_test]
fn an_attempt_that_was_aborted_says_so_and_has_no_layer() {
    let mut call = call(1);
    call.handle(at(1000), Input::Start);
    call.handle(at(1200), Input::Aborted);
    let rows = Rows::read(&report(&call, at(1200)).to_js());
    assert_eq!(rows.texts(), ["aborted", ""]);
}

#[wasm_bindgen_test]
fn a_failure_has_whether_to_retry_the_status_and_the_wait_and_three_names() {
    let failure = Failure {
        code: Code::RateLimited,
        layer: Layer::Account,
        phase: Some(Phase::Total),
        status: Some(429),
        retry_after: Some(Duration::from_ms(1500)),
    };
    let rows = Rows::read(&failed(&failure).to_js());
    assert_eq!(rows.numbers, [1.0, 429.0, 1500.0]);
    assert_eq!(rows.texts(), ["rate_limited", "account", "total"]);
}

#[wasm_bindgen_test]
fn what_a_failure_does_not_have_is_zero_nan_and_empty() {
    let failure =
        Failure { code: Code::Gone, layer: Layer::Client, phase: None, status: None, retry_after: None };
    let rows = Rows::read(&failed(&failure).to_js());
    assert_eq!(rows.numbers[..2], [0.0, 0.0]);
    assert!(rows.numbers[2].is_nan());
    assert_eq!(rows.texts(), ["gone", "client", ""]);
}
