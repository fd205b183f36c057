//! When the circuit opens, which calls it admits, and how it closes again. `tests/native` compares the breaker with
//! one that keeps every outcome.

use super::*;

const ME: CallId = 1;
const OTHER: CallId = 2;
const FAILS: Verdict = Verdict::Failure(Layer::Gateway);
const LATE: Verdict = Verdict::Timeout(Layer::Compute);
const ATTEMPT: Duration = Duration::from_secs(120);
const HOUR: u64 = 3_600_000;
/// No test begins at zero.
const START: u64 = 5 * HOUR;

const fn at(ms: u64) -> Instant {
    Instant::from_ms(ms)
}

/// The end of a call, with no other in flight.
const fn report(call: CallId, generation: u32, verdict: Verdict) -> Report {
    Report { call, generation, verdict, others: 0 }
}

/// A breaker and its jitter.
struct Bench {
    breaker: Breaker,
    rng: Rng,
}

impl Bench {
    fn new() -> Self {
        Self::of(Rule::default(), 1)
    }

    fn of(rule: Rule, seed: u64) -> Self {
        Self { breaker: Breaker::new(rule), rng: Rng::new(seed) }
    }

    /// A breaker that is open since `now`, and half-open at the time returned.
    fn open_at(now: u64) -> (Self, u64) {
        let mut bench = Self::new();
        bench.fails_at([now; 5]);
        let until = bench.until(now);
        (bench, until)
    }

    /// The probe has just succeeded.
    fn ramp_at(now: u64) -> (Self, u64) {
        let (mut bench, until) = Self::open_at(now);
        assert!(bench.admits(until, ME) && bench.ends(until, Verdict::Success));
        (bench, until)
    }

    fn of_generation(&mut self, now: u64, who: CallId, generation: u32, verdict: Verdict) -> bool {
        self.breaker.observe(at(now), report(who, generation, verdict), &mut self.rng)
    }

    /// A call of the current generation ends. True if the target starts slowly.
    fn ends(&mut self, now: u64, verdict: Verdict) -> bool {
        self.of_generation(now, ME, self.breaker.generation(), verdict)
    }

    fn fails_at(&mut self, times: impl IntoIterator<Item = u64>) {
        times.into_iter().for_each(|now| assert!(!self.ends(now, FAILS)));
    }

    fn works_at(&mut self, times: impl IntoIterator<Item = u64>) {
        times.into_iter().for_each(|now| {
            self.ends(now, Verdict::Success);
        });
    }

    fn state(&self, now: u64) -> State {
        self.breaker.state(at(now))
    }

    fn admits(&mut self, now: u64, who: CallId) -> bool {
        self.breaker.admit(at(now), who, ATTEMPT) == Permission::Granted
    }

    /// When the breaker admits a probe.
    fn until(&self, now: u64) -> u64 {
        now + self.breaker.open_for(at(now)).expect("it is open").as_ms()
    }
}

fn is_open_after(times: impl IntoIterator<Item = u64>) -> bool {
    let mut bench = Bench::new();
    let mut last = 0;
    bench.fails_at(times.into_iter().inspect(|now| last = *now));
    bench.state(last) == State::Open
}

#[test]
fn five_failures_within_thirty_seconds_open_the_circuit_and_four_do_not() {
    let mut bench = Bench::new();
    for nth in 0..5 {
        assert_eq!(bench.state(START + nth), State::Closed);
        bench.fails_at([START + nth]);
    }
    assert_eq!(bench.state(START + 4), State::Open);
}

#[test]
fn the_fifth_failure_opens_the_circuit_thirty_seconds_after_the_first_but_not_a_millisecond_later() {
    for start in [0, 1, 2_999, 3_000, START, START + 1_501] {
        let four = [0, 1, 15_000, 29_999].map(|after| start + after);
        assert!(is_open_after(four.into_iter().chain([start + 30_000])), "{start}");
        assert!(!is_open_after(four.into_iter().chain([start + 30_001])), "{start}");
    }
}

