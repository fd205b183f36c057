//! The origins with few connections, for all clients: see [`connections`](crate::core::admission::connections).

use super::bindings::Request;
use super::client;
use super::clock;
use crate::core::admission::connections::{Known, Origin};
use std::cell::RefCell;
use std::rc::Rc;

thread_local! {
    /// By their numbers in `src/ts/http/connections.ts`.
    static ORIGINS: RefCell<Vec<Rc<Origin>>> = const { RefCell::new(Vec::new()) };
}

/// The origin with this number, in the form of [`Request::connects`].
pub(super) fn numbered(number: usize) -> Rc<Origin> {
    let (number, speaks_http1) = (number / 2, number % 2 == 1);
    let origin = ORIGINS.with_borrow_mut(|origins| {
        if origins.len() <= number {
            origins.resize_with(number + 1, Rc::default);
        }
        origins.get(number).cloned().unwrap_or_default()
    });
    if speaks_http1 {
        origin.learn(Known::Few);
    }
    origin
}

/// Connections are few only in a page.
pub(super) fn is_page() -> bool {
    ORIGINS.with_borrow(|origins| !origins.is_empty())
}

fn at(number: usize) -> Option<Rc<Origin>> {
    ORIGINS.with_borrow(|origins| origins.get(number).cloned())
}

/// Tells the clients that wait for a connection which is free now. Must not be called while the state of a client is
/// borrowed.
pub(super) fn pass_on() {
    let mut number = 0;
    while let Some(origin) = at(number) {
        let now = clock::now();
        while let Some(waiting) = origin.next(now) {
            if let Some(client) = client::numbered(waiting.client) {
                client.connect(now, waiting.target);
            }
        }
        number += 1;
    }
}

/// If a call had to wait for a connection, finds out whether the origin really has few of them.
pub(super) fn find_out(request: &Request) {
    let mut number = 0;
    while let Some(origin) = at(number) {
        if origin.wants_protocol() {
            match request.speaks(number as u32) {
                1 => origin.learn(Known::Few),
                2 => origin.learn(Known::Many),
                3 => origin.learn(Known::Tried),
                _ => {}
            }
            pass_on();
        }
        number += 1;
    }
}

/// The request beside as many connections as a page may have was answered while so many requests waited for the
/// platform. None, if it was not answered.
pub(super) fn tried(number: usize, waiting: u32) {
    if let Some(origin) = at(number) {
        origin.tried(waiting);
        pass_on();
    }
}
