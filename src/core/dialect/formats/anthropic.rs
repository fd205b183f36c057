//! Messages of Anthropic, whole and streamed: <https://docs.anthropic.com/en/api/messages-streaming>. vLLM and llama.cpp
//! speak it as well.

use super::{Event, Part, Types, below, ways};
use crate::core::dialect::keys::{Key, way};

ways! {
    Delta.Text => Text,
    Delta.Type => Nothing,
    Content.Text => Text,
    Content.Type => Nothing,
    Content.Id => Nothing,
}

const CONTENT: u64 = way(&[Key::Content]);

pub(super) fn part(way: u64, depth: usize) -> Option<Part> {
    at(way).or(below(way, depth, CONTENT, 1).then_some(Part::Result))
}

pub(super) const TYPES: Types = &[
    ("content_block_delta", Event::Text),
    ("message_stop", Event::End),
    ("message_start", Event::Note),
    ("message_delta", Event::Note),
    ("content_block_start", Event::Note),
    ("content_block_stop", Event::Note),
];
