//! The loop of one call. It does what the core says, and tells the core what happened. Nothing else awaits.

use super::attempt::{Attempt, Step};
use super::bindings::Request;
use super::client::Client;
use super::clock;
use super::input;
use super::origins;
use super::report::{self, ms, outcome};
use super::scope::Scope;
use super::wait::{Waiter, Wakeup};
use crate::core::admission::Event;
use crate::core::admission::fleet::{Mode, SLOW};
use crate::core::call::{Action, Call, Input, Status};
use crate::core::record::WaitReason;
use crate::core::time::{Duration, Instant};
use js_sys::Math;
use std::rc::Rc;
use wasm_bindgen::JsValue;

/// How long a server has to close an answer after its last word. A connection that was closed properly can serve the
/// next call.
const LINGER: Duration = Duration::from_ms(500);

/// A call and what it holds. Dropping it gives everything back, whether the call ended, threw, or belonged to a
/// request in a Worker that is over.
struct Driven {
    client: Rc<Client>,
    call: Option<Call>,
    /// The slots of its targets in the client.
    retained: Vec<usize>,
}

impl Drop for Driven {
    fn drop(&mut self) {
        if let Some(call) = &mut self.call {
            self.client.abandon(call);
        }
        for target in &self.retained {
            self.client.release(*target);
        }
    }
}

