//! Which retries the budget pays for.

use super::*;

#[test]
fn a_retry_costs_a_token_and_ten_first_attempts_earn_one() {
    let mut bench = Bench::new();
    let retries = |bench: &mut Bench| {
        std::iter::from_fn(|| bench.shared.may_retry(at(START), TARGET, Duration::ZERO).then_some(())).count()
    };
    assert_eq!(retries(&mut bench), 5);
    for who in 0..30 {
        bench.goes(START, who);
        bench.ends(START, who, Outcome::Ok);
    }
    for who in 0..30 {
        // Further attempts of the same calls earn nothing.
        assert!(matches!(bench.retries(START, who), Admission::Admitted { .. }));
        bench.ends(START, who, Outcome::Ok);
    }
    assert_eq!(retries(&mut bench), 3);
}

#[test]
fn a_retry_that_would_find_the_circuit_open_costs_nothing() {
    let (mut bench, until) = Bench::open();
    let wait = |ms| Duration::from_ms(ms);
    for _ in 0..20 {
        assert!(!bench.shared.may_retry(at(START), TARGET, wait(until - START - 1)));
    }
    assert!(bench.shared.may_retry(at(START), TARGET, wait(until - START)));
}

#[test]
fn a_call_that_is_refused_earns_no_retry() {
    let mut bench = Bench::of(Rules::default(), limiter::Rule { min: 4, max: 4, queue: 0 });
    while bench.shared.may_retry(at(START), TARGET, Duration::ZERO) {}
    (0..4).for_each(|who| bench.goes(START, who));
    for who in 4..1000 {
        assert!(matches!(bench.enters(START, who), Admission::Rejected(_)));
    }
    // Four requests were sent: not half a retry is earned.
    assert!(!bench.shared.may_retry(at(START), TARGET, Duration::ZERO));
}

#[test]
fn a_short_lived_isolate_begins_with_one_retry_or_none() {
    for (one, are) in [(true, 1), (false, 0)] {
        let rules = Rules { initial_tokens: InitialTokens::AtMostOne { one }, ..Rules::default() };
        let mut bench = Bench::of(rules, BOTTOMLESS);
        let may = |_: &usize| bench.shared.may_retry(at(START), TARGET, Duration::ZERO);
        assert_eq!((0..10).take_while(may).count(), are);
    }
}
