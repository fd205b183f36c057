//! Whole bodies, with the type that they promise and with another.

use super::*;

/// Reads the body in pieces of every size, with the same result.
fn read(content_type: &str, wanted: Option<Wanted>, text: &str) -> Body {
    let of = |length: usize| {
        let mut reading = Reading::new(content_type, wanted);
        for piece in text.as_bytes().chunks(length.max(1)) {
            if !reading.push(piece) {
                break;
            }
        }
        reading.end().0
    };
    let whole = of(text.len());
    for length in [1, 2, 3, 5, 7] {
        assert_eq!(format!("{:?}", of(length)), format!("{whole:?}"), "in pieces of {length}: {text}");
    }
    whole
}

fn answer(content_type: &str, text: &str) -> Body {
    read(content_type, Some(Wanted::Auto), text)
}

fn failure(text: &str) -> Body {
    read("text/plain", None, text)
}

fn detail(body: &Body) -> String {
    String::from_utf8(body.detail.clone()).unwrap()
}

#[test]
fn an_answer_is_what_its_type_promises_or_its_first_bytes_say() {
    for (content_type, text) in [
        ("application/json", "{\"a\":1}"),
        ("application/json; charset=utf-8", "\u{feff} [1]"),
        ("application/problem+json", "null"),
        ("application/json", "true"),
        ("", "{\"a\":1}"),
        ("text/plain", "{\"a\":1}"),
        ("text/plain", "any text"),
        ("image/png", "\u{89}PNG"),
        ("", "plain"),
        ("application/x-ndjson", "{\"input\":1}\n{\"input\":2}\n"),
    ] {
        let body = answer(content_type, text);
        assert!(!body.unexpected && !body.is_error, "{content_type} {text}: {body:?}");
    }
}

#[test]
fn a_body_that_promises_json_and_is_none_is_no_answer() {
    for (content_type, text, said) in [
        ("application/json", "<html><title>Sign in</title>", "Sign in"),
        ("text/html", "<h1>Bad</h1>", "Bad"),
        ("", "<title>x</title>", "x"),
        ("text/html", "<html><p>Hello", "HTML"),
        ("application/json", "", "an empty body"),
        ("", "", "an empty body"),
        ("application/json", "{\"a\":NaN}", "broken JSON"),
        ("application/json", "{\"a\":1", "broken JSON"),
        ("application/json", "fine", "no JSON"),
    ] {
        let body = answer(content_type, text);
        assert!(body.unexpected && !body.is_error, "{content_type} {text}: {body:?}");
        assert_eq!(detail(&body), said, "{content_type} {text}");
    }
}

#[test]
fn broken_json_that_is_complete_is_not_worth_another_attempt_and_json_that_was_cut_is() {
    assert!(answer("application/json", "{\"a\":NaN}").is_final);
    assert!(!answer("application/json", "{\"a\":1").is_final);
    assert!(!answer("text/html", "<html>").is_final);
}

#[test]
fn a_stream_that_nobody_asked_for_is_no_answer_whatever_its_type() {
    for (content_type, text) in [
        ("text/event-stream", "data: {\"choices\":[]}\n\ndata: [DONE]\n\n"),
        ("application/json", ": ping\n\ndata: {}\n\n"),
        ("", "event: x\ndata: 1\n\n"),
        ("application/x-ndjson", "{\"message\":{\"content\":\"Hi\"},\"done\":false}\n{\"done\":true}\n"),
    ] {
        let body = answer(content_type, text);
        assert!(body.unexpected && body.is_final, "{content_type} {text}: {body:?}");
        assert!(!read(content_type, Some(Wanted::Raw), text).unexpected, "wanted as it is: {text}");
    }
}

#[test]
fn a_failure_in_an_answer_is_one_however_it_is_wanted() {
    let text = r#"{"error":{"message":"boom","code":503},"id":"x"}"#;
    for wanted in [Wanted::Auto, Wanted::Json, Wanted::Raw, Wanted::Passed { lookup: false }] {
        let body = read("application/json", Some(wanted), text);
        assert_eq!(
            (body.is_error, body.status, detail(&body)),
            (true, Some(503), "boom".to_owned()),
            "{wanted:?}"
        );
    }
    assert!(!read("image/png", Some(Wanted::Raw), text).is_error);
}

#[test]
fn a_job_that_has_failed_is_an_answer_to_a_lookup() {
    let passed = |lookup, text| read("application/json", Some(Wanted::Passed { lookup }), text).is_error;
    for text in [
        r#"{"id":"b","object":"batch","status":"failed","errors":{"data":[{"message":"no"}]}}"#,
        r#"{"id":"f","object":"fine_tuning.job","status":"failed","error":{"code":"x","message":"no"}}"#,
    ] {
        assert!(!passed(true, text) && !passed(false, text), "{text}");
    }
    let response = r#"{"id":"r","object":"response","status":"failed","output":[],"error":{"code":"server_error","message":"no"}}"#;
    assert!(!passed(true, response) && passed(false, response));
}

#[test]
fn json_that_is_cut_is_no_text() {
    for cut in [r#"{"generated_text":"hel"#, r#"{"error":"Model is overl"#, r#"[{"a":1}"#] {
        for kind in ["text/plain", "text/html", ""] {
            let mut reading = Reading::new(kind, Some(Wanted::Auto));
            reading.push(cut.as_bytes());
            let body = reading.end().0;
            assert!(body.unexpected && !body.is_final || body.is_error, "{kind}: {cut}");
        }
    }
    let mut reading = Reading::new("text/plain", Some(Wanted::Auto));
    reading.push(b"[note] a text");
    assert!(!reading.end().0.unexpected);
}

