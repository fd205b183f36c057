//! The forms in which servers answer, one file each: where a result stands, which of it is text, and what ends a
//! stream. `docs/formats.md` says the same in words.
//!
//! A new one is a file with its ways and types, its lines in the two functions here, and its vectors.

mod anthropic;
mod audio;
mod gemini;
mod images;
mod llama_cpp;
mod ollama;
mod openai;
mod responses;
mod tgi;
mod workers_ai;

use super::keys::Key;

/// What the value at some way is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Text for people, and a result.
    Text,
    /// The same, if it is all of the answer, and not an event of some form that we do not know.
    Alone,
    /// A result, if it is not empty.
    Result,
    /// The reason for which an answer is at its end, if it is no empty one.
    Finish,
    /// The answer is at its end, if it is true.
    Done,
    /// The whole text, beside the last piece of it or instead of all.
    Whole,
    /// This piece is none for people, if it is true.
    Special,
    /// Which of several answers it is about.
    Index,
    /// Neither, though what stands beside it is.
    Nothing,
}

/// What an event is about that says its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// The server is still there.
    Life,
    /// It announces a piece, or repeats what has come.
    Note,
    /// A piece, and its text is text for people.
    Text,
    /// A piece that is none.
    Piece,
    /// The last one: all has come.
    End,
    /// The last piece, and the end.
    LastPiece,
    Failure,
}

/// What stands there, in any of the forms: by the outermost key, and then all of them.
pub(super) fn part(outermost: Key, way: u64, depth: usize) -> Option<Part> {
    match outermost {
        Key::Choices => openai::part(way, depth),
        Key::Output => responses::part(way, depth),
        Key::Delta => responses::part(way, depth).or_else(|| anthropic::part(way, depth)),
        Key::Content => anthropic::part(way, depth).or_else(|| llama_cpp::part(way)),
        Key::Token | Key::Whole => tgi::part(way),
        Key::Message | Key::Response | Key::Done | Key::Thinking => ollama::part(way, depth),
        Key::Stop => llama_cpp::part(way),
        Key::Candidates | Key::PromptFeedback => gemini::part(way, depth),
        Key::Result => workers_ai::part(way).or_else(|| images::part(way, depth)),
        Key::Data | Key::Embedding => images::part(way, depth),
        Key::Text => audio::part(way),
        _ => None,
    }
}

/// The types of one form.
type Types = &'static [(&'static str, Event)];

/// Of whatever server: OpenAI and Anthropic while they work, proxies while they wait.
const ALL: Types = &[
    ("ping", Event::Life),
    ("keepalive", Event::Life),
    ("keep-alive", Event::Life),
    ("heartbeat", Event::Life),
    ("error", Event::Failure),
];

/// What an event of this type is, in any of the forms.
pub(super) fn event(name: &[u8]) -> Option<Event> {
    let types = [ALL, responses::TYPES, anthropic::TYPES, images::TYPES, audio::TYPES];
    let known = types.into_iter().flatten().find(|(of, _)| of.as_bytes() == name);
    known.map(|(_, event)| *event).or_else(|| responses::event(name))
}

/// The ways of one form, and what stands there.
macro_rules! ways {
    ($($($key:ident).+ => $part:ident,)*) => {
        const WAYS: &[(u64, Part)] = &[$((
            $crate::core::dialect::keys::way(&[$($crate::core::dialect::keys::Key::$key),+]),
            Part::$part,
        )),*];

        fn at(way: u64) -> Option<Part> {
            super::find(WAYS, way)
        }
    };
}
use ways;

/// Not a `match`, whose numbers of eight bytes are code.
fn find(ways: &[(u64, Part)], way: u64) -> Option<Part> {
    ways.iter().find(|(of, _)| *of == way).map(|(_, part)| *part)
}

/// Whether a way leads through this one.
const fn below(way: u64, depth: usize, through: u64, length: usize) -> bool {
    depth > length && way >> (8 * (depth - length)) == through
}