#[test]
fn five_failures_that_never_fit_into_thirty_seconds_never_open_the_circuit() {
    for apart in [7_501, 8_000, 30_000, 30_001, 61_000, HOUR] {
        assert!(!is_open_after((0..10_000).map(|nth| START + nth * apart)), "{apart}");
    }
    // Four at once, again and again.
    assert!(!is_open_after((0..10_000).map(|nth| START + nth / 4 * 30_001)));
    assert!(is_open_after((0..5).map(|nth| START + nth * 7_500)));
}

#[test]
fn old_failures_are_forgotten_even_if_the_breaker_was_not_asked_in_between() {
    for idle in [30_001, 60_000, HOUR, 1000 * HOUR] {
        let before = (0..4).map(|nth| START + nth);
        let after = (0..4).map(|nth| START + 4 + idle + nth);
        assert!(!is_open_after(before.chain(after)), "{idle}");
    }
}

#[test]
fn five_consecutive_timeouts_open_the_circuit_at_any_distance() {
    for apart in [0, 1, 30_001, 60_000, 300_000, HOUR, 24 * HOUR] {
        let mut bench = Bench::new();
        for nth in 0..5 {
            let now = START + nth * apart;
            assert_eq!(bench.state(now), State::Closed, "{apart}");
            bench.ends(now, LATE);
        }
        assert_eq!(bench.state(START + 4 * apart), State::Open, "{apart}");
    }
}

#[test]
fn five_consecutive_timeouts_open_the_circuit_though_a_thousand_calls_were_answered_just_before() {
    let mut bench = Bench::new();
    (0..1000).for_each(|nth| assert!(!bench.ends(START + nth, Verdict::Success)));
    (0..5).for_each(|nth| assert!(!bench.ends(START + 2000 + nth, LATE)));
    assert_eq!(bench.state(START + 3000), State::Open);
}

#[test]
fn any_answer_ends_the_row_of_timeouts() {
    for between in [Verdict::Success, FAILS] {
        let mut bench = Bench::new();
        for nth in 0..1000 {
            let verdict = if nth % 5 == 4 { between } else { LATE };
            bench.ends(START + nth * 61_000, verdict);
            assert_eq!(bench.state(START + nth * 61_000), State::Closed, "{between:?} {nth}");
        }
    }
}

#[test]
fn an_abort_between_timeouts_leaves_the_row_as_it_is() {
    let mut bench = Bench::new();
    for nth in 0..5 {
        bench.ends(START + nth * 61_000, LATE);
        bench.ends(START + nth * 61_000, Verdict::Ignored);
    }
    assert_eq!(bench.state(START + 5 * 61_000 - 61_000), State::Open);
}

#[test]
fn timeouts_and_failures_are_counted_together_within_the_window() {
    let mut bench = Bench::new();
    for (now, verdict) in [(0, FAILS), (5_000, LATE), (9_000, FAILS), (20_000, LATE), (30_000, FAILS)] {
        assert_eq!(bench.state(START + now), State::Closed);
        bench.ends(START + now, verdict);
    }
    assert_eq!(bench.state(START + 30_000), State::Open);
}

#[test]
fn half_must_fail_once_there_are_ten_calls() {
    for (works, fails, opens) in [
        (0, 5, true),
        // Fewer than ten in all: five failures are enough.
        (4, 5, true),
        (5, 5, true),
        (6, 5, false),
        (6, 6, true),
        (100, 99, false),
        (100, 100, true),
    ] {
        let mut bench = Bench::new();
        (0..works).for_each(|_| assert!(!bench.ends(START, Verdict::Success)));
        bench.fails_at((0..fails).map(|_| START + 1));
        assert_eq!(bench.state(START + 1) == State::Open, opens, "{fails} of {}", works + fails);
    }
}

#[test]
fn five_failures_in_a_thousand_calls_do_not_open_the_circuit_wherever_they_are() {
    for first in [0, 1, 500, 994, 995] {
        let mut bench = Bench::new();
        // The first five failures are half of the calls so far.
        let fails = |nth| nth >= first && nth < first + 5;
        (0..1000).for_each(|nth| {
            bench.ends(START + nth * 29, if fails(nth) { FAILS } else { Verdict::Success });
        });
        assert_eq!(bench.state(START + 29_000) == State::Closed, first > 5, "{first}");
    }
    let mut spread = Bench::new();
    for nth in 0..1000 {
        spread.ends(START + nth * 29, if nth % 200 == 100 { FAILS } else { Verdict::Success });
    }
    assert_eq!(spread.state(START + 29_000), State::Closed);
}

