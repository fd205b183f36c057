//! Which text its reader gets, and how.

use super::*;

#[test]
fn the_text_of_each_event_is_kept_apart_where_that_is_wanted() {
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
    assert_eq!(text(&[r"\ud800", r"\udc00"]), "\u{10000}");
    assert_eq!(text(&[r"\udbff", r"\udfff"]), "\u{10ffff}");
    assert_eq!(text(&["\u{d7ff}", "가"]), "\u{d7ff}가");
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
fn a_text_that_is_said_twice_is_read_once() {
    let whole = |stream: &str| {
        assert_eq!(told(stream), (Told::Ended(End::Complete), "Hello".to_owned(), true), "{stream}");
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
fn a_number_in_place_of_a_text_is_a_text() {
    let stream = events(&[
        r#"{"choices":[{"index":0,"delta":{"content":"$0.00"}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"content":6}}]}"#,
        "[DONE]",
    ]);
    assert_eq!(told(&stream), (Told::Ended(End::Complete), "$0.006".to_owned(), true));
    let stream = events(&[r#"{"response":4}"#, r#"{"response":2}"#, "[DONE]"]);
    assert_eq!(told(&stream), (Told::Ended(End::Complete), "42".to_owned(), true));
}

#[test]
fn a_stream_that_is_passed_on_shows_which_event_failed() {
    let mut stream = Stream::new(&Room::default(), "", true);
    stream.push(b"event: error\ndata: {\"error\":\"x\"}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n", ITEMS);
    assert_eq!((stream.items.as_slice(), stream.count), (br#"{"error":"x"}"#.as_slice(), 1));
}
