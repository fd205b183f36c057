//! The defaults that `src/ts` repeats, where it needs them before a call comes to the core.

use query_with_retry::core::admission::limiter;
use query_with_retry::core::policy::Policy;

const FETCH: &str = include_str!("../../src/ts/call/fetch.ts");
const OPTIONS: &str = include_str!("../../src/ts/input/options.ts");

/// The number that stands between these two texts.
#[track_caller]
fn between(source: &str, before: &str, after: &str) -> u64 {
    let (_, rest) = source.split_once(before).expect("the text before it");
    let (number, _) = rest.split_once(after).expect("the text after it");
    number.replace('_', "").parse().expect("a number")
}

#[test]
fn the_body_of_a_fetch_may_take_as_long_as_a_call_by_default() {
    let total = between(FETCH, "const TOTAL_MS = ", ";");
    assert_eq!(total, Policy::default().timeouts.total.as_ms());
}

#[test]
fn a_minimum_is_compared_with_the_maximum_by_default() {
    let rule = limiter::Rule::default();
    assert_eq!(between(OPTIONS, "({ min = ", ","), u64::from(rule.min));
    assert_eq!(between(OPTIONS, ", max = ", " }, name)"), u64::from(rule.max));
}
