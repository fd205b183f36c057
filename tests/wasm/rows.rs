//! The rows of a report and of a failure, as `Row` of `src/ts/wasm/protocol.ts` has them.
//!
//! The call is led by hand, so that every number is known.

use crate::core::admission::Shared;
use crate::core::call::{Action, Call, Head, Input, Target};
use crate::core::classify::Body;
use crate::core::failure::{Code, Failure, Layer, Phase};
use crate::core::policy::{Given, Policy};
use crate::core::target::Profile;
use crate::core::time::{Duration, Instant};
use crate::web::report::{Row, failed, report};
use js_sys::Array;
use wasm_bindgen_test::wasm_bindgen_test;

/// The places of outcomes: 0 is ok, 1 aborted, and the codes follow.
const OK: f64 = 0.0;
const ABORTED: f64 = 1.0;

fn ended(code: Code) -> f64 {
    2.0 + f64::from(code as u8)
}

/// The place of a layer: 0 is none.
fn of(layer: Layer) -> f64 {
    1.0 + f64::from(layer as u8)
}

fn numbers(row: &Row) -> Vec<f64> {
    Array::from(&row.to_js()).iter().map(|number| number.as_f64().unwrap()).collect()
}

const fn at(ms: u64) -> Instant {
    Instant::from_ms(ms)
}

/// A call that shares nothing with others.
struct Lone {
    call: Call,
    shared: Shared,
}

impl Lone {
    fn handle(&mut self, now: Instant, input: Input) -> Action {
        self.call.handle(now, input, &mut self.shared)
    }
}

fn call(targets: usize) -> Lone {
    let target = |shared| Target { shared, profile: Profile::OpenAi, shares_credentials: true };
    let targets = (0..targets).map(target).collect();
    let call = Call::new(Policy::new(Given::default()).unwrap(), targets, 1, at(1000), 1);
    Lone { call, shared: Shared::without_limits(2) }
}

fn answer(call: &mut Lone, now: u64, status: u16, says: &str) -> Action {
    call.handle(at(now), Input::Head(Head { status, ..Head::default() }));
    let body = Body { of_engine: true, text: says.into(), ..Body::default() };
    call.handle(at(now), Input::Body(body))
}

/// When a wait is over.
fn woken(call: &mut Lone, wait: Action) -> u64 {
    let Action::Wait(wait) = wait else { panic!("no wait: {wait:?}") };
    call.handle(wait.until, Input::Woke);
    wait.until.since(at(0)).as_ms()
}

#[wasm_bindgen_test]
fn a_call_that_has_not_tried_yet_has_eight_numbers() {
    assert_eq!(numbers(&report(&call(1).call, at(1250))), [250.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
}

#[wasm_bindgen_test]
fn each_attempt_adds_target_start_duration_status_outcome_layer_and_whether_it_was_reached() {
    let mut call = call(2);
    call.handle(at(1000), Input::Start);
    assert!(matches!(answer(&mut call, 1030, 404, "not here"), Action::Send(_)));
    assert_eq!(answer(&mut call, 1100, 200, ""), Action::Deliver);
    let row = numbers(&report(&call.call, at(1101)));
    assert_eq!(row[..8], [101.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(row[8..15], [0.0, 0.0, 30.0, 404.0, ended(Code::NotFound), of(Layer::Client), 0.0]);
    assert_eq!(row[15..], [1.0, 30.0, 70.0, 200.0, OK, 0.0, 0.0]);
}

#[wasm_bindgen_test]
fn the_kinds_of_waiting_have_a_column_each() {
    let mut call = call(1);
    call.handle(at(1000), Input::Start);
    let loading = answer(&mut call, 1000, 503, "model is loading");
    let loaded = woken(&mut call, loading);
    let limited = answer(&mut call, loaded, 429, "slow down");
    let allowed = woken(&mut call, limited);
    let failed = answer(&mut call, allowed, 500, "oops");
    let again = woken(&mut call, failed);
    let row = numbers(&report(&call.call, at(again)));
    let spans = [loaded - 1000, allowed - loaded, again - allowed].map(|span| span as f64);
    assert!(spans[0] != spans[1] && spans[0] != spans[2], "{spans:?}"); // so that no two can be mistaken for each other
    assert_eq!(row[2..5], spans);
    let outcomes: Vec<_> = row[8..].chunks(7).map(|attempt| attempt[4]).collect();
    assert_eq!(outcomes, [Code::ModelLoading, Code::RateLimited, Code::EngineFailure].map(ended));
}

#[wasm_bindgen_test]
fn an_attempt_without_an_answer_has_the_status_zero() {
    let mut call = call(1);
    call.handle(at(1000), Input::Start);
    call.handle(at(1400), Input::Reached);
    call.handle(at(1500), Input::TimedOut(Phase::Attempt));
    let row = numbers(&report(&call.call, at(1500)));
    assert_eq!(row[8..], [0.0, 0.0, 500.0, 0.0, ended(Code::Timeout), of(Layer::Compute), 1.0]);
}

#[wasm_bindgen_test]
fn an_attempt_that_was_aborted_says_so_and_has_no_layer() {
    let mut call = call(1);
    call.handle(at(1000), Input::Start);
    call.handle(at(1200), Input::Aborted);
    assert_eq!(numbers(&report(&call.call, at(1200)))[12..], [ABORTED, 0.0, 0.0]);
}

#[wasm_bindgen_test]
fn a_failure_has_whether_to_retry_the_status_the_wait_and_three_places() {
    let failure = Failure {
        code: Code::RateLimited,
        layer: Layer::Account,
        phase: Some(Phase::Total),
        status: Some(429),
        retry_after: Some(Duration::from_ms(1500)),
    };
    let places = [Code::RateLimited as u8, Layer::Account as u8, Phase::Total as u8].map(f64::from);
    let row = numbers(&failed(&failure));
    assert_eq!((&row[..3], &row[3..]), (&[1.0, 429.0, 1500.0][..], &places[..]));
}

#[wasm_bindgen_test]
fn what_a_failure_does_not_have_is_zero_or_nan() {
    let failure =
        Failure { code: Code::Gone, layer: Layer::Client, phase: None, status: None, retry_after: None };
    let row = numbers(&failed(&failure));
    assert_eq!(row[..2], [0.0, 0.0]);
    assert!(row[2].is_nan() && row[5].is_nan(), "{row:?}");
}
