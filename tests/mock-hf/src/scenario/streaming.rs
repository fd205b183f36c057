//! How the healthy answers of a model stream: how much text, how fast, and in whose manner.

use serde::Deserialize;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Streaming {
    /// So many words instead of the echo.
    pub(crate) tokens: Option<u64>,
    /// Absent: all events at once.
    pub(crate) tokens_per_second: Option<f64>,
    #[serde(default)]
    pub(crate) quirks: Quirks,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct Quirks(Vec<Quirk>);

/// What some servers do and others do not. All are legal, or at least seen in the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Quirk {
    Crlf,
    Cr,
    NoSpace,
    Bom,
    KeepAlive,
    SplitUtf8,
    EventNames,
    RoleOnce,
    Reasoning,
    ToolCall,
    Usage,
    NoDone,
    Special,
    Details,
}

impl Quirks {
    pub(crate) fn has(&self, quirk: Quirk) -> bool {
        self.0.contains(&quirk)
    }
}

impl Streaming {
    pub(super) fn check(&self, path: &str) -> Result<(), String> {
        if self.tokens_per_second.is_some_and(|pace| !(0.001..=1e6).contains(&pace)) {
            return Err(format!("{path}.tokensPerSecond: not from 0.001 to 1000000"));
        }
        if self.quirks.has(Quirk::Crlf) && self.quirks.has(Quirk::Cr) {
            return Err(format!("{path}.quirks: only one of crlf and cr"));
        }
        Ok(())
    }
}
