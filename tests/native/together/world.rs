//! Many calls that share one state, on a clock that jumps to whatever happens next.
//!
//! Does what `src/web/client.rs` does with promises and one timer: after each input the calls whose turn it is are
//! woken, and at the time of [`Shared::due`] the state is told so. What holds for every run is asserted as it goes.

use crate::virtual_clock::{BEGAN, Reply};
use query_with_retry::core::admission::Shared;
use query_with_retry::core::admission::breaker::State;
use query_with_retry::core::admission::connections::{Known, Origin};
use query_with_retry::core::admission::coordinator::Rules;
use query_with_retry::core::admission::lease::CallId;
use query_with_retry::core::admission::limiter;
use query_with_retry::core::call::{Action, Call, Input, Lost, Send, Status, Target};
use query_with_retry::core::deadline::{Clocks, Progress, Stage};
use query_with_retry::core::failure::{Code, Failure, Phase};
use query_with_retry::core::policy::Policy;
use query_with_retry::core::record::{Outcome, Record, WaitReason};
use query_with_retry::core::stats::alert::AlertRule;
use query_with_retry::core::target::Profile;
use query_with_retry::core::time::{Duration, Instant};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;
use std::rc::Rc;

/// A probe keeps the others out for at least this long.
const PROBE_TIMEOUT: Duration = Duration::from_secs(3);
/// More events than any sensible run takes.
const ENDLESS: usize = 2_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leaves {
    /// The caller aborts.
    Aborts,
    /// Nobody hears of it any more: a frozen tab.
    Vanishes,
}

#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) policy: Policy,
    pub(crate) targets: Vec<Target>,
    /// Since the beginning, as all times of the test.
    pub(crate) comes: Duration,
    pub(crate) leaves: Option<(Duration, Leaves)>,
}

#[derive(Clone, Debug)]
pub(crate) struct Crowd {
    pub(crate) callers: Vec<Caller>,
    pub(crate) rules: Rules,
    pub(crate) concurrency: limiter::Rule,
    pub(crate) seed: u64,
    /// All targets are on one origin, to which a page has six connections.
    pub(crate) few_connections: bool,
    /// The page has guessed that it has many, which is wrong.
    pub(crate) guesses_wrong: bool,
    /// There is no network then: what is in flight is lost, and what is sent does not leave.
    pub(crate) offline: Option<Range<Duration>>,
}

/// What a server sees of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) who: CallId,
    pub(crate) at: Duration,
    pub(crate) target: usize,
    /// How many others it is busy with.
    pub(crate) busy: usize,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent {
    pub(crate) at: Duration,
    pub(crate) who: CallId,
    pub(crate) target: usize,
}

#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) came: Duration,
    pub(crate) took: Duration,
    /// `None` of one that vanished.
    pub(crate) end: Option<Action>,
    pub(crate) record: Record,
}

impl Ended {
    pub(crate) fn is_delivered(&self) -> bool {
        self.end == Some(Action::Deliver)
    }

    pub(crate) fn failure(&self) -> Option<Failure> {
        match self.end {
            Some(Action::Fail(failure)) => Some(failure),
            _ => None,
        }
    }

    pub(crate) fn failed_by(&self, code: Code, phase: Option<Phase>) -> bool {
        self.failure().is_some_and(|failure| failure.code == code && failure.phase == phase)
    }
}

/// All that happened.
#[derive(Debug)]
pub(crate) struct Meeting {
    pub(crate) calls: Vec<Ended>,
    pub(crate) sent: Vec<Sent>,
    /// The requests for the status of a target.
    pub(crate) statuses: Vec<Sent>,
    pub(crate) shared: Shared,
    /// How often a call was woken because of what another one did.
    pub(crate) woken: usize,
    /// When the last call ended.
    pub(crate) over: Instant,
}

impl Meeting {
    pub(crate) fn sent_to(&self, target: usize) -> impl Iterator<Item = &Sent> {
        self.sent.iter().filter(move |sent| sent.target == target)
    }

    pub(crate) fn delivered(&self) -> usize {
        self.calls.iter().filter(|call| call.is_delivered()).count()
    }

