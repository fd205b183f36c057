//! A conversation of one call with a server, on a clock that jumps to whatever happens next.
//!
//! Does what `src/web/drive.rs` does with fetch and timers: after a `Send` the answer comes, or the clock that
//! [`Clocks::next`] names runs out, whichever is first. A `Wait` ends at its time.

mod clock;
mod stream;

use clock::Clock;
use query_with_retry::core::admission::Shared;
use query_with_retry::core::call::{Action, Call, Head, Input, Send, Target, Wait};
use query_with_retry::core::classify::Body;
use query_with_retry::core::completion::ChunkFacts;
use query_with_retry::core::failure::{Code, Failure, Phase};
use query_with_retry::core::policy::{Given, Policy};
use query_with_retry::core::record::Record;
use query_with_retry::core::target::Profile;
use query_with_retry::core::time::{Duration, Instant};
use stream::Stream;
pub(crate) use stream::{Step, Timed};

/// No call begins at zero, so that a confusion of times and spans shows.
pub(crate) const BEGAN: Instant = Instant::from_ms(5_000_000);

/// More inputs than any sensible call takes.
const ENDLESS: u32 = 20_000;

pub(crate) const fn ms(ms: u64) -> Duration {
    Duration::from_ms(ms)
}

pub(crate) const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// The default policy with what is given.
pub(crate) fn policy(given: Given) -> Policy {
    Policy::new(given).expect("times that fit together")
}

/// A call that shares nothing with others.
#[derive(Debug)]
pub(crate) struct Lone {
    call: Call,
    shared: Shared,
}

impl Lone {
    pub(crate) fn new(policy: Policy, mut targets: Vec<Target>, seed: u64) -> Self {
        (0..).zip(&mut targets).for_each(|(nth, target)| target.shared = nth);
        let shared = Shared::without_limits(targets.len());
        Self { call: Call::new(policy, targets, seed, BEGAN, 1), shared }
    }

    pub(crate) fn handle(&mut self, now: Instant, input: Input) -> Action {
        self.call.handle(now, input, &mut self.shared)
    }

    pub(crate) fn record(&self) -> &Record {
        self.call.record()
    }

    pub(crate) fn target(&self) -> usize {
        self.call.target()
    }
}

/// What a server does with one request. Times are since the step before.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// Head and body, each after its time.
    Answers {
        head: Head,
        head_after: Duration,
        body: Body,
        body_after: Duration,
    },
    /// A head, then a piece of the body again and again, which never ends.
    Drips {
        head: Head,
        head_after: Duration,
        body: Body,
        every: Duration,
    },
    /// A head, then a body that breaks off before its first piece.
    Breaks {
        head: Head,
        head_after: Duration,
        body_after: Duration,
    },
    /// A head, then a stream of events: one step after the other, and after the last one the same step
    /// again and again, or silence.
    Streams {
        head: Head,
        head_after: Duration,
        steps: Vec<Timed>,
        then: Option<Timed>,
    },
    /// The connection is lost before the head.
    Resets {
        after: Duration,
    },
    /// No connection: the port is closed.
    Refuses {
        after: Duration,
    },
    Silence,
}

impl Reply {
    /// An answer whose body follows at once.
    pub(crate) fn after(latency: Duration, head: Head, body: Body) -> Self {
        Self::Answers { head, head_after: latency, body, body_after: ms(0) }
    }

    pub(crate) fn ok(latency: Duration) -> Self {
        Self::after(latency, status(200), Body { of_engine: true, ..Body::default() })
    }
}

pub(crate) fn status(status: u16) -> Head {
    Head { status, ..Head::default() }
}

