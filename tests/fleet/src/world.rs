//! One run: arrivals, isolates and the server, on a clock that jumps to whatever is due next.
//!
//! A request reaches the server at once, and its answer takes the whole round trip. For the caller that is the same
//! as half of it each way.

use query_with_retry::core::time::{Duration, Instant};

use crate::agenda::{Agenda, Due};
use crate::chance::Chance;
use crate::client::{Action, Answer, CallId, Client, Fleet, Input, IsolateId, Terms};
use crate::model::{BEGAN, Model};
use crate::outcome::Outcome;
use crate::server::{RequestId, Server, Ticket, Verdict};
use crate::tally::{Settled, Tally};

/// More events than a storm needs: a client that goes round in circles is found out.
const ENDLESS: u64 = 200_000_000;
/// More calls than an isolate can let go at one time without going round in circles.
const ENDLESS_WAKING: usize = 1_000_000;

/// Lets the clients of this fleet meet the server of this model.
///
/// # Panics
///
/// If a client never comes to an end.
pub fn run(model: &Model, fleet: &mut dyn Fleet, seed: u64) -> Outcome {
    let mut world = World {
        model,
        fleet,
        now: BEGAN,
        agenda: Agenda::new(model.rtt),
        server: Server::new(model.server.clone(), Chance::stream(seed, 1)),
        arrivals: Chance::stream(seed, 2),
        seeds: Chance::stream(seed, 3),
        arrived: 0.0,
        places: vec![None; model.isolates],
        isolates: Vec::new(),
        calls: Vec::new(),
        tally: Tally::new(model),
    };
    world.begin();
    for _ in 0..ENDLESS {
        let Some((now, due)) = world.agenda.next() else {
            return world.tally.outcome(model, seed, world.server.warm_at());
        };
        world.now = now;
        world.step(due);
    }
    panic!("seed {seed} of {} never ends", model.name);
}

struct World<'a> {
    model: &'a Model,
    fleet: &'a mut dyn Fleet,
    now: Instant,
    agenda: Agenda<Timer, OnItsWay>,
    server: Server,
    arrivals: Chance,
    seeds: Chance,
    /// When the last call came, unrounded.
    arrived: f64,
    /// The isolate that takes the new calls of each place.
    places: Vec<Option<IsolateId>>,
    isolates: Vec<Isolate>,
    calls: Vec<Call>,
    tally: Tally,
}

enum Timer {
    Arrival,
    /// The server has as many slots as it had not before.
    Slots,
    Warm,
    Done(RequestId),
    TimedOut(Ticket),
    Woke(Ticket),
    Ring(IsolateId),
}

struct OnItsWay {
    ticket: Ticket,
    answer: Answer,
    /// What the server worked for it.
    work: Duration,
}

struct Isolate {
    /// Gone once another has come in its place and its last call is settled.
    client: Option<Box<dyn Client>>,
    /// How many calls began in it.
    begun: u32,
    /// Which call of the world each of its own is.
    calls: Vec<Option<usize>>,
    live: usize,
    ring: Option<Instant>,
}

struct Call {
    place: usize,
    isolate: IsolateId,
    id: CallId,
    began: Instant,
    deadline: Instant,
    /// The server asked for no request before this time.
    floor: Instant,
    state: State,
    /// Counts sends and waits, so that what belongs to an earlier one is known as late.
    turn: u32,
    sent: bool,
}

#[derive(Clone, Copy)]
enum State {
    New,
    Sending(Option<RequestId>),
    Waiting,
    Settled,
}

