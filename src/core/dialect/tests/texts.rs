//! What of an event is text for people, and what is content.

use super::*;

#[test]
fn a_name_of_a_gateway_beside_the_type_of_an_event_is_no_other_type() {
    let said = said(r#"{"type":"content_block_delta","delta":{"text":"Hi"},"event":"gateway.7"}"#);
    assert!(said.is_of_stream() && said.meaning().has_content);
}

fn text_of(document: &str) -> String {
    String::from_utf8_lossy(event(document).text(false)).into_owned()
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
