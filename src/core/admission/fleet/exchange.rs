//! One exchange after another: when the next message is due, what it says, and what its reply is worth.

use super::merge::Local;
use super::{EVERY, Known, LOST, Member, Mode, NEWS, SLOW, View};
use crate::core::rng::Rng;
use crate::core::time::{Duration, Instant};

/// The distance to the next exchange after a failure: doubled each time up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// So many other clients may come first.
const TRIES: u32 = 3;
/// The clocks are compared over this long, in which they may differ by so much.
const COMPARED: Duration = Duration::from_secs(10);
const DIFFERENCE: Duration = Duration::from_secs(2);

/// To the engine: the text of the target becomes `next`, if there is one and the text is `expected`. No text counts as an
/// empty one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The reply is given with this number.
    pub ticket: u32,
    /// What the text was at the last reply.
    pub expected: String,
    /// `None`: only reads.
    pub next: Option<String>,
}

/// From the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Milliseconds of the engine's clock.
    pub now: u64,
    /// The text after the message.
    pub text: String,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Exchange {
    sent: Option<Sent>,
    ticket: u32,
    /// When the next exchange may begin: with news, or because the client has traffic, or after a failure.
    with_news: Option<Instant>,
    regular: Option<Instant>,
    after_failure: Option<Instant>,
    failures: u32,
    /// How many exchanges in a row have ended with their calls.
    losses: u32,
    began: Option<Instant>,
    /// Since when the clocks are compared, and whether they ran apart.
    compared: Option<(Instant, u64)>,
    ran_apart: bool,
}

#[derive(Clone, Debug)]
struct Sent {
    at: Instant,
    next: Option<String>,
    /// How often another client came first in this exchange.
    lost: u32,
    /// What `next` contains of the client's counts.
    told: Told,
}

/// Counts that were written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Told {
    pub(super) earned: i64,
    /// So many calls of the client were counted.
    pub(super) calls: u64,
}

/// What a reply means.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    /// Nothing: it came too late.
    Nothing,
    /// The client is alone from now on.
    Failed,
    /// Another message follows.
    Again(Message),
    /// The exchange is over. What was told need not be told again.
    Done(Option<Told>),
}

impl Member {
    /// When [`Shared::exchange`](crate::core::admission::Shared::exchange) has something to do.
    pub(super) fn due(&self, has_news: bool, has_traffic: bool) -> Option<Instant> {
        let exchange = &self.exchange;
        if let Some(sent) = &exchange.sent {
            return Some(sent.at + if self.ends_unseen { LOST } else { SLOW });
        }
        let next = if has_news { exchange.with_news } else { exchange.regular };
        let next = next.unwrap_or_default().max(exchange.after_failure.unwrap_or_default());
        let is_wanted = has_traffic || has_news && exchange.failures == 0;
        is_wanted.then_some(next)
    }

    /// A call asked for a permit since the last exchange began.
    pub(super) fn was_asked(&self) -> bool {
        self.asked.is_some_and(|asked| self.exchange.began.is_none_or(|began| asked >= began))
    }

    /// The reply to the last message is overdue: the client is alone. Where the message may be lost with its call, it was.
    pub(super) fn gives_up(&mut self, now: Instant, rng: &mut Rng) -> bool {
        let is_late = self.exchange.sent.is_some();
        if is_late && self.ends_unseen {
            self.loses(now);
        } else if is_late {
            self.failed(now, rng);
        }
        is_late
    }

    /// The exchange has ended with its call. The next begins after 100 ms, 200, 400, and so on, but never later than usual: calls
    /// may all be shorter than an exchange.
    pub(super) fn loses(&mut self, now: Instant) {
        let exchange = &mut self.exchange;
        let pause = NEWS.scaled(1 << exchange.losses.min(4), 1);
        exchange.losses += 1;
        let again = exchange.began.map(|began| began + pause);
        exchange.regular = exchange.regular.min(again);
        exchange.sent = None;
        if self.holds_until().is_none_or(|until| until <= now) {
            self.mode = Mode::Alone;
        }
    }

