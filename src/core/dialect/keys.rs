//! The names that have a meaning, of all servers together. A name may begin with a capital: Tencent, AWS and .NET
//! write `Error`, `Message` and `FinishReason`.

macro_rules! keys {
    ($($key:ident: $($name:literal)|+,)*) => {
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[repr(u8)]
        pub(super) enum Key {
            /// Any name without a meaning.
            #[default]
            Other,
            $($key,)*
        }

        /// The number of keys.
        pub(super) const KEYS: usize = 1 + [$(Key::$key),*].len();

        const NAMED: &[(&str, Key)] = &[$($(($name, Key::$key),)+)*];
    };
}

keys! {
    // What stands beside a failure as well as beside an answer.
    Aside: "meta" | "extensions" | "jsonapi" | "usage" | "input",
    BaseResp: "base_resp",
    Blocked: "blockReason",
    Candidates: "candidates",
    Choices: "choices",
    Code: "code" | "status_code" | "statusCode" | "http_status" | "http_status_code" | "reason" | "quotaId" | "http_code" | "originalStatusCode",
    Content: "content",
    ContentList: "content_list",
    Data: "data",
    Delta: "delta",
    Detail: "detail" | "details" | "violations" | "title" | "warnings",
    Done: "done",
    Error: "error" | "last_error",
    ErrorCode: "error_code",
    ErrorMessage: "error_message" | "error_msg" | "errorMessage" | "errorMsg" | "err_msg" | "errorText",
    ErrorType: "error_type" | "errorType",
    Errors: "errors",
    Event: "event" | "event_type",
    Estimate: "estimated_time",
    Finish: "finish_reason" | "finishReason",
    Finished: "is_finished" | "sequence_end",
    Id: "id",
    Index: "index",
    JsonRpc: "jsonrpc",
    Message: "message" | "msg" | "status_msg" | "finishMessage",
    MetaInfo: "meta_info",
    Metadata: "metadata",
    NativeFinish: "native_finish_reason",
    Object: "object",
    Output: "output" | "steps",
    Parts: "parts",
    PromptFeedback: "promptFeedback",
    Raw: "raw" | "value",
    Response: "response" | "interaction",
    Result: "result" | "results",
    ResetAt: "x-RateLimit-Reset",
    RetryAfter: "retry_after" | "retry_after_seconds" | "retry_after_seconds_raw" | "retryAfter" | "retry-After" | "resets_in_seconds" | "retryDelay" | "quotaResetDelay",
    RetryAfterMs: "retry_after_ms" | "retryAfterMs",
    Role: "role",
    Special: "special",
    Status: "status",
    Stop: "stop",
    StopReason: "stop_reason",
    Success: "success",
    Text: "text",
    TextOutput: "text_output",
    Thinking: "thinking",
    Total: "total_tokens",
    Thought: "thought",
    Token: "token",
    ToolCalls: "tool_calls",
    Type: "type",
    Solved: "embedding" | "embeddings" | "answer" | "labels" | "score" | "summary_text" | "translation_text",
    Whole: "generated_text",
}

/// The number of names, with those that mean the same.
pub(super) const NAMES: usize = NAMED.len();

/// The number of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name(u8);

/// More than twice as many slots as names, so that few names share one.
const PLACES: usize = 256;

/// The first slot of a name in the table. A name whose slot is taken goes to the next free one.
const fn place(name: &[u8]) -> usize {
    let (_, half) = name.split_at(name.len() / 2);
    let (Some(first), Some(middle), Some(last)) = (name.first(), half.first(), name.last()) else { return 0 };
    (name.len() * 31 + first.to_ascii_lowercase() as usize * 7 + *last as usize * 13 + *middle as usize * 3)
        % PLACES
}

/// The number of each name, counted from 1.
#[expect(clippy::indexing_slicing, reason = "at compile time")]
const TABLE: [u8; PLACES] = {
    let mut table = [0; PLACES];
    let mut nth = 0;
    while nth < NAMES {
        let mut at = place(NAMED[nth].0.as_bytes());
        while table[at] != 0 {
            at = (at + 1) % PLACES;
        }
        nth += 1;
        table[at] = nth as u8;
    }
    table
};

impl Name {
    /// Not a `match` on the names, which is 8 KB of wasm.
    pub(super) fn of(name: &[u8]) -> Option<Self> {
        let mut at = place(name);
        let (first, rest) = name.split_first()?;
        while let Some(nth) = TABLE.get(at).and_then(|nth| nth.checked_sub(1)) {
            let (its, _) = NAMED.get(usize::from(nth))?;
            let (its_first, its_rest) = its.as_bytes().split_first()?;
            if rest == its_rest && first.to_ascii_lowercase() == *its_first {
                return Some(Self(nth));
            }
            at = (at + 1) % PLACES;
        }
        None
    }

    pub(super) fn number(self) -> usize {
        usize::from(self.0)
    }

    pub(super) fn key(self) -> Key {
        NAMED.get(self.number()).map_or(Key::Other, |(_, key)| *key)
    }
}
