//! Event streams: of healthy answers in each format, and of steps.

pub(crate) mod chat;
pub(crate) mod completion;
pub(crate) mod dialects;
pub(crate) mod given;
pub(crate) mod inject;
pub(crate) mod plain;
pub(crate) mod responses;
mod template;
pub(crate) mod tgi;
mod wire;

use serde_json::Value;

use crate::{
    body::{Piece, Stream},
    reply::Reply,
    scenario::{Quirk, Streaming},
};

/// An event before it is written.
pub(crate) struct Event {
    /// Goes out only where the scenario wants names.
    name: &'static str,
    data: String,
}

impl Event {
    /// Of a format whose events have no names.
    fn unnamed(data: impl ToString) -> Self {
        Self::named("message", data)
    }

    fn named(name: &'static str, data: impl ToString) -> Self {
        Self { name, data: data.to_string() }
    }

    /// The last event of most formats, unless the scenario has it left out.
    fn done(streaming: &Streaming) -> Option<Self> {
        (!streaming.quirks.has(Quirk::NoDone)).then(|| Self::unnamed("[DONE]"))
    }
}

/// Sends the events in the manner and at the pace of the scenario.
pub(crate) fn reply(events: impl Iterator<Item = Event> + Send + 'static, streaming: &Streaming) -> Reply {
    let manner = wire::Manner::of(&streaming.quirks);
    let written = (0..).zip(events).map(move |(number, event)| manner.write(number, &event));
    let mut stream = Stream::new(written.map(Piece::event));
    stream.bom = streaming.quirks.has(Quirk::Bom);
    stream.split = streaming.quirks.has(Quirk::SplitUtf8);
    stream.events_per_second = streaming.tokens_per_second;
    Reply::events(stream)
}

/// Sends the events as lines of JSON, at the pace of the scenario.
pub(crate) fn lines(events: impl Iterator<Item = Event> + Send + 'static, streaming: &Streaming) -> Reply {
    let mut stream = Stream::new(events.map(|event| Piece::event(event.data + "\n")));
    stream.split = streaming.quirks.has(Quirk::SplitUtf8);
    stream.events_per_second = streaming.tokens_per_second;
    Reply::lines(stream)
}

/// JSON text, for the hole of a template.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
