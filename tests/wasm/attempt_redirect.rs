//! Redirects: by hand where they are shown, by the browser where they are not.

use super::attempt::{Attempt, patient};
use super::caller::{Caller, Kept};
use super::network::{Asked, Ending, Network, body, opaque, redirect, response};
use super::timing::sleep;
use crate::core::call::Input;
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

/// The status that one attempt over this network ends with, or none if it was sent astray. All of its
/// requests share a signal, and the TypeScript side is told of the last response alone.
async fn status(network: &Network) -> Option<u16> {
    let caller = Caller::new("{}");
    let got = match Attempt::new(&caller, patient()).departs().await {
        Input::Head(head) => Some(head.status),
        Input::Astray => None,
        other => panic!("{other:?}"),
    };
    let asked = network.asked();
    assert!(asked.iter().all(|each| each.signal() == asked[0].signal()));
    assert_eq!(caller.kept(Kept::Landings), Vec::from_iter(got.map(|status| format!("1 {status}"))));
    got
}

#[wasm_bindgen_test]
async fn a_307_and_a_308_are_followed_by_hand_to_where_they_lead() {
    let network = Network::new();
    network.answers(&redirect(307, "/two?key=1"));
    network.answers(&redirect(308, "https://other.test/three"));
    network.answers_with(200, &[], "there");
    assert_eq!(status(&network).await, Some(200));
    assert_eq!(network.urls(), ["http://one.test/", "http://one.test/two?key=1", "https://other.test/three"]);
    assert!(network.asked().iter().all(|asked| asked.redirect() == "manual"));
}

#[wasm_bindgen_test]
async fn five_redirects_are_followed() {
    let network = Network::new();
    for hop in 1..=5 {
        network.answers(&redirect(307, &format!("/{hop}")));
    }
    network.answers_with(200, &[], "there");
    assert_eq!(status(&network).await, Some(200));
    assert_eq!(network.asked().len(), 6);
}

#[wasm_bindgen_test]
async fn a_redirect_that_fetch_would_refuse_leads_astray_and_its_body_is_cancelled() {
    let network = Network::new();
    let page = body(&[b"moved"], Ending::Stalls);
    network.answers(&response(307, &[("location", "http://")], &page.stream()));
    network.answers_with(200, &[], "there");
    assert_eq!(status(&network).await, None);
    assert_eq!(network.asked().len(), 1);
    sleep(5).await;
    assert!(page.cancelled());
}

#[wasm_bindgen_test]
async fn the_body_of_a_redirect_is_cancelled() {
    let network = Network::new();
    let page = body(&[b"moved"], Ending::Stalls);
    network.answers(&response(307, &[("location", "/two")], &page.stream()));
    network.answers_with(200, &[], "there");
    assert_eq!(status(&network).await, Some(200));
    sleep(5).await;
    assert!(page.cancelled());
}

#[wasm_bindgen_test]
async fn a_redirect_that_leads_nowhere_is_an_answer() {
    let network = Network::new();
    network.answers(&response(307, &[], &JsValue::NULL));
    assert_eq!(status(&network).await, Some(307));
    assert_eq!(network.asked().len(), 1);
}

#[wasm_bindgen_test]
async fn redirects_that_lose_the_body_or_the_method_are_not_followed() {
    for code in [301, 302, 303] {
        let network = Network::new();
        network.answers(&redirect(code, "/two"));
        assert_eq!(status(&network).await, Some(code));
        assert_eq!(network.asked().len(), 1);
    }
}

#[wasm_bindgen_test]
async fn an_opaque_redirect_is_asked_for_again_and_left_to_the_browser() {
    let network = Network::new();
    network.answers(&opaque());
    network.answers_with(200, &[], "there");
    assert_eq!(status(&network).await, Some(200));
    let modes: Vec<_> = network.asked().iter().map(Asked::redirect).collect();
    assert_eq!(modes, ["manual", "follow"]);
    assert_eq!(network.urls(), ["http://one.test/", "http://one.test/"]);
}

#[wasm_bindgen_test]
async fn what_stays_opaque_even_then_leads_astray() {
    let network = Network::new();
    network.answers(&opaque());
    network.answers(&opaque());
    network.answers_with(200, &[], "too late");
    assert_eq!(status(&network).await, None);
    assert_eq!(network.asked().len(), 2);
}
