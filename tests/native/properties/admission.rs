//! Gate, budget, limiter and queue, each by itself, whatever is asked of it in whatever order.

use super::config;
use proptest::prelude::*;
use query_with_retry::core::admission::budget::{Budget, InitialTokens, Rule as BudgetRule};
use query_with_retry::core::admission::gate::{ColdReport, ColdSighting, Gate, Role};
use query_with_retry::core::admission::lease::CallId;
use query_with_retry::core::admission::limiter::{Limiter, Rule, Sample};
use query_with_retry::core::admission::probing::LoadingAnswer;
use query_with_retry::core::admission::queue::{AGED, Queue};
use query_with_retry::core::policy::Priority;
use query_with_retry::core::rng::Rng;
use query_with_retry::core::time::{Duration, Instant};

const BEGAN: Instant = Instant::from_ms(3_000_000);

/// What is done, by which call, and after how long.
type Step = (u8, u32, u64);

fn steps(kinds: u8) -> impl Strategy<Value = Vec<Step>> {
    proptest::collection::vec((0..kinds, 0..6_u32, 0..40_000_u64), 1..60)
}

/// A third of the steps happen at the moment of the one before.
fn after(ms: u64) -> Duration {
    Duration::from_ms(if ms.is_multiple_of(3) { 0 } else { ms })
}

