//! The connections of a target, where the platform has few: which requests may not have been sent at all.

use super::Shared;
use super::connections::Origin;
use crate::core::failure::Phase;
use crate::core::time::{Duration, Instant};
use std::rc::Rc;

impl Shared {
    /// Counts the target's connections with those of an origin, of which the platform has few. [`Origin::next`]
    /// returns `client` when a connection is free; the client then calls [`Self::connect`].
    pub fn belongs(&mut self, target: usize, origin: &Rc<Origin>, client: u32) {
        if let Some(state) = self.targets.get_mut(target) {
            state.connections.belong(origin, client);
        }
    }

    /// A connection may be free for the first call in the queue.
    pub fn connect(&mut self, now: Instant, target: usize) {
        self.dispatch(now, target);
    }

    /// How long the calls to this target have waited for a connection, which says nothing about the target.
    pub fn waited_for_connections(&self, now: Instant, target: usize) -> Duration {
        self.targets.get(target).map_or(Duration::ZERO, |state| state.connections.waited(now))
    }

    /// A request without an answer may wait for a connection inside the platform: see
    /// [`Connections::are_too_few`](super::connections::Connections::are_too_few).
    pub fn waits_in_platform(&self, target: usize) -> bool {
        self.targets.get(target).is_some_and(|state| state.connections.are_too_few())
    }

    /// A request without an answer may never have been sent: other code, such as another tab, uses the few connections
    /// too. That is believed of a target that has never answered this program, and of any where the time to connect
    /// is over and connections are known to be few.
    pub fn may_be_unsent(&self, target: usize, phase: Phase) -> bool {
        self.targets.get(target).is_some_and(|state| {
            let was_warm = state.coordinator.gate.was_warm();
            match phase {
                Phase::Connect if was_warm => state.connections.are_known_few(),
                _ => !was_warm && state.connections.are_few(),
            }
        })
    }
}
