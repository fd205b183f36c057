//! A slow decoder that is plain to read: the text of the [WHATWG HTML standard, section 9.2.6], the
//! forms beyond it, and the rule for the end. The whole stream is decoded first, then read by
//! characters.
//!
//! [WHATWG HTML standard, section 9.2.6]: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation

use query_with_retry::core::sse::Form;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) data: String,
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) form: Form,
}

#[derive(Debug, Default)]
pub(crate) struct Reference {
    pub(crate) messages: Vec<Message>,
    pub(crate) retry_ms: Option<u64>,
    data: String,
    /// Lines of JSON whose end has not come.
    bare: String,
    event_type: String,
    last_event_id: String,
}

/// All that the stream says, its end included.
pub(crate) fn decode(stream: &[u8]) -> Reference {
    let text = String::from_utf8_lossy(stream);
    let (lines, unfinished) = lines(text.strip_prefix('\u{feff}').unwrap_or(&text));
    let mut reference = Reference::default();
    for line in lines {
        reference.line(&line);
    }
    if unfinished.starts_with("data") && reference.bare.is_empty() {
        reference.line(&unfinished);
    }
    if !reference.data.is_empty() {
        if is_whole(reference.data.strip_suffix('\n').expect("each line has one")) {
            reference.dispatch();
        }
        reference.data.clear();
        return reference;
    }
    let bare = !reference.bare.is_empty() || is_json(&unfinished) || unfinished.starts_with("error:");
    if bare && unfinished.trim_end_matches([' ', '\t', '\x0c']).ends_with(['}', ']']) {
        reference.line(&unfinished);
    }
    reference
}

/// The lines that have an end, and what is behind the last one.
fn lines(text: &str) -> (Vec<String>, String) {
    let (mut lines, mut line) = (Vec::new(), String::new());
    let mut before = None;
    for character in text.chars() {
        match character {
            '\n' if before == Some('\r') => {}
            '\n' | '\r' => lines.push(std::mem::take(&mut line)),
            _ => line.push(character),
        }
        before = Some(character);
    }
    (lines, line)
}

impl Reference {
    fn line(&mut self, line: &str) {
        if !self.bare.is_empty() || (self.data.is_empty() && is_json(line)) {
            self.more_json(line);
        } else if line.is_empty() {
            self.dispatch();
        } else if let Some((field, value)) = line.split_once(':') {
            self.field(field, value.strip_prefix(' ').unwrap_or(value));
        } else {
            self.field(line, "");
        }
    }

    fn more_json(&mut self, line: &str) {
        let between = if self.bare.is_empty() { "" } else { "\n" };
        let before = std::mem::take(&mut self.bare);
        let whole = format!("{before}{between}{line}");
        let is_cut = serde_json::from_str::<serde_json::Value>(&whole).is_err_and(|error| error.is_eof());
        if is_cut {
            self.bare = whole;
        } else {
            self.message(&whole, Form::BareJson);
        }
    }

    /// The line of a comment has the empty field name, which is ignored as unknown ones are.
    fn field(&mut self, field: &str, value: &str) {
        match field {
            "event" => self.event_type = value.to_owned(),
            "data" => self.data += &format!("{value}\n"),
            "id" if !value.contains('\0') => self.last_event_id = value.to_owned(),
            "retry" if !value.is_empty() && value.chars().all(|digit| digit.is_ascii_digit()) => {
                // The one thing that is wrong with digits alone is that they are too many.
                self.retry_ms = Some(value.parse().unwrap_or(u64::MAX));
            }
            "error" if self.data.is_empty() => self.message(value, Form::ErrorField),
            _ => {}
        }
    }

    /// The buffer of an event with data is never empty: each line adds a line feed to it.
    fn dispatch(&mut self) {
        let buffer = std::mem::take(&mut self.data);
        if let Some(data) = buffer.strip_suffix('\n') {
            self.message(data, Form::Standard);
        }
        self.event_type.clear();
    }

    fn message(&mut self, data: &str, form: Form) {
        self.messages.push(Message {
            data: data.to_owned(),
            name: std::mem::take(&mut self.event_type),
            id: self.last_event_id.clone(),
            form,
        });
    }
}

/// Whether a line that is no field may be JSON, or the last word of a stream.
fn is_json(line: &str) -> bool {
    let white = [' ', '\t', '\x0c'];
    let line = line.trim_matches(white);
    let inner = line.strip_prefix('[').map(|rest| rest.trim_start_matches(white));
    line.starts_with('{')
        || line == "[DONE]"
        || inner.is_some_and(|rest| rest.is_empty() || rest.starts_with('{'))
}

/// Whether the last line of the data of an unfinished event is an object, a list, or the last word.
fn is_whole(data: &str) -> bool {
    let white = [' ', '\t', '\n', '\r', '\x0c'];
    let is_list =
        |data: &str| data.starts_with(['{', '[']) && serde_json::from_str::<serde_json::Value>(data).is_ok();
    let last = data.rsplit('\n').next().unwrap_or_default().trim_matches(white);
    last == "[DONE]" || is_list(last) || is_list(data.trim_matches(white))
}
