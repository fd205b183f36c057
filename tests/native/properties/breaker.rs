//! The breaker against one that keeps every outcome and looks at all of them each time.

use super::config;
use proptest::prelude::*;
use query_with_retry::core::admission::breaker::{Breaker, Permission, Report, Rule, State, Verdict};
use query_with_retry::core::admission::lease::CallId;
use query_with_retry::core::failure::Layer;
use query_with_retry::core::rng::Rng;
use query_with_retry::core::time::{Duration, Instant};

const ATTEMPT: Duration = Duration::from_secs(20);

#[derive(Clone, Copy, Debug)]
enum Phase {
    Closed,
    Open(Instant),
    HalfOpen(Option<(CallId, Instant)>),
    /// How many calls have succeeded since the probe, and how many have failed; a success makes up for three.
    Ramp(u32, u32),
}

struct Naive {
    rule: Rule,
    phase: Phase,
    /// Counts the changes of phase. Results from an earlier phase are ignored.
    epoch: u32,
    /// All since the last change.
    seen: Vec<(Instant, Verdict)>,
    opened: u32,
}

impl Naive {
    fn new(rule: Rule) -> Self {
        Self { rule, phase: Phase::Closed, epoch: 0, seen: Vec::new(), opened: 0 }
    }

    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.epoch += 1;
        self.seen.clear();
    }

    fn state(&self, now: Instant) -> State {
        match self.phase {
            Phase::Closed => State::Closed,
            Phase::Open(until) if now < until => State::Open,
            _ => State::HalfOpen,
        }
    }

    fn admit(&mut self, now: Instant, who: CallId) -> Permission {
        match self.phase {
            Phase::Closed | Phase::Ramp(..) => return Permission::Granted,
            Phase::Open(until) if now < until => return Permission::Denied(until.since(now)),
            Phase::HalfOpen(Some((probe, until))) if now < until && probe != who => {
                return Permission::Denied(until.since(now));
            }
            Phase::HalfOpen(Some((_, until))) if now < until => return Permission::Granted,
            Phase::Open(_) => self.enter(Phase::HalfOpen(None)),
            Phase::HalfOpen(_) => {}
        }
        // The probe before may still answer, and counts as well.
        self.phase = Phase::HalfOpen(Some((who, now + ATTEMPT)));
        Permission::Granted
    }

    /// Returns true if the circuit opens now.
    fn observe(&mut self, now: Instant, who: CallId, epoch: u32, verdict: Verdict) -> bool {
        if epoch != self.epoch {
            return false;
        }
        let fails = matches!(verdict, Verdict::Failure(_) | Verdict::Timeout(_));
        match self.phase {
            Phase::Open(_) => false,
            Phase::HalfOpen(Some((probe, _))) if verdict == Verdict::Ignored && probe == who => {
                self.phase = Phase::HalfOpen(None);
                false
            }
            _ if verdict == Verdict::Ignored => false,
            Phase::Ramp(works, failed) if fails => {
                self.phase = Phase::Ramp(works, failed + 1);
                failed + 1 >= 3 * (works + 1).min(3)
            }
            Phase::HalfOpen(_) if fails => true,
            Phase::HalfOpen(_) => {
                self.enter(Phase::Ramp(0, 0));
                false
            }
            Phase::Ramp(14, _) => {
                self.enter(Phase::Closed);
                self.opened = 0;
                false
            }
            Phase::Ramp(works, failed) => {
                self.phase = Phase::Ramp(works + 1, failed.saturating_sub(3));
                false
            }
            Phase::Closed => {
                self.seen.push((now, verdict));
                fails && self.is_too_much(now)
            }
        }
    }

    fn is_too_much(&self, now: Instant) -> bool {
        let most = self.rule.failures as usize;
        let late = self.seen.iter().rev().take_while(|(_, verdict)| matches!(verdict, Verdict::Timeout(_)));
        let fails = |(_, verdict): &&(Instant, Verdict)| *verdict != Verdict::Success;
        let soon = self.seen.iter().filter(fails).filter(|(at, _)| now.since(*at) <= self.rule.window);
        // The share is of the slice of now, and of the nine before it.
        let slice = |at: Instant| at.since(Instant::from_ms(0)).as_ms() / (self.rule.window.as_ms() / 10);
        let of_window: Vec<_> = self.seen.iter().filter(|(at, _)| slice(*at) + 10 > slice(now)).collect();
        let failed = of_window.iter().filter(|seen| fails(seen)).count();
        let enough = failed >= 3 * (of_window.len() - failed);
        late.count() >= most || (soon.count() >= most && enough)
    }

    /// The shortest and the longest that it may be open now.
    fn span(&self) -> (Duration, Duration) {
        let Rule { open, max_open, .. } = self.rule;
        let doubled = open.scaled(1 << self.opened, 1).min(max_open.scaled(4, 5).max(open));
        (doubled, doubled.scaled(5, 4).min(max_open.max(doubled)))
    }
}