    /// Permits and queue of a target, now that everything is over.
    pub(crate) fn left_over(&mut self, target: usize) -> (usize, usize) {
        self.shared.snapshot(self.over, target).map_or((0, 0), |seen| (seen.in_flight, seen.queued))
    }
}

impl Caller {
    pub(crate) fn with(policy: Policy) -> Self {
        Self { policy, targets: vec![target(0)], comes: Duration::ZERO, leaves: None }
    }

    pub(crate) fn coming(self, comes: Duration) -> Self {
        Self { comes, ..self }
    }
}

pub(crate) const fn target(shared: usize) -> Target {
    Target { shared, profile: Profile::OpenAi, shares_credentials: true }
}

impl Crowd {
    pub(crate) fn of(callers: impl IntoIterator<Item = Caller>) -> Self {
        let (rules, concurrency) = Default::default();
        let callers = callers.into_iter().collect();
        Self {
            callers,
            rules,
            concurrency,
            seed: 1,
            few_connections: false,
            guesses_wrong: false,
            offline: None,
        }
    }

    /// `count` calls that come at once, with the default policy.
    pub(crate) fn at_once(count: usize) -> Self {
        Self::of((0..count).map(|_| Caller::with(Policy::default())))
    }

    pub(crate) fn seeded(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Until all of them are settled.
    pub(crate) fn against(&self, mut server: impl FnMut(Asked) -> Reply) -> Meeting {
        World::new(self, &mut server, None).run()
    }

    /// The same, of a server that has a status: what it says, and after how long.
    pub(crate) fn asking(
        &self,
        mut server: impl FnMut(Asked) -> Reply,
        mut status: impl FnMut(Duration) -> (Duration, Status),
    ) -> Meeting {
        World::new(self, &mut server, Some(&mut status)).run()
    }
}

#[derive(Debug)]
enum Event {
    Comes(CallId),
    Leaves(CallId, Leaves),
    /// An input for a call that is still at this turn.
    Happens(CallId, u32, Input),
    Due,
}

struct Guest {
    call: Call,
    caller: Caller,
    /// Counts the actions of the call: what was meant for an earlier one does not happen any more.
    turn: u32,
    action: Option<Action>,
    in_flight: Option<(Send, Reply)>,
    took: Option<Duration>,
    has_vanished: bool,
}

/// What a server says of its model at a time, and after how long.
type Says<'a> = &'a mut dyn FnMut(Duration) -> (Duration, Status);

/// The leader of a cold target, and until when it leads.
type Lead = Option<(CallId, Instant)>;

struct World<'a> {
    now: Instant,
    shared: Shared,
    guests: Vec<Guest>,
    agenda: BinaryHeap<Reverse<(Instant, usize)>>,
    events: Vec<Option<Event>>,
    armed: Option<Instant>,
    busy: Vec<usize>,
    leads: Vec<Lead>,
    sent: Vec<Sent>,
    statuses: Vec<Sent>,
    woken: usize,
    server: &'a mut dyn FnMut(Asked) -> Reply,
    status: Option<Says<'a>>,
    origin: Option<Rc<Origin>>,
    offline: Option<Range<Instant>>,
}

