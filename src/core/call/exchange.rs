//! What goes into a call and what comes out of it.

use crate::core::admission::keys::KeyId;
use crate::core::classify::Body;
use crate::core::completion::End;
use crate::core::deadline::Clocks;
use crate::core::failure::{Code, Failure, Phase};
use crate::core::hint::Now;
use crate::core::record::WaitReason;
use crate::core::target::Profile;
use crate::core::time::{Duration, Instant};

/// What a call must know of a target to decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its place among those of [`Shared`](crate::core::admission::Shared).
    pub shared: usize,
    pub profile: Profile,
    /// It gets the token of the first target: an account without credits is without them there.
    pub shares_credentials: bool,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Input {
    Start,
    Head(Head),
    /// The origin has answered something, while the head of this is waited for: see [`Clocks::probe`].
    Reached,
    /// The body to its end, to the limit, or as far as it came; of a stream, an event that is an
    /// error or not readable.
    Body(Body),
    /// Something of the stream is handed over: from now on nothing is tried again.
    Begun,
    /// The stream is over.
    Ended(End),
    /// The reader of the stream has asked for nothing for [`AWAY`](crate::core::deadline::AWAY), or the caller's token is not
    /// there; or it goes on.
    HeldUp {
        away: bool,
    },
    /// Refused, reset, cut: no answer.
    NetworkError(Lost),
    /// There is no network, says the platform: the request was not sent, or nobody in line would send one.
    Offline,
    /// There is one again.
    Online,
    /// A redirect that must not be followed: the next try would meet it again.
    Astray,
    /// The clock that [`Clocks::next`] named ran out.
    TimedOut(Phase),
    /// The same, and the request was not even made: the caller's token has not come.
    Unasked(Phase),
    /// A wait is over, or [`Shared::woken`](crate::core::admission::Shared::woken) has named this call.
    /// Too early is harmless.
    Woke,
    /// The caller wants no answer any more.
    Aborted,
}

/// Why there is no answer, as far as the platform says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lost {
    #[default]
    Unsaid,
    /// The connection was refused.
    Refused,
    /// The platform says nothing, and said it at once: it may have been refused.
    AtOnce,
    /// Another try can change nothing.
    ForGood,
    /// A clock of the platform's own ran out.
    Late,
    /// There is no such host: of one that has answered, for the moment.
    Nameless,
    /// There is no network.
    Offline,
    /// The machine slept meanwhile, or its thread stood still.
    Suspended,
}

impl Lost {
    /// Those that the platform tells.
    pub const ALL: [Self; 7] =
        [Self::Unsaid, Self::Refused, Self::AtOnce, Self::ForGood, Self::Late, Self::Nameless, Self::Offline];
}

/// Status line and headers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Head {
    pub status: u16,
    /// When its headers say to come back, when the limits that are used up are whole again, and whether to try again at
    /// all: see [`hint`](crate::core::hint).
    pub floor: Option<Duration>,
    pub resets: Option<Duration>,
    pub should_retry: Option<bool>,
    pub now: Now,
    /// Whose limit the request met.
    pub key: KeyId,
    /// A stream was asked for, and this is one.
    pub events: bool,
}

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Send(Send),
    /// Read the body: all of an answer, of an error at most `limit` bytes.
    Read {
        limit: Option<u32>,
    },
    /// Decode the body, and hand its events over from the first that a reader waits for.
    Stream,
    Wait(Wait),
    /// Wait in line until it is this call's turn, but no longer.
    Park(Wait),
    /// Hand the answer over.
    Deliver,
    Fail(Failure),
    /// The caller aborted: stop everything.
    Abandon,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Send {
    /// Counted from 1, over all targets.
    pub attempt: u32,
    /// Index into the targets.
    pub target: usize,
    pub profile: Profile,
    pub clocks: Clocks,
    pub hold: Option<Duration>,
    /// This is the first try of a fallback, because of that end of the target before.
    pub falls_back: Option<Code>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    pub until: Instant,
    /// Of who is in line, the longest that it can take.
    pub span: Duration,
    pub reason: WaitReason,
    /// What the server said its cold start would take.
    pub estimate: Option<Duration>,
}
