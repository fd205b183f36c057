//! What a call learns about its target from the results of others.

use super::*;
use std::array;

const OVERLOADED: Outcome = Outcome::Failed(Code::Overloaded, Layer::Compute);

impl Bench {
    fn limit(&self) -> u32 {
        self.shared.targets[TARGET].limiter.limit()
    }

    /// A stream of this call that began at `begun` is over.
    fn stream_ends(&mut self, now: u64, who: CallId, begun: u64) {
        let ended = self.end(who, Outcome::Ok);
        let ended = Ended { streamed: true, begun: Some(at(begun)), ..ended };
        self.shared.ended(at(now), TARGET, who, ended);
    }

    fn begins_to_stream(&mut self, now: u64, who: CallId) {
        let (started, generation) = self.sent[&who];
        self.shared.begun(at(now), TARGET, Begun { call: who, generation, started: at(started) });
    }
}

#[test]
fn a_target_works_for_a_second_after_an_answer() {
    let mut bench = Bench::new();
    assert!(!bench.shared.works(at(START), TARGET));
    bench.goes(START, 0);
    bench.ends(START + 10, 0, Outcome::Ok);
    for (ms, works) in [(10, true), (1_009, true), (1_010, false)] {
        assert_eq!(bench.shared.works(at(START + ms), TARGET), works, "{ms}");
    }
    let since = array::from_fn(|nth| bench.shared.has_worked_since(TARGET, at(START + 9 + nth as u64)));
    assert_eq!(since, [true, true, false]);
}

#[test]
fn an_answer_takes_longer_than_a_time_that_is_below_the_average() {
    let mut bench = Bench::new();
    assert!(!bench.shared.takes_longer(TARGET, Duration::ZERO), "nothing is known");
    bench.goes(START, 0);
    bench.ends(START + 700, 0, Outcome::Ok);
    let longer = [699, 700, 701].map(|ms| bench.shared.takes_longer(TARGET, Duration::from_ms(ms)));
    assert_eq!(longer, [true, false, false]);
}

#[test]
fn nothing_is_known_of_a_target_before_its_first_answer() {
    let mut bench = Bench::new();
    assert_eq!(bench.temperature(START), Temperature::Unknown);
    bench.goes(START, 0);
    bench.ends(START, 0, Outcome::Ok);
    assert_eq!(bench.temperature(START), Temperature::Warm);
}

#[test]
fn a_target_that_was_full_eight_times_in_a_row_is_down() {
    let mut bench = Bench::new();
    for nth in 0..8 {
        assert!(bench.shared.is_full_for_now(at(START), TARGET), "{nth}");
        bench.goes(START, nth);
        bench.ends_as(START, nth, GATEWAY_DOWN, Means::Overload);
    }
    assert!(!bench.shared.is_full_for_now(at(START), TARGET));
    bench.goes(START, 9);
    bench.ends(START, 9, Outcome::Ok);
    assert!(bench.shared.is_full_for_now(at(START), TARGET), "it works");
}

#[test]
fn a_target_that_takes_many_at_once_is_down_when_twice_as_many_were_refused_in_a_row() {
    let mut bench = Bench::of(Rules::default(), AT_LEAST_32);
    (0..10).for_each(|who| bench.goes(START, who));
    bench.ends(START + 10, 9, Outcome::Ok);
    for nth in 0..20 {
        assert!(bench.shared.is_full_for_now(at(START + 10), TARGET), "{nth}");
        bench.goes(START + 10, 100 + nth);
        bench.ends_as(START + 10, 100 + nth, GATEWAY_DOWN, Means::Overload);
    }
    assert!(!bench.shared.is_full_for_now(at(START + 10), TARGET));
}

#[test]
fn while_answers_take_long_a_target_that_refuses_many_between_two_of_them_is_full_and_not_down() {
    let mut bench = Bench::of(Rules::default(), AT_LEAST_32);
    (0..2).for_each(|who| bench.goes(START, who));
    bench.ends(START + 4_000, 0, Outcome::Ok);
    for nth in 0..30 {
        bench.goes(START + 4_000, 100 + nth);
        bench.ends_as(START + 4_000, 100 + nth, GATEWAY_DOWN, Means::Overload);
    }
    // Twice as long as the answer took, while the other call has its place.
    for (ms, is_full) in [(4_000, true), (11_999, true), (12_000, false)] {
        assert_eq!(bench.shared.is_full_for_now(at(START + ms), TARGET), is_full, "{ms}");
    }
    bench.is_aborted(START + 4_001, 1);
    assert!(!bench.shared.is_full_for_now(at(START + 4_001), TARGET), "nobody has a place");
}

#[test]
fn only_for_short_lived_isolates_a_full_target_is_still_coming_up() {
    for (tokens, is_rushed) in [(InitialTokens::Full, false), (InitialTokens::AtMostOne { one: true }, true)]
    {
        let rules = Rules { initial_tokens: tokens, ..Rules::default() };
        let mut bench = Bench::of(rules, BOTTOMLESS);
        bench.goes(START, 0);
        assert!(!bench.shared.is_fresh(at(START), TARGET) && !bench.shared.is_rushed(at(START), TARGET));
        let Role::Lead(sleep) = bench.hears_loading(START + 20, 0) else { panic!("nobody leads") };
        let next = START + 20 + sleep.as_ms();
        bench.probes(next);
        bench.ends(next + 20, 0, Outcome::Ok);
        let is_fresh = bench.shared.is_fresh(at(next + 20), TARGET);
        assert_eq!((is_fresh, bench.shared.is_rushed(at(next + 20), TARGET)), (true, is_rushed));
    }
}

