//! What each form says: its text, its end, its failures and its signs of life.

use super::*;

/// For each form its type and its pieces, the last of which ends it.
fn forms() -> Vec<(&'static str, &'static str, Vec<&'static str>)> {
    let sse = "text/event-stream";
    vec![
        (
            "chat",
            sse,
            vec![
                r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#,
                r#"{"choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}]}"#,
                r#"{"choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":"stop"}]}"#,
            ],
        ),
        (
            "chat without an index",
            sse,
            vec![
                r#"{"choices":[{"delta":{"content":"Hello"}}]}"#,
                r#"{"choices":[{"finish_reason":"length","delta":{}}]}"#,
            ],
        ),
        (
            "parts",
            sse,
            vec![
                r#"{"choices":[{"index":0,"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]}]}}]}"#,
                r#"{"choices":[{"index":0,"delta":{"content":[{"type":"text","text":"Hello"}]}}]}"#,
                r#"{"choices":[{"index":0,"delta":{"content":""},"finish_reason":"stop"}]}"#,
            ],
        ),
        (
            "completions",
            sse,
            vec![
                r#"{"choices":[{"text":"Hel","index":0,"finish_reason":null}]}"#,
                r#"{"choices":[{"text":"lo","index":0,"finish_reason":"stop"}]}"#,
            ],
        ),
        (
            "responses",
            sse,
            vec![
                r#"{"type":"response.created","response":{"id":"r","object":"response","status":"in_progress","error":null,"output":[]}}"#,
                r#"{"type":"response.output_text.delta","item_id":"m","delta":"Hel"}"#,
                r#"{"delta":"lo","type":"response.output_text.delta"}"#,
                r#"{"type":"response.output_text.done","text":"Hello"}"#,
                r#"{"type":"response.completed","response":{"id":"r","output":[{"content":[{"text":"Hello"}]}]}}"#,
            ],
        ),
        (
            "anthropic",
            sse,
            vec![
                r#"{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","content":[]}}"#,
                r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
                r#"{"type":"ping"}"#,
                r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello"}}"#,
                r#"{"type":"content_block_stop","index":0}"#,
                r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}}"#,
                r#"{"type":"message_stop"}"#,
            ],
        ),
        (
            "tgi",
            sse,
            vec![
                r#"{"index":1,"token":{"id":1,"text":"Hel","logprob":-0.1,"special":false},"generated_text":null,"details":null}"#,
                r#"{"index":2,"token":{"id":2,"text":"lo","logprob":-0.1,"special":false},"generated_text":null,"details":null}"#,
                r#"{"index":3,"token":{"id":3,"text":"</s>","logprob":-0.1,"special":true},"generated_text":"Hello","details":null}"#,
            ],
        ),
        (
            "ollama chat",
            "application/x-ndjson",
            vec![
                r#"{"model":"m","message":{"role":"assistant","content":"Hel"},"done":false}"#,
                r#"{"model":"m","message":{"role":"assistant","content":"lo"},"done":false}"#,
                r#"{"model":"m","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop"}"#,
            ],
        ),
        (
            "ollama generate",
            "application/x-ndjson",
            vec![
                r#"{"model":"m","response":"Hel","done":false}"#,
                r#"{"model":"m","response":"lo","done":true}"#,
            ],
        ),
        (
            "llama.cpp",
            sse,
            vec![
                r#"{"index":0,"content":"Hel","tokens":[1],"stop":false,"id_slot":0}"#,
                r#"{"index":0,"content":"lo","stop":true,"stop_type":"eos"}"#,
            ],
        ),
        (
            "gemini",
            sse,
            vec![
                r#"{"candidates":[{"content":{"parts":[{"text":"hm","thought":true}],"role":"model"},"index":0}]}"#,
                r#"{"candidates":[{"content":{"parts":[{"text":"Hello"}],"role":"model"},"finishReason":"STOP","index":0}]}"#,
            ],
        ),
        (
            "transcription",
            sse,
            vec![
                r#"{"type":"transcript.text.delta","delta":"Hello"}"#,
                r#"{"type":"transcript.text.done","text":"Hello"}"#,
            ],
        ),
    ]
}

fn wire(content_type: &str, data: &[&str]) -> String {
    if content_type.contains("ndjson") { lines(data) } else { events(data) }
}

