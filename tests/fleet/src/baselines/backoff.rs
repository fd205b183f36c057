//! Full jitter without a budget: from 250 ms, doubled up to 20 s.

use query_with_retry::core::time::{Duration, Instant};

use super::{Attempts, Rule, Trouble};
use crate::chance::Chance;
use crate::client::Terms;

pub(super) struct Backoff {
    retries: u32,
    chance: Chance,
}

pub(super) const fn retries(retries: u32) -> Backoff {
    Backoff { retries, chance: Chance::new(0) }
}

impl Backoff {
    pub(super) fn seeded(self, terms: Terms) -> Self {
        Self { chance: Chance::new(terms.seed), ..self }
    }
}

impl Rule for Backoff {
    fn again(&mut self, _: Instant, attempts: &mut Attempts, _: Trouble) -> Option<Duration> {
        let base = Duration::from_ms(250);
        (attempts.retries < self.retries).then(|| full_jitter(&mut self.chance, base, attempts.retries))
    }
}

/// Before the retry that so many came before.
pub(super) fn full_jitter(chance: &mut Chance, base: Duration, retries: u32) -> Duration {
    chance.up_to(base.scaled(1 << retries.min(20), 1).min(Duration::from_secs(20)))
}
