//! Bytes to lines. A line ends with LF, CR or CRLF, even if the pair comes in two pieces.

/// A line without its line end.
pub(super) enum Line<'a> {
    /// The whole line was in the newest piece.
    InPiece(&'a [u8]),
    /// The line began in an earlier piece.
    Joined(Vec<u8>),
}

#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The beginning of a line whose end has not come.
    held: Vec<u8>,
    /// The last piece ended with a CR: an LF at the beginning of the next piece belongs to it.
    after_cr: bool,
}

impl Lines {
    /// Begins a new piece: drops the LF of a CRLF that was cut in two.
    pub(super) fn begin<'a>(&mut self, piece: &'a [u8]) -> &'a [u8] {
        match piece {
            [] => piece,
            [b'\n', rest @ ..] if ::core::mem::take(&mut self.after_cr) => rest,
            _ => {
                self.after_cr = false;
                piece
            }
        }
    }

    /// The next whole line, and the bytes behind it.
    pub(super) fn next<'a>(&mut self, bytes: &'a [u8]) -> Option<(Line<'a>, &'a [u8])> {
        let (line, rest) = bytes.split_at_checked(line_end(bytes)?)?;
        let rest = match rest {
            [b'\r', b'\n', rest @ ..] => rest,
            [b'\r'] => {
                self.after_cr = true;
                &[]
            }
            [_, rest @ ..] => rest,
            [] => return None,
        };
        if self.held.is_empty() {
            return Some((Line::InPiece(line), rest));
        }
        let mut whole = self.take();
        whole.extend_from_slice(line);
        Some((Line::Joined(whole), rest))
    }

    /// Keeps what [`next`](Self::next) left over, and returns everything that is held.
    pub(super) fn hold(&mut self, rest: &[u8]) -> &[u8] {
        self.held.extend_from_slice(rest);
        super::trim(&mut self.held);
        &self.held
    }

    /// How many bytes are allocated.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.held.capacity()
    }

    pub(super) fn begins_with(&self, beginning: &[u8]) -> bool {
        self.held.starts_with(beginning)
    }

    pub(super) fn take(&mut self) -> Vec<u8> {
        ::core::mem::take(&mut self.held)
    }

    /// Reuses the buffer of a finished line for the next one.
    pub(super) fn reuse(&mut self, mut line: Vec<u8>) {
        line.clear();
        self.held = line;
    }
}

const fn repeated(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// The position of the first LF or CR.
///
/// Eight bytes at a time: most of what a stream brings is inspected here and nowhere else.
fn line_end(bytes: &[u8]) -> Option<usize> {
    // The highest bit of each byte that is zero. Above the first such byte, other bits may be set too (Bit Twiddling
    // Hacks, "Determine if a word has a zero byte"), so the lowest bit is exact.
    let zeros = |word: u64| word.wrapping_sub(repeated(1)) & !word & repeated(0x80);
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let found = zeros(word ^ repeated(b'\n')) | zeros(word ^ repeated(b'\r'));
        if found != 0 {
            return Some(index * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let at = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'))?;
    Some(words.len() * 8 + at)
}

#[cfg(test)]
mod tests {
    use super::line_end;

    #[test]
    fn the_first_line_end_is_found_at_every_place_of_a_word() {
        for length in 0..40 {
            for at in 0..length {
                for ending in [b'\n', b'\r'] {
                    let mut bytes = vec![0x0b; length];
                    bytes[at] = ending;
                    bytes[length - 1] = b'\n';
                    assert_eq!(line_end(&bytes), Some(at), "{length} {at}");
                }
            }
            assert_eq!(line_end(&vec![0x8a; length]), None);
        }
    }
}
