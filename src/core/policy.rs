//! How patient a call is: all the defaults, and which times fit together.

use super::time::Duration;

/// The tier of a queued call. Of twelve turns the tiers get 8, 3 and 1 while all of them wait, so none starves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Priority {
    /// Somebody is waiting for the answer.
    Interactive,
    /// The middle tier.
    #[default]
    Default,
    /// Work that may wait for the other tiers.
    Batch,
}

/// The estimate that is shown for a server that names no time.
pub const DEFAULT_ESTIMATE: Duration = Duration::from_secs(20);

/// What a call may do with its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Retries after the first attempt, for each target. Waiting for a cold model does not count, nor for a place at a full one.
    pub max_retries: u32,
    /// How long to wait for a cold model.
    pub loading: Loading,
    /// The clocks of the call and of its attempts.
    pub timeouts: Timeouts,
    /// The answer is wanted event by event, so its headers come before the work.
    pub streamed: bool,
    /// Which of the queued calls goes first.
    pub priority: Priority,
    /// The call wants the model up and nothing else: an answer that another call gets will do, and other calls probe
    /// with payloads that are wanted.
    pub only_warms: bool,
}

/// What a call does about a model that is not up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loading {
    /// The longest time that one call waits for cold models in all.
    pub max_wait: Duration,
    /// The estimate assumed for a loading answer that names no time, if the caller sets one.
    pub default_wait: Option<Duration>,
    /// How long a target may refuse connections, from its first refusal, and count as one that is still starting. By
    /// default as long as [`Self::patience`] says.
    pub refused: Option<Duration>,
    /// Whether the server is asked to wait instead of the client. Only some hosts can; the others are not asked.
    pub hold: Hold,
}

/// How long to wait for a target that has never answered, or that may not have refused anything.
const BENEFIT_OF_DOUBT: Duration = Duration::from_secs(15);

impl Loading {
    /// How long to wait for a target that refuses connections. It gets the whole time if it has answered before and
    /// the platform says explicitly that it refused.
    pub fn patience(&self, has_answered: bool, is_explicit: bool) -> Duration {
        let doubted =
            if has_answered && is_explicit { self.max_wait } else { self.max_wait.min(BENEFIT_OF_DOUBT) };
        self.refused.unwrap_or(doubted)
    }
}

/// Whether the server is asked to hold the request while the model comes up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// The server answers at once that it is loading.
    No,
    /// For the rest of `max_wait`.
    AsLongAsItWaits,
    /// For this long, or for the rest of `max_wait` if that is shorter.
    For(Duration),
}

/// The clocks of a call. `connect`, `first_byte` and `attempt` are extended by the time that the server is asked to
/// hold the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// How long to wait for headers before the program asks whether the origin is there; see
    /// [`deadline`](super::deadline). With [`Self::NEVER`] it does not ask.
    pub connect: Duration,
    /// The caller has set the time: an attempt without headers ends after twice that time if the origin does not
    /// answer.
    pub connect_ends: bool,
    /// `None`: the rest of `attempt`.
    pub first_byte: Option<Duration>,
    /// The longest gap between two pieces of a body, once the first has come. 60 s by default.
    pub idle: Duration,
    /// The longest time for one attempt; a stream that has begun may go on. 120 s by default.
    pub attempt: Duration,
    /// The longest time for the call with all its waits, attempts and fallbacks. 300 s by default.
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
            only_warms: false,
        }
    }
}

/// The options that the caller gave. `None` keeps the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// `maxRetries`.
    pub max_retries: Option<u32>,
    /// `loading.maxWaitMs`.
    pub max_wait: Option<Duration>,
    /// `loading.defaultWaitMs`. There is no default: without it a server that names no time is probed after a second,
    /// and the events estimate 20 s.
    pub default_wait: Option<Duration>,
    /// `loading.refusedMs`. The default depends on the target: see [`Loading::patience`].
    pub refused: Option<Duration>,
    /// `loading.hold`.
    pub hold: Option<Hold>,
    /// `timeouts.connectMs`. Only a time that is given ends an attempt: see [`Timeouts::connect_ends`].
    pub connect: Option<Duration>,
    /// `timeouts.firstByteMs`.
    pub first_byte: Option<Duration>,
    /// `timeouts.idleMs`.
    pub idle: Option<Duration>,
    /// `timeouts.attemptMs`.
    pub attempt: Option<Duration>,
    /// `timeouts.totalMs`.
    pub total: Option<Duration>,
    /// The call wants a stream. It is no option, but the function that was called.
    pub streamed: bool,
    /// `priority`.
    pub priority: Priority,
}

/// Two times that contradict each other: the inner one would never run out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inverted {
    /// The public name of the time that was given.
    pub inner: &'static str,
    /// Its value.
    pub inner_is: Duration,
    /// The public name of the time that it does not fit into.
    pub outer: &'static str,
    /// The value of that time.
    pub outer_is: Duration,
    /// The caller did not give the outer one: raising it is the likely remedy.
    pub outer_is_default: bool,
}

impl Policy {
    /// Fills in the defaults and rejects inverted times.
    ///
    /// Only a time that was given can be inverted: `totalMs: 5000` alone does not contradict an attempt that may take
    /// longer by default. Nor does a `maxWaitMs` above a given `totalMs`, because the total is then the limit that
    /// was meant.
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
            only_warms: base.only_warms,
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

/// Checks that a given time fits into the one around it. `outer` is the name and the value of that one, and whether
/// it is the default.
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
mod tests;
