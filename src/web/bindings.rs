//! The foreign functions: the methods of the objects that the TypeScript side hands in, and the clock of the platform.
//!
//! Structural getters read these objects. A `from_value` of serde-wasm-bindgen would cost as much as everything else
//! together.

use js_sys::{Function, Promise};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Response;

#[wasm_bindgen]
extern "C" {
    /// `Carrier` of `src/ts/wasm/protocol.ts`.
    pub type Carrier;
    /// Takes a message about the target to the engine. An empty `next` is none.
    #[wasm_bindgen(method)]
    pub(super) fn carry(this: &Carrier, target: u32, ticket: u32, expected: &str, next: &str);
    /// `CoreRequest` of `src/ts/wasm/protocol.ts`.
    pub type Request;
    /// 0 is a chat, 1 another object, 2 neither.
    #[wasm_bindgen(method, getter)]
    pub(super) fn kind(this: &Request) -> u32;
    /// The number of targets: the one that the caller asked for, then its fallbacks.
    #[wasm_bindgen(method, getter)]
    pub(super) fn targets(this: &Request) -> u32;
    /// A part of a target: 0 origin, 1 path, 2 model. An empty text is absent.
    #[wasm_bindgen(method)]
    pub(super) fn part(this: &Request, target: u32, part: u32) -> String;
    /// The position in `Profile::ALL`. A position beyond it means that the caller gave no profile.
    #[wasm_bindgen(method)]
    pub(super) fn profile(this: &Request, target: u32) -> u32;
    /// An option of the call, in the order of `input::policy`. NaN means absent, because an `Option` would cross
    /// through memory.
    #[wasm_bindgen(method)]
    pub(super) fn number(this: &Request, which: u32) -> f64;
    /// Tells the request which numbers wake the call.
    #[wasm_bindgen(method)]
    pub(super) fn sits(this: &Request, client: u32, seat: u32);
    /// The promise that the call waits for from now on.
    #[wasm_bindgen(method)]
    pub(super) fn awaits(this: &Request, promise: &JsValue);
    /// What has happened. 1: the caller has aborted, or the call cannot go on. 2: the promise was fulfilled. 3: it was
    /// rejected.
    #[wasm_bindgen(method)]
    pub(super) fn news(this: &Request) -> u32;
    /// The value or the error of the settled promise.
    #[wasm_bindgen(method)]
    pub(super) fn value(this: &Request) -> JsValue;
    /// The call has ended unseen, and nothing waits for it any more.
    #[wasm_bindgen(method)]
    pub(super) fn vanish(this: &Request);
    #[wasm_bindgen(method, js_name = tellAttempt)]
    pub(super) fn tell_attempt(this: &Request, attempt: u32, target: u32);
    #[wasm_bindgen(method, js_name = tellResponse)]
    pub(super) fn tell_response(this: &Request, attempt: u32, status: u16, outcome: u8);
    /// `up_to`: something else may end the wait sooner.
    #[wasm_bindgen(method, js_name = tellWait)]
    pub(super) fn tell_wait(
        this: &Request,
        reason: u8,
        ms: f64,
        up_to: bool,
        attempt: u32,
        target: u32,
        estimate: f64,
    );
    /// The call moves on to target `to`.
    #[wasm_bindgen(method, js_name = tellFallback)]
    pub(super) fn tell_fallback(this: &Request, to: u32, why: u8);
    /// `shared` is the slot of a target in the client. The state is 0 closed, 1 open, 2 half-open.
    #[wasm_bindgen(method, js_name = tellBreaker)]
    pub(super) fn tell_breaker(this: &Request, shared: u32, state: u8);
    #[wasm_bindgen(method, js_name = tellAlert)]
    pub(super) fn tell_alert(this: &Request, shared: u32);
    /// What is known of the target is shared with other clients from now on, or is not.
    #[wasm_bindgen(method, js_name = tellFleet)]
    pub(super) fn tell_fleet(this: &Request, is_shared: bool);
    /// The call is over. 0: it has an answer, with the report. 1: it failed, with the report and the failure. 2: it
    /// was aborted, with the report. 3: with what was thrown.
    #[wasm_bindgen(method)]
    pub(super) fn settle(this: &Request, how: u8, first: &JsValue, second: &JsValue);
    /// The call is over before it began, because this target cannot be called.
    #[wasm_bindgen(method)]
    pub(super) fn refused(this: &Request, target: u32, why: &str);
    /// The call is over before it began, because one time does not fit into another.
    #[wasm_bindgen(method)]
    pub(super) fn inverted(
        this: &Request,
        inner: &str,
        inner_ms: f64,
        outer: &str,
        outer_ms: f64,
        outer_is_default: bool,
    );
    /// The status of what `fetch` returned. Throws if that is no response.
    #[wasm_bindgen(method, catch)]
    pub(super) fn status(this: &Request, response: &Response) -> Result<u16, JsValue>;
    /// The request that follows a redirect, if it is followed. Throws where `fetch` would fail.
    #[wasm_bindgen(method, catch)]
    pub(super) fn onward(this: &Request, response: &Response) -> Result<Option<Outgoing>, JsValue>;
    /// A response has come. The request notes what only the report needs. Returns bits. 1: it is the stream that the
    /// caller asked for. 2: its headers say how long to wait.
    #[wasm_bindgen(method, catch)]
    pub(super) fn landed(this: &Request, attempt: u32, response: &Response) -> Result<u32, JsValue>;
    #[wasm_bindgen(method, catch)]
    pub(super) fn header(this: &Request, response: &Response, name: &str) -> Result<Option<String>, JsValue>;
    /// The headers that say whether and when to retry, each as a line `name: value`.
    #[wasm_bindgen(method, catch)]
    pub(super) fn hints(this: &Request, response: &Response) -> Result<String, JsValue>;
    /// Frees the connection of a response that is not read.
    #[wasm_bindgen(method)]
    pub(super) fn discard(this: &Request, response: &Response);
    /// The slot of a target in the client.
    #[wasm_bindgen(method)]
    pub(super) fn shared(this: &Request, target: u32) -> u32;
    /// Sets the address of the target with this index, and whether the token and the headers of the call may go there.
    /// An empty model means that there is none.
    #[wasm_bindgen(method)]
    pub(super) fn locate(this: &Request, target: u32, url: &str, model: &str, shares: bool, profile: u8);
    /// The position of the profile, if the call has one target and that was resolved before. Otherwise below zero.
    #[wasm_bindgen(method, getter)]
    pub(super) fn known(this: &Request) -> i32;
    /// How long the call had taken before it entered the core, in ms.
    #[wasm_bindgen(method, getter, js_name = spentMs)]
    pub(super) fn spent_ms(this: &Request) -> f64;
    /// The caller set none of the options of `input::policy`.
    #[wasm_bindgen(method, getter)]
    pub(super) fn usual(this: &Request) -> bool;
    /// The number of the API key of the request. Requests with the same key have the same number.
    #[wasm_bindgen(method, getter)]
    pub(super) fn key(this: &Request) -> u32;
    /// Makes the request to one target. Empty texts and NaN mean absent. Returns a promise if a token has to be
    /// fetched. The promise rejects with the error of the caller's token function.
    #[wasm_bindgen(method)]
    pub(super) fn prepare(this: &Request, target: u32, hold_header: &str, hold_secs: f64) -> Option<Promise>;
    /// The request that `prepare` made.
    #[wasm_bindgen(method, getter)]
    pub(super) fn leg(this: &Request) -> Outgoing;
    /// How the caller wants the answer. 0: by its type. 1: as JSON. 2: as text or bytes. 3: as it came. 4: as it came,
    /// for a GET.
    #[wasm_bindgen(method, getter)]
    pub(super) fn wanted(this: &Request) -> u32;
    /// The stream is passed on as it came.
    #[wasm_bindgen(method, getter)]
    pub(super) fn passes(this: &Request) -> bool;
    /// Reads the body to its end or its limit, feeds it to the reader until the reader wants no more, and keeps its
    /// value. The promise rejects if the body breaks off. It is fulfilled with a text that says why the host could
    /// not read the body, if so.
    #[wasm_bindgen(method)]
    pub(super) fn read(this: &Request, response: &Response, limit: f64, feed: &Function) -> Promise;
    /// Feeds a body to the decoder, piece by piece, as fast as its reader asks for events. The promise settles at its
    /// end.
    #[wasm_bindgen(method)]
    pub(super) fn stream(this: &Request, response: &Response, feed: &Function) -> Promise;
    /// The server's own words about a failure, and the status that the body names, or 0.
    #[wasm_bindgen(method)]
    pub(super) fn says(this: &Request, detail: &[u8], status: u16, is_error: bool);
    /// The data of `count` events, separated by commas, and text. If they are not empty, the host makes a view of
    /// memory for each. That takes a fiftieth of the time that an event takes.
    #[wasm_bindgen(method)]
    pub(super) fn events(this: &Request, data: Option<&[u8]>, count: u32, text: Option<&[u8]>);
    /// The first event is handed over, this long after the beginning of the call.
    #[wasm_bindgen(method)]
    pub(super) fn begin(this: &Request, ms: f64);
    /// `fetch` has rejected with this error, or a body has broken off: the reason, as its position in `Lost`. A
    /// position beyond it means that the platform will never send such a request.
    #[wasm_bindgen(method)]
    pub(super) fn lost(this: &Request, error: &JsValue) -> u32;
    /// Reads and drops what follows the end of the answer in a stream. Returns a promise for the end of the body, if it
    /// has not come yet.
    #[wasm_bindgen(method)]
    pub(super) fn rest(this: &Request) -> Option<Promise>;
    /// Asks the origin whether it is there, because no headers have come for long. Does nothing if the origin was asked
    /// within the last minute.
    #[wasm_bindgen(method)]
    pub(super) fn probe(this: &Request);
    /// The origin was seen to answer within the last minute.
    #[wasm_bindgen(method, getter)]
    pub(super) fn reached(this: &Request) -> bool;
    /// Stops the request, or the reading of its body.
    #[wasm_bindgen(method)]
    pub(super) fn stop(this: &Request);
    /// The progress of the body that is being read.
    #[wasm_bindgen(method)]
    pub(super) fn body(this: &Request) -> Option<Reading>;
    /// Asks the server of the last request for the status of its model, if there is a cheap way to.
    #[wasm_bindgen(method)]
    pub(super) fn look(this: &Request, target: u32) -> Option<Promise>;
    /// What the status said, as its position in `Status`.
    #[wasm_bindgen(method, getter, js_name = modelSays)]
    pub(super) fn model_says(this: &Request) -> u32;
    /// The platform says that there is no network, or the page has been left.
    #[wasm_bindgen(method, getter)]
    pub(super) fn offline(this: &Request) -> bool;
    /// The page is hidden, and its timers are late.
    #[wasm_bindgen(method, getter)]
    pub(super) fn hidden(this: &Request) -> bool;
    /// Twice the number of a target's origin, and one more if that speaks HTTP/1.1 without doubt; below zero if the
    /// platform has many connections.
    #[wasm_bindgen(method)]
    pub(super) fn connects(this: &Request, target: u32) -> i32;
    /// The protocol of an origin: 1, HTTP/1.1; 2, another one; 3, being tried out now; 0, unknown.
    #[wasm_bindgen(method)]
    pub(super) fn speaks(this: &Request, origin: u32) -> u32;
    /// The caller does not want the report of a success.
    #[wasm_bindgen(method, getter)]
    pub(super) fn quiet(this: &Request) -> bool;
    #[wasm_bindgen(method, getter)]
    pub(super) fn streamed(this: &Request) -> bool;

    /// `BodyProgress` of `src/ts/wasm/protocol.ts`.
    pub(super) type Reading;
    #[wasm_bindgen(method, getter, js_name = quietSince)]
    pub(super) fn quiet_since(this: &Reading) -> f64;
    #[wasm_bindgen(method, getter)]
    pub(super) fn heard(this: &Reading) -> bool;
    #[wasm_bindgen(method, getter, js_name = awayMs)]
    pub(super) fn away_ms(this: &Reading) -> f64;

    /// `Outgoing` of `src/ts/wasm/protocol.ts`.
    pub(super) type Outgoing;
    #[cfg(feature = "panic-on-purpose")]
    #[wasm_bindgen(method, getter)]
    pub(super) fn url(this: &Outgoing) -> String;
    /// The result of `fetch`, which is not always a promise.
    #[wasm_bindgen(method, catch)]
    pub(super) fn send(this: &Outgoing) -> Result<JsValue, JsValue>;

    /// Monotonic, unlike `Date`. In Workers it advances only after IO, which a sleep is.
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    pub(super) fn performance_now() -> f64;
}

impl Request {
    /// Another handle of the same object.
    pub(super) fn again(&self) -> Self {
        self.unchecked_ref::<JsValue>().clone().unchecked_into()
    }
}
