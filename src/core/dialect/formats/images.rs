//! Images, and whatever else is a list of data, such as embeddings:
//! <https://platform.openai.com/docs/api-reference/images-streaming>.

use super::{Event, Part, Types, below, ways};
use crate::core::dialect::keys::{Key, way};

ways! {
    Embedding => Result,
    Data.Object => Nothing,
    Data.Index => Nothing,
}

const DATA: u64 = way(&[Key::Data]);
const RESULT: u64 = way(&[Key::Result]);

pub(super) fn part(way: u64, depth: usize) -> Option<Part> {
    let of = |through| way == through || below(way, depth, through, 1);
    at(way).or((of(DATA) || of(RESULT)).then_some(Part::Result))
}

pub(super) const TYPES: Types = &[
    ("image_generation.partial_image", Event::Piece),
    ("image_edit.partial_image", Event::Piece),
    ("image_generation.completed", Event::LastPiece),
    ("image_edit.completed", Event::LastPiece),
];
