//! A client: what its calls share, and where they wait.

use super::bindings::Request;
use super::clock;
use super::report::{Row, seen};
use super::seats::{Scope, Seats, Slot};
use crate::core::alert::AlertRule;
use crate::core::breaker;
use crate::core::budget::{self, Credit};
use crate::core::call::{Action, Call, Input};
use crate::core::coordinator::Rules;
use crate::core::limiter;
use crate::core::shared::{News, Shared};
use crate::core::time::{Duration, Instant};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::Waker;

pub(super) struct Client {
    number: u32,
    scope: Scope,
    shared: RefCell<Shared>,
    seats: RefCell<Seats>,
    /// It takes no more calls, and goes with the last of those under way.
    closed: Cell<bool>,
}

/// Where a call may end unseen, whatever it holds is its own for so long without a sign of life.
const LEASE: Duration = Duration::from_secs(5);

thread_local! {
    static CLIENTS: RefCell<Vec<Option<Rc<Client>>>> = const { RefCell::new(Vec::new()) };
    /// The numbers of those that are gone.
    static FREE: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

/// The client with this number.
pub(super) fn numbered(number: u32) -> Option<Rc<Client>> {
    CLIENTS.with_borrow(|clients| clients.get(number as usize).cloned().flatten())
}

/// Its calls under way run to their end.
pub(super) fn close(number: u32) {
    if let Some(client) = numbered(number) {
        client.closed.set(true);
        client.ends();
    }
}

/// Of `numbers`, in the order of `Rule` in `src/ts/core-request.ts`: NaN is the default, and below
/// zero there is none.
pub(super) fn make(numbers: &[f64], seed: u64) -> u32 {
    let number = |at: usize| numbers.get(at).copied().filter(|number| !number.is_nan());
    let whole = |at, default: u32| number(at).map_or(default, |number| number as u32);
    let ms = |at, default| number(at).map_or(default, |ms| Duration::from_ms(ms as u64));
    let is_on = |at| number(at).is_none_or(|number| number >= 0.0);
    let (breaker, budget, places) =
        (breaker::Rule::default(), budget::Rule::default(), limiter::Rule::default());
    let breaker = breaker::Rule {
        failures: whole(0, breaker.failures),
        window: ms(1, breaker.window),
        open: ms(2, breaker.open),
        max_open: ms(3, breaker.max_open),
    };
    let budget = budget::Rule {
        ratio: number(4).map_or(budget.ratio, |ratio| (ratio * 1000.0) as u32),
        burst: whole(5, budget.burst),
    };
    let places =
        limiter::Rule { min: whole(6, places.min), max: whole(7, places.max), queue: whole(8, places.queue) };
    let scope = Scope::numbered(number(12).unwrap_or_default());
    let alert = AlertRule::default();
    let alert = AlertRule {
        per_thousand: number(9).map_or(alert.per_thousand, |ratio| (ratio * 1000.0) as u32),
        min_samples: whole(10, alert.min_samples),
    };
    let rules = Rules {
        breaker: is_on(0).then_some(breaker),
        budget: is_on(4).then_some(budget),
        credit: match number(11) {
            // One in four, by which a fleet at rest still hides half of its errors.
            Some(1.0) => Credit::OneOrNone { one: seed & 3 == 0 },
            _ => Credit::Full,
        },
        lease: (scope != Scope::Process).then_some(LEASE),
    };
    let shared = RefCell::new(Shared::new(rules, places, alert, seed));
    CLIENTS.with_borrow_mut(|clients| {
        let number = FREE.with_borrow_mut(Vec::pop).unwrap_or_else(|| {
            clients.push(None);
            clients.len() as u32 - 1
        });
        let seats = RefCell::new(Seats::of(scope));
        if let Some(place) = clients.get_mut(number as usize) {
            *place = Some(Rc::new(Client { number, scope, shared, seats, closed: Cell::new(false) }));
        }
        number
    })
}

impl Client {
    pub(super) fn scope(&self) -> Scope {
        self.scope
    }

    pub(super) fn sit(&self, request: &Request) -> u32 {
        let seat = self.seats.borrow_mut().take(request);
        request.sits(self.number, seat);
        seat
    }

    pub(super) fn keep(&self, seat: u32, slot: &Slot) {
        self.seats.borrow_mut().keep(seat, slot);
    }

    pub(super) fn leave(&self, seat: u32) {
        self.seats.borrow_mut().leave(seat);
        self.ends();
    }

    /// If it is closed, and nobody is left.
    fn ends(&self) {
        if !self.closed.get() || !self.seats.borrow().is_empty() {
            return;
        }
        let gone = CLIENTS.with_borrow_mut(|clients| clients.get_mut(self.number as usize)?.take());
        if gone.is_some() {
            FREE.with_borrow_mut(|free| free.push(self.number));
        }
    }

    pub(super) fn wake(&self, seat: u32, called: bool) {
        self.seats.borrow_mut().wake(seat, called);
    }

    /// A call says that it is still there, and looks whether it is time for another's turn.
    pub(super) fn tick(self: &Rc<Self>, call: &Call) {
        let now = clock::now();
        let mut shared = self.shared.borrow_mut();
        call.renew(now, &mut shared);
        if shared.due().is_some_and(|due| due <= now) {
            shared.wake(now);
        }
        self.calls(&mut shared);
        drop(shared);
        self.sweep();
    }

    /// Takes away the calls that have ended unseen, and what they hold.
    pub(super) fn sweep(&self) {
        let gone = self.seats.borrow_mut().sweep(clock::now());
        for (seat, slot) in gone {
            let future = slot.try_borrow_mut().ok().and_then(|mut slot| slot.take());
            drop(future);
            self.leave(seat);
        }
    }

    /// This call is taken away before its end.
    pub(super) fn abandon(self: &Rc<Self>, call: &mut Call) {
        let mut shared = self.shared.borrow_mut();
        call.handle(clock::now(), Input::Aborted, &mut shared);
        self.calls(&mut shared);
    }

    /// What the call makes of what happened; whoever else has a turn now is told.
    pub(super) fn handle(
        self: &Rc<Self>,
        call: &mut Call,
        now: Instant,
        input: Input,
        request: &Request,
    ) -> Action {
        let mut shared = self.shared.borrow_mut();
        let action = call.handle(now, input, &mut shared);
        self.calls(&mut shared);
        let mut news = shared.news();
        drop(shared);
        while let Some(one) = news {
            match one {
                News::Breaker { target, state } => request.tell_breaker(target as u32, state as u8),
                News::Alert { target } => request.tell_alert(target as u32),
            }
            news = self.shared.borrow_mut().news();
        }
        action
    }

    pub(super) fn retain(&self, target: usize) {
        self.shared.borrow_mut().retain(target);
    }

    pub(super) fn release(&self, target: usize) {
        self.shared.borrow_mut().release(target);
    }

    /// Another target takes this place. False, if calls use it.
    pub(super) fn replace(&self, target: u32) -> bool {
        self.shared.borrow_mut().replace(target as usize)
    }

    pub(super) fn stats(&self, target: u32) -> Row {
        let now = clock::now();
        self.shared.borrow_mut().seen(now, target as usize).map(|of| seen(now, of)).unwrap_or_default()
    }

    pub(super) fn is_due(self: &Rc<Self>, seat: u32, until: Instant, waker: &Waker) -> bool {
        self.seats.borrow_mut().is_due(seat, until, waker, self)
    }

    pub(super) fn is_up(&self, seat: u32) {
        self.seats.borrow_mut().is_up(seat);
    }

    pub(super) fn rings(self: &Rc<Self>) {
        let mut shared = self.shared.borrow_mut();
        shared.wake(clock::now());
        self.seats.borrow_mut().rings(self);
        self.calls(&mut shared);
    }

    fn calls(self: &Rc<Self>, shared: &mut Shared) {
        let mut seats = self.seats.borrow_mut();
        while let Some(who) = shared.woken() {
            seats.call(who);
        }
        if let Some(due) = shared.due() {
            seats.arm(due, self);
        }
    }
}
