//! What happens in a stream, and what is known about it by then. This stands in for the TypeScript side and for
//! `Events` of `src/web`, which need a platform.

use query_with_retry::core::call::{Input, Lost};
use query_with_retry::core::classify::Body;
use query_with_retry::core::completion::{ChunkFacts, Completion, End};
use query_with_retry::core::deadline::{Progress, Stage};
use query_with_retry::core::time::{Duration, Instant};

/// A step, and how long it comes after the one before. A server does not wait for a reader.
pub(crate) type Timed = (Duration, Step);

#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// A comment, or a part of an event.
    Lives,
    /// Events that hold this. `[DONE]` is the end.
    Says(ChunkFacts),
    /// An event that is an error, or not readable.
    Fails(Body),
    /// The reader asks for nothing for so long, if it has got anything by now.
    Leaves(Duration),
    Closes,
    Breaks,
}

/// When the reader left, and when it comes back.
#[derive(Clone, Copy, Debug)]
struct Away {
    since: Instant,
    until: Instant,
}

/// What is known of a stream.
#[derive(Debug, Default)]
pub(super) struct Stream {
    completion: Completion,
    pub(super) said: Vec<ChunkFacts>,
    pub(super) begun: Option<Instant>,
    heard: bool,
    quiet_since: Option<Instant>,
    away: Option<Away>,
    was_away: Duration,
}

impl Stream {
    pub(super) fn progress(&self, now: Instant) -> Progress {
        let stage = if self.completion.begun() {
            Stage::Begun
        } else if self.heard {
            Stage::Heard
        } else {
            Stage::Headers
        };
        let away = self.away.is_some();
        let quiet_since = self.quiet_since.filter(|_| !away);
        Progress { stage, reached: false, quiet_since, whole: None, away, was_away: self.was_away(now) }
    }

    /// How long the reader has asked for nothing, in all.
    pub(super) fn was_away(&self, now: Instant) -> Duration {
        self.was_away + self.away.map_or(Duration::ZERO, |away| now.since(away.since))
    }

    /// When the reader that is away will be back.
    pub(super) fn back_at(&self) -> Option<Instant> {
        self.away.map(|away| away.until)
    }

    /// The next piece is wanted again.
    pub(super) fn comes_back(&mut self, now: Instant) {
        self.was_away = self.was_away(now);
        self.away = None;
        self.quiet_since = Some(now);
    }

    /// What the loss of the stream means for the call.
    pub(super) fn lost(&self, loss: Input) -> Input {
        loss.unless_complete(self.completion.end() == End::Complete)
    }

    /// What it means for the call, if it is the end.
    pub(super) fn takes(&mut self, now: Instant, step: Step) -> Option<Input> {
        match step {
            Step::Lives => {}
            Step::Says(seen) => {
                self.heard = true;
                self.said.push(seen);
                self.completion.saw(seen);
                if self.completion.begun() {
                    self.begun.get_or_insert(now);
                }
                if seen.done {
                    return Some(Input::Ended(self.completion.end()));
                }
            }
            Step::Fails(body) => return Some(Input::Body(body)),
            Step::Leaves(span) => {
                self.away = self.begun.map(|_| Away { since: now, until: now + span });
                return None; // nothing has come
            }
            Step::Closes => return Some(Input::Ended(self.completion.end())),
            Step::Breaks => return Some(self.lost(Input::NetworkError(Lost::Unsaid))),
        }
        self.quiet_since = Some(now);
        None
    }
}
