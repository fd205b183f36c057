//! The bytes of the wasm as text for `src/ts/wasm/inline.ts`: 9 KB gzip less than as Base64.
//!
//! Base64 shifts bytes against characters, and a compressor finds nothing in it again: 27 % more
//! gzip than the bytes themselves. Here a frequent byte is one character and a rare one two, and
//! the compressed size is nearly that of the bytes.

/// The text begins with a bitmap, in hexadecimal, of the bytes that are one character.
pub(crate) fn printable(bytes: &[u8]) -> String {
    let mut ranked: Vec<u8> = (0..=u8::MAX).collect();
    ranked.sort_by_key(|byte| std::cmp::Reverse(bytes.iter().filter(|other| *other == byte).count()));
    let pairs = ALPHABET.len() - 3; // the last three characters begin a pair: room for all 256
    let is_single = |byte: u8| ranked[..pairs].contains(&byte);
    let bit = |byte: u8| u8::from(is_single(byte));
    let digits =
        (0..=u8::MAX).step_by(4).map(|at| (0..4).fold(0, |digit, place| digit | bit(at + place) << place));
    let mut text: String = digits.map(|digit| format!("{digit:x}")).collect();
    let singles: Vec<u8> = (0..=u8::MAX).filter(|byte| is_single(*byte)).collect();
    for byte in bytes {
        match singles.binary_search(byte) {
            Ok(place) => text.push(char::from(ALPHABET.as_bytes()[place])),
            Err(_) => {
                let byte = usize::from(*byte);
                text.push(char::from(ALPHABET.as_bytes()[pairs + byte / ALPHABET.len()]));
                text.push(char::from(ALPHABET.as_bytes()[byte % ALPHABET.len()]));
            }
        }
    }
    text
}

/// Printable ASCII without what a string in double quotes, or a page, would have to escape.
pub(crate) const ALPHABET: &str =
    " !#%&'()*+,-./0123456789:;=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~";
