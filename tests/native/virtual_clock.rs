//! A conversation of one call with a server, on a clock that jumps to whatever happens next.
//!
//! Does what `src/web/drive.rs` does with fetch and timers: after a `Send` the answer comes, or
//! the clock that [`Clocks::next`] names runs out, whichever is first; a `Wait` ends at its time.

use query_with_retry::core::call::{Action, Call, Head, Input, Send, Target, Wait};
use query_with_retry::core::classify::Body;
use query_with_retry::core::deadline::{Clocks, Progress, Stage};
use query_with_retry::core::failure::{Code, Failure, Phase};
use query_with_retry::core::policy::{Given, Policy};
use query_with_retry::core::record::Record;
use query_with_retry::core::target::Profile;
use query_with_retry::core::time::{Duration, Instant};

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
    /// No connection, or one that is lost before the head.
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
    pub(crate) end: Action,
    pub(crate) record: Record,
    /// The finished call, to be asked on.
    pub(crate) call: Call,
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
            targets: vec![Target { profile: Profile::OpenAi, shares_credentials: true }],
            seed: 1,
            late: ms(0),
            early: ms(0),
            aborts_after: None,
        }
    }

    pub(crate) fn at(self, profile: Profile) -> Self {
        Self { targets: vec![Target { profile, shares_credentials: true }], ..self }
    }

    pub(crate) fn seeded(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Until the call is settled.
    pub(crate) fn against(&self, mut server: impl FnMut(Asked) -> Reply) -> Transcript {
        let mut clock = Clock { now: BEGAN, late: self.late, aborts: self.aborts_after.map(|t| BEGAN + t) };
        let mut call = Call::new(self.policy, self.targets.clone(), self.seed, BEGAN);
        let (mut sent, mut waits, mut under_way) = (Vec::new(), Vec::new(), None);
        let mut action = call.handle(clock.now, Input::Start);
        for _ in 0..ENDLESS {
            let at = clock.now.since(BEGAN);
            let input = match action {
                Action::Send(send) => {
                    sent.push(Sent { at, action: send });
                    let reply = server(Asked { at, target: send.target, hold: send.hold });
                    let input = clock.head(send.clocks, &reply);
                    under_way = Some((send.clocks, reply));
                    input
                }
                Action::Read { limit } => match under_way.take() {
                    Some((clocks, reply)) => clock.body(clocks, reply, limit),
                    None => panic!("there is nothing to read"),
                },
                Action::Stream => panic!("no reply here is a stream"),
                Action::Wait(wait) => {
                    waits.push(Waited { at, action: wait });
                    let hasty = clock.now.max(BEGAN + (wait.until.since(BEGAN) - self.early));
                    if hasty < wait.until {
                        assert_eq!(call.handle(hasty, Input::Woke), action, "woken at {hasty:?}");
                    }
                    clock.sleep(wait.until)
                }
                Action::Deliver | Action::Fail(_) | Action::Abandon => {
                    let record = call.record().clone();
                    return Transcript { sent, waits, took: at, end: action, record, call };
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

struct Clock {
    now: Instant,
    late: Duration,
    aborts: Option<Instant>,
}

impl Clock {
    /// What comes first: `at` of the server, a clock of the attempt, or the abort.
    fn first(
        &mut self,
        clocks: Clocks,
        last_piece: Option<Instant>,
        at: Option<Instant>,
    ) -> Result<(), Input> {
        let stage = if last_piece.is_some() { Stage::Heard } else { Stage::Sent };
        let progress = Progress { stage, quiet_since: last_piece, ..Progress::default() };
        let (due, phase) = clocks.next(self.now, progress);
        let rings = self.now.max(due + self.late);
        let (then, result) = match at {
            Some(at) if at <= rings => (at, Ok(())),
            _ => (rings, Err(Input::TimedOut(phase))),
        };
        if let Some(aborts) = self.aborts.filter(|aborts| *aborts <= then) {
            self.now = self.now.max(aborts);
            return Err(Input::Aborted);
        }
        self.now = then;
        result
    }

    fn head(&mut self, clocks: Clocks, reply: &Reply) -> Input {
        let (after, input) = match reply {
            Reply::Answers { head, head_after, .. }
            | Reply::Drips { head, head_after, .. }
            | Reply::Breaks { head, head_after, .. } => (Some(*head_after), Input::Head(*head)),
            Reply::Refuses { after } => (Some(*after), Input::NetworkError),
            Reply::Silence => (None, Input::NetworkError),
        };
        let at = after.map(|after| self.now + after);
        self.first(clocks, None, at).err().unwrap_or(input)
    }

    fn body(&mut self, clocks: Clocks, reply: Reply, limit: Option<u32>) -> Input {
        match reply {
            Reply::Answers { body, body_after, .. } => {
                let at = self.now + body_after;
                self.first(clocks, None, Some(at)).err().unwrap_or(Input::Body(body))
            }
            Reply::Breaks { body_after, .. } => {
                let at = self.now + body_after;
                self.first(clocks, None, Some(at)).err().unwrap_or(Input::NetworkError)
            }
            Reply::Drips { body, every, .. } => {
                let mut last_piece = None;
                loop {
                    let at = self.now + every.max(ms(1));
                    match self.first(clocks, last_piece, Some(at)) {
                        Ok(()) => last_piece = Some(self.now),
                        // An error body that was cut has still said something.
                        Err(Input::TimedOut(_)) if limit.is_some() && last_piece.is_some() => {
                            return Input::Body(body);
                        }
                        Err(lost) => return lost,
                    }
                }
            }
            Reply::Refuses { .. } | Reply::Silence => panic!("a reply without a head has no body"),
        }
    }

    fn sleep(&mut self, until: Instant) -> Input {
        let rings = until + self.late;
        match self.aborts.filter(|aborts| *aborts <= rings) {
            Some(aborts) => {
                self.now = self.now.max(aborts);
                Input::Aborted
            }
            None => {
                self.now = rings;
                Input::Woke
            }
        }
    }
}
