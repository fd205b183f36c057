//! A network that answers from a script.

use super::globals::Replaced;
use js_sys::{Array, Reflect, Uint8Array};
use std::ops::Deref;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{AbortSignal, ReadableStream, Response};

#[wasm_bindgen(module = "/tests/wasm/network.js")]
extern "C" {
    pub(super) type Body;
    #[wasm_bindgen(constructor)]
    fn new(pieces: &Array, ending: &str, every_ms: u32) -> Body;
    #[wasm_bindgen(method, getter)]
    pub(super) fn stream(this: &Body) -> ReadableStream;
    #[wasm_bindgen(method, getter)]
    pub(super) fn pulls(this: &Body) -> u32;
    #[wasm_bindgen(method, getter)]
    pub(super) fn cancelled(this: &Body) -> bool;

    #[wasm_bindgen(js_name = response)]
    fn response_of(status: u16, headers: &Array, body: &JsValue) -> Response;
    pub(super) fn opaque() -> Response;

    pub(super) type Script;
    #[wasm_bindgen(constructor)]
    fn new() -> Script;
    #[wasm_bindgen(method, getter)]
    fn fetch(this: &Script) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn requests(this: &Script) -> Array;
    #[wasm_bindgen(method)]
    pub(super) fn answers(this: &Script, response: &Response);
    #[wasm_bindgen(method)]
    pub(super) fn rejects(this: &Script);
    #[wasm_bindgen(method)]
    pub(super) fn throws(this: &Script);
    #[wasm_bindgen(method, js_name = answersAtOnce)]
    pub(super) fn answers_at_once(this: &Script, response: &Response);
    #[wasm_bindgen(method)]
    pub(super) fn stalls(this: &Script);

    pub(super) type Asked;
    #[wasm_bindgen(method, getter)]
    pub(super) fn url(this: &Asked) -> String;
    #[wasm_bindgen(method, getter)]
    pub(super) fn redirect(this: &Asked) -> String;
    #[wasm_bindgen(method, getter)]
    pub(super) fn signal(this: &Asked) -> AbortSignal;
}

/// The page's `fetch` while this lives.
pub(super) struct Network {
    script: Script,
    _fetch: Replaced,
}

impl Network {
    pub(super) fn new() -> Self {
        let script = Script::new();
        let fetch = Replaced::global("fetch", &script.fetch());
        Self { script, _fetch: fetch }
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.requests().iter().map(JsCast::unchecked_into).collect()
    }

    pub(super) fn urls(&self) -> Vec<String> {
        self.asked().iter().map(Asked::url).collect()
    }

    pub(super) fn answers_with(&self, status: u16, headers: &[(&str, &str)], body: &str) {
        self.answers(&response(status, headers, &body.into()));
    }
}

impl Deref for Network {
    type Target = Script;
    fn deref(&self) -> &Script {
        &self.script
    }
}

#[derive(Clone, Copy)]
pub(super) enum Ending {
    Closes,
    Stalls,
    Breaks,
    /// The first piece, again and again.
    Endless,
}

pub(super) fn body(pieces: &[&[u8]], ending: Ending) -> Body {
    slow_body(pieces, ending, 0)
}

pub(super) fn slow_body(pieces: &[&[u8]], ending: Ending, every_ms: u32) -> Body {
    let pieces: Array = pieces.iter().map(|piece| JsValue::from(Uint8Array::from(*piece))).collect();
    let ending = match ending {
        Ending::Closes => "close",
        Ending::Stalls => "stall",
        Ending::Breaks => "error",
        Ending::Endless => "endless",
    };
    Body::new(&pieces, ending, every_ms)
}

pub(super) fn response(status: u16, headers: &[(&str, &str)], body: &JsValue) -> Response {
    let pair = |(name, value): &(&str, &str)| Array::of2(&(*name).into(), &(*value).into());
    response_of(status, &headers.iter().map(pair).collect(), body)
}

pub(super) fn redirect(status: u16, to: &str) -> Response {
    response(status, &[("location", to)], &JsValue::NULL)
}

pub(super) fn aborted(signal: &AbortSignal) -> bool {
    Reflect::get(signal, &"aborted".into()).unwrap().is_truthy()
}
