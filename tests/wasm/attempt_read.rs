//! The body of an attempt: what the clocks make of its pieces, and what is left of one that is lost.
//!
//! The pieces themselves are the business of the TypeScript side.

use super::attempt::{Attempt, patient};
use super::caller::{Caller, Kept};
use super::network::{Body, Ending, Network, body, response, slow_body};
use super::timing::assert_took;
use crate::core::call::{ERROR_BODY_LIMIT, Input};
use crate::core::deadline::Clocks;
use crate::core::failure::Phase;
use crate::core::time::Duration;
use crate::web::clock::now;
use wasm_bindgen_test::wasm_bindgen_test;

const SHORT: Duration = Duration::from_ms(80);

/// What reading the body of an answer with this status ends with.
async fn read(caller: &Caller, status: u16, body: &Body, clocks: Clocks) -> Input {
    let network = Network::new();
    network.answers(&response(status, &[], &body.stream()));
    let mut attempt = Attempt::new(caller, clocks);
    assert!(matches!(attempt.departs().await, Input::Head(_)));
    attempt.reads((status != 200).then_some(ERROR_BODY_LIMIT)).await
}

async fn read_whole(body: &Body, clocks: Clocks) -> Input {
    read(&Caller::new("{}"), 200, body, clocks).await
}

/// The words of an error.
fn said(input: Input) -> String {
    match input {
        Input::Body(body) => String::from_utf8(body.text).unwrap(),
        other => panic!("a body was expected, not {other:?}"),
    }
}

fn is_answer(input: &Input) -> bool {
    matches!(input, Input::Body(body) if !body.is_error && !body.unexpected)
}

#[track_caller]
fn timed_out(input: &Input, phase: Phase) {
    assert!(matches!(input, Input::TimedOut(named) if *named == phase), "{input:?}, not {phase:?}");
}

#[wasm_bindgen_test]
async fn a_body_is_read_to_its_end() {
    let caller = Caller::new("{}");
    let input = read(&caller, 200, &body(&[b"Hel", b"lo"], Ending::Closes), patient()).await;
    assert!(is_answer(&input), "{input:?}");
    assert_eq!(caller.kept(Kept::Bodies), ["200 whole 5: Hello"]);
}

#[wasm_bindgen_test]
async fn a_body_that_stalls_ends_by_the_idle_clock() {
    let start = now();
    let clocks = Clocks { idle: SHORT, ..patient() };
    timed_out(&read_whole(&body(&[b"so ", b"far"], Ending::Stalls), clocks).await, Phase::Idle);
    assert_took(start, 80);
}

#[wasm_bindgen_test]
async fn a_body_that_never_starts_ends_by_the_first_byte_clock() {
    let start = now();
    let clocks = Clocks { first_byte: Some(start + SHORT), idle: Duration::from_ms(20), ..patient() };
    timed_out(&read_whole(&body(&[], Ending::Stalls), clocks).await, Phase::FirstByte);
    assert_took(start, 80);
}

#[wasm_bindgen_test]
async fn a_first_byte_in_time_stops_that_clock() {
    let start = now();
    let clocks = Clocks { first_byte: Some(start + SHORT), ..patient() };
    let body = slow_body(&[b"so ", b"far"], Ending::Closes, 60);
    assert!(is_answer(&read_whole(&body, clocks).await));
    assert_took(start, 180);
}

#[wasm_bindgen_test]
async fn pieces_that_keep_coming_wind_the_idle_clock_again() {
    let clocks = Clocks { idle: Duration::from_ms(150), ..patient() };
    let start = now();
    let body = slow_body(&[b"x".as_slice(); 12], Ending::Closes, 30);
    assert!(is_answer(&read_whole(&body, clocks).await));
    assert!(now().since(start) > clocks.idle);
}

#[wasm_bindgen_test]
async fn an_idle_clock_of_less_than_a_millisecond_does_not_stop_the_page() {
    let clocks = Clocks { idle: Duration::ZERO, attempt: now() + Duration::from_ms(500), ..patient() };
    let body = slow_body(&[b"so ", b"far"], Ending::Closes, 30);
    // Its pieces come by timers of the page.
    timed_out(&read_whole(&body, clocks).await, Phase::Idle);
}

#[wasm_bindgen_test]
async fn a_drip_that_is_never_idle_meets_the_attempt_clock() {
    let start = now();
    let clocks =
        Clocks { idle: Duration::from_ms(100), attempt: start + Duration::from_ms(200), ..patient() };
    let body = slow_body(&[b"x"], Ending::Endless, 20);
    timed_out(&read_whole(&body, clocks).await, Phase::Attempt);
    assert_took(start, 200);
    assert!(body.pulls() >= 2);
}

#[wasm_bindgen_test]
async fn an_error_that_is_late_to_end_has_still_said_something() {
    let caller = Caller::new("{}");
    let start = now();
    let clocks = Clocks { attempt: start + SHORT, ..patient() };
    let body = body(&[b"Server is overloa", b"ded, "], Ending::Stalls);
    assert_eq!(said(read(&caller, 503, &body, clocks).await), "server is overloaded,");
    assert_took(start, 80);
}

#[wasm_bindgen_test]
async fn an_error_of_which_nothing_comes_is_a_timeout_like_any_other() {
    let clocks = Clocks { attempt: now() + SHORT, ..patient() };
    timed_out(&read(&Caller::new("{}"), 503, &body(&[], Ending::Stalls), clocks).await, Phase::Attempt);
}

#[wasm_bindgen_test]
async fn half_an_answer_is_none() {
    let clocks = Clocks { attempt: now() + SHORT, ..patient() };
    timed_out(&read_whole(&body(&[b"half"], Ending::Stalls), clocks).await, Phase::Attempt);
}

#[wasm_bindgen_test]
async fn a_read_that_rejects_is_a_lost_attempt() {
    let breaks = || body(&[b"so ", b"far"], Ending::Breaks);
    assert!(matches!(read_whole(&breaks(), patient()).await, Input::NetworkError(_)));
    // Unless the TypeScript side has made something of it.
    assert_eq!(said(read(&Caller::new("{}"), 500, &breaks(), patient()).await), "so far");
}
