//! Answers as servers were seen to give them, and similar ones.

use super::*;

/// Whole, byte by byte, and cut in two everywhere.
fn said(document: &str) -> Said {
    let read = |pieces: &[&[u8]]| {
        let mut reader = Reader::default();
        reader.push(b"{\"error\":\"of the document before\",\"type\":\"ping\"}").unwrap();
        reader.begin(false);
        pieces.iter().try_for_each(|piece| reader.push(piece)).unwrap();
        reader.end().unwrap();
        reader.said().clone()
    };
    let whole = read(&[document.as_bytes()]);
    let told = format!("{whole:?}");
    let bytes: Vec<&[u8]> = document.as_bytes().chunks(1).collect();
    assert_eq!(format!("{:?}", read(&bytes)), told, "byte by byte: {document}");
    for at in 0..document.len() {
        let (left, right) = document.as_bytes().split_at(at);
        assert_eq!(format!("{:?}", read(&[left, right])), told, "cut at {at}: {document}");
    }
    whole
}

#[track_caller]
fn fails(document: &str, status: Option<u16>, words: &str) {
    let said = said(document);
    assert!(said.is_failure(false), "{document}: {said:?}");
    assert_eq!((said.status(), String::from_utf8_lossy(&said.words).as_ref()), (status, words), "{document}");
}

#[track_caller]
fn answers(document: &str) {
    let said = said(document);
    assert!(!said.is_failure(false), "{document}: {said:?}");
}

