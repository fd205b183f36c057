//! The names that mean something, of all servers together, and the way to a value as one number.

/// As long as the longest that means anything.
const LONGEST: usize = 20;

/// So many keys lead to a value at most; what is deeper says nothing.
pub(super) const WAY: usize = 8;

macro_rules! keys {
    ($($key:ident: $($name:literal)|+,)*) => {
        /// A byte each, so that eight of them are a way.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[repr(u8)]
        pub(super) enum Key {
            /// Of an object that has just begun.
            #[default]
            None,
            $($key,)*
            /// Any other.
            Other = u8::MAX,
        }

        const NAMES: &[(&str, Key)] = &[$($(($name, Key::$key),)+)*];
    };
}

keys! {
    BaseResp: "base_resp",
    Blocked: "blockReason",
    Candidates: "candidates",
    Choices: "choices",
    Code: "code" | "status_code" | "statusCode" | "http_status" | "http_status_code",
    Content: "content",
    Data: "data",
    Delta: "delta",
    Detail: "detail" | "details",
    Done: "done",
    Embedding: "embedding" | "embeddings",
    Error: "error",
    ErrorCode: "error_code",
    ErrorMessage: "error_message" | "error_msg",
    ErrorType: "error_type",
    Errors: "errors",
    Estimate: "estimated_time",
    Finish: "finish_reason" | "finishReason",
    Id: "id",
    Index: "index",
    JsonRpc: "jsonrpc",
    Message: "message" | "Message" | "msg" | "status_msg",
    Metadata: "metadata",
    Object: "object",
    Output: "output",
    Parts: "parts",
    PromptFeedback: "promptFeedback",
    Raw: "raw",
    Response: "response",
    Result: "result" | "results",
    Role: "role",
    Special: "special",
    Status: "status",
    Stop: "stop",
    Success: "success",
    Text: "text",
    Thinking: "thinking",
    Thought: "thought",
    Title: "title",
    Token: "token",
    ToolCalls: "tool_calls",
    Type: "type",
    Warnings: "warnings",
    Whole: "generated_text",
}

/// More than twice as many places as names, so that few names share one.
const PLACES: usize = 256;

/// Where a name stands in the table: first, or after those that were there before it.
const fn place(name: &[u8]) -> usize {
    let (_, half) = name.split_at(name.len() / 2);
    let (Some(first), Some(middle), Some(last)) = (name.first(), half.first(), name.last()) else { return 0 };
    (name.len() * 31 + *first as usize * 7 + *last as usize * 13 + *middle as usize * 3) % PLACES
}

/// Of each name its number, counted from 1.
#[expect(clippy::indexing_slicing, reason = "at compile time")]
const TABLE: [u8; PLACES] = {
    let mut table = [0; PLACES];
    let mut nth = 0;
    while nth < NAMES.len() {
        let mut at = place(NAMES[nth].0.as_bytes());
        while table[at] != 0 {
            at = (at + 1) % PLACES;
        }
        nth += 1;
        table[at] = nth as u8;
    }
    table
};

impl Key {
    /// Not a `match` on the names, which is 8 KB of wasm.
    fn of(name: &[u8]) -> Self {
        let mut at = place(name);
        while let Some(nth) = TABLE.get(at).and_then(|nth| nth.checked_sub(1))
            && let Some((its, key)) = NAMES.get(usize::from(nth))
        {
            if its.as_bytes() == name {
                return *key;
            }
            at = (at + 1) % PLACES;
        }
        Self::Other
    }

    /// On the way to what a failure says, at any level.
    pub(super) const fn of_failure(key: u8) -> bool {
        const ERROR: u8 = Key::Error as u8;
        const ERRORS: u8 = Key::Errors as u8;
        const ERROR_MESSAGE: u8 = Key::ErrorMessage as u8;
        const MESSAGE: u8 = Key::Message as u8;
        const DETAIL: u8 = Key::Detail as u8;
        const TITLE: u8 = Key::Title as u8;
        const WARNINGS: u8 = Key::Warnings as u8;
        matches!(key, ERROR | ERRORS | ERROR_MESSAGE | MESSAGE | DETAIL | TITLE | WARNINGS)
    }
}

/// The keys from the outermost to the innermost, which is the lowest byte. Arrays have none.
pub(super) const fn way(keys: &[Key]) -> u64 {
    let mut way = 0;
    let mut rest = keys;
    while let [key, after @ ..] = rest {
        way = way << 8 | *key as u64;
        rest = after;
    }
    way
}

/// A key while its parts come.
#[derive(Debug, Default)]
pub(super) struct Name {
    bytes: [u8; LONGEST],
    length: usize,
}

impl Name {
    pub(super) fn push(&mut self, part: &[u8]) {
        if let Some(room) = self.bytes.get_mut(self.length..self.length.saturating_add(part.len())) {
            room.copy_from_slice(part);
        }
        self.length = self.length.saturating_add(part.len());
    }

    /// What it was; the next one begins.
    pub(super) fn take(&mut self) -> Key {
        let length = ::core::mem::take(&mut self.length);
        self.bytes.get(..length).map_or(Key::Other, Key::of)
    }
}
