//! Globals that a test takes the place of, and gives back.

use js_sys::Reflect;
use wasm_bindgen::JsValue;

/// The bindings look their globals up at each call, so a test may stand in for them.
pub(super) struct Replaced {
    name: &'static str,
    original: JsValue,
}

impl Replaced {
    pub(super) fn global(name: &'static str, by: &JsValue) -> Self {
        let original = Reflect::get(&js_sys::global(), &name.into()).unwrap();
        Reflect::set(&js_sys::global(), &name.into(), by).unwrap();
        Self { name, original }
    }
}

impl Drop for Replaced {
    fn drop(&mut self) {
        Reflect::set(&js_sys::global(), &self.name.into(), &self.original).unwrap();
    }
}
