//! One answer of a script: a sample, or what differs from the healthy one.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{Fault, Inject, check_headers, check_sample, present};
use crate::samples::{Sample, sample};

/// What it does not say is as in its sample, or else as in the healthy answer.
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
    pub(crate) inject: Option<Inject>,
    pub(crate) fault: Option<Fault>,
}

#[derive(Clone, Debug)]
pub(crate) struct Base64(pub(crate) Bytes);

impl Step {
    pub(crate) fn sample(&self) -> Option<&'static Sample> {
        self.sample.as_deref().and_then(sample)
    }

    pub(crate) fn has_body(&self) -> bool {
        self.body.is_some() || self.body_base64.is_some() || self.body_bytes.is_some()
    }

    pub(super) fn check(&self, path: &str) -> Result<(), String> {
        check_sample(&format!("{path}.sample"), self.sample.as_deref())?;
        check_headers(&format!("{path}.headers"), &self.headers)?;
        if self.status.is_some_and(|status| !(200..=599).contains(&status)) {
            return Err(format!("{path}.status: not from 200 to 599"));
        }
        let bodies = [self.body.is_some(), self.body_base64.is_some(), self.body_bytes.is_some()];
        if bodies.into_iter().filter(|is| *is).count() > 1 {
            return Err(format!("{path}: only one of body, bodyBase64 and bodyBytes"));
        }
        if let Some(inject) = &self.inject {
            inject.check(&format!("{path}.inject"))?;
        }
        self.fault.as_ref().map_or(Ok(()), |fault| fault.check(&format!("{path}.fault")))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = BASE64_STANDARD.decode(text).map_err(serde::de::Error::custom)?;
        Ok(Self(bytes.into()))
    }
}
