//! Wire samples: answers of real servers, by name, in `samples.json`.

use std::{
    collections::{BTreeMap, HashMap},
    sync::LazyLock,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The file itself, for tests of other crates.
pub const SAMPLES_JSON: &str = include_str!("../samples.json");

/// An answer as a real server gives it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    pub name: String,
    pub server: String,
    pub profile: Profile,
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    /// A string is sent as it is, anything else as JSON.
    pub body: Value,
    pub expect: Expect,
}

/// The kind of host that the answer came from: the same bytes may mean another thing elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    Router,
    HfInference,
    Endpoint,
    Openai,
    Legacy,
}

/// What a good client makes of the answer.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    pub code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layer: Option<String>,
}

struct Collection {
    samples: Vec<Sample>,
    by_name: HashMap<String, usize>,
}

static COLLECTION: LazyLock<Collection> = LazyLock::new(|| {
    let samples: Vec<Sample> = serde_json::from_str(SAMPLES_JSON).expect("samples.json is valid");
    let by_name = samples.iter().enumerate().map(|(at, sample)| (sample.name.clone(), at)).collect();
    Collection { samples, by_name }
});

/// Every wire sample there is.
pub fn samples() -> &'static [Sample] {
    &COLLECTION.samples
}

pub(crate) fn sample(name: &str) -> Option<&'static Sample> {
    let at = *COLLECTION.by_name.get(name)?;
    COLLECTION.samples.get(at)
}
