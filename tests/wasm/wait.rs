//! The one thing that is ever awaited: whichever comes first of a promise, a time and the abort.

use super::caller::{Caller, fresh_client, nobody};
use super::timing::{Unhandled, assert_took, never, rejection_after, sleep, value_after, within};
use crate::core::time::Duration;
use crate::web::client;
use crate::web::client::numbered;
use crate::web::clock::now;
use crate::web::wait::{Waiter, Wakeup};
use js_sys::{Error, Promise};
use std::pin::pin;
use std::task::{Context, Waker};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_ms(40);

/// For 2 s at most, so that a wait that is never woken fails and does not hang.
async fn either(waiter: &mut Waiter<'_>, promise: Option<Promise>, span: Duration) -> Wakeup {
    match promise {
        Some(promise) => waiter.await_promise(&promise),
        None => waiter.forget_promise(),
    }
    again(waiter, span).await
}

/// For what is left of a wait before.
async fn again(waiter: &mut Waiter<'_>, span: Duration) -> Wakeup {
    within(2000, waiter.race(now() + span, false)).await.expect("the wait ends")
}

fn settled(happened: Wakeup) -> Result<JsValue, JsValue> {
    match happened {
        Wakeup::Settled(settled) => settled,
        Wakeup::Due => panic!("due"),
        Wakeup::Tick => panic!("a tick"),
        Wakeup::Aborted => panic!("aborted"),
    }
}

#[wasm_bindgen_test]
async fn a_promise_that_is_first_gives_its_value() {
    let caller = Caller::new("{}");
    let mut waiter = Waiter::new(caller.request(), fresh_client());
    let start = now();
    let value = settled(either(&mut waiter, Some(value_after(20, &"here".into())), LONG).await);
    assert_eq!(value.unwrap(), "here");
    assert_took(start, 19);
}

#[wasm_bindgen_test]
async fn a_promise_that_rejects_first_gives_its_reason() {
    let caller = Caller::new("{}");
    let mut waiter = Waiter::new(caller.request(), fresh_client());
    let reason = JsValue::from(Error::new("no"));
    let value = settled(either(&mut waiter, Some(rejection_after(5, &reason)), LONG).await);
    assert_eq!(value.unwrap_err(), reason);
}

#[wasm_bindgen_test]
async fn a_time_that_is_first_is_due_and_not_before() {
    let caller = Caller::new("{}");
    let mut waiter = Waiter::new(caller.request(), fresh_client());
    for promise in [Some(never()), None] {
        let start = now();
        assert!(matches!(either(&mut waiter, promise, SHORT).await, Wakeup::Due));
        assert_took(start, 40);
    }
}

#[wasm_bindgen_test]
async fn an_abort_that_is_first_ends_the_wait_at_once() {
    for promise in [Some(never()), None] {
        let caller = Caller::new("{}");
        let mut waiter = Waiter::new(caller.request(), fresh_client());
        let start = now();
        caller.aborts_after(30);
        assert!(matches!(either(&mut waiter, promise, LONG).await, Wakeup::Aborted));
        assert_took(start, 29);
    }
}

#[wasm_bindgen_test]
async fn who_has_already_aborted_gets_neither_the_promise_nor_the_time() {
    let caller = Caller::new("{}");
    caller.aborts();
    let mut waiter = Waiter::new(caller.request(), fresh_client());
    let here = Promise::resolve(&JsValue::from("here"));
    assert!(matches!(either(&mut waiter, Some(here), LONG).await, Wakeup::Aborted));
    assert!(matches!(either(&mut waiter, None, Duration::ZERO).await, Wakeup::Aborted));
}

#[wasm_bindgen_test]
async fn an_abort_between_two_waits_is_seen_by_the_flag_alone() {
    let caller = Caller::new("{}");
    let mut waiter = Waiter::new(caller.request(), fresh_client());
    assert!(matches!(either(&mut waiter, None, SHORT).await, Wakeup::Due));
    caller.set_aborted(true);
    assert!(matches!(either(&mut waiter, Some(never()), LONG).await, Wakeup::Aborted));
}

