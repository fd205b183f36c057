//! Any bytes, cut anywhere: no panic, what is said of them whole, and JSON where serde_json finds some. Of lines each is an
//! event: those before it change nothing.

#![no_main]

use libfuzzer_sys::fuzz_target;
use query_with_retry::core::dialect::{Meaning, Reader};

mod cut;

use cut::cut;

/// What is said of a document, and whether it is one.
#[derive(Debug, PartialEq)]
struct Told {
    is_json: bool,
    fails: [bool; 2],
    status: Option<u16>,
    estimate_ms: Option<u64>,
    kind: Vec<u8>,
    words: Vec<u8>,
    texts: [Vec<u8>; 2],
    meaning: Meaning,
}

impl Told {
    fn by(reader: &Reader, is_json: bool) -> Self {
        let said = reader.said();
        Self {
            is_json,
            fails: [said.is_failure(false), said.is_failure(true)],
            status: said.status(),
            estimate_ms: said.estimate().map(|estimate| estimate.as_ms()),
            kind: said.kind.clone(),
            words: said.words.clone(),
            texts: [said.text(false).to_vec(), said.text(true).to_vec()],
            meaning: said.meaning(),
        }
    }

    fn of<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut reader = Reader::of_text();
        let mut is_json = pieces.into_iter().all(|piece| reader.push(piece).is_ok());
        is_json = is_json && reader.end().is_ok();
        Self::by(&reader, is_json)
    }

    fn of_event(reader: &mut Reader, event: &[u8]) -> Self {
        let is_json = reader.read(event, false).is_ok();
        // Nobody asks an event that is no failure what kind of one it is.
        Self { kind: Vec::new(), ..Self::by(reader, is_json) }
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((lengths, document)) = cut::parts(input) else { return };
    let whole = Told::of([document]);
    assert_eq!(Told::of(cut(document, lengths)), whole);
    assert_eq!(serde_json_agrees(document).unwrap_or(whole.is_json), whole.is_json);

    let mut reader = Reader::of_text();
    for event in document.split(|byte| *byte == b'\n') {
        let alone = Told::of_event(&mut Reader::of_text(), event);
        assert_eq!(Told::of_event(&mut reader, event), alone);
    }
});

/// Whether it is JSON, where it and `JSON.parse` are of one mind: not about halves of surrogate pairs, numbers without
/// measure, depth, and what is no UTF-8.
fn serde_json_agrees(document: &[u8]) -> Option<bool> {
    let text = std::str::from_utf8(document).ok()?;
    if text.contains("\\u") || text.starts_with('\u{feff}') {
        return None;
    }
    match serde_json::from_str::<serde::de::IgnoredAny>(text) {
        Ok(_) => Some(true),
        Err(error) if error.to_string().contains("recursion limit") => None,
        Err(_) => Some(false),
    }
}
