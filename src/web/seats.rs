//! Where calls wait: one seat each, and one alarm for all of them.
//!
//! A timer a call would be more than half of what a waiting call costs, and there may be ten
//! thousand. A timer only wakes; whether it is time, the clock says.

use super::clock;
use crate::core::time::{Duration, Instant};
use gloo_timers::callback::Timeout;
use std::rc::Rc;
use std::task::Waker;

/// The longest that `setTimeout` takes; above it fires at once (HTML standard, "long").
const LONGEST_TIMER: Duration = Duration::from_ms(i32::MAX as u64);

#[derive(Default)]
pub(super) struct Seats {
    seats: Vec<Option<Seat>>,
    free: Vec<u32>,
    armed: Option<Armed>,
}

struct Seat {
    waker: Option<Waker>,
    until: Instant,
    /// Somebody else says that it is this one's turn.
    called: bool,
}

struct Armed {
    rings: Instant,
    /// Dropping it clears it.
    _timer: Timeout,
}

impl Seats {
    pub(super) fn take(&mut self) -> u32 {
        let seat = Some(Seat { waker: None, until: Instant::from_ms(0), called: false });
        match self.free.pop() {
            Some(id) => {
                if let Some(place) = self.seats.get_mut(id as usize) {
                    *place = seat;
                }
                id
            }
            None => {
                self.seats.push(seat);
                self.seats.len() as u32 - 1
            }
        }
    }

    pub(super) fn leave(&mut self, id: u32) {
        if let Some(place) = self.seats.get_mut(id as usize) {
            *place = None;
            self.free.push(id);
        }
        if self.free.len() == self.seats.len() {
            // Nobody is left: no timer keeps the process alive, and no room is kept for a crowd.
            *self = Self::default();
        }
    }

    /// It is this one's turn.
    pub(super) fn call(&mut self, id: u32) {
        if let Some(Some(seat)) = self.seats.get_mut(id as usize) {
            seat.called = true;
            if let Some(waker) = &seat.waker {
                waker.wake_by_ref();
            }
        }
    }

    /// Whether the wait of this one is over. If not, it will be woken.
    pub(super) fn is_due(&mut self, id: u32, until: Instant, waker: &Waker, ring: &Ring) -> bool {
        let Some(Some(seat)) = self.seats.get_mut(id as usize) else {
            return true; // everybody has one
        };
        if seat.called || clock::now() >= until {
            (seat.called, seat.waker) = (false, None);
            return true;
        }
        seat.until = until;
        if seat.waker.as_ref().is_none_or(|old| !old.will_wake(waker)) {
            seat.waker = Some(waker.clone());
        }
        self.arm(until, ring);
        false
    }

    /// This one has something else to do now.
    pub(super) fn is_up(&mut self, id: u32) {
        if let Some(Some(seat)) = self.seats.get_mut(id as usize) {
            seat.waker = None;
        }
    }

    /// Rings then, or before.
    pub(super) fn arm(&mut self, at: Instant, ring: &Ring) {
        if self.armed.as_ref().is_some_and(|armed| armed.rings <= at) {
            return;
        }
        let now = clock::now();
        let left = at.since(now).min(LONGEST_TIMER);
        let ring = ring.clone();
        let timer = Timeout::new(left.as_ms() as u32, move || {
            ring.rings();
        });
        self.armed = Some(Armed { rings: now + left, _timer: timer });
    }

    /// The alarm has rung: wakes those whose time has come, and is wound again for the others.
    pub(super) fn rings(&mut self, ring: &Ring) {
        self.armed = None;
        let now = clock::now();
        let mut next: Option<Instant> = None;
        for seat in self.seats.iter().flatten() {
            match &seat.waker {
                Some(waker) if seat.until <= now => waker.wake_by_ref(),
                Some(_) => next = Some(next.map_or(seat.until, |next| next.min(seat.until))),
                None => {}
            }
        }
        if let Some(next) = next {
            self.arm(next, ring);
        }
    }
}

/// Whom the alarm tells. It has one only while somebody waits, so nothing holds itself for ever.
pub(super) type Ring = Rc<super::client::Client>;
