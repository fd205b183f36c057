use super::*;

fn json(text: &str) -> Body {
    Body { of_engine: true, is_error: true, text: text.to_ascii_lowercase().into(), ..Body::default() }
}

fn code(status: u16, profile: Profile, body: &Body) -> Code {
    classify(status, profile, body).unwrap().code
}

#[test]
fn the_two_kinds_of_429() {
    let full = Body { kind: "overloaded".into(), ..json("Model is overloaded") };
    let asked_too_fast = json("Rate limit reached. You reached free usage limit (reset hourly).");
    let class = classify(429, Profile::OpenAi, &full).unwrap();
    assert_eq!((class.code, class.layer), (Code::Overloaded, Layer::Compute));
    let class = classify(429, Profile::Router, &asked_too_fast).unwrap();
    assert_eq!((class.code, class.layer), (Code::RateLimited, Layer::Account));
}

#[test]
fn a_400_that_is_an_out_of_memory_is_the_models_and_tried_once_more() {
    let class =
        classify(400, Profile::Endpoint, &json("CUDA out of memory. Tried to allocate 2 GiB")).unwrap();
    assert_eq!(
        (class.code, class.layer, class.retry),
        (Code::EngineFailure, Layer::Compute, RetryClass::Once)
    );
    assert_eq!(code(400, Profile::Endpoint, &json("missing inputs")), Code::BadRequest);
}

#[test]
fn a_200_that_holds_an_error_goes_by_its_words() {
    for (text, expected) in [
        ("Model x is currently loading", Code::ModelLoading),
        ("Model is overloaded", Code::Overloaded),
        ("CUDA out of memory", Code::EngineFailure),
        ("Request timed out", Code::GatewayTimeout),
        ("Rate limit reached", Code::RateLimited),
        ("Input validation error: too long", Code::BadRequest),
        ("Model not supported by provider x", Code::NotFound),
        ("something else", Code::EngineFailure),
    ] {
        assert_eq!(code(200, Profile::OpenAi, &json(text)), expected, "{text}");
    }
    let estimate = Body { estimate: Some(Duration::from_secs(5)), ..json("wait") };
    assert_eq!(code(200, Profile::OpenAi, &estimate), Code::ModelLoading);
}

#[test]
fn a_200_that_is_no_answer_is_a_bad_response() {
    let page = Body { unexpected: true, ..Body::default() };
    let class = classify(200, Profile::OpenAi, &page).unwrap();
    assert_eq!((class.code, class.layer), (Code::BadResponse, Layer::Gateway));
    let broken = Body { of_engine: true, unexpected: true, ..Body::default() };
    assert_eq!(classify(200, Profile::OpenAi, &broken).unwrap().layer, Layer::Compute);
    assert_eq!(classify(200, Profile::OpenAi, &Body { of_engine: true, ..Body::default() }), None);
}

#[test]
fn any_503_or_502_of_an_endpoint_is_a_scale_up_and_elsewhere_it_is_not() {
    for of_engine in [false, true] {
        let body = Body { of_engine, ..Body::default() };
        for status in [502, 503] {
            assert_eq!(code(status, Profile::Endpoint, &body), Code::ModelLoading);
            assert_eq!(code(status, Profile::OpenAi, &body), Code::Unavailable);
        }
    }
    let full = Body { text: "queue full or timeout".into(), ..Body::default() };
    assert_eq!(code(503, Profile::Endpoint, &full), Code::Overloaded);
}

#[test]
fn pages_of_proxies_are_the_gateways() {
    let page = Body { text: "502 bad gateway".into(), ..Body::default() };
    for status in [502, 503, 504, 520, 522, 524] {
        assert_eq!(classify(status, Profile::OpenAi, &page).unwrap().layer, Layer::Gateway, "{status}");
    }
    assert_eq!(classify(503, Profile::OpenAi, &json("no replica")).unwrap().layer, Layer::Compute);
    assert_eq!(code(504, Profile::OpenAi, &page), Code::GatewayTimeout);
    assert_eq!(code(524, Profile::OpenAi, &page), Code::GatewayTimeout);
}

