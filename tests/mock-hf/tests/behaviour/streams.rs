use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    events::{events, joined, objects},
    mock::{Mock, chat},
};

/// The path of each format, what asks for it, and where its events have their text.
pub(crate) fn formats() -> [(&'static str, Value, &'static str); 5] {
    let mut chat = chat("one two");
    chat["stream"] = json!(true);
    [
        ("/v1/chat/completions", chat, "/choices/0/delta/content"),
        ("/v1/completions", json!({"prompt": "one two", "stream": true}), "/choices/0/text"),
        ("/generate_stream", json!({"inputs": "one two"}), "/token/text"),
        ("/v1/responses", json!({"input": "one two", "stream": true}), "/delta"),
        ("/any/events", json!({"prompt": "one two", "stream": true}), "/text"),
    ]
}

pub(crate) async fn stream(mock: &Mock, path: &str, ask: &Value) -> String {
    let answer = mock.ask(path, ask).await;
    assert_eq!(answer.status(), 200, "{path}");
    answer.text().await.expect("text")
}

#[tokio::test]
async fn each_format_has_the_echo_or_as_many_words_as_are_wanted() {
    for (path, ask, pointer) in formats() {
        let mock = Mock::of(json!({})).await;
        let body = stream(&mock, path, &ask).await;
        assert_eq!(joined(&objects(&body), pointer), "You said: one two", "{path}");

        let mock = Mock::of(json!({"stream": {"tokens": 11}})).await;
        let events = objects(&stream(&mock, path, &ask).await);
        let texts = events.iter().filter_map(|event| event.pointer(pointer)?.as_str());
        assert_eq!(texts.filter(|text| !text.is_empty()).count(), 11, "{path}");
        let text = "word1 word2 naïve word4 word5 word6 word7 word8 word9 日本語 word11";
        assert_eq!(joined(&events, pointer), text, "{path}");
    }
}

#[tokio::test]
async fn only_chat_completions_and_plain_events_end_with_done() {
    let mock = Mock::of(json!({})).await;
    for (path, ask, _) in formats() {
        let body = stream(&mock, path, &ask).await;
        let done = !["/generate_stream", "/v1/responses"].contains(&path);
        assert_eq!(body.ends_with("\n\ndata: [DONE]\n\n"), done, "{path}");
        assert_eq!(body.contains("[DONE]"), done, "{path}");
        assert!(body.ends_with("}\n\n") || done, "{path}");
    }
}

#[tokio::test]
async fn streams_go_out_chunked_and_are_not_to_be_cached() {
    for scenario in [json!({}), json!({"stream": {"tokens": 2, "tokensPerSecond": 1_000}})] {
        let mock = Mock::of(scenario).await;
        for (path, ask, _) in formats() {
            let headers = mock.ask(path, &ask).await.headers().clone();
            assert_eq!(headers["content-type"], "text/event-stream", "{path}");
            assert_eq!(headers["cache-control"], "no-cache", "{path}");
            assert_eq!(headers["transfer-encoding"], "chunked", "{path}");
            assert!(!headers.contains_key("content-length"), "{path}");
        }
    }
}

#[tokio::test]
async fn events_of_responses_come_in_their_order_and_are_numbered() {
    let mock = Mock::of(json!({"stream": {"tokens": 2}})).await;
    let ask = json!({"model": "x", "input": [{"role": "user", "content": "hi"}], "stream": true});
    let body = stream(&mock, "/v1/responses", &ask).await;
    assert!(body.lines().all(|line| line.is_empty() || line.starts_with("data: ")), "{body}");
    let events = objects(&body);
    let kinds: Vec<&str> = events.iter().filter_map(|event| event["type"].as_str()).collect();
    let expected = [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ];
    assert_eq!(kinds, expected.map(|kind| format!("response.{kind}")));
    let numbers: Vec<_> = events.iter().filter_map(|event| event["sequence_number"].as_u64()).collect();
    assert_eq!(numbers, (0..10).collect::<Vec<_>>());
    assert_eq!(events[0]["response"]["status"], "in_progress");
    let last = &events[9]["response"];
    assert_eq!(last["status"], "completed");
    assert_eq!(last["output"][0]["content"][0]["text"], "word1 word2");
}

