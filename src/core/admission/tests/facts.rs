//! What a call learns about its target from the results of others.

use super::*;
use std::array;

const OVERLOADED: Outcome = Outcome::Failed(Code::Overloaded, Layer::Compute);

impl Bench {
    fn limit(&self) -> u32 {
        self.shared.targets[TARGET].limiter.limit()
    }

    /// The call was refused at `now`, without a time, and asks how long no call goes there.
    fn is_told_to_slow_down(&mut self, now: u64, who: CallId) -> Option<u64> {
        let started = at(self.sent[&who].0);
        let pause = self.shared.cool_down(at(now), TARGET, who, started).map(Duration::as_ms);
        self.ends(now, who, RATE_LIMITED);
        pause
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
fn a_call_that_is_refused_again_slows_down_itself_alone_and_two_calls_slow_down_all() {
    let mut bench = Bench::new();
    bench.goes(START, 0);
    assert_eq!(bench.is_told_to_slow_down(START + 10, 0), None);
    bench.goes(START + 1_000, 0);
    assert_eq!(bench.is_told_to_slow_down(START + 1_010, 0), None, "it may be this call's own fault");
    assert!(bench.shared.is_retry_free(at(START + 1_010), TARGET));
    bench.goes(START + 2_000, 1);
    let pause = bench.is_told_to_slow_down(START + 2_010, 1).expect("a pause");
    assert!(pause >= 1_000, "{pause}");
    let over = START + 2_010 + pause;
    bench.lines_up(over - 1, 2, WaitReason::Queue);
    bench.is_aborted(over - 1, 2);
    bench.goes(over, 3);
}

#[test]
fn an_answer_to_a_request_that_was_sent_since_the_newest_refusal_ends_the_pause() {
    for (sent, ends) in [(2_009, false), (2_010, true)] {
        let mut bench = Bench::new();
        (0..2).for_each(|who| {
            bench.goes(START + u64::from(who) * 2_000, who);
            bench.is_told_to_slow_down(START + 10 + u64::from(who) * 2_000, who);
        });
        let mut other = Bench::new();
        other.goes(START + sent, 7);
        let ended = other.end(7, Outcome::Ok);
        bench.shared.ended(at(START + 2_500), TARGET, 7, ended);
        assert_eq!(!bench.shared.is_retry_free(at(START + 2_500), TARGET), ends, "{sent}");
    }
}

#[test]
fn retries_are_free_for_five_seconds_after_the_first_refusal() {
    let mut bench = Bench::new();
    assert!(!bench.shared.is_retry_free(at(START), TARGET));
    bench.goes(START, 0);
    bench.is_told_to_slow_down(START + 10, 0);
    let free = [10, 5_009, 5_010].map(|ms| bench.shared.is_retry_free(at(START + ms), TARGET));
    assert_eq!(free, [true, true, false]);
}

#[test]
fn a_retry_can_be_made_while_the_budget_has_one_and_the_circuit_is_closed() {
    let mut bench = Bench::new();
    assert!(bench.shared.can_retry(at(START), TARGET));
    while bench.shared.may_retry(at(START), TARGET, Duration::ZERO) {}
    assert!(!bench.shared.can_retry(at(START), TARGET));
    let (bench, _) = Bench::open();
    assert!(!bench.shared.can_retry(at(START), TARGET));
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

/// A target that answers one of five, and how long no request is sent after one.
fn paced() -> (Bench, u64) {
    let mut bench = Bench::new();
    let pace = &mut bench.shared.targets[TARGET].pace;
    for nth in 0..100 {
        let (now, again) = (at(START + nth * 100), (nth / 5).is_multiple_of(2));
        if nth % 5 == 4 { pace.answered(now, again, 0) } else { pace.refused(now, again, 0) }
    }
    let interval = pace.interval(at(START + 9_900)).expect("slower").as_ms();
    (bench, interval)
}

#[test]
fn a_target_that_refuses_most_calls_is_sent_one_and_then_the_next_after_a_while() {
    let (mut bench, interval) = paced();
    let now = START + 9_900;
    bench.goes(now, 0);
    bench.lines_up(now, 1, WaitReason::RateLimit);
    bench.lines_up(now, 2, WaitReason::RateLimit);
    assert_eq!(bench.due(), Some(now + interval));
    bench.shared.wake(at(now + interval - 1));
    assert_eq!(bench.woken(), [0_u32; 0]);
    bench.shared.wake(at(now + interval));
    assert_eq!(bench.all_come(now + interval), [1]);
    assert!(bench.due().is_some_and(|due| due > now + interval), "the next one waits again");
}

#[test]
fn with_a_fallback_a_call_waits_for_its_turn_at_a_slow_target_for_less_than_five_seconds() {
    let (mut bench, interval) = paced();
    let now = START + 9_900;
    bench.goes(now, 0);
    let most = 5_000_u64.div_ceil(interval) as CallId - 1;
    for who in 1..=most {
        let caller = Caller { has_fallback: true, ..bench.caller(who) };
        let admission = bench.shared.request(at(now), TARGET, caller);
        assert_eq!(admission, Admission::Queued(WaitReason::RateLimit), "{who}");
    }
    let caller = Caller { has_fallback: true, ..bench.caller(900) };
    let admission = bench.shared.request(at(now), TARGET, caller);
    assert!(matches!(admission, Admission::Rejected(_)), "{admission:?}");
    bench.lines_up(now, 901, WaitReason::RateLimit);
}

#[test]
fn while_nobody_is_answered_the_call_that_came_last_is_sent_next_of_those_that_were_not_refused_yet() {
    for (worked, next) in [(None, 5), (Some(START - 1), 5), (Some(START + 10), 3)] {
        let mut bench = Bench::of(Rules::default(), FOUR);
        // Two calls are refused, the second one twice.
        for (ms, who) in [(0, 0), (100, 1), (5_000, 1)] {
            bench.goes(START + ms, who);
            bench.is_told_to_slow_down(START + ms + 10, who);
        }
        bench.shared.targets[TARGET].worked = worked.map(at);
        let now = START + 5_020;
        (3..=5).for_each(|who| assert!(matches!(bench.enters(now, who), Admission::Queued(_))));
        assert!(matches!(bench.retries(now, 1), Admission::Queued(_)));
        let over = bench.due().expect("a pause");
        bench.shared.wake(at(over));
        // Several permits are free; the first one goes to:
        assert_eq!(bench.shared.targets[TARGET].queue.len(), 0);
        let mut woken: Vec<CallId> = std::iter::from_fn(|| bench.shared.woken()).collect();
        woken.reverse();
        assert_eq!(woken.first(), Some(&next), "{worked:?} {woken:?}");
    }
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
fn requests_that_were_sent_together_and_are_refused_together_lengthen_a_pause_once() {
    let mut bench = Bench::new();
    bench.come(START, 0..3);
    assert_eq!(bench.is_told_to_slow_down(START + 10, 0), None);
    let pause = bench.is_told_to_slow_down(START + 20, 1).expect("a pause");
    assert!((1_000..=2_000).contains(&pause), "{pause}");
    assert_eq!(bench.is_told_to_slow_down(START + 30, 2), Some(pause - 10));
}

#[test]
fn a_target_that_has_just_answered_another_call_is_not_paused() {
    // An answer that took so long counts for as long, and for 300 ms at least.
    for (took, refused, is_paused) in
        [(100, 794, false), (100, 795, true), (400, 894, false), (400, 895, true)]
    {
        let mut bench = Bench::new();
        bench.goes(START + 495 - took, 9);
        bench.ends(START + 495, 9, Outcome::Ok);
        bench.goes(START + 500, 0);
        assert_eq!(bench.is_told_to_slow_down(START + 510, 0), None);
        bench.goes(START + 520, 1);
        assert_eq!(bench.is_told_to_slow_down(START + refused, 1).is_some(), is_paused, "{refused}");
    }
}

#[test]
fn a_target_that_works_on_another_call_is_not_paused() {
    for (refused, is_paused) in [(1_499, true), (1_500, false)] {
        let mut bench = Bench::new();
        bench.goes(START + 500, 9);
        bench.goes(START + 510, 0);
        assert_eq!(bench.is_told_to_slow_down(START + 520, 0), None);
        bench.goes(START + 530, 1);
        assert_eq!(bench.is_told_to_slow_down(START + refused, 1).is_some(), is_paused, "{refused}");
    }
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
