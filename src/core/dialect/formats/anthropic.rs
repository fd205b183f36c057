//! Messages of Anthropic, whole and streamed: <https://docs.anthropic.com/en/api/messages-streaming>. vLLM and llama.cpp
//! speak it as well.

use super::{Event, Key, Types, Use, Way, ways};

ways! {
    Delta.Text => Text,
    Delta.StopReason => Finish,
    Content / all => Result,
    Content.Error => Nothing,
    Content.Id => Nothing,
    Content.Text => Text,
    Content.Type => Nothing,
}

pub(super) const TYPES: Types = &[
    ("content_block_delta", Event::Text),
    ("message_stop", Event::End),
    ("message_start", Event::Note),
    ("message_delta", Event::Note),
    ("content_block_start", Event::Note),
    ("content_block_stop", Event::Note),
];
