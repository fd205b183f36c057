//! What a client is to the simulation: a state machine that is told what happened and says what to
//! do next.
//!
//! One [`Client`] is all that lives in one isolate: its calls, and what they share. Nothing in it
//! waits or sends; time is an argument. After every step the world asks it for the calls that were
//! let go meanwhile, and for its own next timer.

use query_with_retry::core::time::{Duration, Instant};

use crate::model::Model;

/// A call of one isolate. Small numbers, given again once a call is settled: fit for an index.
pub type CallId = usize;

/// An isolate of the fleet, those that came in the place of others included; never given again.
pub type IsolateId = usize;

/// What happened to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// A new call, which is of use until `deadline` alone.
    Start {
        deadline: Instant,
    },
    Answer(Answer),
    /// The time that [`Action::Send`] gave is up, without an answer.
    TimedOut,
    /// The time that [`Action::Wait`] gave is here, or the isolate named the call in
    /// [`Client::woken`].
    Woke,
}

/// What the server says, after its whole body was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// `estimated_time`: the model is on its way.
    pub estimated: Option<Duration>,
    pub retry_after: Option<Duration>,
    /// The engine says so itself, as JSON; otherwise a proxy does.
    pub of_engine: bool,
}

impl Answer {
    pub const OK: Self = Self { status: 200, estimated: None, retry_after: None, of_engine: true };
    pub const LOADING: Self = Self { status: 503, ..Self::OK };
    /// No answer: the port is closed.
    pub const REFUSED: Self = Self { status: 0, estimated: None, retry_after: None, of_engine: false };
    pub const FULL: Self = Self { status: 429, ..Self::OK };
}

/// What is to be done next for a call. One input gives one action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send a request, and give it up at `until`.
    Send { until: Instant },
    /// Until then, or until the isolate names the call in [`Client::woken`].
    Wait { until: Instant },
    /// Hand the answer over: the call is settled.
    Deliver,
    /// The call is settled, without an answer.
    Fail,
}

/// All that lives in one isolate.
pub trait Client {
    fn handle(&mut self, now: Instant, call: CallId, input: Input) -> Action;

    /// The waiting calls that may go on, each told once: by another call's end, or by time.
    fn woken(&mut self, _now: Instant) -> Vec<CallId> {
        Vec::new()
    }

    /// When something will change in here that is no wait of a call's own.
    fn next_timer(&mut self) -> Option<Instant> {
        None
    }

    /// [`Client::next_timer`] is here. Too early is harmless.
    fn rang(&mut self, _now: Instant) {}
}

/// What an isolate is told when it comes up.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    pub isolate: IsolateId,
    pub seed: u64,
    /// How long one attempt may take.
    pub attempt: Duration,
    /// How long one call may take.
    pub deadline: Duration,
}

/// Makes the clients, and holds what they share beyond one isolate.
pub trait Fleet {
    fn client(&mut self, terms: Terms) -> Box<dyn Client>;

    /// The isolates that something reached, through what they share, since this was asked last:
    /// they are asked for woken calls and for their next timer again.
    fn reached(&mut self) -> Vec<IsolateId> {
        Vec::new()
    }
}

/// Isolates that share nothing.
pub struct Each<F>(pub F);

impl<F: FnMut(Terms) -> Box<dyn Client>> Fleet for Each<F> {
    fn client(&mut self, terms: Terms) -> Box<dyn Client> {
        (self.0)(terms)
    }
}

/// A fleet that has a name and a row in the tables.
#[derive(Clone, Copy)]
pub struct Contender {
    pub name: &'static str,
    pub fleet: fn(&Model) -> Box<dyn Fleet>,
}
