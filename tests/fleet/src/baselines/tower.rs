//! The budget of tower and Finagle: in ten seconds a fifth of the calls, and ten a second besides.
//! What was put in and what was taken out are both forgotten after ten seconds.

use std::collections::VecDeque;

use query_with_retry::core::time::{Duration, Instant};

use super::backoff::full_jitter;
use super::{Attempts, Rule, Trouble};
use crate::chance::Chance;

const KEPT: Duration = Duration::from_secs(10);
/// A call puts one in, a retry takes five out.
const COST: i64 = 5;
const RESERVE: i64 = 10 * 10 * COST;

pub(super) struct Tower {
    moves: VecDeque<(Instant, i64)>,
    balance: i64,
    chance: Chance,
}

impl Tower {
    pub(super) const fn new(seed: u64) -> Self {
        Self { moves: VecDeque::new(), balance: RESERVE, chance: Chance::new(seed) }
    }

    fn forget(&mut self, now: Instant) {
        while let Some((at, amount)) = self.moves.front().copied()
            && now.since(at) >= KEPT
        {
            self.balance -= amount;
            self.moves.pop_front();
        }
    }

    fn book(&mut self, now: Instant, amount: i64) {
        self.balance += amount;
        self.moves.push_back((now, amount));
    }
}

impl Rule for Tower {
    fn began(&mut self, now: Instant) {
        self.forget(now);
        self.book(now, 1);
    }

    fn again(&mut self, now: Instant, attempts: &mut Attempts, _: Trouble) -> Option<Duration> {
        self.forget(now);
        (self.balance >= COST).then(|| {
            self.book(now, -COST);
            full_jitter(&mut self.chance, Duration::from_ms(250), attempts.retries)
        })
    }
}
