//! The calls that wait for a permit, in order of arrival. `queue/turns.rs` says whose turn it is.

mod turns;

use super::lease::CallId;
use crate::core::policy::Priority;
use crate::core::time::{Duration, Instant};
pub use turns::{AGED, Front};

/// The end of a linked list.
const NOBODY: CallId = CallId::MAX;

#[derive(Clone, Copy, Debug)]
struct Waiting {
    since: Instant,
    /// The call waits no longer than this for a cold model.
    patience: Instant,
    /// The last sign of life.
    seen: Instant,
    tier: Priority,
    /// The target has not refused the call yet.
    is_new: bool,
    /// The call leads no cold start while others wait.
    yields: bool,
    /// The highest [`Gate::urgency`](super::gate::Gate::urgency) that the call knows of.
    told: u8,
    /// The neighbours in the queue.
    before: CallId,
    after: CallId,
}

/// This many calls of adjacent numbers share a page.
const PAGE: usize = 16;
type Page = [Option<Waiting>; PAGE];

#[derive(Clone, Copy, Debug)]
struct Tier {
    first: CallId,
    len: usize,
    /// The share that the tier has not used yet (smooth weighted round robin, as in nginx).
    credit: i32,
}

/// One list for all tiers, in order of arrival. It is linked, so that removal moves no other call, and indexed by the
/// number of the call, so that nothing is searched.
#[derive(Clone, Debug)]
pub struct Queue {
    pages: Vec<Option<Box<Page>>>,
    first: CallId,
    last: CallId,
    /// How many of the calls yield.
    yielding: usize,
    /// A call may know less than one behind it.
    is_mixed: bool,
    tiers: [Tier; 3],
    /// No sign of life in the queue is older than this.
    heard: Instant,
}

impl Default for Queue {
    fn default() -> Self {
        let tier = Tier { first: NOBODY, len: 0, credit: 0 };
        let heard = Instant::from_ms(0);
        Self {
            pages: Vec::new(),
            first: NOBODY,
            last: NOBODY,
            yielding: 0,
            is_mixed: false,
            tiers: [tier; 3],
            heard,
        }
    }
}

fn find(pages: &[Option<Box<Page>>], call: CallId) -> Option<&Waiting> {
    pages.get(call as usize / PAGE)?.as_ref()?.get(call as usize % PAGE)?.as_ref()
}

impl Queue {
    /// How many calls wait, in all tiers.
    pub fn len(&self) -> usize {
        self.before(Priority::Batch)
    }

    /// How many calls of this tier and of those above wait. The tiers below take few of the turns.
    pub fn before(&self, tier: Priority) -> usize {
        self.tiers.iter().take(tier as usize + 1).map(|tier| tier.len).sum()
    }

    /// How many calls wait that may lead a cold start.
    pub fn leaders(&self) -> usize {
        self.len().saturating_sub(self.yielding)
    }

    /// No call waits.
    pub fn is_empty(&self) -> bool {
        self.first == NOBODY
    }

    fn slot(&mut self, call: CallId) -> Option<&mut Option<Waiting>> {
        self.pages.get_mut(call as usize / PAGE)?.as_mut()?.get_mut(call as usize % PAGE)
    }

    fn at_mut(&mut self, call: CallId) -> Option<&mut Waiting> {
        self.slot(call)?.as_mut()
    }

    fn at(&self, call: CallId) -> Option<&Waiting> {
        find(&self.pages, call)
    }

    /// Appends the call. A call that was queued already loses its turn.
    pub fn push(&mut self, now: Instant, call: CallId, tier: Priority, patience: Instant) {
        self.remove(call);
        let page = call as usize / PAGE;
        if self.pages.len() <= page {
            self.pages.resize_with(page + 1, || None);
        }
        if let Some(page) = self.pages.get_mut(page) {
            page.get_or_insert_default();
        }
        let before = self.last;
        if let Some(slot) = self.slot(call) {
            *slot = Some(Waiting {
                since: now,
                patience,
                seen: now,
                tier,
                is_new: true,
                yields: false,
                told: 0,
                before,
                after: NOBODY,
            });
        }
        match self.at_mut(before) {
            Some(before) => before.after = call,
            None => (self.first, self.heard) = (call, now),
        }
        self.last = call;
        if let Some(tier) = self.tiers.get_mut(tier as usize) {
            tier.len += 1;
            if tier.first == NOBODY {
                tier.first = call;
            }
        }
    }

