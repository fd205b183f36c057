//! What a step puts into a stream that is otherwise healthy.

use bytes::Bytes;
use serde::Deserialize;

use super::Base64;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Inject {
    /// After so many whole events of the stream.
    #[serde(default)]
    pub(crate) events: u64,
    text: Option<String>,
    base64: Option<Base64>,
    huge_event_bytes: Option<u64>,
    /// The stream ends with it, cleanly.
    #[serde(default)]
    pub(crate) then_end: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Injection {
    /// Sent as they are.
    Bytes(Bytes),
    /// One event whose data has that length.
    HugeEvent(u64),
}

impl Inject {
    pub(crate) fn what(&self) -> Injection {
        match (&self.text, &self.base64, self.huge_event_bytes) {
            (_, _, Some(length)) => Injection::HugeEvent(length),
            (_, Some(bytes), None) => Injection::Bytes(bytes.0.clone()),
            (text, None, None) => Injection::Bytes(text.clone().unwrap_or_default().into()),
        }
    }

    pub(super) fn check(&self, path: &str) -> Result<(), String> {
        let given = [self.text.is_some(), self.base64.is_some(), self.huge_event_bytes.is_some()];
        if given.into_iter().filter(|is| *is).count() != 1 {
            return Err(format!("{path}: one of text, base64 and hugeEventBytes"));
        }
        Ok(())
    }
}
