//! The TypeScript side names by position what the core reports by number: `src/ts/wasm/enums.ts` has the same order.

use query_with_retry::core::failure::{Code, Layer, Phase};
use query_with_retry::core::record::WaitReason;
use query_with_retry::core::target::Profile;

const NAMES: &str = include_str!("../../src/ts/wasm/enums.ts");
const WORDS: &str = include_str!("../../www/words.js");
const HINTS: &str = include_str!("../../src/ts/errors/hints.ts");

/// The texts of the array with this name.
fn array(name: &str) -> Vec<&'static str> {
    let line = NAMES.lines().find(|line| line.starts_with(&format!("export const {name}:")));
    let (_, texts) = line.and_then(|line| line.split_once("= [")).expect("an array on one line");
    texts.trim_end_matches("];").split(", ").map(|text| text.trim_matches('"')).collect()
}

/// That the names are those of these values, in their order, with none left over.
#[track_caller]
fn agree<T: Copy>(names: &[&str], values: &[T], told: impl Fn(T) -> (usize, &'static str)) {
    let numbered: Vec<_> = names.iter().copied().enumerate().collect();
    assert_eq!(values.iter().map(|value| told(*value)).collect::<Vec<_>>(), numbered);
}

#[test]
fn codes_stand_in_the_order_of_the_core() {
    // The hints of a timeout's phases follow.
    let (hints, _) = HINTS.split_once("} satisfies").expect("the end of the hints");
    let keys = hints.lines().filter_map(|line| line.trim().split_once(": \"").map(|(key, _)| key));
    let codes = [
        Code::ModelLoading,
        Code::RateLimited,
        Code::Overloaded,
        Code::Unavailable,
        Code::GatewayTimeout,
        Code::Timeout,
        Code::Network,
        Code::EngineFailure,
        Code::StreamTruncated,
        Code::StreamError,
        Code::BadResponse,
        Code::CircuitOpen,
        Code::QueueFull,
        Code::BadRequest,
        Code::TooLarge,
        Code::Unauthorized,
        Code::Forbidden,
        Code::CreditsExhausted,
        Code::NotFound,
        Code::Gone,
        Code::Paused,
    ];
    agree(&keys.collect::<Vec<_>>(), &codes, |code| (code as usize, code.name()));
}

#[test]
fn layers_phases_and_reasons_stand_in_the_order_of_the_core() {
    let layers = [Layer::Client, Layer::Network, Layer::Gateway, Layer::Compute, Layer::Account];
    agree(&array("layers"), &layers, |layer| (layer as usize, layer.name()));
    let phases = [
        Phase::Queue,
        Phase::Wait,
        Phase::Connect,
        Phase::FirstByte,
        Phase::Idle,
        Phase::Attempt,
        Phase::Total,
    ];
    agree(&array("phases"), &phases, |phase| (phase as usize, phase.name()));
    agree(&array("reasons"), &WaitReason::ALL, |reason| (reason as usize, reason.name()));
}

#[test]
fn profiles_stand_in_the_order_of_the_core() {
    agree(&array("profiles"), &Profile::ALL, |profile| (profile as usize, profile.name()));
}

/// The object with this name in the words of the demo page.
fn words(name: &str) -> &'static str {
    let (_, rest) = WORDS.split_once(&format!("export const {name} = {{\n")).expect("an object");
    rest.split_once("\n};").expect("its end").0
}

#[test]
fn the_demo_page_has_words_for_every_wait() {
    for reason in WaitReason::ALL {
        for object in ["REASONS", "WAITING"] {
            assert!(
                words(object).contains(&format!("  {}: \"", reason.name())),
                "{object}: {}",
                reason.name()
            );
        }
    }
}
