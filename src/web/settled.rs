//! How a call ended, as the tuple that the face takes apart: `["ok", data, report]` and so on.

use super::request::Invalid;
use js_sys::Array;
use serde::Serialize;
use wasm_bindgen::JsValue;

pub(super) enum Settled {
    Ok(JsValue, JsValue),
    /// The data of a `QueryError`.
    Failed(JsValue),
    /// The caller's reason, and the report of what was done until then.
    Aborted(JsValue),
    /// Thrown on as it is: by the caller's own token function.
    Threw(JsValue),
    /// The message of a `TypeError`.
    Invalid(String),
}

impl From<Settled> for JsValue {
    fn from(settled: Settled) -> Self {
        match settled {
            Settled::Ok(data, report) => Array::of3(&"ok".into(), &data, &report),
            Settled::Failed(failure) => Array::of2(&"failed".into(), &failure),
            Settled::Aborted(reason) => Array::of2(&"threw".into(), &reason),
            Settled::Threw(error) => Array::of2(&"threw".into(), &error),
            Settled::Invalid(message) => Array::of2(&"invalid".into(), &message.into()),
        }
        .into()
    }
}

impl From<Invalid> for Settled {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(invalid.0)
    }
}

/// Plain data always has a JavaScript form.
pub(super) fn to_js(value: &impl Serialize) -> JsValue {
    serde_wasm_bindgen::to_value(value).unwrap_or_default()
}
