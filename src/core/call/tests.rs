//! The transitions one by one; whole conversations are in `tests/native`. Here: an answer, an abort, and the clocks.

mod cold;
mod lost;
mod refusals;
mod statuses;
mod streams;
mod together;

use super::*;
use crate::core::admission::connections::{Known, Origin};
use crate::core::admission::coordinator::Rules;
use crate::core::admission::limiter;
use crate::core::classify::Body;
use crate::core::completion::End;
use crate::core::policy::{Given, Hold, Timeouts};
use crate::core::stats::alert::AlertRule;
use crate::core::target::Profile;

const ENDPOINT: Target = Target { shared: 0, profile: Profile::Endpoint, shares_credentials: true };
const OPENAI: Target = Target { shared: 1, profile: Profile::OpenAi, shares_credentials: false };

const fn at(ms: u64) -> Instant {
    Instant::from_ms(ms)
}

/// A call that shares nothing with others.
struct Lone {
    call: Call,
    shared: Shared,
}

impl Lone {
    fn handle(&mut self, now: Instant, input: Input) -> Action {
        self.call.handle(now, input, &mut self.shared)
    }

    fn record(&self) -> &Record {
        self.call.record()
    }
}

fn call(given: Given, targets: &[Target]) -> Lone {
    let call = Call::new(Policy::new(given).unwrap(), targets.to_vec(), 7, at(1000), 1);
    Lone { call, shared: Shared::without_limits(2) }
}

fn head(status: u16) -> Input {
    Input::Head(Head { status, ..Head::default() })
}

fn said(text: &str) -> Input {
    Input::Body(Body { of_engine: true, is_error: true, text: text.into(), ..Body::default() })
}

/// A streamed call whose headers have come.
fn streaming(targets: &[Target]) -> Lone {
    let mut call = call(Given { streamed: true, ..Given::default() }, targets);
    call.handle(at(1000), Input::Start);
    let head = Head { status: 200, events: true, ..Head::default() };
    assert_eq!(call.handle(at(1100), Input::Head(head)), Action::Stream);
    call
}

/// What a call answers whose request was lost at once, this long after the start.
fn lost(call: &mut Lone, lost: Lost, ms: u64) -> Action {
    call.handle(at(1000), Input::Start);
    call.handle(at(1000 + ms), Input::NetworkError(lost))
}

fn waits_for(action: Action) -> Option<WaitReason> {
    if let Action::Wait(wait) = action { Some(wait.reason) } else { None }
}

/// Calls that share a target, each made and started when it is asked for.
struct Crowd {
    shared: Shared,
    policy: Policy,
    calls: u32,
}

impl Crowd {
    fn new(rules: Rules, concurrency: limiter::Rule, given: Given) -> Self {
        let mut shared = Shared::new(rules, concurrency, AlertRule::default(), 1);
        shared.grow(0);
        Self { shared, policy: Policy::new(given).unwrap(), calls: 0 }
    }

    fn start(&mut self, now: Instant) -> (Call, Action) {
        self.calls += 1;
        let mut call = Call::new(self.policy, vec![OPENAI_ALONE], self.calls.into(), now, self.calls);
        let action = call.handle(now, Input::Start, &mut self.shared);
        (call, action)
    }

    /// A call that is sent, answered with 200, and done.
    fn answer(&mut self, now: Instant) {
        let (mut call, action) = self.start(now);
        assert!(matches!(action, Action::Send(_)), "{action:?}");
        call.handle(now, head(200), &mut self.shared);
        assert_eq!(call.handle(now, Input::Body(Body::default()), &mut self.shared), Action::Deliver);
    }

    fn is_open(&mut self, now: Instant) -> bool {
        let (mut call, action) = self.start(now);
        call.handle(now, Input::Aborted, &mut self.shared);
        matches!(action, Action::Fail(Failure { code: Code::CircuitOpen, .. }))
    }
}

const OPENAI_ALONE: Target = Target { shared: 0, profile: Profile::OpenAi, shares_credentials: true };

const ONE_AT_ONCE: limiter::Rule = limiter::Rule { min: 1, max: 1, queue: 10 };

#[test]
fn an_answer_is_sent_for_read_whole_and_delivered() {
    let mut call = call(Given::default(), &[OPENAI]);
    assert!(matches!(call.handle(at(1000), Input::Start), Action::Send(Send { attempt: 1, target: 0, .. })));
    assert_eq!(call.handle(at(1100), head(200)), Action::Read { limit: None });
    assert_eq!(call.handle(at(1200), Input::Body(Body::default())), Action::Deliver);
    let [attempt] = call.record().attempts() else { panic!("{:?}", call.record()) };
    assert_eq!((attempt.duration.as_ms(), attempt.status, attempt.outcome), (200, Some(200), Outcome::Ok));
}

