//! `generateContent` of Gemini: <https://ai.google.dev/api/generate-content>. A prompt that is blocked has no candidates,
//! and that is its answer.

use super::{Part, below, ways};
use crate::core::dialect::keys::{Key, way};

ways! {
    Candidates.Content.Parts.Text => Text,
    Candidates.Content.Parts.Thought => Special,
    Candidates.Finish => Finish,
    Candidates.Index => Index,
    PromptFeedback.Blocked => Finish,
}

const PARTS: u64 = way(&[Key::Candidates, Key::Content, Key::Parts]);

pub(super) fn part(way: u64, depth: usize) -> Option<Part> {
    at(way).or(below(way, depth, PARTS, 3).then_some(Part::Result))
}
