use std::{
    io::ErrorKind,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{
    io::AsyncReadExt,
    time::{sleep, timeout},
};

use crate::mock::{Mock, PROMPTLY, read_to_end};

/// A model that answers `0123456789` with that fault.
async fn broken(fault: Value) -> Mock {
    Mock::of(json!({"then": {"body": "0123456789", "fault": fault}})).await
}

async fn answer_of(mock: &Mock) -> (String, std::io::Result<()>) {
    let mut socket = mock.socket("/").await;
    timeout(Duration::from_secs(3), read_to_end(&mut socket)).await.expect("the server ends the connection")
}

fn is_reset(end: &std::io::Result<()>) -> bool {
    matches!(end, Err(error) if error.kind() == ErrorKind::ConnectionReset)
}

#[tokio::test]
async fn a_reset_at_accept_sends_not_one_byte() {
    let mock = broken(json!({"kind": "reset", "at": "accept"})).await;
    let (answer, end) = answer_of(&mock).await;
    assert_eq!(answer, "");
    assert!(is_reset(&end), "{end:?}");
}

#[tokio::test]
async fn a_close_at_accept_ends_cleanly_without_one_byte() {
    let mock = broken(json!({"kind": "close", "at": "accept"})).await;
    let (answer, end) = answer_of(&mock).await;
    assert_eq!(answer, "");
    assert!(end.is_ok(), "{end:?}");
}

#[tokio::test]
async fn a_reset_at_headers_comes_after_the_whole_header_block() {
    let mock = broken(json!({"kind": "reset", "at": "headers"})).await;
    let (answer, end) = answer_of(&mock).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("content-length: 10\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
    assert!(is_reset(&end), "{end:?}");
}

#[tokio::test]
async fn a_close_at_headers_leaves_the_content_length_unfulfilled() {
    let mock = broken(json!({"kind": "close", "at": "headers"})).await;
    let (answer, end) = answer_of(&mock).await;
    assert!(answer.contains("content-length: 10\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
    assert!(end.is_ok(), "{end:?}");
}

#[tokio::test]
async fn a_reset_in_the_body_comes_after_so_many_bytes() {
    let mock = broken(json!({"kind": "reset", "at": "body", "bytes": 4})).await;
    let (answer, end) = answer_of(&mock).await;
    assert!(answer.ends_with("\r\n\r\n0123"), "{answer}");
    assert!(is_reset(&end), "{end:?}");
}

#[tokio::test]
async fn a_reset_after_megabytes_comes_after_all_of_them() {
    let fault = json!({"kind": "reset", "at": "body", "bytes": 20_000_000});
    let mock = Mock::of(json!({"then": {"bodyBytes": 30_000_000, "fault": fault}})).await;
    let mut socket = mock.socket("/").await;
    let mut received = 0;
    let mut buffer = vec![0; 1 << 20];
    let end = loop {
        match socket.read(&mut buffer).await {
            Ok(0) => break Ok(()),
            Ok(count) => received += count,
            Err(error) => break Err(error),
        }
    };
    assert!(is_reset(&end), "{end:?}");
    let head = received - 20_000_000;
    assert!((50..1_000).contains(&head), "{received} bytes");
}

#[tokio::test]
async fn a_closed_chunked_body_lacks_its_last_chunk() {
    let fault = json!({"kind": "close", "at": "body", "bytes": 4});
    let mock = Mock::of(json!({"then": {"body": "0123456789", "chunked": true, "fault": fault}}));
    let mock = mock.await;
    let (answer, end) = answer_of(&mock).await;
    assert!(answer.contains("transfer-encoding: chunked\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n4\r\n0123\r\n"), "{answer}");
    assert!(end.is_ok(), "{end:?}");
}

#[tokio::test]
async fn a_break_beyond_the_end_of_the_body_still_leaves_it_unfinished() {
    let mock = broken(json!({"kind": "close", "at": "body", "bytes": 99})).await;
    let (answer, _) = answer_of(&mock).await;
    assert!(answer.contains("content-length: 11\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n0123456789"), "{answer}");
}

#[tokio::test]
async fn an_answer_without_a_body_can_break_too() {
    let step = json!({"status": 503, "fault": {"kind": "close", "at": "headers"}});
    let mock = Mock::of(json!({ "then": step })).await;
    let (answer, _) = answer_of(&mock).await;
    assert!(answer.contains("content-length: 1\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
}

#[tokio::test]
async fn a_stall_sends_its_part_and_then_nothing_while_the_connection_stays_open() {
    let mock = broken(json!({"kind": "stall", "at": "body", "bytes": 3})).await;
    let mut socket = mock.socket("/").await;
    let mut bytes = Vec::new();
    let end = timeout(Duration::from_millis(200), socket.read_to_end(&mut bytes)).await;
    assert!(end.is_err(), "the connection ended");
    assert!(String::from_utf8_lossy(&bytes).ends_with("\r\n\r\n012"));
    assert_eq!(mock.counters().await["inFlight"], 1);
}

#[tokio::test]
async fn a_client_that_leaves_a_stall_is_noticed_promptly() {
    for (place, unfinished) in [("accept", 0), ("headers", 1), ("body", 1)] {
        let mock = broken(json!({"kind": "stall", "at": place})).await;
        let socket = mock.socket("/").await;
        sleep(Duration::from_millis(30)).await;
        assert_eq!(mock.counters().await["aborted"], 0, "{place}");
        drop(socket);
        let noticed = mock.until("aborted", 1).await;
        assert!(noticed < PROMPTLY, "{place}: {noticed:?}");
        let counters = mock.counters().await;
        assert_eq!(counters["unfinishedBodies"], unfinished, "{place}");
        assert_eq!(counters["inFlight"], 0, "{place}");
        assert_eq!(counters["log"][0]["outcome"], "aborted", "{place}");
    }
}

#[tokio::test]
async fn a_client_that_leaves_during_a_delay_is_noticed_promptly() {
    let mock = Mock::of(json!({"then": {"delayMs": 60_000}})).await;
    let socket = mock.socket("/").await;
    mock.until("inFlight", 1).await;
    drop(socket);
    let noticed = mock.until("aborted", 1).await;
    assert!(noticed < PROMPTLY, "{noticed:?}");
    let entry = &mock.counters().await["log"][0];
    assert_eq!(entry["status"], Value::Null);
}

#[tokio::test]
async fn a_client_that_leaves_a_huge_body_is_counted() {
    let mock = Mock::of(json!({"then": {"bodyBytes": 5_000_000_000_u64}})).await;
    let mut socket = mock.socket("/").await;
    socket.read_exact(&mut [0; 1_000]).await.expect("a start");
    drop(socket);
    let noticed = mock.until("unfinishedBodies", 1).await;
    assert!(noticed < PROMPTLY, "{noticed:?}");
}

#[tokio::test]
async fn a_drip_sends_one_byte_at_a_time() {
    let mock = broken(json!({"kind": "drip", "everyMs": 60, "bytes": 5})).await;
    let start = Instant::now();
    let answer = mock.get("/m").await;
    assert!(start.elapsed() < Duration::from_millis(250), "the head waits");
    assert_eq!(answer.text().await.expect("a body"), "0123456789");
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(295), "{took:?}");
    assert_eq!(mock.counters().await["log"][0]["outcome"], "sent");
}

#[tokio::test]
async fn a_fault_is_logged_as_one_and_not_as_an_abort() {
    let mock = broken(json!({"kind": "reset", "at": "body", "bytes": 1})).await;
    assert!(is_reset(&answer_of(&mock).await.1));
    let counters = mock.counters().await;
    assert_eq!(counters["log"][0]["outcome"], "fault");
    assert_eq!(counters["log"][0]["status"], 200);
    assert_eq!(counters["aborted"], 0);
    assert_eq!(counters["inFlight"], 0);
    mock.until("openConnections", 0).await;
}

#[tokio::test]
async fn a_fault_on_one_connection_leaves_the_next_request_alone() {
    let mock = Mock::of(json!({"script": [{"fault": {"kind": "reset"}}]})).await;
    assert!(is_reset(&answer_of(&mock).await.1));
    assert_eq!(mock.get("/m/health").await.status(), 200);
}
