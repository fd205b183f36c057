//! Dropping an attempt stops it, wherever it is.

use super::attempt::{Attempt, patient, status};
use super::caller::{Caller, Kept};
use super::network::{Body, Ending, Network, aborted, body, response};
use super::timing::{Unhandled, sleep, within};
use crate::core::call::Input;
use wasm_bindgen_test::wasm_bindgen_test;

fn answers(network: &Network, body: &Body) {
    network.answers(&response(200, &[], &body.stream()));
}

#[wasm_bindgen_test]
async fn before_it_is_sent_nothing_is() {
    let network = Network::new();
    let caller = Caller::new("{}");
    caller.set_token(&"stalls".into());
    assert!(within(20, Attempt::new(&caller, patient()).departs()).await.is_none());
    assert_eq!(caller.kept(Kept::Streams), ["stop"]);
    assert!(network.asked().is_empty());
}

#[wasm_bindgen_test]
async fn before_the_head_the_signal_aborts() {
    let network = Network::new();
    network.stalls();
    let caller = Caller::new("{}");
    {
        let mut attempt = Attempt::new(&caller, patient());
        assert!(within(20, attempt.departs()).await.is_none());
        assert!(!aborted(&network.asked()[0].signal()));
    }
    assert!(aborted(&network.asked()[0].signal()));
}

#[wasm_bindgen_test]
async fn between_head_and_body_the_signal_aborts() {
    let network = Network::new();
    network.answers_with(200, &[], "unread");
    let caller = Caller::new("{}");
    let mut attempt = Attempt::new(&caller, patient());
    assert_eq!(status(attempt.departs().await), 200);
    assert!(!aborted(&network.asked()[0].signal()));
    drop(attempt);
    assert!(aborted(&network.asked()[0].signal()));
}

#[wasm_bindgen_test]
async fn within_the_body_the_signal_aborts_and_the_body_is_cancelled() {
    for streamed in [false, true] {
        let network = Network::new();
        let body = body(&[b"so far"], Ending::Stalls);
        answers(&network, &body);
        let caller = Caller::new(&format!(r#"{{"streamed": {streamed}}}"#));
        let mut attempt = Attempt::new(&caller, patient());
        assert_eq!(status(attempt.departs().await), 200);
        let read = async { if streamed { attempt.streams().await } else { attempt.reads(None).await } };
        assert!(within(20, read).await.is_none());
        assert!(!body.cancelled() && !aborted(&network.asked()[0].signal()));
        drop(attempt);
        sleep(5).await;
        assert!(body.cancelled() && aborted(&network.asked()[0].signal()));
        assert_eq!(caller.kept(Kept::Streams), ["stop"]);
    }
}

#[wasm_bindgen_test]
async fn after_the_last_piece_nothing_is_stopped() {
    let network = Network::new();
    let body = body(&[b"all"], Ending::Closes);
    answers(&network, &body);
    let caller = Caller::new("{}");
    let mut attempt = Attempt::new(&caller, patient());
    attempt.departs().await;
    assert!(matches!(attempt.reads(None).await, Input::Body(_)));
    drop(attempt);
    sleep(5).await;
    assert!(!body.cancelled() && !aborted(&network.asked()[0].signal()));
    assert!(caller.kept(Kept::Streams).is_empty());
}

#[wasm_bindgen_test]
async fn cancelling_a_broken_body_is_no_unhandled_rejection() {
    let unhandled = Unhandled::new();
    let network = Network::new();
    answers(&network, &body(&[b"so far"], Ending::Breaks));
    let caller = Caller::new("{}");
    let mut attempt = Attempt::new(&caller, patient());
    attempt.departs().await;
    assert!(matches!(attempt.reads(None).await, Input::NetworkError(_)));
    drop(attempt); // `cancel` of a stream in error rejects
    assert_eq!(caller.kept(Kept::Streams), ["stop"]);
    assert_eq!(unhandled.counted().await, 0.0);
}
