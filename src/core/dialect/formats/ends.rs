//! Forms of which only the end is known, so that a complete stream is not reported as truncated: Cohere
//! (<https://docs.cohere.com/docs/streaming>), DashScope, watsonx, KoboldCpp, sequences of Triton, Dify, and Ollama's
//! words about a pull.

use super::{Event, Key, Types, Use, Way, ways};

ways! {
    Finish => Finish,
    Delta.Finish => Finish,
    Delta.Error => WordsOfError,
    Finished => Finished,
    Output.Finish => Finish,
    Output.Choices.Finish => Finish,
    Result.StopReason => Finish,
}

pub(super) const TYPES: Types = &[
    ("message-end", Event::End),
    ("message_end", Event::End),
    ("workflow_started", Event::Note),
    ("node_started", Event::Note),
    ("node_finished", Event::Note),
    ("workflow_finished", Event::End),
    ("conversation.response.started", Event::Note),
    ("conversation.response.done", Event::End),
    ("conversation.response.error", Event::Failure),
];
