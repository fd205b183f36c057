//! Whole streams in the forms that servers speak, in one piece and byte by byte, and what is left of them when they are cut.

use super::*;
use crate::core::failure::{Code, Layer};
use crate::core::target::Profile;

const ITEMS: Wants = Wants { items: true, pieces: false };

/// How it ended, with its text.
#[derive(Debug, PartialEq)]
enum Told {
    Ended(End),
    Failed(Code, String),
}

fn read(content_type: &str, passed: bool, pieces: &[&[u8]]) -> (Told, String, bool) {
    let room = Room::default();
    let mut stream = Stream::new(&room, content_type, passed);
    let mut text = Vec::new();
    for piece in pieces {
        stream.push(piece, ITEMS);
        text.append(&mut stream.text);
    }
    if !stream.is_over() {
        stream.end(ITEMS);
        text.append(&mut stream.text);
    }
    let told = match stream.over() {
        Over::Ended(end) => Told::Ended(end),
        Over::Failed(body) => {
            let trouble = crate::core::classify::classify(200, Profile::OpenAi, &body).unwrap();
            Told::Failed(trouble.code, String::from_utf8(body.detail).unwrap())
        }
    };
    (told, String::from_utf8(text).unwrap(), stream.has_begun())
}

#[track_caller]
fn told_as(content_type: &str, stream: &str) -> (Told, String, bool) {
    let whole = read(content_type, false, &[stream.as_bytes()]);
    let bytes: Vec<&[u8]> = stream.as_bytes().chunks(1).collect();
    assert_eq!(read(content_type, false, &bytes), whole, "byte by byte: {stream}");
    whole
}

#[track_caller]
fn told(stream: &str) -> (Told, String, bool) {
    told_as("text/event-stream", stream)
}

fn events(data: &[&str]) -> String {
    data.iter().map(|data| format!("data: {data}\n\n")).collect()
}

fn lines(data: &[&str]) -> String {
    data.iter().map(|data| format!("{data}\n")).collect()
}

/// Of each form: its type, and its pieces, of which the last one ends it.
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
            (Told::Ended(End::Whole), "Hello".to_owned(), true),
            "{name}"
        );
        let cut = wire(content_type, &data[..data.len() - 1]);
        assert_eq!(told_as(content_type, &cut).0, Told::Ended(End::Cut), "{name}, cut");
        for passed in [wire(content_type, &data), whole.trim_end().to_owned()] {
            let (told, ..) = read(content_type, true, &[passed.as_bytes()]);
            assert_eq!(told, Told::Ended(End::Whole), "{name}, passed on");
        }
        assert_eq!(
            read(content_type, true, &[cut.as_bytes()]).0,
            Told::Ended(End::Cut),
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
                (Told::Ended(End::Whole), "Hello".to_owned(), true),
                "{name} as {other}"
            );
        }
    }
}

#[test]
fn images_are_pieces_from_their_first_on() {
    let first = r#"{"type":"image_generation.partial_image","b64_json":"xx"}"#;
    let last = r#"{"type":"image_generation.completed","b64_json":"yy"}"#;
    assert_eq!(told(&events(&[first])), (Told::Ended(End::Cut), String::new(), true));
    assert_eq!(told(&events(&[first, last])), (Told::Ended(End::Whole), String::new(), true));
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
        assert_eq!(told(&events(&[event])), (Told::Ended(End::Cut), String::new(), false), "{event}");
        assert_eq!(told(&events(&[event, "[DONE]"])).0, Told::Ended(End::Nothing), "{event}");
    }
}

