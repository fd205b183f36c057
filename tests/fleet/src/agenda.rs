//! What is due next: by time, and at one time in the order in which it was put there.
//!
//! Timers are in a heap. All answers take the same time to arrive, so they are in order as they come. They have a
//! lane of their own, without which a storm of quick answers would cost most of a run.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use query_with_retry::core::time::{Duration, Instant};

pub(crate) struct Agenda<T, A> {
    timers: BinaryHeap<Reverse<Timer<T>>>,
    answers: VecDeque<(Key, A)>,
    travel: Duration,
    put: u64,
}

/// Among two at one time, the one that was put there first.
type Key = (Instant, u64);

struct Timer<T> {
    key: Key,
    what: T,
}

pub(crate) enum Due<T, A> {
    Timer(T),
    Answer(A),
}

impl<T, A> Agenda<T, A> {
    /// Answers take `travel` to arrive.
    pub(crate) fn new(travel: Duration) -> Self {
        Self { timers: BinaryHeap::new(), answers: VecDeque::new(), travel, put: 0 }
    }

    pub(crate) fn at(&mut self, at: Instant, what: T) {
        let key = self.key(at);
        self.timers.push(Reverse(Timer { key, what }));
    }

    pub(crate) fn answer(&mut self, now: Instant, what: A) {
        let key = self.key(now + self.travel);
        self.answers.push_back((key, what));
    }

    pub(crate) fn next(&mut self) -> Option<(Instant, Due<T, A>)> {
        let timer = self.timers.peek().map(|timer| timer.0.key);
        let answer = self.answers.front().map(|(key, _)| *key);
        if answer.is_some_and(|answer| timer.is_none_or(|timer| answer < timer)) {
            self.answers.pop_front().map(|(key, what)| (key.0, Due::Answer(what)))
        } else {
            self.timers.pop().map(|timer| (timer.0.key.0, Due::Timer(timer.0.what)))
        }
    }

    fn key(&mut self, at: Instant) -> Key {
        self.put += 1;
        (at, self.put)
    }
}

impl<T> Ord for Timer<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key.cmp(&other.key)
    }
}

impl<T> PartialOrd for Timer<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Timer<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl<T> Eq for Timer<T> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_disorder_comes_in_order() {
        let at = Instant::from_ms;
        let mut agenda = Agenda::new(Duration::from_ms(5));
        agenda.at(at(9), "d");
        agenda.at(at(3), "a");
        agenda.answer(at(0), "b");
        agenda.at(at(5), "c");
        agenda.answer(at(9), "e");
        let mut seen = Vec::new();
        while let Some((now, Due::Timer(what) | Due::Answer(what))) = agenda.next() {
            seen.push((now, what));
        }
        assert_eq!(seen, [(at(3), "a"), (at(5), "b"), (at(5), "c"), (at(9), "d"), (at(14), "e")]);
    }
}
