//! The alert: a target has become so slow that its calls are about to time out.
//!
//! It is raised when the 99th percentile of the attempts was above a share of their timeout for two windows of a
//! minute in a row, each with enough attempts to tell. A full window well below that share clears it. Shares of each
//! attempt's own timeout are compared, because callers of one target need not agree on one. Everything is judged when
//! the next attempt is added: silence changes nothing.

use super::sketch::rounded;
use super::windows::{Turn, Windows};
use crate::core::time::{Duration, Instant};

const WINDOW: Duration = Duration::from_secs(60);
/// The share of the timeout, in thousandths, below which an alert is cleared, however high the share is that raised
/// it.
const CLEARED: u32 = 700;
/// The same, in thousandths of the share that raises the alert; the lower of the two counts.
const CLEARED_OF_RAISED: u32 = 875;

/// When a target is too slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlertRule {
    /// The share of the timeout; a thousand or more is never exceeded.
    pub per_thousand: u32,
    /// A window with fewer attempts neither raises nor clears.
    pub min_samples: u32,
}

impl Default for AlertRule {
    /// # Default
    ///
    /// Above 0.8 of the timeout, of 200 attempts in each of two windows.
    fn default() -> Self {
        Self { per_thousand: 800, min_samples: 200 }
    }
}

/// The last window that had enough attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alert {
    /// The share of the timeout, times the newest timeout.
    pub p99: Duration,
    /// The newest timeout.
    pub timeout: Duration,
    /// When the alert was raised.
    pub since: Instant,
}

/// What an attempt changed about the alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The target has become too slow.
    Raised(Alert),
    /// It is fast again.
    Cleared,
}

#[derive(Clone, Debug)]
pub(super) struct Watch {
    rule: AlertRule,
    /// Thousandths of the timeout, in place of milliseconds.
    shares: Windows,
    /// The window before the last full one was too slow.
    was_slow: bool,
    timeout: Duration,
    alert: Option<Alert>,
}

impl Watch {
    pub(super) fn new(rule: AlertRule) -> Self {
        Self { rule, shares: Windows::new(WINDOW), was_slow: false, timeout: Duration::ZERO, alert: None }
    }

    /// An attempt took this much of its timeout. One that ran into a clock took all of it.
    pub(super) fn add(&mut self, now: Instant, took: Duration, timeout: Duration) -> Option<Change> {
        let change = match self.shares.turn(now) {
            Turn::Same => None,
            Turn::Next => self.judge(now),
            // What was hours ago is no reason for an alert now.
            Turn::Stale => {
                self.was_slow = false;
                None
            }
        };
        let share = took.scaled(1000, timeout.as_ms());
        self.shares.add(share.min(Duration::from_ms(1000)));
        self.timeout = timeout;
        change
    }

    pub(super) fn alert(&self) -> Option<Alert> {
        self.alert
    }

    fn judge(&mut self, now: Instant) -> Option<Change> {
        let window = self.shares.previous();
        let was_slow = ::core::mem::take(&mut self.was_slow);
        if window.count() < self.rule.min_samples.into() {
            return None;
        }
        let share = window.quantile(990)?;
        // Both sides are rounded as a sketch rounds, so that equal shares do not exceed.
        let exceeds = |per_thousand: u32| share > rounded(Duration::from_ms(per_thousand.into()));
        self.was_slow = exceeds(self.rule.per_thousand);
        let cleared = CLEARED.min(self.rule.per_thousand.saturating_mul(CLEARED_OF_RAISED) / 1000);
        let p99 = self.timeout.scaled(share.as_ms(), 1000).min(self.timeout);
        match &mut self.alert {
            None if was_slow && self.was_slow => {
                let alert = Alert { p99, timeout: self.timeout, since: now };
                self.alert = Some(alert);
                Some(Change::Raised(alert))
            }
            Some(_) if !exceeds(cleared) => {
                self.alert = None;
                Some(Change::Cleared)
            }
            Some(alert) => {
                (alert.p99, alert.timeout) = (p99, self.timeout);
                None
            }
            None => None,
        }
    }
}

#[cfg(test)]
mod tests;
