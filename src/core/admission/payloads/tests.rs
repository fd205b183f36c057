//! When refusals are taken to be about payloads.

use super::*;

const fn at(ms: u64) -> Instant {
    Instant::from_ms(ms)
}

#[test]
fn six_retries_without_an_answer_beside_one_other_call_that_is_answered_are_payloads() {
    let mut payloads = Payloads::default();
    (0..6).for_each(|_| payloads.count(at(100), true, false));
    assert!(!payloads.are_refused(at(100)), "nobody is answered");
    payloads.count(at(200), false, true);
    assert!(payloads.are_refused(at(200)));
    let mut five = Payloads::default();
    (0..5).for_each(|_| five.count(at(100), true, false));
    five.count(at(200), false, true);
    assert!(!five.are_refused(at(200)), "five retries may be chance");
    assert!(!payloads.are_refused(at(10_200)), "after ten seconds nothing is known");
    payloads.count(at(300), true, true);
    assert!(
        !payloads.are_refused(at(300)),
        "a retry was answered, and seven results are too few for a share"
    );
}

#[test]
fn refusals_are_of_payloads_only_if_retries_are_answered_a_fourth_as_often() {
    // Every fourth of the other calls is answered, and every fourteenth or twenty-sixth of the retries.
    for (of, is_of_payloads) in [(14, false), (26, true)] {
        let mut payloads = Payloads::default();
        for nth in 1..=3_000_u64 {
            let (is_answer, again) = match nth % 2 {
                0 => (nth / 2 % 4 == 0, false),
                _ => (nth / 2 % of == 0, true),
            };
            payloads.count(at(nth * 20), again, is_answer);
        }
        assert_eq!(payloads.are_to_blame(), is_of_payloads, "one of {of}");
    }
}

#[test]
fn retries_that_are_answered_just_a_fourth_as_often_are_not_to_blame() {
    let mut payloads = Payloads::default();
    for nth in 0..16 {
        payloads.count(at(nth), false, nth < 8);
        payloads.count(at(nth), true, nth < 2);
    }
    assert!(!payloads.are_to_blame(), "two of sixteen, beside eight of sixteen");
    payloads.count(at(16), true, false);
    assert!(payloads.are_to_blame());
}