impl World<'_> {
    fn begin(&mut self) {
        if let Some(brownout) = self.model.server.brownout {
            self.agenda.at(brownout.to, Timer::Slots);
        }
        self.next_arrival();
    }

    fn next_arrival(&mut self) {
        self.arrived += self.arrivals.exponential(1000.0 / self.model.rate);
        let at = BEGAN + Duration::from_ms(self.arrived as u64);
        if at < BEGAN + self.model.run {
            self.agenda.at(at, Timer::Arrival);
        }
    }

    fn step(&mut self, due: Due<Timer, OnItsWay>) {
        match due {
            Due::Answer(came) => self.answer(&came),
            Due::Timer(Timer::Arrival) => {
                self.next_arrival();
                self.call();
            }
            Due::Timer(Timer::Slots) => {
                self.server.fill(self.now);
                self.follow_server();
            }
            Due::Timer(Timer::Warm) => self.tally.warm(self.now),
            Due::Timer(Timer::Done(request)) => {
                if let Some((ticket, work)) = self.server.done(self.now, request) {
                    self.agenda.answer(self.now, OnItsWay { ticket, answer: Answer::OK, work });
                    self.follow_server();
                }
            }
            Due::Timer(Timer::TimedOut(ticket)) => {
                if let Some(State::Sending(request)) = self.state(ticket) {
                    if let Some(request) = request {
                        let wasted = self.server.abandon(self.now, request);
                        self.tally.wasted(wasted);
                        self.follow_server();
                    }
                    self.tell(ticket.call, Input::TimedOut);
                }
            }
            Due::Timer(Timer::Woke(ticket)) => {
                if let Some(State::Waiting) = self.state(ticket) {
                    self.tell(ticket.call, Input::Woke);
                }
            }
            Due::Timer(Timer::Ring(isolate)) => self.ring(isolate),
        }
    }

    /// What a call is at, if it still is at what this ticket was given for.
    fn state(&self, ticket: Ticket) -> Option<State> {
        self.calls.get(ticket.call).filter(|call| call.turn == ticket.attempt).map(|call| call.state)
    }

    fn answer(&mut self, came: &OnItsWay) {
        match self.state(came.ticket) {
            Some(State::Sending(_)) => {
                if let Some(after) = came.answer.retry_after {
                    self.calls[came.ticket.call].floor = self.now + after;
                }
                self.tell(came.ticket.call, Input::Answer(came.answer));
            }
            _ => self.tally.wasted(came.work),
        }
    }

    fn call(&mut self) {
        let place = self.arrivals.below(self.model.isolates);
        let isolate = self.isolate_at(place);
        let host = &mut self.isolates[isolate];
        host.begun += 1;
        host.live += 1;
        let number = self.calls.len();
        let id = host.calls.iter().position(Option::is_none).unwrap_or(host.calls.len());
        host.calls.resize(host.calls.len().max(id + 1), None);
        host.calls[id] = Some(number);
        let (began, deadline) = (self.now, self.now + self.model.deadline);
        let (floor, state) = (began, State::New);
        let call = Call { place, isolate, id, began, deadline, floor, state, turn: 0, sent: false };
        self.calls.push(call);
        self.tally.arrived(self.now);
        self.tell(number, Input::Start { deadline });
    }

    fn isolate_at(&mut self, place: usize) -> IsolateId {
        let lifetime = self.model.lifetime.unwrap_or(u32::MAX);
        if let Some(isolate) = self.places[place] {
            if self.isolates[isolate].begun < lifetime {
                return isolate;
            }
            self.bury(isolate);
        }
        let isolate = self.isolates.len();
        let client = self.fleet.client(Terms {
            isolate,
            seed: self.seeds.bits(),
            attempt: self.model.attempt,
            deadline: self.model.deadline,
        });
        let client = Some(client);
        self.isolates.push(Isolate { client, begun: 0, calls: Vec::new(), live: 0, ring: None });
        self.places[place] = Some(isolate);
        isolate
    }

    /// What an isolate leaves behind, once nothing is in it any more.
    fn bury(&mut self, isolate: IsolateId) {
        let isolate = &mut self.isolates[isolate];
        if isolate.live == 0 {
            isolate.client = None;
            isolate.calls = Vec::new();
        }
    }

    fn tell(&mut self, call: usize, input: Input) {
        let isolate = self.calls[call].isolate;
        self.hand(call, input);
        self.arm(isolate);
        self.arm_reached();
    }

    fn hand(&mut self, number: usize, input: Input) {
        let call = &self.calls[number];
        let (isolate, id) = (call.isolate, call.id);
        if let Some(client) = &mut self.isolates[isolate].client {
            let action = client.handle(self.now, id, input);
            self.act(number, action);
        }
    }

    fn act(&mut self, number: usize, action: Action) {
        let call = &mut self.calls[number];
        call.turn += 1;
        let ticket = Ticket { call: number, attempt: call.turn };
        match action {
            Action::Send { until } => {
                let first = !std::mem::replace(&mut call.sent, true);
                self.tally.sent(self.now, first);
                self.tally.too_early += u64::from(self.now < call.floor);
                let request = self.send(ticket, until);
                self.calls[number].state = State::Sending(request);
            }
            Action::Wait { until } => {
                call.state = State::Waiting;
                self.agenda.at(until.max(self.now), Timer::Woke(ticket));
            }
            Action::Deliver | Action::Fail => {
                call.state = State::Settled;
                let (place, isolate, id) = (call.place, call.isolate, call.id);
                let delivered = action == Action::Deliver;
                let (began, deadline) = (call.began, call.deadline);
                let settled = Settled { place, began, ended: self.now, deadline, delivered };
                self.tally.settled(self.now, settled);
                let host = &mut self.isolates[isolate];
                host.calls[id] = None;
                host.live -= 1;
                if self.places[place] != Some(isolate) {
                    self.bury(isolate);
                }
            }
        }
    }

    fn send(&mut self, ticket: Ticket, until: Instant) -> Option<RequestId> {
        let was_cold = self.server.warm_at().is_none();
        let verdict = self.server.receive(self.now, ticket);
        if let Some(at) = self.server.warm_at().filter(|_| was_cold) {
            self.tally.load_began(self.now, at);
            self.agenda.at(at, Timer::Warm);
        }
        // No timer for what is answered before it could ring: a storm would fill the heap.
        let (request, in_time) = match verdict {
            Verdict::AtOnce(answer) => {
                self.agenda.answer(self.now, OnItsWay { ticket, answer, work: Duration::ZERO });
                (None, self.now + self.model.rtt <= until)
            }
            Verdict::Accepted(request) => (Some(request), false),
        };
        if !in_time {
            self.agenda.at(until.max(self.now), Timer::TimedOut(ticket));
        }
        self.follow_server();
        request
    }

    fn follow_server(&mut self) {
        while let Some((at, request)) = self.server.take_started() {
            self.agenda.at(at, Timer::Done(request));
        }
    }

    fn ring(&mut self, isolate: IsolateId) {
        let host = &mut self.isolates[isolate];
        if host.ring == Some(self.now) {
            host.ring = None;
        }
        if let Some(client) = &mut host.client {
            if client.next_timer().is_some_and(|timer| timer <= self.now) {
                client.rang(self.now);
            }
            self.arm(isolate);
            self.arm_reached();
        }
    }

    fn arm_reached(&mut self) {
        for _ in 0..ENDLESS_WAKING {
            let reached = self.fleet.reached();
            if reached.is_empty() {
                return;
            }
            for isolate in reached {
                self.arm(isolate);
            }
        }
        panic!("isolates reach each other without end");
    }

    /// Hands on the calls that an isolate has woken, and arms its timer.
    fn arm(&mut self, isolate: IsolateId) {
        for _ in 0..ENDLESS_WAKING {
            let Some(host) = self.isolates.get_mut(isolate) else { return };
            let Some(client) = &mut host.client else { return };
            let woken = client.woken(self.now);
            if woken.is_empty() {
                let timer = client.next_timer().map(|timer| timer.max(self.now));
                if let Some(timer) = timer.filter(|timer| host.ring.is_none_or(|ring| *timer < ring)) {
                    host.ring = Some(timer);
                    self.agenda.at(timer, Timer::Ring(isolate));
                }
                return;
            }
            for id in woken {
                let number = self.isolates[isolate].calls.get(id).copied().flatten();
                if let Some(number) = number
                    && let State::Waiting = self.calls[number].state
                {
                    self.hand(number, Input::Woke);
                }
            }
        }
        panic!("an isolate wakes its calls without end");
    }
}
