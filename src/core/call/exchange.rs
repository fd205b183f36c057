//! The inputs and the actions of a call.

use super::status::Status;
use crate::core::admission::keys::KeyId;
use crate::core::classify::Body;
use crate::core::completion::End;
use crate::core::deadline::Clocks;
use crate::core::failure::{Code, Failure, Phase};
use crate::core::hint::Now;
use crate::core::record::WaitReason;
use crate::core::target::Profile;
use crate::core::time::{Duration, Instant};

/// What a call must know about a target to decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// The index of the target in [`Shared`](crate::core::admission::Shared).
    pub shared: usize,
    /// The kind of host, which decides how its answers are read and whether it can hold a request.
    pub profile: Profile,
    /// The target gets the token of the first target, so an account without credits has none there either.
    pub shares_credentials: bool,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// The first input of every call.
    Start,
    /// The headers have come.
    Head(Head),
    /// The origin has answered a probe while the head of this answer has not come: see [`Clocks::probe`].
    Reached,
    /// The body, to its end, to the limit, or as far as it came. For a stream: an event that is an error, or that
    /// cannot be read.
    Body(Body),
    /// Part of the stream was handed over. From now on there is no other attempt.
    Begun,
    /// The stream is over.
    Ended(End),
    /// The reader of the stream has asked for nothing for [`AWAY`](crate::core::deadline::AWAY), or the caller's
    /// token has not come; or the call goes on.
    HeldUp {
        /// False when the call goes on.
        away: bool,
    },
    /// The connection was refused, reset or cut: there is no answer.
    NetworkError(Lost),
    /// The platform says that there is no network: the request was not sent, or a queued call could not be.
    Offline,
    /// The network is back.
    Online,
    /// A redirect that must not be followed. Another attempt would meet it again.
    Astray,
    /// The clock that [`Clocks::next`] named ran out.
    TimedOut(Phase),
    /// A clock ran out before the request was made, because the caller's token had not come.
    Unasked(Phase),
    /// A wait is over, or [`Shared::woken`](crate::core::admission::Shared::woken) has named this call. Too early is
    /// harmless.
    Woke,
    /// The server's answer to a request for its status, at the time of [`Call::asking`](super::Call::asking).
    Status(Status),
    /// The caller has aborted.
    Aborted,
}

impl Input {
    /// What the loss of a stream means. A connection that is lost after the model said that it has finished is no
    /// loss, and neither is silence then.
    #[must_use]
    pub fn unless_complete(self, is_complete: bool) -> Self {
        if is_complete { Self::Ended(End::Complete) } else { self }
    }
}

/// Why there is no answer, as far as the platform says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lost {
    /// The platform gave no reason, and did not fail at once.
    #[default]
    Unsaid,
    /// The connection was refused.
    Refused,
    /// The platform gave no reason, and failed at once: the connection may have been refused.
    AtOnce,
    /// Another attempt cannot help.
    ForGood,
    /// A clock of the platform ran out.
    Late,
    /// The host name has no address. For a host that has answered before, that is temporary; for any other, a mistake.
    Nameless,
    /// There is no network.
    Offline,
    /// The machine was suspended meanwhile, or its thread stood still.
    Suspended,
}

impl Lost {
    /// The reasons that the platform gives.
    pub const ALL: [Self; 7] =
        [Self::Unsaid, Self::Refused, Self::AtOnce, Self::ForGood, Self::Late, Self::Nameless, Self::Offline];
}

/// The status and the headers of an answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Head {
    /// The HTTP status.
    pub status: u16,
    /// How long the headers ask to wait: see [`Hint::wait`](crate::core::hint::Hint::wait).
    pub floor: Option<Duration>,
    /// See [`Hint::resets`](crate::core::hint::Hint::resets).
    pub resets: Option<Duration>,
    /// See [`Hint::should_retry`](crate::core::hint::Hint::should_retry).
    pub should_retry: Option<bool>,
    /// The time at the server, for dates that the body names.
    pub now: Now,
    /// The key whose limit the request met.
    pub key: KeyId,
    /// The caller asked for a stream, and this is one.
    pub events: bool,
}

/// What the caller of [`Call::handle`](super::Call::handle) does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send the request.
    Send(Send),
    /// Read the body: all of an answer, at most `limit` bytes of an error.
    Read {
        /// In bytes. `None` for an answer.
        limit: Option<u32>,
    },
    /// Decode the body, and hand its events over, beginning with the first that a reader waits for.
    Stream,
    /// Do nothing until then, and say [`Input::Woke`].
    Wait(Wait),
    /// Wait in the queue until this call's turn, but no longer than this.
    Park(Wait),
    /// Hand the answer over.
    Deliver,
    /// The call has failed, for good.
    Fail(Failure),
    /// The caller aborted: stop everything.
    Abandon,
}

/// How to send a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Send {
    /// Counted from 1, over all targets.
    pub attempt: u32,
    /// The index into the targets.
    pub target: usize,
    /// Which header asks the host to hold the request, if `hold` is set.
    pub profile: Profile,
    /// When the attempt ends without an answer.
    pub clocks: Clocks,
    /// The server is asked to hold the request for this long while its model comes up.
    pub hold: Option<Duration>,
    /// This is the first attempt at a fallback. The target before it ended with this code.
    pub falls_back: Option<Code>,
}

/// How long a call waits, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// When the wait ends.
    pub until: Instant,
    /// The length of the wait; for a queued call, the longest it may wait.
    pub span: Duration,
    /// Why.
    pub reason: WaitReason,
    /// How long the server says that its cold start takes.
    pub estimate: Option<Duration>,
}
