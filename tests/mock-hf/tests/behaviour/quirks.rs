use serde_json::{Value, json};

use crate::{
    events::{Event, Raw, events, joined, objects},
    mock::Mock,
    streams::{formats, stream},
};

async fn with(quirks: &[&str]) -> Mock {
    Mock::of(json!({"stream": {"tokens": 11, "quirks": quirks}})).await
}

/// The events of that format with those quirks.
async fn stream_of(format: usize, quirks: &[&str]) -> Vec<Value> {
    let (path, ask, _) = &formats()[format];
    objects(&stream(&with(quirks).await, path, ask).await)
}

fn data(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.data.as_str()).collect()
}

const CHAT: usize = 0;
const COMPLETION: usize = 1;
const TGI: usize = 2;

#[tokio::test]
async fn every_spelling_says_the_same() {
    let (path, ask, _) = &formats()[4];
    let usual = events(&stream(&with(&[]).await, path, ask).await);
    let cases: [(&[&str], &str); 8] = [
        (&["crlf"], "data: {\"n\":1,\"text\":\"word1 \"}\r\n\r\n"),
        (&["cr"], "data: {\"n\":1,\"text\":\"word1 \"}\r\rdata"),
        (&["noSpace"], "data:{\"n\":1"),
        (&["bom"], "\u{feff}data: "),
        (&["keepAlive"], ": keep-alive\n\ndata: "),
        (&["splitUtf8"], "data: "),
        (&["eventNames", "crlf"], "event: message\r\nid: 0\r\ndata: "),
        (&["bom", "cr", "noSpace", "keepAlive", "splitUtf8", "eventNames"], "\u{feff}: keep-alive\r\revent:"),
    ];
    for (quirks, beginning) in cases {
        let body = stream(&with(quirks).await, path, ask).await;
        assert!(body.starts_with(beginning), "{quirks:?}: {body:?}");
        assert_eq!(data(&events(&body)), data(&usual), "{quirks:?}");
        assert_eq!(body.contains('\n'), !quirks.contains(&"cr"), "{quirks:?}");
        let comments = if quirks.contains(&"keepAlive") { usual.len() } else { 0 };
        assert_eq!(body.matches(": keep-alive").count(), comments, "{quirks:?}");
    }
}

#[tokio::test]
async fn events_have_names_and_ids_where_they_are_wanted() {
    let (path, ask, _) = &formats()[3];
    let all = events(&stream(&with(&["eventNames"]).await, path, ask).await);
    for (at, event) in all.iter().enumerate() {
        assert_eq!(event.name, event.json()["type"].as_str().expect("a type"));
        assert_eq!(event.id, at.to_string());
    }
}

#[tokio::test]
async fn split_frames_end_inside_of_characters_lines_and_line_ends() {
    for quirks in [json!(["splitUtf8"]), json!(["splitUtf8", "crlf"])] {
        let mock = Mock::of(json!({"stream": {"tokens": 11, "quirks": quirks}})).await;
        for (path, ask, pointer) in formats() {
            let mut socket = mock.socket_with(path, &ask).await;
            let raw = Raw::read(&mut socket).await;
            let all = events(&raw.text());
            assert_eq!(raw.chunks.len(), 2 * all.len(), "{path}");
            let inside_character =
                raw.chunks.iter().filter(|chunk| std::str::from_utf8(chunk).is_err()).count();
            assert!(inside_character >= 4, "{path}: both halves of naïve and 日本語");
            let firsts: Vec<_> = raw.chunks.iter().step_by(2).collect();
            assert!(firsts.iter().all(|chunk| !chunk.ends_with(b"\n")), "{path}");
            if quirks[1] == "crlf" {
                assert!(firsts.iter().any(|chunk| chunk.ends_with(b"\r")), "{path}");
            }
            assert!(joined(&objects(&raw.text()), pointer).contains("日本語"), "{path}");
        }
    }
}

#[tokio::test]
async fn the_role_comes_alone_where_it_comes_once() {
    let first = |events: &[Value]| events[0]["choices"][0]["delta"].clone();
    assert_eq!(first(&stream_of(CHAT, &[]).await), json!({"role": "assistant", "content": ""}));
    assert_eq!(first(&stream_of(CHAT, &["roleOnce"]).await), json!({"role": "assistant"}));
}

#[tokio::test]
async fn usage_comes_in_a_chunk_without_choices() {
    for format in [CHAT, COMPLETION] {
        let events = stream_of(format, &["usage"]).await;
        let last = events.last().expect("events");
        assert_eq!(last["choices"], json!([]));
        assert_eq!(last["usage"]["completion_tokens"], 11);
    }
}

#[tokio::test]
async fn a_stream_without_done_ends_with_its_finish_reason() {
    for format in [CHAT, COMPLETION] {
        let (path, ask, _) = &formats()[format];
        let body = stream(&with(&["noDone"]).await, path, ask).await;
        let last = events(&body).pop().expect("events");
        assert_eq!(last.json()["choices"][0]["finish_reason"], "stop", "{path}");
    }
}

#[tokio::test]
async fn reasoning_comes_before_the_text() {
    let events = stream_of(CHAT, &["reasoning"]).await;
    assert_eq!(joined(&events, "/choices/0/delta/reasoning_content"), "Let me think.");
    assert_eq!(events[1]["choices"][0]["delta"], json!({"reasoning_content": "Let "}));
    assert!(joined(&events, "/choices/0/delta/content").starts_with("word1"));
}

#[tokio::test]
async fn the_arguments_of_a_tool_call_are_json_only_when_all_pieces_are_there() {
    let mut ask = formats()[CHAT].1.clone();
    ask["messages"][0]["content"] = json!("a \"quoted\" \\ \"word\"");
    let mock = Mock::of(json!({"stream": {"quirks": ["toolCall"]}})).await;
    let events = objects(&stream(&mock, "/v1/chat/completions", &ask).await);
    let call = |event: &Value| event["choices"][0]["delta"]["tool_calls"][0].clone();
    assert_eq!(call(&events[1])["id"], "call_mock");
    let arguments = joined(&events, "/choices/0/delta/tool_calls/0/function/arguments");
    let parsed: Value = serde_json::from_str(&arguments).expect("JSON");
    assert_eq!(parsed["text"], "You said: a \"quoted\" \\ \"word\"");
    assert_eq!(joined(&events, "/choices/0/delta/content"), "");
    assert_eq!(events.last().expect("events")["choices"][0]["finish_reason"], "tool_calls");
}

#[tokio::test]
async fn the_last_token_of_tgi_is_special_and_has_details_where_wanted() {
    let events = stream_of(TGI, &["special", "details"]).await;
    let (last, before) = events.split_last().expect("events");
    assert_eq!(last["token"]["special"], true);
    assert_eq!(last["token"]["text"], "</s>");
    assert_eq!(last["generated_text"], joined(before, "/token/text"));
    assert_eq!(last["details"]["finish_reason"], "eos_token");
    assert_eq!(last["details"]["generated_tokens"], 12);

    let events = stream_of(TGI, &["details"]).await;
    assert_eq!(events.len(), 11);
    assert_eq!(events[10]["details"]["finish_reason"], "length");
    assert_eq!(events[10]["token"]["special"], false);
}
