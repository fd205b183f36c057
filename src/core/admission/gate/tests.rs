//! Which call leads, which calls follow, and what ends a cold start.

use super::*;

const A: CallId = 1;
const B: CallId = 2;
const C: CallId = 3;
const ATTEMPT: Duration = Duration::from_secs(120);
const SAYS_20_S: LoadingAnswer =
    LoadingAnswer { estimate: Some(Duration::from_secs(20)), floor: None, was_held: false };
/// When the first request was sent that found the model loading, and when it was answered.
const SENT: u64 = 1_000_000;
const HEARD: u64 = SENT + 20;
const HOUR: u64 = 3_600_000;

const fn at(ms: u64) -> Instant {
    Instant::from_ms(ms)
}

/// A gate and its jitter.
#[derive(Clone)]
struct Bench {
    gate: Gate,
    rng: Rng,
}

impl Bench {
    fn new() -> Self {
        Self::seeded(1)
    }

    fn seeded(seed: u64) -> Self {
        Self { gate: Gate::default(), rng: Rng::new(seed) }
    }

    /// A gate that is cold since [`SENT`]. `A` leads, and probes next at the time returned.
    fn cold() -> (Self, u64) {
        let mut bench = Self::new();
        let next = HEARD + bench.leads(HEARD, A, SENT);
        (bench, next)
    }

    fn hears(&mut self, now: u64, who: CallId, started: u64, answer: LoadingAnswer) -> Role {
        let found = ColdReport {
            call: who,
            seen: ColdSighting {
                started: at(started),
                answer,
                default_wait: Some(Duration::from_secs(20)),
                full: false,
                is_alone: false,
                again: false,
            },
            uncoordinated: false,
            is_doubtful: false,
            waiters: 0,
            attempt: ATTEMPT,
            until: None,
        };
        self.gate.loading(at(now), found, &mut self.rng)
    }

    /// How long this call sleeps, which leads now.
    fn leads(&mut self, now: u64, who: CallId, started: u64) -> u64 {
        match self.hears(now, who, started, SAYS_20_S) {
            Role::Lead(sleep) => sleep.as_ms(),
            role => panic!("{who}: {role:?}"),
        }
    }

    fn follows(&mut self, now: u64, who: CallId, started: u64) -> bool {
        self.hears(now, who, started, SAYS_20_S) == Role::Follow
    }

    fn admits(&mut self, now: u64, who: CallId) -> bool {
        self.gate.admit(at(now), who, ATTEMPT, Duration::ZERO)
    }

    fn answered(&mut self, now: u64, started: u64) -> bool {
        self.gate.answered(at(now), at(started))
    }

    fn vacant_at(&self) -> Option<u64> {
        self.gate.vacant_at().map(|at| at.since(Instant::from_ms(0)).as_ms())
    }
}

#[test]
fn every_call_is_sent_to_an_unknown_model() {
    let mut bench = Bench::new();
    assert!((0..1000).all(|who| bench.admits(SENT, who)));
    assert!(!bench.gate.is_cold() && !bench.gate.was_warm());
    assert_eq!(bench.vacant_at(), None);
}

#[test]
fn the_first_loading_answer_elects_the_leader_and_whoever_hears_the_same_follows() {
    let (mut bench, _) = Bench::cold();
    assert!(bench.gate.is_cold());
    assert!((B..1000).all(|who| bench.follows(HEARD + 1, who, SENT + 1)));
}

#[test]
fn while_the_model_is_cold_only_the_leader_is_sent() {
    let (mut bench, next) = Bench::cold();
    for now in [HEARD, next - 1, next, next + 119_999] {
        assert!((B..1000).all(|who| !bench.admits(now, who)), "{now}");
    }
    assert!(bench.admits(next, A));
    assert!((B..1000).all(|who| !bench.admits(next, who)));
}

