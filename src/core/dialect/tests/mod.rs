//! Answers as servers were seen to give them, and similar ones.

mod alike;
mod ends;
mod failures;
mod keys;
mod texts;
mod words;

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

/// What an event of a stream says, read alone.
fn event(document: &str) -> Said {
    let mut reader = Reader::of_text();
    reader.read(document.as_bytes(), false).unwrap();
    reader.said().clone()
}
