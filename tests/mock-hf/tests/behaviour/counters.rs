use reqwest::Method;
use serde_json::{Value, json};

use crate::mock::{Mock, chat};

#[tokio::test]
async fn the_log_tells_what_was_sent_and_how_it_ended() {
    let mock = Mock::of(json!({})).await;
    let request = mock.post("/v1/chat/completions?x=1", &chat("hé"));
    let request = request.header("Authorization", "Bearer hf_secret");
    request.send().await.expect("an answer");
    let counters = mock.counters().await;
    assert_eq!(counters["requests"], 1);
    assert_eq!(counters["inFlight"], 0);
    assert_eq!(counters["maxInFlight"], 1);
    let entry = &counters["log"][0];
    assert_eq!(entry["atMs"], 0);
    assert_eq!(entry["method"], "POST");
    assert_eq!(entry["path"], "/v1/chat/completions?x=1");
    assert_eq!(entry["status"], 200);
    assert_eq!(entry["outcome"], "sent");
    assert!(entry["endedAtMs"].is_u64());
    assert_eq!(entry["headers"]["authorization"], "Bearer hf_secret");
    assert_eq!(entry["body"], chat("hé").to_string());
    assert_eq!(entry["bodyBytes"], chat("hé").to_string().len());
    assert_eq!(entry["origin"], "this");
}

#[tokio::test]
async fn a_request_in_flight_is_in_the_log_without_an_outcome() {
    let mock = Mock::of(json!({"then": {"fault": {"kind": "stall"}}})).await;
    let _socket = mock.socket("/").await;
    mock.until("inFlight", 1).await;
    let entry = &mock.counters().await["log"][0];
    assert_eq!(entry["outcome"], Value::Null);
    assert_eq!(entry["endedAtMs"], Value::Null);
}

#[tokio::test]
async fn requests_at_the_same_time_are_counted_at_their_most() {
    let mock = Mock::of(json!({"latencyMs": 60})).await;
    tokio::join!(mock.get("/m"), mock.get("/m"), mock.get("/m"));
    mock.get("/m").await;
    let counters = mock.counters().await;
    assert_eq!(counters["maxInFlight"], 3);
    assert_eq!(counters["requests"], 4);
}

#[tokio::test]
async fn connections_count_for_the_model_that_they_last_served_until_they_close() {
    let mock = Mock::of(json!({})).await;
    let first = mock.socket("/").await;
    let second = mock.socket("/").await;
    mock.until("openConnections", 2).await;
    drop(first);
    mock.until("openConnections", 1).await;
    drop(second);
    mock.until("openConnections", 0).await;
}

#[tokio::test]
async fn a_connection_is_kept_alive_over_many_requests() {
    let mock = Mock::of(json!({})).await;
    for _ in 0..5 {
        mock.ask("/v1/chat/completions", &chat("x")).await.text().await.expect("text");
    }
    let counters = mock.counters().await;
    assert_eq!(counters["requests"], 5);
    assert_eq!(counters["openConnections"], 1);
}

#[tokio::test]
async fn the_log_keeps_the_last_thousand_and_can_be_cut_shorter() {
    let mock = Mock::of(json!({})).await;
    for at in 0..1_005 {
        mock.get(&format!("/m/{at}")).await;
    }
    let counters = mock.counters().await;
    let log = counters["log"].as_array().expect("a log");
    assert_eq!(counters["requests"], 1_005);
    assert_eq!(log.len(), 1_000);
    assert_eq!(log[0]["path"], "/5");
    assert_eq!(log[999]["outcome"], "sent");
    let short: Value = mock.get("/_mock/m?log=2").await.json().await.expect("JSON");
    assert_eq!(short["log"].as_array().map(Vec::len), Some(2));
    assert_eq!(short["log"][1]["path"], "/1004");
}

#[tokio::test]
async fn only_the_first_2000_characters_of_a_text_are_logged() {
    let mock = Mock::of(json!({})).await;
    let long = "é".repeat(3_000);
    let request = mock.request(Method::POST, "/m/x").body(long);
    request.send().await.expect("an answer");
    let request = mock.request(Method::POST, "/m/x").body(vec![0xff, 0xfe]);
    request.send().await.expect("an answer");
    let log = &mock.counters().await["log"];
    let text = log[0]["body"].as_str().expect("text");
    assert_eq!(text.chars().count(), 2_000);
    assert_eq!(log[0]["bodyBytes"], 6_000);
    assert_eq!(log[1]["body"], Value::Null);
    assert_eq!(log[1]["bodyBytes"], 2);
}
