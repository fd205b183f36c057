//! Connections belong to an origin, over all targets and clients of a program.
//!
//! A page has six for an origin over HTTP/1.1, and what the platform lets wait for one waits on our clocks,
//! behind which nobody's priority counts. So one fewer than those are in use at once, and the rest
//! wait in their lines. HTTP/2 and 3 have no such limit: until it is known what is spoken, few are taken for granted.

use super::lease::CallId;
use super::queue::Front;
use crate::core::time::Instant;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// Of the six of a page, one is left to the page itself.
const USABLE: u32 = 5;
/// One more than the platform lets out while a request beside them is answered: so it has more.
const PLATFORM_LIMIT: u32 = 6;

/// What is known of an origin's connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Known {
    #[default]
    Nothing,
    /// It speaks HTTP/1.1.
    Few,
    /// It does not.
    Many,
    /// As many as the platform may have are used, to see whether one more gets through: none has ended meanwhile.
    Tried,
}

/// Who waits for a connection: a target of a client, for whoever is first in its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub client: u32,
    pub target: usize,
    front: Front,
}

/// One origin, for all who use it.
#[derive(Debug, Default)]
pub struct Origin {
    known: Cell<Known>,
    held: Cell<u32>,
    waiting: RefCell<Vec<Waiting>>,
    /// Somebody had to wait, and it is not known whether for anything.
    wants_protocol: Cell<bool>,
}

impl Origin {
    pub fn learn(&self, known: Known) {
        self.known.set(known);
    }

    /// Whether it is worth finding out what it speaks; told once each time that somebody had to wait.
    pub fn wants_protocol(&self) -> bool {
        self.wants_protocol.take()
    }

    /// A request beside as many as the platform may have was answered, or was not.
    pub fn tried(&self, answered: bool) {
        if self.known.get() == Known::Tried {
            // Who was not answered in time may be slow: that is tried again, a while later.
            let many = answered && self.held.get() >= PLATFORM_LIMIT;
            self.known.set(if many { Known::Many } else { Known::Nothing });
        }
    }

    fn has_free(&self) -> bool {
        match self.known.get() {
            Known::Many => true,
            Known::Tried => self.held.get() < PLATFORM_LIMIT,
            Known::Nothing | Known::Few => self.held.get() < USABLE,
        }
    }

    /// Whose turn it is, if there is a connection: it is to look, and waits no more until it says so again.
    pub fn next(&self, now: Instant) -> Option<Waiting> {
        if !self.has_free() {
            return None;
        }
        let mut line = self.waiting.borrow_mut();
        let (first, _) = line.iter().enumerate().min_by_key(|(_, waiting)| waiting.front.rank(now))?;
        Some(line.swap_remove(first))
    }
}

/// Those of one target, where the platform has few: none is counted where it has many.
#[derive(Debug, Default)]
pub struct Connections {
    of: Option<(Rc<Origin>, u32)>,
    held: Vec<CallId>,
    waits: bool,
}

impl Connections {
    /// `client` is who looks when there is one.
    pub fn belong(&mut self, origin: &Rc<Origin>, client: u32) {
        self.of.get_or_insert_with(|| (origin.clone(), client));
    }

    /// How many there are at most.
    pub fn most(&self) -> Option<u32> {
        self.are_few().then_some(USABLE)
    }

    /// Whether what got no answer may never have been sent: others of the browser's use the same ones.
    pub fn are_few(&self) -> bool {
        self.of.as_ref().is_some_and(|(origin, _)| origin.known.get() != Known::Many)
    }

    /// Somebody waits for one: until there is one, nothing else lets in.
    pub fn wait(&self) -> bool {
        self.waits
    }

    /// Whether there is one for the front of the line of this target; if not, it waits.
    pub fn is_available(&mut self, now: Instant, target: usize, front: Front) -> bool {
        let Some((origin, client)) = &self.of else { return true };
        let mut line = origin.waiting.borrow_mut();
        line.retain(|other| (other.client, other.target) != (*client, target));
        let is_available =
            origin.has_free() && line.iter().all(|other| front.rank(now) <= other.front.rank(now));
        self.waits = !is_available;
        if !is_available {
            line.push(Waiting { client: *client, target, front });
            if origin.known.get() == Known::Nothing {
                origin.wants_protocol.set(true);
            }
        }
        is_available
    }

    /// Nobody at this target waits for one.
    pub fn wait_no_more(&mut self, target: usize) {
        if let Some((origin, client)) = self.of.as_ref().filter(|_| self.waits) {
            origin.waiting.borrow_mut().retain(|other| (other.client, other.target) != (*client, target));
            self.waits = false;
        }
    }

    pub fn acquire(&mut self, who: CallId) {
        if let Some((origin, _)) = &self.of
            && !self.held.contains(&who)
        {
            self.held.push(who);
            origin.held.set(origin.held.get() + 1);
        }
    }

    pub fn release(&mut self, who: CallId) {
        if let Some((origin, _)) = &self.of
            && let Some(at) = self.held.iter().position(|holder| *holder == who)
        {
            self.held.swap_remove(at);
            origin.held.set(origin.held.get().saturating_sub(1));
            if origin.known.get() == Known::Tried {
                origin.known.set(Known::Nothing); // a free one would let the other request through
            }
        }
    }
}

impl Drop for Connections {
    fn drop(&mut self) {
        // What it has said that it waits for is taken out by who looks in vain: see [`Origin::next`].
        if let Some((origin, _)) = &self.of {
            origin.held.set(origin.held.get().saturating_sub(self.held.len() as u32));
        }
    }
}
