//! Adaptive concurrency: how many calls may be under way at once to one target.
//!
//! Additive increase, multiplicative decrease, as TCP has it: the limit falls to 0.7 of itself when
//! the server says that it is full or does not answer in time, at most once a second, since all that
//! was under way then says the same; and it grows by one for as many successes as it is. Before the
//! first such sign it starts slowly, but grows by one with every success, which doubles it in each
//! round. Latency is no signal here: it goes with the length of the answer.

use super::lease::{CallId, Lease};
use crate::core::time::{Duration, Instant};

/// Where it starts, and starts again when a cold model has come up.
pub const SLOW_START: u32 = 4;
const PAUSE: Duration = Duration::from_secs(1);
/// Nobody is answered or let in for so long: one more is tried.
const STUCK: Duration = Duration::from_secs(2);
/// What was too much is not tried again before.
const REMEMBERED: Duration = Duration::from_secs(10);
/// As many refusals among the last ends, in thousandths, are the target's own: it is asked too fast.
const MANY: u32 = 240;
/// Of as many, and for so long, nothing was taken: it was down, and not full.
const NEARLY_ALL: u32 = 750;
const DOWN: Duration = Duration::from_secs(1);
/// So long at least it is believed that what was taken is taken.
const PROVEN: Duration = Duration::from_secs(5);
const MILLI: u32 = 1000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    pub min: u32,
    pub max: u32,
    /// As many may wait for a place.
    pub queue: u32,
}

impl Default for Rule {
    /// # Default
    ///
    /// 1 to 64 at once, and 10,000 may wait: what bounds a queue sooner is that work which cannot
    /// meet its deadline is refused when it arrives.
    fn default() -> Self {
        Self { min: 1, max: 64, queue: 10_000 }
    }
}

/// What an end says of how much the target can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sample {
    Success {
        took: Duration,
    },
    /// The first text of a stream: an answer, though it still holds its permit.
    Begun {
        took: Duration,
    },
    /// The end of a stream that had begun.
    Finished {
        took: Duration,
    },
    /// It did not answer in time.
    Timeout,
    /// Nor this one, while more of the others were answered: one replica of several hangs.
    Hung,
    /// It is full, and said so at once: with as many under way as there are it can do no more.
    Overload,
    /// So it says, in words: that may be of the moment, and of this call alone.
    Busy,
    /// It refuses this call again, and answers others: that it was full with as many was a mistake.
    Own,
    Ignored,
}

#[derive(Clone, Copy, Debug)]
struct Permit {
    lease: Lease,
    /// Another one was under way meanwhile.
    in_company: bool,
    /// How many were under way when it went, with this one.
    in_flight: u32,
    /// What [`Limiter::votes`] were then.
    votes: i32,
}

#[derive(Clone, Debug)]
pub struct Limiter {
    rule: Rule,
    /// In thousandths.
    limit: u32,
    slow_start: bool,
    last_decrease: Option<Instant>,
    /// What it was full with, in thousandths, and when.
    full: Option<(u32, Instant)>,
    /// When somebody was let in last, or answered.
    moved: Option<Instant>,
    in_flight: Vec<Permit>,
    /// How long a success takes, on average of the last ones.
    avg_latency: Option<Duration>,
    /// The same of how long it takes until a success is one: of a stream, until it begins.
    avg_first_answer: Option<Duration>,
    /// How many of the last ends were refusals, in thousandths: a few among many answers are somebody's own.
    refused: u32,
    /// So many at once were taken, as an answer has shown, and when.
    taken: (u32, Instant),
    answered: Option<Instant>,
    /// How many more have been answered than have failed.
    votes: i32,
}

impl Limiter {
    pub fn new(rule: Rule) -> Self {
        let mut limiter = Self {
            rule,
            limit: 0,
            slow_start: true,
            last_decrease: None,
            full: None,
            moved: None,
            in_flight: Vec::new(),
            avg_latency: None,
            avg_first_answer: None,
            // The first one of a fresh target is believed.
            refused: MANY,
            taken: (0, Instant::from_ms(0)),
            answered: None,
            votes: 0,
        };
        limiter.start_slowly(SLOW_START.max(rule.min));
        limiter
    }

    pub fn in_flight(&self, now: Instant) -> usize {
        self.in_flight.iter().filter(|permit| permit.lease.is_live(now)).count()
    }

    pub fn limit(&self) -> u32 {
        self.limit / MILLI
    }

    pub fn is_slow_starting(&self) -> bool {
        self.slow_start
    }

