//! The clocks of one attempt, and which of them runs out next.
//!
//! `fetch` reports neither when the connection was made nor when the request was sent, and silence is no evidence:
//! the headers of a call that is not streamed come after the generation, and many servers send the headers of a
//! stream with its first token, or after the model has loaded. So `connectMs` is when the program asks whether the
//! origin is there at all, and it ends no attempt unless the caller has set it.

use super::failure::Phase;
use super::time::{Duration, Instant};

/// The times are absolute, so that nothing drifts however often they are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clocks {
    /// When to ask whether the origin is there, if no headers have come.
    pub probe: Option<Instant>,
    /// When the attempt ends if the origin did not answer; only where the caller has set the time.
    pub connect: Option<Instant>,
    /// When the attempt ends if nothing of the body has come; for a stream, no event.
    pub first_byte: Option<Instant>,
    /// The longest gap between two pieces, from the first on.
    pub idle: Duration,
    /// When the attempt ends, unless it is a stream whose text has begun.
    pub attempt: Instant,
    /// When the call ends, and the attempt with it.
    pub total: Instant,
}

/// How far an attempt has come, which decides which clocks run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The headers have not come.
    #[default]
    Sent,
    /// The headers have come.
    Headers,
    /// A byte of the body has come; for a stream, an event.
    Heard,
    /// The first text of a stream has come. It may now take as long as it goes on.
    Begun,
}

/// What the platform knows about an attempt in flight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// How far the attempt has come.
    pub stage: Stage,
    /// Since when the next piece is waited for, once one has come. A comment is a piece too.
    pub quiet_since: Option<Instant>,
    /// The origin was seen to answer while the headers were waited for.
    pub reached: bool,
    /// Since when the answer is complete, if it says so and goes on.
    pub whole: Option<Instant>,
    /// The reader of the stream has not asked for more. A slow reader is no slow server.
    pub away: bool,
    /// How long the reader was away in all, including now. No clock counts this time.
    pub was_away: Duration,
}

/// A reader that asks for nothing for this long gives its permit to the next call.
pub const AWAY: Duration = Duration::from_secs(2);

/// The shortest time between two checks while the reader is away. A clock may be noticed this late.
const MIN_RECHECK: Duration = Duration::from_ms(10);

/// Silence is never checked more often than this, however short `idleMs` is.
const MIN_IDLE: Duration = Duration::from_ms(1);

/// What follows the end of an answer, such as its usage, comes within this time. Some servers leave the connection
/// open for ever and write comments into it.
const LAST_WORDS: Duration = Duration::from_ms(5_000);

impl Clocks {
    /// The clock that runs out next.
    ///
    /// On a tie the wider clock is reported, because it rules out more. While the reader is away no clock runs, and
    /// the time returned is when to check again.
    pub fn next(&self, now: Instant, progress: Progress) -> (Instant, Phase) {
        let total = self.total + progress.was_away;
        if progress.away {
            // The reader may come back at once, and no clock may run out before that is noticed.
            let soonest = self.idle.min(total.since(now)).max(MIN_RECHECK);
            return (now + soonest, Phase::Idle);
        }
        let mut next = (total, Phase::Total);
        let mut sooner = |at: Option<Instant>, phase: Phase| {
            if let Some(at) = at
                && at < next.0
            {
                next = (at, phase);
            }
        };
        if progress.stage < Stage::Begun {
            sooner(Some(self.attempt), Phase::Attempt);
        }
        if progress.stage < Stage::Heard {
            sooner(self.first_byte, Phase::FirstByte);
        }
        if progress.stage < Stage::Headers && !progress.reached {
            sooner(self.connect, Phase::Connect);
        }
        sooner(progress.quiet_since.map(|since| since + self.idle), Phase::Idle);
        sooner(progress.whole.map(|since| since + LAST_WORDS + progress.was_away), Phase::Idle);
        next
    }

