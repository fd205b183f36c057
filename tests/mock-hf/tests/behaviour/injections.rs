use serde_json::{Value, json};

use crate::{
    events::{Raw, events},
    mock::Mock,
    streams::formats,
};

/// Three plain events and `[DONE]`, with that put in.
async fn injected(inject: Value) -> (Mock, Raw) {
    let mock = Mock::of(json!({"stream": {"tokens": 3}, "then": {"inject": inject}})).await;
    let (path, ask, _) = &formats()[4];
    let mut socket = mock.socket_with(path, ask).await;
    let raw = Raw::read(&mut socket).await;
    (mock, raw)
}

fn data(stream: &str) -> Vec<String> {
    let short = |data: String| data.split(",\"text").next().unwrap_or_default().to_owned();
    events(stream).into_iter().map(|event| short(event.data)).collect()
}

#[tokio::test]
async fn a_text_comes_after_so_many_whole_events() {
    let error = "data: {\"error\":\"x\"}\n\n";
    for (count, at) in [(json!(0), 0), (json!(2), 2), (json!(4), 4), (json!(99), 4)] {
        let (mock, raw) = injected(json!({"events": count, "text": error})).await;
        let mut expected = vec!["{\"n\":1", "{\"n\":2", "{\"n\":3", "[DONE]"];
        expected.insert(at, "{\"error\":\"x\"}");
        assert_eq!(data(&raw.text()), expected, "{count}");
        assert!(raw.ended);
        assert_eq!(mock.counters().await["log"][0]["eventsSent"], 5);
    }
    let (_, raw) = injected(json!({"text": error})).await;
    assert!(raw.text().starts_with(error), "first, if nothing else is said");
}

#[tokio::test]
async fn a_stream_may_end_right_after_the_text() {
    let (_, raw) = injected(json!({"events": 1, "text": "data: {\"bro", "thenEnd": true})).await;
    assert_eq!(raw.text(), "data: {\"n\":1,\"text\":\"word1 \"}\n\ndata: {\"bro");
    assert!(raw.ended && raw.end.is_ok());
}

#[tokio::test]
async fn bytes_that_are_no_utf_8_come_as_they_are() {
    // "data: \xff\xfe" and a blank line
    let (_, raw) = injected(json!({"events": 1, "base64": "ZGF0YTog//4KCg=="})).await;
    let body = raw.body();
    assert!(body.windows(10).any(|bytes| bytes == b"data: \xff\xfe\n\n"));
    assert_eq!(data(&raw.text()).len(), 5);
}

#[tokio::test]
async fn lines_that_are_no_events_leave_the_others_alone() {
    for text in ["error: {\"code\":500}\n\n", "{\"error\":\"bare\"}\n", ": ping\n\n", "\r\r"] {
        let (_, raw) = injected(json!({"events": 2, "text": text})).await;
        assert!(raw.text().contains(&format!("\n\n{text}data: ")), "{text:?}");
        assert_eq!(data(&raw.text()).len(), 4, "{text:?}");
    }
}

#[tokio::test]
async fn an_event_may_be_huge() {
    let (mock, raw) = injected(json!({"events": 1, "hugeEventBytes": 17_000_000})).await;
    let all = events(&raw.text());
    assert_eq!(all.len(), 5);
    assert_eq!(all[1].data.len(), 17_000_000);
    assert!(all[1].data.bytes().all(|byte| byte.is_ascii_lowercase()));
    assert_eq!(mock.counters().await["log"][0]["eventsSent"], 5);
}

#[tokio::test]
async fn a_byte_order_mark_stays_in_front_of_what_comes_first() {
    let step = json!({"inject": {"events": 0, "text": "data: first\n\n"}});
    let mock = Mock::of(json!({"stream": {"tokens": 1, "quirks": ["bom"]}, "then": step})).await;
    let (path, ask, _) = &formats()[4];
    let mut socket = mock.socket_with(path, ask).await;
    let raw = Raw::read(&mut socket).await;
    assert!(raw.text().starts_with("\u{feff}data: first\n\ndata: {"), "{}", raw.text());
}

#[tokio::test]
async fn a_fault_may_follow_what_is_put_in() {
    let step = json!({
        "inject": {"events": 1, "text": "data: {\"error\":\"x\"}\n\n"},
        "fault": {"kind": "close", "events": 2},
    });
    let mock = Mock::of(json!({"stream": {"tokens": 3}, "then": step})).await;
    let (path, ask, _) = &formats()[4];
    let mut socket = mock.socket_with(path, ask).await;
    let raw = Raw::read(&mut socket).await;
    assert_eq!(data(&raw.text()), ["{\"n\":1", "{\"error\":\"x\"}"]);
    assert!(!raw.ended);
}

#[tokio::test]
async fn a_stream_that_a_step_gives_may_be_an_error_or_have_one_put_in() {
    let stream = json!({"content-type": "text/event-stream"});
    let error = "data: {\"error\":\"Model is overloaded\",\"error_type\":\"overloaded\"}\n\n";
    let alone = json!({"body": error, "headers": stream});
    let within = json!({"body": "data: 1\n\n", "headers": stream, "inject": {"events": 1, "text": error}});
    let mock = Mock::of(json!({"script": [alone, within]})).await;
    let answer = mock.get("/m").await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    assert_eq!(answer.text().await.expect("text"), error);
    let answer = mock.get("/m").await;
    assert_eq!(answer.content_length(), None);
    assert_eq!(answer.text().await.expect("text"), format!("data: 1\n\n{error}"));
    let log = &mock.counters().await["log"];
    assert_eq!((&log[0]["eventsSent"], &log[1]["eventsSent"]), (&json!(1), &json!(2)));
}

#[tokio::test]
async fn nothing_is_put_into_an_answer_that_is_no_stream() {
    let mock = Mock::of(json!({"then": {"inject": {"text": "data: x\n\n"}}})).await;
    let answer = mock.ask("/generate", &json!({"inputs": "hi"})).await;
    assert_eq!(answer.text().await.expect("text"), "{\"generated_text\":\"You said: hi\"}");
}
