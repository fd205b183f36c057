//! What the face hands in, read by structural getters: a `from_value` of serde-wasm-bindgen
//! would cost as much as all the rest.
//!
//! The face has checked every type before; what is left to check here is what only the core
//! knows: whether times fit together and whether a target can be called.

use crate::core::classify::Body;
use crate::core::hint;
use crate::core::policy::{Given, Hold, Inverted, Policy};
use crate::core::target::{Payload, Profile, Refused, Spec, Target, Url};
use crate::core::time::Duration;
use js_sys::{Array, Function, Promise};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::{AbortSignal, RequestInit, Response};

#[wasm_bindgen]
extern "C" {
    /// `CoreRequest` of `src/ts/core-request.ts`.
    pub type Request;
    #[wasm_bindgen(method, getter)]
    fn targets(this: &Request) -> Array;
    #[wasm_bindgen(method, getter)]
    fn kind(this: &Request) -> String;
    #[wasm_bindgen(method, getter)]
    pub(super) fn signal(this: &Request) -> Option<AbortSignal>;
    #[wasm_bindgen(method, getter)]
    pub(super) fn tell(this: &Request) -> Option<Function>;
    /// Makes what is sent to one target. Rejects with what the caller's token function throws.
    #[wasm_bindgen(method)]
    pub(super) fn outgoing(
        this: &Request,
        target: u32,
        url: &str,
        model: Option<&str>,
        shares: bool,
        hold_header: Option<&str>,
        hold_secs: Option<f64>,
    ) -> Promise;
    /// Reads the body of an answer, keeps its value, tells what the core decides by.
    #[wasm_bindgen(method)]
    pub(super) fn incoming(this: &Request, pieces: &Array, response: &Response, succeeded: bool) -> Facts;
    #[wasm_bindgen(method, getter, js_name = maxRetries)]
    fn max_retries(this: &Request) -> Option<f64>;
    #[wasm_bindgen(method, getter, js_name = maxWaitMs)]
    fn max_wait(this: &Request) -> Option<f64>;
    #[wasm_bindgen(method, getter, js_name = defaultWaitMs)]
    fn default_wait(this: &Request) -> Option<f64>;
    #[wasm_bindgen(method, getter, js_name = holdMs)]
    fn hold(this: &Request) -> Option<f64>;
    #[wasm_bindgen(method, getter, js_name = connectMs)]
    fn connect(this: &Request) -> Option<f64>;
    #[wasm_bindgen(method, getter, js_name = firstByteMs)]
    fn first_byte(this: &Request) -> Option<f64>;
    #[wasm_bindgen(method, getter, js_name = idleMs)]
    fn idle(this: &Request) -> Option<f64>;
    #[wasm_bindgen(method, getter, js_name = attemptMs)]
    fn attempt(this: &Request) -> Option<f64>;
    #[wasm_bindgen(method, getter, js_name = totalMs)]
    fn total(this: &Request) -> Option<f64>;

    /// `CoreTarget` of the same file.
    pub(super) type TargetIn;
    #[wasm_bindgen(method, getter)]
    fn href(this: &TargetIn) -> Option<String>;
    #[wasm_bindgen(method, getter)]
    fn origin(this: &TargetIn) -> Option<String>;
    #[wasm_bindgen(method, getter)]
    fn host(this: &TargetIn) -> Option<String>;
    #[wasm_bindgen(method, getter)]
    fn path(this: &TargetIn) -> Option<String>;
    #[wasm_bindgen(method, getter)]
    fn model(this: &TargetIn) -> Option<String>;
    #[wasm_bindgen(method, getter)]
    fn profile(this: &TargetIn) -> Option<String>;
    #[wasm_bindgen(method, getter)]
    fn shown(this: &TargetIn) -> Option<String>;

    /// `Outgoing` of `src/ts/outgoing.ts`.
    pub(super) type Outgoing;
    #[wasm_bindgen(method, getter)]
    pub(super) fn url(this: &Outgoing) -> String;
    #[wasm_bindgen(method)]
    pub(super) fn init(this: &Outgoing, signal: &AbortSignal, follow: bool) -> RequestInit;
    /// Where a redirect leads, without the credentials if that is another origin.
    #[wasm_bindgen(method)]
    pub(super) fn redirected(this: &Outgoing, response: &Response) -> Option<Outgoing>;

    /// `Facts` of `src/ts/answer.ts`.
    pub(super) type Facts;
    #[wasm_bindgen(method, getter, js_name = ofEngine)]
    fn of_engine(this: &Facts) -> bool;
    #[wasm_bindgen(method, getter)]
    fn unexpected(this: &Facts) -> bool;
    #[wasm_bindgen(method, getter, js_name = isError)]
    fn is_error(this: &Facts) -> bool;
    #[wasm_bindgen(method, getter)]
    fn text(this: &Facts) -> String;
    #[wasm_bindgen(method, getter, js_name = kind)]
    fn error_kind(this: &Facts) -> String;
    #[wasm_bindgen(method, getter)]
    fn estimate(this: &Facts) -> Option<f64>;
}

impl From<Facts> for Body {
    fn from(facts: Facts) -> Self {
        Self {
            of_engine: facts.of_engine(),
            unexpected: facts.unexpected(),
            is_error: facts.is_error(),
            text: facts.text(),
            kind: facts.error_kind(),
            estimate: facts.estimate().and_then(hint::estimate),
        }
    }
}

/// Why a request cannot be run; becomes a `TypeError`.
pub(super) enum Invalid {
    Inverted(Inverted),
    /// The target with this index.
    Refused(usize, Refused),
}

pub(super) fn policy(request: &Request) -> Result<Policy, Invalid> {
    let ms = |value: Option<f64>| value.map(|ms| Duration::from_ms(ms as u64));
    let given = Given {
        max_retries: request.max_retries().map(|count| count as u32),
        max_wait: ms(request.max_wait()),
        default_wait: ms(request.default_wait()),
        // The face writes `true` as infinity.
        hold: request.hold().map(|ms| match ms {
            f64::INFINITY => Hold::AsLongAsItWaits,
            ms => Hold::For(Duration::from_ms(ms as u64)),
        }),
        connect: ms(request.connect()),
        first_byte: ms(request.first_byte()),
        idle: ms(request.idle()),
        attempt: ms(request.attempt()),
        total: ms(request.total()),
    };
    Policy::new(given).map_err(Invalid::Inverted)
}

/// The targets of a call: the one that was asked for, then its fallbacks.
pub(super) fn targets(request: &Request) -> Result<Vec<Target>, Invalid> {
    let payload = match request.kind().as_str() {
        "chat" => Payload::Chat,
        "object" => Payload::Object,
        _ => Payload::Opaque,
    };
    let given = request.targets();
    let resolved = given.iter().enumerate().map(|(index, target)| {
        resolve(&target.unchecked_into(), payload).map_err(|refused| Invalid::Refused(index, refused))
    });
    resolved.collect()
}

fn resolve(target: &TargetIn, payload: Payload) -> Result<Target, Refused> {
    let texts = [target.href(), target.origin(), target.host(), target.path(), target.shown()];
    let url = match &texts {
        [Some(href), Some(origin), Some(host), Some(path), Some(shown)] => {
            Some(Url { href, origin, host, path, shown })
        }
        _ => None,
    };
    let (model, profile) = (target.model(), target.profile());
    let profile = profile.as_deref().and_then(Profile::named);
    Target::resolve(Spec { url, model: model.as_deref(), profile }, payload)
}
