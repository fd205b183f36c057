//! A 503 is sent again at once, without a limit; everything else is an error.
//!
//! What keeps it at all is the round trip: the model has no other cost of a request.

use query_with_retry::core::time::{Duration, Instant};

use super::{Attempts, Rule, Trouble};

pub(super) struct Immediate;

impl Rule for Immediate {
    fn again(&mut self, _: Instant, _: &mut Attempts, trouble: Trouble) -> Option<Duration> {
        match trouble {
            Trouble::Answer(answer) if answer.status == 503 => Some(Duration::ZERO),
            _ => None,
        }
    }
}