/// Mostly close together, sometimes further apart than any window; all of it at this pace.
fn step((scale, n): (u8, u64), pace: u64) -> Duration {
    Duration::from_ms(match scale {
        0 => 0,
        1..6 => n / pace,
        6..9 => n * 10 / pace,
        _ => n * 100 / pace,
    })
}

proptest! {
    #![proptest_config(config())]

    /// Whatever is asked and whatever comes back, early, late or never, both let the same calls pass.
    #[test]
    fn the_breaker_decides_as_one_that_keeps_every_outcome(
        rule in (1..7_u32, 1..60_u64, 1..20_u64, 1..100_u64),
        (healthy, pace) in (0..10_u8, 1..60_u64),
        seed in any::<u64>(),
        steps in proptest::collection::vec(((0..10_u8, 0..3000_u64), 0..9_u8, 0..10_u8, any::<u32>()), 1..90),
    ) {
        let secs = Duration::from_secs;
        let (failures, window, open, max_open) = rule;
        let rule = Rule { failures, window: secs(window), open: secs(open), max_open: secs(max_open), of_network: None };
        let (mut breaker, mut naive, mut rng) = (Breaker::new(rule), Naive::new(rule), Rng::new(seed));
        let mut now = Instant::from_ms(7_000_000);
        let mut in_flight: Vec<(CallId, u32, u32)> = Vec::new();
        for (nth, (wait, kind, verdict, pick)) in (0..).zip(steps) {
            now = now + step(wait, pace);
            let one = pick as usize % in_flight.len().max(1);
            if kind < 4 || in_flight.is_empty() {
                // A call that comes, or one that asks again.
                let who = if kind == 0 { pick % 3 } else { 10 + nth };
                let admission = breaker.admit(now, who, ATTEMPT);
                prop_assert_eq!(admission, naive.admit(now, who));
                if admission == Permission::Granted {
                    in_flight.push((who, breaker.generation(), naive.epoch));
                }
            } else {
                let (who, generation, epoch) = in_flight.swap_remove(one);
                let verdict = match verdict {
                    0 => Verdict::Ignored,
                    _ if verdict <= healthy => Verdict::Success,
                    _ if pick % 2 == 0 => Verdict::Timeout(Layer::Compute),
                    _ => Verdict::Failure(Layer::Gateway),
                };
                breaker.observe(now, Report { call: who, generation, verdict, others: 0 }, &mut rng);
                if naive.observe(now, who, epoch, verdict) {
                    let (least, most) = naive.span();
                    let span = breaker.open_for(now).unwrap_or_default();
                    prop_assert!(least <= span && span <= most, "{:?} of {:?} to {:?}", span, least, most);
                    naive.opened += 1;
                    naive.enter(Phase::Open(now + span));
                }
            }
            prop_assert_eq!(breaker.state(now), naive.state(now), "step {}", nth);
        }
    }
}
