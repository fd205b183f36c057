//! Targets as callers, and users of callers, may write them.

use super::{PROFILES, config};
use proptest::prelude::*;
use query_with_retry::core::target::{Payload, Profile, Refused, Route, Spec, Url};

const ROUTER: &str = "https://router.huggingface.co";

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => proptest::sample::select(vec![
            "org", "/", "name", ":", "groq", "..", ".", "-", "_", "%2e", "%2F", "?", "#", "@", "\\", "\n", " ",
            "\u{e9}", "\0", "hf-inference", ":fastest", "https:", "evil.example", "a", "7",
        ])
        .prop_map(String::from),
        1 => any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(piece, 0..7).prop_map(|pieces| pieces.concat())
}

fn payload() -> impl Strategy<Value = Payload> {
    proptest::sample::select(vec![Payload::Chat, Payload::Object, Payload::Opaque])
}

fn profile() -> impl Strategy<Value = Option<Profile>> {
    proptest::option::of(proptest::sample::select(PROFILES.to_vec()))
}

proptest! {
    #![proptest_config(config())]

    /// A model id, whatever is in it, leads to the router and to a path of plain words there, or
    /// nowhere.
    #[test]
    fn a_model_id_never_leaves_the_router(model in text(), profile in profile(), payload in payload()) {
        let spec = Spec { url: None, model: Some(&model), profile };
        if let Ok(route) = Route::resolve(spec, payload) {
            prop_assert_eq!(&route.origin, ROUTER);
            let path = route.url.strip_prefix(ROUTER).and_then(|path| path.strip_prefix('/'));
            let plain = |word: &str| {
                !matches!(word, "" | "." | "..")
                    && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
            };
            prop_assert!(path.is_some_and(|path| path.split('/').all(plain)), "{}", route.url);
            let body = route.model.as_deref();
            prop_assert!(body.is_none_or(|id| model.starts_with(id)), "{:?}", body);
            prop_assert!(body.is_none() || payload == Payload::Chat);
            prop_assert!(matches!(route.profile, Profile::Router | Profile::HfInference));
        }
    }

    /// A URL is called as it stands, whatever else is said; and a token is shared with its own
    /// origin.
    #[test]
    fn a_url_is_called_as_it_stands(
        origin in text(),
        path in text(),
        model in proptest::option::of(text()),
        profile in profile(),
        payload in payload(),
    ) {
        let spec = Spec { url: Some(Url { origin: &origin, path: &path }), model: model.as_deref(), profile };
        match Route::resolve(spec, payload) {
            Ok(route) => {
                prop_assert_eq!(&route.url, &format!("{origin}{path}"));
                prop_assert_eq!(&route.origin, &origin);
                prop_assert_eq!(&route.model, &model);
                prop_assert!(profile.is_none_or(|profile| profile == route.profile));
                prop_assert!(route.shares_credentials(&route));
            }
            Err(why) => {
                prop_assert_eq!(why, Refused::ModelNeedsObject);
                prop_assert!(model.is_some() && payload == Payload::Opaque);
            }
        }
    }

    /// A token of Hugging Face goes to no other host, however alike it looks.
    #[test]
    fn a_token_of_hugging_face_stays_there(host in text(), path in text()) {
        let resolve = |spec| Route::resolve(spec, Payload::Chat);
        let router = resolve(Spec { model: Some("org/name"), ..Spec::default() });
        let origin = format!("https://{host}");
        let other = resolve(Spec { url: Some(Url { origin: &origin, path: &path }), ..Spec::default() });
        if let (Ok(router), Ok(other)) = (router, other) {
            prop_assert!(!router.shares_credentials(&other), "{}", other.origin);
        }
    }
}