impl<'a> World<'a> {
    fn new(crowd: &Crowd, server: &'a mut dyn FnMut(Asked) -> Reply, status: Option<Says<'a>>) -> Self {
        let mut shared = Shared::new(crowd.rules, crowd.concurrency, AlertRule::default(), crowd.seed);
        let targets =
            1 + crowd.callers.iter().flat_map(|of| &of.targets).map(|of| of.shared).max().unwrap_or(0);
        shared.grow(targets - 1);
        let origin = crowd.few_connections.then(Rc::<Origin>::default);
        if let Some(origin) = &origin {
            origin.learn(if crowd.guesses_wrong { Known::Guessed } else { Known::Few });
            (0..targets).for_each(|target| shared.belongs(target, origin, 0));
        }
        let mut world = Self {
            now: BEGAN,
            shared,
            guests: Vec::new(),
            agenda: BinaryHeap::new(),
            events: Vec::new(),
            armed: None,
            busy: vec![0; targets],
            leads: vec![None; targets],
            sent: Vec::new(),
            statuses: Vec::new(),
            woken: 0,
            server,
            status,
            origin,
            offline: crowd.offline.clone().map(|offline| BEGAN + offline.start..BEGAN + offline.end),
        };
        for (id, caller) in (0..).zip(&crowd.callers) {
            let seed = crowd.seed.wrapping_mul(1_000_003).wrapping_add(u64::from(id));
            world.guests.push(Guest {
                call: Call::new(caller.policy, caller.targets.clone(), seed, BEGAN + caller.comes, id),
                caller: caller.clone(),
                turn: 0,
                action: None,
                in_flight: None,
                took: None,
                has_vanished: false,
            });
            world.at(BEGAN + caller.comes, Event::Comes(id));
            if let Some((after, how)) = caller.leaves {
                world.at(BEGAN + after.max(caller.comes), Event::Leaves(id, how));
            }
        }
        world
    }

    fn at(&mut self, at: Instant, event: Event) {
        self.agenda.push(Reverse((at.max(self.now), self.events.len())));
        self.events.push(Some(event));
    }

    fn run(mut self) -> Meeting {
        while let Some(Reverse((now, nth))) = self.agenda.pop() {
            assert!(self.events.len() < ENDLESS, "the calls never settle");
            let Some(event) = self.events[nth].take() else { continue };
            self.now = now;
            let was_due = matches!(event, Event::Due);
            match event {
                Event::Comes(id) => self.tell(id, Input::Start),
                Event::Leaves(id, Leaves::Aborts) => self.tell(id, Input::Aborted),
                Event::Leaves(id, Leaves::Vanishes) => self.guests[id as usize].has_vanished = true,
                Event::Happens(id, turn, input) if self.guests[id as usize].turn == turn => {
                    self.tell(id, input)
                }
                Event::Happens(..) => continue,
                Event::Due => {
                    self.armed = self.armed.filter(|armed| *armed > now);
                    self.shared.wake(now);
                }
            }
            self.call_those_whose_turn_it_is(was_due);
        }
        let over = self.now;
        let calls = self.guests.into_iter().map(|guest| {
            let took = guest.took.or(guest.has_vanished.then_some(Duration::ZERO));
            let end = guest.took.and(guest.action);
            let record = guest.call.record().clone();
            Ended { came: guest.caller.comes, took: took.expect("every call settles"), end, record }
        });
        Meeting {
            calls: calls.collect(),
            sent: self.sent,
            statuses: self.statuses,
            woken: self.woken,
            shared: self.shared,
            over,
        }
    }

    fn call_those_whose_turn_it_is(&mut self, was_due: bool) {
        loop {
            while let Some(who) = self.shared.woken() {
                self.woken += 1;
                self.tell(who, Input::Woke);
            }
            let Some(waiting) = self.origin.as_ref().and_then(|origin| origin.next(self.now)) else { break };
            self.shared.connect(self.now, waiting.target);
        }
        let queued =
            (0..self.busy.len()).any(|of| self.shared.snapshot(self.now, of).is_some_and(|of| of.queued > 0));
        let due = self.shared.due();
        assert!(queued == due.is_some() || self.origin.is_some(), "who waits is waited for");
        assert!(!was_due || due.is_none_or(|due| due > self.now), "due at {due:?} again and again");
        if let Some(due) = due
            && self.armed.is_none_or(|armed| due < armed)
        {
            self.armed = Some(due);
            self.at(due, Event::Due);
        }
    }

    fn tell(&mut self, id: CallId, input: Input) {
        let is_offline = self.offline.as_ref().is_some_and(|offline| offline.contains(&self.now));
        let guest = &mut self.guests[id as usize];
        let input = match (input, guest.action) {
            (Input::Woke, Some(Action::Park(wait))) if is_offline && wait.reason != WaitReason::Offline => {
                Input::Offline
            }
            (input, _) => input,
        };
        if guest.has_vanished {
            return;
        }
        let action = guest.call.handle(self.now, input, &mut self.shared);
        // The same wait again may be one for another target.
        if guest.action == Some(action) && !matches!(action, Action::Wait(_) | Action::Park(_)) {
            return;
        }
        let was = guest.action.replace(action);
        guest.turn += 1;
        if let (Some(Action::Send(_) | Action::Read { .. }), Some((send, _))) = (was, &guest.in_flight)
            && !matches!(action, Action::Read { .. })
        {
            self.busy[guest.caller.targets[send.target].shared] -= 1;
            guest.in_flight = None;
        }
        self.judge(id, action);
        self.act(id, action);
    }

