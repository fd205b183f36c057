//! Forms of which we know the end alone, so that none of their streams is told as cut that is whole: Cohere
//! (<https://docs.cohere.com/docs/streaming>), DashScope, watsonx, KoboldCpp, Triton, Dify, and what Ollama says of a pull.

use super::{Event, Key, Types, Use, Way, ways};

ways! {
    Finish => Finish,
    Finished => Finished,
    Output.Finish => Finish,
    Output.Choices.Finish => Finish,
    Result.StopReason => Finish,
}

pub(super) const TYPES: Types = &[("message-end", Event::End), ("message_end", Event::End)];
