//! `/api/chat` and `/api/generate` of Ollama, as lines of JSON:
//! <https://github.com/ollama/ollama/blob/main/docs/api.md>.

use super::{Key, Use, Way, ways};

ways! {
    Message.Content => Text,
    Message.Thinking => Result,
    Message.ToolCalls / all => Result,
    Response => Instead,
    Thinking => Result,
    Done => Done,
}