    fn act(&mut self, id: CallId, action: Action) {
        let now = self.now;
        let is_offline = self.offline.as_ref().is_some_and(|offline| offline.contains(&now));
        let guest = &mut self.guests[id as usize];
        let turn = guest.turn;
        let (then, input) = match action {
            Action::Send(send) => {
                let target = guest.caller.targets[send.target].shared;
                let (at, busy) = (now.since(BEGAN), self.busy[target]);
                self.busy[target] += 1;
                if is_offline {
                    guest.in_flight = Some((send, Reply::Silence));
                    return self.at(now, Event::Happens(id, turn, Input::Offline));
                }
                self.sent.push(Sent { at, who: id, target });
                let reply = (self.server)(Asked { who: id, at, target, busy });
                let (after, input) = head(&reply);
                guest.in_flight = Some((send, reply));
                let (then, input) = sooner(now, after, input, send.clocks, Stage::Sent);
                self.or_lost(now, then, input)
            }
            Action::Read { .. } => match &guest.in_flight {
                Some((send, reply)) => {
                    let (after, input) = body(reply);
                    let (then, input) = sooner(now, after, input, send.clocks, Stage::Headers);
                    self.or_lost(now, then, input)
                }
                None => panic!("there is nothing to read"),
            },
            Action::Park(wait) if wait.reason == WaitReason::Offline => match &self.offline {
                Some(offline) if offline.end < wait.until => (offline.end, Input::Online),
                _ => (wait.until, Input::Woke),
            },
            Action::Wait(wait) | Action::Park(wait) => match (guest.call.asking(), &mut self.status) {
                (Some(asking), Some(_)) if asking.next > now => (asking.next, Input::Woke),
                (Some(_), Some(says)) => {
                    let target = guest.caller.targets[guest.call.target()].shared;
                    let at = now.since(BEGAN);
                    self.statuses.push(Sent { at, who: id, target });
                    let (after, status) = says(at);
                    self.at(wait.until, Event::Happens(id, turn, Input::Woke));
                    (now + after, Input::Status(status))
                }
                _ => (wait.until, Input::Woke),
            },
            Action::Stream => panic!("nobody asked for a stream"),
            Action::Deliver | Action::Fail(_) | Action::Abandon => {
                guest.took = Some(now.since(BEGAN + guest.caller.comes));
                return;
            }
        };
        self.at(then, Event::Happens(id, turn, input));
    }

    /// The input, unless there is no network by then.
    fn or_lost(&self, now: Instant, then: Instant, input: Input) -> (Instant, Input) {
        match &self.offline {
            Some(offline) if now < offline.start && offline.start <= then => {
                (offline.start, Input::NetworkError(Lost::Offline))
            }
            _ => (then, input),
        }
    }

    /// Asserts what holds whatever happens.
    fn judge(&mut self, id: CallId, action: Action) {
        let guest = &self.guests[id as usize];
        let (policy, came) = (guest.caller.policy, BEGAN + guest.caller.comes);
        let deadline = came + policy.timeouts.total;
        assert!(self.now <= deadline, "{id} is late: {action:?}");
        match action {
            Action::Wait(wait) => assert!(wait.until < deadline, "{id} waits beyond its end: {wait:?}"),
            Action::Park(wait) => assert!(wait.until <= deadline, "{id} waits beyond its end: {wait:?}"),
            Action::Send(send) => {
                // A total of zero still has its first request.
                assert!(self.now < deadline || self.now == came, "{id} is sent too late");
                let target = guest.caller.targets[send.target].shared;
                let breaker = self.shared.snapshot(self.now, target).map(|seen| seen.breaker);
                assert_ne!(breaker, Some(State::Open), "{id} is sent to an open circuit");
            }
            _ => {}
        }
        self.judge_lead(id, action);
    }

