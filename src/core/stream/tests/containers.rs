//! What counts as a stream, and as its events.

use super::*;
use crate::core::body::HEAD_LIMIT;

#[test]
fn a_server_that_does_not_stream_answers_in_one_piece() {
    let answer = "{\n \"choices\": [\n  {\"message\": {\"content\": \"Hello\"}}\n ]\n}";
    assert_eq!(told_as("application/json", answer), (Told::Ended(End::Complete), "Hello".to_owned(), true));
    assert_eq!(told_as("application/json", "[{\"generated_text\":\"Hello\"}]").1, "Hello");
    assert_eq!(told_as("application/json", "{\"a\":1}").0, Told::Ended(End::Complete));
    assert_eq!(told_as("application/json", "{\"a\":").0, Told::Ended(End::Truncated));
    for spaced in [
        "  {\"content\":\"x\"} ",
        "\n \n  {\"content\":\"x\"}",
        "[ {\"generated_text\":\"x\"}]",
        " {\"content\":\"x\"}\t",
    ] {
        assert_eq!(
            told_as("application/json", spaced),
            (Told::Ended(End::Complete), "x".to_owned(), true),
            "{spaced:?}"
        );
    }
    let whole = r#"{"object":"response","status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"Hello"}]}]}"#;
    assert_eq!(told_as("application/json", whole).1, "Hello");
    let message = r#"{"type":"message","content":[{"type":"text","text":"Hello"}],"stop_reason":"end_turn"}"#;
    assert_eq!(told_as("application/json", message).1, "Hello");
}

#[test]
fn an_event_that_is_no_json_fails_once_and_is_passed_on_to_a_fetch() {
    let stream = events(&["plain words"]);
    assert_eq!(told(&stream).0, Told::Failed(Code::BadResponse, "plain words".to_owned()));
    assert_eq!(read("text/event-stream", true, &[stream.as_bytes()]).0, Told::Ended(End::Complete));
}

