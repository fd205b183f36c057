//! What a JSON answer, or one event of a stream, says, whichever server sends it: whether it has failed, with which
//! status and in which words; whether it holds a result, and which part of that is text; whether the answer has
//! ended.
//!
//! The keys on the way to a value tell what it means, as the tokens come. Nothing is kept of the document but its
//! text and its words about a failure. A sign of failure counts only if the document holds no result, because
//! servers send `"error": null` beside an answer. Ids, usage and nulls are no results.

mod alike;
mod automaton;
mod cursor;
mod formats;
mod found;
mod keys;
mod map;
mod notes;
mod repeats;
mod said;
mod short;
mod uses;

pub use notes::WORDS_LIMIT;
pub use said::{Meaning, Said};

use super::classify::find;
use super::json::{NoJson, Scanner};
use alike::Alike;
use cursor::Cursor;

/// Whether an event of this name says no more than that its server is alive, and whether the last event of a stream may
/// have this name, in whatever form.
pub fn life_or_last(name: &[u8]) -> (bool, bool) {
    // Most events have no name, and to look for it would take as long as to read them.
    let event = if name.is_empty() { None } else { formats::event(name) };
    (event == Some(formats::Event::Life), event == Some(formats::Event::Last))
}

/// JSON in a text of JSON, in a text of JSON: no chain of gateways is longer.
const MOST_QUOTED: usize = 3;

/// A reader of documents that come in pieces.
#[derive(Debug, Default)]
pub struct Reader {
    scanner: Scanner,
    cursor: Cursor,
    alike: Alike,
}

impl Reader {
    /// Begins another document. `fails`: it is known already to report a failure. Nothing of the earlier documents is
    /// kept but the memory.
    pub fn begin(&mut self, fails: bool) {
        self.scanner.begin();
        self.cursor.begin();
        self.cursor.said.found.has_ended_badly = fails;
    }

    /// A reader that keeps the text of its documents.
    pub fn of_text() -> Self {
        let mut reader = Self::default();
        reader.cursor.said.keeps_text = true;
        reader
    }

    /// Reads a whole event of a stream.
    pub fn read(&mut self, event: &[u8], fails: bool) -> Result<(), NoJson> {
        self.begin(fails);
        if !fails && self.alike.reads(event, &mut self.cursor.said) {
            return Ok(());
        }
        self.whole(event)?;
        if !self.read_again(event, fails) {
            self.alike.is_of(event, self.cursor.text, &self.cursor.said);
        }
        Ok(())
    }

    fn whole(&mut self, document: &[u8]) -> Result<(), NoJson> {
        self.push(document)?;
        self.end()
    }

    /// Reads the whole document once more if a key stands twice in an object, because only the last one counts.
    /// Returns whether it did.
    pub fn read_again(&mut self, document: &[u8], fails: bool) -> bool {
        if !self.cursor.repeats.any() {
            return false;
        }
        self.scanner.begin();
        self.cursor.begin_again();
        self.cursor.said.found.has_ended_badly = fails;
        // The result is the same as before.
        _ = self.whole(document);
        true
    }

    /// Reads also what a failure quotes: gateways put the answer of the server behind them into their own words.
    /// Returns how many bytes of the words are their own.
    pub fn read_quoted(&mut self) -> usize {
        let (own, mut from) = (self.said().words.len(), 0);
        for _ in 0..MOST_QUOTED {
            let words = self.said().words.get(from..).unwrap_or_default().to_vec();
            from += words.len();
            let Some(at) = find(&words, b"{") else { break };
            self.scanner.begin();
            self.cursor.goes_to_start();
            // Words follow the JSON again.
            _ = self.push(words.get(at..).unwrap_or_default());
        }
        own
    }

    /// Takes a failure that is told in words alone.
    pub fn read_words(&mut self, words: &[u8]) {
        self.begin(true);
        self.cursor.said.word(words, true);
    }

    /// Takes the next bytes.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), NoJson> {
        let read = self.scanner.push(bytes, &mut self.cursor);
        // An error that is too deep to be read is still an error.
        self.cursor.said.found.has_failed |= read == Err(NoJson::TooDeep) && self.cursor.is_in_error();
        read
    }

    /// No more will come.
    pub fn end(&mut self) -> Result<(), NoJson> {
        self.scanner.end(&mut self.cursor)
    }

    /// What was said: everything, or what came before the document was cut or turned out not to be JSON.
    pub fn said(&self) -> &Said {
        &self.cursor.said
    }

    /// A document has begun, and its end has not come.
    pub fn is_open(&self) -> bool {
        self.scanner.is_open()
    }

    /// The text was taken.
    pub fn forget_text(&mut self) {
        self.cursor.said.forget_text();
    }

    /// The document is complete.
    pub fn is_over(&self) -> bool {
        self.scanner.is_over()
    }
}

#[cfg(test)]
mod tests;
