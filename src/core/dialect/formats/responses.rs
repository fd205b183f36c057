//! `/v1/responses` of OpenAI, whole and streamed:
//! <https://platform.openai.com/docs/api-reference/responses-streaming>.

use super::{Event, Part, Types, below, ways};
use crate::core::dialect::keys::{Key, way};

ways! {
    Delta => Text,
    Output.Content.Text => Text,
    Output.Type => Nothing,
    Output.Id => Nothing,
    Output.Role => Nothing,
    Output.Status => Nothing,
    Output.Content.Type => Nothing,
}

const OUTPUT: u64 = way(&[Key::Output]);

pub(super) fn part(way: u64, depth: usize) -> Option<Part> {
    let any = depth == 1 && way == OUTPUT || below(way, depth, OUTPUT, 1);
    at(way).or(any.then_some(Part::Result))
}

pub(super) const TYPES: Types = &[
    ("response.output_text.delta", Event::Text),
    ("response.image_generation_call.partial_image", Event::Piece),
    ("response.completed", Event::End),
    // Cut by a limit of tokens, which a `finish_reason` says as quietly.
    ("response.incomplete", Event::End),
    ("response.cancelled", Event::End),
    ("response.failed", Event::Failure),
    ("response.error", Event::Failure),
];

/// The others, of which there are many and more to come.
pub(super) fn event(name: &[u8]) -> Option<Event> {
    let rest = name.strip_prefix(b"response.")?;
    Some(if rest.ends_with(b".delta") { Event::Piece } else { Event::Note })
}
