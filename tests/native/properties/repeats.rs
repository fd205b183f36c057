//! A document in which keys stand twice says what it says with only the last of each. Keys without a meaning may
//! stand there as often as they like.

use super::config;
use super::events::told;
use proptest::collection::vec;
use proptest::prelude::*;
use query_with_retry::core::body::{Reading, Wanted};
use query_with_retry::core::dialect::Reader;

#[derive(Clone, Debug)]
enum Value {
    Leaf(&'static str),
    Array(Vec<Self>),
    Object(Vec<(&'static str, Self)>),
}

impl Value {
    fn written(&self) -> String {
        match self {
            Self::Leaf(leaf) => (*leaf).to_owned(),
            Self::Array(values) => {
                let values: Vec<String> = values.iter().map(Self::written).collect();
                format!("[{}]", values.join(","))
            }
            Self::Object(members) => {
                let members: Vec<String> =
                    members.iter().map(|(key, value)| format!("\"{key}\":{}", value.written())).collect();
                format!("{{{}}}", members.join(","))
            }
        }
    }

    /// Without the members that `JSON.parse` overwrites.
    fn without_repeats(&self) -> Self {
        match self {
            Self::Leaf(leaf) => Self::Leaf(leaf),
            Self::Array(values) => Self::Array(values.iter().map(Self::without_repeats).collect()),
            Self::Object(members) => {
                let is_last = |nth: usize| members[nth + 1..].iter().all(|(key, _)| *key != members[nth].0);
                let kept = (0..members.len()).filter(|nth| is_last(*nth));
                Self::Object(kept.map(|nth| (members[nth].0, members[nth].1.without_repeats())).collect())
            }
        }
    }
}

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop::sample::select(vec![
        "null",
        "true",
        "false",
        "0",
        "503",
        r#""""#,
        r#""Hello""#,
        r#""stop""#,
        r#""error""#,
        r#""failed""#,
        r#""ping""#,
    ]);
    let key = prop::sample::select(vec![
        "choices",
        "delta",
        "message",
        "msg",
        "content",
        "finish_reason",
        "index",
        "error",
        "code",
        "type",
        "status",
        "id",
        "object",
        "done",
        "response",
        "success",
        "token",
        "text",
        "generated_text",
        "estimated_time",
    ]);
    leaf.prop_map(Value::Leaf).prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            1 => vec(inner.clone(), 0..3).prop_map(Value::Array),
            4 => vec((key.clone(), inner), 0..5).prop_map(Value::Object),
        ]
    })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_last_of_two_equal_keys_counts(document in document(), fails in prop::bool::weighted(0.1), piece in 1_usize..20) {
        let (written, without) = (document.written(), document.without_repeats().written());
        let alone = told(&mut Reader::of_text(), without.as_bytes(), fails);
        let mut reader = Reader::of_text();
        prop_assert_eq!(&told(&mut reader, written.as_bytes(), fails), &alone, "{} is {}", written, without);
        prop_assert_eq!(&told(&mut reader, without.as_bytes(), fails), &alone, "after another: {}", without);

        let read = |body: &str, wanted: Option<Wanted>| {
            let mut reading = Reading::new("application/json", wanted);
            for piece in body.as_bytes().chunks(piece) {
                reading.push(piece);
            }
            let (mut body, is_json) = reading.end();
            // Whole words, of whatever says them.
            body.text.clear();
            (format!("{body:?}"), is_json)
        };
        for wanted in [None, Some(Wanted::Auto), Some(Wanted::Passed { lookup: false })] {
            prop_assert_eq!(read(&written, wanted), read(&without, wanted), "{} is {}, wanted {:?}", written, without, wanted);
        }
    }
}
