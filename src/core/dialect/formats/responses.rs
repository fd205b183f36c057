//! `/v1/responses` of OpenAI, whole and streamed:
//! <https://platform.openai.com/docs/api-reference/responses-streaming>.

use super::{Event, Key, Types, Use, Way, ways};

ways! {
    Delta => Text,
    Output => Result,
    Output / all => Result,
    Output.Error => Nothing,
    Output.Id => Nothing,
    Output.Role => Nothing,
    Output.Status => Nothing,
    Output.Type => Nothing,
    Output.Content.Text => Text,
    Output.Content.Type => Nothing,
}

pub(super) const TYPES: Types = &[
    ("response.output_text.delta", Event::Text),
    ("response.image_generation_call.partial_image", Event::Piece),
    ("response.completed", Event::End),
    // Cut by a limit of tokens. A `finish_reason` reports that as quietly.
    ("response.incomplete", Event::End),
    ("response.cancelled", Event::End),
    ("response.failed", Event::Failure),
    ("response.error", Event::Failure),
];
