//! When the circuit opens, which calls it admits, and how it closes again. `tests/native` compares the breaker with
//! one that keeps every outcome.

mod clocks;
mod counts;
mod half_open;
mod open;

use super::*;
use crate::core::failure::Code;

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
