//! `generateContent` of Gemini: <https://ai.google.dev/api/generate-content>. A prompt that is blocked has no candidates,
//! and that is its answer.

use super::{Key, Use, Way, ways};

ways! {
    Candidates => Choices,
    Candidates.Finish => Finish,
    Candidates.Index => Index,
    Candidates.Message => Words,
    Candidates.Content.Parts => Pieces,
    Candidates.Content.Parts / all => Result,
    Candidates.Content.Parts.Text => Text,
    Candidates.Content.Parts.Thought => Special,
    PromptFeedback.Blocked => Finish,
}
