//! Chat completions and completions of OpenAI, which most servers speak: vLLM, SGLang, TGI, llama.cpp, the router of
//! Hugging Face, and gateways in front of them.
//!
//! Chat: <https://platform.openai.com/docs/api-reference/chat/streaming>. Parts in place of a text: Mistral's
//! Magistral, <https://docs.mistral.ai/capabilities/reasoning/>.

use super::{Key, Use, Way, ways};

ways! {
    Choices => Choices,
    Choices.Delta => Delta,
    Choices.Delta / all => Result,
    Choices.Delta.Error => Nothing,
    Choices.Delta.Role => Nothing,
    Choices.Delta.Content => Text,
    Choices.Delta.Content.Text => Text,
    Choices.Delta.Content.Type => Nothing,
    Choices.Message => Message,
    Choices.Message / all => Result,
    Choices.Message.Error => Nothing,
    Choices.Message.Role => Nothing,
    Choices.Message.Content => Instead,
    Choices.Message.Content.Text => Instead,
    Choices.Message.Content.Type => Nothing,
    Choices.Text => Instead,
    Choices.Finish => Finish,
    Choices.NativeFinish => NativeFinish,
    Choices.Index => Index,
}
