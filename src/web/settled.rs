//! How a call ended, as the tuple that the face takes apart: `["ok", data, report]` and so on.

use super::report::{Rows, ms};
use super::request::Invalid;
use js_sys::Array;
use wasm_bindgen::JsValue;

/// `Settled` of `src/ts/core-request.ts`.
pub(super) enum Settled {
    /// With its report; the face has the answer.
    Ok(Rows),
    /// With its report, and what is in the error beside it.
    Failed(Rows, Rows),
    /// With its report: a stream that its reader left has one.
    Aborted(Rows),
    /// What the caller's token function threw, to be thrown on.
    Threw(JsValue),
    Invalid(Invalid),
}

impl From<Settled> for JsValue {
    fn from(settled: Settled) -> Self {
        match settled {
            Settled::Ok(report) => Array::of2(&"ok".into(), &report.to_js()),
            Settled::Failed(report, failed) => Array::of3(&"failed".into(), &report.to_js(), &failed.to_js()),
            Settled::Aborted(report) => Array::of2(&"aborted".into(), &report.to_js()),
            Settled::Threw(error) => Array::of2(&"threw".into(), &error),
            Settled::Invalid(Invalid::Refused(index, refused)) => {
                Array::of3(&"refused".into(), &index.into(), &refused.reason().into())
            }
            Settled::Invalid(Invalid::Inverted(times)) => {
                let parts = Array::of3(&"inverted".into(), &times.inner.into(), &ms(times.inner_is).into());
                parts.push(&times.outer.into());
                parts.push(&ms(times.outer_is).into());
                parts.push(&times.outer_is_default.into());
                parts
            }
        }
        .into()
    }
}
