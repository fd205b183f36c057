//! What ends a cold start, and what does not.

use super::*;

#[test]
fn any_other_answer_from_now_ends_the_cold_start_once() {
    let (mut bench, next) = Bench::cold();
    assert!(bench.admits(next, A));
    assert!(bench.answered(next + 500, next));
    assert!(!bench.gate.is_cold() && bench.gate.was_warm());
    assert!((0..1000).all(|who| bench.admits(next + 500, who)));
    assert!(!bench.answered(next + 600, next), "it is over");
    assert_eq!(bench.vacant_at(), None);
}

#[test]
fn an_answer_to_a_follower_that_was_in_flight_ends_the_cold_start_as_well() {
    let (mut bench, _) = Bench::cold();
    assert!(bench.answered(HEARD + 900, SENT + 10));
    assert!(bench.admits(HEARD + 900, B));
}

#[test]
fn a_success_that_was_sent_before_the_cold_start_does_not_end_it_but_another_call_probes_soon() {
    let (mut bench, next) = Bench::cold();
    for started in [0, SENT - 60_000, SENT - 1] {
        assert!(!bench.answered(HEARD + 900, started));
        assert!(bench.gate.is_cold() && !bench.admits(HEARD + 1_899, B));
        assert_eq!(bench.vacant_at(), Some(HEARD + 1_900));
    }
    assert!(next > HEARD + 1_900 && bench.clone().admits(HEARD + 1_900, B));
    assert!(bench.answered(HEARD + 900, SENT), "but one of the same moment does");
}

#[test]
fn a_loading_answer_to_a_request_from_before_the_model_came_up_does_not_make_it_cold() {
    let (mut bench, next) = Bench::cold();
    assert!(bench.admits(next, A) && bench.answered(next + 500, next));
    for started in [SENT, next - 1] {
        assert!(bench.follows(next + 600, B, started));
        assert!(!bench.gate.is_cold() && bench.admits(next + 600, B));
    }
    bench.leads(next + 700, B, next);
    assert!(bench.gate.is_cold(), "of two of the same moment nobody knows which was later");
}

#[test]
fn late_news_of_an_earlier_success_does_not_move_back_what_is_known() {
    let mut bench = Bench::new();
    bench.answered(SENT, SENT);
    bench.answered(SENT + 1, SENT - 60_000);
    assert!(bench.follows(SENT + 2, A, SENT - 1));
    assert!(!bench.gate.is_cold());
}

#[test]
fn a_model_that_goes_down_again_has_a_cold_start_of_its_own() {
    let (mut bench, next) = Bench::cold();
    assert!(bench.admits(next, A) && bench.answered(next + 500, next));
    let again = next + HOUR;
    assert!((4_000..=5_000).contains(&bench.leads(again + 20, B, again)));
    assert!(!bench.admits(again + 21, A), "who led the last one does not lead this one");
    assert!(!bench.answered(again + 30, again - 1));
    assert!(bench.answered(again + 30, again));
}
