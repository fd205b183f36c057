//! Google's interactions, whole and streamed: <https://ai.google.dev/api/interactions-api>. The steps of a whole
//! one are as the output of `/v1/responses`. The older form of a stream has a `content` in the place of a `step`.

use super::{Event, Types};

pub(super) const TYPES: Types =
    &[("interaction.completed", Event::End), ("interaction.complete", Event::End)];
