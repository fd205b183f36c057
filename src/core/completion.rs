//! Whether a stream has begun and whether it is complete, by what its events said.
//!
//! The [`dialect`](super::dialect) reads an event; this module concludes from it. A stream is complete once an event
//! said so: a `finish_reason`, a final `generated_text`, `response.completed`, or `[DONE]` after content. A closed
//! connection says nothing, because proxies close it too.

/// What the events of one chunk hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChunkFacts {
    /// What a reader waits for: text, reasoning, a piece of a tool call, or an event of an unknown format. Not a
    /// role, a usage or a `response.created`, which are sent before any work.
    pub content: bool,
    /// The model says that it has finished.
    pub finish: bool,
    /// `[DONE]`.
    pub done: bool,
}

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// An event said that the answer is complete.
    Complete,
    /// Nothing said that the stream is complete.
    Truncated,
    /// `[DONE]` with nothing before it: a generation ends so that failed before its first token.
    Empty,
}

/// What the events of a stream have said so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Completion(ChunkFacts);

impl Completion {
    /// Adds what one chunk holds. Nothing that was seen is forgotten.
    pub fn saw(&mut self, seen: ChunkFacts) {
        self.0.content |= seen.content;
        self.0.finish |= seen.finish;
        self.0.done |= seen.done;
    }

    /// Whether all answers that have begun are at their end.
    pub fn finishes(&mut self, all: bool) {
        self.0.finish = all;
    }

    /// Something can be handed over. What came before it was held back, so that the call could still be retried.
    pub fn begun(self) -> bool {
        self.0.content || self.0.finish
    }

    /// Something of the answer itself has come.
    pub fn has_content(self) -> bool {
        self.0.content
    }

    /// How the stream ended, if it ends now.
    pub fn end(self) -> End {
        match self.0 {
            ChunkFacts { finish: true, .. } | ChunkFacts { content: true, done: true, .. } => End::Complete,
            ChunkFacts { done: true, .. } => End::Empty,
            _ => End::Truncated,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: ChunkFacts = ChunkFacts { content: false, finish: false, done: false };
    const CONTENT: ChunkFacts = ChunkFacts { content: true, ..NOTHING };
    const FINISH: ChunkFacts = ChunkFacts { finish: true, ..NOTHING };
    const DONE: ChunkFacts = ChunkFacts { done: true, ..NOTHING };

    fn after(all: &[ChunkFacts]) -> Completion {
        let mut completion = Completion::default();
        all.iter().for_each(|seen| completion.saw(*seen));
        completion
    }

    #[test]
    fn a_stream_is_complete_once_an_event_says_so() {
        assert_eq!(after(&[CONTENT, FINISH, DONE]).end(), End::Complete);
        assert_eq!(after(&[CONTENT, FINISH]).end(), End::Complete);
        assert_eq!(after(&[CONTENT, DONE]).end(), End::Complete);
        assert_eq!(after(&[FINISH]).end(), End::Complete);
    }

    #[test]
    fn an_end_without_such_an_event_is_a_truncation() {
        assert_eq!(after(&[]).end(), End::Truncated);
        assert_eq!(after(&[NOTHING]).end(), End::Truncated);
        assert_eq!(after(&[CONTENT, CONTENT]).end(), End::Truncated);
    }

    #[test]
    fn done_with_nothing_before_it_is_no_answer() {
        assert_eq!(after(&[DONE]).end(), End::Empty);
        assert_eq!(after(&[NOTHING, DONE]).end(), End::Empty);
    }

    #[test]
    fn a_stream_begins_with_what_a_reader_waits_for() {
        assert!(!after(&[NOTHING, DONE]).begun());
        assert!(after(&[NOTHING, CONTENT]).begun());
        assert!(after(&[FINISH]).begun());
    }
}
