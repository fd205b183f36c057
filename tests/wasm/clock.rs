//! The alarm: never early, however long, and with few timers.

use super::caller::{Caller, fresh_client};
use super::timing::{CountedTimers, assert_took, sleep, within};
use crate::core::time::{Duration, Instant};
use crate::web::client::Client;
use crate::web::clock::{now, unix_now_ms};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll};
use wasm_bindgen_test::wasm_bindgen_test;

const fn ms(ms: u64) -> Duration {
    Duration::from_ms(ms)
}

/// The seat of one call.
struct Alarm {
    client: Rc<Client>,
    id: u32,
}

impl Default for Alarm {
    fn default() -> Self {
        let client = fresh_client();
        Self { id: client.register(Caller::new("{}").request()), client }
    }
}

impl Alarm {
    fn poll(&mut self, cx: &Context<'_>, at: Instant) -> Poll<()> {
        if self.client.is_due(self.id, at, cx.waker()) { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.client.unregister(self.id);
    }
}

async fn rings(alarm: &mut Alarm, at: Instant) {
    poll_fn(|cx| alarm.poll(cx, at)).await;
}

/// As a stream does with each piece: looks, and goes on.
async fn looks(alarm: &mut Alarm, at: Instant) {
    assert!(poll_fn(|cx| Poll::Ready(alarm.poll(cx, at).is_pending())).await);
}

#[wasm_bindgen_test]
async fn an_alarm_is_never_early() {
    let mut alarm = Alarm::default();
    for span in (0..60).map(|step| ms(step % 12)) {
        let at = now() + span;
        assert!(within(1000, rings(&mut alarm, at)).await.is_some(), "{span:?} never came");
        assert!(now() >= at, "{span:?}");
    }
}

#[wasm_bindgen_test]
async fn a_timer_that_rings_too_early_is_wound_again() {
    let timers = CountedTimers::start();
    let start = now();
    timers.ring_early(20);
    let rang = within(1000, rings(&mut Alarm::default(), start + ms(60))).await;
    assert!(rang.is_some(), "never rang");
    assert_took(start, 60);
    assert_eq!(timers.set_count(), 2);
}

#[wasm_bindgen_test]
async fn what_is_already_over_rings_at_once_and_sets_no_timer() {
    let timers = CountedTimers::start();
    let mut alarm = Alarm::default();
    rings(&mut alarm, now()).await;
    rings(&mut alarm, Instant::from_ms(0)).await;
    assert_eq!(timers.set_count(), 0);
}

#[wasm_bindgen_test]
async fn a_wait_above_the_longest_timer_does_not_ring_at_once() {
    let timers = CountedTimers::start();
    let at = now() + ms(3_000_000_000);
    assert!(within(100, rings(&mut Alarm::default(), at)).await.is_none());
    let lengths: Vec<f64> = timers.lengths().iter().filter_map(|length| length.as_f64()).collect();
    assert_eq!(lengths, [f64::from(i32::MAX)]);
}

#[wasm_bindgen_test]
async fn the_end_of_time_is_only_far_away() {
    let at = Instant::from_ms(u64::MAX);
    assert!(within(50, rings(&mut Alarm::default(), at)).await.is_none());
}

#[wasm_bindgen_test]
async fn one_timer_serves_a_thousand_looks() {
    let timers = CountedTimers::start();
    let (mut alarm, start) = (Alarm::default(), now());
    for piece in 0..1000 {
        looks(&mut alarm, start + ms(60_000 + piece)).await; // each piece winds the idle clock again
    }
    assert_eq!((timers.set_count(), timers.cleared()), (1, 0));
}

#[wasm_bindgen_test]
async fn an_alarm_that_was_wound_forward_rings_at_the_later_time() {
    let (mut alarm, start) = (Alarm::default(), now());
    looks(&mut alarm, start + ms(20)).await;
    assert!(within(1000, rings(&mut alarm, start + ms(60))).await.is_some());
    assert_took(start, 60);
}

#[wasm_bindgen_test]
async fn an_alarm_that_was_wound_back_rings_at_the_earlier_time() {
    let timers = CountedTimers::start();
    let (mut alarm, start) = (Alarm::default(), now());
    looks(&mut alarm, start + ms(60_000)).await;
    assert!(within(1000, rings(&mut alarm, start + ms(30))).await.is_some());
    assert_took(start, 30);
    // The one that was too late, and the one that has rung.
    assert_eq!((timers.set_count(), timers.cleared()), (2, 2));
}

#[wasm_bindgen_test]
async fn dropping_an_alarm_clears_its_timer() {
    let timers = CountedTimers::start();
    let mut alarm = Alarm::default();
    looks(&mut alarm, now() + ms(60_000)).await;
    assert_eq!(timers.cleared(), 0);
    drop(alarm);
    assert_eq!((timers.set_count(), timers.cleared()), (1, 1));
}

#[wasm_bindgen_test]
async fn the_clock_counts_milliseconds_and_the_date_is_the_platforms() {
    let (start, date) = (now(), unix_now_ms());
    sleep(50).await;
    assert_took(start, 49);
    assert!((date + 40..date + 200).contains(&unix_now_ms()));
    assert_eq!(date / 1_000_000, js_sys::Date::now() as u64 / 1_000_000);
}
