//! Goals that the figures of a fleet are held to.

/// Panics with both, if the value is above the limit.
#[track_caller]
pub fn at_most(what: &str, value: f64, limit: f64) {
    assert!(value <= limit, "{what}: {value} is above {limit}");
}

/// Panics with both, if the value is below the limit.
#[track_caller]
pub fn at_least(what: &str, value: f64, limit: f64) {
    assert!(value >= limit, "{what}: {value} is below {limit}");
}
