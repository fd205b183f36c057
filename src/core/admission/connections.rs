//! Connections belong to an origin, and are shared by all targets and clients of a program.
//!
//! A page has six for an origin over HTTP/1.1. A request that waits for one inside the platform waits on our clocks,
//! and outside our priorities. So this program uses one fewer than six at once, and the rest wait in their queues.
//! HTTP/2 and 3 have no such limit: until the protocol is known, connections are assumed to be few.

use super::lease::CallId;
use super::queue::Front;
use crate::core::time::{Duration, Instant};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// One of a page's six connections is left to the page itself.
const USABLE: u32 = 5;
/// With this many in flight, an answer to one more request shows that the platform has more connections than six.
const PLATFORM_LIMIT: u32 = 6;

/// What is known about an origin's connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Known {
    /// No answer has shown the protocol yet. Connections count as few.
    #[default]
    Nothing,
    /// The origin speaks HTTP/1.1.
    Few,
    /// The origin speaks another protocol.
    Many,
    /// One more request was answered than the platform has connections over HTTP/1.1. That is no proof.
    Guessed,
    /// All connections that the platform may have are in use, to see whether one more request gets through. None has
    /// ended meanwhile.
    Tried,
}

/// A target of a client that waits for a connection, for the first call in its queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The client that dispatches.
    pub client: u32,
    /// The index of the target at that client.
    pub target: usize,
    front: Front,
}

/// One origin, for all clients.
#[derive(Debug, Default)]
pub struct Origin {
    known: Cell<Known>,
    held: Cell<u32>,
    waiting: RefCell<Vec<Waiting>>,
    /// A call had to wait, and it is not known whether that was necessary.
    wants_protocol: Cell<bool>,
}

impl Origin {
    /// Replaces what was known.
    pub fn learn(&self, known: Known) {
        self.known.set(known);
    }

    /// Whether finding out the protocol is worthwhile. True once each time that a call had to wait.
    pub fn wants_protocol(&self) -> bool {
        self.wants_protocol.take()
    }

    /// One more request was answered while so many others waited for the platform: none, if it was not answered. A
    /// call whose reader or whose token function takes its time has a connection, and may not use it.
    pub fn tried(&self, waiting: u32) {
        if self.known.get() == Known::Tried {
            // A request that was not answered in time may be slow: it is tried again a while later.
            let many = waiting.min(self.held.get()) >= PLATFORM_LIMIT;
            self.known.set(if many { Known::Guessed } else { Known::Nothing });
        }
    }

    fn has_free(&self) -> bool {
        match self.known.get() {
            Known::Many | Known::Guessed => true,
            Known::Tried => self.held.get() < PLATFORM_LIMIT,
            Known::Nothing | Known::Few => self.held.get() < USABLE,
        }
    }

    /// The target whose turn it is, if a connection is free. It dispatches, and waits no more until it says so again.
    pub fn next(&self, now: Instant) -> Option<Waiting> {
        if !self.has_free() {
            return None;
        }
        let mut line = self.waiting.borrow_mut();
        let (first, _) = line.iter().enumerate().min_by_key(|(_, waiting)| waiting.front.rank(now))?;
        Some(line.swap_remove(first))
    }
}

/// The connections of one target, where the platform has few. Where it has many, none is counted.
#[derive(Debug, Default)]
pub struct Connections {
    of: Option<(Rc<Origin>, u32)>,
    held: Vec<CallId>,
    /// Since when the first call in the queue waits for a connection, and how long others have before it.
    waits: Option<Instant>,
    waited: Duration,
}

impl Connections {
    /// `client` dispatches when a connection is free.
    pub fn belong(&mut self, origin: &Rc<Origin>, client: u32) {
        self.of.get_or_insert_with(|| (origin.clone(), client));
    }

    /// The most connections, where they are limited.
    pub fn most(&self) -> Option<u32> {
        self.are_few().then_some(USABLE)
    }

    /// Connections are few, so a request without an answer may never have been sent: other code in the browser uses
    /// the same ones.
    pub fn are_few(&self) -> bool {
        self.of
            .as_ref()
            .is_some_and(|(origin, _)| !matches!(origin.known.get(), Known::Many | Known::Guessed))
    }

    /// The same, without doubt.
    pub fn are_known_few(&self) -> bool {
        self.of.as_ref().is_some_and(|(origin, _)| origin.known.get() == Known::Few)
    }

    /// More requests are in flight than the platform has connections over HTTP/1.1, and nothing proves that the
    /// origin speaks another protocol. So a request that gets no headers may still wait in the platform. A guess is
    /// withdrawn.
    pub fn are_too_few(&self) -> bool {
        let Some((origin, _)) = &self.of else { return false };
        let too_few = origin.known.get() != Known::Many && origin.held.get() > PLATFORM_LIMIT;
        if too_few && origin.known.get() == Known::Guessed {
            origin.known.set(Known::Nothing);
        }
        too_few
    }

    /// A call waits for a connection: until one is free, none is admitted.
    pub fn wait(&self) -> bool {
        self.waits.is_some()
    }

    /// How long the calls of this target have waited for nothing but a connection.
    pub fn waited(&self, now: Instant) -> Duration {
        self.waited + self.waits.map_or(Duration::ZERO, |since| now.since(since))
    }

    /// Whether a connection is free for the front of this target's queue. If not, the target waits.
    pub fn is_available(&mut self, now: Instant, target: usize, front: Front) -> bool {
        let Some((origin, client)) = &self.of else { return true };
        let mut line = origin.waiting.borrow_mut();
        line.retain(|other| (other.client, other.target) != (*client, target));
        let is_available =
            origin.has_free() && line.iter().all(|other| front.rank(now) <= other.front.rank(now));
        self.waited = self.waited(now);
        self.waits = (!is_available).then_some(now);
        if !is_available {
            line.push(Waiting { client: *client, target, front });
            if origin.known.get() == Known::Nothing {
                origin.wants_protocol.set(true);
            }
        }
        is_available
    }

    /// No call of this target waits for a connection.
    pub fn wait_no_more(&mut self, now: Instant, target: usize) {
        if let Some((origin, client)) = self.of.as_ref().filter(|_| self.waits.is_some()) {
            origin.waiting.borrow_mut().retain(|other| (other.client, other.target) != (*client, target));
            self.waited = self.waited(now);
            self.waits = None;
        }
    }

    /// The call has one of the connections. A call that has one already gets no second.
    pub fn acquire(&mut self, call: CallId) {
        if let Some((origin, _)) = &self.of
            && !self.held.contains(&call)
        {
            self.held.push(call);
            origin.held.set(origin.held.get() + 1);
        }
    }

    /// The connection of this call is free, if it had one.
    pub fn release(&mut self, call: CallId) {
        if let Some((origin, _)) = &self.of
            && let Some(at) = self.held.iter().position(|holder| *holder == call)
        {
            self.held.swap_remove(at);
            origin.held.set(origin.held.get().saturating_sub(1));
            if origin.known.get() == Known::Tried {
                origin.known.set(Known::Nothing); // a free connection would let the other request through
            }
        }
    }
}

impl Drop for Connections {
    fn drop(&mut self) {
        // The entry of this target in the waiting list is dropped by the client that finds nothing to dispatch: see
        // [`Origin::next`].
        if let Some((origin, _)) = &self.of {
            origin.held.set(origin.held.get().saturating_sub(self.held.len() as u32));
        }
    }
}

#[cfg(test)]
mod tests;
