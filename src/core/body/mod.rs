//! What a whole body says, whatever its type promises: an answer, a failure, or neither.
//!
//! The first bytes decide what the body is, because types are wrong at times: JSON comes as plain text, an event
//! stream as JSON, a page of a proxy as anything. JSON is read by its [`dialect`](super::dialect), in pieces and
//! once. Of everything else the beginning is kept, where a failure says what the matter is.

pub(super) mod page;

use super::classify::Body;
use super::dialect::Reader;
use super::json::NoJson;

/// A failure says what the matter is within its first 64 KiB.
pub const HEAD_LIMIT: usize = 64 * 1024;

/// The most bytes needed to recognise a form: `event:`.
const LONGEST_SIGN: usize = 6;

/// The byte order mark in UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// How the caller wants an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wanted {
    /// By its type and its first bytes.
    #[default]
    Auto,
    /// As JSON. Everything else is a failure.
    Json,
    /// As text or as bytes, whatever they are.
    Raw,
    /// As it is, for a `fetch`. A request that looks up what a server keeps may be answered by an account of a
    /// failure, or by nothing, and that is its answer.
    Passed {
        /// The request looks up what the server keeps.
        lookup: bool,
    },
}

/// What the content type promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Json,
    Page,
    Events,
    /// JSON, line by line.
    Lines,
    Text,
    /// There is no content type.
    Unsaid,
    Other,
}

impl Kind {
    pub(super) fn of(content_type: &str) -> Self {
        let name =
            content_type.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
        let ends = |end: &str| {
            let rest = name.len().checked_sub(end.len()).and_then(|at| name.get(at..));
            rest.is_some_and(|rest| rest.eq_ignore_ascii_case(end.as_bytes()))
        };
        if name.is_empty() {
            Self::Unsaid
        } else if ends("ndjson") || ends("/jsonl") || ends("stream+json") {
            Self::Lines
        } else if ends("/json") || ends("+json") {
            Self::Json
        } else if ends("/html") || ends("xhtml+xml") {
            Self::Page
        } else if is("text/event-stream") {
            Self::Events
        } else if name.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"text/")) {
            Self::Text
        } else {
            Self::Other
        }
    }
}

/// What the first bytes are, after white space.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Form {
    /// Too few bytes have come.
    #[default]
    Nothing,
    Json,
    Page,
    Events,
    Other,
}

impl Form {
    /// `is_all`: no more will come.
    pub(super) fn of(head: &[u8], is_all: bool) -> Self {
        let head = head.strip_prefix(MARK).unwrap_or(head).trim_ascii_start();
        match head {
            [] => Self::Nothing,
            [b't' | b'f' | b'n' | b'd' | b'e' | b'i' | b'r' | 0xef, ..]
                if head.len() < LONGEST_SIGN && !is_all =>
            {
                Self::Nothing
            }
            [b'{' | b'[' | b'"' | b'-' | b'0'..=b'9', ..] => Self::Json,
            [b'<', ..] => Self::Page,
            _ if [b"true".as_slice(), b"false", b"null"].iter().any(|literal| head.starts_with(literal)) => {
                Self::Json
            }
            _ if [b"data:".as_slice(), b"event:", b"id:", b"retry:", b":"]
                .iter()
                .any(|field| head.starts_with(field)) =>
            {
                Self::Events
            }
            _ => Self::Other,
        }
    }
}

/// A body while it comes.
#[derive(Debug)]
pub struct Reading {
    kind: Kind,
    /// How an answer is wanted. A failure is read whatever it is.
    wanted: Option<Wanted>,
    head: Vec<u8>,
    form: Form,
    json: Reader,
    no_json: Option<NoJson>,
    /// The body ends in the middle.
    is_cut: bool,
}

impl Reading {
    /// `wanted` is set if the status is one of success.
    pub fn new(content_type: &str, wanted: Option<Wanted>) -> Self {
        let (kind, json) = (Kind::of(content_type), Reader::default());
        Self { kind, wanted, head: Vec::new(), form: Form::Nothing, json, no_json: None, is_cut: false }
    }

    /// Takes the next bytes. Returns false if what follows says nothing more.
    pub fn push(&mut self, bytes: &[u8]) -> bool {
        // Leading white space is part of no form, and may have no end.
        let bytes = if self.head.is_empty() { bytes.trim_ascii_start() } else { bytes };
        let before = self.head.len();
        let room = HEAD_LIMIT.saturating_sub(before);
        self.head.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        if self.form == Form::Nothing {
            self.form = Form::of(&self.head, false);
            if self.is_json() {
                let first = self.head.get(..before).unwrap_or_default();
                self.no_json = self.json.push(first).err();
            }
        }
        if !self.is_json() {
            return self.head.len() < HEAD_LIMIT;
        }
        if self.no_json.is_none() {
            self.no_json = self.json.push(bytes).err();
        }
        self.no_json.is_none() || self.head.len() < HEAD_LIMIT
    }

