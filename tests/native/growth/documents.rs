//! Documents and streams of any length: each byte is read once or twice, whatever the document repeats.

use super::grows_in_proportion;
use query_with_retry::core::body::{Reading, Wanted};
use query_with_retry::core::sse::Room;
use query_with_retry::core::stream::{Stream, Wants};
use std::time::Instant;

const FEW: usize = 64 * 1024;

/// What a document begins with, what it repeats, and what it ends with.
const DOCUMENTS: [(&str, &str, &str, &str); 9] = [
    ("answers", r#"{"choices":["#, r#"{"index":0,"message":{"content":"a"}},"#, r"0]}"),
    ("escapes", r#"{"choices":[{"message":{"content":""#, r"\n\ud83d\ude00\\", r#""}}]}"#),
    ("errors", r#"{"errors":["#, r#"{"message":"the same; or another","code":503},"#, r"0]}"),
    ("keys that stand twice", "{", r#""error":{"message":"x"},"#, r#""error":null}"#),
    ("names of a failure", r#"{"error":["#, r#"{"code":"a_name_that_is_long"},"#, "0]}"),
    ("words with JSON in them", r#"{"error":{"message":""#, r#"upstream: {\"error\":\"{ "#, r#""}}"#),
    ("unknown members", r#"{"a":["#, r#"{"b":{"c":[1,2.5e3,null,"d"]}},"#, r"0]}"),
    ("tokens", r#"[{"token":{"text":"a"}},"#, r#"{"token":{"text":"","special":true}},"#, r"0]"),
    ("numbers of one answer", "[", r#"{"choices":[{"index":7,"finish_reason":"stop"}],"code":11200},"#, "0]"),
];

fn document(begins: &str, repeats: &str, ends: &str, bytes: usize) -> String {
    [begins, &repeats.repeat(bytes / repeats.len()), ends].concat()
}

#[test]
fn an_answer_of_a_mebibyte_takes_about_sixteen_times_as_long_as_one_of_64_kib() {
    for (what, begins, repeats, ends) in DOCUMENTS {
        for piece in [usize::MAX, 1_000] {
            grows_in_proportion(&format!("{what}, in pieces of {piece}"), FEW, |bytes| {
                let document = document(begins, repeats, ends, bytes);
                let begun = Instant::now();
                let mut reading = Reading::new("application/json", Some(Wanted::Auto));
                for piece in document.as_bytes().chunks(piece) {
                    reading.push(piece);
                }
                assert!(reading.end().1, "{what} is JSON");
                begun.elapsed()
            });
        }
    }
}

#[test]
fn a_stream_of_a_mebibyte_takes_about_sixteen_times_as_long_as_one_of_64_kib() {
    let lines = ("lines of one event", "", "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n", "\n");
    let events = ("events", "", "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n", "");
    let bare = ("an error of many lines", "{\"a\":[\n", "{\"b\":1},\n", "0]}\n\n");
    for (what, begins, repeats, ends) in [lines, events, bare].into_iter().chain(DOCUMENTS) {
        let is_document = begins.starts_with(['{', '[']) && !begins.ends_with('\n');
        grows_in_proportion(&format!("{what} in a stream"), FEW, |bytes| {
            let mut stream_of = document(begins, repeats, ends, bytes);
            if is_document {
                stream_of = format!("data: {stream_of}\n\n");
            }
            let begun = Instant::now();
            let mut stream = Stream::new(&Room::default(), "text/event-stream", false);
            for piece in stream_of.as_bytes().chunks(1_000) {
                stream.push(piece, Wants { items: true, pieces: true });
                stream.taken(true);
            }
            stream.end(Wants { items: true, pieces: true });
            begun.elapsed()
        });
    }
}
