//! The clocks of one attempt, and which of them runs out next.
//!
//! `fetch` tells neither when a connection stood nor when the request was sent, and of a call
//! that is not streamed the response headers come after the generation. So `connectMs` has no
//! place here: it bounds the headers of streamed calls, where a server answers before it works.

use super::failure::Phase;
use super::time::{Duration, Instant};

/// Absolute, so that nothing drifts however often it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clocks {
    pub first_byte: Option<Instant>,
    pub idle: Duration,
    pub attempt: Instant,
    pub total: Instant,
}

impl Clocks {
    /// The clock that runs out next, if the last piece of the body came at `last_piece`.
    ///
    /// Of two that end together the wider one is named: it leaves the less to be tried.
    pub fn next(&self, last_piece: Option<Instant>) -> (Instant, Phase) {
        let mut next = (self.total, Phase::Total);
        let mut sooner = |at: Instant, phase: Phase| {
            if at < next.0 {
                next = (at, phase);
            }
        };
        sooner(self.attempt, Phase::Attempt);
        match last_piece {
            Some(piece) => sooner(piece + self.idle, Phase::Idle),
            None => {
                if let Some(at) = self.first_byte {
                    sooner(at, Phase::FirstByte);
                }
            }
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(ms: u64) -> Instant {
        Instant::from_ms(ms)
    }

    fn clocks() -> Clocks {
        Clocks { first_byte: Some(at(50)), idle: Duration::from_ms(60), attempt: at(120), total: at(300) }
    }

    #[test]
    fn before_the_first_byte_the_first_byte_clock_runs() {
        assert_eq!(clocks().next(None), (at(50), Phase::FirstByte));
    }

    #[test]
    fn after_it_every_piece_winds_the_idle_clock_again() {
        assert_eq!(clocks().next(Some(at(10))), (at(70), Phase::Idle));
        assert_eq!(clocks().next(Some(at(40))), (at(100), Phase::Idle));
    }

    #[test]
    fn a_drip_that_is_never_idle_still_meets_the_attempt_clock() {
        assert_eq!(clocks().next(Some(at(119))), (at(120), Phase::Attempt));
    }

    #[test]
    fn without_a_first_byte_clock_silence_lasts_as_long_as_the_attempt() {
        assert_eq!(Clocks { first_byte: None, ..clocks() }.next(None), (at(120), Phase::Attempt));
    }

    #[test]
    fn the_whole_call_ends_before_an_attempt_that_would_outlast_it() {
        let clocks = Clocks { attempt: at(400), ..clocks() };
        assert_eq!(clocks.next(Some(at(290))), (at(300), Phase::Total));
        assert_eq!(Clocks { attempt: at(300), ..clocks }.next(Some(at(290))), (at(300), Phase::Total));
    }
}
