//! Workers AI: <https://developers.cloudflare.com/workers-ai/>. A piece is a `response`, as in Ollama's generate; over
//! REST the answer is in a `result`; the end is `[DONE]`.

use super::{Key, Use, Way, ways};

ways! {
    Result.Response => Text,
}
