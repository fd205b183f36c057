//! The body of an attempt.

use super::caller::Caller;
use super::flight_send::{flight, patient};
use super::network::{Body, Ending, body, response, slow_body, text_stream};
use super::timing::{assert_took, sleep, within};
use crate::core::deadline::Clocks;
use crate::core::failure::Phase;
use crate::core::time::Duration;
use crate::web::clock::now;
use crate::web::flight::{Flight, Lost};
use crate::web::wait::Waiter;
use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::Response;

/// What a read ended with, and the pieces that came.
pub(super) struct Read {
    pub(super) ended: Result<(), Lost>,
    pub(super) pieces: Vec<Vec<u8>>,
}

pub(super) async fn read(flight: &mut Flight, response: &Response, limit: Option<u32>) -> Read {
    let caller = Caller::new("{}");
    let mut waiter = Waiter::new(caller.request());
    let into = Array::new();
    let ended = within(3000, flight.read(&mut waiter, response, limit, &into)).await.expect("the read ends");
    Read { ended, pieces: into.iter().map(|piece| piece.unchecked_into::<Uint8Array>().to_vec()).collect() }
}

async fn read_whole(body: &Body) -> Read {
    read(&mut flight(patient()), &answer(body), None).await
}

pub(super) fn answer(body: &Body) -> Response {
    response(200, &[], &body.stream())
}

#[wasm_bindgen_test]
async fn a_body_in_many_pieces_arrives_whole_and_in_order() {
    let sent: Vec<Vec<u8>> = (0..200_u8).map(|byte| vec![byte; usize::from(byte) % 7 + 1]).collect();
    let slices: Vec<&[u8]> = sent.iter().map(Vec::as_slice).collect();
    let body = body(&slices, Ending::Closes);
    let read = read_whole(&body).await;
    assert!(read.ended.is_ok());
    assert_eq!(read.pieces, sent);
    sleep(5).await;
    assert!(!body.cancelled());
}

#[wasm_bindgen_test]
async fn a_body_of_a_megabyte_without_a_limit_is_not_cut() {
    let piece = vec![7_u8; 100_000];
    let body = body(&[piece.as_slice(); 11], Ending::Closes);
    let read = read_whole(&body).await;
    assert!(read.ended.is_ok());
    assert_eq!(read.pieces.concat().len(), 1_100_000);
}

#[wasm_bindgen_test]
async fn a_body_that_is_null_is_empty() {
    let read = read(&mut flight(patient()), &response(204, &[], &JsValue::NULL), None).await;
    assert!(read.ended.is_ok() && read.pieces.is_empty());
}

#[wasm_bindgen_test]
async fn a_body_stops_at_the_limit_and_the_rest_is_cancelled() {
    let body = body(&[b"four", b"five5", b"sixsix"], Ending::Endless);
    let mut flight = flight(patient());
    let read = read(&mut flight, &answer(&body), Some(10)).await;
    assert!(read.ended.is_ok());
    assert_eq!(read.pieces, [b"four".to_vec(), b"four".to_vec(), b"fo".to_vec()]);
    drop(flight);
    sleep(5).await;
    assert!(body.cancelled());
    assert_eq!(body.pulls(), 3);
}

#[wasm_bindgen_test]
async fn a_body_that_is_shorter_than_the_limit_is_read_to_its_end() {
    let body = body(&[b"four", b"five5"], Ending::Closes);
    let mut flight = flight(patient());
    let read = read(&mut flight, &answer(&body), Some(10)).await;
    assert!(read.ended.is_ok());
    assert_eq!(read.pieces.concat(), b"fourfive5");
    drop(flight);
    sleep(5).await;
    assert!(!body.cancelled());
}

#[wasm_bindgen_test]
async fn what_came_before_a_break_is_kept() {
    let body = body(&[b"so ", b"far"], Ending::Breaks);
    let read = read_whole(&body).await;
    assert!(matches!(read.ended, Err(Lost::Network)));
    assert_eq!(read.pieces.concat(), b"so far");
}

#[wasm_bindgen_test]
async fn a_body_that_stalls_ends_by_the_idle_clock() {
    let body = body(&[b"so ", b"far"], Ending::Stalls);
    let start = now();
    let clocks = Clocks { idle: Duration::from_ms(80), ..patient() };
    let read = read(&mut flight(clocks), &answer(&body), None).await;
    assert!(matches!(read.ended, Err(Lost::TimedOut(Phase::Idle))));
    assert_took(start, 80);
    assert_eq!(read.pieces.concat(), b"so far");
}

#[wasm_bindgen_test]
async fn a_body_that_never_starts_ends_by_the_first_byte_clock() {
    let body = body(&[], Ending::Stalls);
    let start = now();
    let clocks = Clocks { first_byte: Some(start + Duration::from_ms(80)), ..patient() };
    let read = read(&mut flight(clocks), &answer(&body), None).await;
    assert!(matches!(read.ended, Err(Lost::TimedOut(Phase::FirstByte))));
    assert_took(start, 80);
}

#[wasm_bindgen_test]
async fn pieces_that_keep_coming_wind_the_idle_clock_again() {
    let body = slow_body(&[b"x".as_slice(); 12], Ending::Closes, 30);
    let clocks = Clocks { idle: Duration::from_ms(150), ..patient() };
    let start = now();
    let read = read(&mut flight(clocks), &answer(&body), None).await;
    assert!(read.ended.is_ok());
    assert_eq!(read.pieces.len(), 12);
    assert!(now().since(start) > clocks.idle);
}

#[wasm_bindgen_test]
async fn a_drip_that_is_never_idle_meets_the_attempt_clock() {
    let body = slow_body(&[b"x"], Ending::Endless, 20);
    let start = now();
    let clocks =
        Clocks { idle: Duration::from_ms(500), attempt: start + Duration::from_ms(200), ..patient() };
    let read = read(&mut flight(clocks), &answer(&body), None).await;
    assert!(matches!(read.ended, Err(Lost::TimedOut(Phase::Attempt))));
    assert_took(start, 200);
    assert!(read.pieces.len() >= 2);
}

#[wasm_bindgen_test]
async fn a_body_that_was_read_before_is_no_answer() {
    let body = body(&[b"once"], Ending::Closes);
    let response = answer(&body);
    assert!(read(&mut flight(patient()), &response, None).await.ended.is_ok());
    let again = read(&mut flight(patient()), &response, None).await;
    assert!(matches!(again.ended, Err(Lost::Network)));
}

#[wasm_bindgen_test]
async fn a_body_of_texts_instead_of_bytes_is_no_answer() {
    for limit in [None, Some(10)] {
        let response = response(200, &[], &text_stream());
        let read = read(&mut flight(patient()), &response, limit).await;
        assert!(matches!(read.ended, Err(Lost::Network)), "limit {limit:?}");
    }
}
