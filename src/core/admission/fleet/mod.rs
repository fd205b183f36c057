//! One target, many clients that know nothing of each other: the isolates of a Worker, the processes of a service, the tabs
//! of a page. They agree through one state that an engine keeps for them.
//!
//! # The protocol
//!
//! The engine has a clock, and for each target a text that it replaces if it is what the client expects (compare-and-set).
//! There is one kind of message, [`Message`], and one kind of reply, [`Reply`]: the time, and the text after the message.
//! The engine decides nothing: what the text means, and what follows from it, is decided here, by whichever client asks. The
//! text is a [`View`].
//!
//! An exchange is one reading message and, if the client has something to tell, one that writes; if another client has
//! written meanwhile, a third and a fourth. A client exchanges about once a second while it has traffic, sooner if it has
//! found the target cold or up, or the circuit of its own breaker has opened or closed, and never without traffic.
//!
//! - **Generations.** [`View::gate`] and [`View::circuit`] count the changes. A client that has followed all of them may add
//!   one. A client that has not takes over what the others found, and what it found itself before is forgotten.
//! - **Leases.** One client leads a cold start, and one sends the probe of a circuit. Both are leases by the engine's clock,
//!   which their holder renews. A client gets one by writing it, so no two have it.
//! - **What a client takes over** it holds in its own gate and breaker as a lease that runs out after [`FOLLOWS`]. So a client
//!   that loses the engine goes on by its own rules, without another rule for that.
//! - **Limit.** When a target comes up, or a circuit closes, the fleet starts slowly: [`View::limit`] is for all clients
//!   together, each has its [`share`](Member::share), and all report what was answered and refused.
//! - **Budget.** The tokens are common. A client may spend one that it was not given, and tells so in its next exchange.
//!
//! # When the engine fails
//!
//! A reply that takes longer than [`SLOW`], none at all, a text that is no state of this version, a third writer in a row
//! that came first, and a clock that does not run as fast as the client's: each makes the client [`Mode::Alone`]. Its own
//! rules hold, no call waits, and the engine is asked again after one second, two, four, up to a minute, with jitter.
//!
//! In a Worker an exchange belongs to the request that began it. The runtime drops it with that request, and nobody hears of it.
//! So the request itself has to say that a reply is late. An exchange that neither its reply nor its request has ended is
//! [`LOST`], which says nothing about the engine: another begins soon. A client whose last reply is older than [`FOLLOWS`] is alone
//! all the same.

mod exchange;
mod follow;
mod merge;
pub(super) mod view;

use crate::core::time::{Duration, Instant};
pub use exchange::{Message, Reply};
pub use view::View;

/// A reply that takes longer is none.
pub const SLOW: Duration = Duration::from_ms(200);
/// Where a call may end unseen, an exchange may end with it. One that nobody has ended for so long, its own call included, is lost.
pub const LOST: Duration = Duration::from_ms(300);
/// How far apart the exchanges of a client with traffic are: at least, and at most.
pub const EVERY: (Duration, Duration) = (Duration::from_ms(800), Duration::from_secs(1));
/// A client that has news exchanges so soon after the last exchange.
const NEWS: Duration = Duration::from_ms(100);
/// What other clients found holds so long without another exchange.
pub const FOLLOWS: Duration = Duration::from_secs(3);
/// A client keeps so long to itself that its circuit opens, after the others did not find the same.
const OWN: Duration = Duration::from_secs(30);
/// The lead of a cold start, and the probe of a circuit, last so long without a sign of life, in milliseconds.
const LEASE: u64 = 5_000;
/// A number of a client has no more bits than fit into the text.
const MOST_ID: u64 = (1 << 53) - 1;
/// Clients are counted anew so often, in milliseconds.
const PERIOD: u64 = 2_000;

/// Whether the client shares what it knows of the target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// The last exchange failed, or none is over.
    #[default]
    Alone,
    /// The last exchange succeeded.
    Shared,
}