#[test]
fn answers_from_before_the_window_do_not_water_down_the_failures_in_it() {
    let mut bench = Bench::new();
    (0..1000).for_each(|nth| assert!(!bench.ends(START + nth, Verdict::Success)));
    bench.fails_at([START + 32_000; 5]);
    assert_eq!(bench.state(START + 32_000), State::Open);
}

#[test]
fn a_loading_model_a_rate_limit_and_the_callers_own_mistakes_never_open_it() {
    for code in [
        Code::ModelLoading,
        Code::RateLimited,
        Code::Overloaded,
        Code::BadRequest,
        Code::TooLarge,
        Code::Unauthorized,
        Code::Forbidden,
        Code::CreditsExhausted,
        Code::NotFound,
        Code::Gone,
        Code::Paused,
        Code::CircuitOpen,
        Code::QueueFull,
    ] {
        let mut bench = Bench::new();
        for nth in 0..1000 {
            assert!(!bench.ends(START + nth, Verdict::of(code, Layer::Compute, None)));
        }
        assert_eq!(bench.state(START + 1000), State::Closed, "{code:?}");
    }
}

#[test]
fn aborts_never_open_the_circuit_and_do_not_count_as_answers() {
    let mut bench = Bench::new();
    (0..1000).for_each(|nth| assert!(!bench.ends(START + nth, Verdict::Ignored)));
    assert_eq!(bench.state(START + 1000), State::Closed);
    bench.fails_at([START + 1000; 5]);
    assert_eq!(bench.state(START + 1000), State::Open);
}

#[test]
fn every_failure_of_the_target_or_the_network_opens_the_circuit_and_its_layer_is_reported() {
    for code in [
        Code::Unavailable,
        Code::GatewayTimeout,
        Code::Timeout,
        Code::Network,
        Code::EngineFailure,
        Code::StreamTruncated,
        Code::StreamError,
        Code::BadResponse,
    ] {
        for layer in [Layer::Network, Layer::Gateway, Layer::Compute] {
            let mut bench = Bench::new();
            (0..5).for_each(|_| assert!(!bench.ends(START, Verdict::of(code, layer, None))));
            assert_eq!((bench.state(START), bench.breaker.layer()), (State::Open, layer), "{code:?}");
        }
    }
}

#[test]
fn an_open_circuit_refuses_every_call_and_says_for_how_long() {
    let (mut bench, until) = Bench::open_at(START);
    for now in [START, START + 1, until - 1] {
        for who in 0..100 {
            let left = Duration::from_ms(until - now);
            assert_eq!(bench.breaker.admit(at(now), who, ATTEMPT), Permission::Denied(left));
        }
    }
    assert_eq!(bench.breaker.open_for(at(until)), None);
    assert_eq!(bench.state(until - 1), State::Open);
    assert_eq!(bench.state(until), State::HalfOpen);
}

#[test]
fn a_result_from_before_the_circuit_opened_changes_nothing() {
    let mut bench = Bench::new();
    let closed = bench.breaker.generation();
    bench.fails_at([START; 5]);
    let until = bench.until(START);
    let late = |bench: &mut Bench, now| {
        for verdict in [Verdict::Success, FAILS, LATE, Verdict::Ignored] {
            (0..20).for_each(|_| assert!(!bench.of_generation(now, ME, closed, verdict)));
        }
    };
    late(&mut bench, START + 1);
    assert_eq!(bench.until(START + 1), until);
    assert!(bench.admits(until, ME));
    late(&mut bench, until + 1);
    assert!(!bench.admits(until + 1, OTHER), "the probe is still out");
    assert!(bench.ends(until + 2, Verdict::Success));
    late(&mut bench, until + 3);
    assert_eq!(bench.state(until + 3), State::HalfOpen);
    (0..15).for_each(|_| assert!(!bench.ends(until + 4, Verdict::Success)));
    late(&mut bench, until + 5);
    assert_eq!(bench.state(until + 5), State::Closed);
}

