//! When a stream is complete, and what may follow its end.

use super::*;

#[test]
fn the_last_of_several_answers_to_finish_ends_the_stream_and_the_first_is_the_text() {
    let (a, b) = (chunk(0, "Hel", "null"), chunk(1, "Bon", "null"));
    let (c, d) = (chunk(0, "lo", "\"stop\""), chunk(1, "jour", "\"stop\""));
    assert_eq!(told(&events(&[&a, &b, &c])).0, Told::Ended(End::Truncated));
    assert_eq!(told(&events(&[&a, &b, &c, &d])), (Told::Ended(End::Complete), "Hello".to_owned(), true));
    let both = r#"{"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"},{"index":1,"delta":{"content":"y"}}]}"#;
    assert_eq!(told(&events(&[both])), (Told::Ended(End::Truncated), "x".to_owned(), true));
}

#[test]
fn an_empty_reason_is_none() {
    let stream = events(&[r#"{"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"null"}]}"#]);
    assert_eq!(told(&stream).0, Told::Ended(End::Truncated));
    let stream = events(&[r#"{"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":""}]}"#]);
    assert_eq!(told(&stream).0, Told::Ended(End::Truncated));
}

#[test]
fn an_answer_that_begins_when_another_has_finished_is_waited_for() {
    let (a, b) = (chunk(0, "Hello", "\"stop\""), chunk(1, "Bon", "null"));
    let (c, late) = (chunk(1, "jour", "\"stop\""), chunk(0, "", "null"));
    assert_eq!(told(&events(&[&a])).0, Told::Ended(End::Complete));
    assert_eq!(told(&events(&[&a, &b])).0, Told::Ended(End::Truncated));
    assert_eq!(told(&events(&[&a, &b, &c])).0, Told::Ended(End::Complete));
    assert_eq!(told(&events(&[&a, &late])).0, Told::Ended(End::Complete), "a note on what has finished");
}

#[test]
fn failing_ends_are_recognised_in_any_case_and_from_the_provider_too() {
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
fn an_empty_whole_text_beside_a_token_is_no_end() {
    let stream = events(&[
        r#"{"token":{"text":"Hel","special":false},"generated_text":""}"#,
        r#"{"token":{"text":"lo","special":false},"generated_text":""}"#,
    ]);
    assert_eq!(told(&stream), (Told::Ended(End::Truncated), "Hello".to_owned(), true));
    for empty in [
        r#"{"token":{"text":"</s>","special":true},"generated_text":""}"#,
        r#"{"token":{"text":"","special":false},"generated_text":""}"#,
        r#"{"generated_text":"","token":{"special":false,"text":""}}"#,
    ] {
        assert_eq!(told(&events(&[empty])).0, Told::Ended(End::Complete), "{empty}");
    }
}

#[test]
fn with_more_than_sixty_choices_only_the_last_word_says_that_all_have_finished() {
    let mut chunks: Vec<String> = (0..70).map(|nth| chunk(nth, "x", "null")).collect();
    chunks.extend((0..66).map(|nth| chunk(nth, "x", "\"stop\"")));
    let all: Vec<&str> = chunks.iter().map(String::as_str).collect();
    assert_eq!(told(&events(&all)).0, Told::Ended(End::Truncated));
    assert_eq!(told(&events(&[all.as_slice(), &["[DONE]"]].concat())).0, Told::Ended(End::Complete));
}

#[test]
fn text_after_an_end_goes_on_with_the_answer() {
    let (look, call, half, rest) = (
        chunk(0, "A", "null"),
        chunk(0, "", "\"tool_calls\""),
        chunk(0, "half", "null"),
        chunk(0, "", "\"stop\""),
    );
    assert_eq!(told(&events(&[&look, &call])).0, Told::Ended(End::Complete));
    assert_eq!(
        told(&events(&[&look, &call, &half])),
        (Told::Ended(End::Truncated), "Ahalf".to_owned(), true)
    );
    assert_eq!(told(&events(&[&look, &call, &half, &rest])).0, Told::Ended(End::Complete));
    assert_eq!(told(&events(&[&look, &call, &half, "[DONE]"])).0, Told::Ended(End::Complete));
    let usage = r#"{"choices":[],"usage":{"total_tokens":3}}"#;
    assert_eq!(told(&events(&[&look, &call, usage])).0, Told::Ended(End::Complete));
    let step = r#"{"status":"success","step":1}"#;
    assert_eq!(told(&events(&[step])).0, Told::Ended(End::Truncated));
    assert_eq!(told(&format!("event: complete\n{}", events(&[step, step]))).0, Told::Ended(End::Truncated));
    assert_eq!(
        told(&format!("{}event: complete\n{}", events(&[step]), events(&[step]))).0,
        Told::Ended(End::Complete)
    );
}

#[test]
fn only_an_answer_that_is_at_its_end_is_over_soon() {
    let whole = |data: &[&str]| {
        let mut stream = Stream::new(&Room::default(), "text/event-stream", false);
        data.iter()
            .map(|data| {
                (
                    stream.push(events(&[data]).as_bytes(), ITEMS),
                    stream.is_over_within() == Some(Duration::ZERO),
                )
                    .1
            })
            .collect::<Vec<_>>()
    };
    let (text, call, stop) =
        (chunk(0, "A", "null"), chunk(0, "", "\"tool_calls\""), chunk(0, "", "\"stop\""));
    assert_eq!(whole(&[&text, &stop, r#"{"type":"ping"}"#]), [false, true, true]);
    assert_eq!(
        whole(&[&text, &call, &text, &stop]),
        [false, false, false, true],
        "the server calls its tools itself"
    );
    let mut called = Stream::new(&Room::default(), "text/event-stream", false);
    called.push(events(&[&call]).as_bytes(), ITEMS);
    assert_eq!(called.is_over_within(), Some(TOOLS), "but not for ever");
    // Gemini says that it stops while it still reasons, and older models of it with each piece.
    let gemini = |parts: &str| {
        format!(r#"{{"candidates":[{{"content":{{"parts":[{parts}]}},"finishReason":"STOP","index":0}}]}}"#)
    };
    let (early, late) = (gemini(""), gemini(r#"{"text":"Hi"}"#));
    assert_eq!(whole(&[&early, &early, &late]), [false, false, true]);
    let mut stream = Stream::new(&Room::default(), "text/event-stream", false);
    let mut ends = |data: &str| {
        stream.push(events(&[data]).as_bytes(), ITEMS);
        stream.ends
    };
    assert_eq!([ends(&early), ends(&late), ends(&late)], [0, 1, 2], "its time begins anew");
}

#[test]
fn an_event_in_no_known_form_after_the_end_changes_nothing() {
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
        assert_eq!(told(&events(&[end, more])).0, Told::Ended(End::Complete), "{end} {more}");
    }
    assert_eq!(
        told(&format!("{}event: ping\ndata: {{}}\n\n", events(&[r#"{"type":"message_stop"}"#]))).0,
        Told::Ended(End::Complete)
    );
}

#[test]
fn a_last_event_may_be_named_an_end_whatever_its_data() {
    let begun = events(&[r#"{"some":"thing"}"#]);
    for data in ["", " done", " bye now", " {}"] {
        for name in ["done", "end", "complete"] {
            let stream = format!("{begun}event: {name}\ndata:{data}\n\n");
            assert_eq!(told(&stream).0, Told::Ended(End::Complete), "{stream}");
        }
    }
}

#[test]
fn the_last_event_counts_without_a_blank_line_if_it_is_whole() {
    let begun = events(&[r#"{"choices":[{"index":0,"delta":{"content":"Hel"}}]}"#]);
    let last = r#"{"choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":"stop"}]}"#;
    for end in ["", "\n", "\r", "\r\n"] {
        let stream = format!("{begun}data: {last}{end}");
        assert_eq!(told(&stream), (Told::Ended(End::Complete), "Hello".to_owned(), true), "{end:?}");
        assert_eq!(read("text/event-stream", true, &[stream.as_bytes()]).0, Told::Ended(End::Complete));
        assert_eq!(told(&format!("{begun}data: [DONE]{end}")).0, Told::Ended(End::Complete), "{end:?}");
        let alone = format!("data: {last}{end}");
        assert_eq!(told(&alone), (Told::Ended(End::Complete), "lo".to_owned(), true), "{end:?}");
        let cut = format!("{begun}data: {}{end}", &last[..last.len() - 1]);
        assert_eq!(told(&cut), (Told::Ended(End::Truncated), "Hel".to_owned(), true), "{end:?}");
    }
}

#[test]
fn a_stream_of_an_unknown_form_that_is_passed_on_may_end_anywhere_but_within_a_line() {
    let begun = events(&[r#"{"some":"thing"}"#]);
    for (rest, end) in [
        ("", End::Complete),
        ("data: {\"some\":\"more\"}", End::Complete),
        ("data: {\"some\":\"mo\n", End::Complete),
        ("data: {\"some\":\"mo", End::Truncated),
        ("dat", End::Truncated),
    ] {
        let stream = format!("{begun}{rest}");
        assert_eq!(read("text/event-stream", true, &[stream.as_bytes()]).0, Told::Ended(end), "{rest:?}");
        assert_eq!(told(&stream).0, Told::Ended(End::Truncated), "not passed on: {rest:?}");
    }
}
