//! Isolates in memory that share one coordinator by its messages.

use super::*;
use crate::core::failure::Layer;

const ATTEMPT: Duration = Duration::from_secs(120);
const START: u64 = 1_000_000;
/// How long an answer takes.
const ROUND_TRIP: u64 = 20;
const FAILS: Verdict = Verdict::Failure(Layer::Gateway);

const fn at(ms: u64) -> Instant {
    Instant::from_ms(ms)
}

struct Bench {
    coordinator: Coordinator,
    rng: Rng,
}

impl Bench {
    fn new() -> Self {
        Self::of(Rules::default())
    }

    fn of(rules: Rules) -> Self {
        Self { coordinator: Coordinator::new(rules), rng: Rng::new(1) }
    }

    fn handle(&mut self, now: u64, message: Message) -> Reply {
        self.coordinator.handle(at(now), message, &mut self.rng)
    }

    fn admits(&mut self, now: u64, who: CallId) -> Reply {
        self.handle(now, Message::Admit { who, what: Errand::First, attempt: ATTEMPT })
    }

    fn retries(&mut self, now: u64, who: CallId) -> Reply {
        self.handle(now, Message::Admit { who, what: Errand::Retry, attempt: ATTEMPT })
    }

    fn probes(&mut self, now: u64, who: CallId) -> Reply {
        self.handle(now, Message::Admit { who, what: Errand::Probe, attempt: ATTEMPT })
    }

    fn goes(&mut self, now: u64, who: CallId) -> u32 {
        match self.admits(now, who) {
            Reply::Go { generation } => generation,
            other => panic!("{who}: {other:?}"),
        }
    }

    /// A request that was sent so long ago found the model loading.
    fn loads(&mut self, now: u64, who: CallId, ago: u64) -> Reply {
        let answer = Answer { estimate: Some(Duration::from_secs(20)), floor: None, was_held: false };
        let (ago, default_wait) = (Duration::from_ms(ago), Some(Duration::from_secs(20)));
        self.handle(now, Message::Lead { who, ago, answer, default_wait, waiters: 0, attempt: ATTEMPT })
    }

    fn leads(&mut self, now: u64, who: CallId) -> u64 {
        match self.loads(now, who, ROUND_TRIP) {
            Reply::Lead(sleep) => sleep.as_ms(),
            other => panic!("{who}: {other:?}"),
        }
    }

    fn observes(&mut self, now: u64, who: CallId, generation: u32, ago: u64, verdict: Verdict) {
        let answered = !matches!(verdict, Verdict::Ignored | Verdict::Timeout(_));
        let seen = Observation { who, generation, ago: Duration::from_ms(ago), verdict, others: 0, answered };
        assert_eq!(self.handle(now, Message::Observe(seen)), Reply::Noted);
    }

    /// Open since `START`, and the time of the first probe.
    fn open() -> (Self, u64) {
        let mut bench = Self::new();
        for who in 0..5 {
            let generation = bench.goes(START, who);
            bench.observes(START, who, generation, ROUND_TRIP, FAILS);
        }
        let Reply::Open(left) = bench.admits(START, 5) else { panic!("it is not open") };
        (bench, START + left.as_ms())
    }

    fn retries_left(&mut self, now: u64) -> usize {
        (1000..2000).take_while(|who| matches!(self.retries(now, *who), Reply::Go { .. })).count()
    }
}

/// What one isolate does next, and when.
#[derive(Clone, Copy)]
enum Next {
    Asks,
    Hears { generation: u32 },
    Done,
}

