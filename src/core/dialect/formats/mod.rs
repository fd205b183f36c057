//! The forms in which servers answer, one file each: where a result stands, which part of it is text, and what ends a
//! stream. `docs/formats.md` says the same in words.
//!
//! A new form is a file with its ways and types, its lines in the lists here, and its vectors.

mod anthropic;
mod audio;
mod ends;
mod gemini;
mod images;
mod llama_cpp;
mod ollama;
mod openai;
mod responses;
mod tgi;
mod workers_ai;

use super::keys::Key;
use super::map::{Use, Way};

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
    Failure,
}

pub(super) const FORMS: &[&[Way]] = &[
    openai::WAYS,
    responses::WAYS,
    anthropic::WAYS,
    tgi::WAYS,
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
];

/// Ends that are failures: of OpenRouter and vLLM, Z.ai, DeepSeek, and what others call theirs.
const FAILING: [&str; 11] = [
    "error",
    "abort",
    "failed",
    "timeout",
    "error_finish",
    "server_error",
    "internal_error",
    "network_error",
    "network-error",
    "engine_overloaded",
    "insufficient_system_resource",
];

/// Gemini, behind OpenAI's form with words before it.
const MALFORMED_CALL: &str = "malformed_function_call";

/// Whether an answer with this end has failed.
pub(super) fn is_failing(end: &[u8]) -> bool {
    let is = |name: &&str| end.eq_ignore_ascii_case(name.as_bytes());
    let last = end.get(end.len().saturating_sub(MALFORMED_CALL.len())..).unwrap_or_default();
    FAILING.iter().any(is) || last.eq_ignore_ascii_case(MALFORMED_CALL.as_bytes())
}

/// What an event of this type is, in any of the forms.
pub(super) fn event(name: &[u8]) -> Option<Event> {
    let types = [ALL, responses::TYPES, anthropic::TYPES, images::TYPES, audio::TYPES, ends::TYPES];
    let known = types.into_iter().flatten().find(|(of, _)| of.as_bytes() == name);
    known.map(|(_, event)| *event).or_else(|| responses::event(name))
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
