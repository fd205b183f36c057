//! The waiting calls of a client, by number.
//!
//! In a process one timer serves all of them. A timer for each would be more than half of what a waiting call costs,
//! and there may be ten thousand. A timer only wakes; the clock says whether the time has come. In Workers each call
//! has a timer of its own: see [`scope`](super::scope).

use super::bindings::Request;
use super::clock;
use super::scope::Scope;
use crate::core::time::{Duration, Instant};
use gloo_timers::callback::Timeout;
use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Waker;

/// The longest time that `setTimeout` takes. A longer one fires at once (HTML standard, "long").
const LONGEST_TIMER: Duration = Duration::from_ms(i32::MAX as u64);

/// A call that was not polled in this many sweeps has ended unseen, because its own timer would have polled it many
/// times. Sweeps are counted and not time, because a suspended isolate misses time but no sweep.
const MISSED: u8 = 3;
const BETWEEN_SWEEPS: Duration = Duration::from_secs(5);

/// The future of one call, so that a sweep can drop it although nothing polls it any more.
pub(super) type Slot = Rc<RefCell<Option<Pin<Box<dyn Future<Output = ()>>>>>>;

/// The owner of the timer. The reference cycle lasts only while a call is waiting.
pub(super) trait TimerTarget: 'static {
    /// The timer has fired. The owner calls [`Waiters::wake_due`].
    fn on_timer(self: &Rc<Self>);
}

#[derive(Default)]
pub(super) struct Waiters {
    scope: Scope,
    entries: Vec<Option<Entry>>,
    free: Vec<u32>,
    timer: Option<Timer>,
    swept: Option<Instant>,
}

struct Entry {
    waker: Option<Waker>,
    until: Instant,
    /// Another call says that it is this call's turn.
    called: bool,
    /// Sweeps since the call was polled.
    missed: u8,
    /// The request to tell and the future to drop, if calls may end unseen.
    request: Option<Request>,
    slot: Option<Slot>,
}

struct Timer {
    at: Instant,
    /// Dropping it clears the timer.
    _timer: Timeout,
}

impl Waiters {
    pub(super) fn of(scope: Scope) -> Self {
        Self { scope, ..Self::default() }
    }

    pub(super) fn register(&mut self, request: &Request) -> u32 {
        let request = (self.scope != Scope::Process).then(|| request.again());
        let entry = Some(Entry {
            waker: None,
            until: Instant::from_ms(0),
            called: false,
            missed: 0,
            request,
            slot: None,
        });
        match self.free.pop() {
            Some(id) => {
                if let Some(place) = self.entries.get_mut(id as usize) {
                    *place = entry;
                }
                id
            }
            None => {
                self.entries.push(entry);
                self.entries.len() as u32 - 1
            }
        }
    }

    /// Keeps the future of the call for a sweep to drop.
    pub(super) fn keep(&mut self, id: u32, slot: &Slot) {
        if let Some(entry) = self.at(id) {
            entry.slot = entry.request.is_some().then(|| slot.clone());
        }
    }

    pub(super) fn unregister(&mut self, id: u32) {
        if let Some(place) = self.entries.get_mut(id as usize)
            && place.take().is_some()
        {
            self.free.push(id);
        }
        if self.is_empty() {
            // No call is left: no timer keeps the process alive, and the memory of a long queue is freed.
            *self = Self { scope: self.scope, swept: self.swept, ..Self::default() };
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.free.len() == self.entries.len()
    }

    fn at(&mut self, id: u32) -> Option<&mut Entry> {
        self.entries.get_mut(id as usize)?.as_mut()
    }

    /// It is this call's turn, because of what another call did.
    pub(super) fn grant_turn(&mut self, id: u32) {
        let scope = self.scope;
        if let Some(entry) = self.at(id) {
            entry.called = true;
            // In a Worker the call's own timer reads the flag.
            if let (Scope::Process, Some(waker)) = (scope, &entry.waker) {
                waker.wake_by_ref();
            }
        }
    }

    /// Something has happened to this call, in its own turn of the event loop.
    pub(super) fn wake(&mut self, id: u32, called: bool) {
        if let Some(entry) = self.at(id) {
            entry.called |= called;
            if let Some(waker) = &entry.waker {
                waker.wake_by_ref();
            }
        }
    }

    /// Whether the wait of the call is over. If not, the call will be woken.
    pub(super) fn is_due(
        &mut self,
        id: u32,
        until: Instant,
        waker: &Waker,
        target: &Rc<impl TimerTarget>,
    ) -> bool {
        let Some(entry) = self.at(id) else {
            return true; // every call has an entry
        };
        entry.missed = 0;
        if entry.called || clock::now() >= until {
            (entry.called, entry.waker) = (false, None);
            return true;
        }
        entry.until = until;
        if entry.waker.as_ref().is_none_or(|old| !old.will_wake(waker)) {
            entry.waker = Some(waker.clone());
        }
        self.arm(until, target);
        false
    }

    /// The call has something else to do now.
    pub(super) fn stop_waiting(&mut self, id: u32) {
        if let Some(entry) = self.at(id) {
            entry.waker = None;
        }
    }

    /// Arms the timer for `at`, unless it fires earlier already.
    pub(super) fn arm(&mut self, at: Instant, target: &Rc<impl TimerTarget>) {
        let is_early_enough = self.timer.as_ref().is_some_and(|timer| timer.at <= at);
        if is_early_enough || self.scope != Scope::Process {
            return;
        }
        let now = clock::now();
        let left = at.since(now).min(LONGEST_TIMER);
        let target = target.clone();
        let timer = Timeout::new(left.as_ms() as u32, move || {
            target.on_timer();
        });
        self.timer = Some(Timer { at: now + left, _timer: timer });
    }

    /// The timer has fired: wakes the calls whose time has come, and arms the timer for the others.
    pub(super) fn wake_due(&mut self, target: &Rc<impl TimerTarget>) {
        if self.scope != Scope::Process {
            return; // whoever has called may not poll the calls of other requests
        }
        self.timer = None;
        let now = clock::now();
        let mut next: Option<Instant> = None;
        for entry in self.entries.iter().flatten() {
            match &entry.waker {
                Some(waker) if entry.until <= now => waker.wake_by_ref(),
                Some(_) => next = Some(next.map_or(entry.until, |next| next.min(entry.until))),
                None => {}
            }
        }
        if let Some(next) = next {
            self.arm(next, target);
        }
    }

    /// Removes the calls that have ended unseen, and returns their futures to drop.
    pub(super) fn sweep(&mut self, now: Instant) -> Vec<(u32, Slot)> {
        let soon = self.swept.is_some_and(|swept| now.since(swept) < BETWEEN_SWEEPS);
        if soon || self.scope == Scope::Process {
            return Vec::new();
        }
        self.swept = Some(now);
        let mut gone = Vec::new();
        for (id, entry) in (0..).zip(&mut self.entries) {
            let Some(entry) = entry else { continue };
            entry.missed = entry.missed.saturating_add(1);
            if entry.missed > MISSED
                && let Some(slot) = entry.slot.take()
            {
                if let Some(request) = &entry.request {
                    request.vanish();
                }
                gone.push((id, slot));
            }
        }
        gone
    }
}