/// Each isolate has one call, which comes at its time; the model is up so long after `START`.
/// Returns the requests before it was up, and when the last call was answered.
fn fleet(comes: impl Fn(u64) -> u64, isolates: u64, cold: u64) -> (usize, u64) {
    let mut bench = Bench::new();
    let mut isolates: Vec<(u64, Next)> = (0..isolates).map(|nth| (START + comes(nth), Next::Asks)).collect();
    let (mut requests, mut probes_until) = (0, 0);
    loop {
        let due = |(_, (_, next)): &(usize, &(u64, Next))| !matches!(next, Next::Done);
        let Some((who, (now, next))) = isolates
            .iter()
            .enumerate()
            .filter(due)
            .min_by_key(|(_, (now, _))| *now)
            .map(|(who, it)| (who, *it))
        else {
            break;
        };
        let id = who as CallId;
        isolates[who] = match next {
            Next::Asks => match bench.admits(now, id) {
                Reply::Go { generation } => {
                    requests += usize::from(now < START + cold);
                    if (START + ROUND_TRIP..START + cold).contains(&now) {
                        assert!(now >= probes_until, "two look at once, at {now}");
                        probes_until = now + ROUND_TRIP;
                    }
                    (now + ROUND_TRIP, Next::Hears { generation })
                }
                Reply::Wait(wait) => {
                    assert!((1..=5_000).contains(&wait.as_ms()), "{wait:?}");
                    (now + wait.as_ms(), Next::Asks)
                }
                other => panic!("{other:?}"),
            },
            Next::Hears { generation } if now - ROUND_TRIP >= START + cold => {
                bench.observes(now, id, generation, ROUND_TRIP, Verdict::Success);
                (now, Next::Done)
            }
            Next::Hears { .. } => match bench.loads(now, id, ROUND_TRIP) {
                Reply::Lead(wait) | Reply::Wait(wait) => (now + wait.as_ms(), Next::Asks),
                other => panic!("{other:?}"),
            },
            Next::Done => break,
        };
    }
    (requests, isolates.iter().map(|(now, _)| *now).max().unwrap_or(0) - START)
}

#[test]
fn two_hundred_isolates_that_come_one_after_the_other_ask_a_cold_model_a_few_times_in_all() {
    let (requests, last) = fleet(|nth| nth * 300, 200, 180_000);
    assert!(requests <= 20, "{requests}");
    assert!(last <= 180_000 * 13 / 10 + 5_000, "{last}");
}

#[test]
fn two_hundred_isolates_that_come_at_once_ask_once_each_and_then_one_of_them_for_all() {
    let (requests, last) = fleet(|_| 0, 200, 180_000);
    assert!(requests <= 220, "{requests}");
    assert!(last <= 180_000 * 13 / 10 + 5_000, "{last}");
}

#[test]
fn of_two_hundred_that_hear_the_same_one_leads_and_the_others_are_told_to_ask_again() {
    let mut bench = Bench::new();
    (0..200).for_each(|who| {
        bench.goes(START, who);
    });
    let replies: Vec<Reply> = (0..200).map(|who| bench.loads(START + ROUND_TRIP, who, ROUND_TRIP)).collect();
    assert_eq!(replies.iter().filter(|reply| matches!(reply, Reply::Lead(_))).count(), 1);
    let told = |reply: &&Reply| matches!(reply, Reply::Wait(wait) if (1..=5_000).contains(&wait.as_ms()));
    assert_eq!(replies.iter().filter(told).count(), 199);
}

#[test]
fn who_waits_is_told_the_time_of_the_next_look_where_nobody_leads() {
    let mut bench = Bench::new();
    let sleep = bench.leads(START, 0);
    assert_eq!(bench.handle(START + 10, Message::Settle { who: 0 }), Reply::Noted);
    assert_eq!(bench.admits(START + sleep - 700, 1), Reply::Wait(Duration::from_ms(700)));
    bench.goes(START + sleep, 2);
    assert!(matches!(bench.admits(START + sleep, 1), Reply::Wait(_)));
}

#[test]
fn an_isolate_that_dies_while_it_leads_loses_its_lease() {
    let mut bench = Bench::new();
    let ends = START + bench.leads(START, 0) + ATTEMPT.as_ms();
    assert_eq!(bench.admits(ends - 1, 1), Reply::Wait(Duration::from_ms(1)));
    bench.goes(ends, 1);
    // And whoever dies while it looks does so too.
    assert!(matches!(bench.admits(ends + ATTEMPT.as_ms() - 1, 2), Reply::Wait(_)));
    bench.goes(ends + ATTEMPT.as_ms(), 2);
}

