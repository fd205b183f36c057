//! How far an answer goes, and what comes then: what its fault makes of it.

use tokio::time::Interval;

use super::{flow::Extent, pace::beat};
use crate::{
    connection::Break,
    scenario::{Fault, FaultKind, FaultPlace},
};

pub(crate) struct Course {
    /// How much is still sent before the tail.
    pub(super) left: Extent,
    pub(crate) tail: Tail,
    pub(super) drip: Option<Drip>,
}

/// What comes after what is sent.
pub(crate) enum Tail {
    End,
    Break(Break),
    /// Nothing ever, until the client goes.
    Stall,
    /// Comments of an event stream, until the client goes.
    Comments(Interval),
}

/// After the first part, one byte a tick.
pub(super) struct Drip {
    pub(super) at_once: Extent,
    pub(super) ticks: Interval,
}

impl Course {
    pub(crate) fn of(fault: Option<&Fault>) -> Self {
        let Some(fault) = fault else {
            return Self { left: Extent::ALL, tail: Tail::End, drip: None };
        };
        let reach = match (fault.place(), fault.events) {
            (FaultPlace::Body, Some(events)) => Extent::events(events),
            (FaultPlace::Body, None) => Extent::bytes(fault.bytes.unwrap_or(0)),
            _ => Extent::NOTHING,
        };
        let tail = match fault.kind {
            FaultKind::Reset => Tail::Break(Break::Reset),
            FaultKind::Close => Tail::Break(Break::Close),
            FaultKind::Stall => Tail::Stall,
            FaultKind::Comments => Tail::Comments(beat(fault.every())),
            FaultKind::End => Tail::End,
            FaultKind::Drip => {
                let drip = Drip { at_once: reach, ticks: beat(fault.every()) };
                return Self { left: Extent::ALL, tail: Tail::End, drip: Some(drip) };
            }
        };
        Self { left: reach, tail, drip: None }
    }

    /// The content-length of a body of that length; none where none can be told.
    pub(crate) fn promised(&self, length: u64) -> Option<u64> {
        if self.left.events != u64::MAX {
            return None;
        }
        let sent = length.min(self.left.bytes);
        match self.tail {
            Tail::End => Some(sent),
            // What breaks is never whole: one byte more is promised than comes, if there are no others.
            Tail::Break(_) | Tail::Stall => Some(length.max(sent + 1)),
            Tail::Comments(_) => None,
        }
    }
}
