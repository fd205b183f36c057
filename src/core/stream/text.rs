//! The text of all events, joined as UTF-8.

/// U+FFFD in UTF-8.
pub(super) const REPLACEMENT: &[u8] = b"\xef\xbf\xbd";

/// Adds the text of the next event. Servers that cut their text by JavaScript characters send the halves of a
/// surrogate pair in two events, so a first half waits in `half`. A half that stays alone is replaced, as wherever a
/// JavaScript string becomes bytes, and so is the byte that separates texts.
pub(super) fn add(all: &mut Vec<u8>, half: &mut Vec<u8>, text: &[u8]) {
    if text.is_empty() {
        return;
    }
    let joined;
    let mut rest = text;
    if !half.is_empty() {
        half.extend_from_slice(text);
        joined = ::core::mem::take(half);
        rest = &joined;
    }
    while let Some(at) = rest.iter().position(|byte| matches!(*byte, 0xed | super::BETWEEN)) {
        let (plain, from) = rest.split_at(at);
        all.extend_from_slice(plain);
        rest = match from {
            [0xed, 0xa0..=0xaf, _] => {
                half.extend_from_slice(from);
                return;
            }
            [0xed, a @ 0xa0..=0xaf, b, 0xed, c @ 0xb0..=0xbf, d, after @ ..] => {
                let ten = |first: u8, second: u8| u32::from(first & 0xf) << 6 | u32::from(second & 0x3f);
                let character = char::from_u32(0x1_0000 + (ten(*a, *b) << 10) + ten(*c, *d));
                let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
                all.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                after
            }
            [0xed, 0xa0..=0xbf, _, after @ ..] | [super::BETWEEN, after @ ..] => {
                all.extend_from_slice(REPLACEMENT);
                after
            }
            [first, after @ ..] => {
                all.push(*first);
                after
            }
            [] => from,
        };
    }
    all.extend_from_slice(rest);
}
