//! Calls to Hugging Face and OpenAI-compatible inference that survive cold starts, overload and
//! timeouts. [`core`] decides; `web`, on the wasm target alone, acts.

pub mod core;
#[cfg(target_arch = "wasm32")]
mod web;
