//! Two retries: half a second, doubled up to eight, and up to a quarter less.

use query_with_retry::core::time::{Duration, Instant};

use super::{Attempts, Rule, Trouble};
use crate::chance::Chance;

pub(super) struct OpenAi {
    chance: Chance,
}

impl OpenAi {
    pub(super) const fn new(seed: u64) -> Self {
        Self { chance: Chance::new(seed) }
    }
}

impl Rule for OpenAi {
    fn again(&mut self, _: Instant, attempts: &mut Attempts, trouble: Trouble) -> Option<Duration> {
        let worth_it = match trouble {
            Trouble::Answer(answer) => matches!(answer.status, 408 | 409 | 429 | 500..),
            Trouble::TimedOut => true,
        };
        (worth_it && attempts.retries < 2).then(|| {
            let wait = Duration::from_ms(500 << attempts.retries).min(Duration::from_secs(8));
            wait - self.chance.up_to(wait.scaled(1, 4))
        })
    }
}
