//! What the first bytes say about a body that should be a stream. Content types are wrong at times, but a page is no
//! stream, and neither is a text without any sign of one.

use crate::core::body::{Form, HEAD_LIMIT, Kind, page};
use crate::core::classify::Body;

#[derive(Debug)]
pub(super) struct Head {
    kind: Kind,
    form: Form,
    /// The bytes, as long as the body may not be a stream.
    bytes: Vec<u8>,
}

impl Head {
    pub(super) fn new(kind: Kind) -> Self {
        Self { kind, form: Form::Nothing, bytes: Vec::new() }
    }

    /// Takes the next bytes, and returns what the body is so far.
    pub(super) fn push(&mut self, piece: &[u8]) -> Form {
        if !matches!(self.form, Form::Events | Form::Json) {
            let piece = if self.bytes.is_empty() { piece.trim_ascii_start() } else { piece };
            let room = HEAD_LIMIT.saturating_sub(self.bytes.len());
            self.bytes.extend_from_slice(piece.get(..room).unwrap_or(piece));
            self.inspect(false);
        }
        self.form
    }

    /// No more will come.
    pub(super) fn end(&mut self) -> Form {
        self.inspect(true);
        self.form
    }

    fn inspect(&mut self, is_all: bool) {
        if self.form != Form::Nothing {
            return;
        }
        let may_be_any = matches!(self.kind, Kind::Json | Kind::Lines);
        let is_open = matches!(self.bytes.first(), Some(b'{' | b'[' | 0xef));
        self.form = match Form::of(&self.bytes, is_all) {
            Form::Json if !may_be_any && !is_open => Form::Other,
            // The stream may begin with an unknown field.
            Form::Other if self.kind == Kind::Events => Form::Events,
            form => form,
        };
        if matches!(self.form, Form::Events | Form::Json) {
            self.bytes = Vec::new();
        }
    }

    /// Any line may be a value, not only a line that does not look like a field.
    pub(super) fn is_json(&self) -> bool {
        self.form == Form::Json && matches!(self.kind, Kind::Json | Kind::Lines)
    }

    /// No more is kept.
    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() == HEAD_LIMIT
    }

    /// The body that is no stream.
    pub(super) fn body(&self) -> Body {
        let is_page = self.form == Form::Page;
        let why = if is_page { page::title(&self.bytes) } else { self.bytes.clone() };
        // A page comes from a proxy, and is temporary.
        Body::unexpected(&why, !is_page)
    }
}
