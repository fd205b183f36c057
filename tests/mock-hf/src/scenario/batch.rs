//! How much a model takes in one request, and which input it cannot stand.

use serde::Deserialize;

use super::Step;

/// Requests beyond it are refused as a whole, in the words of the server.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Batch {
    /// Inputs in one request.
    pub(crate) largest: Option<usize>,
    /// Words of all inputs together.
    pub(crate) tokens: Option<u64>,
    /// Inputs in one request; more are out of memory.
    pub(crate) memory: Option<usize>,
    /// An input with this text in it.
    pub(crate) poison: Option<String>,
    /// The answer to a request with such an input, in place of a 422.
    pub(crate) poisoned: Option<Step>,
}

impl Batch {
    pub(super) fn check(&self, path: &str) -> Result<(), String> {
        match &self.poisoned {
            Some(step) => step.check(&format!("{path}.poisoned")),
            None => Ok(()),
        }
    }
}