#[tokio::test]
async fn a_response_that_is_not_streamed_is_one_object() {
    let mock = Mock::of(json!({})).await;
    let answer = mock.ask("/v1/responses", &json!({"input": "hi"})).await;
    let body: Value = answer.json().await.expect("JSON");
    assert_eq!(body["object"], "response");
    assert_eq!(body["status"], "completed");
    let item = &body["output"][0];
    assert_eq!((&item["type"], &item["role"]), (&json!("message"), &json!("assistant")));
    assert_eq!(item["content"][0]["type"], "output_text");
    assert_eq!(item["content"][0]["text"], "You said: hi");
    let wrong = mock.ask("/v1/responses", &json!({})).await;
    assert_eq!(wrong.status(), 422);
}

#[tokio::test]
async fn whole_answers_have_as_many_words_as_streams() {
    let mock = Mock::of(json!({"stream": {"tokens": 4}})).await;
    let whole = mock.ask("/v1/chat/completions", &chat("hi")).await;
    let whole: Value = whole.json().await.expect("JSON");
    assert_eq!(whole["choices"][0]["message"]["content"], "word1 word2 naïve word4");
    assert_eq!(whole["usage"]["completion_tokens"], 4);
}

#[tokio::test]
async fn a_text_of_no_tokens_is_still_a_whole_stream() {
    let mock = Mock::of(json!({"stream": {"tokens": 0}})).await;
    for (path, ask, pointer) in formats() {
        let events = objects(&stream(&mock, path, &ask).await);
        assert_eq!(joined(&events, pointer), "", "{path}");
        if path == "/generate_stream" {
            assert_eq!(events.len(), 1);
            assert_eq!(events[0]["generated_text"], "");
        }
    }
}

#[tokio::test]
async fn the_events_path_streams_only_where_a_stream_is_asked_for() {
    let mock = Mock::of(json!({})).await;
    let answer = mock.ask("/any/events", &json!({"n": 1})).await;
    assert_eq!(answer.headers()["content-type"], "application/json");
    let body: Value = answer.json().await.expect("JSON");
    assert_eq!(body["bytes"], 7);
}

#[tokio::test]
async fn a_hundred_thousand_tokens_are_cheap() {
    let mock = Mock::of(json!({"stream": {"tokens": 100_000}})).await;
    for (path, ask, _) in formats() {
        let start = Instant::now();
        let body = stream(&mock, path, &ask).await;
        let took = start.elapsed();
        assert!(took < Duration::from_secs(4), "{path}: {took:?}");
        let count = body.matches("\n\n").count();
        assert!((100_000..100_010).contains(&count), "{path}: {count}");
    }
}

#[tokio::test]
async fn a_stream_waits_for_the_cold_start_the_script_and_the_latency() {
    let scenario = json!({
        "cold": {"ms": 100},
        "latencyMs": 60,
        "script": [{"status": 500}, {}],
        "stream": {"tokens": 3},
    });
    let mock = Mock::of(scenario).await;
    let (path, ask, _) = &formats()[0];
    assert_eq!(mock.ask(path, ask).await.status(), 503);
    tokio::time::sleep(Duration::from_millis(120)).await;
    assert_eq!(mock.ask(path, ask).await.status(), 500);
    let start = Instant::now();
    let request = mock.request(Method::POST, &format!("/m{path}")).json(ask);
    let answer = request.header("origin", "http://page.example").send().await.expect("an answer");
    assert!(start.elapsed() >= Duration::from_millis(60));
    assert_eq!(answer.headers()["access-control-allow-origin"], "http://page.example");
    let exposed = answer.headers()["access-control-expose-headers"].to_str().expect("text").to_owned();
    assert!(exposed.contains("x-request-id"), "{exposed}");
    assert_eq!(events(&answer.text().await.expect("text")).len(), 6);
}
