//! Seeded randomness for jitter: the same seed gives the same waits.
//!
//! SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014):
//! a few lines, no state to get wrong, and good enough to spread clients over an interval. It is
//! not for secrets.

use super::time::Duration;

/// A generator. A clone gives the same numbers.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// Any seed is good, zero too.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A whole number of milliseconds in `0..=most`, each equally likely.
    ///
    /// Spans above 49 days count as 49 days: no wait in this crate comes near.
    pub fn up_to(&mut self, most: Duration) -> Duration {
        let most = most.as_ms().min(u64::from(u32::MAX) - 1);
        Duration::from_ms(((self.next() >> 32) * (most + 1)) >> 32)
    }

    /// A duration in `low..=high`, each millisecond equally likely.
    pub fn between(&mut self, low: Duration, high: Duration) -> Duration {
        low + self.up_to(high - low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_splitmix64() {
        // The first outputs of the reference implementation (prng.di.unimi.it/splitmix64.c) for the seed 1234567.
        let mut rng = Rng::new(1_234_567);
        let numbers: [u64; 3] = ::core::array::from_fn(|_| rng.next());
        assert_eq!(
            numbers,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn the_same_seed_gives_the_same_sequence() {
        let (mut a, mut b) = (Rng::new(7), Rng::new(7));
        for _ in 0..100 {
            assert_eq!(a.up_to(Duration::from_secs(20)), b.up_to(Duration::from_secs(20)));
        }
    }

    #[test]
    fn both_ends_are_reached_and_nothing_beyond() {
        let mut rng = Rng::new(1);
        let mut seen = [0_u32; 4];
        for _ in 0..4000 {
            seen[rng.up_to(Duration::from_ms(3)).as_ms() as usize] += 1;
        }
        assert!(seen.iter().all(|count| (800..1200).contains(count)), "{seen:?}");
        assert_eq!(rng.up_to(Duration::ZERO), Duration::ZERO);
        assert_eq!(rng.between(Duration::from_ms(9), Duration::from_ms(2)), Duration::from_ms(9));
    }
}
