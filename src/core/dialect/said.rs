//! What was found in one answer.

use crate::core::time::Duration;

/// Of a failure's words as many bytes are kept: what is the matter stands at the beginning.
pub const WORDS_LIMIT: usize = 64 * 1024;

/// Between the words of two places.
const BETWEEN: &[u8] = b"; ";

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Something in it says that it failed.
    pub failed: bool,
    /// Something in it is a result.
    pub has_result: bool,
    /// The status that it names, of 400 to 599.
    pub status: Option<u16>,
    /// `type`, `code` and the like of a failure, in lower case, with spaces between.
    pub kind: Vec<u8>,
    /// What it says about a failure, as it was written, the words of each place once.
    pub words: Vec<u8>,
    /// How long the model will take to load.
    pub estimate: Option<Duration>,
    /// Where the words of the place under way begin.
    begun: Option<usize>,
}

impl Said {
    /// It is a failure, and no result that mentions one.
    pub fn is_failure(&self) -> bool {
        self.failed && !self.has_result
    }

    pub(super) fn word(&mut self, part: &[u8]) {
        if self.begun.is_none() {
            if !self.words.is_empty() {
                self.words.extend_from_slice(BETWEEN);
            }
            self.begun = Some(self.words.len());
        }
        let room = WORDS_LIMIT.saturating_sub(self.words.len());
        self.words.extend_from_slice(part.get(..room).unwrap_or(part));
    }

    /// The words of one place are complete; those that were said before are not said again.
    pub(super) fn end_of_words(&mut self) {
        let Some(begun) = self.begun.take() else { return };
        let (before, word) = self.words.split_at(begun.min(self.words.len()));
        let mut said = before.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
        if word.is_empty() || said.any(|one| one == word.trim_ascii()) {
            self.words.truncate(begun.saturating_sub(BETWEEN.len()));
        }
    }

    pub(super) fn kind(&mut self, part: &[u8]) {
        if self.kind.len() < 200 {
            self.kind.extend(part.iter().map(u8::to_ascii_lowercase));
        }
    }

    pub(super) fn end_of_kind(&mut self) {
        if self.kind.last().is_some_and(|byte| *byte != b' ') {
            self.kind.push(b' ');
        }
    }

    /// A number where a status stands.
    pub(super) fn number(&mut self, number: u64) {
        if let 400..=599 = number {
            self.status = self.status.or(u16::try_from(number).ok());
        }
    }
}
