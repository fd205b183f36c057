//! The loop of a thousand answers on the web: sleep for `estimated_time`, three attempts.

use query_with_retry::core::time::{Duration, Instant};

use super::{Attempts, Rule, Trouble};

pub(super) struct Naive;

impl Rule for Naive {
    fn again(&mut self, _: Instant, attempts: &mut Attempts, trouble: Trouble) -> Option<Duration> {
        match trouble {
            Trouble::Answer(answer) if attempts.retries < 2 => answer.estimated,
            _ => None,
        }
    }
}
