//! Where a document, a piece and an answer end.

use super::*;

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
fn the_whole_text_ends_a_stream_in_whatever_pieces_it_comes() {
    for text in ["b", "b\\n", "b\\u0041", "\\\\", "b\\ud83d\\ude00"] {
        let document = format!(r#"{{"token":{{"text":"a"}},"generated_text":"{text}"}}"#);
        for size in 1..document.len() {
            let mut reader = Reader::of_text();
            document.as_bytes().chunks(size).for_each(|piece| reader.push(piece).unwrap());
            assert_eq!(reader.said().meaning().finished, 1, "{document} in pieces of {size}");
        }
    }
}
