//! The quantities of one run.

use query_with_retry::core::time::{Duration, Instant};

use crate::model::{BEGAN, Model};
use crate::tally::{Settled, Tally};

/// In seconds, shares of one, and plain counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub seed: u64,
    pub calls: u64,
    pub requests: u64,
    /// Requests a call: 1 without retries.
    pub amplification: f64,
    /// Requests sent while the model loaded, for each call that came in that time.
    pub cold_amplification: Option<f64>,
    /// The worst ten seconds: requests for each call that came, or was sent first, in them,
    /// whichever are more. A backlog that is let go is no amplification.
    pub worst_ten_seconds: f64,
    /// In the worst second, requests for each that the server can do.
    pub peak: f64,
    pub success: f64,
    /// The share of success of the calls that came while the model loaded.
    pub cold_success: Option<f64>,
    /// The share of success of the calls of the last two minutes.
    pub last_success: f64,
    /// From the end of the trigger, a load or a brownout, until 30 s begin in each 5 s of which at
    /// least 99 % of the new calls are answered. `Err` if that never comes.
    pub recovery: Option<Result<f64, Never>>,
    /// From the end of the load until there are no more calls than slots, over
    /// [`Model::drain_bound`]. Only where there was something to drain: where nine tenths of the
    /// calls that came during the load were answered.
    pub drain: Option<Result<f64, Never>>,
    /// Of the time from a call's beginning to its answer. One that got none counts with its deadline.
    pub p50: f64,
    pub p95: f64,
    pub p99: f64,
    pub p999: f64,
    /// The work of the server for calls that had gone, in seconds of one slot.
    pub wasted: f64,
    /// Jain's index of the shares of answered calls, over the places where any came.
    pub fairness: f64,
    /// Calls settled after their deadline, or never.
    pub unsettled: u64,
    /// Requests before the time that the server had asked for.
    pub too_early: u64,
}

/// Not within the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Never;

const BIN: Duration = Duration::from_secs(5);
const GOOD_BINS: usize = 6;
const GOOD: f64 = 0.99;

impl Tally {
    pub(crate) fn outcome(self, model: &Model, seed: u64, warm_at: Option<Instant>) -> Outcome {
        let end = BEGAN + model.run;
        let calls = &self.calls;
        let is_cold = |call: &&Settled| warm_at.is_some_and(|warm| call.began < warm);
        let last = Duration::from_secs(120);
        let cold_success = warm_at.map(|_| success(calls.iter().filter(is_cold)));
        let trigger_end = warm_at.or(model.server.brownout.map(|brownout| brownout.to));
        let backlog = cold_success.filter(|success| *success >= 0.9).and(model.drain_bound()).zip(warm_at);
        let times = times(calls, model.deadline);
        let on_time = calls.iter().filter(|call| call.ended <= call.deadline).count() as u64;
        Outcome {
            seed,
            calls: self.arrivals,
            requests: self.sends,
            amplification: ratio(self.sends, self.arrivals),
            cold_amplification: warm_at.map(|_| ratio(self.cold_sends, self.cold_arrivals)),
            worst_ten_seconds: self.worst_ten_seconds(),
            peak: self.seconds.iter().map(|second| second.sends).max().map_or(0.0, f64::from)
                / model.capacity(),
            success: success(calls.iter()),
            cold_success,
            last_success: success(calls.iter().filter(|call| end.since(call.began) < last)),
            recovery: trigger_end.map(|from| recovery(calls, from, end)),
            drain: backlog
                .map(|(bound, warm)| self.drained_at.map(|at| seconds(at.since(warm)) / bound).ok_or(Never)),
            p50: percentile(&times, 0.5),
            p95: percentile(&times, 0.95),
            p99: percentile(&times, 0.99),
            p999: percentile(&times, 0.999),
            wasted: seconds(self.wasted),
            fairness: fairness(calls, model.isolates),
            unsettled: self.arrivals - on_time,
            too_early: self.too_early,
        }
    }

    fn worst_ten_seconds(&self) -> f64 {
        self.seconds
            .chunks(10)
            .map(|chunk| {
                let sum = |of: fn(&crate::tally::Second) -> u32| chunk.iter().map(of).sum::<u32>();
                let calls = sum(|second| second.arrivals).max(sum(|second| second.first_sends));
                ratio(sum(|second| second.sends).into(), calls.into())
            })
            .fold(0.0, f64::max)
    }
}

fn seconds(span: Duration) -> f64 {
    span.as_ms() as f64 / 1000.0
}

fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// The share of success of no calls is one.
fn success<'a>(calls: impl Iterator<Item = &'a Settled>) -> f64 {
    let (mut all, mut good) = (0, 0);
    for call in calls {
        all += 1;
        good += u64::from(call.is_success());
    }
    if all == 0 { 1.0 } else { ratio(good, all) }
}

fn recovery(calls: &[Settled], from: Instant, end: Instant) -> Result<f64, Never> {
    let mut bins = vec![(0_u64, 0_u64); (end.since(from).as_ms() / BIN.as_ms()) as usize];
    for call in calls.iter().filter(|call| from <= call.began) {
        let bin = (call.began.since(from).as_ms() / BIN.as_ms()) as usize;
        if let Some((all, good)) = bins.get_mut(bin) {
            *all += 1;
            *good += u64::from(call.is_success());
        }
    }
    let is_good = |(all, good): &(u64, u64)| *all == 0 || ratio(*good, *all) >= GOOD;
    bins.windows(GOOD_BINS)
        .position(|bins| bins.iter().all(is_good))
        .map(|bin| bin as f64 * seconds(BIN))
        .ok_or(Never)
}

/// In order.
fn times(calls: &[Settled], deadline: Duration) -> Vec<Duration> {
    let time = |call: &Settled| if call.is_success() { call.ended.since(call.began) } else { deadline };
    let mut times: Vec<_> = calls.iter().map(time).collect();
    times.sort_unstable();
    times
}

/// The smallest of these times that so many are not above.
fn percentile(times: &[Duration], share: f64) -> f64 {
    let rank = (times.len() as f64 * share).ceil() as usize;
    times.get(rank.saturating_sub(1)).map_or(0.0, |time| seconds(*time))
}

/// (Σx)² / (n Σx²): 1 where all fare alike, 1/n where one has everything.
fn fairness(calls: &[Settled], places: usize) -> f64 {
    let mut by_place = vec![(0, 0); places];
    for call in calls {
        if let Some((all, good)) = by_place.get_mut(call.place) {
            *all += 1;
            *good += u64::from(call.is_success());
        }
    }
    let shares: Vec<f64> =
        by_place.iter().filter(|(all, _)| *all > 0).map(|(all, good)| ratio(*good, *all)).collect();
    let (sum, squares) = (shares.iter().sum::<f64>(), shares.iter().map(|share| share * share).sum::<f64>());
    if squares == 0.0 { 1.0 } else { sum * sum / (shares.len() as f64 * squares) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// At this place, and so many seconds after the beginning, answered after one second or not.
    fn call(place: usize, began: u64, delivered: bool) -> Settled {
        let began = BEGAN + Duration::from_secs(began);
        let ended = began + Duration::from_secs(1);
        Settled { place, began, ended, deadline: began + Duration::from_secs(9), delivered }
    }

    #[test]
    fn recovery_is_the_first_of_six_good_bins_in_a_row() {
        let until = BEGAN + Duration::from_secs(100);
        let failing = |fails: fn(u64) -> bool| (0..100).map(|s| call(0, s, !fails(s))).collect::<Vec<_>>();
        assert_eq!(recovery(&failing(|_| false), BEGAN, until), Ok(0.0));
        assert_eq!(recovery(&failing(|s| s < 12 || s == 31), BEGAN, until), Ok(35.0));
        assert_eq!(recovery(&failing(|s| s % 30 == 0), BEGAN, until), Err(Never));
        let from = BEGAN + Duration::from_secs(20);
        assert_eq!(recovery(&failing(|s| s < 23), from, until), Ok(5.0));
    }

    #[test]
    fn an_answer_after_the_deadline_is_no_success() {
        let mut late = call(0, 0, true);
        late.ended = late.deadline + Duration::from_ms(1);
        assert_eq!(success([late, call(0, 0, true)].iter()), 0.5);
    }

    #[test]
    fn a_call_without_an_answer_counts_with_its_deadline() {
        let times = times(&[call(0, 0, true), call(0, 1, false)], Duration::from_secs(9));
        assert_eq!((percentile(&times, 0.5), percentile(&times, 0.99)), (1.0, 9.0));
        assert_eq!(percentile(&[], 0.5), 0.0);
    }

    #[test]
    fn one_place_that_has_everything_is_as_unfair_as_can_be() {
        assert_eq!(fairness(&[call(0, 0, true), call(1, 0, true)], 9), 1.0);
        assert_eq!(fairness(&[call(0, 0, true), call(1, 0, false)], 9), 0.5);
        assert_eq!(fairness(&[call(0, 0, false)], 9), 1.0);
    }
}
