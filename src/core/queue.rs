//! Those who wait for a place, in three tiers that are served 8 : 3 : 1.
//!
//! Weighted, because a strict order starves the lowest tier for as long as the highest is busy.
//! Who has waited long in a lower tier goes first, whatever the weights say.

use super::lease::CallId;
use super::time::{Duration, Instant};
use std::collections::VecDeque;

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
}

#[derive(Clone, Debug)]
struct Tier {
    weight: i32,
    /// What it has not had of its share (smooth weighted round robin, as in nginx).
    credit: i32,
    line: VecDeque<Waiting>,
}

#[derive(Clone, Debug)]
pub struct Queue {
    tiers: [Tier; 3],
}

impl Default for Queue {
    fn default() -> Self {
        Self { tiers: [8, 3, 1].map(|weight| Tier { weight, credit: 0, line: VecDeque::new() }) }
    }
}

impl Queue {
    pub fn len(&self) -> usize {
        self.tiers.iter().map(|tier| tier.line.len()).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn push(&mut self, now: Instant, who: CallId, priority: Priority) {
        if let Some(tier) = self.tiers.get_mut(priority as usize) {
            tier.line.push_back(Waiting { who, since: now });
        }
    }

    /// Whose turn it is.
    pub fn pop(&mut self, now: Instant) -> Option<CallId> {
        let busy = |tier: &&mut Tier| !tier.line.is_empty();
        let aged = |tier: &&mut Tier| tier.line.front().is_some_and(|first| now.since(first.since) >= AGED);
        let oldest =
            self.tiers.iter_mut().filter(aged).min_by_key(|tier| tier.line.front().map(|first| first.since));
        if let Some(tier) = oldest {
            return tier.line.pop_front().map(|first| first.who);
        }
        let mut sum = 0;
        for tier in self.tiers.iter_mut().filter(busy) {
            tier.credit += tier.weight;
            sum += tier.weight;
        }
        // The last of equals: `max_by_key` has it so, and the weights differ anyway.
        let next = self.tiers.iter_mut().filter(busy).max_by_key(|tier| tier.credit)?;
        next.credit -= sum;
        next.line.pop_front().map(|first| first.who)
    }

    pub fn holds(&self, who: CallId) -> bool {
        self.tiers.iter().any(|tier| tier.line.iter().any(|waiting| waiting.who == who))
    }

    /// This one waits no longer. True if it did.
    pub fn leave(&mut self, who: CallId) -> bool {
        for tier in &mut self.tiers {
            // From the front: those who give up together came together, and the oldest go first.
            if let Some(at) = tier.line.iter().position(|waiting| waiting.who == who) {
                tier.line.remove(at);
                return true;
            }
        }
        false
    }

    /// Everybody leaves.
    pub fn drain(&mut self) -> impl Iterator<Item = CallId> {
        self.tiers.iter_mut().flat_map(|tier| tier.line.drain(..)).map(|waiting| waiting.who)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(ms: u64) -> Instant {
        Instant::from_ms(ms)
    }

    fn served(queue: &mut Queue, count: usize) -> Vec<CallId> {
        (0..count).filter_map(|_| queue.pop(at(0))).collect()
    }

    #[test]
    fn of_one_tier_the_first_to_come_is_the_first_to_go() {
        let mut queue = Queue::default();
        (0..5).for_each(|who| queue.push(at(0), who, Priority::Default));
        assert_eq!(served(&mut queue, 9), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn full_tiers_are_served_eight_to_three_to_one() {
        let mut queue = Queue::default();
        for who in 0..1000 {
            queue.push(at(0), who, Priority::Interactive);
            queue.push(at(0), 1000 + who, Priority::Default);
            queue.push(at(0), 2000 + who, Priority::Batch);
        }
        let served = served(&mut queue, 120);
        let of = |tier: u32| served.iter().filter(|who| **who / 1000 == tier).count();
        assert_eq!([of(0), of(1), of(2)], [80, 30, 10]);
    }

    #[test]
    fn a_tier_alone_has_every_turn_and_owes_nothing_for_it() {
        let mut queue = Queue::default();
        (0..100).for_each(|who| queue.push(at(0), who, Priority::Batch));
        assert_eq!(served(&mut queue, 50).len(), 50);
        (0..8).for_each(|who| queue.push(at(0), 1000 + who, Priority::Interactive));
        let next = served(&mut queue, 9);
        assert_eq!(next.iter().filter(|who| **who >= 1000).count(), 8, "{next:?}");
    }

    #[test]
    fn who_has_waited_half_a_minute_is_next() {
        let mut queue = Queue::default();
        queue.push(at(0), 7, Priority::Batch);
        (0..100).for_each(|who| queue.push(at(29_000), 100 + who, Priority::Interactive));
        assert_ne!(queue.pop(at(29_999)), Some(7));
        assert_eq!(queue.pop(at(30_000)), Some(7));
    }

    #[test]
    fn who_leaves_is_never_served() {
        let mut queue = Queue::default();
        (0..4).for_each(|who| queue.push(at(0), who, Priority::Interactive));
        assert!(queue.leave(2));
        assert!(!queue.leave(2));
        assert_eq!(served(&mut queue, 9), [0, 1, 3]);
        (0..4).for_each(|who| queue.push(at(0), who, Priority::Batch));
        assert_eq!(queue.drain().count(), 4);
        assert!(queue.is_empty());
    }
}
