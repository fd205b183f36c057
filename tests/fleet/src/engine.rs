//! The place where clients keep what they share: one text, a clock, and a way there that takes time and loses messages.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use query_with_retry::core::admission::fleet::{Message, Reply};
use query_with_retry::core::time::{Duration, Instant};

use crate::chance::Chance;

#[derive(Clone, Copy)]
pub(crate) struct Kind {
    /// Each way.
    travel: Duration,
    lost: f64,
    clock: Clock,
}

#[derive(Clone, Copy)]
enum Clock {
    Right,
    Frozen,
    Ahead,
    Stepping,
}

impl Kind {
    pub(crate) const HEALTHY: Self = Self { travel: Duration::from_ms(1), lost: 0.0, clock: Clock::Right };
    pub(crate) const SLOW: Self = Self { travel: Duration::from_ms(100), ..Self::HEALTHY };
    pub(crate) const LOSSY: Self = Self { lost: 0.05, ..Self::HEALTHY };
    pub(crate) const DEAD: Self = Self { lost: 1.0, ..Self::HEALTHY };
    pub(crate) const FROZEN: Self = Self { clock: Clock::Frozen, ..Self::HEALTHY };
    pub(crate) const AHEAD: Self = Self { clock: Clock::Ahead, ..Self::HEALTHY };
    pub(crate) const STEPPING: Self = Self { clock: Clock::Stepping, ..Self::HEALTHY };
}

/// The engine.
pub(crate) struct Engine {
    kind: Kind,
    text: String,
}

impl Engine {
    pub(crate) fn new(kind: Kind) -> Rc<RefCell<Self>> {
        Rc::new(RefCell::new(Self { kind, text: String::new() }))
    }

    fn handle(&mut self, now: Instant, message: Message) -> Reply {
        if let Some(next) = message.next.filter(|_| message.expected == self.text) {
            self.text = next;
        }
        const EPOCH: u64 = 1_790_000_000_000;
        let ms = now.since(Instant::from_ms(0)).as_ms();
        let now = EPOCH
            + match self.kind.clock {
                Clock::Right => ms,
                Clock::Frozen => 0,
                Clock::Ahead => ms + 3_600_000,
                Clock::Stepping => ms / 60_000 * 60_000,
            };
        Reply { now, text: self.text.clone() }
    }
}

/// One client's way to the engine and back.
pub(crate) struct Line {
    engine: Rc<RefCell<Engine>>,
    chance: Chance,
    there: VecDeque<(Instant, Message)>,
    back: VecDeque<(Instant, u32, Reply)>,
}

impl Line {
    pub(crate) fn to(engine: &Rc<RefCell<Engine>>, seed: u64) -> Self {
        let (there, back) = (VecDeque::new(), VecDeque::new());
        Self { engine: engine.clone(), chance: Chance::stream(seed, 9), there, back }
    }

    fn is_lost(&mut self) -> bool {
        let lost = self.engine.borrow().kind.lost;
        self.chance.happens(lost)
    }

    pub(crate) fn sends(&mut self, now: Instant, message: Message) {
        let travel = self.engine.borrow().kind.travel;
        if !self.is_lost() {
            self.there.push_back((now + travel, message));
        }
    }

    /// When something arrives at either end.
    pub(crate) fn next(&self) -> Option<Instant> {
        let there = self.there.front().map(|(at, _)| *at);
        there.into_iter().chain(self.back.front().map(|(at, ..)| *at)).min()
    }

    pub(crate) fn replies(&mut self, now: Instant) -> Option<(u32, Reply)> {
        while let Some((at, message)) = self.there.pop_front_if(|(at, _)| *at <= now) {
            let ticket = message.ticket;
            let reply = self.engine.borrow_mut().handle(at, message);
            let travel = self.engine.borrow().kind.travel;
            if !self.is_lost() {
                self.back.push_back((at + travel, ticket, reply));
            }
        }
        self.back.pop_front_if(|(at, ..)| *at <= now).map(|(_, ticket, reply)| (ticket, reply))
    }
}
