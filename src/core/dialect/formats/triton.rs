//! The generate extension of Triton:
//! <https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_generate.md>. No event of it says
//! that it is the last one.

use super::{Key, Use, Way, ways};

ways! {
    TextOutput => Endless,
}