#[test]
fn the_leader_probes_after_a_quarter_of_the_estimate_and_then_at_growing_intervals() {
    for seed in 0..200 {
        let mut bench = Bench::seeded(seed);
        let mut sent = SENT;
        let mut now = HEARD;
        for nth in 0..20 {
            let sleep = bench.leads(now, A, sent);
            let waited = now - SENT;
            let (low, high) = if nth == 0 { (4_500, 5_000) } else { (waited * 25 / 100, waited * 28 / 100) };
            let span = low.clamp(1_000, 60_000)..=high.clamp(1_000, 60_000);
            assert!(span.contains(&sleep), "seed {seed}, look {nth}: {sleep} of {span:?}");
            sent = now + sleep;
            assert!(bench.admits(sent, A));
            now = sent + 20;
        }
    }
}

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
fn a_probe_that_ran_into_its_clock_keeps_the_lead() {
    let (mut bench, next) = Bench::cold();
    assert!(bench.admits(next, A));
    let late = next + 60_000;
    assert!(!bench.admits(late, B));
    assert!(bench.admits(late, A), "again, and for as long as a try takes");
    assert_eq!(bench.vacant_at(), Some(late + 120_000));
    assert!(!bench.admits(late + 119_999, B));
}

#[test]
fn when_the_leader_leaves_the_next_call_probes_at_the_set_time_and_not_before() {
    let (mut bench, next) = Bench::cold();
    bench.gate.resign(A);
    assert_eq!(bench.vacant_at(), Some(next));
    for now in [HEARD, next - 1] {
        assert!((B..100).all(|who| !bench.admits(now, who)));
    }
    assert!(bench.admits(next, C));
    assert!(!bench.admits(next, B) && !bench.admits(next, A));
}

#[test]
fn a_call_that_was_told_to_stay_away_may_come_back_sooner_but_not_the_next_call_with_its_number() {
    let mut bench = Bench::new();
    let hour = LoadingAnswer { floor: Some(Duration::from_secs(3_600)), ..SAYS_20_S };
    assert!(matches!(bench.hears(HEARD, A, SENT, hour), Role::Lead(_)));
    assert!(bench.clone().admits(HEARD + 1_000, A) && !bench.clone().admits(HEARD + 1_000, B));
    bench.gate.resign(A);
    assert!(!bench.admits(HEARD + 1_000, A));
}

#[test]
fn a_call_that_does_not_lead_may_leave_without_a_trace() {
    let (mut bench, next) = Bench::cold();
    (B..100).for_each(|who| bench.gate.resign(who));
    assert!(!bench.admits(next, B) && bench.admits(next, A));
    let mut nothing = Bench::new();
    nothing.gate.resign(A);
    assert!(!nothing.gate.is_cold());
}

#[test]
fn the_lease_of_a_leader_that_never_comes_back_runs_out_after_its_sleep_and_an_attempt() {
    let (mut bench, next) = Bench::cold();
    let ends = next + 120_000;
    assert_eq!(bench.vacant_at(), Some(ends));
    assert!(!bench.admits(ends - 1, B));
    assert!(bench.admits(ends, B));
    assert!(!bench.admits(ends, C));
}

#[test]
fn the_lease_of_a_leader_that_is_lost_while_it_probes_runs_out_after_an_attempt() {
    let (mut bench, next) = Bench::cold();
    assert!(bench.admits(next + 5, A));
    assert_eq!(bench.vacant_at(), Some(next + 120_005));
    assert!(!bench.admits(next + 120_004, B));
    assert!(bench.admits(next + 120_005, B));
}

#[test]
fn a_leader_that_comes_back_too_late_follows() {
    let (mut bench, next) = Bench::cold();
    let ends = next + 120_000;
    assert!(bench.admits(ends, B));
    assert!(!bench.admits(ends + 1, A));
    assert!(bench.follows(ends + 1, A, next));
    assert!(bench.admits(ends + 2, B));
}

