//! What a line or an event looks like, where a server leaves out what the standard asks for.

use crate::core::dialect::Reader;

/// The line is no field, but may be JSON; or it is the end of a stream, without its field.
pub(super) fn is_json(line: &[u8]) -> bool {
    match line.trim_ascii() {
        [b'{', ..] | b"[DONE]" => true,
        [b'[', rest @ ..] => matches!(rest.trim_ascii_start(), [] | [b'{', ..]),
        _ => false,
    }
}

/// The line can only be the beginning of a value.
pub(super) fn begins_value(line: &[u8]) -> bool {
    matches!(line.trim_ascii().first(), Some(b'{' | b'[' | b'"' | b'-' | b'0'..=b'9'))
}

/// The data looks complete: its last line is an object, a list, or the end of the stream.
pub(super) fn is_whole(data: &[u8]) -> bool {
    let is_json = |data: &[u8]| {
        let mut reader = Reader::default();
        matches!(data.first(), Some(b'{' | b'[')) && reader.push(data).is_ok() && reader.end().is_ok()
    };
    let last = data.rsplit(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii();
    last == b"[DONE]" || is_json(last) || is_json(data.trim_ascii())
}
