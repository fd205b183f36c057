//! What was measured lately: a window that fills, and the full one before it.
//!
//! A sketch forgets nothing, so the past is dropped a window at a time, when the next value comes or the windows are
//! read: there is no timer.

use super::sketch::Sketch;
use crate::core::time::{Duration, Instant};

#[derive(Clone, Debug)]
pub(super) struct Windows {
    length: Duration,
    began: Instant,
    current: Sketch,
    previous: Sketch,
}

/// What became of the windows since the last turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// The same window fills.
    Same,
    /// The window is full, and the next began.
    Next,
    /// The last turn is so long ago that at least one whole window is empty: both windows are cleared.
    Stale,
}

impl Windows {
    pub(super) fn new(length: Duration) -> Self {
        let (current, previous) = Default::default();
        // Starts stale, so that the first value begins a new window, unless the clock is as young as the windows.
        Self { length, began: Instant::from_ms(0), current, previous }
    }

    /// Call before a value is added. A clock that went backwards changes nothing.
    pub(super) fn turn(&mut self, now: Instant) -> Turn {
        let age = now.since(self.began);
        if age < self.length {
            return Turn::Same;
        }
        self.previous = ::core::mem::take(&mut self.current);
        if age.as_ms() / 2 < self.length.as_ms() {
            self.began = self.began + self.length;
            return Turn::Next;
        }
        self.previous.clear();
        self.began = now;
        Turn::Stale
    }

    pub(super) fn add(&mut self, value: Duration) {
        self.current.add(value);
    }

    /// The last full window.
    pub(super) fn previous(&self) -> &Sketch {
        &self.previous
    }

    /// Both windows: the values of the last one to two lengths.
    pub(super) fn recent(&mut self, now: Instant) -> Sketch {
        self.turn(now);
        let mut both = Sketch::default();
        both.merge(&self.previous);
        both.merge(&self.current);
        both
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: Duration = Duration::from_secs(300);

    const fn at(secs: u64) -> Instant {
        Instant::from_ms(secs * 1000)
    }

    /// With one value a second, which is the second, from 1000 on.
    fn filled(secs: u64) -> Windows {
        let mut windows = Windows::new(LENGTH);
        for sec in 1000..1000 + secs {
            windows.turn(at(sec));
            windows.add(Duration::from_secs(sec));
        }
        windows
    }

    fn recent(windows: &Windows, now: Instant) -> u64 {
        windows.clone().recent(now).count()
    }

    #[test]
    fn the_first_window_begins_with_the_first_value() {
        assert_eq!(filled(1).began, at(1000));
        let mut young = Windows::new(LENGTH);
        assert_eq!(young.turn(at(3)), Turn::Same);
    }

    #[test]
    fn recent_values_are_those_of_the_last_five_to_ten_minutes() {
        for (secs, are) in
            [(1, 1), (299, 299), (300, 300), (301, 301), (600, 600), (601, 301), (899, 599), (901, 301)]
        {
            assert_eq!(recent(&filled(secs), at(1000 + secs - 1)), are, "after {secs} s");
        }
        let oldest = filled(601).recent(at(1600)).quantile(1).map(Duration::as_secs);
        assert!(oldest.is_some_and(|oldest| oldest.abs_diff(1300) <= 13), "{oldest:?}");
    }

    #[test]
    fn values_are_dropped_though_none_come_any_more() {
        let windows = filled(300);
        for (later, are) in [(300, 300), (599, 300), (600, 0), (100_000, 0)] {
            assert_eq!(recent(&windows, at(1000 + later)), are, "{later} s later");
        }
    }

    #[test]
    fn a_turn_tells_what_became_of_the_windows() {
        for (later, turn) in
            [(0, Turn::Same), (299, Turn::Same), (300, Turn::Next), (599, Turn::Next), (600, Turn::Stale)]
        {
            assert_eq!(filled(1).turn(at(1000 + later)), turn, "{later} s later");
        }
    }

    #[test]
    fn the_next_window_begins_where_the_last_ended_and_not_at_the_turn() {
        let mut windows = filled(1);
        assert_eq!(windows.turn(at(1599)), Turn::Next);
        assert_eq!((windows.turn(at(1599)), windows.turn(at(1600))), (Turn::Same, Turn::Next));
    }

    #[test]
    fn a_clock_that_jumps_ahead_by_hours_empties_both() {
        let mut windows = filled(450);
        assert_eq!(windows.turn(at(20_000)), Turn::Stale);
        windows.add(Duration::from_secs(1));
        assert_eq!((recent(&windows, at(20_000)), windows.previous().count()), (1, 0));
        assert_eq!(windows.turn(Instant::from_ms(u64::MAX)), Turn::Stale);
    }

    #[test]
    fn a_clock_that_goes_backwards_changes_nothing() {
        let mut windows = filled(450);
        assert_eq!(windows.turn(at(5)), Turn::Same);
        assert_eq!((recent(&windows, at(5)), recent(&windows, at(1449))), (450, 450));
    }

    #[test]
    fn windows_without_length_or_without_end_are_harmless() {
        let mut none = Windows::new(Duration::ZERO);
        let mut endless = Windows::new(Duration::from_ms(u64::MAX));
        for now in [at(0), at(9), at(3), Instant::from_ms(u64::MAX)] {
            none.turn(now);
            endless.turn(now);
        }
    }
}