#[wasm_bindgen_test]
async fn a_promise_that_is_there_when_time_is_up_is_not_thrown_away() {
    let caller = Caller::new("{}");
    let mut waiter = Waiter::new(caller.request(), fresh_client());
    waiter.await_promise(&Promise::resolve(&JsValue::from("here")));
    let mut wait = pin!(waiter.race(now() + SHORT, false));
    assert!(wait.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    // By the time that anybody looks again both are ready.
    sleep(60).await;
    assert_eq!(settled(wait.await).unwrap(), "here");
}

#[wasm_bindgen_test]
async fn a_promise_may_be_waited_for_again_until_it_settles() {
    let caller = Caller::new("{}");
    let mut waiter = Waiter::new(caller.request(), fresh_client());
    waiter.await_promise(&value_after(100, &"here".into()));
    let start = now();
    for _ in 0..2 {
        assert!(matches!(again(&mut waiter, SHORT).await, Wakeup::Due));
    }
    assert_eq!(settled(again(&mut waiter, LONG).await).unwrap(), "here");
    assert_took(start, 99);
    // There is nothing left to be waited for but the time.
    assert!(matches!(again(&mut waiter, SHORT).await, Wakeup::Due));
}

#[wasm_bindgen_test]
async fn a_promise_that_was_given_up_for_another_is_nobodys() {
    let caller = Caller::new("{}");
    let mut waiter = Waiter::new(caller.request(), fresh_client());
    waiter.await_promise(&value_after(20, &"the one before".into()));
    let value = settled(either(&mut waiter, Some(value_after(60, &"this one".into())), LONG).await);
    assert_eq!(value.unwrap(), "this one");
    waiter.await_promise(&value_after(10, &"forgotten".into()));
    assert!(matches!(either(&mut waiter, None, SHORT).await, Wakeup::Due));
}

/// Where a request owns what it makes, a call has a timer of its own, for as long as it waits.
#[wasm_bindgen_test]
async fn in_the_scope_of_a_request_a_call_looks_by_itself_many_times_a_second() {
    let of_request = || {
        numbered(client(&[f64::NAN; 12].into_iter().chain([1.0]).collect::<Vec<_>>(), 1.0, nobody())).unwrap()
    };
    let caller = Caller::new("{}");
    let mut waiter = Waiter::new(caller.request(), of_request());
    let start = now();
    for _ in 0..3 {
        assert!(matches!(within(2000, waiter.race(now() + LONG, true)).await, Some(Wakeup::Tick)));
    }
    assert_took(start, 57);
    waiter.await_promise(&value_after(5, &"here".into()));
    let happened = loop {
        match again(&mut waiter, LONG).await {
            Wakeup::Tick => {}
            happened => break happened,
        }
    };
    assert_eq!(settled(happened).unwrap(), "here");
}

#[wasm_bindgen_test]
async fn a_promise_that_rejects_after_its_loser_was_dropped_is_no_unhandled_rejection() {
    let unhandled = Unhandled::new();
    let caller = Caller::new("{}");
    let mut waiter = Waiter::new(caller.request(), fresh_client());
    let late = rejection_after(60, &Error::new("late").into());
    assert!(matches!(either(&mut waiter, Some(late), SHORT).await, Wakeup::Due));
    sleep(60).await;
    assert_eq!(unhandled.counted().await, 0.0);
}

#[wasm_bindgen_test]
async fn an_unhandled_rejection_would_be_noticed() {
    let unhandled = Unhandled::new();
    let nobody_waits = Promise::reject(&Error::new("nobody").into());
    sleep(10).await;
    assert_eq!(unhandled.counted().await, 1.0);
    assert!(JsFuture::from(nobody_waits).await.is_err());
}
