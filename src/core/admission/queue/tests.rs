//! Which call is next, and what the queue keeps of those that left.

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
fn within_a_tier_the_first_to_come_is_the_first_to_go() {
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
fn a_call_that_has_waited_half_a_minute_is_next() {
    let mut queue = Queue::default();
    push(&mut queue, at(0), 7, Priority::Batch);
    (0..100).for_each(|who| push(&mut queue, at(29_000), 100 + who, Priority::Interactive));
    assert_ne!(queue.pop(at(29_999)), Some(7));
    assert_eq!(queue.pop(at(30_000)), Some(7));
}

#[test]
fn a_call_that_leaves_is_never_served() {
    let mut queue = Queue::default();
    (0..4).for_each(|who| push(&mut queue, at(0), who, Priority::Interactive));
    assert!(queue.remove(2));
    assert!(!queue.remove(2));
    assert_eq!(served(&mut queue, 9), [0, 1, 3]);
    (0..4).for_each(|who| push(&mut queue, at(0), who, Priority::Batch));
    assert_eq!(queue.drain().count(), 4);
    assert!(queue.is_empty());
}

#[test]
fn a_call_without_a_sign_of_life_is_never_served() {
    let mut queue = Queue::default();
    (0..3).for_each(|who| push(&mut queue, at(0), who, Priority::Default));
    queue.renew(at(4000), 1);
    queue.drop_silent(at(5000), Duration::from_secs(5));
    assert_eq!(served(&mut queue, 9), [1]);
}

#[test]
fn calls_are_impatient_if_their_patience_ends_before() {
    let mut queue = Queue::default();
    for who in 1..4 {
        queue.push(at(0), who, Priority::Default, at(u64::from(who) * 1000));
    }
    assert_eq!(queue.impatient(at(2000)).collect::<Vec<_>>(), [1, 2]);
}

fn woken(queue: &mut Queue, urgency: u8) -> Vec<CallId> {
    let mut woken = Vec::new();
    queue.wake(urgency, &mut woken);
    woken
}

#[test]
fn a_call_is_woken_once_for_each_urgency_that_it_does_not_know_of() {
    let mut queue = Queue::default();
    (0..3).for_each(|who| push(&mut queue, at(0), who, Priority::Default));
    assert_eq!(woken(&mut queue, 1), [2, 1, 0]);
    push(&mut queue, at(1), 3, Priority::Default);
    assert_eq!(woken(&mut queue, 1), [3], "the others know");
    assert_eq!(woken(&mut queue, 3), [3, 2, 1, 0]);
    assert_eq!(woken(&mut queue, 1), [0_u32; 0], "less urgent");
    assert_eq!(served(&mut queue, 9), [0, 1, 2, 3], "each in its place");
}

#[test]
fn a_call_in_the_middle_that_has_no_patience_left_hears_of_the_next_cold_start() {
    let mut queue = Queue::default();
    (0..5).for_each(|who| push(&mut queue, at(0), who, Priority::Default));
    woken(&mut queue, 1);
    assert!(queue.tell(1, 0, false), "it goes on waiting for the model");
    assert_eq!(woken(&mut queue, 1), [0_u32; 0]);
    assert!(!queue.tell(2, 0, true));
    assert_eq!(woken(&mut queue, 1), [2]);
}

#[test]
fn a_call_that_comes_while_it_is_urgent_hides_none_that_knows_less() {
    let mut queue = Queue::default();
    (0..3).for_each(|who| push(&mut queue, at(0), who, Priority::Default));
    assert!(queue.tell(2, 3, true));
    assert_eq!(woken(&mut queue, 3), [1, 0]);
}

#[test]
fn a_long_queue_that_has_gone_leaves_no_memory_behind() {
    let mut queue = Queue::default();
    (0..10_000).for_each(|who| push(&mut queue, at(0), who, Priority::Default));
    (0..5_000).for_each(|who| assert!(queue.remove(who)));
    assert_eq!(served(&mut queue, 10_000).len(), 5_000);
    assert_eq!(queue.pages.capacity(), 0);
}

#[test]
fn the_first_of_the_new_calls_goes_before_those_that_the_target_has_refused() {
    let mut queue = Queue::default();
    (1..=4).for_each(|who| push(&mut queue, at(u64::from(who)), who, Priority::Default));
    queue.waits_again(1);
    queue.waits_again(3);
    let popped: Vec<_> = (0..5).map(|_| queue.pop_new(at(10))).collect();
    assert_eq!(popped, [Some(2), Some(4), Some(1), Some(3), None]);
}

#[test]
fn calls_that_yield_lead_no_cold_start_and_are_forgotten_when_they_leave() {
    let mut queue = Queue::default();
    (0..4).for_each(|who| push(&mut queue, at(0), who, Priority::Default));
    assert_eq!(queue.leaders(), 4);
    queue.yields(1);
    queue.yields(3);
    queue.yields(9);
    assert_eq!((queue.leaders(), queue.len()), (2, 4), "a call that is not queued changes nothing");
    queue.remove(1);
    queue.remove(0);
    assert_eq!((queue.leaders(), queue.len()), (1, 2));
    push(&mut queue, at(1), 3, Priority::Default);
    assert_eq!(queue.leaders(), 2, "a call that comes again yields no more");
}

#[test]
fn among_queues_aged_calls_go_first_then_the_higher_tier_then_the_earlier_call() {
    let front = |tier, came: u64| Front::of(tier, at(came));
    let now = at(30_000);
    let order = [
        front(Priority::Batch, 0),
        front(Priority::Interactive, 2),
        front(Priority::Interactive, 5),
        front(Priority::Default, 1),
        front(Priority::Batch, 1),
    ];
    assert!(order.is_sorted_by(|one, next| one.rank(now) < next.rank(now)), "{order:?}");
    assert!(order[4].rank(at(30_001)) < order[1].rank(at(30_001)), "a millisecond later it has aged too");
}