#[test]
fn any_other_answer_to_the_leader_lets_everybody_go() {
    for verdict in [Verdict::Success, FAILS] {
        let mut bench = Bench::new();
        let probes = START + bench.leads(START, 0);
        let generation = bench.goes(probes, 0);
        assert!(matches!(bench.admits(probes, 1), Reply::Wait(_)));
        bench.observes(probes + 900, 0, generation, 900, verdict);
        (1..200).for_each(|who| {
            bench.goes(probes + 900, who);
        });
    }
}

#[test]
fn a_look_that_was_aborted_or_ran_into_its_clock_lets_nobody_go() {
    for verdict in [Verdict::Ignored, Verdict::Timeout(Layer::Compute)] {
        let mut bench = Bench::new();
        let probes = START + bench.leads(START, 0);
        let generation = bench.goes(probes, 0);
        bench.observes(probes + 60_000, 0, generation, 60_000, verdict);
        assert!(matches!(bench.admits(probes + 60_000, 1), Reply::Wait(_)));
        bench.goes(probes + 60_000, 0);
    }
}

#[test]
fn old_news_neither_end_a_cold_start_nor_begin_one() {
    let mut bench = Bench::new();
    let probes = START + bench.leads(START, 0);
    bench.observes(START + 900, 7, 0, 5_000, Verdict::Success);
    assert!(matches!(bench.admits(START + 900, 1), Reply::Wait(_)));
    let generation = bench.goes(probes, 0);
    bench.observes(probes + 900, 0, generation, 900, Verdict::Success);
    assert!(matches!(bench.loads(probes + 1_000, 8, 30_000), Reply::Wait(_)));
    bench.goes(probes + 1_000, 1);
}

#[test]
fn half_open_is_one_probe_in_the_whole_fleet() {
    let (mut bench, mut now) = Bench::open();
    for _ in 0..10 {
        let replies: Vec<Reply> = (0..200).map(|who| bench.admits(now, who)).collect();
        let probe = replies.iter().position(|reply| matches!(reply, Reply::Go { .. }));
        assert_eq!(probe, Some(0));
        assert!(replies.iter().skip(1).all(|reply| *reply == Reply::Open(Duration::from_secs(30))));
        let Some(Reply::Go { generation }) = replies.first() else { panic!("no probe") };
        bench.observes(now + 500, 0, *generation, 500, FAILS);
        let Reply::Open(left) = bench.admits(now + 500, 1) else { panic!("it is not open") };
        now += 500 + left.as_ms();
    }
}

#[test]
fn a_probe_whose_isolate_dies_is_replaced_after_half_a_minute() {
    let (mut bench, until) = Bench::open();
    bench.goes(until, 0);
    assert_eq!(bench.admits(until + 29_999, 1), Reply::Open(Duration::from_ms(1)));
    bench.goes(until + 30_000, 1);
    assert!(matches!(bench.admits(until + 30_000, 2), Reply::Open(_)));
}

#[test]
fn five_failures_of_five_isolates_open_it_for_all_of_them() {
    let (mut bench, until) = Bench::open();
    for who in 0..200 {
        assert_eq!(bench.admits(START + 1, who), Reply::Open(Duration::from_ms(until - START - 1)));
    }
    // What the others had under way comes in late, and counts no more.
    for who in 5..200 {
        bench.observes(START + 2, who, 0, ROUND_TRIP, FAILS);
        bench.observes(START + 2, who, 0, ROUND_TRIP, Verdict::Success);
    }
    assert_eq!(bench.admits(START + 3, 1), Reply::Open(Duration::from_ms(until - START - 3)));
}

#[test]
fn the_fleet_has_one_budget_of_whole_retries() {
    let mut bench = Bench::new();
    assert_eq!(bench.retries_left(START), 5);
    for who in 0..9 {
        bench.goes(START, who);
    }
    assert_eq!(bench.retries(START, 0), Reply::Spent);
    bench.goes(START, 9);
    assert!(matches!(bench.retries(START, 0), Reply::Go { .. }));
    assert_eq!(bench.retries(START, 1), Reply::Spent);
}

