//! Instants and durations in whole milliseconds, saturating at both ends.
//!
//! The caller owns the clock: an [`Instant`] counts from an origin of its choosing, and nothing
//! in `core` ever asks what time it is.

use ::core::ops::{Add, Sub};

/// A span of time in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(u64);

impl Duration {
    /// No time.
    pub const ZERO: Self = Self(0);

    /// So many milliseconds.
    pub const fn from_ms(ms: u64) -> Self {
        Self(ms)
    }

    /// So many seconds; what does not fit into milliseconds is the longest time.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// In milliseconds.
    pub const fn as_ms(self) -> u64 {
        self.0
    }

    /// Whole seconds, rounded down.
    pub const fn as_secs(self) -> u64 {
        self.0 / 1000
    }

    /// `self × numerator / denominator`, rounded down; a zero denominator counts as one.
    ///
    /// Not inlined, because the check for saturation needs a product of 128 bits.
    #[inline(never)]
    pub const fn scaled(self, numerator: u64, denominator: u64) -> Self {
        let denominator = if denominator == 0 { 1 } else { denominator };
        Self(self.0.saturating_mul(numerator) / denominator)
    }
}

impl Add for Duration {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Duration {
    type Output = Self;
    /// Never below zero.
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

/// A point on the caller's monotonic clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// So many milliseconds after the origin of the clock.
    pub const fn from_ms(ms: u64) -> Self {
        Self(ms)
    }

    /// The time from `earlier` to here; zero if the clock went backwards.
    pub fn since(self, earlier: Self) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;
    /// Never before the origin.
    fn sub(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;
    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_saturates_instead_of_wrapping() {
        let end = Instant::from_ms(u64::MAX);
        assert_eq!(end + Duration::from_secs(1), end);
        assert_eq!(Instant::from_ms(5).since(Instant::from_ms(9)), Duration::ZERO);
        assert_eq!(Duration::from_ms(3) - Duration::from_ms(4), Duration::ZERO);
        assert_eq!(Duration::from_secs(u64::MAX).as_ms(), u64::MAX);
    }

    #[test]
    fn scaling_by_a_zero_denominator_is_harmless() {
        assert_eq!(Duration::from_ms(10).scaled(1, 0), Duration::from_ms(10));
        assert_eq!(Duration::from_ms(10).scaled(1, 4), Duration::from_ms(2));
    }
}