#[test]
fn no_more_is_read_of_an_error_than_says_what_it_is() {
    let mut call = call(Given::default(), &[OPENAI]);
    call.handle(at(1000), Input::Start);
    assert_eq!(call.handle(at(1100), head(500)), Action::Read { limit: Some(64 * 1024) });
}

#[test]
fn a_loading_answer_spends_no_retry() {
    let mut call = call(Given { max_retries: Some(0), ..Given::default() }, &[OPENAI]);
    call.handle(at(1000), Input::Start);
    call.handle(at(1010), head(503));
    let Action::Wait(wait) = call.handle(at(1020), said("model x is currently loading")) else { panic!() };
    assert_eq!(wait.reason, WaitReason::Loading);
    assert!(matches!(call.handle(wait.until, Input::Woke), Action::Send(Send { attempt: 2, .. })));
}

#[test]
fn a_wake_that_comes_too_early_waits_on() {
    let mut call = call(Given::default(), &[OPENAI]);
    call.handle(at(1000), Input::Start);
    let wait = call.handle(at(1010), Input::NetworkError(Lost::Unsaid));
    assert!(matches!(wait, Action::Wait(_)));
    assert_eq!(call.handle(at(1010), Input::Woke), wait);
}

#[test]
fn an_input_that_does_not_fit_changes_nothing() {
    let mut call = call(Given::default(), &[OPENAI]);
    let send = call.handle(at(1000), Input::Start);
    for stray in [Input::Woke, Input::Start, said("x")] {
        assert_eq!(call.handle(at(1001), stray), send);
    }
    assert_eq!(call.handle(at(1100), head(200)), Action::Read { limit: None });
}

#[test]
fn the_end_is_the_end() {
    let mut call = call(Given::default(), &[OPENAI]);
    call.handle(at(1000), Input::Start);
    call.handle(at(1010), head(404));
    let end = call.handle(at(1020), said("no such model"));
    assert!(matches!(end, Action::Fail(Failure { code: Code::NotFound, .. })));
    for late in [Input::Woke, head(200), Input::Aborted, Input::NetworkError(Lost::Unsaid)] {
        assert_eq!(call.handle(at(9000), late), end);
    }
    assert_eq!(call.record().attempts().len(), 1);
}

#[test]
fn a_hold_makes_the_clocks_of_its_attempt_longer() {
    let given = Given {
        hold: Some(Hold::For(Duration::from_secs(60))),
        first_byte: Some(Duration::from_secs(5)),
        ..Given::default()
    };
    let Action::Send(send) = call(given, &[ENDPOINT]).handle(at(1000), Input::Start) else { panic!() };
    assert_eq!(send.hold, Some(Duration::from_secs(60)));
    assert_eq!((send.clocks.attempt, send.clocks.first_byte), (at(181_000), Some(at(66_000))));
    let Action::Send(send) = call(given, &[OPENAI]).handle(at(1000), Input::Start) else { panic!() };
    assert_eq!((send.hold, send.clocks.attempt), (None, at(121_000)));
}

#[test]
fn an_abort_ends_the_attempt_and_the_call() {
    let mut call = call(Given::default(), &[OPENAI]);
    call.handle(at(1000), Input::Start);
    call.handle(at(1010), head(200));
    assert_eq!(call.handle(at(1500), Input::Aborted), Action::Abandon);
    assert_eq!(call.record().attempts()[0].outcome, Outcome::Aborted);
}

#[test]
fn a_server_that_says_to_retry_is_believed_where_the_answer_alone_would_end_the_call() {
    for (says, status, is_retried) in
        [(Some(true), 400, true), (None, 400, false), (Some(false), 503, false), (None, 503, true)]
    {
        let mut call = call(Given::default(), &[OPENAI]);
        call.handle(at(1000), Input::Start);
        call.handle(at(2100), Input::Head(Head { status, should_retry: says, ..Head::default() }));
        let action = call.handle(at(2101), said("no"));
        assert_eq!(matches!(action, Action::Wait(_)), is_retried, "{says:?} {status}");
    }
}

#[test]
fn a_server_that_says_to_retry_changes_nothing_about_how_often() {
    // Out of memory: once more at most.
    let mut call = call(Given::default(), &[OPENAI]);
    let (mut now, mut sent) = (at(1000), 0);
    let mut action = call.handle(now, Input::Start);
    while !matches!(action, Action::Fail(_)) {
        action = match action {
            Action::Send(_) => {
                sent += 1;
                now = now + Duration::from_secs(2);
                let head = Head { status: 500, should_retry: Some(true), ..Head::default() };
                call.handle(now, Input::Head(head));
                call.handle(now, said("cuda out of memory"))
            }
            Action::Wait(wait) => {
                now = wait.until;
                call.handle(now, Input::Woke)
            }
            other => panic!("{other:?}"),
        };
    }
    assert_eq!(sent, 2);
}
