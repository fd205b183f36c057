//! The clock, and the waits on it. This stands in for `Attempt` and `Waiter` of `src/web`, which need a platform.

use super::stream::{Stream, Timed};
use super::{Reply, ms};
use query_with_retry::core::call::{Input, Lost};
use query_with_retry::core::deadline::{Clocks, Progress, Stage};
use query_with_retry::core::failure::Phase;
use query_with_retry::core::time::{Duration, Instant};

pub(super) struct Clock {
    pub(super) now: Instant,
    pub(super) late: Duration,
    pub(super) aborts: Option<Instant>,
}

/// The clocks of an attempt. They are checked when it begins to wait, and at the time that the last check found, as
/// `Attempt` of `src/web` does. Here what has come is seen at once, so no recheck is needed.
struct Watch {
    clocks: Clocks,
    next_check: Instant,
}

impl Watch {
    fn new(clocks: Clocks, now: Instant, stage: Stage) -> Self {
        let progress = Progress { stage, ..Progress::default() };
        Self { clocks, next_check: clocks.next_check(now, progress) }
    }

    /// The clock that has run out, if one has.
    fn check(&mut self, now: Instant, progress: Progress) -> Option<Phase> {
        let (until, phase) = self.clocks.next(now, progress);
        self.next_check = self.clocks.next_check(now, progress);
        (now >= until).then_some(phase)
    }
}

impl Clock {
    /// A clock of the attempt or the abort, if it comes before `at` of the server.
    fn first(
        &mut self,
        watch: &mut Watch,
        progress: impl Fn(Instant) -> Progress,
        at: Option<Instant>,
    ) -> Option<Input> {
        loop {
            let rings = self.now.max(watch.next_check + self.late);
            let at = at.filter(|at| *at <= rings);
            let then = at.unwrap_or(rings);
            if let Some(aborts) = self.aborts.filter(|aborts| *aborts <= then) {
                self.now = self.now.max(aborts);
                return Some(Input::Aborted);
            }
            self.now = then;
            if at.is_some() {
                return None;
            }
            if let Some(phase) = watch.check(self.now, progress(self.now)) {
                return Some(Input::TimedOut(phase));
            }
        }
    }

    pub(super) fn head(&mut self, clocks: Clocks, reply: &Reply) -> Input {
        let (after, input) = match reply {
            Reply::Answers { head, head_after, .. }
            | Reply::Drips { head, head_after, .. }
            | Reply::Breaks { head, head_after, .. }
            | Reply::Streams { head, head_after, .. } => (Some(*head_after), Input::Head(*head)),
            Reply::Resets { after } => (Some(*after), Input::NetworkError(Lost::Unsaid)),
            Reply::Refuses { after } => (Some(*after), Input::NetworkError(Lost::Refused)),
            Reply::Silence => (None, Input::NetworkError(Lost::Unsaid)),
        };
        let at = after.map(|after| self.now + after);
        let mut watch = Watch::new(clocks, self.now, Stage::Sent);
        self.first(&mut watch, |_| Progress::default(), at).unwrap_or(input)
    }

    pub(super) fn body(&mut self, clocks: Clocks, reply: Reply, limit: Option<u32>) -> Input {
        let mut progress = Progress { stage: Stage::Headers, ..Progress::default() };
        let mut watch = Watch::new(clocks, self.now, progress.stage);
        match reply {
            Reply::Answers { body, body_after, .. } => {
                let at = self.now + body_after;
                self.first(&mut watch, |_| progress, Some(at)).unwrap_or(Input::Body(body))
            }
            Reply::Breaks { body_after, .. } => {
                let at = self.now + body_after;
                self.first(&mut watch, |_| progress, Some(at)).unwrap_or(Input::NetworkError(Lost::Unsaid))
            }
            Reply::Drips { body, every, .. } => loop {
                let at = self.now + every.max(ms(1));
                match self.first(&mut watch, |_| progress, Some(at)) {
                    None => {
                        let quiet_since = Some(self.now);
                        progress = Progress { stage: Stage::Heard, quiet_since, ..progress };
                    }
                    // An error body that was cut has still said something.
                    Some(Input::TimedOut(_)) if limit.is_some() && progress.quiet_since.is_some() => {
                        return Input::Body(body);
                    }
                    Some(lost) => return lost,
                }
            },
            Reply::Streams { .. } => panic!("a stream is not read as a whole"),
            Reply::Resets { .. } | Reply::Refuses { .. } | Reply::Silence => {
                panic!("a reply without a head has no body")
            }
        }
    }

    pub(super) fn stream(
        &mut self,
        clocks: Clocks,
        stream: &mut Stream,
        steps: Vec<Timed>,
        then: Option<Timed>,
    ) -> Input {
        let mut watch = Watch::new(clocks, self.now, Stage::Headers);
        let again = then.map(|(every, step)| (every.max(ms(1)), step));
        let mut steps = steps.into_iter().chain(again.into_iter().cycle());
        let mut sent = self.now;
        let mut next = steps.next();
        loop {
            let at = match (stream.back_at(), &next) {
                (Some(back_at), _) => Some(back_at),
                // What was sent while the reader was away is here when it comes back.
                (None, Some((after, _))) => Some(self.now.max(sent + *after)),
                (None, None) => None,
            };
            match self.first(&mut watch, |now| stream.progress(now), at) {
                None => {}
                Some(Input::TimedOut(phase)) => return stream.lost(Input::TimedOut(phase)),
                Some(aborted) => return aborted,
            }
            if stream.back_at().is_some() {
                stream.comes_back(self.now);
            } else if let Some((after, step)) = std::mem::replace(&mut next, steps.next()) {
                sent = sent + after;
                if let Some(end) = stream.takes(self.now, step) {
                    return end;
                }
            }
        }
    }

    pub(super) fn sleep(&mut self, until: Instant) -> Input {
        let rings = until + self.late;
        match self.aborts.filter(|aborts| *aborts <= rings) {
            Some(aborts) => {
                self.now = self.now.max(aborts);
                Input::Aborted
            }
            None => {
                self.now = rings;
                Input::Woke
            }
        }
    }
}
