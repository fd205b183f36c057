//! The vectors of `tests/package/cases/vectors.js`, by the core alone.

use query_with_retry::core::body::{Reading, Wanted};
use query_with_retry::core::classify::{self, Body, RetryClass};
use query_with_retry::core::completion::End;
use query_with_retry::core::sse::Room;
use query_with_retry::core::stream::{Over, Stream, Wants};
use query_with_retry::core::target::Profile;
use serde_json::Value;

const ITEMS: Wants = Wants { items: true, pieces: false };

fn vectors() -> Vec<Value> {
    let module = include_str!("../package/cases/vectors.js");
    let begun = module.find("vectors = ").expect("a list") + "vectors = ".len();
    serde_json::from_str(module[begun..].trim_end().trim_end_matches(';')).expect("JSON")
}

/// A code, and whether one request is enough; "ok" is an answer.
#[derive(Debug, PartialEq)]
struct Told {
    code: String,
    once: bool,
    words: String,
    text: String,
}

fn failed(status: u16, body: Body, text: String) -> Told {
    let class = classify::classify(status, Profile::OpenAi, &body);
    let code = class.map_or("ok", |class| class.code.name()).to_owned();
    let once = class.is_some_and(|class| class.retry == RetryClass::Never);
    Told { code, once, words: String::from_utf8(body.detail).expect("UTF-8"), text }
}

fn read(vector: &Value, pieces: &[&[u8]]) -> Told {
    let (status, kind) =
        (vector["status"].as_u64().expect("a status") as u16, vector["type"].as_str().expect("a type"));
    if vector["ask"] == "query" {
        let mut reading = Reading::new(kind, (status == 200).then_some(Wanted::Auto));
        pieces.iter().all(|piece| reading.push(piece));
        return failed(status, reading.end().0, String::new());
    }
    let mut stream = Stream::new(&Room::default(), kind, false);
    for piece in pieces {
        stream.push(piece, ITEMS);
    }
    if !stream.is_over() {
        stream.end(ITEMS);
    }
    let text = String::from_utf8(std::mem::take(&mut stream.text)).expect("UTF-8");
    let begun = stream.has_begun();
    match stream.over() {
        Over::Failed(body) => failed(status, body, text),
        Over::Ended(End::Complete) => Told { code: "ok".to_owned(), once: false, words: String::new(), text },
        // What has begun is asked for once, whatever becomes of it.
        Over::Ended(_) => {
            Told { code: "stream_truncated".to_owned(), once: begun, words: String::new(), text }
        }
    }
}

#[test]
fn every_vector_is_what_it_says_in_whatever_pieces_it_comes() {
    let vectors = vectors();
    let mut wrong = Vec::new();
    for vector in &vectors {
        let wire = vector["wire"].as_str().expect("bytes").as_bytes();
        let told = read(vector, &[wire]);
        for size in [1, 7] {
            let pieces: Vec<&[u8]> = wire.chunks(size).collect();
            assert_eq!(read(vector, &pieces), told, "in pieces of {size}: {vector}");
        }
        let expect = &vector["expect"];
        let code = expect["code"].as_str().unwrap_or("ok");
        let as_said = |key: &str, value: &str| expect[key].as_str().is_none_or(|expected| expected == value);
        let once = expect["once"].as_bool().unwrap_or(false);
        if told.code != code
            || told.once != once
            || !as_said("words", &told.words)
            || !as_said("text", &told.text)
        {
            wrong.push(format!("{}: {told:?}", vector["name"]));
        }
    }
    assert!(vectors.len() > 90, "{}", vectors.len());
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// A stream that was cut before its last text is not whole. Triton is the exception, because its form has no end.
#[test]
fn no_stream_is_complete_before_its_last_text_has_come() {
    let (mut streams, mut cuts) = (0, 0);
    for vector in vectors() {
        let name = vector["name"].as_str().expect("a name");
        if vector["ask"] != "stream" || vector["expect"]["ok"] != true || name.starts_with("Triton") {
            continue;
        }
        let wire = vector["wire"].as_str().expect("bytes").as_bytes();
        let whole = read(&vector, &[wire]);
        streams += u32::from(!whole.text.is_empty());
        for length in 0..wire.len() {
            let cut = read(&vector, &[&wire[..length]]);
            cuts += u32::from(cut.text != whole.text);
            let is_shorter = cut.text.len() < whole.text.len();
            let left = String::from_utf8_lossy(&wire[length..]);
            assert!(!is_shorter || cut.code != "ok", "{name}, cut before {left}: {cut:?}");
        }
    }
    assert!(streams > 40 && cuts > 5_000, "{streams} streams with a text, {cuts} cuts");
}
