//! Dropping an attempt stops it, wherever it is.

use super::caller::{Caller, outgoing};
use super::flight_read::{answer, read};
use super::flight_send::{flight, patient, send};
use super::network::{Ending, Network, aborted, body};
use super::timing::{Unhandled, sleep, within};
use crate::core::deadline::Clocks;
use crate::core::time::Duration;
use crate::web::wait::Waiter;
use js_sys::Array;
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
async fn before_the_head_the_signal_aborts() {
    let network = Network::new();
    network.stalls();
    let caller = Caller::new("{}");
    {
        let flight = flight(patient());
        let mut waiter = Waiter::new(caller.request());
        let sent = flight.send(&mut waiter, outgoing("http://one.test/"));
        assert!(within(20, sent).await.is_none());
        assert!(!aborted(&network.asked()[0].signal()));
    }
    assert!(aborted(&network.asked()[0].signal()));
}

#[wasm_bindgen_test]
async fn between_head_and_body_the_signal_aborts() {
    let network = Network::new();
    network.answers_with(200, &[], "unread");
    let flight = flight(patient());
    assert!(send(&flight, &Caller::new("{}")).await.is_ok());
    assert!(!aborted(&network.asked()[0].signal()));
    drop(flight);
    assert!(aborted(&network.asked()[0].signal()));
}

#[wasm_bindgen_test]
async fn within_the_body_the_signal_aborts_and_the_body_is_cancelled() {
    let network = Network::new();
    let body = body(&[b"so far"], Ending::Stalls);
    network.answers(&answer(&body));
    let mut flight = flight(Clocks { idle: Duration::from_ms(20), ..patient() });
    let response = send(&flight, &Caller::new("{}")).await.ok().unwrap();
    assert!(read(&mut flight, &response, None).await.ended.is_err());
    sleep(5).await;
    assert!(!body.cancelled());
    drop(flight);
    sleep(5).await;
    assert!(body.cancelled() && aborted(&network.asked()[0].signal()));
}

#[wasm_bindgen_test]
async fn a_read_that_is_dropped_midway_is_cancelled_with_its_flight() {
    let body = body(&[b"so far"], Ending::Stalls);
    let caller = Caller::new("{}");
    {
        let mut flight = flight(patient());
        let (response, into) = (answer(&body), Array::new());
        let mut waiter = Waiter::new(caller.request());
        assert!(within(20, flight.read(&mut waiter, &response, None, &into)).await.is_none());
        assert_eq!(into.length(), 1);
    }
    sleep(5).await;
    assert!(body.cancelled());
}

#[wasm_bindgen_test]
async fn after_the_last_piece_nothing_is_aborted() {
    let network = Network::new();
    let body = body(&[b"all"], Ending::Closes);
    network.answers(&answer(&body));
    let mut flight = flight(patient());
    let response = send(&flight, &Caller::new("{}")).await.ok().unwrap();
    assert!(read(&mut flight, &response, None).await.ended.is_ok());
    drop(flight);
    sleep(5).await;
    assert!(!body.cancelled() && !aborted(&network.asked()[0].signal()));
}

#[wasm_bindgen_test]
async fn cancelling_a_broken_body_is_no_unhandled_rejection() {
    let unhandled = Unhandled::new();
    let body = body(&[b"so far"], Ending::Breaks);
    let mut flight = flight(patient());
    assert!(read(&mut flight, &answer(&body), None).await.ended.is_err());
    drop(flight); // `cancel` of a stream in error rejects
    assert_eq!(unhandled.counted().await, 0.0);
}
