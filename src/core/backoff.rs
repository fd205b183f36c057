//! Full jitter, as an iterator of durations.
//!
//! Each wait is drawn from `0..=ceiling`, and the ceiling doubles up to a cap. The cap is applied
//! before the draw, so that clients that have reached it do not fall into step ("Exponential
//! Backoff And Jitter", AWS Architecture Blog, 2015).

use super::rng::Rng;
use super::time::Duration;

/// First ceiling after an error that is no sign of load.
pub const BASE: Duration = Duration::from_ms(250);
/// First ceiling after a server said that it is full, or that we ask too fast.
pub const OVERLOADED_BASE: Duration = Duration::from_secs(1);
/// No ceiling is above this.
pub const CAP: Duration = Duration::from_secs(20);

/// Never ends: how often to try is not its business.
#[derive(Clone, Debug)]
pub struct Backoff {
    ceiling: Duration,
    rng: Rng,
}

impl Backoff {
    pub const fn new(rng: Rng) -> Self {
        Self { ceiling: BASE, rng }
    }

    /// The server is under load: the next wait is drawn from at least this much.
    pub fn slow_to(&mut self, base: Duration) {
        self.ceiling = self.ceiling.max(base).min(CAP);
    }
}

impl Iterator for Backoff {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let wait = self.rng.up_to(self.ceiling);
        self.ceiling = self.ceiling.scaled(2, 1).min(CAP);
        Some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ceilings_double_from_a_quarter_second_to_twenty() {
        let most = |nth: usize| {
            (0..2000).filter_map(|seed| Backoff::new(Rng::new(seed)).nth(nth)).max().unwrap().as_ms()
        };
        for (nth, ceiling) in
            [250, 500, 1000, 2000, 4000, 8000, 16_000, 20_000, 20_000].into_iter().enumerate()
        {
            let seen = most(nth);
            assert!(seen <= ceiling && seen > ceiling * 95 / 100, "wait {nth}: {seen} of {ceiling}");
        }
    }

    #[test]
    fn the_whole_interval_is_used() {
        let below_a_tenth =
            (0..1000).filter(|seed| Backoff::new(Rng::new(*seed)).next().unwrap().as_ms() < 25).count();
        assert!((70..130).contains(&below_a_tenth), "{below_a_tenth} of 1000");
    }

    #[test]
    fn a_server_under_load_raises_the_ceiling_and_never_lowers_it() {
        let mut fresh = Backoff::new(Rng::new(3));
        fresh.slow_to(OVERLOADED_BASE);
        assert_eq!(fresh.ceiling, OVERLOADED_BASE);
        let mut grown = Backoff::new(Rng::new(3));
        grown.by_ref().take(10).for_each(drop);
        grown.slow_to(OVERLOADED_BASE);
        assert_eq!(grown.ceiling, CAP);
    }
}
