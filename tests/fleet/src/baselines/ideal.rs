//! What no client can do: all isolates know at once how long the load takes, and keep exactly as many requests at the
//! server as it has slots. It shows how far the others are from the best, and that the bounds are what they are
//! called.
//!
//! It knows nothing of brownouts and of errors.

use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;

use query_with_retry::core::time::{Duration, Instant};

use crate::client::{Action, CallId, Client, Fleet, Input, IsolateId, Terms};
use crate::model::Model;

/// Requests beyond the slots, so that no slot is idle for a round trip.
const AHEAD: usize = 4;

pub(super) struct Ideal {
    shared: Rc<RefCell<Shared>>,
}

struct Shared {
    load: Duration,
    most: usize,
    warm: Warm,
    in_flight: usize,
    queue: VecDeque<(IsolateId, CallId)>,
    /// Calls that may go, and were not told yet.
    granted: VecDeque<(IsolateId, CallId)>,
    reached: BTreeSet<IsolateId>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Warm {
    /// No isolate has sent a request.
    Unknown,
    /// The request that starts the load is in flight.
    Starting,
    At(Instant),
    Yes,
}

struct Isolate {
    id: IsolateId,
    attempt: Duration,
    deadlines: Vec<Instant>,
    shared: Rc<RefCell<Shared>>,
}

impl Ideal {
    pub(super) fn new(model: &Model) -> Self {
        let load = model.server.cold.map(|cold| cold.load);
        let shared = Shared {
            load: load.unwrap_or_default(),
            most: model.server.slots + AHEAD,
            warm: if load.is_some() { Warm::Unknown } else { Warm::Yes },
            in_flight: 0,
            queue: VecDeque::new(),
            granted: VecDeque::new(),
            reached: BTreeSet::new(),
        };
        Self { shared: Rc::new(RefCell::new(shared)) }
    }
}

impl Fleet for Ideal {
    fn client(&mut self, terms: Terms) -> Box<dyn Client> {
        let (id, attempt) = (terms.isolate, terms.attempt);
        Box::new(Isolate { id, attempt, deadlines: Vec::new(), shared: self.shared.clone() })
    }

    fn reached(&mut self) -> Vec<IsolateId> {
        std::mem::take(&mut self.shared.borrow_mut().reached).into_iter().collect()
    }
}

impl Shared {
    /// Lets as many calls go as there is room for.
    fn let_go(&mut self) {
        while self.warm == Warm::Yes
            && self.in_flight < self.most
            && let Some(call) = self.queue.pop_front()
        {
            self.in_flight += 1;
            self.granted.push_back(call);
            self.reached.insert(call.0);
        }
    }

    fn ended(&mut self) {
        self.in_flight -= 1;
        self.let_go();
    }
}

impl Client for Isolate {
    fn handle(&mut self, now: Instant, call: CallId, input: Input) -> Action {
        let mut shared = self.shared.borrow_mut();
        if let Input::Start { deadline } = input {
            self.deadlines.resize(self.deadlines.len().max(call + 1), deadline);
            self.deadlines[call] = deadline;
        }
        let deadline = self.deadlines[call];
        let until = (now + self.attempt).min(deadline);
        match input {
            Input::Start { .. } if shared.warm == Warm::Unknown => {
                shared.warm = Warm::Starting;
                shared.in_flight += 1;
                Action::Send { until }
            }
            Input::Start { .. } => {
                shared.queue.push_back((self.id, call));
                shared.let_go();
                Action::Wait { until: deadline }
            }
            Input::Woke if now < deadline => Action::Send { until },
            // The queue was longer than the patience.
            Input::Woke => {
                shared.queue.retain(|waiting| *waiting != (self.id, call));
                Action::Fail
            }
            Input::Answer(answer) if answer.status == 200 => {
                shared.ended();
                Action::Deliver
            }
            Input::Answer(answer) if answer.status == 503 && shared.warm == Warm::Starting => {
                shared.warm = Warm::At(now + shared.load);
                shared.queue.push_front((self.id, call));
                shared.reached = shared.queue.iter().map(|waiting| waiting.0).collect();
                shared.ended();
                Action::Wait { until: deadline }
            }
            Input::Answer(_) | Input::TimedOut => {
                shared.ended();
                Action::Fail
            }
        }
    }

    fn woken(&mut self, _: Instant) -> Vec<CallId> {
        let mut shared = self.shared.borrow_mut();
        let mine = shared.granted.iter().filter(|call| call.0 == self.id).map(|call| call.1).collect();
        shared.granted.retain(|call| call.0 != self.id);
        mine
    }

    fn next_timer(&mut self) -> Option<Instant> {
        match self.shared.borrow().warm {
            Warm::At(at) => Some(at),
            _ => None,
        }
    }

    fn rang(&mut self, now: Instant) {
        let mut shared = self.shared.borrow_mut();
        if let Warm::At(at) = shared.warm
            && at <= now
        {
            shared.warm = Warm::Yes;
            shared.let_go();
        }
    }
}