/// What the server sees of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    /// Since the call began.
    pub(crate) at: Duration,
    pub(crate) target: usize,
    pub(crate) hold: Option<Duration>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent {
    pub(crate) at: Duration,
    pub(crate) action: Send,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Waited {
    pub(crate) at: Duration,
    pub(crate) action: Wait,
}

/// All that happened.
#[derive(Debug)]
pub(crate) struct Transcript {
    pub(crate) sent: Vec<Sent>,
    pub(crate) waits: Vec<Waited>,
    pub(crate) took: Duration,
    /// When the first event was handed over, since the call began.
    pub(crate) begun: Option<Duration>,
    /// How long the reader of the stream asked for nothing.
    pub(crate) away: Duration,
    /// What the events of the last stream held.
    pub(crate) said: Vec<ChunkFacts>,
    pub(crate) end: Action,
    pub(crate) record: Record,
    /// The finished call, to be asked on.
    pub(crate) call: Lone,
}

impl Transcript {
    pub(crate) fn is_delivered(&self) -> bool {
        self.end == Action::Deliver
    }

    pub(crate) fn failure(&self) -> Failure {
        match self.end {
            Action::Fail(failure) => failure,
            other => panic!("a failure was expected, not {other:?}"),
        }
    }

    pub(crate) fn ends_with(&self, code: Code, phase: Option<Phase>) -> bool {
        matches!(self.end, Action::Fail(failure) if failure.code == code && failure.phase == phase)
    }

    /// Which target each request went to.
    pub(crate) fn route(&self) -> Vec<usize> {
        self.sent.iter().map(|sent| sent.action.target).collect()
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Conversation {
    pub(crate) policy: Policy,
    pub(crate) targets: Vec<Target>,
    pub(crate) seed: u64,
    /// Timers ring so much after their time. Answers are in time.
    pub(crate) late: Duration,
    /// Every wait is ended this much too early first.
    pub(crate) early: Duration,
    /// The caller's abort, since the beginning.
    pub(crate) aborts_after: Option<Duration>,
}

impl Conversation {
    pub(crate) fn with(policy: Policy) -> Self {
        Self {
            policy,
            targets: vec![Target { shared: 0, profile: Profile::OpenAi, shares_credentials: true }],
            seed: 1,
            late: ms(0),
            early: ms(0),
            aborts_after: None,
        }
    }

    pub(crate) fn at(self, profile: Profile) -> Self {
        Self { targets: vec![Target { shared: 0, profile, shares_credentials: true }], ..self }
    }

    pub(crate) fn seeded(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Until the call is settled.
    pub(crate) fn against(&self, mut server: impl FnMut(Asked) -> Reply) -> Transcript {
        let mut clock = Clock { now: BEGAN, late: self.late, aborts: self.aborts_after.map(|t| BEGAN + t) };
        let mut call = Lone::new(self.policy, self.targets.clone(), self.seed);
        let (mut sent, mut waits, mut in_flight) = (Vec::new(), Vec::new(), None);
        let (mut begun, mut stream) = (None, Stream::default());
        let mut action = call.handle(clock.now, Input::Start);
        for _ in 0..ENDLESS {
            let at = clock.now.since(BEGAN);
            let input = match action {
                Action::Send(send) => {
                    sent.push(Sent { at, action: send });
                    let reply = server(Asked { at, target: send.target, hold: send.hold });
                    let input = clock.head(send.clocks, &reply);
                    in_flight = Some((send.clocks, reply));
                    input
                }
                Action::Read { limit } => match in_flight.take() {
                    Some((clocks, reply)) => clock.body(clocks, reply, limit),
                    None => panic!("there is nothing to read"),
                },
                Action::Stream => match in_flight.take() {
                    Some((clocks, Reply::Streams { steps, then, .. })) => {
                        stream = Stream::default();
                        let input = clock.stream(clocks, &mut stream, steps, then);
                        begun = begun.or(stream.begun);
                        if begun.is_some() {
                            assert_eq!(call.handle(clock.now, Input::Begun), action, "a stream goes on");
                        }
                        input
                    }
                    other => panic!("there is no stream: {other:?}"),
                },
                Action::Wait(wait) => {
                    waits.push(Waited { at, action: wait });
                    let hasty = clock.now.max(BEGAN + (wait.until.since(BEGAN) - self.early));
                    if hasty < wait.until {
                        assert_eq!(call.handle(hasty, Input::Woke), action, "woken at {hasty:?}");
                    }
                    clock.sleep(wait.until)
                }
                Action::Park(wait) => panic!("a call alone waits for nobody: {wait:?}"),
                Action::Deliver | Action::Fail(_) | Action::Abandon => {
                    let begun = begun.map(|begun: Instant| begun.since(BEGAN));
                    let (away, said, record) =
                        (stream.was_away(clock.now), stream.said, call.record().clone());
                    return Transcript {
                        sent,
                        waits,
                        took: at,
                        begun,
                        away,
                        said,
                        end: action,
                        record,
                        call,
                    };
                }
            };
            action = call.handle(clock.now, input);
        }
        panic!("the call never settles: {} requests, {} waits", sent.len(), waits.len());
    }

    /// One reply a request; the last one for ever after.
    pub(crate) fn script(&self, replies: &[Reply]) -> Transcript {
        let mut left = replies.iter();
        let mut last = left.next().expect("a reply");
        let mut first = true;
        self.against(|_| {
            if !std::mem::replace(&mut first, false) {
                last = left.next().unwrap_or(last);
            }
            last.clone()
        })
    }
}
