//! What the face hands in, read by structural getters: a `from_value` of serde-wasm-bindgen
//! would cost as much as all the rest.
//!
//! The face has checked every type before; what is left to check here is what only the core
//! knows: whether times fit together and whether a target can be called.

use crate::core::policy::{Given, Hold, Inverted, Policy};
use crate::core::target::{Payload, Profile, Refused, Spec, Target, Url};
use crate::core::time::Duration;
use js_sys::{Array, Function, JsString};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::AbortSignal;

#[wasm_bindgen]
extern "C" {
    /// `CoreRequest` of `src/ts/core-request.ts`.
    pub type Request;
    #[wasm_bindgen(method, getter)]
    fn targets(this: &Request) -> Array;
    #[wasm_bindgen(method, getter)]
    pub(super) fn headers(this: &Request) -> Array;
    #[wasm_bindgen(method, getter)]
    pub(super) fn token(this: &Request) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn kind(this: &Request) -> String;
    #[wasm_bindgen(method, getter)]
    pub(super) fn body(this: &Request) -> JsValue;
    #[wasm_bindgen(method, getter, js_name = bodyRest)]
    pub(super) fn body_rest(this: &Request) -> JsString;
    #[wasm_bindgen(method, getter)]
    pub(super) fn response(this: &Request) -> String;
    #[wasm_bindgen(method, getter)]
    pub(super) fn signal(this: &Request) -> Option<AbortSignal>;
    #[wasm_bindgen(method, getter)]
    pub(super) fn tell(this: &Request) -> Option<Function>;
    #[wasm_bindgen(method, getter, js_name = maxRetries)]
    fn max_retries(this: &Request) -> Option<f64>;
    #[wasm_bindgen(method, getter, js_name = maxWaitMs)]
    fn max_wait(this: &Request) -> Option<f64>;
    #[wasm_bindgen(method, getter, js_name = defaultWaitMs)]
    fn default_wait(this: &Request) -> Option<f64>;
    #[wasm_bindgen(method, getter)]
    fn hold(this: &Request) -> JsValue;
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
    #[wasm_bindgen(method, getter, js_name = headers)]
    pub(super) fn own_headers(this: &TargetIn) -> Array;
    #[wasm_bindgen(method, getter, js_name = token)]
    pub(super) fn own_token(this: &TargetIn) -> JsValue;
}

/// Why a request cannot be run; becomes a `TypeError`.
pub(super) struct Invalid(pub(super) String);

pub(super) fn policy(request: &Request) -> Result<Policy, Invalid> {
    let ms = |value: Option<f64>| value.map(|ms| Duration::from_ms(ms as u64));
    let hold = request.hold();
    let hold = match (hold.as_bool(), hold.as_f64()) {
        (Some(true), _) => Some(Hold::AsLongAsItWaits),
        (_, Some(hold)) => Some(Hold::For(Duration::from_ms(hold as u64))),
        _ => None,
    };
    let given = Given {
        max_retries: request.max_retries().map(|count| count as u32),
        max_wait: ms(request.max_wait()),
        default_wait: ms(request.default_wait()),
        hold,
        connect: ms(request.connect()),
        first_byte: ms(request.first_byte()),
        idle: ms(request.idle()),
        attempt: ms(request.attempt()),
        total: ms(request.total()),
    };
    Policy::new(given).map_err(inverted)
}

fn inverted(times: Inverted) -> Invalid {
    let (inner, outer) = (times.inner_is.as_ms().to_string(), times.outer_is.as_ms().to_string());
    let (note, remedy) = if times.outer_is_default { (", its default", ": raise it") } else { ("", "") };
    let parts = [times.inner, " (", &inner, ") is above ", times.outer, " (", &outer, note, ")", remedy];
    Invalid(parts.concat())
}

/// The targets of a call, each with what the caller gave for it alone.
pub(super) fn targets(request: &Request) -> Result<(Vec<Target>, Vec<TargetIn>), Invalid> {
    let payload = match request.kind().as_str() {
        "chat" => Payload::Chat,
        "object" => Payload::Object,
        _ => Payload::Opaque,
    };
    let given: Vec<TargetIn> = request.targets().iter().map(JsCast::unchecked_into).collect();
    let mut targets = Vec::with_capacity(given.len());
    for (index, target) in given.iter().enumerate() {
        let resolved = resolve(target, payload).map_err(|refused| {
            let option = if index == 0 { "target" } else { "fallback" };
            let named = target.model().or_else(|| target.href()).unwrap_or_default();
            Invalid([option, " \"", &named, "\" ", refused.reason()].concat())
        });
        targets.push(resolved?);
    }
    Ok((targets, given))
}

fn resolve(target: &TargetIn, payload: Payload) -> Result<Target, Refused> {
    let (href, origin, host, path) = (target.href(), target.origin(), target.host(), target.path());
    let (model, profile) = (target.model(), target.profile());
    let url = match (&href, &origin, &host, &path) {
        (Some(href), Some(origin), Some(host), Some(path)) => Some(Url { href, origin, host, path }),
        _ => None,
    };
    let profile = profile.as_deref().and_then(Profile::named);
    Target::resolve(Spec { url, model: model.as_deref(), profile }, payload)
}