#[test]
fn an_event_that_is_too_long_fails_for_a_reader_and_is_passed_on_unseen() {
    let long = [b"data: ".as_slice(), &vec![b'x'; crate::core::sse::EVENT_LIMIT]].concat();
    let pieces: Vec<&[u8]> = long.chunks(1 << 20).collect();
    let Told::Failed(code, detail) = read("text/event-stream", false, &pieces).0 else {
        panic!("no failure")
    };
    assert!(code == Code::BadResponse && detail.contains("16 MiB"), "{detail}");
    assert_eq!(read("text/event-stream", true, &pieces).0, Told::Ended(End::Complete));
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
fn lines_of_json_in_one_event_are_an_event_each() {
    let hello = [
        r#"{"choices":[{"index":0,"delta":{"content":"Hel"}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":"stop"}]}"#,
        "[DONE]",
    ];
    let joined: String = hello.iter().map(|data| format!("data: {data}\n")).collect();
    for end in ["", "\n"] {
        let stream = format!("{joined}{end}");
        assert_eq!(told(&stream), (Told::Ended(End::Complete), "Hello".to_owned(), true), "{end:?}");
        assert_eq!(read("text/event-stream", true, &[stream.as_bytes()]).0, Told::Ended(End::Complete));
    }
    let pretty = "data: {\ndata:  \"content\": \"Hello\",\ndata:  \"stop\": true}\n\n";
    assert_eq!(told(pretty), (Told::Ended(End::Complete), "Hello".to_owned(), true));
}

#[test]
fn a_ping_may_be_no_json() {
    let event = r#"{"choices":[{"index":0,"delta":{"content":"Hello"},"finish_reason":"stop"}]}"#;
    let stream = format!("event: ping\ndata: 2023-02-20 08:40:33.556053\n\n{}", events(&[event]));
    assert_eq!(told(&stream), (Told::Ended(End::Complete), "Hello".to_owned(), true));
    assert_eq!(told("event: ping\ndata: now\n\n"), (Told::Ended(End::Truncated), String::new(), false));
}

#[test]
fn a_body_that_begins_as_a_page_is_one_whatever_its_type_and_any_other_is_none() {
    let page = "<!DOCTYPE html><html><head><title>Sign in</title></head></html>";
    let stream = events(&[r#"{"choices":[{"index":0,"delta":{"content":"Hello"},"finish_reason":"stop"}]}"#]);
    for of in ["text/html", "text/event-stream", "text/plain", ""] {
        for passed in [false, true] {
            let (told, ..) = read(of, passed, &[page.as_bytes()]);
            assert_eq!(told, Told::Failed(Code::BadResponse, "Sign in".to_owned()), "{of}, {passed}");
        }
        assert_eq!(told_as(of, &stream), (Told::Ended(End::Complete), "Hello".to_owned(), true), "{of}");
    }
}

#[test]
fn plain_text_is_passed_on_to_a_fetch_and_is_no_stream_to_a_reader() {
    for text in
        ["The cat sat.", "1\n00:00:01,000 --> 00:00:02,000\nHello\n", "0:\"Hel\"\n0:\"lo\"\n", "\0\u{1}pcm"]
    {
        for of in ["text/plain", "", "application/octet-stream"] {
            let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
            assert_eq!(read(of, true, &bytes), (Told::Ended(End::Complete), String::new(), true), "{text}");
            assert!(matches!(told_as(of, text).0, Told::Failed(Code::BadResponse, _)), "{text}");
        }
    }
}

#[test]
fn an_answer_in_one_piece_may_be_any_value() {
    for value in ["[[0.1,0.2],[0.3,0.4]]", "[\"a\",\"b\"]", "\"hello\"", "[\n 1,\n 2\n]", "12"] {
        for end in ["", "\n"] {
            let answer = format!("{value}{end}");
            assert_eq!(told_as("application/json", &answer).0, Told::Ended(End::Complete), "{answer}");
            let passed = read("application/json", true, &[answer.as_bytes()]).0;
            assert_eq!(passed, Told::Ended(End::Complete), "passed on: {answer}");
        }
    }
    assert_eq!(told_as("application/x-ndjson", "[1]\n[2]\n").0, Told::Ended(End::Truncated));
    assert!(told_as("application/x-ndjson", "[1]\n[2]\n").2);
    assert_eq!(told_as("application/json", "[[0.1,0.2],[0.3").0, Told::Ended(End::Truncated));
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
            assert_eq!(
                read(of, passed, &[piece.as_bytes(), b"\n"]).0,
                Told::Ended(End::Truncated),
                "{piece}"
            );
        }
    }
}

#[test]
fn an_event_that_is_named_a_ping_is_one_whatever_its_data() {
    for data in ["{}", r#"{"time":"now"}"#, "1", "null"] {
        for name in ["ping", "keepalive", "heartbeat"] {
            let ping = format!("event: {name}\ndata: {data}\n\n");
            assert_eq!(told(&ping), (Told::Ended(End::Truncated), String::new(), false), "{ping}");
            assert_eq!(told(&format!("{ping}{}", events(&["[DONE]"]))).0, Told::Ended(End::Empty), "{ping}");
            let (told, _, begun) = read("text/event-stream", true, &[ping.as_bytes()]);
            assert!(told != Told::Ended(End::Truncated) || !begun, "{ping}");
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
        assert_eq!(told_as("application/json", line).0, Told::Ended(End::Truncated), "{line}");
    }
    let whole = r#"{"choices":[{"message":{"content":"Hi"},"finish_reason":null}]}"#;
    assert_eq!(told_as("application/json", whole).0, Told::Ended(End::Complete));
}

#[test]
fn one_line_of_a_type_that_has_many_is_no_answer_in_one_piece() {
    let line = "{\"a\":1}\n";
    for content_type in ["application/x-ndjson", "application/jsonl", "application/stream+json"] {
        assert_eq!(told_as(content_type, line).0, Told::Ended(End::Truncated), "{content_type}");
    }
    assert_eq!(told_as("application/json", line).0, Told::Ended(End::Complete));
}

#[test]
fn a_text_that_is_no_stream_is_none_as_soon_as_its_first_64_kib_have_come() {
    let room = Room::default();
    let mut stream = Stream::new(&room, "text/plain", false);
    stream.push(&vec![b'x'; HEAD_LIMIT - 1], ITEMS);
    assert!(!stream.is_over());
    stream.push(b"x", ITEMS);
    assert!(stream.is_over());
}

#[test]
fn lines_of_json_before_events_are_events_only_where_the_type_promises_json() {
    let events = events(&[r#"{"choices":[{"delta":{"content":"x"}}]}"#, "[DONE]"]);
    for content_type in ["application/json", "application/x-ndjson", "text/event-stream", "text/plain"] {
        for before in ["", "\n", "\n\n", " \n"] {
            let pieces = [before.as_bytes(), events.as_bytes()];
            let (told, text, _) = read(content_type, false, &pieces);
            assert_eq!((told, text.as_str()), (Told::Ended(End::Complete), "x"), "{content_type} {before:?}");
        }
    }
}

#[test]
fn a_line_that_is_a_list_of_objects_is_an_event_without_its_field_and_another_list_is_none() {
    assert_eq!(told("[{\"generated_text\":\"Hello\"}]\n").1, "Hello");
    assert_eq!(told("data: {\"choices\":[{\"text\":\"a\"}]}\n\n[1, 2]\n\ndata: [DONE]\n\n").1, "a");
}
