//! What the caller's `onEvent` hears while a call is under way.
//!
//! The end of a call is told by the face, which has the error object that the caller gets.

use crate::core::record::Outcome;
use js_sys::Function;
use serde::Serialize;
use wasm_bindgen::JsValue;

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Event<'a> {
    Attempt {
        attempt: u32,
        target: &'a str,
        url: &'a str,
    },
    Response {
        attempt: u32,
        status: u16,
        outcome: &'static str,
    },
    #[serde(rename_all = "camelCase")]
    Wait {
        reason: &'static str,
        ms: f64,
        attempt: u32,
        target: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        estimated_ms: Option<f64>,
    },
    Fallback {
        from: &'a str,
        to: &'a str,
        why: &'static str,
    },
}

pub(super) struct Listener(pub(super) Option<Function>);

impl Listener {
    /// The event is made only if somebody listens.
    pub(super) fn tell<'a>(&self, event: impl FnOnce() -> Event<'a>) {
        if let Some(function) = &self.0 {
            if let Ok(event) = serde_wasm_bindgen::to_value(&event()) {
                // The face's function catches what the caller's throws.
                let _ = function.call1(&JsValue::UNDEFINED, &event);
            }
        }
    }
}

pub(super) const fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ok => "ok",
        Outcome::Failed(code, _) => code.name(),
        Outcome::Aborted => "aborted",
    }
}
