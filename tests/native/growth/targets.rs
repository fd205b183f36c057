//! Targets of one call each, as a proxy for many tenants has them: the cost of one does not grow with their number.

use super::{grows_in_proportion, patient};
use query_with_retry::core::admission::Shared;
use query_with_retry::core::admission::coordinator::Rules;
use query_with_retry::core::admission::lease::CallId;
use query_with_retry::core::admission::limiter;
use query_with_retry::core::policy::Priority;
use query_with_retry::core::stats::alert::AlertRule;
use query_with_retry::core::time::Instant;
use std::time;

const FEW: usize = 1_000;
const NOW: Instant = Instant::from_ms(1_000_000);

/// A call comes to each target, and the client asks what it asks after everything that happens.
fn come(targets: usize) -> time::Duration {
    let mut shared = Shared::new(Rules::default(), limiter::Rule::default(), AlertRule::default(), 1);
    let began = time::Instant::now();
    for target in 0..targets {
        shared.retain(target);
        shared.request(NOW, target, patient(target as CallId, Priority::Default, NOW));
        assert!(!shared.replace(target), "a target in use was replaced");
        assert_eq!(shared.due(), None);
    }
    began.elapsed()
}

#[test]
fn thousands_of_targets_at_once_cost_as_much_each_as_a_few() {
    grows_in_proportion("calls, each to a target of its own", FEW, come);
}