#[test]
fn what_an_isolate_took_and_never_used_is_gone() {
    let mut bench = Bench::new();
    assert!(matches!(bench.retries(START, 0), Reply::Go { .. }));
    bench.handle(START, Message::Settle { who: 0 });
    assert_eq!(bench.retries_left(START + 3_600_000), 4);
}

#[test]
fn who_is_told_to_wait_neither_pays_nor_is_paid_for() {
    let mut bench = Bench::new();
    bench.leads(START, 0);
    for nth in 0..1000 {
        assert!(matches!(bench.retries(START + nth, 1), Reply::Wait(_)));
        assert!(matches!(bench.admits(START + nth, 2), Reply::Wait(_)));
    }
    bench.observes(START + 2_000, 0, 0, 100, Verdict::Success);
    assert_eq!(bench.retries_left(START + 2_000), 5);
}

#[test]
fn who_is_refused_because_it_is_open_neither_pays_nor_is_paid_for() {
    let (mut bench, until) = Bench::open();
    for who in 0..1000 {
        assert!(matches!(bench.retries(START + 1, who), Reply::Open(_)));
        assert!(matches!(bench.admits(START + 1, who), Reply::Open(_)));
    }
    let generation = bench.goes(until, 0);
    bench.observes(until, 0, generation, ROUND_TRIP, Verdict::Success);
    assert_eq!(bench.retries_left(until), 5);
}

#[test]
fn who_could_look_but_has_no_retry_left_keeps_nobody_from_looking() {
    let mut bench = Bench::new();
    assert_eq!(bench.retries_left(START), 5);
    let probes = START + bench.leads(START, 0);
    bench.handle(START, Message::Settle { who: 0 });
    assert_eq!(bench.retries(probes, 1), Reply::Spent);
    bench.goes(probes, 2);
}

#[test]
fn the_looks_of_a_leader_neither_cost_nor_earn_retries() {
    let mut bench = Bench::new();
    assert_eq!(bench.retries_left(START), 5);
    let mut now = START + bench.leads(START, 0);
    for _ in 0..50 {
        assert_eq!(bench.probes(now, 0), Reply::Go { generation: 0 });
        now += ROUND_TRIP;
        now += bench.leads(now, 0);
    }
    assert_eq!(bench.probes(now, 0), Reply::Go { generation: 0 });
    bench.observes(now, 0, 0, ROUND_TRIP, Verdict::Success);
    assert_eq!(bench.retries_left(now), 0);
}

#[test]
fn without_breaker_and_budget_nobody_is_kept_from_anything_but_a_cold_model() {
    let mut bench = Bench::of(Rules { breaker: None, budget: None, ..Rules::default() });
    for who in 0..100 {
        let generation = bench.goes(START, who);
        bench.observes(START, who, generation, ROUND_TRIP, FAILS);
        assert!(matches!(bench.retries(START, who), Reply::Go { .. }));
    }
    bench.leads(START + 100, 0);
    assert!(matches!(bench.admits(START + 100, 1), Reply::Wait(_)));
}

#[test]
fn times_that_the_coordinator_cannot_know_are_harmless() {
    let mut bench = Bench::new();
    assert!(matches!(bench.loads(5, 0, u64::MAX), Reply::Lead(_)));
    bench.observes(6, 1, 0, u64::MAX, Verdict::Success);
    bench.observes(0, 1, 77, 0, FAILS);
    bench.goes(7, 2);
    bench.handle(u64::MAX, Message::Settle { who: 99 });
}

#[test]
fn who_settles_without_leading_changes_nothing() {
    let mut bench = Bench::new();
    let probes = START + bench.leads(START, 0);
    (1..200).for_each(|who| {
        bench.handle(START, Message::Settle { who });
    });
    assert!(matches!(bench.admits(probes, 1), Reply::Wait(_)));
    bench.goes(probes, 0);
}
