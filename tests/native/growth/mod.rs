//! Sixteen times as much takes about sixteen times as long: nothing is gone through from its beginning
//! again for each that comes.

mod documents;
mod line;
mod replica;
mod targets;
mod words;

use query_with_retry::core::admission::Caller;
use query_with_retry::core::admission::lease::CallId;
use query_with_retry::core::policy::Priority;
use query_with_retry::core::time;
use std::time::{Duration, Instant};

const HOUR: time::Duration = time::Duration::from_secs(3600);

/// A call that has an hour for everything.
fn patient(id: CallId, priority: Priority, now: time::Instant) -> Caller {
    let until = now + HOUR;
    let held = time::Duration::ZERO;
    Caller {
        id,
        priority,
        deadline: until,
        patience: until,
        attempt: HOUR,
        held,
        first: true,
        has_fallback: false,
        yields: false,
    }
}

const TIMES: usize = 16;

/// Linear work has 16, or more where only the smaller fits into a cache; quadratic work has 256.
const MOST: f64 = 40.0;

/// What is too slow at every attempt for this long is not slow because the machine is busy.
const PATIENCE: Duration = Duration::from_secs(10);

/// `takes` measures the work on as many as it is given.
#[track_caller]
fn grows_in_proportion(what: &str, few: usize, takes: impl Fn(usize) -> Duration) {
    let (mut of_few, mut of_many) = (Duration::MAX, Duration::MAX);
    let begun = Instant::now();
    loop {
        // Repeated until it takes as long as the other, because a short run is interrupted less often.
        of_few = of_few.min((0..TIMES).map(|_| takes(few)).sum());
        of_many = of_many.min(takes(few * TIMES));
        let ratio = TIMES as f64 * of_many.as_secs_f64() / of_few.as_secs_f64();
        if ratio < MOST || begun.elapsed() > PATIENCE {
            println!("{ratio:6.1} {:>10.3?} {of_many:>10.3?}  {what}", of_few / TIMES as u32);
            assert!(ratio < MOST, "{what}: {ratio:.0} times as long");
            return;
        }
    }
}
