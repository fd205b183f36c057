//! A client: what its calls share, and which of them wait.

use super::bindings::{Carrier, Request};
use super::clock;
use super::origins;
use super::report::{Row, encode_stats};
use super::scope::Scope;
use super::waiters::{Slot, TimerTarget, Waiters};
use crate::core::admission::fleet::{Message, Reply};
use crate::core::admission::{Event, Shared};
use crate::core::call::{Action, Call, Input};
use crate::core::time::Instant;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::Waker;

pub(super) struct Client {
    number: u32,
    scope: Scope,
    shared: RefCell<Shared>,
    waiters: RefCell<Waiters>,
    /// Takes the messages to the engine of a fleet.
    carrier: Carrier,
    /// The call that has begun the last exchange, and the target that it is about, if the exchange may end with the call.
    carried: Cell<Option<(u32, usize)>>,
    /// The client takes no more calls, and goes with the last call in flight.
    closed: Cell<bool>,
}

thread_local! {
    static CLIENTS: RefCell<Vec<Option<Rc<Client>>>> = const { RefCell::new(Vec::new()) };
    /// The numbers of closed clients.
    static FREE: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

/// The client with this number.
pub(super) fn numbered(number: u32) -> Option<Rc<Client>> {
    CLIENTS.with_borrow(|clients| clients.get(number as usize).cloned().flatten())
}

/// Closes a client. Its calls in flight run to their end.
pub(super) fn close(number: u32) {
    if let Some(client) = numbered(number) {
        client.closed.set(true);
        client.ends();
    }
}

/// Makes a client without calls and returns its number.
pub(super) fn make(scope: Scope, shared: Shared, carrier: Carrier) -> u32 {
    let shared = RefCell::new(shared);
    CLIENTS.with_borrow_mut(|clients| {
        let number = FREE.with_borrow_mut(Vec::pop).unwrap_or_else(|| {
            clients.push(None);
            clients.len() as u32 - 1
        });
        let waiters = RefCell::new(Waiters::of(scope));
        if let Some(place) = clients.get_mut(number as usize) {
            let (carried, closed) = (Cell::new(None), Cell::new(false));
            *place = Some(Rc::new(Client { number, scope, shared, waiters, carrier, carried, closed }));
        }
        number
    })
}

impl Client {
    pub(super) fn scope(&self) -> Scope {
        self.scope
    }

    pub(super) fn register(&self, request: &Request) -> u32 {
        let id = self.waiters.borrow_mut().register(request);
        request.sits(self.number, id);
        id
    }

    pub(super) fn keep(&self, id: u32, slot: &Slot) {
        self.waiters.borrow_mut().keep(id, slot);
    }

    pub(super) fn unregister(self: &Rc<Self>, id: u32) {
        self.waiters.borrow_mut().unregister(id);
        if let Some((_, target)) = self.carried.get().filter(|(by, _)| *by == id) {
            self.carried.set(None); // another call may get its number
            self.shared.borrow_mut().loses(clock::now(), target);
        }
        // The last call may leave something to tell.
        self.exchanges();
        self.ends();
    }

    /// Frees the number of a closed client without calls.
    fn ends(&self) {
        if !self.closed.get() || !self.waiters.borrow().is_empty() {
            return;
        }
        let gone = CLIENTS.with_borrow_mut(|clients| clients.get_mut(self.number as usize)?.take());
        if gone.is_some() {
            FREE.with_borrow_mut(|free| free.push(self.number));
        }
    }

    pub(super) fn wake(&self, id: u32, called: bool) {
        self.waiters.borrow_mut().wake(id, called);
    }

    /// The call is alive. Calls whose turn has come are woken.
    pub(super) fn tick(self: &Rc<Self>, call: &Call) {
        let now = clock::now();
        let mut shared = self.shared.borrow_mut();
        call.renew(now, &mut shared);
        if shared.due().is_some_and(|due| due <= now) {
            shared.wake(now);
        }
        self.calls(&mut shared, Some(call.id()));
        drop(shared);
        origins::pass_on();
        self.sweep();
    }

    /// Removes the calls that have ended unseen, and what they hold.
    pub(super) fn sweep(self: &Rc<Self>) {
        let gone = self.waiters.borrow_mut().sweep(clock::now());
        for (id, slot) in gone {
            let future = slot.try_borrow_mut().ok().and_then(|mut slot| slot.take());
            drop(future);
            self.unregister(id);
        }
    }

    /// The call is dropped before its end.
    pub(super) fn abandon(self: &Rc<Self>, call: &mut Call) {
        let mut shared = self.shared.borrow_mut();
        call.handle(clock::now(), Input::Aborted, &mut shared);
        self.calls(&mut shared, None);
        drop(shared);
        origins::pass_on();
    }

    /// Hands an input to the call, and wakes the calls whose turn it is now.
    pub(super) fn handle(self: &Rc<Self>, call: &mut Call, now: Instant, input: Input) -> Action {
        let mut shared = self.shared.borrow_mut();
        let action = call.handle(now, input, &mut shared);
        let goes_on = match action {
            Action::Deliver => shared.has_news(),
            Action::Abandon => false,
            _ => true,
        };
        self.calls(&mut shared, goes_on.then_some(call.id()));
        drop(shared);
        origins::pass_on();
        action
    }

    /// A connection may be free for the first queued call of this target.
    pub(super) fn connect(self: &Rc<Self>, now: Instant, target: usize) {
        let mut shared = self.shared.borrow_mut();
        shared.connect(now, target);
        self.calls(&mut shared, None);
    }

    /// The next event that was not reported yet. One at a time, because its listener may call the client.
    pub(super) fn next_event(&self) -> Option<Event> {
        self.shared.borrow_mut().next_event()
    }

    /// `origin` is the number of the origin, if its connections are few.
    pub(super) fn retain(&self, target: usize, origin: Option<usize>) {
        let mut shared = self.shared.borrow_mut();
        shared.retain(target);
        if let Some(origin) = origin {
            shared.belongs(target, &origins::numbered(origin), self.number);
        }
    }

    pub(super) fn release(&self, target: usize) {
        self.shared.borrow_mut().release(target);
    }

    /// Gives the slot to another target. Returns false if calls still use it.
    pub(super) fn replace(&self, target: u32) -> bool {
        self.shared.borrow_mut().replace(target as usize)
    }

    pub(super) fn stats(&self, target: u32) -> Row {
        let now = clock::now();
        self.shared
            .borrow_mut()
            .snapshot(now, target as usize)
            .map(|of| encode_stats(now, of))
            .unwrap_or_default()
    }

    pub(super) fn is_due(self: &Rc<Self>, id: u32, until: Instant, waker: &Waker) -> bool {
        self.waiters.borrow_mut().is_due(id, until, waker, self)
    }

    pub(super) fn stop_waiting(&self, id: u32) {
        self.waiters.borrow_mut().stop_waiting(id);
    }

    /// Hands on the messages that are due, and arms the timer for the next.
    fn exchanges(self: &Rc<Self>) {
        let mut shared = self.shared.borrow_mut();
        self.carries(&mut shared, None);
    }

    /// `by`: the call whose turn it is, and which goes on for a while. In a Worker an exchange belongs to the request of that call.
    /// What is to be told when no call goes on is told with the next one.
    fn carries(self: &Rc<Self>, shared: &mut Shared, by: Option<u32>) {
        if self.scope != Scope::Process && by.is_none() {
            return;
        }
        while let Some((target, message)) = shared.exchange(clock::now()) {
            self.carried.set(by.filter(|_| self.scope != Scope::Process).map(|by| (by, target)));
            self.carry(target, message);
        }
        if let Some(due) = shared.exchange_due() {
            self.waiters.borrow_mut().arm(due, self);
        }
    }

    /// Whether a call that is over should not end yet, because an exchange would end with it that should not be lost. Without this rule
    /// an isolate whose calls are refused at once would hear nothing of the others, and nobody would hear what the last
    /// call of an isolate has found.
    pub(super) fn holds(self: &Rc<Self>, call: u32, target: usize, failed: bool) -> bool {
        if self.scope == Scope::Process {
            return false;
        }
        let mut shared = self.shared.borrow_mut();
        if shared.has_news() {
            self.carries(&mut shared, Some(call));
        }
        let begun = self.carried.get().is_some_and(|(by, _)| by == call);
        shared.awaits_reply(clock::now(), target, begun, failed)
    }

    /// When the next exchange is due, in a Worker. A call in flight begins it.
    pub(super) fn exchange_due(&self) -> Option<Instant> {
        self.shared.borrow().exchange_due()
    }

    /// The other side sends the message later: what it calls may come back here.
    fn carry(&self, target: usize, message: Message) {
        let next = message.next.as_deref().unwrap_or_default();
        self.carrier.carry(target as u32, message.ticket, &message.expected, next);
    }

    /// The engine has replied, or could not be asked.
    pub(super) fn replied(self: &Rc<Self>, target: usize, ticket: u32, reply: Option<Reply>) {
        let next = self.shared.borrow_mut().exchanged(clock::now(), target, ticket, reply);
        if let Some(message) = next {
            self.carry(target, message);
        }
        self.on_timer(); // calls may go on
    }

    fn calls(self: &Rc<Self>, shared: &mut Shared, by: Option<u32>) {
        self.carries(shared, by);
        let mut waiters = self.waiters.borrow_mut();
        while let Some(who) = shared.woken() {
            waiters.grant_turn(who);
        }
        if let Some(due) = shared.due() {
            waiters.arm(due, self);
        }
    }
}

impl TimerTarget for Client {
    fn on_timer(self: &Rc<Self>) {
        let mut shared = self.shared.borrow_mut();
        shared.wake(clock::now());
        self.waiters.borrow_mut().wake_due(self);
        self.calls(&mut shared, None);
        drop(shared);
        origins::pass_on();
    }
}