#[test]
fn each_form_has_its_text_and_its_end_and_is_cut_before_it() {
    for (name, content_type, data) in forms() {
        let whole = wire(content_type, &data);
        assert_eq!(
            told_as(content_type, &whole),
            (Told::Ended(End::Complete), "Hello".to_owned(), true),
            "{name}"
        );
        // Anthropic says why it stops before it says that it has stopped, and by then the message is complete.
        let ends = if name == "anthropic" { 2 } else { 1 };
        let cut = wire(content_type, &data[..data.len() - ends]);
        assert_eq!(told_as(content_type, &cut).0, Told::Ended(End::Truncated), "{name}, cut");
        for passed in [wire(content_type, &data), whole.trim_end().to_owned()] {
            let (told, ..) = read(content_type, true, &[passed.as_bytes()]);
            assert_eq!(told, Told::Ended(End::Complete), "{name}, passed on");
        }
        assert_eq!(
            read(content_type, true, &[cut.as_bytes()]).0,
            Told::Ended(End::Truncated),
            "{name}, passed on and cut"
        );
    }
}

#[test]
fn each_form_holds_under_any_type() {
    for (name, content_type, data) in forms() {
        let whole = wire(content_type, &data);
        for other in ["", "text/plain", "application/json", "application/octet-stream"] {
            assert_eq!(
                told_as(other, &whole),
                (Told::Ended(End::Complete), "Hello".to_owned(), true),
                "{name} as {other}"
            );
        }
    }
}

#[test]
fn images_are_pieces_from_their_first_on() {
    let first = r#"{"type":"image_generation.partial_image","b64_json":"xx"}"#;
    let last = r#"{"type":"image_generation.completed","b64_json":"yy"}"#;
    assert_eq!(told(&events(&[first])), (Told::Ended(End::Truncated), String::new(), true));
    assert_eq!(told(&events(&[first, last])), (Told::Ended(End::Complete), String::new(), true));
    let partial = r#"{"type":"response.image_generation_call.partial_image","partial_image_b64":"xx"}"#;
    assert!(told(&events(&[partial])).2);
}

#[test]
fn signs_of_life_and_announcements_are_no_content() {
    for event in [
        r#"{"type":"ping"}"#,
        r#"{"type":"keepalive"}"#,
        r#"{"type":"message_start","message":{"role":"assistant"}}"#,
        r#"{"type":"response.in_progress","response":{"status":"in_progress","error":null}}"#,
        r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#,
        r#"{"choices":[],"usage":{"total_tokens":3}}"#,
        r#"{"model":"m","response":"","done":false}"#,
    ] {
        assert_eq!(told(&events(&[event])), (Told::Ended(End::Truncated), String::new(), false), "{event}");
        assert_eq!(told(&events(&[event, "[DONE]"])).0, Told::Ended(End::Empty), "{event}");
    }
}

