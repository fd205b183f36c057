//! The body of an answer: its bytes, its pace, and where it breaks.

mod course;
mod flow;
mod pace;
mod payload;

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame as HttpFrame};

pub(crate) use self::{
    course::{Course, Tail},
    payload::{Payload, Piece, Pieces, Run, Stream},
};
use self::{
    flow::{Extent, Flow},
    pace::Pace,
    payload::CHUNK,
};
use crate::{connection::ConnectionControl, counters::Exchange};

const COMMENT: Bytes = Bytes::from_static(b":\n\n");

pub(crate) struct AnswerBody {
    flow: Flow,
    course: Course,
    pace: Option<Pace>,
    split: bool,
    /// How many events are out.
    events: u64,
    /// hyper has asked for something.
    begun: bool,
    exchange: Option<Exchange>,
    control: Arc<ConnectionControl>,
}

impl AnswerBody {
    pub(crate) fn new(
        payload: Payload,
        course: Course,
        exchange: Exchange,
        control: Arc<ConnectionControl>,
    ) -> Self {
        let (pace, split) = match &payload {
            Payload::Stream(stream) => (stream.events_per_second.map(Pace::new), stream.split),
            Payload::Whole(_) => (None, false),
        };
        let flow = Flow::new(payload);
        Self { flow, course, pace, split, events: 0, begun: false, exchange: Some(exchange), control }
    }

    /// For an answer whose body hyper will not ask for: what follows the head follows at once.
    pub(crate) fn never_polled(mut self) -> Self {
        self.begun = true;
        self.course.left = Extent::NOTHING;
        if !matches!(self.course.tail, Tail::Break(_)) {
            self.course.tail = Tail::End;
        }
        self.reach_tail();
        self
    }

    fn is_at_tail(&self) -> bool {
        self.course.left.is_nothing() || self.flow.is_empty()
    }

    // Called together with the last byte, not after it: once hyper has as many bytes as
    // content-length says, it drops the body without asking again.
    fn reach_tail(&mut self) {
        if matches!(self.course.tail, Tail::Stall | Tail::Comments(_)) {
            return;
        }
        let Some(exchange) = self.exchange.take() else {
            return;
        };
        match self.course.tail {
            Tail::Break(how) => {
                exchange.broken_by_fault();
                self.control.break_when_flushed(how);
            }
            _ => self.control.finish_when_flushed(exchange),
        }
    }

    fn poll_tail(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        match &mut self.course.tail {
            Tail::End => Poll::Ready(None),
            // A break ends the connection from outside; a stall ends with the client.
            Tail::Break(_) | Tail::Stall => Poll::Pending,
            Tail::Comments(ticks) => {
                ready!(ticks.poll_tick(cx));
                self.count(COMMENT.len(), 0);
                Poll::Ready(Some(COMMENT))
            }
        }
    }

    /// How much may go out as the next frame, as soon as any may.
    fn poll_allowance(&mut self, cx: &mut Context<'_>) -> Poll<Extent> {
        if let Some(drip) = &mut self.course.drip
            && drip.at_once.is_nothing()
        {
            ready!(drip.ticks.poll_tick(cx));
            return Poll::Ready(Extent::bytes(1));
        }
        let mut allowance = Extent::bytes(CHUNK);
        // The second half of an event that is split comes half a period after the first.
        let second_half = self.split && self.flow.is_midway();
        if let Some(pace) = &mut self.pace {
            let half = if second_half { 0.5 } else { 0.0 };
            ready!(pace.poll_due(cx, self.events as f64 + half));
            allowance.events = 1;
        }
        if second_half {
            allowance.events = 1;
        } else if self.split {
            allowance.bytes = self.flow.cut();
        }
        if let Some(drip) = &self.course.drip {
            allowance = allowance.min(drip.at_once);
        }
        Poll::Ready(allowance.min(self.course.left))
    }

    fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        self.begun = true;
        if self.is_at_tail() {
            self.reach_tail();
            return self.poll_tail(cx);
        }
        let allowance = ready!(self.poll_allowance(cx));
        let frame = self.flow.take(allowance);
        self.course.left = self.course.left.less(&frame);
        if let Some(drip) = &mut self.course.drip {
            drip.at_once = drip.at_once.less(&frame);
        }
        self.count(frame.bytes.len(), frame.events);
        if self.is_at_tail() {
            self.reach_tail();
        }
        Poll::Ready(Some(frame.bytes))
    }

    fn count(&mut self, bytes: usize, events: u64) {
        self.events += events;
        if let Some(exchange) = &self.exchange {
            exchange.handed_over(bytes as u64, events);
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<HttpFrame<Bytes>, Infallible>>> {
        let bytes = ready!(self.poll_bytes(cx));
        Poll::Ready(bytes.map(|bytes| Ok(HttpFrame::data(bytes))))
    }

    // Not before the first question: an empty stream would else go out with a content-length.
    fn is_end_stream(&self) -> bool {
        self.begun && self.is_at_tail() && matches!(self.course.tail, Tail::End)
    }
}
