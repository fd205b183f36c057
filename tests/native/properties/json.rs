//! The JSON scanner against serde_json: the same values in every document, and none in what is no document.

use super::config;
use proptest::collection::vec;
use proptest::prelude::*;
use query_with_retry::core::json::{NoJson, Scanner, Sink};
use serde_json::{Map, Value};

/// The value of a document, by what the scanner reports. The last of two equal keys counts.
fn value_of<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Value, NoJson> {
    let mut scanner = Scanner::default();
    let mut built = Built::default();
    for piece in pieces {
        scanner.push(piece, &mut built)?;
    }
    scanner.end(&mut built)?;
    built.whole.ok_or(NoJson::Malformed)
}

#[derive(Default)]
struct Built {
    open: Vec<(Value, String)>,
    key: String,
    text: Vec<u8>,
    whole: Option<Value>,
}

impl Sink for Built {
    fn opens(&mut self, is_object: bool) {
        let value = if is_object { Value::Object(Map::new()) } else { Value::Array(Vec::new()) };
        self.open.push((value, std::mem::take(&mut self.key)));
    }

    fn closes(&mut self, _: bool) {
        let (value, key) = self.open.pop().expect("what ends has begun");
        self.key = key;
        self.is(value);
    }

    fn key(&mut self, part: &[u8], is_last: bool) {
        if let Some(key) = self.part(part, is_last) {
            self.key = key;
        }
    }

    fn text(&mut self, part: &[u8], is_last: bool) {
        if let Some(text) = self.part(part, is_last) {
            self.is(Value::String(text));
        }
    }

    fn number(&mut self, written: &[u8]) {
        // A damaged one may be too large for serde_json.
        self.is(serde_json::from_slice(written).unwrap_or(Value::Null));
    }

    fn literal(&mut self, value: Option<bool>) {
        self.is(value.map_or(Value::Null, Value::Bool));
    }
}

impl Built {
    fn is(&mut self, value: Value) {
        match self.open.last_mut() {
            Some((Value::Object(members), _)) => drop(members.insert(std::mem::take(&mut self.key), value)),
            Some((Value::Array(values), _)) => values.push(value),
            _ => assert!(self.whole.replace(value).is_none(), "a second value"),
        }
    }

    fn part(&mut self, part: &[u8], is_last: bool) -> Option<String> {
        self.text.extend_from_slice(part);
        is_last.then(|| String::from_utf8(std::mem::take(&mut self.text)).expect("the document is UTF-8"))
    }
}

/// Numbers as servers write them, none with more digits than are reported.
fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<i64>().prop_map(|number| number.to_string()),
        (any::<bool>(), 0_u32..1000, 0_u32..1000, -30_i32..30).prop_map(|(minus, whole, part, e)| format!(
            "{}{whole}.{part:03}e{e:+}",
            if minus { "-" } else { "" }
        )),
        (0_u32..100, 0_u32..100).prop_map(|(whole, part)| format!("{whole}.{part}")),
    ]
}

/// A text with everything that may stand in one, and each character escaped or not.
fn text() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        4 => any::<char>(),
        4 => prop::char::range(' ', '~'),
        1 => prop_oneof![Just('"'), Just('\\'), Just('/'), Just('\n'), Just('\u{0}'), Just('😀'), Just('\u{2028}')],
    ];
    vec((character, any::<bool>()), 0..12).prop_map(|characters| {
        let written: String =
            characters.into_iter().map(|(character, escape)| written(character, escape)).collect();
        format!("\"{written}\"")
    })
}

fn written(character: char, escape: bool) -> String {
    let must = character < ' ' || matches!(character, '"' | '\\');
    if !escape && !must {
        return character.to_string();
    }
    match character {
        '"' | '\\' | '/' if escape => format!("\\{character}"),
        '\n' if escape => "\\n".to_owned(),
        _ => character.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
    }
}

fn space() -> impl Strategy<Value = String> {
    prop_oneof![3 => Just(String::new()), 1 => "[ \t\r\n]{1,3}"]
}

fn document() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("false".to_owned()),
        number(),
        text()
    ];
    let key = prop_oneof![text(), Just("\"error\"".to_owned()), Just("\"\\u0065rror\"".to_owned())];
    let inner = leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            (vec(inner.clone(), 0..5), space())
                .prop_map(|(values, space)| format!("[{space}{}{space}]", values.join(&format!("{space},")))),
            (vec((key.clone(), inner), 0..5), space()).prop_map(|(members, space)| {
                let members: Vec<String> =
                    members.into_iter().map(|(key, value)| format!("{space}{key}{space}:{value}")).collect();
                format!("{{{}{space}}}", members.join(","))
            }),
        ]
    });
    (space(), inner, space()).prop_map(|(before, document, after)| before + &document + &after)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_document_has_the_values_that_serde_json_finds(document in document(), cuts in vec(any::<prop::sample::Index>(), 0..6)) {
        let expected: Value = serde_json::from_str(&document).expect("it is made by the grammar");
        prop_assert_eq!(value_of([document.as_bytes()]), Ok(expected.clone()));
        prop_assert_eq!(value_of(document.as_bytes().chunks(1)), Ok(expected.clone()), "byte by byte");
        let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(document.len() + 1)).collect();
        at.extend([0, document.len()]);
        at.sort_unstable();
        let pieces = at.windows(2).map(|ends| &document.as_bytes()[ends[0]..ends[1]]);
        prop_assert_eq!(value_of(pieces), Ok(expected), "cut at {:?}", at);
    }

    /// Where serde_json and `JSON.parse` agree: not about halves of surrogate pairs, huge exponents and depth.
    #[test]
    fn a_damaged_document_is_refused_by_both_or_by_none(
        document in document(),
        changes in vec((any::<prop::sample::Index>(), "[\\[\\]{}:,\"0-9a-z\\-+. \\n\\\\]{0,2}", 0_usize..3), 1..4),
    ) {
        let mut damaged: Vec<char> = document.chars().collect();
        for (at, with, without) in changes {
            let at = at.index(damaged.len() + 1);
            let end = damaged.len().min(at + without);
            damaged.splice(at..end, with.chars());
        }
        let damaged: String = damaged.into_iter().collect();
        let damaged = damaged.replace("\\u", "\\n");
        let whole = value_of([damaged.as_bytes()]);
        prop_assert_eq!(value_of(damaged.as_bytes().chunks(1)), whole.clone(), "byte by byte: {}", damaged);
        match serde_json::from_str::<Value>(&damaged) {
            Ok(_) => prop_assert!(whole.is_ok(), "{}", damaged),
            Err(error) => prop_assert!(whole.is_err() || error.to_string().starts_with("number out of range"), "{}: {}", damaged, error),
        }
    }
}