/// Runs a call to its end, under this number in its client, and tells the request how it ended.
pub(super) async fn drive(client: Rc<Client>, request: &Request, id: u32) {
    let mut waiter = Waiter::registered(request, client.clone(), id);
    let mut driven = Driven { client: client.clone(), call: None, retained: Vec::new() };
    let retain = |target, origin| {
        client.retain(target, origin);
        driven.retained.push(target);
    };
    let (policy, targets) = match (input::policy(request), input::targets(request, retain)) {
        (Ok(policy), Ok(targets)) => (policy, targets),
        (Err(invalid), _) | (_, Err(invalid)) => return invalid.tell(request),
    };
    let seed = (Math::random() * (1_u64 << 53) as f64) as u64;
    let began = clock::now() - Duration::from_ms(request.spent_ms() as u64);
    let call = driven.call.insert(Call::new(policy, targets, seed, began, waiter.id));
    // Dropping the attempt stops it.
    let mut attempt = None;
    let mut wakes = clock::now();
    let mut parked = false;
    let mut waits_for_network = false;
    let mut told = None;
    let sole_timer = client.scope() == Scope::Process;
    let mut action = handle(&client, call, clock::now(), Input::Start, request);
    let (how, failure) = loop {
        let mut step = match &action {
            Action::Send(send) => {
                if let Some(why) = send.falls_back {
                    request.tell_fallback(send.target as u32, why as u8);
                }
                told = None;
                let attempt = attempt.insert(Attempt::new(request, send));
                if request.offline() { Step::Happened(Input::Offline) } else { attempt.start(send) }
            }
            Action::Read { limit } => attempt.as_mut().map_or(Step::LOST, |attempt| attempt.read(*limit)),
            Action::Stream => {
                let began = call.record().began();
                attempt.as_mut().map_or(Step::LOST, |attempt| attempt.stream(began))
            }
            Action::Wait(wait) | Action::Park(wait) => {
                let made = call.record().attempts().len() as u32;
                let estimate = wait.estimate.map_or(f64::NAN, ms);
                (attempt, wakes, parked) = (None, wait.until, matches!(action, Action::Park(_)));
                waits_for_network = parked && wait.reason == WaitReason::Offline;
                let (reason, target) = (wait.reason as u8, call.target() as u32);
                let (mut span, mut status) = (ms(wait.span), None);
                // A call that was woken and waits on has nothing new to say. For the network it listens anew.
                let what = Some((reason, target, parked));
                let is_told = told == what && !waits_for_network;
                told = what;
                // When to ask for the status of the cold target that the call waits for.
                let mut asking = call.asking();
                if let Some(asked) = asking {
                    let now = clock::now();
                    if asked.next > now {
                        wakes = asked.next;
                    } else {
                        status = request.look(target);
                        asking = asking.filter(|_| status.is_some());
                    }
                }
                if let Some(asked) = asking {
                    span += ms(asked.latest.since(wait.until));
                }
                if !is_told {
                    request.tell_wait(reason, span, parked || status.is_some(), made, target, estimate);
                }
                waiter.forget_promise();
                status.map_or(Step::KeepWaiting, |status| Step::Await(status.into()))
            }
            Action::Deliver => break (0, JsValue::UNDEFINED),
            Action::Fail(failure) => break (1, report::failed(failure).to_js()),
            Action::Abandon => break (2, JsValue::UNDEFINED),
        };
        let input = loop {
            match step {
                Step::Await(promise) => waiter.await_promise(&promise),
                Step::KeepWaiting => {}
                Step::Happened(input) => break input,
                Step::Threw(error) => {
                    client.abandon(call);
                    return request.settle(3, &error, &JsValue::UNDEFINED);
                }
            }
            let until = attempt.as_mut().map_or(wakes, |attempt| attempt.until(sole_timer));
            let wakeup = waiter.race(until, parked && attempt.is_none()).await;
            if attempt.as_mut().is_some_and(Attempt::newly_reached) {
                handle(&client, call, clock::now(), Input::Reached, request);
            }
            step = match (wakeup, &mut attempt) {
                (Wakeup::Aborted, _) => Step::Happened(Input::Aborted),
                (Wakeup::Settled(settled), Some(attempt)) => attempt.on_settled(settled),
                (Wakeup::Due, Some(attempt)) => attempt.on_due(),
                (Wakeup::Tick, _) => {
                    client.tick(call);
                    Step::KeepWaiting
                }
                (Wakeup::Settled(_), None) => {
                    let status = Status::ALL.get(request.model_says() as usize);
                    Step::Happened(Input::Status(status.copied().unwrap_or_default()))
                }
                (_, None) if waits_for_network && !request.offline() => Step::Happened(Input::Online),
                (_, None) if parked && !waits_for_network && request.offline() => {
                    Step::Happened(Input::Offline)
                }
                (_, None) => Step::Happened(Input::Woke),
            };
            if let Some(attempt) = &mut attempt {
                if let Some(begun) = attempt.newly_begun() {
                    handle(&client, call, begun, Input::Begun, request);
                }
                if let Some(away) = attempt.newly_held_up() {
                    handle(&client, call, clock::now(), Input::HeldUp { away }, request);
                }
            }
        };
        let before = call.record().attempts().len();
        action = handle(&client, call, clock::now(), input, request);
        if let Some(ended) = call.record().attempts().get(before)
            && let Some(status) = ended.status
        {
            request.tell_response(before as u32 + 1, status, outcome(ended.outcome));
        }
    };
    if let Some(attempt) = &attempt {
        attempt.flush();
    }
    if let Some(slot) = driven.retained.get(call.target()).filter(|_| how < 2) {
        waiter.forget_promise();
        let until = clock::now() + SLOW;
        while clock::now() < until && client.holds(id, *slot, how == 1) {
            if let Wakeup::Aborted = waiter.race(until, true).await {
                break;
            }
        }
    }
    let report = if how == 0 && request.quiet() {
        JsValue::UNDEFINED
    } else {
        report::report(call, clock::now()).to_js()
    };
    request.settle(how, &report, &failure);
    drop(driven); // before the rest of the answer is waited for, which concerns no other call
    if let Some(attempt) = attempt.as_mut().filter(|_| action == Action::Deliver) {
        waiter.forget_promise();
        let rest = request.rest();
        if let Some(rest) = &rest {
            waiter.await_promise(rest);
        }
        if rest.is_none() || waiter.settles_by(clock::now() + LINGER).await {
            attempt.finish();
        }
    }
}

/// Hands an input to the call. The request is told what the client has learned.
fn handle(client: &Rc<Client>, call: &mut Call, now: Instant, input: Input, request: &Request) -> Action {
    let action = client.handle(call, now, input);
    while let Some(event) = client.next_event() {
        match event {
            Event::Breaker { target, state } => request.tell_breaker(target as u32, state as u8),
            Event::Alert { target } => request.tell_alert(target as u32),
            Event::Fleet { mode, .. } => request.tell_fleet(mode == Mode::Shared),
        }
    }
    origins::find_out(request);
    action
}
