//! Whether and when a call that was refused may go to the target again: the pause after a refusal that names no time, keys
//! that spent their limit, and the retry budget.

use super::Shared;
use super::budget::Budget;
use super::keys::KeyId;
use super::lease::CallId;
use super::target::Cooldown;
use crate::core::backoff::OVERLOADED_BASE;
use crate::core::time::{Duration, Instant};

/// A refusal by a server that answers other calls costs the server nothing: for this long another attempt costs no
/// retry budget.
const FREE_FOR: Duration = Duration::from_secs(5);
/// The longest pause, before jitter, after a refusal that names no time. It is short because the server may refuse only one
/// caller, while all callers wait.
const LONGEST_COOLDOWN: Duration = Duration::from_secs(2);
/// A target that answered another call this recently answers calls all the time. So does one that answered within the time
/// that an answer takes, and one that works on another call.
const ANSWERS: Duration = Duration::from_ms(300);

impl Shared {
    /// The target refused a request that was sent at `started`, and did not say for how long. Returns how long no
    /// call goes there, if the target refuses more than this call.
    pub fn cool_down(
        &mut self,
        now: Instant,
        target: usize,
        call: CallId,
        started: Instant,
    ) -> Option<Duration> {
        let answers = self.worked_within(now, target, ANSWERS.max(self.soon(target)));
        let state = self.targets.get_mut(target)?;
        let answers = answers
            || state.limiter.serves(now)
            || state.pace.answers_some(now)
            || state.refuses_payloads(now);
        let cooldown = state.cooldown.get_or_insert(Cooldown {
            call,
            since: now,
            newest: started,
            until: now,
            backoff: OVERLOADED_BASE.scaled(1, 2),
        });
        let answers = answers || state.worked.is_some_and(|at| at >= cooldown.newest);
        if answers || cooldown.call == call {
            return None;
        }
        // Requests that were sent together are refused together.
        if started >= cooldown.newest {
            cooldown.newest = now;
            cooldown.backoff = cooldown.backoff.scaled(2, 1).min(LONGEST_COOLDOWN);
            cooldown.until =
                cooldown.until.max(now + self.rng.between(cooldown.backoff, cooldown.backoff.scaled(2, 1)));
        }
        state.hold_until = state.hold_until.max(Some(cooldown.until));
        Some(cooldown.until.since(now))
    }

    /// The target refuses this key repeatedly, and answers other keys.
    pub fn refuses_key(&mut self, now: Instant, target: usize, key: KeyId) -> bool {
        self.targets.get_mut(target).is_some_and(|state| state.spent.refused(now, key, state.worked))
    }

    /// Whether another attempt costs no retry budget.
    pub fn is_retry_free(&self, now: Instant, target: usize) -> bool {
        let cooldown = self.targets.get(target).and_then(|state| state.cooldown);
        cooldown.is_some_and(|cooldown| now.since(cooldown.since) < FREE_FOR)
    }

    /// Takes a retry from the budget for an attempt that would be sent after `after`. An open circuit costs nothing.
    pub fn may_retry(&mut self, now: Instant, target: usize, after: Duration) -> bool {
        let Some(state) = self.targets.get_mut(target) else {
            return true;
        };
        let open = state.coordinator.open_for(now).is_some_and(|left| left > after);
        !open && state.coordinator.withdraw()
    }

    /// Whether the budget has a retry for an attempt that would be sent now.
    pub fn can_retry(&self, now: Instant, target: usize) -> bool {
        self.targets.get(target).is_none_or(|state| {
            state.coordinator.open_for(now).is_none()
                && state.coordinator.budget.as_ref().is_none_or(Budget::has_one)
        })
    }
}
