//! Everything that was found in one document except its texts.

use super::formats::Event;
use crate::core::time::Duration;

/// Everything that was found except texts.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Found {
    pub(super) status: Option<u16>,
    pub(super) estimate: Option<Duration>,
    pub(super) wait: Option<Duration>,
    pub(super) until_ms: Option<u64>,
    /// Something in the document says that it failed.
    pub(super) has_failed: bool,
    /// An end that is a failure, or an event that is named one, whatever stands beside it.
    pub(super) has_ended_badly: bool,
    /// Something in the document is a result.
    pub(super) has_result: bool,
    /// The document has a number that is no status, where others have a status.
    pub(super) has_own_code: bool,
    /// The same as a `code`, which is a failure only if nothing says that it succeeded.
    pub(super) has_odd_code: bool,
    /// The document lists errors, and says nowhere else that it has failed.
    pub(super) has_mishaps: bool,
    /// There is more in the document than what has a meaning here, or it says of itself that it succeeded.
    pub(super) has_more: bool,
    pub(super) has_id: bool,
    /// The document has a place for choices, and no choice in it.
    pub(super) has_no_choice: bool,
    /// The document describes something that a server keeps, and says so.
    pub(super) is_kept: bool,
    /// An answer of `/v1/responses`.
    pub(super) is_response: bool,
    /// The state of the document, or of the job in its `data`, is a failure.
    pub(super) says_failed: bool,
    /// The document is an event, by its `type` or the like.
    pub(super) is_typed: bool,
    /// One of several pieces, by its form.
    pub(super) is_piece: bool,
    /// A whole message.
    pub(super) is_message: bool,
    /// In one of the forms that say when they end.
    pub(super) is_known: bool,
    /// In a form whose events never say that they are the last.
    pub(super) is_endless: bool,
    /// A piece of Snowflake's, by its `content_list`, and a usage that counts something.
    pub(super) is_snowflake: bool,
    pub(super) has_total: bool,
    /// The document says that it has not ended, whatever form it has.
    pub(super) is_open: bool,
    /// `done` is false: a piece of Ollama or llama.cpp, if it has a place for text.
    pub(super) is_undone: bool,
    pub(super) has_place: bool,
    pub(super) calls_tools: bool,
    pub(super) says_success: bool,
    pub(super) has_ended: bool,
    pub(super) event: Option<Event>,
    /// The current piece of text begins here.
    pub(super) piece: usize,
    /// The current piece is not for people.
    pub(super) is_special: bool,
    pub(super) has_token: bool,
    /// A part of the whole text has come.
    pub(super) has_whole: bool,
    /// There is text where most servers have it; and where a text in another place begins.
    pub(super) has_text: bool,
    pub(super) instead: Option<usize>,
    /// The text counts only if it is the whole answer.
    pub(super) is_alone: bool,
    /// How many places have said something.
    pub(super) places: u32,
    /// The words of the current place begin here.
    pub(super) begun: Option<usize>,
    pub(super) choice: Option<Choice>,
    /// The answers that this document continues, and the answers that it finishes, a bit each.
    pub(super) open: u64,
    pub(super) finished: u64,
}

/// One of several answers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Choice {
    pub(super) nth: u64,
    pub(super) finishes: bool,
    /// Where the text of the answer begins.
    pub(super) text: usize,
}