    pub fn has_permit(&mut self, now: Instant) -> bool {
        if self.in_flight.len() >= self.limit() as usize {
            self.in_flight.retain(|permit| permit.lease.is_live(now));
        }
        self.in_flight.len() < self.limit() as usize || self.extra_permit_at().is_some_and(|at| at <= now)
    }

    /// Those under way may take minutes, and a limit of as many would keep everybody out until then.
    fn extra_permit_at(&self) -> Option<Instant> {
        let may_grow = self.in_flight.len() < self.rule.max as usize;
        self.moved.filter(|_| may_grow).map(|moved| moved + STUCK)
    }

    /// When there may be room though nobody gives a place back.
    pub fn due(&self) -> Option<Instant> {
        self.runs_out_at().into_iter().chain(self.extra_permit_at()).min()
    }

    /// Takes a place, whether there is room or not.
    pub fn acquire(&mut self, now: Instant, who: CallId, until: Instant) {
        if self.in_flight.len() >= self.limit() as usize && self.extra_permit_at().is_some_and(|at| at <= now)
        {
            // If it is too much, that is told.
            self.limit = self.limit.saturating_add(MILLI).min(self.within(u32::MAX));
            self.full = None;
        }
        self.moved = Some(now);
        let in_company = !self.in_flight.is_empty();
        if let [first] = self.in_flight.as_mut_slice() {
            first.in_company = true;
        }
        let in_flight = self.in_flight.len() as u32 + 1;
        let lease = Lease { holder: who, until };
        self.in_flight.push(Permit { lease, in_company, in_flight, votes: self.votes });
    }

    /// One was answered, or failed.
    pub fn vote(&mut self, works: bool) {
        self.votes = self.votes.wrapping_add(if works { 1 } else { -1 });
    }

    /// While this one was under way more were answered than failed, itself included: its failure is its own, or that of one
    /// replica of several.
    pub fn is_outvoted(&self, who: CallId) -> bool {
        let permit = self.in_flight.iter().find(|permit| permit.lease.holder == who);
        permit.is_some_and(|permit| self.votes.wrapping_sub(permit.votes) > 0)
    }

    /// Whether another one has been under way while this one was.
    pub fn was_in_company(&self, who: CallId) -> bool {
        self.in_flight.iter().any(|permit| permit.lease.holder == who && permit.in_company)
    }

    /// The holder is still there: its permit lasts until then, and is issued anew where it has run out.
    pub fn renew(&mut self, now: Instant, who: CallId, until: Instant) {
        match self.in_flight.iter_mut().find(|permit| permit.lease.holder == who) {
            Some(permit) => permit.lease.until = until,
            None => self.acquire(now, who, until),
        }
    }

    /// Gives the place back. False if it has run out.
    pub fn release(&mut self, who: CallId) -> bool {
        let at = self.in_flight.iter().position(|permit| permit.lease.holder == who);
        at.map(|at| self.in_flight.swap_remove(at)).is_some()
    }

    /// When the first place runs out, if nobody gives one back.
    pub fn runs_out_at(&self) -> Option<Instant> {
        self.in_flight.iter().map(|permit| permit.lease.until).min()
    }

    /// This one was answered: the target takes as many as there were when it went.
    pub fn took(&mut self, now: Instant, who: CallId) {
        let in_flight = self
            .in_flight
            .iter()
            .find(|permit| permit.lease.holder == who)
            .map_or(0, |permit| permit.in_flight);
        let (most, since) = self.taken;
        if in_flight >= most || now.since(since) >= self.proven() {
            self.taken = (in_flight, now);
        }
    }

    /// Some answers long, for they tell it.
    fn proven(&self) -> Duration {
        self.avg_latency.map_or(PROVEN, |avg_latency| avg_latency.scaled(4, 1).max(PROVEN))
    }

    /// It went with more at once than were taken lately: what refused it was our own try at one more.
    pub fn was_one_more(&self, now: Instant, who: CallId) -> bool {
        let (most, since) = self.taken;
        let permit = self.in_flight.iter().find(|permit| permit.lease.holder == who);
        now.since(since) < self.proven() && permit.is_some_and(|permit| permit.in_flight > most)
    }

    /// That it is full with as many cannot be: one of several replicas is broken, or it is this payload.
    fn takes_as_many(&self, now: Instant) -> bool {
        let (most, since) = self.taken;
        now.since(since) < self.proven() && self.in_flight.len() as u32 <= most
    }

