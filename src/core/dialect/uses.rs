//! What a value of a document means.

use super::keys::Key;

/// What a value means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Use {
    #[default]
    Nothing,

    // In an answer.
    /// Text for people, and a result.
    Text,
    /// The same in another place, for servers that have it only there. Not read if the usual place has text.
    Instead,
    /// The same, if it is the whole answer, and not an event of an unknown form.
    Alone,
    /// Text of a form whose events never say that they are the last.
    Endless,
    /// The whole text, beside its last piece or instead of all pieces.
    Whole,
    /// A result, if it is not empty.
    Result,
    /// The reason for which an answer has ended, unless it is empty.
    Finish,
    /// The same in the provider's own word, which counts only if it is a failure.
    NativeFinish,
    /// The tokens of the whole answer.
    Total,
    /// The answer has ended, if this is true.
    Done,
    /// The same, in a form of which nothing else is known.
    Finished,
    /// This piece is not for people, if this is true.
    Special,
    /// The index of one of several answers.
    Index,
    /// Each object is one of several answers.
    Choices,
    /// A piece of an answer, or all of it.
    Delta,
    Message,
    /// A token of TGI.
    Token,
    /// Each object is a piece of the text.
    Pieces,

    // In a failure.
    /// Says what the matter is.
    Words,
    /// Says so, and that it is an error.
    WordsOfError,
    /// An error is mentioned, whatever this key is called.
    Mention,
    /// The name of the failure, or its status.
    Kind,
    KindOfError,
    /// The same for a key of the document itself, if it stands beside words of a failure.
    Code,
    /// The same; any number but 0 is a failure, because Baidu and MiniMax refuse with a 200 and numbers of their own.
    OwnCode,
    Estimate,
    /// When to come back: in seconds or with its unit, in ms, as a Unix time.
    Wait,
    WaitMs,
    WaitUntil,

    // Keys of the document itself.
    Type,
    Object,
    Status,
    Success,
    Id,
    JsonRpc,
}

/// A line of a form: a value, or with `all` everything below it, at any level, that has no line of its own.
pub(super) struct Way {
    pub(super) keys: &'static [Key],
    pub(super) all: bool,
    pub(super) used: Use,
}
