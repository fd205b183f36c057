//! Events that resemble the one before are not read again: they say what they would say alone.

use super::config;
use proptest::collection::vec;
use proptest::prelude::*;
use query_with_retry::core::dialect::{Meaning, Reader};

/// What a stream makes of an event.
#[derive(Debug, PartialEq)]
pub(super) struct Told {
    read: bool,
    fails: bool,
    text: Vec<u8>,
    alone: Vec<u8>,
    words: Vec<u8>,
    meaning: Meaning,
}

pub(super) fn told(reader: &mut Reader, event: &[u8], fails: bool) -> Told {
    let read = reader.read(event, fails).is_ok();
    let said = reader.said();
    Told {
        read,
        fails: said.is_failure(false),
        text: said.text(false).to_vec(),
        alone: said.text(true).to_vec(),
        words: said.words.clone(),
        meaning: said.meaning(),
    }
}

/// Forms with one place for a text, or none, in which `@` stands for it and `#` for a number.
const FORMS: [&str; 14] = [
    r##"{"id":"c","choices":[{"index":0,"delta":{"content":"@"},"finish_reason":null}]}"##,
    r##"{"choices":[{"delta":{"content":"@"},"index":#}],"usage":null}"##,
    r##"{"choices":[{"index":0,"delta":{"content":"@"},"finish_reason":"stop"}]}"##,
    r##"{"choices":[{"index":0,"delta":{"reasoning":"@"}}]}"##,
    r##"{"choices":[{"index":0,"delta":{"content":"@","role":"@"}}]}"##,
    r##"{"choices":[{"index":0,"text":"@"},{"index":1,"text":"@"}]}"##,
    r##"{"type":"content_block_delta","delta":{"type":"text_delta","text":"@"}}"##,
    r##"{"type":"response.output_text.delta","delta":"@"}"##,
    r##"{"type":"@","delta":"@"}"##,
    r##"{"token":{"id":#,"text":"@","special":false},"generated_text":null}"##,
    r##"{"token":{"text":"@","special":true},"generated_text":"@"}"##,
    r##"{"response":"@","done":false}"##,
    r##"{"error":"@","choices":[{"delta":{"content":"@"}}]}"##,
    r##"{"candidates":[{"content":{"parts":[{"text":"@","thought":true},{"text":"@"}]}}]}"##,
];

fn text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        8 => "[a-z ]{1,8}",
        2 => Just(r"\n".to_owned()),
        2 => Just(r#"\""#.to_owned()),
        1 => Just(r"\ud83d".to_owned()),
        1 => Just(r"\ude00".to_owned()),
        1 => Just("ä😀".to_owned()),
        1 => Just("\"".to_owned()),
        1 => Just(r#"","x":"y"#.to_owned()),
        1 => Just("\\".to_owned()),
        1 => Just("error".to_owned()),
        1 => Just("\t".to_owned()),
    ];
    vec(part, 0..4).prop_map(|parts| parts.concat())
}

fn event() -> impl Strategy<Value = (String, bool)> {
    (0..FORMS.len(), vec(text(), 2), 0..3_u8, prop::bool::weighted(0.05)).prop_map(
        |(form, texts, number, fails)| {
            let mut texts = texts.iter().cycle();
            let written = FORMS[form].replace('#', &number.to_string());
            let mut event = String::new();
            for part in written.split_inclusive('@') {
                match part.strip_suffix('@') {
                    Some(before) => event += &format!("{before}{}", texts.next().expect("it cycles")),
                    None => event += part,
                }
            }
            (event, fails)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: config().cases / 5, ..config() })]

    #[test]
    fn what_an_event_says_does_not_depend_on_those_before_it(forms in vec(event(), 1..4), order in vec(any::<prop::sample::Index>(), 1..20), other in vec(text(), 20)) {
        let mut reader = Reader::of_text();
        for (nth, index) in order.iter().enumerate() {
            let (event, fails) = index.get(&forms);
            // The same once more, and with another text in its place.
            let varied = event.replacen('a', &other[nth % other.len()], 1);
            for event in [event, &varied] {
                let alone = told(&mut Reader::of_text(), event.as_bytes(), *fails);
                prop_assert_eq!(told(&mut reader, event.as_bytes(), *fails), alone, "{}", event);
            }
        }
    }

    #[test]
    fn what_an_event_says_in_a_stream_of_one_form_does_not_depend_on_those_before_it(form in 0..FORMS.len(), texts in vec(vec(text(), 2), 1..20)) {
        let mut reader = Reader::of_text();
        for texts in &texts {
            let mut event = FORMS[form].replace('#', "0");
            for text in texts {
                event = event.replacen('@', text, 1);
            }
            let event = event.replace('@', "z");
            let alone = told(&mut Reader::of_text(), event.as_bytes(), false);
            prop_assert_eq!(told(&mut reader, event.as_bytes(), false), alone, "{}", event);
        }
    }
}