    /// One call at a time is sent to a cold target, or sleeps until it is.
    fn judge_lead(&mut self, id: CallId, action: Action) {
        let guest = &self.guests[id as usize];
        let Some(target) = guest.caller.targets.get(guest.call.target()).map(|target| target.shared) else {
            return;
        };
        if let Some(last) = guest.call.record().attempts().last()
            && BEGAN + guest.caller.comes + last.started + last.duration == self.now
            && is_answer(last.outcome)
        {
            // This ends a cold start; nothing is known yet of one that begins at the same moment.
            self.leads[guest.caller.targets[last.target].shared] = None;
        }
        for (of, lead) in self.leads.iter_mut().enumerate() {
            let has_moved_on = of != target && lead.is_some_and(|(leader, _)| leader == id);
            if has_moved_on || !self.shared.is_cold(of) {
                *lead = None;
            }
        }
        let mut until = match action {
            // A probe that is in flight for longer is being worked on.
            Action::Send(send) => {
                (self.now + send.hold.unwrap_or_default() + PROBE_TIMEOUT).min(send.clocks.attempt)
            }
            Action::Wait(wait) if wait.reason == WaitReason::Loading => {
                if self.shared.leader(target) != Some(id) {
                    // The call only pauses before it tries again, or was told to stay away for longer than the rest.
                    self.leads[target] = self.leads[target].filter(|(leader, _)| *leader != id);
                    return;
                }
                wait.until + guest.caller.policy.timeouts.attempt
            }
            Action::Read { .. } => return,
            // After a probe that was not answered the lead lasts for as long as it would have.
            Action::Wait(_) => return,
            Action::Park(_) | Action::Stream | Action::Deliver | Action::Fail(_) | Action::Abandon => {
                let lead = self.leads.iter_mut().find(|lead| lead.is_some_and(|(leader, _)| leader == id));
                lead.into_iter().for_each(|lead| *lead = None);
                return;
            }
        };
        if let Action::Send(_) = action {
            until = until.max(self.now);
        }
        if self.shared.is_cold(target) {
            if let Some((leader, lease)) = self.leads[target] {
                assert!(
                    leader == id || self.now >= lease,
                    "{leader} leads until {lease:?}, and {id} does too"
                );
            }
            self.leads[target] = Some((id, until));
        }
    }
}

/// And not that the model is loading.
fn is_answer(outcome: Outcome) -> bool {
    !matches!(
        outcome,
        Outcome::Aborted | Outcome::Failed(Code::ModelLoading | Code::Timeout | Code::Network, _)
    )
}

fn head(reply: &Reply) -> (Option<Duration>, Input) {
    match reply {
        Reply::Answers { head, head_after, .. } | Reply::Breaks { head, head_after, .. } => {
            (Some(*head_after), Input::Head(*head))
        }
        Reply::Resets { after } => (Some(*after), Input::NetworkError(Lost::Unsaid)),
        Reply::Refuses { after } => (Some(*after), Input::NetworkError(Lost::Refused)),
        _ => (None, Input::NetworkError(Lost::Unsaid)),
    }
}

fn body(reply: &Reply) -> (Option<Duration>, Input) {
    match reply {
        Reply::Answers { body, body_after, .. } => (Some(*body_after), Input::Body(body.clone())),
        Reply::Breaks { body_after, .. } => (Some(*body_after), Input::NetworkError(Lost::Unsaid)),
        other => panic!("{other:?} has no body that can be read here"),
    }
}

/// What the server does, or the clock that runs out before.
fn sooner(
    now: Instant,
    after: Option<Duration>,
    input: Input,
    clocks: Clocks,
    stage: Stage,
) -> (Instant, Input) {
    let (until, phase) = clocks.next(now, Progress { stage, ..Progress::default() });
    match after.map(|after| now + after).filter(|at| *at <= until) {
        Some(at) => (at, input),
        None => (until, Input::TimedOut(phase)),
    }
}
