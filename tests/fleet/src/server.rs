//! The server: slots, a queue, and the days on which it is not at its best.
//!
//! The server answers at once what it does not work on. It finishes what it works on, even if the caller has gone,
//! unless it is one of those that notice.

use std::collections::VecDeque;

use query_with_retry::core::time::{Duration, Instant};

use crate::chance::Chance;
use crate::client::Answer;
use crate::model::{Cold, Estimate, Server as Model};

pub(crate) struct Server {
    model: Model,
    chance: Chance,
    requests: Vec<Request>,
    queue: VecDeque<RequestId>,
    /// The queued requests that were not dropped.
    waiting: usize,
    busy: usize,
    warm_at: Option<Instant>,
    started: Vec<(Instant, RequestId)>,
}

pub(crate) type RequestId = usize;

/// The call that gets the answer.
#[derive(Clone, Copy)]
pub(crate) struct Ticket {
    pub(crate) call: usize,
    pub(crate) attempt: u32,
}

pub(crate) enum Verdict {
    AtOnce(Answer),
    Accepted(RequestId),
}

#[derive(Clone, Copy)]
struct Request {
    ticket: Ticket,
    state: State,
}

#[derive(Clone, Copy)]
enum State {
    Waiting,
    Running { since: Instant, service: Duration },
    Dropped,
}

impl Server {
    pub(crate) fn new(model: Model, chance: Chance) -> Self {
        Self {
            model,
            chance,
            requests: Vec::new(),
            queue: VecDeque::new(),
            waiting: 0,
            busy: 0,
            warm_at: None,
            started: Vec::new(),
        }
    }

    pub(crate) fn warm_at(&self) -> Option<Instant> {
        self.warm_at
    }

    pub(crate) fn receive(&mut self, now: Instant, ticket: Ticket) -> Verdict {
        if let Some(cold) = self.model.cold {
            let warm_at = *self.warm_at.get_or_insert(now + cold.load);
            if now < warm_at {
                let refused = if cold.closed { Some(Answer::REFUSED) } else { None };
                return Verdict::AtOnce(refused.unwrap_or_else(|| loading(cold, warm_at.since(now))));
            }
        }
        if let Some(errors) = self.model.errors
            && self.chance.happens(errors.share)
        {
            return Verdict::AtOnce(Answer { status: errors.status, of_engine: false, ..Answer::OK });
        }
        if self.busy >= self.slots(now) && self.waiting >= self.model.queue {
            let wordless = Answer { status: 503, of_engine: false, ..Answer::OK };
            let full = if self.model.wordless { wordless } else { Answer::FULL };
            return Verdict::AtOnce(Answer { retry_after: self.model.retry_after, ..full });
        }
        let id = self.requests.len();
        self.requests.push(Request { ticket, state: State::Waiting });
        self.queue.push_back(id);
        self.waiting += 1;
        self.fill(now);
        Verdict::Accepted(id)
    }

    /// Begins what there are slots for.
    pub(crate) fn fill(&mut self, now: Instant) {
        while self.busy < self.slots(now)
            && let Some(id) = self.queue.pop_front()
        {
            let Some(request) = self.requests.get_mut(id) else { continue };
            if let State::Waiting = request.state {
                let mean = self.model.service.as_ms() as f64;
                let service = Duration::from_ms(self.chance.log_normal(mean, self.model.sigma) as u64);
                request.state = State::Running { since: now, service };
                self.busy += 1;
                self.waiting -= 1;
                self.started.push((now + service, id));
            }
        }
    }

    /// What was begun since this was asked last, and when it will be done.
    pub(crate) fn take_started(&mut self) -> Option<(Instant, RequestId)> {
        self.started.pop()
    }

    /// The time of a request is up. Nothing, if it was dropped before.
    pub(crate) fn done(&mut self, now: Instant, id: RequestId) -> Option<(Ticket, Duration)> {
        let request = *self.requests.get(id)?;
        let State::Running { service, .. } = request.state else { return None };
        self.busy -= 1;
        self.fill(now);
        Some((request.ticket, service))
    }

    /// The caller has gone. Returns the work for nothing, as far as it is known now.
    pub(crate) fn abandon(&mut self, now: Instant, id: RequestId) -> Duration {
        let Some(request) = self.requests.get_mut(id).filter(|_| self.model.notices) else {
            return Duration::ZERO;
        };
        let wasted = match std::mem::replace(&mut request.state, State::Dropped) {
            State::Waiting => {
                self.waiting -= 1;
                Duration::ZERO
            }
            State::Running { since, service } if now < since + service => {
                self.busy -= 1;
                now.since(since)
            }
            // It is done, and its answer on the way: what that costs is told when it arrives.
            done => {
                request.state = done;
                return Duration::ZERO;
            }
        };
        self.fill(now);
        wasted
    }

