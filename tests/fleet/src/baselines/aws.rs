//! "Retry 2.1": three attempts, and a bucket of 500 tokens that a retry takes from and a success
//! gives back to. Full jitter, from 50 ms, or from a second when throttled, up to 20 s.

use query_with_retry::core::time::{Duration, Instant};

use super::backoff::full_jitter;
use super::{Attempts, Rule, Trouble};
use crate::chance::Chance;

const BUCKET: u32 = 500;
const RETRIES: u32 = 2;

pub(super) struct Aws {
    tokens: u32,
    chance: Chance,
}

impl Aws {
    pub(super) const fn new(seed: u64) -> Self {
        Self { tokens: BUCKET, chance: Chance::new(seed) }
    }
}

impl Rule for Aws {
    fn again(&mut self, _: Instant, attempts: &mut Attempts, trouble: Trouble) -> Option<Duration> {
        let (cost, base) = if trouble.is_throttling() { (5, 1000) } else { (14, 50) };
        if attempts.retries >= RETRIES || self.tokens < cost {
            return None;
        }
        self.tokens -= cost;
        attempts.paid = cost;
        Some(full_jitter(&mut self.chance, Duration::from_ms(base), attempts.retries))
    }

    fn succeeded(&mut self, attempts: &Attempts) {
        self.tokens = (self.tokens + attempts.paid.max(1)).min(BUCKET);
    }
}
