//! What was found in one document.

use super::formats::Event;
use super::found::Found;
use crate::core::classify::any;
use crate::core::sse::trim;
use crate::core::time::Duration;

/// What was found in one document.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// `type`, `code` and the like of a failure, in lower case, with spaces between.
    pub kind: Vec<u8>,
    /// The words about a failure as they were written, once for each place.
    pub words: Vec<u8>,
    pub(super) text: Vec<u8>,
    /// Whether the text is kept. In a whole answer the text is not wanted, and may be all that there is.
    pub(super) keeps_text: bool,
    pub(super) found: Found,
}

/// What an event means for its stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meaning {
    /// A reader waits for this.
    pub has_content: bool,
    /// The answers that go on, and the answers that have ended, a bit each.
    pub open: u64,
    /// The answers that have ended, a bit each.
    pub finished: u64,
    /// The answer has ended in order to call tools.
    pub calls_tools: bool,
    /// In one of the forms that say when they end.
    pub is_known: bool,
}

impl Said {
    pub(super) fn clear(&mut self) {
        self.found = Found::default();
        [&mut self.kind, &mut self.words].into_iter().for_each(Vec::clear);
        self.forget_text();
    }

    /// The text was taken.
    pub(super) fn forget_text(&mut self) {
        self.text.clear();
        trim(&mut self.text);
    }

    /// The status that the document names, from 400 to 599.
    pub fn status(&self) -> Option<u16> {
        self.found.status
    }

    /// How long the model will take to load.
    pub fn estimate(&self) -> Option<Duration> {
        self.found.estimate
    }

    /// When to come back.
    pub fn wait(&self) -> Option<Duration> {
        self.found.wait
    }

    /// The same, as a Unix time.
    pub fn until_ms(&self) -> Option<u64> {
        self.found.until_ms
    }

    /// The document is a failure, not a result that mentions one. A lookup of a failed job
    /// succeeds: its document describes a failure, and is still the answer.
    pub fn is_failure(&self, lookup: bool) -> bool {
        let found = &self.found;
        let is_account = lookup || found.has_id && found.is_kept;
        let has_own_code = found.has_own_code || found.has_odd_code && !found.has_more && !self.is_good();
        let failed = found.has_failed || has_own_code && !self.words.is_empty();
        !is_account && (found.has_ended_badly || self.has_failed_job() || failed && !found.has_result)
    }

    /// The words are those of a success: `Success`, `OK`.
    fn is_good(&self) -> bool {
        self.words.eq_ignore_ascii_case(b"ok") || any(&self.words, "uccess|成功")
    }

    /// The document says of itself, or of its job, that it failed, whatever has come of it. A step that failed is not
    /// the end of a workflow.
    fn has_failed_job(&self) -> bool {
        let Found { says_failed, is_response, event, is_typed, has_id, .. } = self.found;
        let is_whole = match event {
            None => !is_typed && (has_id || !self.words.is_empty()),
            Some(event) => event == Event::End,
        };
        says_failed && (is_response || is_whole)
    }

    /// A failure is that of a job, which would fail again unless it says why it would not.
    pub fn is_job(&self) -> bool {
        self.found.says_failed && !self.found.is_response
    }

    /// More must follow: the document is a piece by its form, and says of no answer that it has ended.
    pub fn goes_on(&self) -> bool {
        let Meaning { finished, .. } = self.meaning();
        let Found { is_piece, has_token, event, is_open, is_message, .. } = self.found;
        finished == 0 && (is_piece || has_token || event.is_some() || is_open && !is_message)
    }

    /// The answer of a chat in which nothing was said.
    pub fn is_empty(&self) -> bool {
        self.found.has_no_choice && !self.found.has_result
    }

    /// A piece of a stream.
    pub fn is_of_stream(&self) -> bool {
        self.found.is_known || self.found.is_undone || self.found.event.is_some()
    }

    /// By its name the event is the last one.
    pub fn is_last(&self) -> bool {
        self.found.event == Some(Event::Last)
    }

    /// The text for people, in UTF-8. `is_alone`: the document is no event of a stream.
    pub fn text(&self, is_alone: bool) -> &[u8] {
        match self.found.event {
            _ if self.found.is_alone && !is_alone => &[],
            None | Some(Event::Text | Event::Last) => &self.text,
            _ => &[],
        }
    }

    /// The text stands where most servers have it, not elsewhere, where some servers repeat what they have said.
    pub fn has_own_text(&self) -> bool {
        self.found.has_text
    }

    /// The text stands where some servers repeat what they have said.
    pub fn has_text_instead(&self) -> bool {
        self.found.instead.is_some()
    }

    /// The form never says that it ends.
    pub fn is_endless(&self) -> bool {
        self.found.is_endless
    }

    /// What the document means as an event of a stream.
    pub fn meaning(&self) -> Meaning {
        let Found { open, finished, event, has_result, has_ended, is_known, is_open, calls_tools, .. } =
            self.found;
        let Found { is_undone, has_place, .. } = self.found;
        let is_known = is_known || is_undone && has_place;
        let (has_content, ends, is_known) = match event {
            Some(Event::Life | Event::Failure) => return Meaning::default(),
            Some(Event::Note) => (false, has_ended, true),
            Some(Event::Text | Event::Piece) => (true, false, true),
            Some(Event::End) => (false, true, true),
            Some(Event::LastPiece) => (true, true, true),
            // An event in an unknown form is content as it is.
            None | Some(Event::Last) => {
                (has_result || !is_known, has_ended, is_known || is_open || is_undone)
            }
        };
        let finished = if ends { finished | 1 } else { finished };
        let open = if open | finished == 0 { u64::from(has_content) } else { open };
        Meaning { has_content, open, finished, calls_tools, is_known }
    }
}
