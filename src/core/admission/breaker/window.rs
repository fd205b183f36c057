//! The failures within the window: whether there are enough to open the circuit.

use super::Breaker;
use crate::core::failure::Layer;
use crate::core::rng::Rng;
use crate::core::time::Instant;

/// As many failures for one success show that the target is down. Where one replica of two is broken, or every second payload,
/// half of the calls fail and the others are answered.
pub const FOR_A_SUCCESS: u32 = 3;
/// The window is forgotten bucket by bucket.
pub(super) const BUCKETS: u64 = 10;

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bucket {
    nth: u64,
    successes: u32,
    failures: u32,
}

impl Breaker {
    pub(super) fn failed(&mut self, now: Instant, layer: Layer, others: u32, rng: &mut Rng) {
        self.count(now, false);
        self.failures.push(now);
        if self.failures.len() > self.rule.failures.max(1) as usize {
            self.failures.remove(0);
        }
        let so_many = self.failures.len() >= self.rule.failures.max(1) as usize;
        let soon = self.failures.first().is_some_and(|first| now.since(*first) <= self.rule.window);
        let late = self.consecutive_timeouts >= self.rule.failures.max(1);
        if late || (so_many && soon && self.failure_rate_exceeded(now, others)) {
            self.open(now, layer, rng);
        }
    }

    fn failure_rate_exceeded(&self, now: Instant, others: u32) -> bool {
        let nth = self.nth(now);
        let (mut successes, mut failures) = (0_u32, 0_u32);
        for bucket in self.buckets.iter().filter(|bucket| bucket.nth <= nth && bucket.nth + BUCKETS > nth) {
            successes = successes.saturating_add(bucket.successes);
            failures = failures.saturating_add(bucket.failures);
        }
        failures >= successes.saturating_mul(FOR_A_SUCCESS).saturating_add(others)
    }

    fn nth(&self, now: Instant) -> u64 {
        now.since(Instant::from_ms(0)).as_ms() / (self.rule.window.as_ms() / BUCKETS).max(1)
    }

    /// Counts a result in the bucket of this moment.
    pub(super) fn count(&mut self, now: Instant, success: bool) {
        let nth = self.nth(now);
        let Some(bucket) = self.buckets.get_mut((nth % BUCKETS) as usize) else {
            return; // there is a bucket for each remainder
        };
        if bucket.nth != nth {
            *bucket = Bucket { nth, ..Bucket::default() };
        }
        let count = if success { &mut bucket.successes } else { &mut bucket.failures };
        *count = count.saturating_add(1);
    }
}
