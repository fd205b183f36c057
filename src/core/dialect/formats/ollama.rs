//! `/api/chat` and `/api/generate` of Ollama, as lines of JSON:
//! <https://github.com/ollama/ollama/blob/main/docs/api.md>.

use super::{Part, below, ways};
use crate::core::dialect::keys::{Key, way};

ways! {
    Message.Content => Text,
    Message.Thinking => Result,
    Response => Text,
    Thinking => Result,
    Done => Done,
}

const TOOL_CALLS: u64 = way(&[Key::Message, Key::ToolCalls]);

pub(super) fn part(way: u64, depth: usize) -> Option<Part> {
    at(way).or(below(way, depth, TOOL_CALLS, 2).then_some(Part::Result))
}
