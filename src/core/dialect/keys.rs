//! The names that mean something, of all servers together.

/// As long as the longest that means anything.
const LONGEST: usize = 20;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Key {
    #[default]
    Other,
    Candidates,
    Choices,
    Code,
    Content,
    Data,
    Delta,
    Detail,
    Embedding,
    Error,
    ErrorType,
    Errors,
    Estimate,
    FinishReason,
    GeneratedText,
    JsonRpc,
    Message,
    Metadata,
    Object,
    Output,
    Raw,
    Response,
    Result,
    Role,
    Status,
    Success,
    Text,
    Title,
    Token,
    Type,
    Warnings,
}

impl Key {
    fn of(name: &[u8]) -> Self {
        match name {
            b"candidates" => Self::Candidates,
            b"choices" => Self::Choices,
            b"code" | b"status_code" | b"statusCode" | b"http_status" | b"error_code" => Self::Code,
            b"content" => Self::Content,
            b"data" => Self::Data,
            b"delta" => Self::Delta,
            b"detail" | b"details" => Self::Detail,
            b"embedding" | b"embeddings" => Self::Embedding,
            b"error" => Self::Error,
            b"error_type" => Self::ErrorType,
            b"errors" => Self::Errors,
            b"estimated_time" => Self::Estimate,
            b"finish_reason" => Self::FinishReason,
            b"generated_text" => Self::GeneratedText,
            b"jsonrpc" => Self::JsonRpc,
            b"message" | b"Message" | b"msg" | b"error_message" => Self::Message,
            b"metadata" => Self::Metadata,
            b"object" => Self::Object,
            b"output" => Self::Output,
            b"raw" => Self::Raw,
            b"response" => Self::Response,
            b"result" => Self::Result,
            b"role" => Self::Role,
            b"status" => Self::Status,
            b"success" => Self::Success,
            b"text" => Self::Text,
            b"title" => Self::Title,
            b"token" => Self::Token,
            b"type" => Self::Type,
            b"warnings" => Self::Warnings,
            _ => Self::Other,
        }
    }

    /// On the way to what a failure says, at any level.
    pub(super) const fn is_of_a_failure(self) -> bool {
        matches!(
            self,
            Self::Error | Self::Errors | Self::Message | Self::Detail | Self::Title | Self::Warnings
        )
    }
}

/// A key while its parts come.
#[derive(Debug, Default)]
pub(super) struct Name {
    bytes: [u8; LONGEST],
    length: usize,
}

impl Name {
    pub(super) fn push(&mut self, part: &[u8]) {
        for byte in part {
            if let Some(slot) = self.bytes.get_mut(self.length) {
                *slot = *byte;
            }
            self.length = self.length.saturating_add(1);
        }
    }

    /// What it was; the next one begins.
    pub(super) fn take(&mut self) -> Key {
        let length = ::core::mem::take(&mut self.length);
        self.bytes.get(..length).map_or(Key::Other, Key::of)
    }
}
