//! The real core: its calls, and what the calls of one isolate share.
//!
//! Does what `src/web` does with fetch and timers. Isolates share nothing with each other here, as if there were no
//! coordinator. A fleet of one isolate (`M = 1`) shares everything.

use query_with_retry::core::admission::Shared;
use query_with_retry::core::admission::budget::InitialTokens;
use query_with_retry::core::admission::coordinator::Rules;
use query_with_retry::core::admission::limiter;
use query_with_retry::core::call::{Action as Core, Call, Head, Input as Happened, Lost, Target};
use query_with_retry::core::classify::Body;
use query_with_retry::core::deadline::{Clocks, Progress};
use query_with_retry::core::policy::{Given, Policy};
use query_with_retry::core::stats::alert::AlertRule;
use query_with_retry::core::target::Profile;
use query_with_retry::core::time::Instant;

use crate::chance::Chance;
use crate::client::{Action, Answer, CallId, Client, Contender, Each, Fleet, Input, Terms};
use crate::engine::{Engine, Kind, Line};

/// Each isolate as a process that lives long: the retry budget begins full.
pub const PROCESSES: Contender =
    Contender { name: "**ours**, processes", fleet: |_| each(|_| InitialTokens::Full) };
/// Each isolate as one of many that come and go: one in four begins with a single retry.
pub const ISOLATES: Contender = Contender {
    name: "**ours**, isolates",
    fleet: |_| each(|chance| InitialTokens::AtMostOne { one: chance.happens(0.25) }),
};

/// The rows of the tables, after the baselines.
pub const ALL: [Contender; 2] = [PROCESSES, ISOLATES];

/// Processes that share what they know of the target through an engine that answers at once.
pub const SHARED: Contender = Contender { name: "**ours**, shared", fleet: |_| shared(Kind::HEALTHY) };
/// The same with an engine that takes longer than a client waits for it,
pub const SLOW: Contender = Contender { name: "**ours**, slow engine", fleet: |_| shared(Kind::SLOW) };
/// that loses one message in twenty,
pub const LOSSY: Contender = Contender { name: "**ours**, lossy engine", fleet: |_| shared(Kind::LOSSY) };
/// that is not there,
pub const DEAD: Contender = Contender { name: "**ours**, dead engine", fleet: |_| shared(Kind::DEAD) };
/// whose clock stands still,
pub const FROZEN: Contender = Contender { name: "**ours**, frozen clock", fleet: |_| shared(Kind::FROZEN) };
/// is an hour ahead,
pub const AHEAD: Contender = Contender { name: "**ours**, clock ahead", fleet: |_| shared(Kind::AHEAD) };
/// or moves once a minute.
pub const STEPPING: Contender =
    Contender { name: "**ours**, stepping clock", fleet: |_| shared(Kind::STEPPING) };
/// Every kind of engine.
pub const ENGINES: [Contender; 7] = [SHARED, SLOW, LOSSY, DEAD, FROZEN, AHEAD, STEPPING];

fn shared(kind: Kind) -> Box<dyn Fleet> {
    let engine = Engine::new(kind);
    Box::new(Each(move |terms: Terms| -> Box<dyn Client> {
        let line = Line::to(&engine, terms.seed);
        Box::new(Isolate::new(terms, |_| InitialTokens::Full, Some(line)))
    }))
}

fn each(initial_tokens: fn(&mut Chance) -> InitialTokens) -> Box<dyn Fleet> {
    Box::new(Each(move |terms: Terms| -> Box<dyn Client> {
        Box::new(Isolate::new(terms, initial_tokens, None))
    }))
}

struct Isolate {
    policy: Policy,
    shared: Shared,
    chance: Chance,
    calls: Vec<Option<OneCall>>,
    line: Option<Line>,
}

struct OneCall {
    call: Call,
    /// The clocks of the request in flight.
    clocks: Option<Clocks>,
}

