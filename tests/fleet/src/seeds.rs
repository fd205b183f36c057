//! Many seeds of one model, on all the cores there are.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::client::Contender;
use crate::model::Model;
use crate::outcome::Outcome;
use crate::world::run;

/// One run for each seed of `1..=seeds`, in the order of the seeds.
pub fn of(model: &Model, contender: Contender, seeds: u64) -> Vec<Outcome> {
    watched(model, contender, seeds, |_| {})
}

/// Tells how many runs are done, after each.
pub fn watched(
    model: &Model,
    contender: Contender,
    seeds: u64,
    progress: impl Fn(u64) + Sync,
) -> Vec<Outcome> {
    let (next, done, outcomes) = (AtomicU64::new(1), AtomicU64::new(0), Mutex::new(Vec::new()));
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed > seeds {
                break;
            }
            let outcome = run(model, (contender.fleet)(model).as_mut(), seed);
            if let Ok(mut outcomes) = outcomes.lock() {
                outcomes.push(outcome);
            }
            progress(done.fetch_add(1, Ordering::Relaxed) + 1);
        }
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| (0..cores).for_each(|_| drop(scope.spawn(work))));
    let mut outcomes = outcomes.into_inner().unwrap_or_default();
    outcomes.sort_unstable_by_key(|outcome: &Outcome| outcome.seed);
    outcomes
}

/// The mean of a quantity.
pub fn mean(outcomes: &[Outcome], quantity: impl Fn(&Outcome) -> f64) -> f64 {
    outcomes.iter().map(quantity).sum::<f64>() / outcomes.len().max(1) as f64
}

/// The run that went worst: the fewest calls were answered, or else the most requests sent.
pub fn worst(outcomes: &[Outcome]) -> Option<&Outcome> {
    outcomes
        .iter()
        .min_by(|a, b| a.success.total_cmp(&b.success).then(b.amplification.total_cmp(&a.amplification)))
}
