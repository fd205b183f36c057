//! Which names count as keys, and which of two equal keys.

use super::*;

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
fn a_key_may_begin_with_a_capital_and_with_no_other() {
    fails(r#"{"Error":{"Message":"no","Code":429}}"#, Some(429), "no");
    answers(r#"{"ERROR":{"MESSAGE":"no","CODE":429}}"#);
}
