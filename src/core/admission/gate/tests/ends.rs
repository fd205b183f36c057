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

#[test]
fn a_target_has_answered_since_a_time_if_a_request_that_was_sent_later_was_answered() {
    let mut bench = Bench::new();
    assert!(!bench.gate.has_answered_since(at(0)));
    bench.answered(SENT + 500, SENT);
    for (then, has) in [(SENT - 1, true), (SENT, false), (SENT + 1, false)] {
        assert_eq!(bench.gate.has_answered_since(at(then)), has, "{then}");
    }
}

#[test]
fn a_model_has_just_come_up_for_as_long_as_its_cold_start_took() {
    let (mut bench, next) = Bench::cold();
    assert!(!bench.gate.is_fresh(at(next)));
    assert!(bench.admits(next, A) && bench.answered(next + 500, next));
    let took = bench.gate.last().as_ms();
    assert!(took > 4_000);
    for (after, is_fresh) in [(0, true), (took - 1, true), (took, false), (took + HOUR, false)] {
        assert_eq!(bench.gate.is_fresh(at(next + 500 + after)), is_fresh, "{after}");
    }
}

#[test]
fn a_target_that_came_up_and_is_full_has_the_length_of_its_own_cold_start() {
    // The calls that waited find it full, which is reported as another cold start.
    let (mut bench, next) = Bench::cold();
    assert!(bench.admits(next, A) && bench.answered(next + 500, next));
    let took = bench.gate.last();
    bench.leads(next + 620, B, next + 600);
    assert!(bench.answered(next + 700, next + 650));
    assert_eq!(bench.gate.last(), took);
    // A later one is another.
    bench.leads(next + HOUR + 20, B, next + HOUR);
    assert!(bench.answered(next + HOUR + 700, next + HOUR + 650));
    assert!(bench.gate.last() < took);
}

#[test]
fn a_refusal_of_a_request_from_before_the_model_came_up_does_not_close_the_port() {
    for (started, closes) in [(SENT - 1, false), (SENT, true), (SENT + 1, true)] {
        let mut bench = Bench::new();
        bench.answered(SENT + 10, SENT);
        let role = bench.is_refused(SENT + 20, A, started);
        assert_eq!(matches!(role, Some(Role::Lead(_))), closes, "{started}: {role:?}");
        assert_eq!((bench.gate.is_cold(), bench.gate.closed(at(SENT + 20)).is_some()), (closes, closes));
    }
}

#[test]
fn a_cold_start_that_others_deny_is_none_unless_one_report_of_it_is_beyond_doubt() {
    for (doubts, was_cold) in [([true, true], false), ([true, false], true), ([false, true], true)] {
        let mut bench = Bench::new();
        for (nth, is_doubtful) in doubts.into_iter().enumerate() {
            let found = Bench::report(A, SENT + nth as u64 * 1_000, is_doubtful);
            bench.gate.loading(at(SENT + nth as u64 * 1_000 + 20), found, &mut bench.rng);
        }
        assert!(bench.gate.is_cold());
        assert_eq!(bench.answered(SENT + 3_000, SENT + 2_000), was_cold, "{doubts:?}");
    }
}

#[test]
fn a_late_answer_hurries_no_probe_that_is_under_way() {
    let (mut bench, next) = Bench::cold();
    assert!(bench.admits(next, A));
    assert!(!bench.answered(next + 10, SENT - 1));
    assert_eq!((bench.gate.leader(), bench.gate.is_probing()), (Some(A), true));
}

#[test]
fn a_host_that_held_the_request_has_not_said_how_long_it_takes_to_say_that_the_model_loads() {
    // After twice the time that it took to say so, a probe without an answer is being worked on.
    for (was_held, opens) in [(false, 20_000), (true, 3_000)] {
        let mut bench = Bench::new();
        let Role::Lead(sleep) = bench.hears(SENT + 10_000, A, SENT, LoadingAnswer { was_held, ..SAYS_20_S })
        else {
            panic!("nobody leads")
        };
        let next = at(SENT + 10_000) + sleep;
        assert!(bench.gate.admit(next, A, ATTEMPT, Duration::ZERO));
        assert_eq!(bench.gate.opens_at(), Some(next + Duration::from_ms(opens)), "{was_held}");
    }
}
