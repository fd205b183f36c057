//! An event stream that a step gives as a body: its bytes as they are, but told apart by event.

use bytes::Bytes;

use crate::body::{Payload, Piece, Run, Stream};

/// So that its events can be counted. What is a stream already, or generated letters, stays.
pub(crate) fn as_stream(payload: Payload) -> Payload {
    match payload {
        Payload::Whole(Run::Bytes(bytes)) => {
            let length = Some(bytes.len() as u64);
            Payload::Stream(Stream { length, ..Stream::new(pieces(bytes).into_iter()) })
        }
        other => other,
    }
}

/// Splits behind blank lines. What has nothing but comments, or no blank line, is no whole event.
pub(super) fn pieces(mut bytes: Bytes) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut has_field = false;
    let mut from = 0;
    while let Some((line, end)) = next_line(&bytes, from) {
        if line.is_empty() {
            let run = Run::Bytes(bytes.split_to(end));
            pieces.push(Piece { run, ends_event: has_field });
            has_field = false;
            from = 0;
        } else {
            has_field |= line[0] != b':';
            from = end;
        }
    }
    if !bytes.is_empty() {
        pieces.push(Piece::part(Run::Bytes(bytes)));
    }
    pieces
}

/// The line that begins there, and where the next one does; none if it has no end.
fn next_line(bytes: &[u8], from: usize) -> Option<(&[u8], usize)> {
    let rest = &bytes[from..];
    let length = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'))?;
    let end = if rest[length..].starts_with(b"\r\n") { 2 } else { 1 };
    Some((&rest[..length], from + length + end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &'static str) -> Vec<(String, bool)> {
        let text_of = |run| match run {
            Run::Bytes(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Run::Generated(_) => String::new(),
        };
        let pieces = pieces(Bytes::from_static(text.as_bytes()));
        pieces.into_iter().map(|piece| (text_of(piece.run), piece.ends_event)).collect()
    }

    #[test]
    fn an_event_ends_with_its_blank_line_whatever_ends_a_line() {
        for end in ["\n", "\r\n", "\r"] {
            let [one, two] = [format!("data: 1{end}{end}"), format!("id: 2{end}data: 2{end}{end}")];
            let text = format!("{one}{two}data: 3{end}");
            let events = split(text.leak());
            let rest = format!("data: 3{end}");
            assert_eq!(events, [(one, true), (two, true), (rest, false)], "{end:?}");
        }
    }

    #[test]
    fn comments_and_blank_lines_are_no_events() {
        let pieces = split(":\n\n\n: x\ndata\n\n");
        let expected = [(":\n\n", false), ("\n", false), (": x\ndata\n\n", true)];
        assert_eq!(pieces, expected.map(|(text, ends)| (text.to_owned(), ends)));
    }
}