#[test]
fn a_failure_is_one_whatever_stands_beside_it_but_a_result() {
    fails(r#"{"error":"boom"}"#, None, "boom");
    fails(
        r#"{"error":{"message":"Internal Server Error","code":500},"user_id":"u"}"#,
        Some(500),
        "Internal Server Error",
    );
    fails(
        r#"{"id":null,"choices":null,"usage":null,"error":{"message":"no","code":"503"}}"#,
        Some(503),
        "no",
    );
    fails(r#"[{"error":"x"},{"error":"y"}]"#, None, "x; y");
    fails(r#"{"object":"error","message":"no such model","code":404}"#, Some(404), "no such model");
    fails(r#"{"result":null,"success":false,"errors":[{"message":"busy","code":3040}]}"#, None, "busy");
    fails(
        r#"{"choices":[{"delta":{"role":"assistant","content":""},"finish_reason":"error","error":{"message":"cut","code":502}}]}"#,
        Some(502),
        "finish_reason: error; cut",
    );
    fails(
        r#"{"choices":[],"error":{"code":429,"message":"Provider returned error","metadata":{"raw":"slow down"}}}"#,
        Some(429),
        "Provider returned error; slow down",
    );
    fails(
        r#"{"type":"error","error":{"type":"invalid_request_error","code":"context_length_exceeded"}}"#,
        None,
        "",
    );
    fails(
        r#"{"type":"response.failed","response":{"error":{"code":"rate_limit_exceeded","message":"later"}}}"#,
        None,
        "later",
    );
}

#[test]
fn an_answer_is_one_though_it_mentions_an_error() {
    answers(r#"{"choices":[{"message":{"content":"Hi"}}],"error":null}"#);
    answers(r#"{"choices":[{"message":{"content":"Hi"}}],"error":{}}"#);
    answers(r#"{"choices":[{"delta":{"content":"Hi"}}],"error":{"code":0,"message":""}}"#);
    answers(r#"{"choices":[{"message":{"content":"Hi"}}],"error":{"message":"a warning"}}"#);
    answers(r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"bad"}}"#);
    answers(r#"{"object":"list","data":[{"embedding":[0.1]}]}"#);
    answers(r#"[{"label":"error","score":0.5}]"#);
    answers(r#"{"generated_text":"error: none"}"#);
    answers(r#"{"id":"x","object":"chat.completion","message":"a text"}"#);
    answers(r#"[{"error":"cannot read image"},{"label":"cat"}]"#);
    answers(r#"[{"label":"cat"},{"error":"cannot read image"}]"#);
    answers("{}");
    answers("[]");
    answers("null");
}

#[test]
fn the_names_of_a_failure_are_kept_in_lower_case() {
    let kind = |document: &str| String::from_utf8_lossy(&said(document).kind).trim().to_owned();
    assert_eq!(
        kind(r#"{"error":{"message":"m","type":"BadRequestError","code":"Too_Long"}}"#),
        "badrequesterror too_long"
    );
    assert_eq!(kind(r#"{"error":"m","error_type":"overloaded"}"#), "overloaded");
    assert_eq!(kind(r#"{"error":{"code":503,"status":"UNAVAILABLE"}}"#), "unavailable");
    assert_eq!(kind(r#"[{"error":{"code":503,"status":"UNAVAILABLE"}}]"#), "unavailable");
}

#[test]
fn words_are_found_at_any_level_and_said_once() {
    fails(r#"{"error":{"error":"x"}}"#, None, "x");
    fails(r#"{"error":"x","message":"x","detail":"y"}"#, None, "x; y");
    fails(r#"{"errors":[{"message":"a"},{"msg":"b"}]}"#, None, "a; b");
    fails(r#"{"object":"error","message":{"detail":[{"msg":"field required"}]}}"#, None, "field required");
    fails(r#"[{"error":{"code":503,"message":"overloaded"}}]"#, Some(503), "overloaded");
    let words = |document: &str| String::from_utf8_lossy(&said(document).words).into_owned();
    assert_eq!(words(r#"{"detail":{"error":"no"}}"#), "no");
    assert_eq!(
        words(r#"{"detail":[{"loc":["body","inputs"],"msg":"field required","type":"missing"}]}"#),
        "field required"
    );
    assert_eq!(words(r#"{"Message":"Forbidden"}"#), "Forbidden");
    assert_eq!(words(r#""Service Unavailable""#), "Service Unavailable");
}

#[test]
fn an_estimate_is_read_in_all_its_forms() {
    let estimate = |document: &str| said(document).estimate().map(Duration::as_ms);
    assert_eq!(estimate(r#"{"error":"loading","estimated_time":20.0}"#), Some(20_000));
    assert_eq!(estimate(r#"{"error":"loading","estimated_time":118.0269775390625}"#), Some(118_026));
    assert_eq!(estimate(r#"{"error":"loading","estimated_time":"2.5s"}"#), Some(2_500));
    assert_eq!(estimate(r#"{"error":"loading","estimated_time":null}"#), None);
    assert_eq!(estimate(r#"{"error":"loading","estimated_time":-1}"#), None);
}

#[test]
fn words_before_the_end_are_not_lost() {
    let mut reader = Reader::default();
    reader.push(br#"{"error":"Model is loading","estimated_time":NaN}"#).unwrap_err();
    let said = reader.said();
    assert_eq!((said.is_failure(false), said.words.as_slice()), (true, b"Model is loading".as_slice()));
    let mut reader = Reader::default();
    reader.push(br#"{"error":{"message":"out of mem"#).unwrap();
    assert_eq!(reader.said().words, b"out of mem");
}

#[test]
fn words_have_a_limit_and_a_long_way_says_nothing() {
    let long = format!(r#"{{"error":"{}"}}"#, "x".repeat(2 * WORDS_LIMIT));
    let mut reader = Reader::default();
    reader.push(long.as_bytes()).unwrap();
    reader.end().unwrap();
    assert_eq!(reader.said().words.len(), WORDS_LIMIT);
    answers(&[r#"{"a":"#.repeat(20), r#"{"error":"x"}"#.to_owned(), "}".repeat(20)].concat());
}

#[test]
fn an_error_that_is_too_deep_is_one_and_something_else_is_none() {
    let deep = |before: &str, open: &str| {
        let mut reader = Reader::default();
        let read = reader.push([before, &open.repeat(600)].concat().as_bytes());
        assert_eq!(read, Err(NoJson::TooDeep));
        reader.said().is_failure(false)
    };
    for open in ["[", r#"{"a":"#, r#"[{"a":"#, r#"{"error":"#] {
        assert!(deep(r#"{"id":1,"error":"#, open), "{open}");
        assert!(deep(r#"{"error":{"a":"#, open), "{open}");
        assert!(!deep(r#"{"error":null,"data":"#, open), "{open}");
    }
}

#[test]
fn the_name_of_a_failure_is_cut_at_the_same_byte_however_it_comes() {
    let long = format!(r#"{{"error":{{"code":"{0}","type":"{0}"}}}}"#, "x".repeat(500));
    let whole = said(&long);
    assert!(whole.kind.len() < 210, "{}", whole.kind.len());
}

/// An event that resembles the one before is not read again. Only an event that differs in its text alone may be
/// taken for one.
#[test]
fn an_event_says_what_it_would_say_alone() {
    let texts = |reader: &mut Reader, event: &str| {
        reader.read(event.as_bytes(), false).unwrap();
        (String::from_utf8_lossy(reader.said().text(false)).into_owned(), reader.said().meaning())
    };
    for events in [
        [
            r#"{"choices":[{"index":0,"text":"\n"},{"index":1,"text":"b"}]}"#,
            r#"{"choices":[{"index":0,"text":"\n"},{"index":1,"text":"c"}]}"#,
        ],
        [
            r#"{"choices":[{"index":1,"delta":{"content":"xyz"}}],"generated_text":"abc"}"#,
            r#"{"choices":[{"index":1,"delta":{"content":"zzz"}}],"generated_text":"abc"}"#,
        ],
        [
            r#"{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}"#,
            r#"{"choices":[{"index":0,"delta":{"content":""},"finish_reason":null}]}"#,
        ],
        [
            r#"{"choices":[{"index":0,"delta":{"content":"a"}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"content":"a","x":"b"}}]}"#,
        ],
        [
            r#"{"choices":[{"index":0,"delta":{"content":"a"}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"content":"a\"b\ud83d\ude00"}}]}"#,
        ],
    ] {
        let mut reader = Reader::of_text();
        for event in events {
            assert_eq!(texts(&mut reader, event), texts(&mut Reader::of_text(), event), "{event}");
        }
    }
}

#[test]
fn the_last_of_two_equal_keys_counts() {
    let read = |document: &str| {
        let mut reader = Reader::of_text();
        reader.read(document.as_bytes(), false).unwrap();
        let said = reader.said();
        (said.is_failure(false), String::from_utf8_lossy(said.text(false)).into_owned(), said.meaning())
    };
    for (twice, once) in [
        (r#"{"error":"x","error":null}"#, r#"{"error":null}"#),
        (r#"{"error":null,"error":"x"}"#, r#"{"error":"x"}"#),
        (r#"{"error":"x","\u0065rror":null}"#, r#"{"error":null}"#),
        (r#"{"token":{"text":"a"},"token":{"text":"b"}}"#, r#"{"token":{"text":"b"}}"#),
        (r#"{"choices":[{"text":"a","text":"b"}]}"#, r#"{"choices":[{"text":"b"}]}"#),
        (r#"{"choices":[{"text":"a"},{"text":"b"}]}"#, r#"{"choices":[{"text":"a"},{"text":"b"}]}"#),
        (r#"{"msg":"a","message":"b"}"#, r#"{"msg":"a","message":"b"}"#),
        (r#"{"done":true,"done":false,"done":true}"#, r#"{"done":true}"#),
        (r#"{"status":"","status":"success"}"#, r#"{"status":"success"}"#),
    ] {
        assert_eq!(read(twice), read(once), "{twice}");
    }
    // No more than a thousand times: a document with more is an attack on the memory.
    let many = format!("{{{}\"error\":null}}", r#""error":"x","#.repeat(100_000));
    assert!(read(&many).0);
}

#[test]
fn a_name_of_a_gateway_beside_the_type_of_an_event_is_no_other_type() {
    let said = said(r#"{"type":"content_block_delta","delta":{"text":"Hi"},"event":"gateway.7"}"#);
    assert!(said.is_of_stream() && said.meaning().has_content);
}

#[test]
fn a_malformed_end_is_a_failure_in_either_case_and_behind_other_words() {
    for end in
        ["MALFORMED_RESPONSE", "malformed_function_call", "function_call_filter: MALFORMED_FUNCTION_CALL"]
    {
        let said = said(&format!(r#"{{"choices":[{{"delta":{{}},"finish_reason":"{end}"}}]}}"#));
        assert!(said.is_failure(false), "{end}");
    }
}

#[test]
fn a_key_may_begin_with_a_capital_and_with_no_other() {
    fails(r#"{"Error":{"Message":"no","Code":429}}"#, Some(429), "no");
    answers(r#"{"ERROR":{"MESSAGE":"no","CODE":429}}"#);
}

#[test]
fn the_state_of_a_job_counts_and_that_of_one_of_several_does_not() {
    fails(r#"{"data":{"status":"failed","error":"no"}}"#, None, "no");
    answers(r#"{"data":[{"status":"failed","error":"no"}]}"#);
    answers(r#"{"event":"node_finished","data":{"status":"failed","error":"no"}}"#);
    answers(r#"{"status":"failed","score":0.2}"#);
    answers(r#"{"id":"b","object":"batch","status":"failed"}"#);
}

#[test]
fn errors_beside_an_object_without_a_meaning_are_no_failure() {
    answers(r#"{"errors":["page 4"],"document":{"text":"a"}}"#);
    answers(r#"{"documents":[{"id":"1"}],"errors":[{"message":"no"}]}"#);
    answers(r#"{"status":"partial_success","errors":["page 4"]}"#);
    fails(r#"{"errors":["no"],"document":{}}"#, None, "no");
    fails(r#"{"errors":["no"],"documents":[],"version":"1"}"#, None, "no");
    fails(r#"{"errors":["no"],"extensions":{"cost":1},"input":{"text":"a"}}"#, None, "no");
    fails(r#"{"error":"no","document":{"text":"a"}}"#, None, "no");
    fails(r#"{"success":false,"errors":["no"],"document":{"text":"a"}}"#, None, "no");
}

#[test]
fn what_a_failure_quotes_is_read_and_its_own_words_stay_the_first() {
    let mut reader = Reader::default();
    let document = br#"{"error":{"message":"upstream: {\"error\":\"{\\\"error\\\":{\\\"code\\\":401,\\\"message\\\":\\\"no key\\\"}}\"} (2 tries)"}}"#;
    reader.read(document, false).unwrap();
    assert_eq!(reader.said().status(), None);
    let own = reader.read_quoted();
    assert_eq!(reader.said().status(), Some(401));
    let (own, quoted) = reader.said().words.split_at(own);
    assert!(own.ends_with(b"(2 tries)") && quoted.ends_with(b"; no key"));
}

/// What an event of a stream says, read alone.
fn event(document: &str) -> Said {
    let mut reader = Reader::of_text();
    reader.read(document.as_bytes(), false).unwrap();
    reader.said().clone()
}

fn text_of(document: &str) -> String {
    String::from_utf8_lossy(event(document).text(false)).into_owned()
}

/// Whether the second event is taken for the first one with another text.
fn resembles(first: &str, second: &str) -> bool {
    let mut reader = Reader::of_text();
    reader.read(first.as_bytes(), false).unwrap();
    reader.alike.reads(second.as_bytes(), &mut Said::default())
}

#[test]
fn an_event_that_differs_from_the_one_before_in_its_text_alone_is_not_read_again() {
    let event = |text: &str, end: &str| {
        let id = "x".repeat(100);
        format!(
            r#"{{"id":"{id}","choices":[{{"delta":{{"content":"{text}"}},"finish_reason":{end}}}],"model":"{id}"}}"#
        )
    };
    let (first, next) = (event("a", "null"), event("another", "null"));
    assert!(resembles(&first, &next));
    assert!(!resembles(&first, &event("a", "\"stop\"")));
    assert!(!resembles(&first, &next.replace("model", "modem")));
    let failed = r#"{"choices":[{"text":"a"}],"type":"error"}"#;
    assert!(!resembles(failed, failed), "a failure is always read");
}

#[test]
fn an_event_that_is_named_a_failure_is_one_though_it_resembles_the_one_before() {
    let mut reader = Reader::of_text();
    for (text, fails) in [("a", false), ("b", true)] {
        reader.read(format!(r#"{{"choices":[{{"text":"{text}"}}]}}"#).as_bytes(), fails).unwrap();
        assert_eq!(reader.said().is_failure(false), fails);
    }
}

#[test]
fn a_document_is_open_from_its_first_byte_to_its_last() {
    let mut reader = Reader::of_text();
    assert!(!reader.is_open());
    reader.push(br#"{"generated_text":"a"#).unwrap();
    assert!(reader.is_open() && !reader.is_over());
    reader.push(br#""}"#).unwrap();
    assert!(!reader.is_open() && reader.is_over());
}

#[test]
fn a_text_that_was_taken_is_not_there_again() {
    let mut reader = Reader::of_text();
    reader.push(br#"{"choices":[{"delta":{"content":"one"#).unwrap();
    assert_eq!(reader.said().text(false), b"one");
    reader.forget_text();
    reader.push(br#" two"}}]}"#).unwrap();
    assert_eq!(reader.said().text(false), b" two");
}

#[test]
fn a_text_beside_which_nothing_is_known_is_that_of_a_whole_answer_and_not_of_an_event() {
    let said = event(r#"{"text":"Hello"}"#);
    assert_eq!((said.text(true), said.text(false)), (b"Hello".as_slice(), [].as_slice()));
    let piece = event(r#"{"text":"","choices":[{"delta":{"content":"Hello"}}]}"#);
    assert_eq!(piece.text(false), b"Hello");
}

#[test]
fn a_thought_is_no_text_for_people_and_still_content() {
    let parts = |parts: &str| format!(r#"{{"candidates":[{{"content":{{"parts":[{parts}]}}}}]}}"#);
    let (thought, text) = (r#"{"text":"hm","thought":true}"#, r#"{"text":"Hi"}"#);
    assert_eq!(text_of(&parts(&format!("{thought},{text}"))), "Hi");
    assert_eq!(text_of(&parts(&format!("{text},{thought}"))), "Hi");
    assert_eq!(text_of(&parts(thought)), "");
    assert!(event(&parts(thought)).meaning().has_content);
}

#[test]
fn a_special_token_is_neither_text_nor_content() {
    for token in [r#"{"text":"</s>","special":true}"#, r#"{"special":true,"text":"</s>"}"#] {
        let said = event(&format!(r#"{{"token":{token}}}"#));
        assert_eq!((said.text(false), said.meaning().has_content), ([].as_slice(), false), "{token}");
    }
    assert!(event(r#"{"token":{"text":"a","special":false}}"#).meaning().has_content);
}

#[test]
fn the_whole_text_ends_a_stream_of_tokens_unless_it_is_an_empty_one_beside_a_token_with_a_text() {
    for (document, ends) in [
        (r#"{"token":{"text":"a"},"generated_text":"abc"}"#, true),
        (r#"{"token":{"text":""},"generated_text":""}"#, true),
        (r#"{"generated_text":""}"#, true),
        (r#"{"token":{"text":"a"},"generated_text":""}"#, false),
        (r#"{"token":{"text":"a"},"generated_text":null}"#, false),
    ] {
        for at in 0..document.len() {
            let mut reader = Reader::of_text();
            let (left, right) = document.as_bytes().split_at(at);
            reader.push(left).and_then(|()| reader.push(right)).unwrap();
            assert_eq!(reader.said().meaning().finished == 1, ends, "{document} cut at {at}");
        }
    }
}

#[test]
fn an_answer_that_ends_twice_in_one_event_has_ended() {
    let meaning = event(r#"{"choices":[{"index":0,"finish_reason":"stop"}],"done":true}"#).meaning();
    assert_eq!((meaning.finished, meaning.open), (1, 0));
}

#[test]
fn an_answer_that_is_continued_and_ended_in_one_event_is_that_answer_and_no_other() {
    let both =
        r#"{"choices":[{"index":1,"delta":{"content":"a"}},{"index":1,"delta":{},"finish_reason":"stop"}]}"#;
    let meaning = event(both).meaning();
    assert_eq!((meaning.open, meaning.finished), (2, 2));
}

#[test]
fn answers_from_the_sixty_fourth_on_cannot_be_told_apart_and_so_none_of_them_ends() {
    let end =
        |nth: u32| event(&format!(r#"{{"choices":[{{"index":{nth},"finish_reason":"stop"}}]}}"#)).meaning();
    assert_eq!((end(62).finished, end(62).open), (1 << 62, 0));
    for nth in [63, 64, 1000] {
        assert_eq!((end(nth).finished, end(nth).open), (0, 1 << 63), "{nth}");
    }
}

#[test]
fn a_piece_must_be_followed_by_more_and_a_whole_answer_need_not_be() {
    for (document, goes_on) in [
        (r#"{"choices":[{"delta":{"content":"a"}}]}"#, true),
        (r#"{"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}"#, false),
        (r#"{"choices":[{"message":{"content":"a"},"finish_reason":null}]}"#, false),
        (r#"{"choices":[{"text":"a","finish_reason":null}]}"#, true),
        (r#"{"token":{"text":"a"}}"#, true),
        (r#"{"response":"a","done":false}"#, true),
        (r#"{"response":"a","done":true}"#, false),
        (r#"{"generated_text":"a"}"#, false),
    ] {
        assert_eq!(event(document).goes_on(), goes_on, "{document}");
    }
}

#[test]
fn a_number_of_an_error_is_a_failure_by_itself_only_if_it_is_the_status_of_one() {
    fails(r#"{"error":{"code":503}}"#, Some(503), "");
    answers(r#"{"error":{"code":0,"message":""}}"#);
    answers(r#"{"error":{"code":200}}"#);
    answers(r#"{"code":404}"#);
    fails(r#"{"code":404,"message":"no such model"}"#, Some(404), "no such model");
    answers(r#"{"code":200,"message":"ok"}"#);
    answers(r#"{"code":600,"message":"ok"}"#);
    fails(r#"{"error_code":17,"error_msg":"daily limit reached"}"#, None, "daily limit reached");
    answers(r#"{"error_code":0,"error_msg":"success"}"#);
}

#[test]
fn whatever_stands_in_an_error_says_that_there_is_one_unless_it_is_empty() {
    fails(r#"{"error":{"hint":"try again"}}"#, None, "");
    answers(r#"{"error":{"hint":""}}"#);
    fails(r#"{"error":true}"#, None, "");
    answers(r#"{"error":false}"#);
    fails(r#"{"success":false}"#, None, "");
    answers(r#"{"success":true,"message":"done"}"#);
    answers(r#"{"result":true,"error":"a warning"}"#);
    fails(r#"{"result":false,"error":"no"}"#, None, "no");
}

#[test]
fn the_state_of_an_answer_counts_though_it_has_an_id() {
    for object in ["response", "interaction"] {
        let document =
            format!(r#"{{"id":"r","object":"{object}","status":"failed","output":[{{"text":"a"}}]}}"#);
        fails(&document, None, "");
    }
}

#[test]
fn a_providers_own_word_for_the_end_counts_only_if_it_is_a_failure() {
    let end = |word: &str| {
        format!(r#"{{"choices":[{{"message":{{"content":"a"}},"native_finish_reason":"{word}"}}]}}"#)
    };
    answers(&end("completed"));
    fails(&end("MALFORMED_FUNCTION_CALL"), None, "finish_reason: MALFORMED_FUNCTION_CALL");
}

#[test]
fn the_words_of_twenty_places_are_kept_and_no_more() {
    let errors: Vec<String> = (10..40).map(|nth| format!(r#"{{"message":"e{nth}"}}"#)).collect();
    let said = said(&format!(r#"{{"errors":[{}]}}"#, errors.join(",")));
    let words = String::from_utf8_lossy(&said.words).into_owned();
    assert_eq!((words.split("; ").count(), words.ends_with("e29")), (20, true), "{words}");
}

#[test]
fn an_event_of_a_known_family_is_content_only_if_it_is_a_delta() {
    for (name, has_content, text) in [
        ("response.reasoning_text.delta", true, ""),
        ("response.created", false, ""),
        ("response.reasoning_text.done", false, ""),
        ("step.delta", true, "a"),
        ("step.start", false, ""),
        ("content.delta", true, "a"),
        ("content.stop", false, ""),
        ("interaction.created", false, ""),
    ] {
        let said = event(&format!(r#"{{"type":"{name}","delta":{{"text":"a"}}}}"#));
        let text_of = String::from_utf8_lossy(said.text(false)).into_owned();
        let meaning = said.meaning();
        assert_eq!(
            (meaning.has_content, meaning.is_known, text_of.as_str()),
            (has_content, true, text),
            "{name}"
        );
    }
}
