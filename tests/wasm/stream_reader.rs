//! A reader that asks for nothing: no clock counts the time that it takes.

use super::caller::{Caller, Kept};
use super::network::{Ending, Network, body, slow_body};
use super::stream::{DONE, FINISH, TEXT, streamed, streams};
use super::timing::{assert_took, sleep};
use crate::core::time::Duration;
use crate::web::clock::now;
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
async fn a_reader_that_is_away_for_longer_than_every_clock_has_its_stream() {
    let network = Network::new();
    streams(&network, &body(&[TEXT, TEXT, FINISH], Ending::Closes));
    let caller = streamed(r#""firstByteMs": 50, "idleMs": 50, "attemptMs": 100, "totalMs": 150"#);
    caller.goes_away(&[300]);
    let start = now();
    assert_eq!(caller.runs().await.how(), "ok");
    assert_took(start, 300);
}

#[wasm_bindgen_test]
async fn the_time_away_is_added_to_the_total() {
    let network = Network::new();
    streams(&network, &slow_body(&[TEXT], Ending::Endless, 10));
    let caller = streamed(r#""idleMs": 60, "attemptMs": 150, "totalMs": 150"#);
    caller.goes_away(&[100, 100]);
    let start = now();
    assert_eq!(caller.runs().await.failure().texts(), ["timeout", "compute", "total"]);
    assert_took(start, 350);
}

#[wasm_bindgen_test]
async fn a_reader_that_comes_back_to_silence_meets_the_idle_clock_from_then_on() {
    let network = Network::new();
    streams(&network, &body(&[TEXT], Ending::Stalls));
    let caller = streamed(r#""idleMs": 80, "attemptMs": 80"#);
    caller.goes_away(&[200]);
    let start = now();
    assert_eq!(caller.runs().await.failure().texts(), ["timeout", "compute", "idle"]);
    assert_took(start, 280);
}

#[wasm_bindgen_test]
async fn a_reader_that_comes_back_has_what_was_left_of_the_total_and_no_more() {
    let network = Network::new();
    streams(&network, &slow_body(&[TEXT], Ending::Endless, 20));
    // Away while the total would run out; back long before the idle clock is looked at again.
    let caller = streamed(r#""idleMs": 1000, "attemptMs": 150, "totalMs": 150"#);
    caller.goes_away(&[0, 200]);
    let start = now();
    assert_eq!(caller.runs().await.failure().texts(), ["timeout", "compute", "total"]);
    assert_took(start, 350);
}

#[wasm_bindgen_test]
async fn a_reader_that_holds_up_the_thread_is_no_silence() {
    let network = Network::new();
    streams(&network, &slow_body(&[TEXT, TEXT, FINISH], Ending::Closes, 60));
    let caller = streamed(r#""idleMs": 80"#);
    let start = now();
    caller.starts();
    sleep(65).await;
    // The second piece comes meanwhile, in time, but the alarm rang before anybody saw it.
    while now().since(start) < Duration::from_ms(300) {}
    assert_eq!(caller.ends().await.how(), "ok");
}

#[wasm_bindgen_test]
async fn an_abort_ends_a_call_whose_reader_is_away() {
    let network = Network::new();
    streams(&network, &body(&[TEXT, DONE], Ending::Closes));
    let caller: Caller = streamed("");
    caller.goes_away(&[200]);
    caller.aborts_after(40);
    let start = now();
    assert_eq!(caller.runs().await.how(), "aborted");
    assert_took(start, 39);
    sleep(250).await;
    assert_eq!(caller.kept(Kept::Streams), [r#"events {"content":"a"}"#, "begin", "stop"]);
}
