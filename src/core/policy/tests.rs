use super::*;

const fn secs(secs: u64) -> Option<Duration> {
    Some(Duration::from_secs(secs))
}

#[test]
fn an_option_that_is_not_given_keeps_its_default() {
    assert_eq!(Policy::new(Given::default()), Ok(Policy::default()));
    let given = Given { max_retries: Some(0), total: secs(5), ..Given::default() };
    let policy = Policy::new(given).unwrap();
    assert_eq!((policy.max_retries, policy.timeouts.total), (0, Duration::from_secs(5)));
    assert_eq!(policy.timeouts.attempt, Policy::default().timeouts.attempt);
}

#[test]
fn inverted_times_are_named_with_both_values() {
    let base = Given::default();
    for (given, inner, outer, outer_is_default) in [
        (Given { attempt: secs(9), total: secs(5), ..base }, "timeouts.attemptMs", "timeouts.totalMs", false),
        (Given { attempt: secs(400), ..base }, "timeouts.attemptMs", "timeouts.totalMs", true),
        (
            Given { first_byte: secs(3), attempt: secs(2), ..base },
            "timeouts.firstByteMs",
            "timeouts.attemptMs",
            false,
        ),
        (
            Given { connect: secs(3), attempt: secs(2), ..base },
            "timeouts.connectMs",
            "timeouts.attemptMs",
            false,
        ),
        (Given { max_wait: secs(600), ..base }, "loading.maxWaitMs", "timeouts.totalMs", true),
        (
            Given { hold: Some(Hold::For(Duration::from_secs(9))), max_wait: secs(8), ..base },
            "loading.hold",
            "loading.maxWaitMs",
            false,
        ),
    ] {
        let inverted = Policy::new(given).unwrap_err();
        assert_eq!(
            (inverted.inner, inverted.outer, inverted.outer_is_default),
            (inner, outer, outer_is_default)
        );
        assert!(inverted.inner_is > inverted.outer_is);
    }
}

#[test]
fn a_short_total_alone_contradicts_nothing() {
    for given in [
        Given { total: secs(1), ..Given::default() },
        Given { total: secs(30), max_wait: secs(60), ..Given::default() },
        Given { attempt: secs(1), ..Given::default() },
    ] {
        assert!(Policy::new(given).is_ok(), "{given:?}");
    }
}

#[test]
fn a_clock_that_does_not_run_fits_into_every_attempt() {
    let given = Given { connect: Some(Timeouts::NEVER), attempt: secs(1), ..Given::default() };
    assert_eq!(Policy::new(given).map(|policy| policy.timeouts.connect), Ok(Timeouts::NEVER));
}
