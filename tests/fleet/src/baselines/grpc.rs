//! Retry throttling (A6): a failure costs a token, a success gives a tenth of one back, and below
//! half of the ten nothing is retried. Five attempts, from 100 ms doubled up to a second, ±20 %.

use query_with_retry::core::time::{Duration, Instant};

use super::{Attempts, Rule, Trouble};
use crate::chance::Chance;

const MOST: u32 = 10_000;

pub(super) struct Grpc {
    /// In thousandths.
    tokens: u32,
    chance: Chance,
}

impl Grpc {
    pub(super) const fn new(seed: u64) -> Self {
        Self { tokens: MOST, chance: Chance::new(seed) }
    }
}

impl Rule for Grpc {
    fn again(&mut self, _: Instant, attempts: &mut Attempts, _: Trouble) -> Option<Duration> {
        self.tokens = self.tokens.saturating_sub(1000);
        (attempts.retries < 4 && self.tokens > MOST / 2).then(|| {
            let wait = Duration::from_ms(100 << attempts.retries).min(Duration::from_secs(1));
            wait.scaled(8, 10) + self.chance.up_to(wait.scaled(4, 10))
        })
    }

    fn succeeded(&mut self, _: &Attempts) {
        self.tokens = (self.tokens + 100).min(MOST);
    }
}
