//! A retry budget of a tenth: what is left of the storm when hardly anything is given in advance.

use query_with_retry::core::time::{Duration, Instant};

use super::backoff::full_jitter;
use super::{Attempts, Rule, Trouble};
use crate::chance::Chance;

const MOST: f64 = 5.0;

pub(super) struct Tenth {
    tokens: f64,
    chance: Chance,
}

impl Tenth {
    pub(super) const fn new(seed: u64, initial: f64) -> Self {
        Self { tokens: initial, chance: Chance::new(seed) }
    }
}

impl Rule for Tenth {
    fn began(&mut self, _: Instant) {
        self.tokens = (self.tokens + 0.1).min(MOST);
    }

    fn again(&mut self, _: Instant, attempts: &mut Attempts, _: Trouble) -> Option<Duration> {
        (attempts.retries < 2 && self.tokens >= 1.0).then(|| {
            self.tokens -= 1.0;
            full_jitter(&mut self.chance, Duration::from_ms(250), attempts.retries)
        })
    }
}