#[test]
fn a_leader_that_comes_back_late_leads_on_if_nobody_has_taken_over() {
    let (mut bench, next) = Bench::cold();
    assert!(bench.admits(next + 500_000, A));
    assert!(!bench.admits(next + 500_000, B));
}

#[test]
fn a_late_answer_to_a_leader_that_was_replaced_ends_the_cold_start_too() {
    let (mut bench, next) = Bench::cold();
    assert!(bench.admits(next, A));
    assert!(bench.admits(next + 120_000, B));
    assert!(bench.answered(next + 120_500, next));
    assert!(bench.admits(next + 120_500, C));
}

#[test]
fn a_call_that_hears_loading_while_there_is_no_leader_takes_the_lead() {
    let (mut bench, _) = Bench::cold();
    bench.gate.resign(A);
    bench.leads(HEARD + 50, B, SENT + 10);
    assert!(bench.follows(HEARD + 60, C, SENT + 20));
}

#[test]
fn when_every_call_has_left_the_next_call_leads_once_a_probe_is_due() {
    let (mut bench, next) = Bench::cold();
    assert!((B..100).all(|who| bench.follows(HEARD, who, SENT)));
    (A..100).for_each(|who| bench.gate.resign(who));
    assert_eq!(bench.vacant_at(), Some(next));
    assert!(bench.admits(next + 7, 777));
    assert!(bench.answered(next + 9, next + 7));
}

#[test]
fn there_is_never_more_than_one_leader_whichever_calls_come_and_go() {
    let mut bench = Bench::new();
    let mut now = SENT;
    let (mut leads, mut until) = (None, now);
    for nth in 0..20_000_u64 {
        now += bench.rng.up_to(Duration::from_secs(20)).as_ms();
        let who = (nth * 7 % 13) as CallId;
        let admitted = match nth % 3 {
            0 => matches!(bench.hears(now, who, now, SAYS_20_S), Role::Lead(_)),
            1 => bench.admits(now, who),
            _ => {
                bench.gate.resign(who);
                leads = leads.filter(|leader| *leader != who);
                false
            }
        };
        if admitted {
            assert!(leads.is_none_or(|leader| leader == who || now >= until), "{nth}");
            leads = Some(who);
            until = bench.vacant_at().expect("it is cold");
        }
    }
}

#[test]
fn the_length_of_the_last_cold_start_moves_the_first_probe_of_the_next() {
    for seed in 0..100 {
        let mut bench = Bench::seeded(seed);
        bench.leads(HEARD, A, SENT);
        let up = SENT + 40_000;
        assert!(bench.admits(up, A) && bench.answered(up, up));
        assert_eq!(bench.gate.last().as_ms(), 40_000);
        let again = up + HOUR;
        let sleep = bench.leads(again, B, again);
        assert!((9_000..=10_000).contains(&sleep), "seed {seed}: {sleep}");
        // Only the first interval is moved: the later ones depend on the time waited.
        assert!(bench.admits(again + sleep, B));
        let later = bench.leads(again + sleep, B, again + sleep);
        assert!(later <= sleep * 28 / 100, "{later}");
    }
}

#[test]
fn a_last_cold_start_that_was_short_does_not_hurry_the_next() {
    let (mut bench, _) = Bench::cold();
    assert!(bench.answered(HEARD + 1_000, SENT));
    let again = HEARD + HOUR;
    assert!((4_500..=5_000).contains(&bench.leads(again, B, again)));
}

#[test]
fn the_first_probe_comes_within_a_minute_however_long_the_last_cold_start_took() {
    let (mut bench, _) = Bench::cold();
    let up = SENT + 270_000;
    assert!(bench.admits(up, A) && bench.answered(up, up));
    let again = up + 3 * HOUR;
    assert!((54_000..=60_000).contains(&bench.leads(again, B, again)));
}

