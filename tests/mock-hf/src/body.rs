//! The body of an answer: its bytes, its pace, and where it breaks.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{Arc, LazyLock},
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame};
use tokio::time::{Interval, MissedTickBehavior, interval_at};

use crate::{
    connection::{Break, ConnectionControl},
    counters::Exchange,
};

const CHUNK: usize = 64 * 1024;

static GENERATED: LazyLock<Bytes> = LazyLock::new(|| (0..CHUNK).map(|at| b'a' + (at % 26) as u8).collect());

#[derive(Clone, Debug)]
pub(crate) enum Payload {
    Bytes(Bytes),
    /// So many bytes, made while they are sent.
    Generated(u64),
}

impl Payload {
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Generated(length) => *length,
        }
    }

    fn take(&mut self, most: u64) -> Bytes {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        match self {
            Self::Bytes(bytes) => bytes.split_to(most.min(bytes.len())),
            Self::Generated(left) => {
                let chunk = GENERATED.slice(..most.min(CHUNK));
                *left -= chunk.len() as u64;
                chunk
            }
        }
    }
}

/// What comes after the bytes that are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tail {
    End,
    Break(Break),
    /// Nothing ever, until the client goes.
    Stall,
}

/// After the first bytes, one byte a tick.
#[derive(Debug)]
pub(crate) struct Drip {
    at_once: u64,
    ticks: Interval,
}

impl Drip {
    pub(crate) fn new(at_once: u64, every: Duration) -> Self {
        let every = every.max(Duration::from_millis(1));
        let mut ticks = interval_at(tokio::time::Instant::now() + every, every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { at_once, ticks }
    }
}

pub(crate) struct AnswerBody {
    payload: Payload,
    /// How many bytes are still sent before the tail.
    left: u64,
    tail: Tail,
    drip: Option<Drip>,
    exchange: Option<Exchange>,
    control: Arc<ConnectionControl>,
}

impl AnswerBody {
    pub(crate) fn new(
        payload: Payload,
        left: u64,
        tail: Tail,
        drip: Option<Drip>,
        exchange: Exchange,
        control: Arc<ConnectionControl>,
    ) -> Self {
        Self { left: left.min(payload.len()), payload, tail, drip, exchange: Some(exchange), control }
    }

    /// For an answer whose body hyper will not ask for: what follows the head follows at once.
    pub(crate) fn never_polled(mut self) -> Self {
        self.left = 0;
        if self.tail == Tail::Stall {
            self.tail = Tail::End;
        }
        self.reach_tail();
        self
    }

    // Called together with the last byte, not after it: once hyper has as many bytes as
    // content-length says, it drops the body without asking again.
    fn reach_tail(&mut self) {
        if self.tail == Tail::Stall {
            return;
        }
        let Some(exchange) = self.exchange.take() else {
            return;
        };
        match self.tail {
            Tail::Break(how) => {
                exchange.broken_by_fault();
                self.control.break_when_flushed(how);
            }
            _ => self.control.finish_when_flushed(exchange),
        }
    }

    fn poll_allowance(&mut self, cx: &mut Context<'_>) -> Poll<u64> {
        let Some(drip) = &mut self.drip else {
            return Poll::Ready(CHUNK as u64);
        };
        if drip.at_once > 0 {
            let allowance = drip.at_once.min(CHUNK as u64);
            drip.at_once -= allowance;
            return Poll::Ready(allowance);
        }
        ready!(drip.ticks.poll_tick(cx));
        Poll::Ready(1)
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left == 0 {
            self.reach_tail();
            return match self.tail {
                Tail::End => Poll::Ready(None),
                // A break ends the connection from outside; a stall ends with the client.
                Tail::Break(_) | Tail::Stall => Poll::Pending,
            };
        }
        let allowance = ready!(self.poll_allowance(cx)).min(self.left);
        let chunk = self.payload.take(allowance);
        self.left -= chunk.len() as u64;
        if self.left == 0 {
            self.reach_tail();
        }
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0 && self.tail == Tail::End
    }
}
