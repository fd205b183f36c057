//! The tuples by which a call ends, as `Settled` of `src/ts/core-request.ts` has them.

use crate::core::policy::Inverted;
use crate::core::target::Refused;
use crate::core::time::Duration;
use crate::web::report::Rows;
use crate::web::request::Invalid;
use crate::web::settled::Settled;
use js_sys::{Array, JSON};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

fn json(settled: Settled) -> String {
    JSON::stringify(&settled.into()).unwrap().into()
}

#[wasm_bindgen_test]
fn rows_are_two_arrays_even_when_they_are_empty() {
    assert_eq!(json(Settled::Ok(Rows::default())), r#"["ok",[[],[]]]"#);
    assert_eq!(json(Settled::Failed(Rows::default(), Rows::default())), r#"["failed",[[],[]],[[],[]]]"#);
}

#[wasm_bindgen_test]
fn an_abort_has_its_report() {
    assert_eq!(json(Settled::Aborted(Rows::default())), r#"["aborted",[[],[]]]"#);
}

#[wasm_bindgen_test]
fn what_was_thrown_is_passed_on_and_not_copied() {
    let thrown = JsValue::from(js_sys::Object::new());
    let settled: Array = Array::from(&Settled::Threw(thrown.clone()).into());
    assert_eq!(settled.get(0), "threw");
    assert!(js_sys::Object::is(&settled.get(1), &thrown));
}

#[wasm_bindgen_test]
fn a_refusal_has_the_index_of_the_target_and_the_reason() {
    for why in [
        Refused::NeitherUrlNorModel,
        Refused::BadModelId,
        Refused::NeedsUrl,
        Refused::ProviderNeedsChat,
        Refused::ModelNeedsObject,
    ] {
        let settled: Array = Array::from(&Settled::Invalid(Invalid::Refused(2, why)).into());
        let parts: Vec<JsValue> = settled.iter().collect();
        assert_eq!(parts, [JsValue::from("refused"), 2.into(), why.reason().into()]);
    }
}

#[wasm_bindgen_test]
fn contradicting_times_are_two_names_two_values_and_whether_the_outer_is_the_default() {
    let times = Inverted {
        inner: "inner",
        inner_is: Duration::from_ms(9),
        outer: "outer",
        outer_is: Duration::from_ms(5),
        outer_is_default: true,
    };
    assert_eq!(json(Settled::Invalid(Invalid::Inverted(times))), r#"["inverted","inner",9,"outer",5,true]"#);
}
