//! One attempt, led by hand.

use super::caller::{Caller, fresh_client};
use super::timing::within;
use crate::core::call::{Input, Send};
use crate::core::deadline::Clocks;
use crate::core::target::Profile;
use crate::core::time::Duration;
use crate::web::attempt::{Attempt as Inner, Step};
use crate::web::clock::now;
use crate::web::wait::{Waiter, Wakeup};
use wasm_bindgen::JsValue;

/// A minute for everything.
pub(super) fn patient() -> Clocks {
    let minute = Duration::from_secs(60);
    Clocks {
        probe: None,
        connect: None,
        first_byte: None,
        idle: minute,
        attempt: now() + minute,
        total: now() + minute,
    }
}

/// Dropping it drops the attempt inside.
pub(super) struct Attempt<'a> {
    send: Send,
    waiter: Waiter<'a>,
    inner: Inner<'a>,
}

impl<'a> Attempt<'a> {
    pub(super) fn new(caller: &'a Caller, clocks: Clocks) -> Self {
        let send =
            Send { attempt: 1, target: 0, profile: Profile::OpenAi, clocks, hold: None, falls_back: None };
        let inner = Inner::new(caller.request(), &send);
        Self { send, waiter: Waiter::new(caller.request(), fresh_client()), inner }
    }

    pub(super) async fn departs(&mut self) -> Input {
        let step = self.inner.start(&self.send);
        self.happens(step).await.expect("a token")
    }

    /// What the caller's token function throws.
    pub(super) async fn throws(&mut self) -> JsValue {
        let step = self.inner.start(&self.send);
        self.happens(step).await.expect_err("no token")
    }

    pub(super) async fn reads(&mut self, limit: Option<u32>) -> Input {
        let step = self.inner.read(limit);
        self.happens(step).await.unwrap()
    }

    pub(super) async fn streams(&mut self) -> Input {
        let step = self.inner.stream(now());
        self.happens(step).await.unwrap()
    }

    /// Awaits as `drive` does, for 3 s at most.
    async fn happens(&mut self, mut step: Step) -> Result<Input, JsValue> {
        loop {
            match step {
                Step::Await(promise) => self.waiter.await_promise(&promise),
                Step::KeepWaiting => {}
                Step::Happened(input) => return Ok(input),
                Step::Threw(error) => return Err(error),
            }
            let wait = self.waiter.race(self.inner.until(true), false);
            step = match within(3000, wait).await.expect("the attempt goes on") {
                Wakeup::Settled(settled) => self.inner.on_settled(settled),
                Wakeup::Due => self.inner.on_due(),
                Wakeup::Tick => Step::KeepWaiting,
                Wakeup::Aborted => return Ok(Input::Aborted),
            };
        }
    }
}

/// The status of an answer that has come.
pub(super) fn status(input: Input) -> u16 {
    match input {
        Input::Head(head) => head.status,
        other => panic!("a head was expected, not {other:?}"),
    }
}
