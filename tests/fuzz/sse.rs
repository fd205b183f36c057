//! Any bytes, cut anywhere: no panic, the same events as whole, and those of the naive decoder.

#![no_main]

use libfuzzer_sys::fuzz_target;

mod cut;
#[path = "../native/streams/decoded.rs"]
mod decoded;
#[path = "../native/streams/reference.rs"]
mod reference;

use cut::cut;
use decoded::Decoded;

fuzz_target!(|input: &[u8]| {
    let Some((lengths, stream)) = cut::parts(input) else { return };
    let whole = Decoded::of([stream]);
    assert_eq!(Decoded::of(cut(stream, lengths)), whole);
    // The reference reads no JSON that is deeper than 128, and says late that an escape is none.
    let nested = stream.iter().filter(|byte| matches!(byte, b'[' | b'{')).count();
    if nested < 128 && !stream.windows(2).any(|two| two == b"\\u") {
        let reference = reference::decode(stream);
        assert!(whole.agrees_with(&reference), "{whole:?}, but {reference:?}");
    }
    // An id is lent to any number of events, and counts for none.
    let handed: usize = whole.events.iter().map(|event| event.data.len() + event.name.len()).sum();
    assert!(handed <= stream.len(), "{handed} of {}", stream.len());
});
