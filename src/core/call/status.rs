//! The status of a server whose model is loading, which the leader asks for between its payloads.
//!
//! Once the model is up, a payload costs a generation, and a status costs next to nothing. So the leader asks for the
//! status every second, and sends its payload when the status says that the model is up. No status is trusted
//! unchecked: the first one is asked for right after a loading answer, and must say the same. If a status contradicts a
//! payload, it is not asked for again.

use super::{Call, Context, State};
use crate::core::record::WaitReason;
use crate::core::time::{Duration, Instant};

/// How far apart two statuses are at first, and after [`LATER`].
const EVERY: Duration = Duration::from_secs(1);
const EVERY_LATER: Duration = Duration::from_secs(2);
const LATER: Duration = Duration::from_secs(60);
/// If no status follows a "not yet" for this long, the payload is sent.
const UNANSWERED: Duration = Duration::from_secs(5);
/// After this long a payload checks a status that says "not yet". The default call has 30 s left by then.
const CHECKED: Duration = Duration::from_secs(240);

/// What a status says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// The model is not up yet.
    NotYet,
    /// The model is up.
    Up,
    /// The route does not tell, or takes too long.
    Odd,
    /// There was no answer. At the next cold start there may be one.
    #[default]
    Lost,
}

impl Status {
    /// In the order of `Said` in `src/ts/wasm/protocol.ts`.
    pub const ALL: [Self; 4] = [Self::NotYet, Self::Up, Self::Odd, Self::Lost];
}

/// The statuses of one wait.
#[derive(Clone, Copy, Debug)]
pub struct Asking {
    /// When to ask for the next one.
    pub next: Instant,
    /// When the payload is sent whatever a status says.
    pub latest: Instant,
    /// When the payload is due without a status.
    due: Instant,
    /// The server wants no payload before this time.
    floor: Instant,
}

impl Call {
    /// When to ask for the status next, if the call sleeps until it probes, and its target has one: then say
    /// [`Input::Status`](super::Input::Status).
    pub fn asking(&self) -> Option<Asking> {
        match self.state {
            State::Waiting { wait, .. } if wait.reason == WaitReason::Loading => self.per_target.asking,
            _ => None,
        }
    }

    /// The model is loading. The call probes after `sleep`, and after `longest` at the latest. The server asked for a
    /// wait of `floor`.
    pub(super) fn asks(&mut self, cx: &mut Context<'_>, sleep: Duration, longest: Duration, has_floor: bool) {
        let said = self.per_target.said.take();
        let is_trusted = cx.shared.status(self.target_index(), self.id, said != Some(Status::Up));
        let due = cx.now + sleep;
        self.per_target.asking = (is_trusted && !self.policy.only_warms).then_some(Asking {
            next: cx.now,
            latest: cx.now + longest.min(CHECKED.max(sleep)),
            due,
            floor: if has_floor { due } else { cx.now },
        });
    }

    /// Returns when the payload is due now, if it was due at `until`.
    pub(super) fn on_status(&mut self, cx: &mut Context<'_>, until: Instant, status: Status) -> Instant {
        let Some(asking) = self.per_target.asking.take() else {
            return until;
        };
        let target = self.target_index();
        let before = self.per_target.said.replace(status);
        let was_of_use = match status {
            Status::NotYet | Status::Lost => true,
            Status::Up => before.is_some(),
            Status::Odd => false,
        };
        let leads = cx.shared.status(target, self.id, was_of_use);
        match status {
            Status::NotYet if leads => {
                cx.shared.puts_off(cx.now, target, self.id, self.deadline());
                let waited = self.per_target.cold.map_or(Duration::ZERO, |since| cx.now.since(since));
                let every = if waited < LATER { EVERY } else { EVERY_LATER };
                // Before the floor the answer would change nothing.
                let next = (cx.now + self.rng.between(every.scaled(9, 10), every)).max(asking.floor);
                let until = asking.due.max(next + UNANSWERED).min(asking.latest);
                self.per_target.asking = (next < until).then_some(Asking { next, ..asking });
                until
            }
            Status::Up if leads => asking.floor,
            _ => {
                self.per_target.said = None;
                asking.due
            }
        }
    }
}
