//! Calls that never start: how the TypeScript side is told why.

use super::caller::Caller;
use crate::core::policy::Inverted;
use crate::core::target::Refused;
use crate::core::time::Duration;
use crate::web::input::Invalid;
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

#[wasm_bindgen_test]
async fn a_refusal_has_the_index_of_the_target_and_the_reason() {
    for why in [
        Refused::NeitherUrlNorModel,
        Refused::BadModelId,
        Refused::NeedsUrl,
        Refused::ProviderNeedsChat,
        Refused::ModelNeedsObject,
    ] {
        let caller = Caller::new("{}");
        Invalid::Refused(2, why).tell(caller.request());
        let end = caller.ends().await;
        assert_eq!(end.how(), "refused");
        assert_eq!([end.part(1), end.part(2)], [2.into(), JsValue::from(why.reason())]);
    }
}

#[wasm_bindgen_test]
async fn contradicting_times_are_two_names_two_values_and_whether_the_outer_is_the_default() {
    let times = Inverted {
        inner: "inner",
        inner_is: Duration::from_ms(9),
        outer: "outer",
        outer_is: Duration::from_ms(5),
        outer_is_default: true,
    };
    let caller = Caller::new("{}");
    Invalid::Inverted(times).tell(caller.request());
    let end = caller.ends().await;
    assert_eq!(end.how(), "inverted");
    let parts: Vec<JsValue> = (1..=5).map(|index| end.part(index)).collect();
    assert_eq!(parts, ["inner".into(), 9.into(), "outer".into(), 5.into(), JsValue::TRUE]);
}
