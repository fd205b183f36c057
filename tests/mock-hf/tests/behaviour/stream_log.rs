use std::time::Duration;

use serde_json::{Value, json};
use tokio::{io::AsyncReadExt, time::sleep};

use crate::{
    events::Raw,
    mock::{Mock, PROMPTLY},
    streams::formats,
};

async fn entry(mock: &Mock) -> Value {
    mock.counters().await["log"][0].clone()
}

#[tokio::test]
async fn the_log_counts_the_bytes_and_events_of_a_whole_stream() {
    for stream in [json!({"tokens": 100}), json!({"tokens": 100, "tokensPerSecond": 500})] {
        let mock = Mock::of(json!({ "stream": stream })).await;
        let (path, ask, _) = &formats()[4];
        let raw = Raw::read(&mut mock.socket_with(path, ask).await).await;
        let entry = entry(&mock).await;
        assert_eq!(entry["outcome"], "sent");
        assert_eq!(entry["bytesSent"], raw.body().len());
        assert_eq!(entry["eventsSent"], 101);
    }
}

#[tokio::test]
async fn a_client_that_leaves_a_stream_is_noticed_at_once_and_not_at_the_next_event() {
    // In each case the next byte is due in a minute, or never.
    let slow = json!({"tokens": 9, "tokensPerSecond": 0.016});
    let cases = [
        (slow.clone(), json!({})),
        (json!({}), json!({"fault": {"kind": "stall", "events": 2}})),
        (json!({}), json!({"fault": {"kind": "drip", "events": 2, "everyMs": 60_000}})),
        (json!({}), json!({"fault": {"kind": "comments", "events": 2, "everyMs": 60_000}})),
        (slow, json!({"fault": {"kind": "close", "events": 2}})),
    ];
    let (path, ask, _) = &formats()[0];
    for (stream, step) in cases {
        let mut noticed = Duration::MAX;
        // The best of three: others share this machine.
        for _ in 0..3 {
            let mock = Mock::of(json!({"stream": stream, "then": step})).await;
            let mut socket = mock.socket_with(path, ask).await;
            socket.read_exact(&mut [0; 300]).await.expect("a start");
            sleep(Duration::from_millis(20)).await;
            drop(socket);
            noticed = noticed.min(mock.until("aborted", 1).await);
            let entry = entry(&mock).await;
            assert_eq!(entry["outcome"], "aborted", "{step}");
            assert!(entry["endedAtMs"].is_u64(), "{step}");
            assert!(entry["bytesSent"].as_u64() > Some(0), "{step}");
        }
        assert!(noticed < Duration::from_millis(50), "{stream} {step}: {noticed:?}");
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_and_then_leaves_is_noticed() {
    let mock = Mock::of(json!({"stream": {"tokens": 3_000_000}})).await;
    let (path, ask, _) = &formats()[0];
    let socket = mock.socket_with(path, ask).await;
    mock.until("inFlight", 1).await;
    sleep(Duration::from_millis(100)).await;
    drop(socket);
    let noticed = mock.until("aborted", 1).await;
    assert!(noticed < PROMPTLY, "{noticed:?}");
    let sent = entry(&mock).await["eventsSent"].as_u64().expect("a stream");
    assert!((1..1_000_000).contains(&sent), "{sent}");
}
