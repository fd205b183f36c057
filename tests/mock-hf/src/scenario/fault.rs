//! What goes wrong below HTTP, or in the middle of a body, and where.

use std::time::Duration;

use serde::Deserialize;

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Fault {
    pub(crate) kind: FaultKind,
    at: Option<FaultPlace>,
    pub(crate) bytes: Option<u64>,
    pub(crate) events: Option<u64>,
    every_ms: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FaultKind {
    Reset,
    Close,
    Stall,
    Drip,
    End,
    Comments,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FaultPlace {
    Accept,
    Headers,
    Body,
}

impl FaultKind {
    /// Without a body these would mean nothing.
    fn is_of_the_body(self) -> bool {
        matches!(self, Self::Drip | Self::End | Self::Comments)
    }

    fn has_a_beat(self) -> bool {
        matches!(self, Self::Drip | Self::Comments)
    }
}

impl Fault {
    /// Where it strikes: as said, or where its other fields make sense.
    pub(crate) fn place(&self) -> FaultPlace {
        let in_body = self.kind.is_of_the_body() || self.bytes.is_some() || self.events.is_some();
        self.at.unwrap_or(if in_body { FaultPlace::Body } else { FaultPlace::Accept })
    }

    pub(crate) fn every(&self) -> Duration {
        Duration::from_millis(self.every_ms.unwrap_or(50))
    }

    pub(super) fn check(&self, path: &str) -> Result<(), String> {
        let body = self.place() == FaultPlace::Body;
        if self.kind.is_of_the_body() && !body {
            return Err(format!("{path}.at: drip, end and comments are of the body"));
        }
        if !self.kind.has_a_beat() && self.every_ms.is_some() {
            return Err(format!("{path}.everyMs: only drip and comments have it"));
        }
        if self.bytes.is_some() && self.events.is_some() {
            return Err(format!("{path}: only one of bytes and events"));
        }
        for (field, value) in [("bytes", self.bytes), ("events", self.events)] {
            if value.is_some() && !body {
                return Err(format!("{path}.{field}: only with \"at\": \"body\""));
            }
        }
        Ok(())
    }
}