    /// Concludes on everything that has come. True if the host may read it as JSON.
    pub fn end(mut self) -> (Body, bool) {
        if self.form == Form::Nothing {
            self.form = Form::of(&self.head, true);
            if self.is_json() {
                self.no_json = self.json.push(&self.head).err();
            }
        }
        if self.is_json() && self.no_json.is_none() {
            self.is_cut = self.json.is_open();
            self.no_json = self.json.end().err();
            if self.head.len() < HEAD_LIMIT {
                self.json.read_again(&self.head, false);
            }
        }
        let is_json = self.is_read();
        match self.wanted {
            None => (self.failure(), is_json),
            Some(wanted) => (self.answer(wanted), is_json),
        }
    }

    fn is_json(&self) -> bool {
        let promised = match self.wanted {
            None | Some(Wanted::Json) => true,
            Some(Wanted::Auto | Wanted::Passed { .. }) => match self.kind {
                Kind::Json | Kind::Unsaid | Kind::Lines => true,
                // A number or a text in quotation marks is a text then. Many servers call everything a page.
                Kind::Text | Kind::Page => matches!(self.head.first(), Some(b'{' | b'[')),
                _ => false,
            },
            Some(Wanted::Raw) => self.kind == Kind::Json,
        };
        promised && self.form == Form::Json
    }

    /// The body is JSON, and the host may read it as such.
    fn is_read(&self) -> bool {
        self.is_json() && self.no_json != Some(NoJson::Malformed)
    }

    fn answer(mut self, wanted: Wanted) -> Body {
        let lookup = wanted == Wanted::Passed { lookup: true };
        if self.is_json() && self.json.said().is_failure(lookup) {
            return Body::of_failure(&mut self.json);
        }
        let raw = wanted == Wanted::Raw;
        let passes = matches!(wanted, Wanted::Passed { .. });
        // A stream that the caller did not ask for is complete, and paid for.
        let is_stream =
            self.form == Form::Events || self.kind == Kind::Lines && self.json.said().is_of_stream();
        if !raw && !passes && is_stream {
            let why = b"a stream, which was not asked for: call streamWithRetry, or set stream: false";
            return Body { of_engine: true, ..Body::unexpected(why, true) };
        }
        if !raw && !passes && self.is_json() && self.json.said().is_empty() {
            return Body { of_engine: true, ..Body::unexpected(b"an answer without choices", false) };
        }
        let says_nothing = matches!(self.form, Form::Page | Form::Nothing);
        let needs_json = match wanted {
            Wanted::Json => true,
            Wanted::Raw => false,
            // A body that was cut off is no text, whatever its type is.
            _ if self.is_json() && self.is_cut => true,
            // For a `fetch` a stream is a stream, whatever its type is.
            Wanted::Passed { .. } if self.form == Form::Events => false,
            _ => self.kind == Kind::Json || matches!(self.kind, Kind::Page | Kind::Unsaid) && says_nothing,
        };
        if !needs_json || self.is_read() || lookup && self.form == Form::Nothing {
            return Body { of_engine: true, ..Body::default() };
        }
        let detail = match self.form {
            Form::Page => Some(page::title(&self.head))
                .filter(|title| !title.is_empty())
                .unwrap_or_else(|| b"HTML".to_vec()),
            Form::Nothing => b"an empty body".to_vec(),
            _ if self.is_json() => b"broken JSON".to_vec(),
            _ => b"no JSON".to_vec(),
        };
        let is_final = self.is_json() && !self.is_cut;
        Body::unexpected(&detail, is_final)
    }

    fn failure(mut self) -> Body {
        if self.is_json() && (self.no_json.is_none() || !self.json.said().words.is_empty()) {
            let mut body = Body::of_failure(&mut self.json);
            if self.no_json.is_some() {
                // What follows the break says something as well.
                body.text = lower(&self.head);
            }
            return body;
        }
        let head = self.head.trim_ascii();
        let (words, detail) = match self.form {
            Form::Page => (page::words(head), page::title(head)),
            _ => (head.to_vec(), head.to_vec()),
        };
        let of_engine = matches!(head, [b'{' | b'[', ..]);
        let is_page = self.form == Form::Page;
        Body { is_error: true, of_engine, is_page, text: lower(&words), detail, ..Body::default() }
    }
}

fn lower(text: &[u8]) -> Vec<u8> {
    text.to_ascii_lowercase()
}

impl Body {
    /// A success that is not what was asked for. `is_final`: another attempt would bring the same.
    pub(super) fn unexpected(why: &[u8], is_final: bool) -> Self {
        Self { unexpected: true, is_final, detail: why.to_vec(), ..Self::default() }
    }

    /// The body of a JSON answer or an event that reports a failure.
    pub fn of_failure(reader: &mut Reader) -> Self {
        let is_final = reader.said().is_job();
        let own = reader.read_quoted();
        let said = reader.said();
        Self {
            of_engine: true,
            is_error: true,
            text: lower(&said.words),
            kind: said.kind.clone(),
            status: said.status(),
            wait: said.wait(),
            until_ms: said.until_ms(),
            estimate: said.estimate().filter(|estimate| *estimate <= super::hint::LONGEST),
            detail: said.words.get(..own).unwrap_or_default().to_vec(),
            is_final,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests;
