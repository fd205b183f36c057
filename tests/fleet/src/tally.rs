//! What is written down while a run goes on.

use query_with_retry::core::time::{Duration, Instant};

use crate::model::{BEGAN, Model};

/// The quantities of [`Outcome`](crate::Outcome), before they are counted up.
pub(crate) struct Tally {
    horizon: Instant,
    slots: usize,
    pub(crate) calls: Vec<Settled>,
    pub(crate) outstanding: usize,
    /// A second each, until the last call.
    pub(crate) seconds: Vec<Second>,
    pub(crate) cold: Option<(Instant, Instant)>,
    pub(crate) drained_at: Option<Instant>,
    pub(crate) wasted: Duration,
    pub(crate) arrivals: u64,
    pub(crate) sends: u64,
    /// Requests of a call before the time that the server had asked it to wait for.
    pub(crate) too_early: u64,
    pub(crate) cold_arrivals: u64,
    pub(crate) cold_sends: u64,
}

#[derive(Clone, Copy)]
pub(crate) struct Settled {
    pub(crate) place: usize,
    pub(crate) began: Instant,
    pub(crate) ended: Instant,
    pub(crate) deadline: Instant,
    pub(crate) delivered: bool,
}

impl Settled {
    /// An answer after the deadline is of no use.
    pub(crate) fn is_success(&self) -> bool {
        self.delivered && self.ended <= self.deadline
    }
}

#[derive(Clone, Copy, Default)]
pub(crate) struct Second {
    pub(crate) arrivals: u32,
    pub(crate) sends: u32,
    pub(crate) first_sends: u32,
}

impl Tally {
    pub(crate) fn new(model: &Model) -> Self {
        Self {
            horizon: BEGAN + model.run,
            slots: model.server.slots,
            calls: Vec::new(),
            outstanding: 0,
            seconds: vec![Second::default(); model.run.as_secs() as usize],
            cold: None,
            drained_at: None,
            wasted: Duration::ZERO,
            arrivals: 0,
            sends: 0,
            too_early: 0,
            cold_arrivals: 0,
            cold_sends: 0,
        }
    }

    fn second(&mut self, now: Instant) -> Option<&mut Second> {
        self.seconds.get_mut(now.since(BEGAN).as_secs() as usize)
    }

    fn is_cold(&self, now: Instant) -> bool {
        self.cold.is_none_or(|(_, warm)| now < warm)
    }

    pub(crate) fn arrived(&mut self, now: Instant) {
        self.arrivals += 1;
        self.outstanding += 1;
        self.cold_arrivals += u64::from(self.is_cold(now));
        if let Some(second) = self.second(now) {
            second.arrivals += 1;
        }
    }

    pub(crate) fn sent(&mut self, now: Instant, first: bool) {
        self.sends += 1;
        self.cold_sends += u64::from(self.is_cold(now));
        if let Some(second) = self.second(now) {
            second.sends += 1;
            second.first_sends += u32::from(first);
        }
    }

    pub(crate) fn settled(&mut self, now: Instant, call: Settled) {
        self.outstanding -= 1;
        self.check_drained(now);
        self.calls.push(call);
    }

    pub(crate) fn load_began(&mut self, now: Instant, warm: Instant) {
        self.cold = Some((now, warm));
    }

    pub(crate) fn warm(&mut self, now: Instant) {
        self.check_drained(now);
    }

    pub(crate) fn wasted(&mut self, work: Duration) {
        self.wasted = self.wasted + work;
    }

    /// The backlog is gone when there are no more calls than slots.
    fn check_drained(&mut self, now: Instant) {
        let warm = self.cold.is_some_and(|(_, warm)| warm <= now);
        if warm && self.outstanding <= self.slots && now < self.horizon {
            self.drained_at.get_or_insert(now);
        }
    }
}
