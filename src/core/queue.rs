//! Those who wait for a place, in three tiers that are served 8 : 3 : 1.
//!
//! Weighted, because a strict order starves the lowest tier for as long as the highest is busy.
//! Who has waited long in a lower tier goes first, whatever the weights say.

use super::lease::CallId;
use super::time::{Duration, Instant};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Priority {
    Interactive,
    #[default]
    Default,
    Batch,
}

/// Who has waited as long is next.
pub const AGED: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug)]
struct Waiting {
    who: CallId,
    since: Instant,
    tier: Priority,
    /// It waits no longer than this for a cold model.
    patience: Instant,
    /// When it gave its last sign of life.
    seen: Instant,
}

const WEIGHTS: [(Priority, i32); 3] =
    [(Priority::Interactive, 8), (Priority::Default, 3), (Priority::Batch, 1)];

/// One line for all, in the order in which they came. Moving ten thousand up by one takes a few
/// microseconds, and a ring buffer for each tier 1 KB of wasm.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    line: Vec<Waiting>,
    /// What each tier has not had of its share (smooth weighted round robin, as in nginx).
    credits: [i32; 3],
}

impl Queue {
    pub fn len(&self) -> usize {
        self.line.len()
    }

    /// How many of this tier and those above it: what is below takes few of the turns.
    pub fn before(&self, tier: Priority) -> usize {
        self.line.iter().filter(|waiting| waiting.tier as u8 <= tier as u8).count()
    }

    pub fn is_empty(&self) -> bool {
        self.line.is_empty()
    }

    pub fn push(&mut self, now: Instant, who: CallId, tier: Priority, patience: Instant) {
        self.line.push(Waiting { who, since: now, tier, patience, seen: now });
    }

    /// This one is still there.
    pub fn renew(&mut self, now: Instant, who: CallId) {
        if let Some(waiting) = self.line.iter_mut().find(|waiting| waiting.who == who) {
            waiting.seen = now;
        }
    }

    /// Drops those who have given no sign of life for so long: their requests are over.
    pub fn drop_silent(&mut self, now: Instant, silence: Duration) {
        self.line.retain(|waiting| now.since(waiting.seen) < silence);
    }

    /// Those whose patience with a cold model ends before then.
    pub fn impatient(&self, until: Instant) -> impl Iterator<Item = CallId> {
        self.line.iter().filter(move |waiting| waiting.patience <= until).map(|waiting| waiting.who)
    }

    /// Whose turn it is.
    pub fn pop(&mut self, now: Instant) -> Option<CallId> {
        let aged = self.line.first().is_some_and(|first| now.since(first.since) >= AGED);
        let next = if aged { 0 } else { self.next()? };
        Some(self.remove(next))
    }

    /// No room is kept for a crowd that has gone: of each target it would be half a megabyte.
    fn remove(&mut self, at: usize) -> CallId {
        let who = self.line.remove(at).who;
        if self.line.is_empty() {
            self.line = Vec::new();
        }
        who
    }

    fn next(&mut self) -> Option<usize> {
        let (mut next, mut most, mut sum) = (None, i32::MIN, 0);
        for ((tier, weight), credit) in WEIGHTS.into_iter().zip(&mut self.credits) {
            if let Some(at) = self.line.iter().position(|waiting| waiting.tier == tier) {
                sum += weight;
                *credit += weight;
                if *credit > most {
                    (next, most) = (Some((at, tier)), *credit);
                }
            }
        }
        let (at, tier) = next?;
        if let Some(credit) = self.credits.get_mut(tier as usize) {
            *credit -= sum;
        }
        Some(at)
    }

    pub fn holds(&self, who: CallId) -> bool {
        self.line.iter().any(|waiting| waiting.who == who)
    }

    /// This one waits no longer. True if it did.
    pub fn leave(&mut self, who: CallId) -> bool {
        // From the front: those who give up together came together, and the oldest go first.
        let at = self.line.iter().position(|waiting| waiting.who == who);
        at.map(|at| self.remove(at)).is_some()
    }

    pub fn iter(&self) -> impl Iterator<Item = CallId> {
        self.line.iter().map(|waiting| waiting.who)
    }