#[test]
fn a_success_while_the_circuit_is_open_changes_nothing() {
    let (mut bench, until) = Bench::open_at(START);
    for nth in 0..100 {
        assert!(!bench.ends(START + nth, Verdict::Success));
    }
    assert_eq!((bench.state(START + 100), bench.until(START + 100)), (State::Open, until));
    assert!(!bench.admits(until - 1, OTHER));
}

#[test]
fn a_failure_while_the_circuit_is_open_does_not_prolong_it() {
    let (mut bench, until) = Bench::open_at(START);
    (0..100).for_each(|nth| assert!(!bench.ends(START + nth, LATE)));
    assert_eq!(bench.until(START + 100), until);
}

#[test]
fn a_half_open_circuit_admits_one_probe_of_a_thousand_calls() {
    let (mut bench, until) = Bench::open_at(START);
    let probes = (0..1000).filter(|who| bench.admits(until, *who)).count();
    assert_eq!(probes, 1);
    assert!(!bench.admits(until + 29_999, OTHER));
    assert!(bench.admits(until + 29_999, 0), "the probe itself may ask again");
}

#[test]
fn the_lease_of_a_lost_probe_runs_out_when_its_attempt_would_or_after_half_a_minute() {
    for (attempt, lease) in [(1, 1), (7_000, 7_000), (30_000, 30_000), (120_000, 30_000)] {
        let (mut bench, until) = Bench::open_at(START);
        assert_eq!(bench.breaker.admit(at(until), ME, Duration::from_ms(attempt)), Permission::Granted);
        let left = Duration::from_ms(1);
        assert_eq!(bench.breaker.admit(at(until + lease - 1), OTHER, ATTEMPT), Permission::Denied(left));
        assert!(bench.admits(until + lease, OTHER));
        assert!(!bench.admits(until + lease, 3), "one probe again");
    }
}

#[test]
fn a_lost_probe_that_comes_back_counts_though_another_has_replaced_it() {
    let (mut bench, until) = Bench::open_at(START);
    assert!(bench.admits(until, ME));
    let first = bench.breaker.generation();
    let mut taken_over = bench.breaker.clone();
    assert!(bench.of_generation(until + 90_000, ME, first, Verdict::Success));

    assert_eq!(taken_over.admit(at(until + 30_000), OTHER, ATTEMPT), Permission::Granted);
    // A call that leaves does not free the lease of another.
    assert!(!taken_over.observe(at(until + 31_000), report(ME, first, Verdict::Ignored), &mut Rng::new(1)));
    assert_eq!(
        taken_over.admit(at(until + 31_000), 3, ATTEMPT),
        Permission::Denied(Duration::from_ms(29_000))
    );
    // A probe that timed out says that the target still fails.
    assert!(!taken_over.observe(at(until + 31_000), report(ME, first, LATE), &mut Rng::new(1)));
    assert_eq!(taken_over.state(at(until + 31_000)), State::Open);
}

#[test]
fn a_probe_that_was_aborted_is_as_if_it_had_never_been() {
    let (mut bench, until) = Bench::open_at(START);
    for who in 0..100 {
        assert!(bench.admits(until, who));
        let generation = bench.breaker.generation();
        assert!(!bench.of_generation(until, who, generation, Verdict::Ignored));
        assert_eq!((bench.state(until), bench.breaker.open_for(at(until))), (State::HalfOpen, None));
    }
    // The next time open is the second one, not the hundredth.
    assert!(bench.admits(until, ME));
    bench.fails_at([until]);
    assert!((30_000..=37_500).contains(&(bench.until(until) - until)));
}

#[test]
fn a_call_that_is_not_the_probe_says_nothing_about_it_when_it_leaves() {
    let (mut bench, until) = Bench::open_at(START);
    assert!(bench.admits(until, ME));
    let generation = bench.breaker.generation();
    assert!(!bench.of_generation(until, OTHER, generation, Verdict::Ignored));
    assert!(!bench.admits(until, OTHER));
}

