//! Images, and whatever else is a list of data, such as embeddings:
//! <https://platform.openai.com/docs/api-reference/images-streaming>.

use super::{Event, Key, Types, Use, Way, ways};

ways! {
    Data => Result,
    Data / all => Result,
    Data.Index => Nothing,
    Data.Object => Nothing,
    Data.Status => Status,
    Result => Result,
    Result / all => Result,
    Result.Error => Nothing,
}

pub(super) const TYPES: Types = &[
    ("image_generation.partial_image", Event::Piece),
    ("image_edit.partial_image", Event::Piece),
    ("image_generation.completed", Event::LastPiece),
    ("image_edit.completed", Event::LastPiece),
];
