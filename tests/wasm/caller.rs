//! A request as the TypeScript side makes it, in small: it keeps what it is told.

use super::timing::within;
use crate::web::bindings::{Carrier, Request};
use crate::web::client::{Client, numbered};
use crate::web::{client, query, wake};
use js_sys::{Array, Promise};
use std::rc::Rc;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen(module = "/tests/wasm/caller.js")]
extern "C" {
    pub(super) type Caller;
    /// What differs from a call with every default, as JSON.
    #[wasm_bindgen(constructor)]
    fn make(given: &str) -> Caller;
    /// By which it wakes its call: [`wake`].
    #[wasm_bindgen(method, setter)]
    fn set_wake(this: &Caller, wake: &JsValue);
    #[wasm_bindgen(method)]
    pub(super) fn aborts(this: &Caller);
    #[wasm_bindgen(method, js_name = abortsAfter)]
    pub(super) fn aborts_after(this: &Caller, ms: u32);
    #[wasm_bindgen(method, setter)]
    pub(super) fn set_aborted(this: &Caller, flag: bool);
    #[wasm_bindgen(method, setter)]
    pub(super) fn set_token(this: &Caller, token: &JsValue);
    /// How long its reader asks for nothing, after the first piece of a stream that has begun, after
    /// the second, and so on.
    #[wasm_bindgen(method, setter)]
    fn set_away(this: &Caller, spans: &Array);
    /// Whether the decoder of the newest stream still takes anything.
    #[wasm_bindgen(method)]
    pub(super) fn feeds(this: &Caller) -> bool;
    /// The newest response.
    #[wasm_bindgen(method, getter)]
    pub(super) fn answer(this: &Caller) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn settled(this: &Caller) -> Promise;
    #[wasm_bindgen(method, getter)]
    fn told(this: &Caller) -> Array;
    #[wasm_bindgen(method, getter)]
    fn located(this: &Caller) -> Array;
    #[wasm_bindgen(method, getter)]
    fn landings(this: &Caller) -> Array;
    #[wasm_bindgen(method, getter)]
    fn bodies(this: &Caller) -> Array;
    #[wasm_bindgen(method, getter)]
    fn holds(this: &Caller) -> Array;
    #[wasm_bindgen(method, getter)]
    fn streams(this: &Caller) -> Array;
    #[wasm_bindgen(method, getter)]
    fn said(this: &Caller) -> Array;
    #[wasm_bindgen(method, getter)]
    fn texts(this: &Caller) -> Array;
    #[wasm_bindgen(method, getter)]
    fn begins(this: &Caller) -> Array;
}

/// A client that no other call shares.
/// A client of no fleet has nothing to carry.
pub(super) fn nobody() -> Carrier {
    JsValue::UNDEFINED.unchecked_into()
}

pub(super) fn fresh_client() -> Rc<Client> {
    numbered(client(&[], 1.0, nobody())).unwrap()
}

/// The things that a [`Caller`] keeps.
pub(super) enum Kept {
    Told,
    Located,
    Landings,
    Bodies,
    Holds,
    /// Of a stream, and of whatever else is stopped.
    Streams,
    /// Of a stream, its text.
    Texts,
    /// The words of failures.
    Said,
}

impl Caller {
    pub(super) fn new(given: &str) -> Self {
        let caller = Self::make(given);
        let wake: Box<dyn FnMut(u32, u32, bool)> = Box::new(wake);
        caller.set_wake(&Closure::wrap(wake).into_js_value());
        caller
    }

    pub(super) fn request(&self) -> &Request {
        self.unchecked_ref()
    }

    pub(super) fn kept(&self, which: Kept) -> Vec<String> {
        let lines = match which {
            Kept::Told => self.told(),
            Kept::Located => self.located(),
            Kept::Landings => self.landings(),
            Kept::Bodies => self.bodies(),
            Kept::Holds => self.holds(),
            Kept::Streams => self.streams(),
            Kept::Texts => self.texts(),
            Kept::Said => self.said(),
        };
        lines.iter().map(|line| line.as_string().unwrap()).collect()
    }

    /// When the stream began, of each time that it was told.
    pub(super) fn began(&self) -> Vec<f64> {
        self.begins().iter().map(|ms| ms.as_f64().unwrap()).collect()
    }

    pub(super) fn goes_away(&self, spans: &[u32]) {
        self.set_away(&spans.iter().copied().map(JsValue::from).collect());
    }

    pub(super) fn starts(&self) {
        self.starts_at(client(&[], 1.0, nobody()));
    }

    /// As a call of this client.
    pub(super) fn starts_at(&self, client: u32) {
        query(client, JsValue::from(self).unchecked_into());
    }

    /// How the call ended.
    pub(super) async fn ends(&self) -> End {
        let settled = within(8000, JsFuture::from(self.settled())).await;
        End(settled.expect("the call ends").unwrap().unchecked_into())
    }

    pub(super) async fn runs(&self) -> End {
        self.starts();
        self.ends().await
    }
}

/// `Settled` of `src/ts/wasm/protocol.ts` in words; or "refused" or "inverted", and why.
pub(super) struct End(Array);

impl End {
    pub(super) fn how(&self) -> String {
        self.0.get(0).as_string().unwrap()
    }

    pub(super) fn part(&self, index: u32) -> JsValue {
        self.0.get(index)
    }

    pub(super) fn report(&self) -> Rows {
        Rows::read(&self.part(1))
    }

    /// Of a call that failed.
    pub(super) fn failure(&self) -> Rows {
        assert_eq!(self.how(), "failed");
        Rows::read(&self.part(2))
    }
}

/// A `Row` of the same file, what has a name in words.
pub(super) struct Rows {
    pub(super) numbers: Vec<f64>,
    pub(super) texts: Vec<String>,
}

impl Rows {
    fn read(rows: &JsValue) -> Self {
        let row = |index| Array::from(&rows.unchecked_ref::<Array>().get(index));
        Self {
            numbers: row(0).iter().map(|number| number.as_f64().unwrap()).collect(),
            texts: row(1).iter().map(|text| text.as_string().unwrap()).collect(),
        }
    }

    pub(super) fn texts(&self) -> Vec<&str> {
        self.texts.iter().map(String::as_str).collect()
    }
}