proptest! {
    #![proptest_config(config())]

    /// The lead passes to another call only when it was given up, has run out, or the cold start is over.
    #[test]
    fn a_cold_start_has_one_leader_a_lease(
        steps in steps(8),
        seed in any::<u64>(),
        attempt in 0..90_000_u64,
    ) {
        let (mut gate, mut rng, mut now) = (Gate::default(), Rng::new(seed), BEGAN);
        let attempt = Duration::from_ms(attempt);
        let mut lead: Option<(CallId, Instant)> = None;
        let is_free = |lead: Option<(CallId, Instant)>, who, now| {
            lead.is_none_or(|(leader, until)| leader == who || now >= until)
        };
        for (kind, who, ms) in steps {
            now = now + after(ms);
            match kind {
                0..3 => {
                    let was_cold = gate.is_cold();
                    let goes = gate.admit(now, who, attempt, Duration::ZERO);
                    prop_assert!(goes || was_cold, "nobody waits for a model that is up");
                    if goes && was_cold {
                        prop_assert!(is_free(lead, who, now), "{} as well as {:?}", who, lead);
                        lead = Some((who, now + attempt));
                    }
                }
                3..6 => {
                    let answer = LoadingAnswer { estimate: None, floor: None, was_held: kind == 5 };
                    let started = now - Duration::from_ms(ms / 7);
                    let found = ColdReport {
call: who,
seen: ColdSighting { started, answer, default_wait: Some(Duration::from_secs(20)), full: false, is_alone: ms % 2 == 1, again: ms % 3 == 1, },
uncoordinated: ms % 2 == 0,
is_doubtful: ms % 3 == 0,
                        waiters: ms as usize,
                        yields: ms % 5 == 1,
                        attempt,
                        until: None,
                    };
                    if let Role::Lead(sleep) = gate.loading(now, found, &mut rng) {
                        prop_assert!(is_free(lead, who, now), "{} as well as {:?}", who, lead);
                        prop_assert!(sleep >= Duration::from_secs(1), "{:?}", sleep);
                        lead = Some((who, now + sleep + attempt));
                    } else if gate.leader().is_none() {
                        lead = None; // another call may probe
                    }
                }
                6 => {
                    gate.resign(who);
                    lead = lead.filter(|(leader, _)| *leader != who);
                }
                _ => {
                    if gate.answered(now, now - Duration::from_ms(ms / 7)) {
                        prop_assert!(!gate.is_cold());
                        lead = None;
                    } else if gate.leader().is_none() {
                        lead = None; // one from before was answered, and another one looks
                    }
                }
            }
            // Every waiting call is given a time, and at that time one of them may probe.
            let vacant = gate.vacant_at();
            prop_assert_eq!(vacant.is_some(), gate.is_cold());
            if let Some(vacant) = vacant {
                prop_assert!(gate.clone().admit(vacant.max(now), 99, attempt, Duration::ZERO));
                prop_assert!(vacant <= now || !gate.clone().admit(now, 99, attempt, Duration::ZERO));
            }
        }
    }

    /// The budget never pays for more than it began with and the share of what came in.
    #[test]
    fn the_budget_is_never_exceeded(
        (ratio, burst) in (0..1500_u32, 0..8_u32),
        one in any::<bool>(),
        is_full in any::<bool>(),
        steps in proptest::collection::vec(0..12_u8, 1..200),
    ) {
        let tokens = if is_full { InitialTokens::Full } else { InitialTokens::AtMostOne { one } };
        let begins_with = if is_full { burst } else { burst.min(u32::from(one)) };
        let mut budget = Budget::new(BudgetRule { ratio, burst }, tokens);
        let (mut paid_in, mut paid_out) = (begins_with * 1000, 0);
        for step in steps {
            if step < 9 {
                budget.deposit();
                // What is above the burst is lost.
                paid_in = (paid_in + ratio).min(paid_out + burst * 1000);
            } else {
                let enough = paid_in - paid_out >= 1000;
                prop_assert_eq!(budget.withdraw(), enough);
                paid_out += if enough { 1000 } else { 0 };
            }
        }
    }

    /// The limit stays within its rule, no more are let in than it says, and all places come back.
    #[test]
    fn the_limiter_keeps_its_permits_together(
        (min, max) in (0..10_u32, 0..20_u32),
        steps in steps(8),
    ) {
        let mut limiter = Limiter::new(Rule { min, max, queue: 10 });
        let (mut now, mut in_flight, mut nth) = (BEGAN, Vec::new(), 0);
        for (kind, who, ms) in steps {
            now = now + after(ms);
            let before = limiter.limit();
            let one = who as usize % in_flight.len().max(1);
            match kind {
                0..4 if limiter.has_permit(now) => {
                    prop_assert!(limiter.in_flight(now) < limiter.limit() as usize || limiter.due() <= Some(now));
                    nth += 1;
                    limiter.acquire(now, nth, now + Duration::from_ms(ms * 20));
                    in_flight.push(nth);
                }
                4..7 if !in_flight.is_empty() => {
                    let took = Duration::from_ms(ms);
                    let sample = [Sample::Success { took }, Sample::Timeout, Sample::Overload, Sample::Ignored][ms as usize % 4];
                    limiter.observe(now, sample);
                    let grown = limiter.limit() > before;
                    let may_grow = matches!(sample, Sample::Success { .. }) || limiter.is_on_trial();
                    prop_assert!(!grown || may_grow, "{:?}", sample);
                    limiter.release(in_flight.swap_remove(one));
                }
                7 if ms % 5 == 0 => limiter.start_slowly(who),
                _ => {}
            }
            prop_assert!((1..=max.max(1)).contains(&limiter.limit()), "{}", limiter.limit());
            prop_assert!(limiter.in_flight(now) <= in_flight.len());
        }
        in_flight.iter().for_each(|who| {
            limiter.release(*who);
        });
        prop_assert_eq!(limiter.in_flight(now), 0);
    }

    /// Every queued call is woken once, in the order of its tier, or leaves, or is dropped for its silence. The call
    /// that has waited longest goes first once that is long enough.
    #[test]
    fn the_queue_loses_no_call_and_keeps_the_order_of_each_tier(steps in steps(8)) {
        const TIERS: [Priority; 3] = [Priority::Interactive, Priority::Default, Priority::Batch];
        const SILENCE: Duration = Duration::from_secs(5);
        struct Waiting {
            who: CallId,
            tier: usize,
            since: Instant,
            seen: Instant,
        }
        let (mut queue, mut now) = (Queue::default(), BEGAN);
        let mut line: Vec<Waiting> = Vec::new();
        for (kind, which, ms) in steps {
            now = now + after(ms / 8);
            let one = ms as usize % line.len().max(1);
            match kind {
                0..4 => {
                    let tier = which as usize % 3;
                    // Numbers are reused: a new call has the number of one that has gone.
                    let who = (0..).find(|who| line.iter().all(|waiting| waiting.who != *who)).unwrap();
                    queue.push(now, who, TIERS[tier], now);
                    line.push(Waiting { who, tier, since: now, seen: now });
                }
                4 if !line.is_empty() => {
                    let who = line.remove(one).who;
                    prop_assert!(queue.holds(who) && queue.remove(who));
                    prop_assert!(!queue.holds(who) && !queue.remove(who));
                }
                5 if !line.is_empty() => {
                    line[one].seen = now;
                    queue.renew(now, line[one].who);
                    queue.drop_silent(now, SILENCE);
                    line.retain(|waiting| now.since(waiting.seen) < SILENCE);
                }
                _ => {
                    let next = queue.pop(now);
                    prop_assert_eq!(next.is_some(), !line.is_empty());
                    let Some(at) = line.iter().position(|waiting| Some(waiting.who) == next) else { continue };
                    let tier = line[at].tier;
                    prop_assert!(line[..at].iter().all(|other| other.tier != tier), "overtaken in its tier");
                    prop_assert!(at == 0 || now.since(line[0].since) < AGED, "the oldest has waited long enough");
                    line.remove(at);
                }
            }
            prop_assert_eq!(queue.len(), line.len());
            prop_assert!(queue.iter().eq(line.iter().map(|waiting| waiting.who)));
            for (nth, tier) in TIERS.into_iter().enumerate() {
                prop_assert_eq!(queue.before(tier), line.iter().filter(|waiting| waiting.tier <= nth).count());
            }
        }
        prop_assert!(queue.drain().eq(line.iter().map(|waiting| waiting.who)));
        prop_assert!(queue.is_empty());
    }
}