    fn slots(&self, now: Instant) -> usize {
        match self.model.brownout {
            Some(brownout) if brownout.from <= now && now < brownout.to => brownout.slots,
            _ => self.model.slots,
        }
    }
}

fn loading(cold: Cold, left: Duration) -> Answer {
    let estimated = match cold.estimate {
        Estimate::Absent => None,
        Estimate::Fixed(estimate) => Some(estimate),
        Estimate::Left { times, of } => Some(left.scaled(times, of)),
    };
    Answer { estimated, ..Answer::LOADING }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Model as World;

    const fn at(ms: u64) -> Instant {
        Instant::from_ms(ms)
    }

    fn server(of: &World) -> Server {
        Server::new(of.server.clone(), Chance::new(1))
    }

    fn ask(server: &mut Server, now: Instant, call: usize) -> Result<RequestId, Answer> {
        match server.receive(now, Ticket { call, attempt: 1 }) {
            Verdict::Accepted(id) => Ok(id),
            Verdict::AtOnce(answer) => Err(answer),
        }
    }

    fn started(server: &mut Server) -> Vec<RequestId> {
        let mut ids: Vec<_> = std::iter::from_fn(|| server.take_started()).map(|(_, id)| id).collect();
        ids.sort_unstable();
        ids
    }

    #[test]
    fn slots_are_filled_in_the_order_of_arrival_and_what_is_beyond_the_queue_is_refused() {
        let mut server = server(&World::overload().queue(2, Some(Duration::from_secs(7))));
        let ids: Vec<_> = (0..18).filter_map(|call| ask(&mut server, at(0), call).ok()).collect();
        assert_eq!((ids.len(), started(&mut server)), (18, ids[..16].to_vec()));
        let refused = ask(&mut server, at(0), 18).map_err(|answer| (answer.status, answer.retry_after));
        assert_eq!(refused, Err((429, Some(Duration::from_secs(7)))));
        assert!(server.done(at(9), ids[3]).is_some());
        assert_eq!(started(&mut server), [ids[16]]);
        assert!(ask(&mut server, at(9), 19).is_ok());
    }

    #[test]
    fn a_brownout_lets_the_work_end_and_begins_no_more() {
        let mut server = server(&World::overload());
        let ids: Vec<_> = (0..20).filter_map(|call| ask(&mut server, at(59_999), call).ok()).collect();
        assert_eq!(started(&mut server).len(), 16);
        for id in &ids[..9] {
            assert!(server.done(at(60_000), *id).is_some());
        }
        assert_eq!(started(&mut server), [ids[16]]);
        server.fill(at(120_000));
        assert_eq!(started(&mut server), ids[17..]);
    }

    #[test]
    fn the_first_request_starts_the_load_and_a_constant_estimate_stays_what_it_is() {
        let mut server = server(&World::cold());
        for (now, warm) in [(at(500), false), (at(180_499), false), (at(180_500), true)] {
            match ask(&mut server, now, 0) {
                Ok(_) => assert!(warm, "{now:?}"),
                Err(answer) => {
                    assert_eq!((answer.status, answer.estimated), (503, Some(Duration::from_secs(20))));
                    assert!(!warm, "{now:?}");
                }
            }
        }
    }

    #[test]
    fn estimates_are_as_wrong_as_they_are_asked_to_be() {
        for (estimate, said) in [
            (Estimate::Absent, None),
            (Estimate::ACCURATE, Some(120)),
            (Estimate::Left { times: 10, of: 1 }, Some(1200)),
            (Estimate::Left { times: 1, of: 10 }, Some(12)),
        ] {
            let mut server = server(&World::cold().estimate(estimate));
            assert!(ask(&mut server, at(0), 0).is_err());
            let answer = ask(&mut server, at(60_000), 1).map_err(|answer| answer.estimated);
            assert_eq!(answer, Err(said.map(Duration::from_secs)));
        }
    }

    #[test]
    fn only_a_server_that_notices_stops_working_for_those_who_have_gone() {
        for (world, freed) in [(World::overload(), false), (World::overload().noticing(), true)] {
            let mut server = server(&world);
            let ids: Vec<_> = (0..18).filter_map(|call| ask(&mut server, at(0), call).ok()).collect();
            started(&mut server);
            assert_eq!(server.abandon(at(10), ids[16]), Duration::ZERO);
            assert_eq!(server.abandon(at(10), ids[0]).as_ms(), if freed { 10 } else { 0 });
            assert_eq!(started(&mut server), if freed { vec![ids[17]] } else { vec![] });
            assert_eq!(server.done(at(9000), ids[0]).is_none(), freed);
        }
    }
}