#[test]
fn a_stream_in_no_known_form_is_content_and_ends_with_done() {
    assert_eq!(told(&events(&[r#"{"foo":"bar"}"#, "[DONE]"])).0, Told::Ended(End::Complete));
    assert_eq!(told(&events(&[r#"{"foo":"bar"}"#])).0, Told::Ended(End::Truncated));
    assert!(told(&events(&["12"])).2);
}

#[test]
fn an_error_is_one_in_every_form_in_which_servers_send_it() {
    let failed = |code, words: &str| Told::Failed(code, words.to_owned());
    for (stream, code, words) in [
        (events(&[r#"{"error":{"code":400,"message":"too long","type":"BadRequestError"}}"#]), Code::BadRequest, "too long"),
        (
            events(&[r#"{"choices":[],"error":{"code":429,"message":"Provider returned error","metadata":{"raw":"slow"}}}"#]),
            Code::RateLimited,
            "Provider returned error; slow",
        ),
        ("event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n".into(), Code::Overloaded, "Overloaded"),
        ("event: error\ndata: {\"code\":401,\"message\":\"no\"}\n\n".into(), Code::Unauthorized, "no"),
        ("event: error\ndata: \"slow down\"\n\n".into(), Code::RateLimited, "slow down"),
        ("event: error\ndata: Too many requests, please slow down\n\n".into(), Code::RateLimited, "Too many requests, please slow down"),
        ("error: {\"code\":503,\"message\":\"busy\"}\n\n".into(), Code::Unavailable, "busy"),
        ("{\n  \"error\": {\n    \"code\": 503,\n    \"message\": \"The model is overloaded.\"\n  }\n}\n".into(), Code::Overloaded, "The model is overloaded."),
        (events(&[r#"[{"error":{"code":503,"message":"try later"}}]"#]), Code::Unavailable, "try later"),
        (events(&[r#"{"type":"response.failed","response":{"status":"failed","error":{"code":"context_length_exceeded","message":"long"}}}"#]), Code::BadRequest, "long"),
        (events(&[r#"{"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"network_error"}]}"#]), Code::EngineFailure, "finish_reason: network_error"),
    ] {
        assert_eq!(told(&stream).0, failed(code, words), "{stream}");
        assert_eq!(read("text/event-stream", true, &[stream.as_bytes()]).0, failed(code, words), "passed on: {stream}");
    }
}

#[test]
fn the_layer_says_whose_fault_it_is() {
    let body = Body { is_error: true, of_engine: true, status: Some(429), ..Body::default() };
    let trouble = crate::core::classify::classify(200, Profile::OpenAi, &body).unwrap();
    assert_eq!((trouble.code, trouble.layer), (Code::RateLimited, Layer::Account));
}

#[test]
fn ends_of_other_forms_end_their_streams() {
    for (data, name) in [
        (r#"{"text":"","is_finished":true}"#, "Cohere"),
        (r#"{"type":"message-end","delta":{"finish_reason":"COMPLETE"}}"#, "Cohere's second"),
        (r#"{"output":{"text":"Hi","finish_reason":"stop"}}"#, "DashScope"),
        (
            r#"{"output":{"choices":[{"message":{"content":"Hi"},"finish_reason":"stop"}]}}"#,
            "DashScope's messages",
        ),
        (r#"{"results":[{"generated_text":"Hi","stop_reason":"eos_token"}]}"#, "watsonx"),
        (r#"{"token":"Hi","finish_reason":"stop"}"#, "KoboldCpp"),
        (r#"{"status":"success"}"#, "Ollama's pull"),
        (r#"{"event":"message_end","id":"x"}"#, "Dify"),
        (r#"{"text_output":"Hi","sequence_end":true}"#, "Triton"),
    ] {
        let begun = r#"{"some":"thing"}"#;
        assert_eq!(told(&events(&[begun, data])).0, Told::Ended(End::Complete), "{name}");
    }
    for goes_on in [
        r#"{"results":[{"generated_text":"Hi","stop_reason":"not_finished"}]}"#,
        r#"{"output":{"text":"Hi","finish_reason":"null"}}"#,
        r#"{"status":"pulling manifest"}"#,
        r#"{"is_finished":false}"#,
    ] {
        assert_eq!(told(&events(&[goes_on])).0, Told::Ended(End::Truncated), "{goes_on}");
    }
    assert_eq!(told("data: {\"a\":1}\n\nevent: done\ndata: {}\n\n").0, Told::Ended(End::Complete));
}

#[test]
fn a_piece_of_an_unknown_form_that_is_not_done_is_content() {
    for piece in [
        r#"{"token":"w0","done":false}"#,
        r#"{"audio":"AA","done":false}"#,
        r#"{"done":false,"progress":0.1}"#,
        r#"{"token":"w0","stop":false}"#,
    ] {
        assert_eq!(told(&events(&[piece])), (Told::Ended(End::Truncated), String::new(), true), "{piece}");
        assert_eq!(told(&events(&[piece, r#"{"done":true}"#])).0, Told::Ended(End::Complete), "{piece}");
        assert_eq!(
            read("text/event-stream", true, &[events(&[piece]).as_bytes()]).0,
            Told::Ended(End::Truncated),
            "{piece}"
        );
    }
}

#[test]
fn an_error_may_be_without_words_and_its_json_may_have_blank_lines() {
    let failed = |words: &str| Told::Failed(Code::EngineFailure, words.to_owned());
    assert_eq!(told("event: error\ndata:\n\n").0, failed(""));
    assert_eq!(told("event: ping\ndata:\n\n").0, Told::Ended(End::Truncated));
    let spaced = "{\n\n  \"error\": {\n\n    \"message\": \"gone\"\n  }\n\n}\n";
    assert_eq!(told(spaced).0, failed("gone"));
}
