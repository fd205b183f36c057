//! Sketches of times against all the times themselves.

use super::config;
use proptest::prelude::*;
use query_with_retry::core::stats::sketch::Sketch;
use query_with_retry::core::time::Duration;

/// From nothing to a day, as many short as long, and often the same.
fn values() -> impl Strategy<Value = Vec<u64>> {
    let value = |(scale, n): (usize, u32)| match [300, 300, 60_000, 60_000, 86_400_001].get(scale) {
        Some(most) => u64::from(n % most),
        None => 120_000,
    };
    proptest::collection::vec((0..6_usize, any::<u32>()), 0..100)
        .prop_map(move |values| values.into_iter().map(value).collect())
}

fn sketch(values: &[u64]) -> Sketch {
    let mut sketch = Sketch::default();
    values.iter().for_each(|value| sketch.add(Duration::from_ms(*value)));
    sketch
}

fn merged<'a>(parts: impl IntoIterator<Item = &'a Sketch>) -> Sketch {
    let mut all = Sketch::default();
    parts.into_iter().for_each(|part| all.merge(part));
    all
}

proptest! {
    #![proptest_config(config())]

    /// Every quantile is within 1 % of the value that a sorted list has in its place.
    #[test]
    fn a_quantile_is_within_one_percent_of_the_nearest_rank(values in values(), per_thousand in 0..=1000_u32) {
        let sketch = sketch(&values);
        let mut sorted = values;
        sorted.sort_unstable();
        prop_assert_eq!(sketch.count(), sorted.len() as u64);
        for per_thousand in [per_thousand, 500, 950, 990] {
            let rank = (sorted.len() * per_thousand as usize).div_ceil(1000).max(1);
            let told = sketch.quantile(per_thousand).map(Duration::as_ms);
            let truth = sorted.get(rank - 1).copied();
            let agree = match (told, truth) {
                (Some(told), Some(truth)) => told.abs_diff(truth) * 100 <= truth,
                (told, truth) => told == truth,
            };
            prop_assert!(agree, "{} of 1000: {:?}, not {:?}", per_thousand, told, truth);
        }
    }

    /// Cut anywhere and merged in any order, sketches are the sketch of the whole, bit by bit.
    #[test]
    fn merged_in_any_order_parts_are_the_whole(values in values(), cuts in (0..=100_usize, 0..=100_usize)) {
        let whole = sketch(&values);
        let (first, second) = (cuts.0.min(cuts.1).min(values.len()), cuts.0.max(cuts.1).min(values.len()));
        let [a, b, c] = [&values[..first], &values[first..second], &values[second..]].map(sketch);
        for order in [[&a, &b, &c], [&a, &c, &b], [&b, &a, &c], [&b, &c, &a], [&c, &a, &b], [&c, &b, &a]] {
            prop_assert_eq!(&merged(order), &whole);
        }
        prop_assert_eq!(&merged([&a, &merged([&b, &c])]), &whole);
    }
}