    /// Everybody leaves.
    pub fn drain(&mut self) -> impl Iterator<Item = CallId> {
        ::core::mem::take(&mut self.line).into_iter().map(|waiting| waiting.who)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(ms: u64) -> Instant {
        Instant::from_ms(ms)
    }

    fn push(queue: &mut Queue, now: Instant, who: CallId, tier: Priority) {
        queue.push(now, who, tier, now + Duration::from_secs(60));
    }

    fn served(queue: &mut Queue, count: usize) -> Vec<CallId> {
        (0..count).filter_map(|_| queue.pop(at(0))).collect()
    }

    #[test]
    fn of_one_tier_the_first_to_come_is_the_first_to_go() {
        let mut queue = Queue::default();
        (0..5).for_each(|who| push(&mut queue, at(0), who, Priority::Default));
        assert_eq!(served(&mut queue, 9), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn full_tiers_are_served_eight_to_three_to_one() {
        let mut queue = Queue::default();
        for who in 0..1000 {
            push(&mut queue, at(0), who, Priority::Interactive);
            push(&mut queue, at(0), 1000 + who, Priority::Default);
            push(&mut queue, at(0), 2000 + who, Priority::Batch);
        }
        let served = served(&mut queue, 120);
        let of = |tier: u32| served.iter().filter(|who| **who / 1000 == tier).count();
        assert_eq!([of(0), of(1), of(2)], [80, 30, 10]);
    }

    #[test]
    fn a_tier_alone_has_every_turn_and_owes_nothing_for_it() {
        let mut queue = Queue::default();
        (0..100).for_each(|who| push(&mut queue, at(0), who, Priority::Batch));
        assert_eq!(served(&mut queue, 50).len(), 50);
        (0..8).for_each(|who| push(&mut queue, at(0), 1000 + who, Priority::Interactive));
        let next = served(&mut queue, 9);
        assert_eq!(next.iter().filter(|who| **who >= 1000).count(), 8, "{next:?}");
    }

    #[test]
    fn who_has_waited_half_a_minute_is_next() {
        let mut queue = Queue::default();
        push(&mut queue, at(0), 7, Priority::Batch);
        (0..100).for_each(|who| push(&mut queue, at(29_000), 100 + who, Priority::Interactive));
        assert_ne!(queue.pop(at(29_999)), Some(7));
        assert_eq!(queue.pop(at(30_000)), Some(7));
    }

    #[test]
    fn who_leaves_is_never_served() {
        let mut queue = Queue::default();
        (0..4).for_each(|who| push(&mut queue, at(0), who, Priority::Interactive));
        assert!(queue.leave(2));
        assert!(!queue.leave(2));
        assert_eq!(served(&mut queue, 9), [0, 1, 3]);
        (0..4).for_each(|who| push(&mut queue, at(0), who, Priority::Batch));
        assert_eq!(queue.drain().count(), 4);
        assert!(queue.is_empty());
    }

    #[test]
    fn who_has_shown_no_sign_of_life_is_never_served() {
        let mut queue = Queue::default();
        (0..3).for_each(|who| push(&mut queue, at(0), who, Priority::Default));
        queue.renew(at(4000), 1);
        queue.drop_silent(at(5000), Duration::from_secs(5));
        assert_eq!(served(&mut queue, 9), [1]);
    }

    #[test]
    fn those_are_impatient_whose_patience_ends_before() {
        let mut queue = Queue::default();
        for who in 1..4 {
            queue.push(at(0), who, Priority::Default, at(u64::from(who) * 1000));
        }
        assert_eq!(queue.impatient(at(2000)).collect::<Vec<_>>(), [1, 2]);
    }

    #[test]
    fn a_crowd_that_has_gone_leaves_no_room_behind() {
        let mut queue = Queue::default();
        (0..10_000).for_each(|who| push(&mut queue, at(0), who, Priority::Default));
        (0..5_000).for_each(|who| assert!(queue.leave(who)));
        assert_eq!(served(&mut queue, 10_000).len(), 5_000);
        assert_eq!(queue.line.capacity(), 0);
    }
}