impl Isolate {
    fn new(terms: Terms, initial_tokens: fn(&mut Chance) -> InitialTokens, line: Option<Line>) -> Self {
        let mut chance = Chance::new(terms.seed);
        let rules = Rules { initial_tokens: initial_tokens(&mut chance), ..Rules::default() };
        let mut shared = Shared::new(rules, limiter::Rule::default(), AlertRule::default(), chance.bits());
        if line.is_some() {
            shared.join(chance.bits());
        }
        shared.grow(0);
        let given = Given { attempt: Some(terms.attempt), total: Some(terms.deadline), ..Given::default() };
        let policy = Policy::new(given).expect("an attempt is no longer than its call");
        Self { policy, shared, chance, calls: Vec::new(), line }
    }
}

impl Client for Isolate {
    fn handle(&mut self, now: Instant, id: CallId, input: Input) -> Action {
        if let Input::Start { .. } = input {
            let target = Target { shared: 0, profile: Profile::OpenAi, shares_credentials: true };
            let call = Call::new(self.policy, vec![target], self.chance.bits(), now, id as u32);
            self.calls.resize_with(self.calls.len().max(id + 1), || None);
            self.calls[id] = Some(OneCall { call, clocks: None });
        }
        let Some(one) = &mut self.calls[id] else { return Action::Fail };
        let mut tell = |happened| one.call.handle(now, happened, &mut self.shared);
        let action = match input {
            Input::Start { .. } => tell(Happened::Start),
            Input::Woke => tell(Happened::Woke),
            Input::TimedOut => {
                let phase = one.clocks.map(|clocks| clocks.next(now, Progress::default()).1);
                tell(phase.map_or(Happened::NetworkError(Lost::Unsaid), Happened::TimedOut))
            }
            Input::Answer(Answer::REFUSED) => tell(Happened::NetworkError(Lost::Refused)),
            Input::Answer(answer) => {
                let floor = answer.retry_after;
                tell(Happened::Head(Head { status: answer.status, floor, ..Head::default() }));
                tell(Happened::Body(body(answer)))
            }
        };
        match action {
            Core::Send(send) => {
                one.clocks = Some(send.clocks);
                Action::Send { until: send.clocks.next(now, Progress::default()).0 }
            }
            Core::Wait(wait) | Core::Park(wait) => Action::Wait { until: wait.until },
            Core::Deliver => {
                self.calls[id] = None;
                Action::Deliver
            }
            Core::Fail(_) | Core::Abandon | Core::Read { .. } | Core::Stream => {
                self.calls[id] = None;
                Action::Fail
            }
        }
    }

    fn woken(&mut self, _: Instant) -> Vec<CallId> {
        while self.shared.next_event().is_some() {} // there is no listener
        std::iter::from_fn(|| self.shared.woken()).map(|who| who as CallId).collect()
    }

    fn next_timer(&mut self) -> Option<Instant> {
        let Some(line) = &self.line else { return self.shared.due() };
        let next = self.shared.due().into_iter().chain(self.shared.exchange_due());
        next.chain(line.next()).min()
    }

    fn rang(&mut self, now: Instant) {
        if let Some(line) = &mut self.line {
            while let Some((ticket, reply)) = line.replies(now) {
                if let Some(message) = self.shared.exchanged(now, 0, ticket, Some(reply)) {
                    line.sends(now, message);
                }
            }
            while let Some((_, message)) = self.shared.exchange(now) {
                line.sends(now, message);
            }
        }
        if self.shared.due().is_some_and(|due| due <= now) {
            self.shared.wake(now);
        }
    }
}

fn body(answer: Answer) -> Body {
    let (text, kind) = match answer.status {
        503 if answer.of_engine => ("model is currently loading", ""),
        429 if answer.of_engine => ("model is overloaded", "overloaded"),
        _ => ("", ""),
    };
    let (text, kind) = (text.to_owned(), kind.to_owned());
    Body {
        of_engine: answer.of_engine,
        text: text.into(),
        kind: kind.into(),
        estimate: answer.estimated,
        ..Body::default()
    }
}