#[test]
fn a_probe_that_meets_a_rate_limit_a_refusal_or_a_loading_model_has_shown_that_it_works() {
    for code in
        [Code::RateLimited, Code::Overloaded, Code::BadRequest, Code::Unauthorized, Code::ModelLoading]
    {
        let (mut bench, until) = Bench::open_at(START);
        assert!(bench.admits(until, ME));
        assert!(bench.ends(until, Verdict::of(code, Layer::Compute, None)), "{code:?}");
        assert!(bench.admits(until, OTHER), "others may follow");
    }
}

#[test]
fn one_success_of_the_probe_starts_the_target_slowly_once() {
    let (mut bench, until) = Bench::open_at(START);
    assert!(bench.admits(until, ME));
    assert!(bench.ends(until, Verdict::Success));
    (0..14).for_each(|_| {
        assert!(!bench.ends(until, Verdict::Success));
        assert_eq!(bench.state(until), State::HalfOpen);
    });
    assert!(!bench.ends(until, Verdict::Success));
    assert_eq!(bench.state(until), State::Closed);
}

#[test]
fn a_page_that_may_have_lost_its_network_probes_after_seconds_at_first() {
    const LOST: Verdict = Verdict::Failure(Layer::Network);
    let rule = Rule { of_network: Some(Duration::from_secs(1)), ..Rule::default() };
    for (first, least) in [(LOST, 1_000), (FAILS, 15_000)] {
        let mut bench = Bench::of(rule, 1);
        assert!(!bench.ends(START, first));
        (0..4).for_each(|_| assert!(!bench.ends(START, LOST)));
        let mut now = START;
        for times in [1, 2, 4] {
            let until = bench.until(now);
            assert!(
                (least * times..=least * times * 5 / 4).contains(&(until - now)),
                "{first:?} {}",
                until - now
            );
            assert!(bench.admits(until, ME) && !bench.ends(until, LOST));
            now = until;
        }
    }
}

#[test]
fn aborts_move_the_ramp_neither_forward_nor_back() {
    let (mut bench, now) = Bench::ramp_at(START);
    (0..100).for_each(|_| assert!(!bench.ends(now, Verdict::Ignored)));
    assert_eq!(bench.state(now), State::HalfOpen);
    (0..15).for_each(|_| assert!(!bench.ends(now, Verdict::Success)));
    assert_eq!(bench.state(now), State::Closed);
}

#[test]
fn as_many_failures_as_successes_in_the_ramp_or_five_open_the_circuit_again_for_twice_as_long() {
    for (successes, failures) in [(0, 2), (1, 2), (2, 3), (3, 4), (4, 5), (7, 5), (14, 5)] {
        for verdict in [FAILS, LATE] {
            let (mut bench, now) = Bench::ramp_at(START);
            (0..successes).for_each(|_| assert!(!bench.ends(now, Verdict::Success)));
            for _ in 0..failures {
                assert_eq!(bench.state(now), State::HalfOpen);
                assert!(!bench.ends(now, verdict));
            }
            assert_eq!(bench.state(now), State::Open);
            assert!((30_000..=37_500).contains(&(bench.until(now) - now)), "{successes}");
        }
    }
}

#[test]
fn single_failures_among_successes_in_the_ramp_are_of_their_own_payloads() {
    let (mut bench, now) = Bench::ramp_at(START);
    for _ in 0..15 {
        assert!(!bench.ends(now, FAILS));
        assert_eq!(bench.state(now), State::HalfOpen);
        assert!(!bench.ends(now, Verdict::Success));
    }
    assert_eq!(bench.state(now), State::Closed);
}

#[test]
fn among_the_calls_of_the_ramp_only_the_failures_that_open_the_circuit_count() {
    let (mut bench, now) = Bench::ramp_at(START);
    let of_the_ramp = bench.breaker.generation();
    bench.fails_at([now; 2]);
    let until = bench.until(now);
    (0..8).for_each(|who| assert!(!bench.of_generation(now, who, of_the_ramp, FAILS)));
    assert_eq!(bench.until(now), until);
}