#[test]
fn a_floor_of_the_server_is_kept_by_whoever_takes_over() {
    let mut bench = Bench::new();
    let floor = LoadingAnswer { floor: Some(Duration::from_secs(90)), ..SAYS_20_S };
    let Role::Lead(sleep) = bench.hears(HEARD, A, SENT, floor) else { panic!("nobody leads") };
    assert!((90_001..=95_001).contains(&sleep.as_ms()), "{sleep:?}");
    bench.gate.resign(A);
    assert!(!bench.admits(HEARD + 59_999, B));
}

#[test]
fn an_hour_that_the_server_named_to_one_call_binds_no_other_for_more_than_a_minute() {
    let mut bench = Bench::new();
    let hour = LoadingAnswer { floor: Some(Duration::from_secs(3600)), ..SAYS_20_S };
    let Role::Lead(sleep) = bench.hears(HEARD, A, SENT, hour) else { panic!("nobody leads") };
    assert!(sleep >= Duration::from_secs(3600));
    assert_eq!((bench.gate.leader(), bench.gate.explicit_until()), (None, Some(at(HEARD + 60_000))));
    assert!(bench.admits(HEARD + 60_000, B));
    assert!(!bench.admits(HEARD + 60_000, A));
}

#[test]
fn a_guess_is_no_word_of_the_server() {
    let (bench, _) = Bench::cold();
    assert_eq!((bench.gate.leader(), bench.gate.explicit_until()), (Some(A), None));
}

#[test]
fn on_a_clock_that_stands_still_only_the_leader_may_probe() {
    let (mut bench, _) = Bench::cold();
    for _ in 0..1000 {
        assert!(!bench.admits(HEARD, B));
        bench.leads(HEARD, A, HEARD);
        assert!(bench.admits(HEARD, A));
    }
    assert!(bench.answered(HEARD, HEARD));
}

#[test]
fn a_clock_that_jumps_an_hour_ahead_lets_one_call_probe() {
    let (mut bench, next) = Bench::cold();
    let admitted = (0..100).filter(|who| bench.admits(next + HOUR, *who)).count();
    assert_eq!(admitted, 1);
}

#[test]
fn a_clock_that_goes_backwards_leaves_one_leader_and_the_way_out() {
    let (mut bench, next) = Bench::cold();
    for now in [next - HOUR.min(next), 0] {
        assert!((B..100).all(|who| !bench.admits(now, who)));
        assert!(bench.admits(now, A));
    }
    bench.leads(0, A, 0);
    assert!(bench.admits(0, A));
    assert!(bench.answered(HEARD, SENT));
}

#[test]
fn an_hour_without_a_probe_is_no_part_of_a_cold_start() {
    // Every waiting call has left, and no call came for an hour.
    let (mut bench, next) = Bench::cold();
    bench.gate.resign(A);
    let later = next + HOUR;
    let mut found_up = bench.clone();
    assert!(found_up.admits(later, B) && found_up.answered(later + 300, later));
    assert!(found_up.gate.last() < Duration::from_secs(60), "took {:?}", found_up.gate.last());
    assert!(!found_up.gate.is_fresh(at(later + 120_000)));

    assert!(bench.admits(later, B));
    let sleep = bench.leads(later + 20, B, later);
    assert!(sleep <= 10_000, "the first look at what may be a new cold start: {sleep}");
}

#[test]
fn a_call_that_hears_loading_long_after_all_have_left_leads_a_cold_start_of_its_own() {
    let (mut bench, next) = Bench::cold();
    bench.gate.resign(A);
    let sleep = bench.leads(next + HOUR, B, next + HOUR - 60_000);
    assert!((4_500..=5_000).contains(&sleep), "{sleep}");
    let up = next + HOUR + sleep;
    assert!(bench.admits(up, B) && bench.answered(up + 20, up));
    assert!((60_000..70_000).contains(&bench.gate.last().as_ms()), "{:?}", bench.gate.last());
}
