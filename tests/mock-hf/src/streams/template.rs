//! Events that are built once, with holes for what differs from one token to the next: a stream
//! of 100,000 tokens must cost its reader more than this server.

use serde_json::Value;

/// Stands in a template for a value.
pub(super) const HOLE: &str = "\u{1}";

pub(super) struct Template {
    parts: Vec<String>,
}

impl Template {
    pub(super) fn new(event: &Value) -> Self {
        let hole = Value::from(HOLE).to_string();
        Self { parts: event.to_string().split(&hole).map(str::to_owned).collect() }
    }

    /// The values are JSON, in the order of the holes.
    pub(super) fn fill(&self, values: &[&str]) -> String {
        let length = self.parts.iter().map(String::len).chain(values.iter().map(|value| value.len())).sum();
        let mut filled = String::with_capacity(length);
        for (at, part) in self.parts.iter().enumerate() {
            filled.push_str(part);
            filled.push_str(values.get(at).unwrap_or(&""));
        }
        filled
    }
}
