//! Full jitter, as an iterator of durations.
//!
//! Each wait is drawn from `0..=ceiling`, and the ceiling doubles up to a cap. The cap is applied before the draw, so
//! that clients that have reached it do not fall into step ("Exponential Backoff And Jitter", AWS Architecture Blog,
//! 2015). A server under load is left alone for at least half of the ceiling, because waits near zero would be a fast
//! loop.

use super::rng::Rng;
use super::time::Duration;

/// The first ceiling after an error that is no sign of load.
pub const BASE: Duration = Duration::from_ms(250);
/// The least wait after a server said that it is full or that requests come too fast. As much again is added at
/// random.
pub const OVERLOADED_BASE: Duration = Duration::from_secs(1);
/// No wait is longer than this.
pub const CAP: Duration = Duration::from_secs(20);

/// Infinite: the attempt limit is enforced elsewhere.
#[derive(Clone, Debug)]
pub struct Backoff {
    ceiling: Duration,
    is_under_load: bool,
    rng: Rng,
}

impl Backoff {
    /// The waits of one call at one target.
    pub const fn new(rng: Rng) -> Self {
        Self { ceiling: BASE, is_under_load: false, rng }
    }

    /// The server is under load: the next wait is at least this long.
    pub fn slow_to(&mut self, base: Duration) {
        self.ceiling = self.ceiling.max(base.scaled(2, 1)).min(CAP);
        self.is_under_load = true;
    }
}

impl Iterator for Backoff {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let is_under_load = ::core::mem::take(&mut self.is_under_load);
        let least = if is_under_load { self.ceiling.scaled(1, 2) } else { Duration::ZERO };
        let wait = self.rng.between(least, self.ceiling);
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
    fn a_server_under_load_is_left_alone_for_a_second_and_twice_as_long_each_time() {
        for seed in 0..500 {
            let mut backoff = Backoff::new(Rng::new(seed));
            for (least, most) in [(1000, 2000), (2000, 4000), (4000, 8000), (8000, 16_000), (10_000, 20_000)]
            {
                backoff.slow_to(OVERLOADED_BASE);
                let wait = backoff.next().unwrap().as_ms();
                assert!((least..=most).contains(&wait), "{wait} of {least} to {most}");
            }
        }
    }

    #[test]
    fn an_error_that_is_no_sign_of_load_is_not_taken_for_one_because_another_was() {
        let mut backoff = Backoff::new(Rng::new(3));
        backoff.slow_to(OVERLOADED_BASE);
        backoff.next();
        let below = (0..200).filter(|seed| {
            let mut backoff = Backoff { rng: Rng::new(*seed), ..backoff.clone() };
            backoff.next().unwrap().as_ms() < 2000
        });
        assert!(below.count() > 70);
    }
}
