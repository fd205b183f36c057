//! Chat completions and completions of OpenAI, which most servers speak: vLLM, SGLang, TGI, llama.cpp, the router of
//! Hugging Face, and whoever stands before them.
//!
//! Chat: <https://platform.openai.com/docs/api-reference/chat/streaming>. Parts in place of a text: Mistral's
//! Magistral, <https://docs.mistral.ai/capabilities/reasoning/>.

use super::{Part, below, ways};
use crate::core::dialect::keys::{Key, way};

ways! {
    Choices.Delta.Content => Text,
    Choices.Delta.Content.Text => Text,
    Choices.Delta.Content.Type => Nothing,
    Choices.Delta.Role => Nothing,
    Choices.Message.Content => Text,
    Choices.Message.Content.Text => Text,
    Choices.Message.Content.Type => Nothing,
    Choices.Message.Role => Nothing,
    Choices.Text => Text,
    Choices.Finish => Finish,
    Choices.Index => Index,
}

const DELTA: u64 = way(&[Key::Choices, Key::Delta]);
const MESSAGE: u64 = way(&[Key::Choices, Key::Message]);

pub(super) fn part(way: u64, depth: usize) -> Option<Part> {
    // Reasoning, a tool call, audio: what is no text is a piece of the answer as well.
    let any = below(way, depth, DELTA, 2) || below(way, depth, MESSAGE, 2);
    at(way).or(any.then_some(Part::Result))
}
