//! Text Generation Inference's own, and the answer of the pipelines:
//! <https://huggingface.github.io/text-generation-inference/>. The last token has the whole text beside it.

use super::{Key, Use, Way, ways};

ways! {
    Token => Token,
    Token.Id => Nothing,
    Token.Special => Special,
    Token.Text => Text,
    Whole => Whole,
    Solved => Result,
}