#[test]
fn what_is_in_no_known_form_is_content_and_ends_with_done() {
    assert_eq!(told(&events(&[r#"{"foo":"bar"}"#, "[DONE]"])).0, Told::Ended(End::Whole));
    assert_eq!(told(&events(&[r#"{"foo":"bar"}"#])).0, Told::Ended(End::Cut));
    assert!(told(&events(&["12"])).2);
}

#[test]
fn of_several_answers_the_last_one_to_finish_ends_the_stream_and_the_first_is_the_text() {
    let chunk = |nth, text, finish| {
        format!(
            r#"{{"choices":[{{"delta":{{"content":"{text}"}},"finish_reason":{finish},"index":{nth}}}]}}"#
        )
    };
    let (a, b) = (chunk(0, "Hel", "null"), chunk(1, "Bon", "null"));
    let (c, d) = (chunk(0, "lo", "\"stop\""), chunk(1, "jour", "\"stop\""));
    assert_eq!(told(&events(&[&a, &b, &c])).0, Told::Ended(End::Cut));
    assert_eq!(told(&events(&[&a, &b, &c, &d])), (Told::Ended(End::Whole), "Hello".to_owned(), true));
    let both = r#"{"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"},{"index":1,"delta":{"content":"y"}}]}"#;
    assert_eq!(told(&events(&[both])), (Told::Ended(End::Cut), "x".to_owned(), true));
}

#[test]
fn an_empty_reason_is_none() {
    let stream = events(&[r#"{"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"null"}]}"#]);
    assert_eq!(told(&stream).0, Told::Ended(End::Cut));
    let stream = events(&[r#"{"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":""}]}"#]);
    assert_eq!(told(&stream).0, Told::Ended(End::Cut));
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
fn a_server_that_does_not_stream_answers_in_one_piece() {
    let answer = "{\n \"choices\": [\n  {\"message\": {\"content\": \"Hello\"}}\n ]\n}";
    assert_eq!(told_as("application/json", answer), (Told::Ended(End::Whole), "Hello".to_owned(), true));
    assert_eq!(told_as("application/json", "[{\"generated_text\":\"Hello\"}]").1, "Hello");
    assert_eq!(told_as("application/json", "{\"a\":1}").0, Told::Ended(End::Whole));
    assert_eq!(told_as("application/json", "{\"a\":").0, Told::Ended(End::Cut));
    for spaced in [
        "  {\"content\":\"x\"} ",
        "\n \n  {\"content\":\"x\"}",
        "[ {\"generated_text\":\"x\"}]",
        " {\"content\":\"x\"}\t",
    ] {
        assert_eq!(
            told_as("application/json", spaced),
            (Told::Ended(End::Whole), "x".to_owned(), true),
            "{spaced:?}"
        );
    }
    let whole = r#"{"object":"response","status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"Hello"}]}]}"#;
    assert_eq!(told_as("application/json", whole).1, "Hello");
    let message = r#"{"type":"message","content":[{"type":"text","text":"Hello"}],"stop_reason":"end_turn"}"#;
    assert_eq!(told_as("application/json", message).1, "Hello");
}

#[test]
fn what_is_no_json_fails_once_and_is_passed_on_to_who_may_know_it() {
    let stream = events(&["plain words"]);
    assert_eq!(told(&stream).0, Told::Failed(Code::BadResponse, "plain words".to_owned()));
    assert_eq!(read("text/event-stream", true, &[stream.as_bytes()]).0, Told::Ended(End::Whole));
}

#[test]
fn an_event_that_is_too_long_fails_for_a_reader_and_is_passed_on_unseen() {
    let long = [b"data: ".as_slice(), &vec![b'x'; crate::core::sse::EVENT_LIMIT]].concat();
    let pieces: Vec<&[u8]> = long.chunks(1 << 20).collect();
    let Told::Failed(code, detail) = read("text/event-stream", false, &pieces).0 else {
        panic!("no failure")
    };
    assert!(code == Code::BadResponse && detail.contains("16 MiB"), "{detail}");
    assert_eq!(read("text/event-stream", true, &pieces).0, Told::Ended(End::Whole));
}

#[test]
fn events_without_content_that_do_not_end_are_no_stream() {
    let role = events(&[r#"{"choices":[{"index":0,"delta":{"role":"assistant"}}]}"#; 1000]);
    let room = Room::default();
    for passed in [false, true] {
        let mut stream = Stream::new(&room, "text/event-stream", passed);
        let pushed =
            (0..1_000_000).take_while(|_| (stream.push(role.as_bytes(), ITEMS), !stream.is_over()).1).count();
        assert!(
            (16 * 1024 * 1024 / role.len() / 3..16 * 1024 * 1024 / role.len() + 2).contains(&pushed),
            "{pushed}"
        );
    }
}

#[test]
fn whose_fault_it_is_is_told_by_the_layer() {
    let body = Body { is_error: true, of_engine: true, status: Some(429), ..Body::default() };
    let trouble = crate::core::classify::classify(200, Profile::OpenAi, &body).unwrap();
    assert_eq!((trouble.code, trouble.layer), (Code::RateLimited, Layer::Account));
}

#[test]
fn the_text_of_each_event_is_told_apart_where_that_is_wanted() {
    let mut stream = Stream::new(&Room::default(), "", false);
    let piece = events(&[r#"{"content":"Hel"}"#, r#"{"content":""}"#, r#"{"content":"lo"}"#]);
    stream.push(piece.as_bytes(), Wants { items: false, pieces: true });
    assert_eq!((stream.text.as_slice(), stream.count), (b"Hel\xfflo\xff".as_slice(), 0));
}

#[test]
fn a_byte_order_mark_in_front_of_an_event_is_none_of_it() {
    let mut stream = Stream::new(&Room::default(), "", false);
    stream.push("data: \u{feff}{\"content\":\"x\"}\n\n".as_bytes(), ITEMS);
    assert_eq!(
        (stream.items.as_slice(), stream.text.as_slice()),
        (br#"{"content":"x"}"#.as_slice(), b"x".as_slice())
    );
}

#[test]
fn invalid_bytes_of_a_text_are_replaced() {
    let mut stream = Stream::new(&Room::default(), "", false);
    stream.push(b"data: {\"content\":\"a\xffb\xff\"}\n\n", Wants { items: false, pieces: true });
    assert_eq!(stream.text, b"a\xef\xbf\xbdb\xef\xbf\xbd\xff");
}

#[test]
fn what_is_passed_on_tells_which_event_failed() {
    let mut stream = Stream::new(&Room::default(), "", true);
    stream.push(b"event: error\ndata: {\"error\":\"x\"}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n", ITEMS);
    assert_eq!((stream.items.as_slice(), stream.count), (br#"{"error":"x"}"#.as_slice(), 1));
}

#[test]
fn halves_of_a_surrogate_pair_in_two_events_are_one_character() {
    let content = |text: &str| format!(r#"{{"content":"{text}"}}"#);
    let text = |texts: &[&str]| {
        let data: Vec<String> = texts.iter().map(|text| content(text)).collect();
        let data: Vec<&str> = data.iter().map(String::as_str).collect();
        let text = told(&events(&data)).1;
        assert_eq!(told(&events(&[data.as_slice(), &["[DONE]"]].concat())).1, text);
        text
    };
    assert_eq!(text(&[r"a\ud83d", r"\ude00b"]), "a😀b");
    assert_eq!(text(&[r"\ud83d", r"\ude00"]), "😀");
    assert_eq!(text(&[r"a\ud83d", "", r"\ude00"]), "a😀");
    assert_eq!(text(&[r"a\ud83d", "b"]), "a\u{fffd}b");
    assert_eq!(text(&["a", r"\ude00b"]), "a\u{fffd}b");
    assert_eq!(text(&[r"a\ud83d"]), "a\u{fffd}");
    assert_eq!(text(&[r"a\ud83d", r"\ud83d\ude00"]), "a\u{fffd}😀");
    let mut stream = Stream::new(&Room::default(), "", false);
    stream.push(
        events(&[&content(r"a\ud83d"), &content(r"\ude00b")]).as_bytes(),
        Wants { items: false, pieces: true },
    );
    assert_eq!(stream.text, [b"a\xff".as_slice(), "😀b".as_bytes(), b"\xff"].concat());
}

#[test]
fn an_answer_that_begins_when_another_has_finished_is_waited_for() {
    let chunk = |nth, text, finish| {
        format!(
            r#"{{"choices":[{{"delta":{{"content":"{text}"}},"finish_reason":{finish},"index":{nth}}}]}}"#
        )
    };
    let (a, b) = (chunk(0, "Hello", "\"stop\""), chunk(1, "Bon", "null"));
    let (c, late) = (chunk(1, "jour", "\"stop\""), chunk(0, "", "null"));
    assert_eq!(told(&events(&[&a])).0, Told::Ended(End::Whole));
    assert_eq!(told(&events(&[&a, &b])).0, Told::Ended(End::Cut));
    assert_eq!(told(&events(&[&a, &b, &c])).0, Told::Ended(End::Whole));
    assert_eq!(told(&events(&[&a, &late])).0, Told::Ended(End::Whole), "a note on what has finished");
}

#[test]
fn an_error_may_be_without_words_and_its_json_may_have_blank_lines() {
    let failed = |words: &str| Told::Failed(Code::EngineFailure, words.to_owned());
    assert_eq!(told("event: error\ndata:\n\n").0, failed(""));
    assert_eq!(told("event: ping\ndata:\n\n").0, Told::Ended(End::Cut));
    let spaced = "{\n\n  \"error\": {\n\n    \"message\": \"gone\"\n  }\n\n}\n";
    assert_eq!(told(spaced).0, failed("gone"));
}

#[test]
fn a_text_that_is_said_twice_is_read_once() {
    let whole = |stream: &str| {
        assert_eq!(told(stream), (Told::Ended(End::Whole), "Hello".to_owned(), true), "{stream}");
    };
    // Together; Workers AI on its route of OpenAI's form; Perplexity; gateways that say the whole at the end.
    whole(&events(&[
        r#"{"choices":[{"index":0,"text":"Hel","delta":{"token_id":1,"content":"Hel"}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"content":"lo"},"text":"lo","finish_reason":"eos"}]}"#,
    ]));
    whole(&events(&[
        r#"{"choices":[{"index":0,"delta":{"content":"Hel"}}],"response":"Hel"}"#,
        r#"{"response":"lo","choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":"stop"}]}"#,
    ]));
    whole(&events(&[
        r#"{"choices":[{"index":0,"finish_reason":null,"message":{"content":"Hel"},"delta":{"content":"Hel"}}]}"#,
        r#"{"choices":[{"index":0,"finish_reason":"stop","message":{"content":"Hello"},"delta":{"content":"lo"}}]}"#,
        r#"{"choices":[{"index":0,"finish_reason":"stop","message":{"content":"Hello"},"delta":{"content":""}}]}"#,
    ]));
    whole(&events(&[
        r#"{"choices":[{"index":0,"delta":{"content":"Hello"}}]}"#,
        r#"{"choices":[{"index":0,"message":{"content":"Hello"},"finish_reason":"stop"}]}"#,
    ]));
    whole(&events(&[r#"{"choices":[{"index":0,"message":{"content":"Hello"},"finish_reason":"stop"}]}"#]));
    whole(&events(&[
        r#"{"choices":[{"index":0,"text":"Hel"}]}"#,
        r#"{"choices":[{"index":0,"text":"lo"}]}"#,
        "[DONE]",
    ]));
}

#[test]
fn a_number_in_the_place_of_a_text_is_one() {
    let stream = events(&[
        r#"{"choices":[{"index":0,"delta":{"content":"$0.00"}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"content":6}}]}"#,
        "[DONE]",
    ]);
    assert_eq!(told(&stream), (Told::Ended(End::Whole), "$0.006".to_owned(), true));
    let stream = events(&[r#"{"response":4}"#, r#"{"response":2}"#, "[DONE]"]);
    assert_eq!(told(&stream), (Told::Ended(End::Whole), "42".to_owned(), true));
}

#[test]
fn the_last_event_counts_without_a_blank_line_if_it_is_whole() {
    let begun = events(&[r#"{"choices":[{"index":0,"delta":{"content":"Hel"}}]}"#]);
    let last = r#"{"choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":"stop"}]}"#;
    for end in ["", "\n", "\r", "\r\n"] {
        let stream = format!("{begun}data: {last}{end}");
        assert_eq!(told(&stream), (Told::Ended(End::Whole), "Hello".to_owned(), true), "{end:?}");
        assert_eq!(read("text/event-stream", true, &[stream.as_bytes()]).0, Told::Ended(End::Whole));
        assert_eq!(told(&format!("{begun}data: [DONE]{end}")).0, Told::Ended(End::Whole), "{end:?}");
        let alone = format!("data: {last}{end}");
        assert_eq!(told(&alone), (Told::Ended(End::Whole), "lo".to_owned(), true), "{end:?}");
        let cut = format!("{begun}data: {}{end}", &last[..last.len() - 1]);
        assert_eq!(told(&cut), (Told::Ended(End::Cut), "Hel".to_owned(), true), "{end:?}");
    }
}

#[test]
fn lines_of_json_in_one_event_are_an_event_each() {
    let hello = [
        r#"{"choices":[{"index":0,"delta":{"content":"Hel"}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":"stop"}]}"#,
        "[DONE]",
    ];
    let joined: String = hello.iter().map(|data| format!("data: {data}\n")).collect();
    for end in ["", "\n"] {
        let stream = format!("{joined}{end}");
        assert_eq!(told(&stream), (Told::Ended(End::Whole), "Hello".to_owned(), true), "{end:?}");
        assert_eq!(read("text/event-stream", true, &[stream.as_bytes()]).0, Told::Ended(End::Whole));
    }
    let pretty = "data: {\ndata:  \"content\": \"Hello\",\ndata:  \"stop\": true}\n\n";
    assert_eq!(told(pretty), (Told::Ended(End::Whole), "Hello".to_owned(), true));
}

#[test]
fn a_ping_may_be_no_json() {
    let event = r#"{"choices":[{"index":0,"delta":{"content":"Hello"},"finish_reason":"stop"}]}"#;
    let stream = format!("event: ping\ndata: 2023-02-20 08:40:33.556053\n\n{}", events(&[event]));
    assert_eq!(told(&stream), (Told::Ended(End::Whole), "Hello".to_owned(), true));
    assert_eq!(told("event: ping\ndata: now\n\n"), (Told::Ended(End::Cut), String::new(), false));
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
        assert_eq!(told(&events(&[begun, data])).0, Told::Ended(End::Whole), "{name}");
    }
    for goes_on in [
        r#"{"results":[{"generated_text":"Hi","stop_reason":"not_finished"}]}"#,
        r#"{"output":{"text":"Hi","finish_reason":"null"}}"#,
        r#"{"status":"pulling manifest"}"#,
        r#"{"is_finished":false}"#,
    ] {
        assert_eq!(told(&events(&[goes_on])).0, Told::Ended(End::Cut), "{goes_on}");
    }
    assert_eq!(told("data: {\"a\":1}\n\nevent: done\ndata: {}\n\n").0, Told::Ended(End::Whole));
}

#[test]
fn failing_ends_are_told_in_any_case_and_by_the_provider_too() {
    for end in [
        "ERROR",
        "failed",
        "server_error",
        "internal_error",
        "engine_overloaded",
        "timeout",
        "MALFORMED_FUNCTION_CALL",
        "function_call_filter: MALFORMED_FUNCTION_CALL",
    ] {
        let stream = events(&[&format!(
            r#"{{"choices":[{{"index":0,"delta":{{"content":"x"}},"finish_reason":"{end}"}}]}}"#
        )]);
        assert!(matches!(told(&stream).0, Told::Failed(..)), "{end}");
        let stream = events(&[&format!(
            r#"{{"choices":[{{"index":0,"delta":{{"content":"x"}},"finish_reason":"stop","native_finish_reason":"{end}"}}]}}"#
        )]);
        assert!(matches!(told(&stream).0, Told::Failed(..)), "native: {end}");
    }
}

#[test]
fn what_begins_as_a_page_is_one_whatever_its_type_and_what_does_not_is_none() {
    let page = "<!DOCTYPE html><html><head><title>Sign in</title></head></html>";
    let stream = events(&[r#"{"choices":[{"index":0,"delta":{"content":"Hello"},"finish_reason":"stop"}]}"#]);
    for of in ["text/html", "text/event-stream", "text/plain", ""] {
        for passed in [false, true] {
            let (told, ..) = read(of, passed, &[page.as_bytes()]);
            assert_eq!(told, Told::Failed(Code::BadResponse, "Sign in".to_owned()), "{of}, {passed}");
        }
        assert_eq!(told_as(of, &stream), (Told::Ended(End::Whole), "Hello".to_owned(), true), "{of}");
    }
}

#[test]
fn plain_text_is_passed_on_to_who_may_know_it_and_is_no_stream_to_a_reader() {
    for text in
        ["The cat sat.", "1\n00:00:01,000 --> 00:00:02,000\nHello\n", "0:\"Hel\"\n0:\"lo\"\n", "\0\u{1}pcm"]
    {
        for of in ["text/plain", "", "application/octet-stream"] {
            let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
            assert_eq!(read(of, true, &bytes), (Told::Ended(End::Whole), String::new(), true), "{text}");
            assert!(matches!(told_as(of, text).0, Told::Failed(Code::BadResponse, _)), "{text}");
        }
    }
}

#[test]
fn an_answer_in_one_piece_may_be_any_value() {
    for value in ["[[0.1,0.2],[0.3,0.4]]", "[\"a\",\"b\"]", "\"hello\"", "[\n 1,\n 2\n]", "12"] {
        for end in ["", "\n"] {
            let answer = format!("{value}{end}");
            assert_eq!(told_as("application/json", &answer).0, Told::Ended(End::Whole), "{answer}");
            let passed = read("application/json", true, &[answer.as_bytes()]).0;
            assert_eq!(passed, Told::Ended(End::Whole), "passed on: {answer}");
        }
    }
    assert_eq!(told_as("application/x-ndjson", "[1]\n[2]\n").0, Told::Ended(End::Cut));
    assert!(told_as("application/x-ndjson", "[1]\n[2]\n").2);
    assert_eq!(told_as("application/json", "[[0.1,0.2],[0.3").0, Told::Ended(End::Cut));
}

#[test]
fn a_piece_alone_is_no_answer_in_one_piece() {
    for (of, piece) in [
        ("application/json", r#"{"message":{"content":"The "},"done":false}"#),
        ("text/plain", r#"{"response":"The ","done":false}"#),
        ("text/event-stream", r#"{"choices":[{"index":0,"delta":{"content":"The "},"finish_reason":null}]}"#),
        ("application/json", r#"{"type":"content_block_delta","delta":{"text":"The "}}"#),
        ("application/json", r#"{"token":{"text":"The ","special":false},"generated_text":null}"#),
    ] {
        for passed in [false, true] {
            assert_eq!(read(of, passed, &[piece.as_bytes(), b"\n"]).0, Told::Ended(End::Cut), "{piece}");
        }
    }
}

#[test]
fn an_empty_whole_text_beside_a_token_is_no_end() {
    let stream = events(&[
        r#"{"token":{"text":"Hel","special":false},"generated_text":""}"#,
        r#"{"token":{"text":"lo","special":false},"generated_text":""}"#,
    ]);
    assert_eq!(told(&stream), (Told::Ended(End::Cut), "Hello".to_owned(), true));
    for empty in [
        r#"{"token":{"text":"</s>","special":true},"generated_text":""}"#,
        r#"{"token":{"text":"","special":false},"generated_text":""}"#,
        r#"{"generated_text":"","token":{"special":false,"text":""}}"#,
    ] {
        assert_eq!(told(&events(&[empty])).0, Told::Ended(End::Whole), "{empty}");
    }
}

#[test]
fn of_more_than_sixty_choices_only_the_last_word_says_that_all_have_finished() {
    let chunk = |nth, finish| {
        format!(r#"{{"choices":[{{"index":{nth},"delta":{{"content":"x"}},"finish_reason":{finish}}}]}}"#)
    };
    let mut chunks: Vec<String> = (0..70).map(|nth| chunk(nth, "null")).collect();
    chunks.extend((0..66).map(|nth| chunk(nth, "\"stop\"")));
    let all: Vec<&str> = chunks.iter().map(String::as_str).collect();
    assert_eq!(told(&events(&all)).0, Told::Ended(End::Cut));
    assert_eq!(told(&events(&[all.as_slice(), &["[DONE]"]].concat())).0, Told::Ended(End::Whole));
}

#[test]
fn text_after_an_end_goes_on_with_the_answer() {
    let chunk = |text: &str, finish: &str| {
        format!(r#"{{"choices":[{{"index":0,"delta":{{"content":"{text}"}},"finish_reason":{finish}}}]}}"#)
    };
    let (look, call, half, rest) =
        (chunk("A", "null"), chunk("", "\"tool_calls\""), chunk("half", "null"), chunk("", "\"stop\""));
    assert_eq!(told(&events(&[&look, &call])).0, Told::Ended(End::Whole));
    assert_eq!(told(&events(&[&look, &call, &half])), (Told::Ended(End::Cut), "Ahalf".to_owned(), true));
    assert_eq!(told(&events(&[&look, &call, &half, &rest])).0, Told::Ended(End::Whole));
    assert_eq!(told(&events(&[&look, &call, &half, "[DONE]"])).0, Told::Ended(End::Whole));
    let usage = r#"{"choices":[],"usage":{"total_tokens":3}}"#;
    assert_eq!(told(&events(&[&look, &call, usage])).0, Told::Ended(End::Whole));
    let step = r#"{"status":"success","step":1}"#;
    assert_eq!(told(&events(&[step])).0, Told::Ended(End::Cut));
    assert_eq!(told(&format!("event: complete\n{}", events(&[step, step]))).0, Told::Ended(End::Cut));
    assert_eq!(
        told(&format!("{}event: complete\n{}", events(&[step]), events(&[step]))).0,
        Told::Ended(End::Whole)
    );
}

#[test]
fn only_an_answer_that_is_at_its_end_is_over_soon() {
    let whole = |data: &[&str]| {
        let mut stream = Stream::new(&Room::default(), "text/event-stream", false);
        data.iter()
            .map(|data| (stream.push(events(&[data]).as_bytes(), ITEMS), stream.is_over_soon()).1)
            .collect::<Vec<_>>()
    };
    let chunk = |text: &str, finish: &str| {
        format!(r#"{{"choices":[{{"index":0,"delta":{{"content":"{text}"}},"finish_reason":{finish}}}]}}"#)
    };
    let (text, call, stop) = (chunk("A", "null"), chunk("", "\"tool_calls\""), chunk("", "\"stop\""));
    assert_eq!(whole(&[&text, &stop, r#"{"type":"ping"}"#]), [false, true, true]);
    assert_eq!(
        whole(&[&text, &call, &text, &stop]),
        [false, false, false, true],
        "the server calls its tools itself"
    );
    assert_eq!(whole(&[r#"{"type":"message_stop"}"#]), [true]);
}

#[test]
fn what_follows_an_end_in_no_known_form_changes_nothing() {
    let chat = r#"{"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}"#;
    let gemini = r#"{"candidates":[{"content":{"parts":[{"text":"Hi"}]},"finishReason":"STOP","index":0}]}"#;
    for (end, more) in [
        (chat, r#"{"usage":{"total_tokens":3}}"#),
        (chat, r#"{"choices":null,"usage":{}}"#),
        (chat, r#"{"citations":["x"]}"#),
        (chat, r#"{"object":"chat.completion.chunk","timings":{}}"#),
        (chat, "bye"),
        (gemini, r#"{"usageMetadata":{},"modelVersion":"m"}"#),
        (r#"{"event":"message_end"}"#, r#"{"event":"tts_message_end"}"#),
        (r#"{"type":"message_stop"}"#, r#"{"usage":{}}"#),
        (r#"{"response":"Hi","done":true}"#, r#"{"usage":{}}"#),
    ] {
        assert_eq!(told(&events(&[end, more])).0, Told::Ended(End::Whole), "{end} {more}");
    }
    assert_eq!(
        told(&format!("{}event: ping\ndata: {{}}\n\n", events(&[r#"{"type":"message_stop"}"#]))).0,
        Told::Ended(End::Whole)
    );
}

#[test]
fn an_event_that_is_named_a_ping_is_one_whatever_its_data() {
    for data in ["{}", r#"{"time":"now"}"#, "1", "null"] {
        for name in ["ping", "keepalive", "heartbeat"] {
            let ping = format!("event: {name}\ndata: {data}\n\n");
            assert_eq!(told(&ping), (Told::Ended(End::Cut), String::new(), false), "{ping}");
            assert_eq!(
                told(&format!("{ping}{}", events(&["[DONE]"]))).0,
                Told::Ended(End::Nothing),
                "{ping}"
            );
            let (told, _, begun) = read("text/event-stream", true, &[ping.as_bytes()]);
            assert!(told != Told::Ended(End::Cut) || !begun, "{ping}");
        }
    }
}

#[test]
fn a_last_event_may_be_named_an_end_whatever_its_data() {
    let begun = events(&[r#"{"some":"thing"}"#]);
    for data in ["", " done", " bye now", " {}"] {
        for name in ["done", "end", "complete"] {
            let stream = format!("{begun}event: {name}\ndata:{data}\n\n");
            assert_eq!(told(&stream).0, Told::Ended(End::Whole), "{stream}");
        }
    }
}

#[test]
fn a_line_alone_that_says_it_is_not_at_its_end_is_none() {
    for line in [
        r#"{"choices":[{"text":"Once upon","index":0,"finish_reason":null}]}"#,
        r#"{"is_finished":false,"text":"Once"}"#,
        r#"{"output":{"finish_reason":"null","text":"Once"}}"#,
    ] {
        assert_eq!(told_as("application/json", line).0, Told::Ended(End::Cut), "{line}");
    }
    let whole = r#"{"choices":[{"message":{"content":"Hi"},"finish_reason":null}]}"#;
    assert_eq!(told_as("application/json", whole).0, Told::Ended(End::Whole));
}

#[test]
fn a_piece_of_an_unknown_form_that_is_not_done_is_content() {
    for piece in [
        r#"{"token":"w0","done":false}"#,
        r#"{"audio":"AA","done":false}"#,
        r#"{"done":false,"progress":0.1}"#,
        r#"{"token":"w0","stop":false}"#,
    ] {
        assert_eq!(told(&events(&[piece])), (Told::Ended(End::Cut), String::new(), true), "{piece}");
        assert_eq!(told(&events(&[piece, r#"{"done":true}"#])).0, Told::Ended(End::Whole), "{piece}");
        assert_eq!(
            read("text/event-stream", true, &[events(&[piece]).as_bytes()]).0,
            Told::Ended(End::Cut),
            "{piece}"
        );
    }
}
