//! Transcription and speech: <https://platform.openai.com/docs/api-reference/audio>. A transcript in one piece, as that
//! of the pipelines, is a `text`.

use super::{Event, Key, Types, Use, Way, ways};

ways! {
    Text => Alone,
}

pub(super) const TYPES: Types = &[
    ("transcript.text.delta", Event::Text),
    ("transcript.text.segment", Event::Piece),
    ("transcript.text.done", Event::End),
    ("speech.audio.delta", Event::Piece),
    ("speech.audio.done", Event::End),
];
