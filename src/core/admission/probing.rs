//! When to probe a cold model again.
//!
//! What a server says about its cold start is a prior: servers say 20 s of starts of 8 s and of ten minutes alike.
//! The first probe comes after a quarter of that, and each later one when the time waited has grown by about a
//! quarter. So a model is found up within 1.3 times the real length, and the number of probes grows with the
//! logarithm of the length. Where the server says nothing, the first probe comes after a second and each later
//! interval is 1.25 times the last: a start of two seconds is found within three.

use crate::core::hint;
use crate::core::rng::Rng;
use crate::core::time::{Duration, Instant};

/// No probe comes sooner after the last one.
pub const SHORTEST_SLEEP: Duration = Duration::from_secs(1);
/// No probe comes later, unless the server names a longer wait.
pub const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// An answer that says that the model is loading.
#[derive(Clone, Copy, Debug, Default)]
pub struct LoadingAnswer {
    /// `estimated_time`.
    pub estimate: Option<Duration>,
    /// `Retry-After` and similar headers: a floor.
    pub floor: Option<Duration>,
    /// The server was asked to hold the request, and held it for most of the time.
    pub was_held: bool,
}

/// Above this many waiting calls, probes come more often.
const CROWD: u64 = 200;
/// Probes never come more often than this.
const MIN_INTERVAL: Duration = Duration::from_secs(5);

/// Growth of the interval in hundredths of the time waited. With 28 a model is found within 1.3 times the real
/// length, the time of the answer included.
const GROWTH: (u64, u64) = (25, 28);
/// Uncoordinated clients probe each for themselves, and so must probe less often.
const UNCOORDINATED_GROWTH: (u64, u64) = (40, 50);

/// What is known besides the answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProbeContext {
    /// How long the last cold start of this target took. The next one is seldom much shorter.
    pub last: Option<Duration>,
    /// How many calls wait for this probe.
    pub waiters: usize,
    /// The client is one of many that share nothing and probe for themselves: the intervals are longer.
    pub uncoordinated: bool,
    /// Replaces the estimate of a server that gives none, if it is set.
    pub default_wait: Option<Duration>,
}

/// The cold start that one call is waiting for.
#[derive(Clone, Copy, Debug)]
pub struct ColdStart {
    since: Instant,
    answers: u32,
}

impl ColdStart {
    /// `since` is when the first request was sent that found the model cold.
    pub const fn new(since: Instant) -> Self {
        Self { since, answers: 0 }
    }

    /// The same where other clients have probed before: what the server says of the whole start is known.
    pub const fn goes_on(since: Instant) -> Self {
        Self { since, answers: 1 }
    }

    /// When the request was sent that found the model cold.
    pub fn since(&self) -> Instant {
        self.since
    }

    /// How long the cold start has taken so far.
    pub fn waited(&self, now: Instant) -> Duration {
        now.since(self.since)
    }

