//! An attempt up to its head.

use super::attempt::{Attempt, patient, status};
use super::caller::{Caller, Kept};
use super::network::{Asked, Network, aborted, response};
use super::timing::{Unhandled, assert_took};
use crate::core::call::Input;
use crate::core::deadline::Clocks;
use crate::core::failure::Phase;
use crate::core::time::Duration;
use crate::web::clock::now;
use js_sys::Error;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;

const SHORT: Duration = Duration::from_ms(80);

/// An attempt of a caller without wishes.
async fn sends(clocks: Clocks) -> Input {
    Attempt::new(&Caller::new("{}"), clocks).departs().await
}

#[wasm_bindgen_test]
async fn the_response_of_fetch_is_the_answer() {
    let network = Network::new();
    let answer = response(503, &[], &"busy".into());
    network.answers(&answer);
    let caller = Caller::new("{}");
    assert_eq!(status(Attempt::new(&caller, patient()).departs().await), 503);
    assert_eq!(caller.answer(), JsValue::from(answer));
    assert_eq!(caller.kept(Kept::Told), ["attempt 1 at 0"]);
    assert_eq!(network.urls(), ["http://one.test/"]);
    assert_eq!(network.asked()[0].redirect(), "manual");
}

#[wasm_bindgen_test]
async fn the_face_says_whether_it_is_the_stream_that_was_asked_for() {
    let network = Network::new();
    for (asked, kind, is_one) in [
        (true, "text/event-stream", true),
        (true, "application/json", true),
        (false, "text/event-stream", false),
    ] {
        network.answers_with(200, &[("content-type", kind)], "");
        let caller = Caller::new(&format!(r#"{{"streamed": {asked}}}"#));
        let input = Attempt::new(&caller, patient()).departs().await;
        assert!(matches!(input, Input::Head(head) if head.events == is_one), "{asked} {kind}");
    }
}

#[wasm_bindgen_test]
async fn each_attempt_has_an_abort_signal_of_its_own() {
    let network = Network::new();
    let caller = Caller::new("{}");
    for _ in 0..2 {
        network.answers_with(200, &[], "");
        let mut attempt = Attempt::new(&caller, patient());
        assert_eq!(status(attempt.departs().await), 200);
        let newest = network.asked().last().map(Asked::signal).unwrap();
        assert!(!aborted(&newest));
        drop(attempt);
        assert!(aborted(&newest));
    }
    let signals: Vec<_> = network.asked().iter().map(Asked::signal).collect();
    assert_ne!(signals[0], signals[1]);
}

#[wasm_bindgen_test]
async fn a_fetch_that_throws_or_rejects_is_a_lost_attempt() {
    let network = Network::new();
    network.throws();
    network.rejects();
    for _ in 0..2 {
        assert!(matches!(sends(patient()).await, Input::NetworkError(_)));
    }
    assert_eq!(network.asked().len(), 2);
}

#[wasm_bindgen_test]
async fn a_fetch_that_answers_with_no_promise_is_as_good() {
    let network = Network::new();
    network.answers_at_once(&response(200, &[], &"ok".into()));
    assert_eq!(status(sends(patient()).await), 200);
}

#[wasm_bindgen_test]
async fn a_fetch_that_answers_with_nothing_is_a_lost_attempt() {
    let network = Network::new();
    for nothing in [JsValue::UNDEFINED, JsValue::NULL, "text".into()] {
        network.answers(nothing.unchecked_ref());
        assert!(matches!(sends(patient()).await, Input::NetworkError(_)));
    }
}

#[wasm_bindgen_test]
async fn a_token_function_that_throws_is_passed_on_and_nothing_is_sent() {
    let network = Network::new();
    let caller = Caller::new("{}");
    let thrown = JsValue::from(Error::new("no token today"));
    caller.set_token(&thrown);
    assert_eq!(Attempt::new(&caller, patient()).throws().await, thrown);
    assert!(network.asked().is_empty());
}

#[wasm_bindgen_test]
async fn a_head_that_does_not_come_ends_by_the_clock_that_runs_out_first() {
    for (clocks, phase) in [
        ((|at| Clocks { connect: Some(at), ..patient() }) as fn(_) -> _, Phase::Connect),
        (|at| Clocks { first_byte: Some(at), ..patient() }, Phase::FirstByte),
        (|at| Clocks { attempt: at, ..patient() }, Phase::Attempt),
        (|at| Clocks { total: at, ..patient() }, Phase::Total),
    ] {
        let network = Network::new();
        network.stalls();
        let start = now();
        let lost = sends(clocks(start + SHORT)).await;
        assert!(matches!(lost, Input::TimedOut(named) if named == phase), "{lost:?}, not {phase:?}");
        assert_took(start, 80);
    }
}

#[wasm_bindgen_test]
async fn the_rejection_that_follows_our_own_abort_is_nobodys_surprise() {
    let unhandled = Unhandled::new();
    let network = Network::new();
    network.stalls();
    // The attempt is dropped at its end, and now fetch rejects.
    let lost = sends(Clocks { attempt: now() + Duration::from_ms(10), ..patient() }).await;
    assert!(matches!(lost, Input::TimedOut(Phase::Attempt)));
    assert!(aborted(&network.asked()[0].signal()));
    assert_eq!(unhandled.counted().await, 0.0);
}