#[test]
fn a_failure_that_says_nothing_about_the_target_lowers_no_limit() {
    for (means, limit) in [(Means::Ignored, 40), (Means::Itself, 28)] {
        let mut bench = Bench::new();
        bench.shared.targets[TARGET].limiter.start_slowly(40);
        (0..40).for_each(|who| bench.goes(START, who));
        bench.ends_as(START + 2_000, 0, OVERLOADED, means);
        assert_eq!(bench.limit(), limit, "{means:?}");
    }
}

#[test]
fn a_timeout_lowers_the_limit() {
    let mut bench = Bench::new();
    bench.shared.targets[TARGET].limiter.start_slowly(40);
    (0..40).for_each(|who| bench.goes(START, who));
    bench.ends(START + 60_000, 0, TIMEOUT);
    assert_eq!(bench.limit(), 28);
}

#[test]
fn the_end_of_a_stream_that_had_begun_counts_for_nothing_more() {
    let mut bench = Bench::new();
    (0..4).for_each(|who| bench.goes(START, who));
    bench.begins_to_stream(START + 100, 0);
    assert_eq!(bench.limit(), 5);
    bench.stream_ends(START + 900, 0, START + 100);
    assert_eq!(bench.limit(), 5);
    // One call was answered and one has failed: the second is not outvoted, and its timeout lowers the limit.
    bench.shared.targets[TARGET].limiter.start_slowly(20);
    bench.ends(START + 60_000, 1, TIMEOUT);
    assert_eq!(bench.limit(), 14);
}

#[test]
fn queued_calls_are_told_when_they_wait_for_something_else() {
    let mut bench = Bench::of(Rules::default(), FOUR);
    bench.come(START, 0..6);
    let seen = ColdSighting {
        started: at(START),
        answer: LoadingAnswer::default(),
        default_wait: None,
        full: false,
        is_alone: false,
        again: false,
    };
    let refusal = gate::Refusal { is_explicit: true, patience: Duration::from_secs(15) };
    let port = ClosedPort { seen, refusal };
    let role = bench.shared.refused(at(START + 10), TARGET, bench.caller(0), port);
    assert!(matches!(role, Some(Role::Lead(_))), "{role:?}");
    assert_eq!(bench.woken(), [4, 5]);
    let role = bench.shared.refused(at(START + 20), TARGET, bench.caller(1), port);
    assert_eq!((role, bench.woken()), (Some(Role::Follow), vec![]), "they know");
}

#[test]
fn a_call_that_gives_up_before_the_server_wants_a_request_waits_for_a_cold_model_in_vain() {
    let mut bench = Bench::new();
    bench.goes(START, 0);
    bench.ends(START + 20, 0, LOADING);
    let answer = LoadingAnswer { floor: Some(Duration::from_secs(30)), ..LoadingAnswer::default() };
    let found = ColdSighting {
        started: at(START),
        answer,
        default_wait: None,
        full: false,
        is_alone: false,
        again: false,
    };
    let role = bench.shared.loading(at(START + 20), TARGET, bench.caller(0), found);
    let Role::Lead(sleep) = role else { panic!("{role:?}") };
    let next = at(START + 20) + sleep;
    for (patience, is_vain) in
        [(next - Duration::from_ms(1), true), (next, true), (next + Duration::from_ms(1), false)]
    {
        let caller = Caller { patience, ..bench.caller(9) };
        let admission = bench.shared.request(at(START + 30), TARGET, caller);
        let left = next.since(at(START + 30));
        match admission {
            Admission::Rejected(failure) => {
                assert_eq!((failure.code, failure.retry_after), (Code::ModelLoading, Some(left)));
            }
            _ => assert_eq!(admission, Admission::Queued(WaitReason::Loading)),
        }
        assert_eq!(matches!(admission, Admission::Rejected(_)), is_vain);
        bench.shared.detach(at(START + 30), TARGET, 9, true);
    }
    // At that time itself a probe may be sent.
    let caller = Caller { patience: next, ..bench.caller(9) };
    assert_eq!(bench.shared.request(next, TARGET, caller), Admission::Queued(WaitReason::Loading));
}

#[test]
fn a_lead_lasts_as_long_as_a_lease_where_calls_may_end_unseen() {
    let lease = Duration::from_secs(5);
    let mut bench = Bench::of(Rules { lease: Some(lease), ..Rules::default() }, BOTTOMLESS);
    bench.goes(START, 0);
    let Role::Lead(sleep) = bench.hears_loading(START + 20, 0) else { panic!("nobody leads") };
    bench.lines_up(START + 20, 1, WaitReason::Loading);
    assert!(sleep < lease);
    assert_eq!(bench.due(), Some(START + 5_020));
    // The host was asked to hold the probe for longer than the leader's sign of life is waited for.
    let probe = START + 20 + sleep.as_ms();
    let caller = Caller { held: Duration::from_secs(60), first: false, ..bench.caller(0) };
    let admission = bench.shared.request(at(probe), TARGET, caller);
    assert!(matches!(admission, Admission::Admitted { .. }), "{admission:?}");
    assert_eq!(bench.due(), Some(probe + 5_000));
}

#[test]
fn a_call_beyond_what_the_target_has_taken_is_one_more() {
    let mut bench = Bench::new();
    bench.come(START, 0..3);
    bench.ends(START + 10, 1, Outcome::Ok);
    bench.come(START + 10, 3..4);
    let one_more = [0, 2, 3].map(|who| bench.shared.was_one_more(at(START + 10), TARGET, who));
    assert_eq!(one_more, [false, true, true]);
}