    /// To be told before the place is given back: only a limit that is made use of may grow.
    pub fn observe(&mut self, now: Instant, sample: Sample) {
        if let Sample::Success { .. } | Sample::Begun { .. } | Sample::Finished { .. } = sample {
            self.moved = Some(now);
        }
        let refusal = match sample {
            Sample::Success { .. } | Sample::Begun { .. } => Some(0),
            Sample::Busy | Sample::Overload => Some(MILLI),
            _ => None,
        };
        if refusal == Some(0) {
            let was_down = self.answered.is_some_and(|at| now.since(at) >= DOWN);
            if was_down && self.refused >= NEARLY_ALL {
                (self.slow_start, self.full) = (true, None);
            }
            self.answered = Some(now);
        }
        self.refused = refusal.map_or(self.refused, |refusal| (self.refused * 7 + refusal) / 8);
        match sample {
            Sample::Busy if self.refused < MANY => {}
            Sample::Overload if self.takes_as_many(now) => {}
            Sample::Success { took } => {
                measure(&mut self.avg_latency, took);
                measure(&mut self.avg_first_answer, took);
                self.grow(now);
            }
            Sample::Begun { took } => {
                measure(&mut self.avg_first_answer, took);
                self.grow(now);
            }
            Sample::Finished { took } => measure(&mut self.avg_latency, took),
            Sample::Timeout | Sample::Overload | Sample::Busy => {
                let lately = self.last_decrease.is_some_and(|last_decrease| now.since(last_decrease) < PAUSE);
                // Who is late may be down, and calls that take minutes to tell so must not go one by one.
                let least = if sample == Sample::Timeout { SLOW_START } else { 1 };
                let floor = self.rule.min.max(least).saturating_mul(MILLI).min(self.limit);
                self.slow_start = false;
                if !lately {
                    self.last_decrease = Some(now);
                    // Of one that is full it is known how many it takes: the others.
                    if sample != Sample::Overload {
                        self.limit = (self.limit / 10 * 7).max(floor);
                    }
                }
                if sample != Sample::Timeout {
                    // The place of who was refused is none: who comes next would be refused as well.
                    let others = (self.in_flight.len() as u32).saturating_sub(1).saturating_mul(MILLI);
                    self.limit = self.limit.min(others.max(floor));
                    // One alone was too fast, and not too many.
                    if others > 0 && sample == Sample::Overload {
                        self.full = Some((self.limit, now));
                    }
                }
            }
            Sample::Own => self.full = None,
            // Its place was nobody's all the time.
            Sample::Hung => self.limit = self.limit.saturating_add(MILLI).min(self.within(u32::MAX)),
            Sample::Ignored => {}
        }
    }

    fn grow(&mut self, now: Instant) {
        if self.in_flight.len() * 2 < self.limit() as usize {
            return;
        }
        let step = if self.slow_start { MILLI } else { MILLI * MILLI / self.limit.max(1) };
        let full = self.full.filter(|(_, since)| now.since(*since) < REMEMBERED).map(|(limit, _)| limit);
        let most = full.map_or(u32::MAX, |limit| limit.max(self.limit));
        self.limit = self.limit.saturating_add(step).min(self.within(u32::MAX)).min(most);
    }

    /// From so few again: a model that has just come up, or a target that has just recovered.
    pub fn start_slowly(&mut self, from: u32) {
        self.limit = self.within(from);
        self.slow_start = true;
    }

    /// The target is trusted: as many as the caller wants at least may go at once.
    pub fn rise_to_minimum(&mut self) {
        self.limit = self.limit.max(self.within(self.rule.min));
    }

    /// So many calls, or the maximum, in thousandths.
    fn within(&self, calls: u32) -> u32 {
        calls.min(self.rule.max).max(1).saturating_mul(MILLI)
    }

    /// How long it takes until a success is one, on average of the last ones.
    pub fn avg_first_answer(&self) -> Option<Duration> {
        self.avg_first_answer
    }

    /// How long somebody waits who is behind so many, if the pace stays what it was. A limit that
    /// grows with every success may become as large as it can, or as `most`.
    pub fn wait_behind(&self, others: usize, most: Option<u32>) -> Option<Duration> {
        let limit = if self.slow_start { self.rule.max } else { self.limit() };
        let limit = most.map_or(limit, |most| limit.min(most));
        Some(self.avg_latency?.scaled(others as u64, u64::from(limit.max(1))))
    }

    /// How many may wait.
    pub fn queue(&self) -> usize {
        self.rule.queue as usize
    }
}

fn measure(average: &mut Option<Duration>, took: Duration) {
    *average = Some(average.map_or(took, |average| average.scaled(7, 8) + took.scaled(1, 8)));
}

#[cfg(test)]
mod tests;
