//! How patient a call is: the defaults, in the one place where they live, and what fits together.

use super::time::Duration;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Priority {
    Interactive,
    #[default]
    Default,
    Batch,
}

/// What a server that names no time is said to have estimated, where that is shown.
pub const DEFAULT_ESTIMATE: Duration = Duration::from_secs(20);

/// Everything that a call may do with its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Error retries after the first try, of each target. Waiting for a cold model does not count.
    pub max_retries: u32,
    pub loading: Loading,
    pub timeouts: Timeouts,
    /// The answer is wanted event by event: its headers come before the work.
    pub streamed: bool,
    /// Who goes first where calls wait for a place.
    pub priority: Priority,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loading {
    /// The longest that one call waits for a cold model in all.
    pub max_wait: Duration,
    /// What a loading answer that names no time is taken to have said, if the caller wants that.
    pub default_wait: Option<Duration>,
    /// How long a target may refuse connections, from its first refusal, and be taken for one that is
    /// still starting; by default as long as [`Self::patience`] says.
    pub refused: Option<Duration>,
    pub hold: Hold,
}

/// A target that has never answered, or that may not have refused anything: so long it is waited for.
const BENEFIT_OF_DOUBT: Duration = Duration::from_secs(15);

impl Loading {
    /// How long refused connections are waited for, of a target that has answered before; and by a
    /// platform that says that they were refused.
    pub fn patience(&self, has_answered: bool, is_explicit: bool) -> Duration {
        let doubted =
            if has_answered && is_explicit { self.max_wait } else { self.max_wait.min(BENEFIT_OF_DOUBT) };
        self.refused.unwrap_or(doubted)
    }
}

/// Whether the server is asked to hold the request while the model comes up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    No,
    /// For what is left of `max_wait`.
    AsLongAsItWaits,
    For(Duration),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// How long headers may be waited for before the origin is asked whether it is there; see
    /// [`deadline`](super::deadline). [`Self::NEVER`]: nobody asks.
    pub connect: Duration,
    /// A try without headers ends after as long again, if the origin does not answer: the caller has set the time.
    pub connect_ends: bool,
    /// `None`: what is left of `attempt`.
    pub first_byte: Option<Duration>,
    pub idle: Duration,
    pub attempt: Duration,
    pub total: Duration,
}

impl Timeouts {
    /// A clock that does not run.
    pub const NEVER: Duration = Duration::from_ms(u64::MAX);
}

impl Default for Policy {
    /// # Default
    ///
    /// 3 retries; wait for a cold model up to 300 s, without asking the server to hold; connect 10 s, idle
    /// 60 s, attempt 120 s, total 300 s.
    fn default() -> Self {
        Self {
            max_retries: 3,
            loading: Loading {
                max_wait: Duration::from_secs(300),
                default_wait: None,
                refused: None,
                hold: Hold::No,
            },
            timeouts: Timeouts {
                connect: Duration::from_secs(10),
                connect_ends: false,
                first_byte: None,
                idle: Duration::from_secs(60),
                attempt: Duration::from_secs(120),
                total: Duration::from_secs(300),
            },
            streamed: false,
            priority: Priority::Default,
        }
    }
}

/// What the caller said; what is `None` keeps its default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Given {
    pub max_retries: Option<u32>,
    pub max_wait: Option<Duration>,
    pub default_wait: Option<Duration>,
    pub refused: Option<Duration>,
    pub hold: Option<Hold>,
    pub connect: Option<Duration>,
    pub first_byte: Option<Duration>,
    pub idle: Option<Duration>,
    pub attempt: Option<Duration>,
    pub total: Option<Duration>,
    pub streamed: bool,
    pub priority: Priority,
}

/// Two times that cannot both be meant: the inner one would never run out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inverted {
    pub inner: &'static str,
    pub inner_is: Duration,
    pub outer: &'static str,
    pub outer_is: Duration,
    /// The outer one was not given: raising it is the likely remedy.
    pub outer_is_default: bool,
}

