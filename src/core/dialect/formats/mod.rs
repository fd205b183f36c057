//! The forms in which servers answer, one file each: where a result stands, which part of it is text, and what ends a
//! stream. `docs/formats.md` says the same in words.
//!
//! A new form is a file with its ways and types, its lines in the lists here, and its vectors.

mod anthropic;
mod audio;
mod ends;
mod gemini;
mod images;
mod interactions;
mod llama_cpp;
mod ollama;
mod openai;
mod responses;
mod sglang;
mod snowflake;
mod tgi;
mod triton;
mod workers_ai;

use super::keys::Key;
use super::uses::{Use, Way};
use crate::core::classify::any;

/// What an event is, by its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// The server is alive.
    Life,
    /// An event that announces a piece, or repeats what has come.
    Note,
    /// A piece whose text is text for people.
    Text,
    /// A piece whose text is not.
    Piece,
    /// The last event: everything has come.
    End,
    /// The last piece, and the end.
    LastPiece,
    /// The last event, if the stream ends there. In an unknown form.
    Last,
    Failure,
}

pub(super) const FORMS: &[&[Way]] = &[
    openai::WAYS,
    responses::WAYS,
    anthropic::WAYS,
    tgi::WAYS,
    sglang::WAYS,
    snowflake::WAYS,
    triton::WAYS,
    ollama::WAYS,
    llama_cpp::WAYS,
    gemini::WAYS,
    workers_ai::WAYS,
    images::WAYS,
    audio::WAYS,
    ends::WAYS,
];

/// The types of one form.
type Types = &'static [(&'static str, Event)];

/// Types of any server: OpenAI and Anthropic send them while they work, proxies while they wait.
const ALL: Types = &[
    ("ping", Event::Life),
    ("keepalive", Event::Life),
    ("keep-alive", Event::Life),
    ("heartbeat", Event::Life),
    ("error", Event::Failure),
    // Coze repeats a message that its pieces have said, and tells itself what it did:
    // <https://github.com/coze-dev/coze-py/blob/main/tests/testdata/chat_text_stream_resp.txt>.
    ("conversation.message.completed", Event::Life),
    // AG-UI: <https://docs.ag-ui.com/concepts/events>.
    ("RUN_ERROR", Event::Failure),
    ("RUN_FINISHED", Event::Last),
    // The first line of n8n, which calls its lines `application/json`.
    ("begin", Event::Note),
    ("done", Event::Last),
    ("end", Event::Last),
    ("complete", Event::Last),
];

/// Ends and states that are failures: of OpenRouter and vLLM, Z.ai, DeepSeek, RunPod, docling, and what others call
/// theirs. One text with bars between them: a list of texts takes 8 bytes for each.
const FAILING: &str = "error|abort|failed|failure|timeout|timed_out|error_finish|server_error|internal_error|network_error|\
     network-error|engine_overloaded|insufficient_system_resource";

/// Parts of Gemini's names for ends that are failures: `MALFORMED_FUNCTION_CALL`, `MALFORMED_RESPONSE`,
/// `UNEXPECTED_TOOL_CALL` and `MISSING_THOUGHT_SIGNATURE`. On OpenAI's route they stand behind other words.
const FAILING_PARTS: &str = "MALFORMED_|malformed_|UNEXPECTED_TOOL|unexpected_tool|MISSING_THOUGHT";

/// Whether an answer with this end has failed.
pub(super) fn is_failing(end: &[u8]) -> bool {
    let mut names = FAILING.as_bytes().split(|byte| *byte == b'|');
    names.any(|name| end.eq_ignore_ascii_case(name)) || any(end, FAILING_PARTS)
}

/// What an event of this type is, in any of the forms.
pub(super) fn event(name: &[u8]) -> Option<Event> {
    let types = [
        ALL,
        responses::TYPES,
        anthropic::TYPES,
        images::TYPES,
        audio::TYPES,
        interactions::TYPES,
        ends::TYPES,
    ];
    // Coze writes `Done` and `Error`.
    let known = types.into_iter().flatten().find(|(of, _)| name.eq_ignore_ascii_case(of.as_bytes()));
    known.map(|(_, event)| *event).or_else(|| of_family(name))
}

/// What an event is by the first part of its type, of which there are many, with more to come.
fn of_family(name: &[u8]) -> Option<Event> {
    let (family, rest) = name.split_at_checked(name.iter().position(|byte| *byte == b'.')?)?;
    let is_delta = rest.ends_with(b".delta");
    match family {
        b"response" if is_delta => Some(Event::Piece),
        b"step" | b"content" if is_delta => Some(Event::Text),
        b"response" | b"interaction" | b"step" | b"content" => Some(Event::Note),
        _ => None,
    }
}

/// The ways of one form, and what stands there. `/ all`: at any level below.
macro_rules! ways {
    ($($($key:ident).+ $(/ $all:ident)? => $used:ident,)*) => {
        pub(super) const WAYS: &[Way] = &[$(Way {
            keys: &[$(Key::$key),+],
            all: !<[&str]>::is_empty(&[$(stringify!($all))?]),
            used: Use::$used,
        }),*];
    };
}
use ways;
