//! Which call leads, which calls follow, and what ends a cold start.

mod clocks;
mod ends;
mod lead;
mod waits;

use super::*;
use crate::core::admission::lease::CallId;
use crate::core::admission::probing::LoadingAnswer;
use crate::core::rng::Rng;

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
        let report = Self::report(who, started, false);
        let found = ColdReport { seen: ColdSighting { answer, ..report.seen }, ..report };
        self.gate.loading(at(now), found, &mut self.rng)
    }

    /// The call found the port closed, for which it is patient for a minute.
    fn is_refused(&mut self, now: u64, who: CallId, started: u64) -> Option<Role> {
        let refusal = Refusal { is_explicit: true, patience: Duration::from_secs(60) };
        self.gate.refused(at(now), Self::report(who, started, false), refusal, &mut self.rng)
    }

    /// What a call reports that was told of 20 seconds. A doubtful report is of a call that is alone.
    fn report(who: CallId, started: u64, is_doubtful: bool) -> ColdReport {
        ColdReport {
            call: who,
            seen: ColdSighting {
                started: at(started),
                answer: SAYS_20_S,
                default_wait: Some(Duration::from_secs(20)),
                full: false,
                is_alone: is_doubtful,
                again: false,
            },
            uncoordinated: false,
            is_doubtful,
            waiters: 0,
            yields: false,
            attempt: ATTEMPT,
            until: None,
        }
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
