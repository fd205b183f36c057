//! Text Generation Inference's own, and the answer of the pipelines:
//! <https://huggingface.github.io/text-generation-inference/>. The last token has the whole text beside it.

use super::{Part, ways};

ways! {
    Token.Text => Text,
    Token.Special => Special,
    Token.Id => Nothing,
    Whole => Whole,
}

pub(super) fn part(way: u64) -> Option<Part> {
    at(way)
}
