use std::{
    io::ErrorKind,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{
    io::AsyncReadExt,
    time::{sleep, timeout},
};

use crate::{
    events::{Raw, events},
    mock::{Mock, read_to_end},
    streams::formats,
};

/// Streams at once, and at a pace at which the whole one would take a second.
fn paces() -> [Value; 2] {
    [json!({"tokens": 100}), json!({"tokens": 100, "tokensPerSecond": 100})]
}

async fn broken(stream: &Value, fault: &Value) -> Mock {
    Mock::of(json!({"stream": stream, "then": {"fault": fault}})).await
}

/// Plain events, which are short: 13 bytes and the text.
async fn raw_of(mock: &Mock) -> Raw {
    let (path, ask, _) = &formats()[4];
    let mut socket = mock.socket_with(path, ask).await;
    timeout(Duration::from_secs(3), Raw::read(&mut socket)).await.expect("the server ends the answer")
}

async fn entry(mock: &Mock) -> Value {
    mock.counters().await["log"][0].clone()
}

fn is_reset(end: &std::io::Result<()>) -> bool {
    matches!(end, Err(error) if error.kind() == ErrorKind::ConnectionReset)
}

#[tokio::test]
async fn a_stream_breaks_after_any_byte() {
    for stream in paces() {
        for bytes in [0, 1, 5, 29, 30, 31, 333] {
            for kind in ["reset", "close"] {
                let mock = broken(&stream, &json!({"kind": kind, "bytes": bytes})).await;
                let raw = raw_of(&mock).await;
                let case = format!("{kind} {bytes} {stream}");
                assert_eq!(raw.body().len(), bytes, "{case}");
                assert!(!raw.ended, "{case}");
                assert_eq!(is_reset(&raw.end), kind == "reset", "{case}: {:?}", raw.end);
                let entry = entry(&mock).await;
                assert_eq!(entry["outcome"], "fault", "{case}");
                assert_eq!(entry["bytesSent"], bytes, "{case}");
                assert_eq!(entry["eventsSent"], events(&raw.text()).len(), "{case}");
            }
        }
    }
}

#[tokio::test]
async fn a_stream_breaks_after_any_event() {
    for stream in paces() {
        for count in [0, 1, 7] {
            for kind in ["reset", "close", "end"] {
                let mock = broken(&stream, &json!({"kind": kind, "events": count})).await;
                let raw = raw_of(&mock).await;
                let case = format!("{kind} {count} {stream}");
                assert_eq!(events(&raw.text()).len(), count, "{case}");
                assert!(count == 0 || raw.text().ends_with("}\n\n"), "{case}");
                assert_eq!(raw.ended, kind == "end", "{case}");
                assert_eq!(is_reset(&raw.end), kind == "reset", "{case}");
                assert_eq!(entry(&mock).await["eventsSent"], count, "{case}");
            }
        }
    }
}

#[tokio::test]
async fn a_stream_breaks_before_its_body_and_before_its_head() {
    let stream = json!({"tokens": 3, "tokensPerSecond": 100});
    let mock = broken(&stream, &json!({"kind": "close", "at": "headers"})).await;
    let raw = raw_of(&mock).await;
    assert!(raw.head.contains("text/event-stream") && raw.chunks.is_empty() && !raw.ended);
    assert_eq!(entry(&mock).await["eventsSent"], 0);

    let mock = broken(&stream, &json!({"kind": "close", "at": "accept"})).await;
    let (answer, end) =
        read_to_end(&mut mock.socket_with("/any/events", &json!({"stream": true})).await).await;
    assert_eq!((answer.as_str(), end.is_ok()), ("", true));
    assert_eq!(entry(&mock).await["eventsSent"], Value::Null);
}

#[tokio::test]
async fn a_break_beyond_the_last_event_still_leaves_the_stream_unfinished() {
    let mock = broken(&json!({"tokens": 2}), &json!({"kind": "close", "events": 99})).await;
    let raw = raw_of(&mock).await;
    assert!(raw.text().ends_with("data: [DONE]\n\n"));
    assert!(!raw.ended);
}

#[tokio::test]
async fn an_end_is_a_clean_one_of_http_so_that_only_the_stream_tells() {
    for stream in paces() {
        for bytes in [0, 1, 333] {
            let mock = broken(&stream, &json!({"kind": "end", "bytes": bytes})).await;
            let raw = raw_of(&mock).await;
            assert_eq!(raw.body().len(), bytes, "{stream}");
            assert!(raw.ended && raw.end.is_ok(), "{stream}");
            assert!(!raw.head.contains("content-length"), "{}", raw.head);
            let entry = entry(&mock).await;
            assert_eq!(entry["outcome"], "sent", "{stream}");
            assert_eq!(entry["bytesSent"], bytes, "{stream}");
        }
    }
}

#[tokio::test]
async fn an_end_of_a_whole_body_shortens_its_content_length() {
    for (bytes, body) in [(4, "0123"), (0, ""), (99, "0123456789")] {
        let step = json!({"body": "0123456789", "fault": {"kind": "end", "bytes": bytes}});
        let mock = Mock::of(json!({ "then": step })).await;
        let answer = mock.get("/m").await;
        assert_eq!(answer.headers()["content-length"], body.len().to_string());
        assert_eq!(answer.text().await.expect("a whole answer"), body);
        let entry = entry(&mock).await;
        assert_eq!(entry["bytesSent"], body.len());
        assert_eq!(entry["eventsSent"], Value::Null);
    }
}

#[tokio::test]
async fn a_stall_in_a_stream_sends_its_part_and_then_nothing() {
    for stream in paces() {
        let mock = broken(&stream, &json!({"kind": "stall", "bytes": 40})).await;
        let (path, ask, _) = &formats()[4];
        let mut socket = mock.socket_with(path, ask).await;
        assert!(timeout(Duration::from_millis(200), Raw::read(&mut socket)).await.is_err());
        let entry = entry(&mock).await;
        assert_eq!(entry["outcome"], Value::Null);
        assert_eq!((&entry["bytesSent"], &entry["eventsSent"]), (&json!(40), &json!(1)));
    }
}

#[tokio::test]
async fn a_drip_in_a_stream_begins_after_its_bytes_or_events() {
    for start in [json!({"bytes": 32}), json!({"events": 1})] {
        let mut fault = start.clone();
        fault["kind"] = json!("drip");
        fault["everyMs"] = json!(5);
        let mock = broken(&json!({"tokens": 2}), &fault).await;
        let begun = Instant::now();
        let raw = raw_of(&mock).await;
        assert!(raw.ended);
        assert_eq!(events(&raw.text()).len(), 3);
        let dripped = raw.chunks.len() - 1;
        assert_eq!(raw.chunks[0].len() + dripped, raw.body().len(), "{start}");
        assert!(begun.elapsed() >= Duration::from_millis(5 * dripped as u64), "{start}");
    }
}

#[tokio::test]
async fn comments_go_on_for_ever_after_the_last_event() {
    for stream in paces() {
        let fault = json!({"kind": "comments", "events": 2, "everyMs": 10});
        let mock = broken(&stream, &fault).await;
        let (path, ask, _) = &formats()[4];
        let mut socket = mock.socket_with(path, ask).await;
        let mut bytes = Vec::new();
        let read = timeout(Duration::from_millis(300), socket.read_to_end(&mut bytes)).await;
        assert!(read.is_err(), "the connection ended");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert_eq!(text.matches("data: ").count(), 2, "{text}");
        let comments = text.matches("\r\n3\r\n:\n\n\r\n").count();
        assert!((8..=30).contains(&comments), "{comments}");
        assert_eq!(entry(&mock).await["eventsSent"], 2);
        drop(socket);
        mock.until("aborted", 1).await;
    }
}

#[tokio::test]
async fn comments_in_a_body_that_is_no_stream_need_no_content_length() {
    let step = json!({"body": "{}", "fault": {"kind": "comments", "everyMs": 5, "bytes": 1}});
    let mock = Mock::of(json!({ "then": step })).await;
    let mut socket = mock.socket("/").await;
    let mut bytes = vec![0; 4096];
    sleep(Duration::from_millis(50)).await;
    let length = socket.read(&mut bytes).await.expect("an answer");
    let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
    assert!(text.contains("chunked") && text.contains(":\n\n"), "{text}");
}

#[tokio::test]
async fn an_event_stream_that_a_step_gives_breaks_by_events_too() {
    let body = ": hi\n\ndata: 1\n\ndata: 2\r\n\r\ndata: 3\n\n";
    let step = json!({
        "body": body,
        "headers": {"content-type": "text/event-stream; charset=utf-8"},
        "fault": {"kind": "end", "events": 2},
    });
    let mock = Mock::of(json!({ "then": step })).await;
    let raw = raw_of(&mock).await;
    assert_eq!(raw.text(), ": hi\n\ndata: 1\n\ndata: 2\r\n\r\n");
    assert!(raw.ended);
    assert_eq!(entry(&mock).await["eventsSent"], 2);
}

#[tokio::test]
async fn a_body_that_is_no_stream_has_no_events_to_break_after() {
    let step = json!({"body": "0123456789", "fault": {"kind": "reset", "events": 1}});
    let mock = Mock::of(json!({ "then": step })).await;
    let mut socket = mock.socket("/").await;
    let (answer, end) = read_to_end(&mut socket).await;
    assert!(answer.ends_with("0123456789\r\n"), "{answer}");
    assert!(is_reset(&end));
    assert_eq!(entry(&mock).await["eventsSent"], Value::Null);
}
