//! `/completion` of llama.cpp's server: <https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md>.

use super::{Part, ways};

ways! {
    Content => Text,
    Stop => Done,
}

pub(super) fn part(way: u64) -> Option<Part> {
    at(way)
}
