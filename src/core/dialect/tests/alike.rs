//! An event that resembles the one before.

use super::*;

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
