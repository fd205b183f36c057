//! The JSON by which a test says how a mock model behaves.

use std::{collections::BTreeMap, time::Duration};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::samples::{Sample, sample};

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
    pub(crate) slots: Option<usize>,
    #[serde(default)]
    pub(crate) latency_ms: u64,
    pub(crate) cors: Option<NamedCors>,
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

/// One answer. What it does not say is as in its sample, or else as in the healthy answer.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Step {
    pub(crate) sample: Option<String>,
    pub(crate) status: Option<u16>,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "present")]
    pub(crate) body: Option<Value>,
    pub(crate) body_base64: Option<Base64>,
    pub(crate) body_bytes: Option<u64>,
    #[serde(default)]
    pub(crate) delay_ms: u64,
    #[serde(default)]
    pub(crate) chunked: bool,
    pub(crate) fault: Option<Fault>,
}

#[derive(Clone, Debug)]
pub(crate) struct Base64(pub(crate) Bytes);

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Fault {
    pub(crate) kind: FaultKind,
    pub(crate) at: Option<FaultPlace>,
    pub(crate) bytes: Option<u64>,
    pub(crate) every_ms: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FaultKind {
    Reset,
    Close,
    Stall,
    Drip,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FaultPlace {
    Accept,
    Headers,
    Body,
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
        for (number, step) in self.script.iter().enumerate() {
            step.check(&format!("script[{number}]"))?;
        }
        for (name, step) in [("then", &self.then), ("healthy", &self.healthy)] {
            if let Some(step) = step {
                step.check(name)?;
            }
        }
        Ok(())
    }
}

impl Step {
    pub(crate) fn sample(&self) -> Option<&'static Sample> {
        self.sample.as_deref().and_then(sample)
    }

    pub(crate) fn has_body(&self) -> bool {
        self.body.is_some() || self.body_base64.is_some() || self.body_bytes.is_some()
    }

    fn check(&self, path: &str) -> Result<(), String> {
        check_sample(&format!("{path}.sample"), self.sample.as_deref())?;
        check_headers(&format!("{path}.headers"), &self.headers)?;
        if self.status.is_some_and(|status| !(200..=599).contains(&status)) {
            return Err(format!("{path}.status: not from 200 to 599"));
        }
        let bodies = [self.body.is_some(), self.body_base64.is_some(), self.body_bytes.is_some()];
        if bodies.into_iter().filter(|is| *is).count() > 1 {
            return Err(format!("{path}: only one of body, bodyBase64 and bodyBytes"));
        }
        self.fault.as_ref().map_or(Ok(()), |fault| fault.check(&format!("{path}.fault")))
    }
}

impl Fault {
    /// Where it strikes: as said, or where its other fields make sense.
    pub(crate) fn place(&self) -> FaultPlace {
        self.at.unwrap_or(match (self.kind, self.bytes) {
            (FaultKind::Drip, _) | (_, Some(_)) => FaultPlace::Body,
            _ => FaultPlace::Accept,
        })
    }

    pub(crate) fn every(&self) -> Duration {
        Duration::from_millis(self.every_ms.unwrap_or(50))
    }

    fn check(&self, path: &str) -> Result<(), String> {
        let body = self.place() == FaultPlace::Body;
        if self.kind == FaultKind::Drip && !body {
            return Err(format!("{path}.at: a drip is of the body"));
        }
        if self.kind != FaultKind::Drip && self.every_ms.is_some() {
            return Err(format!("{path}.everyMs: only a drip has it"));
        }
        if self.bytes.is_some() && !body {
            return Err(format!("{path}.bytes: only with \"at\": \"body\""));
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

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = BASE64_STANDARD.decode(text).map_err(serde::de::Error::custom)?;
        Ok(Self(bytes.into()))
    }
}