/// The client's part in what the fleet knows of one target.
#[derive(Clone, Debug)]
pub struct Member {
    /// The number of the client.
    id: u64,
    /// Calls may end unseen, and exchanges with them.
    ends_unseen: bool,
    mode: Mode,
    exchange: exchange::Exchange,
    /// What the last reply said, and when it came.
    known: Option<Known>,
    /// The changes that this client has followed.
    born: u64,
    gate: u64,
    circuit: u64,
    /// Whether the gate was cold, and the circuit not closed, when this client last told or followed.
    was_cold: bool,
    was_open: bool,
    /// The fleet's circuit is open because this client's is.
    is_opener: bool,
    /// The others were answered while this client's circuit was open: it keeps that to itself until then.
    own_circuit: Option<Instant>,
    /// The period in which it was counted last, with how many calls, and how many were counted before those.
    period: u64,
    calls: u64,
    calls_before: u64,
    /// Calls that were answered while others waited, since the last writing, and whether one was refused or late.
    answered: u64,
    refused: bool,
    /// A call asked for a permit at this time.
    asked: Option<Instant>,
}

/// A view, and the moment at which it was right.
#[derive(Clone, Copy, Debug)]
struct Known {
    view: View,
    /// The same moment by the client's clock and by the engine's.
    here: Instant,
    there: u64,
}

impl Known {
    /// A time of the engine, by the client's clock. What is long past is now.
    #[inline(never)]
    fn here(&self, there: u64) -> Instant {
        let ahead = Duration::from_ms(there.saturating_sub(self.there));
        let behind = Duration::from_ms(self.there.saturating_sub(there));
        self.here + ahead - behind
    }

    /// A time of the client, by the engine's clock.
    #[inline(never)]
    fn there(&self, here: Instant) -> u64 {
        let ahead = here.since(self.here).as_ms();
        (self.there + ahead).saturating_sub(self.here.since(here).as_ms())
    }
}

impl Member {
    /// A client that knows nothing of the others yet. `id` must differ from theirs in its lowest 53 bits.
    pub fn new(id: u64, ends_unseen: bool) -> Self {
        Self {
            id: (id & MOST_ID).max(1),
            ends_unseen,
            mode: Mode::Alone,
            exchange: exchange::Exchange::default(),
            known: None,
            born: 0,
            gate: 0,
            circuit: 0,
            was_cold: false,
            was_open: false,
            is_opener: false,
            own_circuit: None,
            period: 0,
            calls: 0,
            calls_before: 0,
            answered: 0,
            refused: false,
            asked: None,
        }
    }

    /// Whether the last exchange succeeded.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// How many calls of other clients wait for the same target, as far as they are counted.
    pub fn calls_elsewhere(&self) -> u64 {
        self.known
            .as_ref()
            .map_or(0, |known| known.view.most_calls() - self.calls.min(known.view.most_calls()))
    }

    /// Until when the view holds, if there is no other exchange.
    pub fn holds_until(&self) -> Option<Instant> {
        self.known.map(|known| known.here + FOLLOWS)
    }

    /// How many calls of this client may be in flight, if the fleet has a common limit: as large a part as its calls are of
    /// all calls. The parts are cut from one line, on which each client has its place, so that they add up to the limit.
    pub fn share(&self, now: Instant) -> Option<u64> {
        let known = self.known.filter(|known| known.view.limit > 0 && now < known.here + FOLLOWS)?;
        if self.refused {
            return Some(0); // the other calls would be refused too, until the limit is lower
        }
        let (limit, all) = (known.view.limit / 1000, known.view.most_calls());
        let (from, to) = (self.calls_before, self.calls_before + self.calls);
        Some(limit * to / all - limit * from / all)
    }

    /// A call asks for a permit: the client has traffic.
    pub fn asks(&mut self, now: Instant) {
        self.asked = Some(now);
    }
}

impl View {
    fn most_clients(&self) -> u64 {
        self.clients_before.max(self.clients).max(1)
    }

    fn most_calls(&self) -> u64 {
        self.calls_before.max(self.calls).max(1)
    }
}

#[cfg(test)]
mod tests;