#[test]
fn every_status_has_a_meaning_and_every_fatal_one_is_asked_once() {
    for status in 0..=999 {
        for profile in
            [Profile::Router, Profile::HfInference, Profile::Endpoint, Profile::OpenAi, Profile::Legacy]
        {
            let class = classify(status, profile, &Body::default());
            assert_eq!(class.is_none(), (200..300).contains(&status));
            if let Some(class) = class {
                assert_eq!(
                    class.retry != RetryClass::Never,
                    class.code.retryable() && !matches!(status, 300..=399 | 501 | 505),
                    "{status}"
                );
            }
        }
    }
    for status in [400, 401, 402, 403, 404, 405, 410, 413, 415, 422] {
        assert_eq!(
            classify(status, Profile::Router, &json("no")).unwrap().retry,
            RetryClass::Never,
            "{status}"
        );
    }
}

#[test]
fn a_model_that_failed_to_load_is_not_waited_for() {
    assert_eq!(code(503, Profile::OpenAi, &json("Error loading model: file not found")), Code::Unavailable);
    assert_eq!(code(200, Profile::OpenAi, &json("failed loading image")), Code::EngineFailure);
    assert_eq!(code(503, Profile::OpenAi, &json("Loading model")), Code::ModelLoading);
}

#[test]
fn what_breaks_within_a_second_has_not_been_worked_on_and_what_breaks_later_may_be_done() {
    for (ms, retry) in [(1_000, RetryClass::Standard), (1_001, RetryClass::Once)] {
        for class in [Classification::NETWORK, Classification::TRUNCATED] {
            assert_eq!(class.after(Duration::from_ms(ms), false).retry, retry, "{ms}");
        }
    }
}

#[test]
fn a_424_counts_as_the_status_that_it_names_only_if_that_is_an_error_of_the_request() {
    let named = |status, own| {
        let body = Body { status: Some(own), ..json("the model said no") };
        classify(status, Profile::OpenAi, &body).unwrap()
    };
    assert_eq!(named(424, 404).code, Code::NotFound);
    assert_eq!((named(424, 500).code, named(424, 500).retry), (Code::EngineFailure, RetryClass::Once));
    assert_eq!(named(503, 404).code, Code::Unavailable);
}

#[test]
fn a_request_that_is_refused_because_of_load_is_overloaded_whatever_the_status() {
    for status in [422, 429, 503] {
        assert_eq!(code(status, Profile::OpenAi, &json("server busy")), Code::Overloaded, "{status}");
    }
    assert_eq!(code(422, Profile::OpenAi, &json("no such field")), Code::BadRequest);
    assert_eq!(code(498, Profile::OpenAi, &json("flex tier has no room")), Code::Overloaded);
    assert_eq!(code(498, Profile::OpenAi, &json("blocked by policy")), Code::BadRequest);
}

#[test]
fn an_empty_502_comes_from_a_gateway_whose_engine_is_not_there() {
    let class = |status, body: &Body| classify(status, Profile::OpenAi, body).unwrap();
    let is_closed = |class: Classification| matches!(class.retry, RetryClass::AfterOpening { .. });
    assert!(is_closed(class(502, &Body::default())));
    assert!(!is_closed(class(502, &Body { of_engine: true, ..Body::default() })));
    assert!(!is_closed(class(502, &Body { text: "oops".into(), ..Body::default() })));
    // Cloudflare: the tunnel is down, or something else.
    let of_gateway = |text: &str| Body { text: text.into(), ..Body::default() };
    assert!(is_closed(class(530, &of_gateway("error code: 1033"))));
    assert!(!is_closed(class(530, &of_gateway("error code: 1016"))));
}

#[test]
fn a_status_that_only_gateways_have_is_the_gateways_whoever_wrote_the_body() {
    let class = classify(520, Profile::OpenAi, &json("something else")).unwrap();
    assert_eq!((class.code, class.layer), (Code::Unavailable, Layer::Gateway));
}

#[test]
fn a_request_is_too_large_if_it_asks_for_more_than_the_whole_limit() {
    for (requested, expected) in [(6_001, Code::TooLarge), (6_000, Code::RateLimited)] {
        let words = format!("rate limit reached: limit 6000, used 0, requested {requested}");
        assert_eq!(code(429, Profile::OpenAi, &json(&words)), expected, "{requested}");
    }
}
