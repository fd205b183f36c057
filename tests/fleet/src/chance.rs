//! Seeded randomness: the same seed gives the same draws.
//!
//! SplitMix64, and the distributions that the models are made of.

use query_with_retry::core::time::Duration;

#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Sequences of one seed that have nothing to do with each other: what one of them is asked for
    /// changes nothing in the others, so that two clients meet the same arrivals.
    pub fn stream(seed: u64, stream: u64) -> Self {
        let mut mixed = Self(seed ^ stream.wrapping_mul(0xD6E8_FEB8_6659_FD93));
        Self(mixed.bits() ^ stream)
    }

    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// In `(0, 1]`: its logarithm is a number.
    pub fn unit(&mut self) -> f64 {
        ((self.bits() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }

    /// In `0..bound`; zero where there is nothing to choose from.
    pub fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.bits()) * bound as u128) >> 64) as usize
    }

    pub fn happens(&mut self, share: f64) -> bool {
        share > 0.0 && self.unit() <= share
    }

    /// In `0..=most`, each millisecond equally likely: full jitter.
    pub fn up_to(&mut self, most: Duration) -> Duration {
        Duration::from_ms(self.below(most.as_ms() as usize + 1) as u64)
    }

    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * self.unit().ln()
    }

    /// Of this mean; `sigma` is that of the logarithm.
    pub fn log_normal(&mut self, mean: f64, sigma: f64) -> f64 {
        let (radius, angle) = ((-2.0 * self.unit().ln()).sqrt(), std::f64::consts::TAU * self.unit());
        mean * (sigma * radius * angle.cos() - sigma * sigma / 2.0).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(mut draw: impl FnMut() -> f64) -> f64 {
        (0..100_000).map(|_| draw()).sum::<f64>() / 100_000.0
    }

    #[test]
    fn the_distributions_have_their_means() {
        let mut chance = Chance::new(1);
        assert!((mean(|| chance.unit()) - 0.5).abs() < 0.01);
        assert!((mean(|| chance.exponential(2.0)) - 2.0).abs() < 0.04);
        assert!((mean(|| chance.log_normal(2.0, 0.5)) - 2.0).abs() < 0.04);
        assert!((mean(|| chance.up_to(Duration::from_ms(10)).as_ms() as f64) - 5.0).abs() < 0.1);
        assert!((mean(|| f64::from(u8::from(chance.happens(0.25)))) - 0.25).abs() < 0.01);
    }

    #[test]
    fn streams_of_one_seed_differ() {
        let first = |seed, stream| Chance::stream(seed, stream).bits();
        assert_ne!(first(1, 0), first(1, 1));
        assert_ne!(first(1, 1), first(2, 1));
        assert_eq!(first(3, 2), first(3, 2));
    }
}
