//! How an event is written: the spellings of server-sent events.

use std::fmt::Write;

use super::Event;
use crate::scenario::{Quirk, Quirks};

pub(super) struct Manner {
    line_end: &'static str,
    /// Between a field name with its colon and the value.
    space: &'static str,
    keep_alive: bool,
    names: bool,
}

impl Manner {
    pub(super) fn of(quirks: &Quirks) -> Self {
        Self {
            line_end: match () {
                () if quirks.has(Quirk::Crlf) => "\r\n",
                () if quirks.has(Quirk::Cr) => "\r",
                () => "\n",
            },
            space: if quirks.has(Quirk::NoSpace) { "" } else { " " },
            keep_alive: quirks.has(Quirk::KeepAlive),
            names: quirks.has(Quirk::EventNames),
        }
    }

    pub(super) fn write(&self, number: u64, event: &Event) -> String {
        let Self { line_end, space, .. } = self;
        let mut text = String::with_capacity(event.data.len() + 64);
        if self.keep_alive {
            text.extend([": keep-alive", line_end, line_end]);
        }
        if self.names {
            let name = event.name;
            // Writing to a string cannot fail.
            let _ = write!(text, "event:{space}{name}{line_end}id:{space}{number}{line_end}");
        }
        text.extend(["data:", space, &event.data, line_end, line_end]);
        text
    }
}
