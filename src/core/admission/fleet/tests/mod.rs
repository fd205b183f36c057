//! A few clients and an engine that answers at once. `tests/fleet` lets hundreds of them meet a server.

mod circuit;
mod cold;
mod engine;
mod share;
mod worker;

use super::*;
use crate::core::admission::gate::{ColdSighting, Role};
use crate::core::admission::lease::CallId;
use crate::core::admission::probing::LoadingAnswer;
use crate::core::admission::{Admission, Caller, Ended, Event, Shared, limiter};
use crate::core::admission::{coordinator::Rules, gate::Temperature};
use crate::core::failure::{Code, Layer};
use crate::core::policy::{Policy, Priority};
use crate::core::record::Outcome;
use crate::core::stats::alert::AlertRule;

const TARGET: usize = 0;
const START: u64 = 1_000_000;
/// The engine's clock at the same time.
const EPOCH: u64 = 1_790_000_000_000;
const DOWN: Outcome = Outcome::Failed(Code::Unavailable, Layer::Gateway);

struct Fleet {
    clients: Vec<Shared>,
    text: String,
    now: u64,
    /// Messages that have come to the engine.
    messages: usize,
}

impl Fleet {
    fn of(clients: u64) -> Self {
        Self { clients: (1..=clients).map(client).collect(), text: String::new(), now: START, messages: 0 }
    }

    fn at(&self) -> Instant {
        Instant::from_ms(self.now)
    }

    fn later(&mut self, ms: u64) {
        self.now += ms;
    }

    fn view(&self) -> View {
        View::read(&self.text).expect("a state")
    }

    fn engine(&mut self, message: &Message) -> Reply {
        self.messages += 1;
        if let Some(next) = message.next.clone().filter(|_| message.expected == self.text) {
            self.text = next;
        }
        Reply { now: EPOCH + self.now - START, text: self.text.clone() }
    }

    /// The client exchanges, if it has a reason to. Returns how many messages it took.
    fn exchanges(&mut self, who: usize) -> usize {
        let (now, before) = (self.at(), self.messages);
        while let Some((target, message)) = self.clients[who].exchange(now) {
            let mut next = Some(message);
            while let Some(message) = next {
                let reply = self.engine(&message);
                next = self.clients[who].exchanged(now, target, message.ticket, Some(reply));
            }
        }
        self.messages - before
    }

    fn all_exchange(&mut self) {
        (0..self.clients.len()).for_each(|who| {
            self.exchanges(who);
        });
    }

    /// Every client that has traffic exchanges every 100 ms, if it wants to.
    fn passes(&mut self, ms: u64) {
        for _ in 0..ms / 100 {
            self.later(100);
            self.all_exchange();
        }
    }

    fn asks(&mut self, who: usize, call: CallId) -> Admission {
        let now = self.at();
        self.clients[who].request(now, TARGET, caller(now, call))
    }

    fn goes(&mut self, who: usize, call: CallId) -> u32 {
        match self.asks(who, call) {
            Admission::Admitted { generation } => generation,
            other => panic!("client {who}, call {call}: {other:?}"),
        }
    }

    /// A call that is sent now has ended 20 ms later.
    fn ends(&mut self, who: usize, call: CallId, outcome: Outcome) {
        let (started, generation) = (self.at(), self.goes(who, call));
        self.later(20);
        let limit = Policy::default().timeouts.attempt;
        let now = self.at();
        self.clients[who].ended(now, TARGET, call, Ended::plain(generation, started, outcome, limit));
        self.clients[who].detach(now, TARGET, call, false);
    }

    /// A call that is sent now hears that the model is loading.
    fn hears_loading(&mut self, who: usize, call: CallId) -> Role {
        let (started, generation) = (self.at(), self.goes(who, call));
        self.later(20);
        let now = self.at();
        let limit = Policy::default().timeouts.attempt;
        let outcome = Outcome::Failed(Code::ModelLoading, Layer::Compute);
        self.clients[who].ended(now, TARGET, call, Ended::plain(generation, started, outcome, limit));
        let answer = LoadingAnswer { estimate: Some(Duration::from_secs(20)), floor: None, was_held: false };
        let default_wait = Some(Duration::from_secs(20));
        let (full, is_alone, again) = (false, true, false);
        let found = ColdSighting { started, answer, default_wait, full, is_alone, again };
        self.clients[who].loading(now, TARGET, caller(now, call), found)
    }

    fn waits(&mut self, who: usize, call: CallId) {
        let admission = self.asks(who, call);
        assert!(matches!(admission, Admission::Queued(_)), "client {who}, call {call}: {admission:?}");
    }

    fn temperature(&mut self, who: usize) -> Temperature {
        let now = self.at();
        self.clients[who].snapshot(now, TARGET).expect("a target").temperature
    }

    /// How many calls of the client may go on, and are in flight from now on.
    fn goes_on(&mut self, who: usize) -> usize {
        let now = self.at();
        self.clients[who].wake(now);
        let woken: Vec<CallId> = std::iter::from_fn(|| self.clients[who].woken()).collect();
        let mut claims = |call: &CallId| {
            let admission = self.clients[who].claim(now, TARGET, caller(now, *call));
            matches!(admission, Admission::Admitted { .. })
        };
        woken.iter().filter(|call| claims(call)).count()
    }

    fn modes(&mut self, who: usize) -> Vec<Mode> {
        let events = std::iter::from_fn(|| self.clients[who].next_event());
        let mode = |event| if let Event::Fleet { mode, .. } = event { Some(mode) } else { None };
        events.filter_map(mode).collect()
    }
}

fn client(id: u64) -> Shared {
    made(id, Rules::default())
}

fn made(id: u64, rules: Rules) -> Shared {
    let mut shared = Shared::new(rules, limiter::Rule::default(), AlertRule::default(), id);
    shared.join(id);
    shared.grow(TARGET);
    shared
}

fn caller(now: Instant, id: CallId) -> Caller {
    let deadline = now + Duration::from_secs(300);
    Caller {
        id,
        priority: Priority::Default,
        deadline,
        patience: deadline,
        attempt: Policy::default().timeouts.attempt,
        held: Duration::ZERO,
        first: true,
        has_fallback: false,
        yields: false,
    }
}
