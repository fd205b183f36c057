//! Whole streams, in one piece and byte by byte, and what is left of them when they are cut.

mod containers;
mod ends;
mod forms;
mod limits;
mod text;

use super::*;
use crate::core::failure::{Code, Layer};
use crate::core::target::Profile;

const ITEMS: Wants = Wants { items: true, pieces: false };

/// How a stream ended, with its text.
#[derive(Debug, PartialEq)]
enum Told {
    Ended(End),
    Failed(Code, String),
}

fn read(content_type: &str, passed: bool, pieces: &[&[u8]]) -> (Told, String, bool) {
    let room = Room::default();
    let mut stream = Stream::new(&room, content_type, passed);
    let mut text = Vec::new();
    for piece in pieces {
        stream.push(piece, ITEMS);
        text.append(&mut stream.text);
    }
    if !stream.is_over() {
        stream.end(ITEMS);
        text.append(&mut stream.text);
    }
    let told = match stream.over() {
        Over::Ended(end) => Told::Ended(end),
        Over::Failed(body) => {
            let trouble = crate::core::classify::classify(200, Profile::OpenAi, &body).unwrap();
            Told::Failed(trouble.code, String::from_utf8(body.detail).unwrap())
        }
    };
    (told, String::from_utf8(text).unwrap(), stream.has_begun())
}

#[track_caller]
fn told_as(content_type: &str, stream: &str) -> (Told, String, bool) {
    let whole = read(content_type, false, &[stream.as_bytes()]);
    let bytes: Vec<&[u8]> = stream.as_bytes().chunks(1).collect();
    assert_eq!(read(content_type, false, &bytes), whole, "byte by byte: {stream}");
    whole
}

#[track_caller]
fn told(stream: &str) -> (Told, String, bool) {
    told_as("text/event-stream", stream)
}

fn events(data: &[&str]) -> String {
    data.iter().map(|data| format!("data: {data}\n\n")).collect()
}

fn lines(data: &[&str]) -> String {
    data.iter().map(|data| format!("{data}\n")).collect()
}

/// A chunk of one of several answers.
fn chunk(nth: u64, text: &str, finish: &str) -> String {
    format!(r#"{{"choices":[{{"index":{nth},"delta":{{"content":"{text}"}},"finish_reason":{finish}}}]}}"#)
}
