//! An attempt up to its head.

use super::caller::{Caller, outgoing};
use super::network::{Asked, Network, aborted, response};
use super::timing::{Unhandled, assert_took, within};
use crate::core::deadline::Clocks;
use crate::core::failure::Phase;
use crate::core::time::Duration;
use crate::web::clock::now;
use crate::web::flight::{Flight, Lost};
use crate::web::wait::Waiter;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::Response;

/// A minute for everything.
pub(super) fn patient() -> Clocks {
    let minute = Duration::from_secs(60);
    Clocks { first_byte: None, idle: minute, attempt: now() + minute, total: now() + minute }
}

pub(super) fn flight(clocks: Clocks) -> Flight {
    Flight::new(clocks).expect("an AbortController")
}

/// Sends to one address; fails where the attempt never ends.
pub(super) async fn send(flight: &Flight, caller: &Caller) -> Result<Response, Lost> {
    let mut waiter = Waiter::new(caller.request());
    let sent = flight.send(&mut waiter, outgoing("http://one.test/"));
    within(3000, sent).await.expect("the attempt ends")
}

#[wasm_bindgen_test]
async fn the_response_of_fetch_is_the_answer() {
    let network = Network::new();
    let answer = response(503, &[], &"busy".into());
    network.answers(&answer);
    let flight = flight(patient());
    let got = send(&flight, &Caller::new("{}")).await.ok().unwrap();
    assert_eq!(JsValue::from(got), JsValue::from(answer));
    assert_eq!(network.urls(), ["http://one.test/"]);
    assert_eq!(network.asked()[0].redirect(), "manual");
}

#[wasm_bindgen_test]
async fn each_attempt_has_an_abort_signal_of_its_own() {
    let network = Network::new();
    let (first, second) = (flight(patient()), flight(patient()));
    for flight in [&first, &second] {
        network.answers_with(200, &[], "");
        assert!(send(flight, &Caller::new("{}")).await.is_ok());
    }
    let signals: Vec<_> = network.asked().iter().map(Asked::signal).collect();
    assert_ne!(signals[0], signals[1]);
    drop(first);
    assert!(aborted(&signals[0]) && !aborted(&signals[1]));
}

#[wasm_bindgen_test]
async fn a_fetch_that_throws_or_rejects_is_a_lost_attempt() {
    let network = Network::new();
    network.throws();
    network.rejects();
    for _ in 0..2 {
        let lost = send(&flight(patient()), &Caller::new("{}")).await;
        assert!(matches!(lost, Err(Lost::Network)));
    }
    assert_eq!(network.asked().len(), 2);
}

#[wasm_bindgen_test]
async fn a_fetch_that_answers_with_no_promise_is_as_good() {
    let network = Network::new();
    network.answers_at_once(&response(200, &[], &"ok".into()));
    let got = send(&flight(patient()), &Caller::new("{}")).await;
    assert_eq!(got.ok().unwrap().status(), 200);
}

#[wasm_bindgen_test]
async fn a_fetch_that_answers_with_nothing_is_a_lost_attempt() {
    let network = Network::new();
    for nothing in [JsValue::UNDEFINED, JsValue::NULL, "text".into()] {
        network.answers(nothing.unchecked_ref());
        let lost = send(&flight(patient()), &Caller::new("{}")).await;
        assert!(matches!(lost, Err(Lost::Network)));
    }
}

#[wasm_bindgen_test]
async fn a_head_that_does_not_come_ends_by_the_first_byte_clock() {
    let network = Network::new();
    network.stalls();
    let start = now();
    let clocks = Clocks { first_byte: Some(start + Duration::from_ms(80)), ..patient() };
    let lost = send(&flight(clocks), &Caller::new("{}")).await;
    assert!(matches!(lost, Err(Lost::TimedOut(Phase::FirstByte))));
    assert_took(start, 80);
}

#[wasm_bindgen_test]
async fn without_that_clock_it_ends_by_the_attempts() {
    let network = Network::new();
    network.stalls();
    let start = now();
    let clocks = Clocks { attempt: start + Duration::from_ms(80), ..patient() };
    let lost = send(&flight(clocks), &Caller::new("{}")).await;
    assert!(matches!(lost, Err(Lost::TimedOut(Phase::Attempt))));
    assert_took(start, 80);
}

#[wasm_bindgen_test]
async fn the_whole_calls_clock_ends_it_before_both() {
    let network = Network::new();
    network.stalls();
    let start = now();
    let clocks = Clocks { total: start + Duration::from_ms(80), ..patient() };
    let lost = send(&flight(clocks), &Caller::new("{}")).await;
    assert!(matches!(lost, Err(Lost::TimedOut(Phase::Total))));
    assert_took(start, 80);
}

#[wasm_bindgen_test]
async fn the_rejection_that_follows_our_own_abort_is_nobodys_surprise() {
    let unhandled = Unhandled::new();
    let network = Network::new();
    network.stalls();
    let clocks = Clocks { attempt: now() + Duration::from_ms(10), ..patient() };
    let flight = flight(clocks);
    assert!(send(&flight, &Caller::new("{}")).await.is_err());
    drop(flight); // now fetch rejects
    assert!(aborted(&network.asked()[0].signal()));
    assert_eq!(unhandled.counted().await, 0.0);
}