    /// When to check the clocks again.
    ///
    /// A piece of the body wakes no call. The next piece may come at once and be the last one, so the clocks of a body
    /// are checked when its silence could end the attempt at the earliest.
    pub fn next_check(&self, now: Instant, progress: Progress) -> Instant {
        let (mut until, _) = self.next(now, progress);
        if progress.stage >= Stage::Headers {
            until = until.min(now + self.idle.max(MIN_IDLE));
        }
        if progress.stage == Stage::Begun {
            until = until.min(now + AWAY); // the reader may have gone away
        }
        until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(ms: u64) -> Instant {
        Instant::from_ms(ms)
    }

    fn clocks() -> Clocks {
        Clocks {
            probe: None,
            connect: None,
            first_byte: Some(at(50)),
            idle: Duration::from_ms(60),
            attempt: at(120),
            total: at(300),
        }
    }

    /// A piece came at `since`, and the next one is waited for.
    fn heard(since: u64) -> Progress {
        Progress { stage: Stage::Heard, quiet_since: Some(at(since)), ..Progress::default() }
    }

    fn begun(since: u64) -> Progress {
        Progress { stage: Stage::Begun, ..heard(since) }
    }

    fn next(clocks: Clocks, progress: Progress) -> (Instant, Phase) {
        clocks.next(at(10), progress)
    }

    #[test]
    fn a_complete_answer_goes_on_for_a_few_seconds_whatever_comes_meanwhile() {
        let clocks = Clocks { idle: Duration::from_ms(60_000), total: at(300_000), ..clocks() };
        let progress = Progress { whole: Some(at(7)), ..begun(4_000) };
        assert_eq!(clocks.next(at(4_000), progress), (at(5_007), Phase::Idle));
        let away = Progress { was_away: Duration::from_ms(900), ..progress };
        assert_eq!(clocks.next(at(4_000), away), (at(5_907), Phase::Idle));
    }

    #[test]
    fn until_the_headers_come_the_clocks_are_checked_when_the_first_of_them_runs_out() {
        assert_eq!(clocks().next_check(at(10), Progress::default()), at(50));
    }

    #[test]
    fn the_clocks_of_a_body_are_checked_when_its_silence_could_end_the_attempt_at_the_earliest() {
        let headers = Progress { stage: Stage::Headers, ..Progress::default() };
        let clocks = Clocks { first_byte: None, ..clocks() };
        assert_eq!(clocks.next_check(at(10), headers), at(70));
        assert_eq!(clocks.next_check(at(10), heard(10)), at(70));
        assert_eq!(clocks.next_check(at(100), heard(90)), at(120), "the attempt ends before");
        let hasty = Clocks { idle: Duration::ZERO, ..clocks };
        assert_eq!(hasty.next_check(at(10), headers), at(11), "not at once, or nothing else would run");
    }

    #[test]
    fn a_reader_that_goes_away_is_noticed_within_two_seconds() {
        let clocks = Clocks { idle: Duration::from_ms(60_000), total: at(300_000), ..clocks() };
        assert_eq!(clocks.next_check(at(4_000), begun(4_000)), at(6_000));
        let reading = Progress { stage: Stage::Heard, ..begun(4_000) };
        assert_eq!(Clocks { attempt: at(300_000), ..clocks }.next_check(at(4_000), reading), at(64_000));
    }

    #[test]
    fn before_the_first_byte_the_first_byte_clock_runs() {
        assert_eq!(next(clocks(), Progress::default()), (at(50), Phase::FirstByte));
    }

    #[test]
    fn after_the_first_byte_every_piece_winds_the_idle_clock_again() {
        assert_eq!(next(clocks(), heard(10)), (at(70), Phase::Idle));
        assert_eq!(next(clocks(), heard(40)), (at(100), Phase::Idle));
    }

    #[test]
    fn a_drip_that_is_never_idle_still_meets_the_attempt_clock() {
        assert_eq!(next(clocks(), heard(119)), (at(120), Phase::Attempt));
    }

    #[test]
    fn without_a_first_byte_clock_silence_lasts_as_long_as_the_attempt() {
        assert_eq!(
            next(Clocks { first_byte: None, ..clocks() }, Progress::default()),
            (at(120), Phase::Attempt)
        );
    }

    #[test]
    fn the_whole_call_ends_before_an_attempt_that_would_outlast_it() {
        let clocks = Clocks { attempt: at(400), ..clocks() };
        assert_eq!(next(clocks, heard(290)), (at(300), Phase::Total));
        assert_eq!(next(Clocks { attempt: at(300), ..clocks }, heard(290)), (at(300), Phase::Total));
    }

    #[test]
    fn headers_are_waited_for_as_long_as_connecting_may_take_unless_the_origin_was_seen_to_answer() {
        let clocks = Clocks { connect: Some(at(20)), ..clocks() };
        assert_eq!(next(clocks, Progress::default()), (at(20), Phase::Connect));
        let reached = Progress { reached: true, ..Progress::default() };
        assert_eq!(next(clocks, reached), (at(50), Phase::FirstByte));
        let headers = Progress { stage: Stage::Headers, ..Progress::default() };
        assert_eq!(next(clocks, headers), (at(50), Phase::FirstByte));
    }

    #[test]
    fn comments_are_life_but_no_first_event() {
        let comments = Progress { stage: Stage::Headers, quiet_since: Some(at(45)), ..Progress::default() };
        assert_eq!(next(clocks(), comments), (at(50), Phase::FirstByte));
        assert_eq!(next(Clocks { first_byte: None, ..clocks() }, comments), (at(105), Phase::Idle));
    }

    #[test]
    fn a_stream_that_has_begun_may_outlast_its_attempt() {
        assert_eq!(next(clocks(), begun(115)), (at(175), Phase::Idle));
        assert_eq!(next(clocks(), begun(290)), (at(300), Phase::Total));
    }

    #[test]
    fn while_the_reader_is_away_nothing_runs_out() {
        let away = Progress { away: true, was_away: Duration::from_ms(500), ..begun(20) };
        assert_eq!(clocks().next(at(700), away), (at(760), Phase::Idle));
        let back = Progress { away: false, ..away };
        assert_eq!(next(clocks(), Progress { quiet_since: Some(at(780)), ..back }), (at(800), Phase::Total));
    }

    #[test]
    fn a_reader_that_comes_back_has_as_much_time_as_it_had() {
        let away = Progress { away: true, was_away: Duration::from_ms(500), ..begun(20) };
        assert_eq!(clocks().next(at(770), away), (at(800), Phase::Idle));
        assert_eq!(clocks().next(at(799), away), (at(809), Phase::Idle));
    }
}
