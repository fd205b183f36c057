//! The JSON by which a test says how a mock model behaves.

mod batch;
mod fault;
mod inject;
mod managed;
mod step;
mod streaming;

use std::collections::BTreeMap;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

pub(crate) use self::{
    batch::Batch,
    fault::{Fault, FaultKind, FaultPlace},
    inject::{Inject, Injection},
    managed::{Managed, Phase},
    step::{Base64, Step},
    streaming::{Quirk, Quirks, Streaming},
};
use crate::samples::sample;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Scenario {
    #[serde(default)]
    pub(crate) server: Server,
    pub(crate) cold: Option<Cold>,
    #[serde(default)]
    pub(crate) script: Vec<Step>,
    pub(crate) then: Option<Step>,
    pub(crate) healthy: Option<Step>,
    #[serde(default)]
    pub(crate) stream: Streaming,
    pub(crate) slots: Option<usize>,
    #[serde(default)]
    pub(crate) latency_ms: u64,
    pub(crate) cors: Option<NamedCors>,
    pub(crate) batch: Option<Batch>,
    pub(crate) managed: Option<Managed>,
    /// What is said of the model where its status is asked for, which wakes nothing.
    pub(crate) status: Option<Value>,
    /// What GETs of `/health` are answered, one after the other, whether the model is up or not. The last one stays.
    #[serde(default)]
    pub(crate) health: Vec<Step>,
}

/// The server that is imitated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Server {
    #[default]
    Openai,
    Router,
    HfInference,
    Legacy,
    Endpoint,
    Tgi,
    Tei,
    Toolkit,
    Pipelines,
    #[serde(rename = "llama.cpp")]
    LlamaCpp,
    Vllm,
    Ollama,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Cold {
    pub(crate) ms: u64,
    /// `null` is a value too: only an absent field sends none.
    #[serde(default, deserialize_with = "present")]
    pub(crate) says: Option<Value>,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) sample: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum NamedCors {
    Open,
    Router,
    HfInference,
    Engine,
    None,
}

impl Scenario {
    /// Reads a scenario. The error names the field that is wrong.
    pub(crate) fn parse(json: &[u8]) -> Result<Self, String> {
        let mut json = serde_json::Deserializer::from_slice(json);
        let scenario: Self =
            serde_path_to_error::deserialize(&mut json).map_err(|error| error.to_string())?;
        json.end().map_err(|error| error.to_string())?;
        scenario.check()?;
        Ok(scenario)
    }

    fn check(&self) -> Result<(), String> {
        if self.slots == Some(0) {
            return Err("slots: a model with no slots would never answer".into());
        }
        if let Some(cold) = &self.cold {
            check_sample("cold.sample", cold.sample.as_deref())?;
            check_headers("cold.headers", &cold.headers)?;
        }
        if let Some(managed) = &self.managed {
            managed.check("managed")?;
        }
        if let Some(batch) = &self.batch {
            batch.check("batch")?;
        }
        self.stream.check("stream")?;
        for (number, step) in self.script.iter().enumerate() {
            step.check(&format!("script[{number}]"))?;
        }
        for (number, step) in self.health.iter().enumerate() {
            step.check(&format!("health[{number}]"))?;
        }
        for (name, step) in [("then", &self.then), ("healthy", &self.healthy)] {
            if let Some(step) = step {
                step.check(name)?;
            }
        }
        Ok(())
    }
}

fn check_sample(path: &str, name: Option<&str>) -> Result<(), String> {
    match name {
        Some(name) if sample(name).is_none() => {
            Err(format!("{path}: no sample {name:?}; GET /_mock/samples lists them"))
        }
        _ => Ok(()),
    }
}

fn check_headers(path: &str, headers: &BTreeMap<String, String>) -> Result<(), String> {
    parse_headers(headers).map(drop).map_err(|name| format!("{path}.{name}: not a header that HTTP allows"))
}

/// The headers as HTTP has them, or the name of the first one that it cannot have.
pub(crate) fn parse_headers(headers: &BTreeMap<String, String>) -> Result<HeaderMap, &str> {
    let mut parsed = HeaderMap::new();
    for (name, value) in headers {
        let header: HeaderName = name.parse().map_err(|_| name.as_str())?;
        let value = HeaderValue::from_str(value).map_err(|_| name.as_str())?;
        parsed.insert(header, value);
    }
    Ok(parsed)
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}