    /// How long to sleep before the next probe.
    pub fn sleep(
        &mut self,
        now: Instant,
        answer: LoadingAnswer,
        context: ProbeContext,
        rng: &mut Rng,
    ) -> Duration {
        self.answers = self.answers.saturating_add(1);
        let said = answer.estimate.or(context.default_wait);
        // Uncoordinated clients go by what is known of the target, even if the server says nothing about this start.
        let says_nothing = said.is_none() && answer.floor.is_none() && !context.uncoordinated;
        let sleep = if answer.was_held {
            rng.between(SHORTEST_SLEEP, SHORTEST_SLEEP.scaled(2, 1)) // the hold was the wait
        } else if self.answers > 1 || says_nothing {
            let waited = self.waited(now);
            let (low, high) = if context.uncoordinated { UNCOORDINATED_GROWTH } else { GROWTH };
            let waiters = CROWD.max(context.waiters as u64);
            let (low, high) =
                (waited.scaled(low * CROWD, 100 * waiters), waited.scaled(high * CROWD, 100 * waiters));
            // With many waiting calls more frequent probes cost each of them nothing, and each of them saves the
            // seconds.
            let grown = rng.between(low, high).max(MIN_INTERVAL.min(waited.scaled(1, 4)));
            if says_nothing { grown + SHORTEST_SLEEP } else { grown }
        } else {
            let quarter = said.unwrap_or(Duration::ZERO).scaled(1, 4);
            let of_last = if context.uncoordinated { 3 } else { 1 };
            let prior = quarter.max(context.last.map_or(Duration::ZERO, |last| last.scaled(of_last, 4)));
            rng.between(prior.scaled(9, 10), prior)
        };
        let sleep = sleep.max(SHORTEST_SLEEP).min(LONGEST_SLEEP);
        answer.floor.map_or(sleep, |floor| sleep.max(hint::wait(floor, rng)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAYS_NOTHING: LoadingAnswer = LoadingAnswer { estimate: None, floor: None, was_held: false };

    /// Requests until the model is up, and when the last of them was sent, in ms.
    fn found(real: Duration, answer: LoadingAnswer, seed: u64) -> (u32, u64) {
        let start = Instant::from_ms(1000);
        let (mut now, mut requests, mut rng) = (start, 1, Rng::new(seed));
        let mut cold = ColdStart::new(start);
        while now.since(start) < real {
            now = now + cold.sleep(now, answer, ProbeContext::default(), &mut rng);
            requests += 1;
        }
        (requests, now.since(start).as_ms())
    }

    #[test]
    fn a_start_of_8_s_that_says_20_s_is_found_within_1_3_times_its_length_by_5_requests() {
        for seed in 0..2000 {
            let answer = LoadingAnswer { estimate: Some(Duration::from_secs(20)), ..SAYS_NOTHING };
            let (requests, ms) = found(Duration::from_secs(8), answer, seed);
            assert!(requests <= 5 && ms <= 8000 * 13 / 10, "seed {seed}: {requests} requests, {ms} ms");
        }
    }

    #[test]
    fn a_start_without_an_estimate_is_found_within_a_second_and_a_quarter_of_it() {
        for (real, most) in [(300, 2), (2000, 3), (5000, 5), (12_000, 8), (20_000, 9), (300_000, 21)] {
            for seed in 0..2000 {
                let (requests, ms) = found(Duration::from_ms(real), SAYS_NOTHING, seed);
                let latest = 1000 + real * 128 / 100;
                assert!(
                    requests <= most && ms <= latest,
                    "{real} ms, seed {seed}: {requests} requests, {ms} ms"
                );
            }
        }
    }

    #[test]
    fn a_default_wait_counts_as_an_estimate() {
        for seed in 0..200 {
            let mut cold = ColdStart::new(Instant::from_ms(0));
            let default_wait = Some(Duration::from_secs(20));
            let (now, context) =
                (Instant::from_ms(10), ProbeContext { default_wait, ..ProbeContext::default() });
            let sleep = cold.sleep(now, SAYS_NOTHING, context, &mut Rng::new(seed)).as_ms();
            assert!((4500..=5000).contains(&sleep), "{sleep}");
        }
    }

    #[test]
    fn a_start_that_took_long_before_is_probed_after_a_quarter_of_that() {
        let answer = LoadingAnswer { estimate: Some(Duration::from_secs(2)), ..SAYS_NOTHING };
        for (uncoordinated, from, to) in [(false, 9_000, 10_000), (true, 27_000, 30_000)] {
            let context = ProbeContext {
                last: Some(Duration::from_secs(40)),
                uncoordinated,
                ..ProbeContext::default()
            };
            let sleep = ColdStart::new(Instant::from_ms(0))
                .sleep(Instant::from_ms(0), answer, context, &mut Rng::new(1))
                .as_ms();
            assert!((from..=to).contains(&sleep), "{sleep}");
        }
    }

    #[test]
    fn no_sleep_is_under_a_second_or_over_a_minute_whatever_the_server_says() {
        for says in [0, 1, 20, 945, 86_400] {
            let mut cold = ColdStart::new(Instant::from_ms(0));
            for seconds in [0, 1, 10, 100, 1000, 10_000] {
                let answer = LoadingAnswer { estimate: Some(Duration::from_secs(says)), ..SAYS_NOTHING };
                let now = Instant::from_ms(seconds * 1000);
                let sleep = cold.sleep(now, answer, ProbeContext::default(), &mut Rng::new(seconds));
                assert!(
                    (SHORTEST_SLEEP..=LONGEST_SLEEP).contains(&sleep),
                    "{says} s, {seconds} s: {sleep:?}"
                );
            }
        }
    }

    #[test]
    fn a_floor_of_the_server_holds_even_above_the_longest_sleep() {
        let answer = LoadingAnswer { floor: Some(Duration::from_secs(90)), ..SAYS_NOTHING };
        for seed in 0..200 {
            let now = Instant::from_ms(0);
            let sleep = ColdStart::new(now).sleep(now, answer, ProbeContext::default(), &mut Rng::new(seed));
            assert!((90_001..=95_001).contains(&sleep.as_ms()), "{sleep:?}");
        }
    }

    #[test]
    fn a_floor_of_a_second_does_not_make_a_poll_a_second_out_of_minutes() {
        let answer = LoadingAnswer { floor: Some(Duration::from_secs(1)), ..SAYS_NOTHING };
        let (requests, _) = found(Duration::from_secs(300), answer, 1);
        assert!(requests < 30, "{requests}");
    }

    #[test]
    fn after_a_hold_the_next_one_follows_a_second_or_two_later_and_not_in_step() {
        let answer = LoadingAnswer { was_held: true, ..SAYS_NOTHING };
        let sleeps: Vec<u64> = (0..50)
            .map(|seed| {
                let mut cold = ColdStart::new(Instant::from_ms(0));
                cold.sleep(Instant::from_ms(60_000), answer, ProbeContext::default(), &mut Rng::new(seed))
                    .as_ms()
            })
            .collect();
        assert!(sleeps.iter().all(|ms| (1000..=2000).contains(ms)), "{sleeps:?}");
        assert!(sleeps.iter().any(|ms| *ms != sleeps[0]), "{sleeps:?}");
    }
}