    /// The target has refused this call before, which waits again.
    pub fn waits_again(&mut self, call: CallId) {
        if let Some(waiting) = self.at_mut(call) {
            waiting.is_new = false;
        }
    }

    /// The call leads no cold start while others wait.
    pub fn yields(&mut self, call: CallId) {
        if let Some(waiting) = self.at_mut(call) {
            waiting.yields = true;
            self.yielding += 1;
        }
    }

    /// The call asks what it waits for, and keeps what it was told until its patience with a cold model `is_over`: another
    /// call may hear of it again before this one's turn. Returns whether the call waits for a cold model.
    pub fn tell(&mut self, call: CallId, urgency: u8, is_over: bool) -> bool {
        let Some(waiting) = self.at_mut(call) else { return false };
        let knew = waiting.told;
        let told = if is_over { urgency } else { urgency.max(knew) };
        waiting.told = told;
        let before = waiting.before;
        self.is_mixed |= told < knew || self.at(before).is_some_and(|before| before.told < told);
        told > 0
    }

    /// Wakes the calls that do not know of this urgency, and know of it from now on. Calls come at the end of the queue, so
    /// those that know are not gone through.
    pub fn wake(&mut self, urgency: u8, woken: &mut Vec<CallId>) {
        let is_mixed = ::core::mem::take(&mut self.is_mixed);
        let mut call = self.last;
        while let Some(waiting) = self.at_mut(call) {
            if waiting.told < urgency {
                waiting.told = urgency;
                woken.push(call);
            } else if !is_mixed {
                return;
            }
            call = waiting.before;
        }
    }

    /// Removes the call. Returns whether it was queued.
    pub fn remove(&mut self, call: CallId) -> bool {
        let Some(gone) = self.slot(call).and_then(Option::take) else {
            return false;
        };
        self.yielding -= usize::from(gone.yields);
        match self.at_mut(gone.before) {
            Some(before) => before.after = gone.after,
            None => self.first = gone.after,
        }
        match self.at_mut(gone.after) {
            Some(after) => after.before = gone.before,
            None => self.last = gone.before,
        }
        if let Some(tier) = self.tiers.get_mut(gone.tier as usize) {
            tier.len -= 1;
            if tier.first == call {
                // No call is visited twice: the first of a tier only moves towards the end, where calls arrive.
                tier.first = gone.after;
                while let Some(other) = find(&self.pages, tier.first).filter(|next| next.tier != gone.tier) {
                    tier.first = other.after;
                }
            }
        }
        if self.is_empty() {
            // Frees the memory of a long queue: it would be half a megabyte for each target.
            self.pages = Vec::new();
        }
        true
    }

    /// The call is alive.
    pub fn renew(&mut self, now: Instant, call: CallId) {
        if let Some(waiting) = self.at_mut(call) {
            waiting.seen = now;
        }
    }

    /// Drops calls without a sign of life for this long: their requests are over.
    pub fn drop_silent(&mut self, now: Instant, silence: Duration) {
        if now.since(self.heard) < silence {
            return; // none can have been silent for so long
        }
        self.heard = now;
        let mut next = self.first;
        while let Some(Waiting { seen, after, .. }) = self.at(next).copied() {
            if now.since(seen) >= silence {
                self.remove(next);
            } else {
                self.heard = self.heard.min(seen);
            }
            next = after;
        }
    }

    /// Calls whose patience with a cold model ends by then.
    pub fn impatient(&self, until: Instant) -> impl Iterator<Item = CallId> {
        self.line().filter(move |(_, waiting)| waiting.patience <= until).map(|(call, _)| call)
    }

    /// The call is queued.
    pub fn holds(&self, call: CallId) -> bool {
        self.at(call).is_some()
    }

    fn line(&self) -> impl Iterator<Item = (CallId, &Waiting)> {
        let mut next = self.first;
        ::core::iter::from_fn(move || {
            let (call, waiting) = (next, self.at(next)?);
            next = waiting.after;
            Some((call, waiting))
        })
    }

    /// The calls in order of arrival, whatever their tier.
    pub fn iter(&self) -> impl Iterator<Item = CallId> {
        self.line().map(|(call, _)| call)
    }

    /// Removes every call.
    pub fn drain(&mut self) -> impl Iterator<Item = CallId> {
        ::core::iter::from_fn(|| {
            let call = self.first;
            self.remove(call).then_some(call)
        })
    }
}

#[cfg(test)]
mod tests;