#[test]
fn a_result_that_is_cut_is_no_answer_however_long_it_is() {
    for cut in [r#"{"object":"list","data":[{"embedding":[0.1,0.2"#, "[[0.1,0.2],[0.3", "[0.1,0.2]x"] {
        for wanted in [Wanted::Auto, Wanted::Json, Wanted::Passed { lookup: false }] {
            let mut reading = Reading::new("application/json", Some(wanted));
            reading.push(cut.as_bytes());
            assert!(reading.end().0.unexpected, "{cut}");
        }
    }
}

#[test]
fn the_words_of_a_failure_are_found_in_json_in_text_and_in_a_page() {
    let all = |text: &str| {
        let Body { text: words, detail, of_engine, is_error, .. } = failure(text);
        assert!(is_error);
        (String::from_utf8(words).unwrap(), String::from_utf8(detail).unwrap(), of_engine)
    };
    let told = |words: &str, detail: &str, of_engine| (words.to_owned(), detail.to_owned(), of_engine);
    assert_eq!(all(r#"{"error":"Model is Loading"}"#), told("model is loading", "Model is Loading", true));
    assert_eq!(all(" Upstream is Full \n"), told("upstream is full", "Upstream is Full", false));
    assert_eq!(all("\"Forbidden\""), told("forbidden", "Forbidden", true));
    assert_eq!(all("<title>502</title><p>Bad</p>"), told(" 502  bad ", "502", false));
    assert_eq!(all(""), told("", "", false));
    assert_eq!(all("[1,2"), told("[1,2", "[1,2", true));
}

#[test]
fn a_failure_whose_json_is_broken_or_cut_is_searched_all_the_same() {
    let broken = failure(r#"{"estimated_time":NaN,"error":"Model is currently loading"}"#);
    assert!(String::from_utf8_lossy(&broken.text).contains("currently loading"), "{broken:?}");
    let cut = failure(r#"{"error":"Model is currently loading","traceback":"very lo"#);
    assert_eq!(detail(&cut), "Model is currently loading");
}

#[test]
fn white_space_and_bodies_without_end_are_kept_to_the_limit() {
    let mut reading = Reading::new("text/html", None);
    for _ in 0..10 * HEAD_LIMIT {
        assert!(reading.push(b" "));
    }
    assert!(reading.head.is_empty());
    let fed = (0..).take_while(|_| reading.push(b"<p>")).count();
    assert!(fed * 3 < HEAD_LIMIT + 3, "{fed}");
}

#[test]
fn the_last_of_two_equal_keys_counts_in_an_answer_too() {
    assert!(!answer("application/json", r#"{"error":"x","error":null,"a":1}"#).is_error);
    assert!(answer("application/json", r#"{"error":null,"error":"x"}"#).is_error);
    assert_eq!(detail(&failure(r#"{"error":"one","error":"two"}"#)), "two");
}

#[test]
fn an_event_stream_is_passed_on_to_a_fetch_whatever_it_is_called() {
    for content_type in ["application/json", "text/plain", "", "application/problem+json"] {
        let text = "data: {\"choices\":[]}\n\ndata: [DONE]\n\n";
        let body = read(content_type, Some(Wanted::Passed { lookup: false }), text);
        assert!(!body.unexpected && !body.is_error, "{content_type}: {body:?}");
    }
}

#[test]
fn an_answer_that_is_handed_over_comes_from_an_engine() {
    for (content_type, text) in [("application/json", "{\"a\":1}"), ("text/plain", "words")] {
        assert!(answer(content_type, text).of_engine, "{content_type}");
    }
    let stream = answer("text/event-stream", "data: {}\n\n");
    assert!(stream.of_engine && stream.unexpected && stream.is_final, "{stream:?}");
    assert!(detail(&stream).contains("streamWithRetry"), "{stream:?}");
    let empty = answer("application/json", "{\"choices\":[]}");
    assert!(empty.of_engine && empty.unexpected && !empty.is_final, "{empty:?}");
    assert_eq!(detail(&empty), "an answer without choices");
}

#[test]
fn a_raw_answer_and_one_that_is_passed_on_may_be_a_stream_or_without_choices() {
    for wanted in [Wanted::Raw, Wanted::Passed { lookup: false }] {
        for (content_type, text) in
            [("text/event-stream", "data: {}\n\n"), ("application/json", "{\"choices\":[]}")]
        {
            let body = read(content_type, Some(wanted), text);
            assert!(!body.unexpected && !body.is_error, "{wanted:?} {content_type}: {body:?}");
        }
    }
}

#[test]
fn whoever_wants_json_gets_json_or_a_failure() {
    for (text, says) in
        [("words", "no JSON"), ("", "an empty body"), ("{\"a\":", "broken JSON"), ("<p>", "HTML")]
    {
        let body = read("text/plain", Some(Wanted::Json), text);
        assert!(body.unexpected && !body.of_engine, "{text}: {body:?}");
        assert_eq!(detail(&body), says);
    }
    assert!(!read("text/plain", Some(Wanted::Json), "[1]").unexpected);
}

#[test]
fn a_body_is_read_to_its_limit_and_no_further_once_it_is_no_json() {
    let mut reading = Reading::new("text/plain", None);
    assert!(reading.push(&[b'x'; HEAD_LIMIT - 1]));
    assert!(!reading.push(b"x"));
    let mut broken = Reading::new("application/json", None);
    assert!(broken.push(b"{} x"), "what follows may say something");
    assert!(!broken.push(&[b'x'; HEAD_LIMIT]));
    let mut json = Reading::new("application/json", None);
    assert!(json.push(b"{\"a\":\""));
    assert!(json.push(&[b'x'; 2 * HEAD_LIMIT]));
}