#[test]
fn counts_from_before_the_circuit_opened_are_forgotten_when_it_closes() {
    for verdict in [FAILS, LATE] {
        let mut bench = Bench::new();
        (0..5).for_each(|_| assert!(!bench.ends(START, verdict)));
        let now = bench.until(START);
        assert!(bench.admits(now, ME));
        bench.works_at([now; 16]);
        (0..4).for_each(|_| assert!(!bench.ends(now, verdict)));
        assert_eq!(bench.state(now), State::Closed, "{verdict:?}");
        bench.ends(now, verdict);
        assert_eq!(bench.state(now), State::Open, "{verdict:?}");
    }
}

#[test]
fn nine_calls_are_too_few_for_a_share_and_ten_are_enough() {
    let rule = Rule { failures: 3, ..Rule::default() };
    for (works, opens) in [(6, true), (7, false)] {
        let mut bench = Bench::of(rule, 1);
        bench.works_at((0..works).map(|_| START));
        bench.fails_at([START; 3]);
        assert_eq!(bench.state(START) == State::Open, opens, "3 of {}", works + 3);
    }
}

#[test]
fn an_answer_counts_in_the_share_for_nine_tenths_of_the_window_at_least_and_never_for_longer_than_it() {
    for start in [START, START + 1, START + 1_499, START + 2_999] {
        for (after, counts) in [(27_000, true), (30_000, false)] {
            let mut bench = Bench::new();
            bench.works_at([start; 100]);
            bench.fails_at([start + after; 5]);
            assert_eq!(bench.state(start + after) == State::Closed, counts, "{start} {after}");
        }
    }
}

#[test]
fn each_time_is_twice_the_one_before_up_to_the_cap_and_jitter_only_adds() {
    for seed in 0..500 {
        let mut bench = Bench::of(Rule::default(), seed);
        bench.fails_at([START; 5]);
        let mut now = START;
        for span in [15_000, 30_000, 60_000, 120_000, 240_000, 240_000, 240_000] {
            let open = bench.until(now) - now;
            assert!((span..=span * 5 / 4).contains(&open), "seed {seed}: {open} of {span}");
            now += open;
            assert!(bench.admits(now, ME));
            bench.fails_at([now]);
        }
    }
}

#[test]
fn a_broken_target_is_probed_once_in_each_period_however_long_it_is_broken() {
    let (mut bench, mut now) = Bench::open_at(START);
    for _ in 0..10_000 {
        assert_eq!((0..5).filter(|who| bench.admits(now, *who)).count(), 1);
        let generation = bench.breaker.generation();
        bench.of_generation(now, 0, generation, FAILS);
        assert!(bench.until(now) - now <= 300_000);
        now = bench.until(now);
    }
}

#[test]
fn a_circuit_that_has_closed_opens_for_the_short_time_again() {
    let (mut bench, mut now) = Bench::open_at(START);
    for _ in 0..5 {
        assert!(bench.admits(now, ME));
        bench.fails_at([now]);
        now = bench.until(now);
    }
    assert!(bench.admits(now, ME));
    bench.works_at([now; 16]);
    assert_eq!(bench.state(now), State::Closed);
    bench.fails_at([now; 5]);
    assert!((15_000..=18_750).contains(&(bench.until(now) - now)));
}

#[test]
fn breakers_that_opened_together_do_not_probe_together() {
    let until = |seed| {
        let mut bench = Bench::of(Rule::default(), seed);
        bench.fails_at([START; 5]);
        bench.until(START)
    };
    let times: std::collections::HashSet<u64> = (0..1000).map(until).collect();
    assert!(times.len() > 700, "{}", times.len());
    assert!(times.iter().all(|until| (15_000..=18_750).contains(&(until - START))));
}