    /// A message was sent whose reply has not come.
    pub(super) fn is_exchanging(&self) -> bool {
        self.exchange.sent.is_some()
    }

    pub(super) fn begins(&mut self, now: Instant, rng: &mut Rng) -> Message {
        let exchange = &mut self.exchange;
        exchange.began = Some(now);
        exchange.with_news = Some(now + NEWS);
        exchange.regular = Some(now + rng.between(EVERY.0, EVERY.1));
        self.sends(String::new(), Sent { at: now, next: None, lost: 0, told: Told::default() })
    }

    fn sends(&mut self, expected: String, sent: Sent) -> Message {
        let exchange = &mut self.exchange;
        exchange.ticket = exchange.ticket.wrapping_add(1);
        let next = exchange.sent.insert(sent).next.clone();
        Message { ticket: exchange.ticket, expected, next }
    }

    fn failed(&mut self, now: Instant, rng: &mut Rng) {
        let exchange = &mut self.exchange;
        let pause = FIRST_PAUSE.scaled(1 << exchange.failures.min(6), 1).min(LONGEST_PAUSE);
        exchange.failures += 1;
        exchange.after_failure = Some(now + rng.between(pause.scaled(3, 4), pause));
        exchange.sent = None;
        self.mode = Mode::Alone;
    }

    /// The reply to the message with this number, or `None` where the engine could not be asked.
    #[inline(never)]
    pub(super) fn replied(
        &mut self,
        now: Instant,
        (ticket, reply): (u32, Option<Reply>),
        local: &Local,
        rng: &mut Rng,
    ) -> Outcome {
        let Some(sent) = self.exchange.sent.take_if(|_| self.exchange.ticket == ticket) else {
            return Outcome::Nothing;
        };
        let in_time = |reply: &Reply| {
            now.since(sent.at) < SLOW && (reply.text.is_empty() || View::read(&reply.text).is_some())
        };
        let Some(reply) = reply.filter(in_time).filter(|reply| self.runs_alike(now, reply.now)) else {
            self.failed(now, rng);
            return Outcome::Failed;
        };
        (self.exchange.failures, self.exchange.losses) = (0, 0);
        let read = View::read(&reply.text).unwrap_or_else(|| View::new(reply.now, local.burst));
        let known = self.known.insert(Known { view: read, here: now, there: reply.now });
        if sent.next.as_ref() == Some(&reply.text) {
            return Outcome::Done(Some(sent.told));
        }
        let lost = sent.lost + u32::from(sent.next.is_some());
        let (known, mut view) = (*known, known.view);
        self.merge(&mut view, &known, local);
        let told = Told { earned: local.earned, calls: 0 };
        if view.text() == known.view.text() {
            return Outcome::Done(Some(told));
        }
        // What the others wrote holds. What this client has to tell waits for the next exchange.
        if lost >= TRIES {
            return Outcome::Done(None);
        }
        let is_counted = (view.period, view.clients) != (known.view.period, known.view.clients);
        let told = Told { calls: if is_counted { local.calls } else { 0 }, ..told };
        (view.writes, view.writer) = (view.writes + 1, self.id);
        Outcome::Again(self.sends(reply.text, Sent { at: now, next: Some(view.text()), lost, told }))
    }

    /// The engine's clock runs as fast as the client's: leases mean the same to both. Once it did not, it has to do so for
    /// [`COMPARED`] before it is believed again.
    fn runs_alike(&mut self, now: Instant, there: u64) -> bool {
        let exchange = &mut self.exchange;
        let (since, then) = *exchange.compared.get_or_insert((now, there));
        let (here, there_since) = (now.since(since), Duration::from_ms(there.saturating_sub(then)));
        let is_alike = there >= then && here < there_since + DIFFERENCE && there_since < here + DIFFERENCE;
        if !is_alike || here >= COMPARED {
            exchange.compared = Some((now, there));
        }
        exchange.ran_apart = !is_alike || exchange.ran_apart && here < COMPARED;
        !exchange.ran_apart
    }
}
