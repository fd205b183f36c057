//! The clocks of one attempt: when they are checked again, and what stops them.

use super::{Attempt, State, Step};
use crate::core::call::{Input, Lost};
use crate::core::deadline::{AWAY, Progress, Stage};
use crate::core::failure::Phase;
use crate::core::time::{Duration, Instant};
use crate::web::clock;
use crate::web::standstill::HEARTBEAT;

/// After a clock has run out, the platform gets this long to hand over what has come.
const RECHECK: Duration = Duration::from_ms(20);
/// The same after a standstill.
const LONG_RECHECK: Duration = Duration::from_ms(250);

impl Attempt<'_> {
    /// When to check the clocks again. `sole_timer`: no other timer notices that time has passed.
    pub(in crate::web) fn until(&mut self, sole_timer: bool) -> Instant {
        let now = clock::now();
        let mut until = self.next_check();
        if sole_timer && !self.request.hidden() {
            until = until.min(now + HEARTBEAT);
        }
        self.standstills.expect(now, until);
        until
    }

    fn next_check(&self) -> Instant {
        if let Some((_, at)) = self.recheck {
            return at;
        }
        let until = self.clocks.next_check(clock::now(), self.progress());
        match (&self.state, self.clocks.probe) {
            (State::Sending, Some(probe)) if !self.probed => until.min(probe),
            _ => until,
        }
    }

    /// Returns true once, if the origin was seen to answer while the headers are waited for.
    pub(in crate::web) fn newly_reached(&mut self) -> bool {
        let is_new = self.is_reached() && !self.reached_reported;
        self.reached_reported |= is_new;
        is_new
    }

    fn is_reached(&self) -> bool {
        self.probed && matches!(self.state, State::Sending) && self.request.reached()
    }

    /// The time of [`Self::until`] has come.
    pub(in crate::web) fn on_due(&mut self) -> Step {
        let now = clock::now();
        self.notice_standstill(now);
        if matches!(self.state, State::Sending)
            && !self.probed
            && self.clocks.probe.is_some_and(|at| at <= now)
        {
            self.probed = true;
            self.request.probe();
        }
        let (until, phase) = self.clock();
        if now < until {
            self.recheck = None;
            return Step::KeepWaiting; // pieces have come meanwhile, or the reader is away
        }
        // If the reader blocked the thread, the timer fires before the pieces that came meanwhile are seen. A slow
        // reader is no slow server.
        let was_rechecked = self.recheck.is_some_and(|(of, _)| of == until);
        if matches!(self.state, State::Sending | State::Reading(_) | State::Streaming(_)) && !was_rechecked {
            let late = self.standstills.has_just_ended(now);
            self.recheck = Some((until, now + if late { LONG_RECHECK } else { RECHECK }));
            return Step::KeepWaiting;
        }
        if let State::Reading(reading) = &self.state
            && let Some(body) = reading.so_far()
        {
            return self.report_body(body);
        }
        let late = if matches!(self.state, State::Preparing) {
            Input::Unasked(phase)
        } else {
            Input::TimedOut(phase)
        };
        Step::Happened(self.unless_complete(late))
    }

    /// Whether the reader or the token function of the caller has held the attempt up for long. `None` if that has not
    /// changed.
    pub(in crate::web) fn newly_held_up(&mut self) -> Option<bool> {
        let now = clock::now();
        let waits = matches!(self.state, State::Preparing) || self.begun().is_some() && self.progress().away;
        let away = waits.then(|| self.away.unwrap_or(now));
        self.away = away;
        let for_long = away.is_some_and(|since| now.since(since) >= AWAY);
        let changed = for_long != self.away_reported;
        self.away_reported = for_long;
        changed.then_some(for_long)
    }

    /// A connection that was open when the machine was suspended is lost when it wakes.
    pub(super) fn or_asleep(&self, lost: Lost) -> Lost {
        if self.standstills.has_slept() && !matches!(lost, Lost::ForGood | Lost::Offline) {
            Lost::Suspended
        } else {
            lost
        }
    }

    /// Extends the clocks by a standstill. Only the clock of the whole call ran on meanwhile.
    pub(super) fn notice_standstill(&mut self, now: Instant) {
        let Some(span) = self.standstills.notice(now, || self.request.hidden()) else {
            return;
        };
        let clocks = &mut self.clocks;
        clocks.attempt = clocks.attempt + span;
        for clock in [&mut clocks.probe, &mut clocks.connect, &mut clocks.first_byte] {
            *clock = clock.map(|at| at + span);
        }
    }

    fn clock(&self) -> (Instant, Phase) {
        self.clocks.next(clock::now(), self.progress())
    }

    fn progress(&self) -> Progress {
        let stage = match &self.state {
            State::Preparing | State::Sending => {
                return Progress { reached: self.is_reached(), ..Progress::default() };
            }
            State::Streaming(events) if events.begun().is_some() => Stage::Begun,
            _ => Stage::Headers,
        };
        let Some(body) = self.request.body() else {
            return Progress { stage, ..Progress::default() };
        };
        let since = body.quiet_since();
        Progress {
            stage: if body.heard() { stage.max(Stage::Heard) } else { stage },
            reached: false,
            quiet_since: since
                .is_finite()
                .then(|| self.standstills.awake_since(Instant::from_ms(since as u64))),
            whole: match &self.state {
                State::Streaming(events) => events.whole(),
                _ => None,
            },
            away: since == f64::INFINITY,
            was_away: Duration::from_ms(body.away_ms() as u64),
        }
    }
}