impl Policy {
    /// Fills in the defaults and refuses inverted times.
    ///
    /// Only a time that was given can be inverted: `totalMs: 5000` alone is no contradiction to
    /// an attempt that by default may take longer. A `maxWaitMs` above a given `totalMs` is none
    /// either, the total is then the limit that was meant.
    pub fn new(given: Given) -> Result<Self, Inverted> {
        let base = Self::default();
        let policy = Self {
            max_retries: given.max_retries.unwrap_or(base.max_retries),
            loading: Loading {
                max_wait: given.max_wait.unwrap_or(base.loading.max_wait),
                default_wait: given.default_wait,
                refused: given.refused,
                hold: given.hold.unwrap_or(base.loading.hold),
            },
            timeouts: Timeouts {
                connect: given.connect.unwrap_or(base.timeouts.connect),
                connect_ends: given.connect.is_some(),
                first_byte: given.first_byte,
                idle: given.idle.unwrap_or(base.timeouts.idle),
                attempt: given.attempt.unwrap_or(base.timeouts.attempt),
                total: given.total.unwrap_or(base.timeouts.total),
            },
            streamed: given.streamed,
            priority: given.priority,
        };
        let hold = match given.hold {
            Some(Hold::For(hold)) => Some(hold),
            _ => None,
        };
        let connect = given.connect.filter(|connect| *connect != Timeouts::NEVER);
        let limited_by_default = given.max_wait.filter(|_| given.total.is_none());
        let attempt = ("timeouts.attemptMs", policy.timeouts.attempt, given.attempt.is_none());
        let total = ("timeouts.totalMs", policy.timeouts.total, given.total.is_none());
        let max_wait = ("loading.maxWaitMs", policy.loading.max_wait, given.max_wait.is_none());
        within("timeouts.connectMs", connect, attempt)?;
        within("timeouts.firstByteMs", given.first_byte, attempt)?;
        within("timeouts.attemptMs", given.attempt, total)?;
        within("loading.hold", hold, max_wait)?;
        within("loading.maxWaitMs", limited_by_default, total)?;
        Ok(policy)
    }
}

/// A time that was given must fit into the one around it: its name, its value, and whether that is
/// the default.
fn within(
    inner: &'static str,
    given: Option<Duration>,
    outer: (&'static str, Duration, bool),
) -> Result<(), Inverted> {
    let (outer, outer_is, outer_is_default) = outer;
    match given {
        Some(inner_is) if inner_is > outer_is => {
            Err(Inverted { inner, inner_is, outer, outer_is, outer_is_default })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(secs: u64) -> Option<Duration> {
        Some(Duration::from_secs(secs))
    }

    #[test]
    fn what_is_not_given_keeps_its_default() {
        assert_eq!(Policy::new(Given::default()), Ok(Policy::default()));
        let given = Given { max_retries: Some(0), total: secs(5), ..Given::default() };
        let policy = Policy::new(given).unwrap();
        assert_eq!((policy.max_retries, policy.timeouts.total), (0, Duration::from_secs(5)));
        assert_eq!(policy.timeouts.attempt, Policy::default().timeouts.attempt);
    }

    #[test]
    fn inverted_times_are_named_with_both_values() {
        let base = Given::default();
        for (given, inner, outer, outer_is_default) in [
            (
                Given { attempt: secs(9), total: secs(5), ..base },
                "timeouts.attemptMs",
                "timeouts.totalMs",
                false,
            ),
            (Given { attempt: secs(400), ..base }, "timeouts.attemptMs", "timeouts.totalMs", true),
            (
                Given { first_byte: secs(3), attempt: secs(2), ..base },
                "timeouts.firstByteMs",
                "timeouts.attemptMs",
                false,
            ),
            (
                Given { connect: secs(3), attempt: secs(2), ..base },
                "timeouts.connectMs",
                "timeouts.attemptMs",
                false,
            ),
            (Given { max_wait: secs(600), ..base }, "loading.maxWaitMs", "timeouts.totalMs", true),
            (
                Given { hold: Some(Hold::For(Duration::from_secs(9))), max_wait: secs(8), ..base },
                "loading.hold",
                "loading.maxWaitMs",
                false,
            ),
        ] {
            let inverted = Policy::new(given).unwrap_err();
            assert_eq!(
                (inverted.inner, inverted.outer, inverted.outer_is_default),
                (inner, outer, outer_is_default)
            );
            assert!(inverted.inner_is > inverted.outer_is);
        }
    }

    #[test]
    fn a_short_total_alone_contradicts_nothing() {
        for given in [
            Given { total: secs(1), ..Given::default() },
            Given { total: secs(30), max_wait: secs(60), ..Given::default() },
            Given { attempt: secs(1), ..Given::default() },
        ] {
            assert!(Policy::new(given).is_ok(), "{given:?}");
        }
    }

    #[test]
    fn a_clock_that_does_not_run_fits_into_every_attempt() {
        let given = Given { connect: Some(Timeouts::NEVER), attempt: secs(1), ..Given::default() };
        assert_eq!(Policy::new(given).map(|policy| policy.timeouts.connect), Ok(Timeouts::NEVER));
    }
}