#[test]
fn the_cap_holds_even_where_it_leaves_no_room_for_jitter() {
    let cap = Duration::from_secs(15);
    for open in [10, 15] {
        let rule = Rule { open: Duration::from_secs(open), max_open: cap, ..Rule::default() };
        for seed in 0..100 {
            let mut bench = Bench::of(rule, seed);
            bench.fails_at([START; 5]);
            let mut now = START;
            for _ in 0..4 {
                let span = bench.until(now) - now;
                assert!((open * 1000..=cap.as_ms()).contains(&span), "{open} s, seed {seed}: {span}");
                now += span;
                assert!(bench.admits(now, ME));
                bench.fails_at([now]);
            }
        }
    }
}

#[test]
fn the_first_time_is_never_shorter_than_was_asked_for_even_above_the_cap() {
    let rule = Rule { open: Duration::from_secs(60), max_open: Duration::from_secs(10), ..Rule::default() };
    for seed in 0..100 {
        let mut bench = Bench::of(rule, seed);
        bench.fails_at([START; 5]);
        assert!(bench.until(START) - START >= 60_000);
    }
}

#[test]
fn extreme_rules_neither_overflow_nor_keep_the_circuit_open_for_good() {
    let of = |ms| Duration::from_ms(ms);
    for (failures, window, open, max_open) in [
        (0, 0, 0, 0),
        (1, 0, 0, 0),
        (0, u64::MAX, 1, 1),
        (1, u64::MAX, u64::MAX, u64::MAX),
        (3, 9, 0, u64::MAX),
    ] {
        let rule =
            Rule { failures, window: of(window), open: of(open), max_open: of(max_open), of_network: None };
        let mut bench = Bench::of(rule, 1);
        for nth in 0..200 {
            let now = START + nth * 7;
            bench.admits(now, ME);
            bench.ends(now, if nth % 3 == 0 { Verdict::Success } else { FAILS });
            bench.ends(now, LATE);
        }
        let end = at(u64::MAX);
        assert!(bench.breaker.open_for(end).is_none() || rule.open > of(0), "{rule:?}");
        assert_eq!(bench.breaker.admit(end, OTHER, ATTEMPT), Permission::Granted);
    }
}

#[test]
fn on_a_clock_that_stands_still_the_circuit_opens_by_number_and_does_not_close_by_itself() {
    let (mut bench, until) = Bench::open_at(START);
    for who in 0..1000 {
        assert!(!bench.admits(START, who));
    }
    assert!(bench.admits(until, ME));
    bench.works_at([until; 16]);
    assert_eq!(bench.state(until), State::Closed, "the ramp needs answers, not time");
}

#[test]
fn a_clock_that_jumps_an_hour_ahead_forgets_failures_and_lets_one_probe_through() {
    let mut bench = Bench::new();
    bench.fails_at([START; 4]);
    bench.fails_at([START + HOUR; 4]);
    assert_eq!(bench.state(START + HOUR), State::Closed);
    bench.fails_at([START + HOUR]);
    assert_eq!(bench.state(START + HOUR), State::Open);
    let probes = (0..100).filter(|who| bench.admits(START + 2 * HOUR, *who)).count();
    assert_eq!(probes, 1);
    let probes = (0..100).filter(|who| bench.admits(START + 3 * HOUR, *who)).count();
    assert_eq!(probes, 1, "the first one was lost in the jump");
}

#[test]
fn a_clock_that_goes_backwards_neither_panics_nor_lets_more_than_one_probe_through() {
    let (mut bench, until) = Bench::open_at(START);
    assert!(bench.admits(until, ME));
    for now in [until - HOUR, 0, until - 1] {
        assert!((10..100).all(|who| !bench.admits(now, who)));
    }
    bench.fails_at([0]);
    assert!(bench.until(0) <= 37_500, "by the clock that there is now");
    bench.ends(0, Verdict::Success);
    assert_eq!(bench.state(0), State::Open);
}

#[test]
fn after_a_clock_went_backwards_failures_are_counted_on_the_new_one() {
    let mut bench = Bench::new();
    bench.works_at([START; 20]);
    bench.fails_at([START; 4]);
    // The distance between the old failures and these is unknown, so both count; but from here on the old ones are
    // gone.
    bench.fails_at([START - HOUR; 5]);
    assert_eq!(bench.state(START - HOUR), State::Open);
}
