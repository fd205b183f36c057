//! Quantiles of times within 1 %, in a few hundred counters, and mergeable without loss.
//!
//! Close values share a bucket, and the buckets grow with the values: the first 128 are a millisecond each, and each
//! power of two above is cut into 64. It is DDSketch (Masson, Rim and Lee, VLDB 2019) with its logarithm replaced by
//! the line between two powers of two, which costs 44 % more buckets and no floats. A bucket depends on its value
//! alone, so two sketches are merged by addition, in any order, across isolates as across windows.

use crate::core::time::Duration;

/// The longest time. Longer ones count as this.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// A power of two has 2^6 buckets. None is wider than a 64th of its values, so its middle is within a 128th.
const BITS: u32 = 6;

/// From the lowest bucket in use to the highest. This is 5 KB for everything from 0 to a day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sketch {
    lowest: usize,
    counts: Vec<u32>,
}

impl Sketch {
    /// Counts a value. One above a day counts as a day.
    pub fn add(&mut self, value: Duration) {
        self.put(bucket(value), 1);
    }

    /// How many values were added.
    pub fn count(&self) -> u64 {
        self.counts.iter().map(|count| u64::from(*count)).sum()
    }

    /// By nearest rank: the smallest value that `per_thousand` of a thousand values do not exceed, within 1 %. `None`
    /// without values.
    pub fn quantile(&self, per_thousand: u32) -> Option<Duration> {
        let rank = self.count().saturating_mul(per_thousand.into()).div_ceil(1000);
        let mut below = 0;
        let at = self.counts.iter().position(|count| {
            below += u64::from(*count);
            below >= rank
        })?;
        Some(middle(self.lowest + at))
    }

    /// Adds the other sketch, as if all its values had been added to this one.
    pub fn merge(&mut self, other: &Self) {
        for (at, count) in other.counts.iter().enumerate() {
            self.put(other.lowest + at, *count);
        }
    }

    /// Forgets all values.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    fn put(&mut self, bucket: usize, times: u32) {
        if self.counts.is_empty() {
            self.lowest = bucket;
        } else if bucket < self.lowest {
            let mut wider = vec![0; self.lowest - bucket];
            wider.append(&mut self.counts);
            (self.lowest, self.counts) = (bucket, wider);
        }
        let at = bucket - self.lowest;
        if at >= self.counts.len() {
            self.counts.resize(at + 1, 0);
        }
        if let Some(count) = self.counts.get_mut(at) {
            *count = count.saturating_add(times);
        }
    }
}

/// The value that stands for all values of this bucket, to compare something with a quantile.
pub fn rounded(value: Duration) -> Duration {
    middle(bucket(value))
}

fn bucket(value: Duration) -> usize {
    let ms = value.min(LONGEST).as_ms();
    // The highest bit and the six after it are kept, and this many are dropped.
    let dropped = (u64::BITS - 1 - BITS).saturating_sub(ms.leading_zeros());
    ((dropped << BITS) as usize) + (ms >> dropped) as usize
}

fn middle(bucket: usize) -> Duration {
    let dropped = (bucket >> BITS).saturating_sub(1);
    let width = 1_u64 << dropped;
    let lowest = ((bucket - (dropped << BITS)) as u64) << dropped;
    Duration::from_ms(lowest + width / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_ms(ms)
    }

    fn sketch(values: impl IntoIterator<Item = u64>) -> Sketch {
        let mut sketch = Sketch::default();
        values.into_iter().for_each(|value| sketch.add(ms(value)));
        sketch
    }

    /// The first and the last value of each bucket, found without asking `bucket`.
    fn edges() -> impl Iterator<Item = (u64, u64)> {
        let ones = (0..128).map(|value| (value, value));
        let powers =
            (1..=20).flat_map(|width| (64..128).map(move |nth| (nth << width, ((nth + 1) << width) - 1)));
        ones.chain(powers)
    }

    #[test]
    fn from_a_millisecond_to_ten_hours_no_error_is_above_one_percent() {
        let mut next = 0;
        for (nth, (first, last)) in edges().enumerate().take_while(|(_, (first, _))| *first <= 36_000_000) {
            // They leave no gap, and all between two of one bucket are in it too.
            assert_eq!(first, next);
            next = last + 1;
            assert_eq!((bucket(ms(first)), bucket(ms(last))), (nth, nth), "{first} to {last}");
            for value in [first, last] {
                let error = middle(nth).as_ms().abs_diff(value);
                assert!(error * 100 <= value, "{value} is told as {:?}", middle(nth));
            }
        }
        assert!(next > 36_000_000);
    }

    #[test]
    fn below_128_ms_a_quantile_is_the_very_value() {
        for value in 0..128 {
            assert_eq!(sketch([value]).quantile(990), Some(ms(value)));
        }
    }

    #[test]
    fn quantiles_are_those_of_the_nearest_rank() {
        let hundred = sketch((1..=100).rev());
        for (per_thousand, expected) in
            [(0, 1), (10, 1), (11, 2), (500, 50), (950, 95), (990, 99), (991, 100), (1000, 100)]
        {
            assert_eq!(hundred.quantile(per_thousand), Some(ms(expected)), "{per_thousand}");
        }
        assert_eq!(sketch([7, 9]).quantile(500), Some(ms(7)));
        assert_eq!(sketch([7, 9]).quantile(501), Some(ms(9)));
    }

    #[test]
    fn nothing_has_no_quantile() {
        assert_eq!(Sketch::default().quantile(500), None);
        assert_eq!(Sketch::default().count(), 0);
    }

    #[test]
    fn a_sketch_holds_no_more_counters_than_lie_between_its_ends() {
        assert_eq!(sketch([1000, 1000, 1000]).counts.len(), 1);
        assert_eq!(sketch([600_000, 1]).counts.len(), bucket(ms(600_000)));
        assert!(sketch([0, u64::MAX]).counts.len() * size_of::<u32>() < 5500);
    }

    #[test]
    fn a_time_longer_than_a_day_counts_as_a_day() {
        assert_eq!(sketch([u64::MAX]), sketch([86_400_000]));
        assert_eq!(sketch([86_400_000]).quantile(500), Some(rounded(LONGEST)));
    }

    #[test]
    fn merged_sketches_are_the_sketch_of_all() {
        let (low, high) = (sketch([3, 3, 90]), sketch([4000, 200_000]));
        let all = sketch([3, 3, 90, 4000, 200_000]);
        for (one, other) in
            [(&low, &high), (&high, &low), (&all, &Sketch::default()), (&Sketch::default(), &all)]
        {
            let mut merged = one.clone();
            merged.merge(other);
            assert_eq!(merged, all);
        }
    }

    #[test]
    fn counters_stop_at_their_end_instead_of_starting_again() {
        let mut full = Sketch { lowest: 5, counts: vec![u32::MAX, 1] };
        full.merge(&full.clone());
        assert_eq!(full, Sketch { lowest: 5, counts: vec![u32::MAX, 2] });
        full.add(ms(5));
        assert_eq!(full.count(), u64::from(u32::MAX) + 2);
        assert_eq!(full.quantile(1000), Some(ms(6)));
    }

    #[test]
    fn a_cleared_sketch_is_as_new() {
        let mut used = sketch([5, 5000]);
        used.clear();
        assert_eq!(used, Sketch::default());
    }
}
