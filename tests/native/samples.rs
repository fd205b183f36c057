//! Every answer that was seen on the wire is classified as it should be: `tests/mock-hf/samples.json`, and the
//! decision table behind the rules.

use crate::read;
use query_with_retry::core::classify::{self, Body, Classification, RetryClass};
use query_with_retry::core::failure::{Code, Layer};
use query_with_retry::core::target::Profile;
use serde_json::{Value, json};

fn samples() -> Vec<Value> {
    let text = include_str!("../mock-hf/samples.json");
    serde_json::from_str(text).expect("samples.json is an array")
}

fn body(sample: &Value) -> Body {
    let text = match &sample["body"] {
        Value::String(text) => text.clone(),
        json => json.to_string(),
    };
    match sample["status"].as_u64() {
        Some(200..=299) => read::of_success(&text, sample["headers"]["content-type"].as_str().unwrap_or("")),
        _ => read::of_error(&text),
    }
}

fn profile(sample: &Value) -> Profile {
    let named = |profile: &Profile| sample["profile"] == profile.name();
    Profile::ALL.into_iter().find(named).expect("a known profile")
}

#[test]
fn every_wire_sample_gets_its_code_and_its_layer() {
    let samples = samples();
    assert!(samples.len() > 80, "{} samples", samples.len());
    let mut wrong = Vec::new();
    for sample in &samples {
        let (name, expect) = (&sample["name"], &sample["expect"]);
        let profile = profile(sample);
        let status = sample["status"].as_u64().expect("a status") as u16;
        let Some(class) = classify::classify(status, profile, &body(sample)) else {
            wrong.push(format!("{name}: taken for an answer"));
            continue;
        };
        let (code, layer) = (class.code.name(), class.layer.name());
        if expect["code"] != code || expect.get("layer").is_some_and(|expected| expected != layer) {
            wrong.push(format!("{name}: {code} of {layer}, expected {expect}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_wire_sample_of_a_fatal_code_is_asked_once_and_every_other_one_again() {
    for sample in &samples() {
        let profile = profile(sample);
        let status = sample["status"].as_u64().expect("a status") as u16;
        if let Some(class) = classify::classify(status, profile, &body(sample)) {
            assert_eq!(class.retry == RetryClass::Never, !class.code.retryable(), "{}", sample["name"]);
        }
    }
}

/// An answer of an engine to a request over this profile.
fn meaning(status: u16, profile: Profile, answer: &Value) -> (Code, Layer, RetryClass) {
    let text = answer.as_str().map_or_else(|| answer.to_string(), Into::into);
    let body =
        if status == 200 { read::of_success(&text, "application/json") } else { read::of_error(&text) };
    let Classification { code, layer, retry } =
        classify::classify(status, profile, &body).expect("no answer to hand over");
    (code, layer, retry)
}

/// The rows of the decision table, in its order.
#[test]
fn each_row_of_the_decision_table_holds() {
    use Code::*;
    use Profile::{Endpoint, HfInference, Legacy, OpenAi, Router};
    use RetryClass::{AfterLoading, Never, Once, Standard};
    let page = json!("<html><head><title>Bad</title></head></html>");
    let oom = json!({"error": "CUDA out of memory. Tried to allocate 2 GiB"});
    for (row, status, profile, answer, code, layer, retry) in [
        ("1 gone", 410, Legacy, json!({"error": "no longer supported"}), Gone, Layer::Client, Never),
        ("2 unauthorized", 401, Router, json!(""), Unauthorized, Layer::Account, Never),
        ("3 forbidden", 403, Router, json!({"error": "gated"}), Forbidden, Layer::Account, Never),
        ("4 credits", 402, Router, json!({"error": "no credits"}), CreditsExhausted, Layer::Account, Never),
        (
            "5 model not supported, by its code",
            400,
            Router,
            json!({"error": {"message": "no", "code": "model_not_supported"}}),
            NotFound,
            Layer::Client,
            Never,
        ),
        (
            "5 model not supported, by its words",
            400,
            Router,
            json!({"error": "Model not supported by provider x"}),
            NotFound,
            Layer::Client,
            Never,
        ),
        ("6 paused", 400, Endpoint, json!("Bad Request: Invalid state"), Paused, Layer::Compute, Never),
        (
            "6 the same words of another host",
            400,
            OpenAi,
            json!({"error": "Invalid state"}),
            BadRequest,
            Layer::Client,
            Never,
        ),
        ("7 out of memory as 400", 400, Endpoint, oom.clone(), EngineFailure, Layer::Compute, Once),
        ("8 400", 400, Endpoint, json!({"error": "no inputs"}), BadRequest, Layer::Client, Never),
        ("8 405", 405, OpenAi, json!(""), BadRequest, Layer::Client, Never),
        ("8 413", 413, OpenAi, json!("length limit exceeded"), TooLarge, Layer::Client, Never),
        ("8 415", 415, OpenAi, json!("Expected json"), BadRequest, Layer::Client, Never),
        (
            "8 422",
            422,
            OpenAi,
            json!({"error": "x", "error_type": "validation"}),
            BadRequest,
            Layer::Client,
            Never,
        ),
        ("9 not found", 404, OpenAi, json!({"error": "no such model"}), NotFound, Layer::Client, Never),
        ("10 408", 408, OpenAi, json!(""), Unavailable, Layer::Gateway, Standard),
        (
            "11 424",
            424,
            OpenAi,
            json!({"error": "x", "error_type": "generation"}),
            EngineFailure,
            Layer::Compute,
            Once,
        ),
        (
            "12 429 of a full server",
            429,
            OpenAi,
            json!({"error": "x", "error_type": "overloaded"}),
            Overloaded,
            Layer::Compute,
            Standard,
        ),
        (
            "13 429 otherwise",
            429,
            Router,
            json!({"error": "Too many requests"}),
            RateLimited,
            Layer::Account,
            Standard,
        ),
        (
            "14 503 with an estimate",
            503,
            Legacy,
            json!({"error": "x", "estimated_time": 20}),
            ModelLoading,
            Layer::Compute,
            AfterLoading,
        ),
        (
            "14 503 that says loading",
            503,
            OpenAi,
            json!({"error": {"message": "Loading model"}}),
            ModelLoading,
            Layer::Compute,
            AfterLoading,
        ),
        ("15 503 of an endpoint", 503, Endpoint, json!(""), ModelLoading, Layer::Compute, AfterLoading),
        (
            "16 503 otherwise",
            503,
            HfInference,
            json!({"error": "Service Unavailable"}),
            Unavailable,
            Layer::Compute,
            Standard,
        ),
        (
            "17 502 of an endpoint",
            502,
            Endpoint,
            json!("bad gateway"),
            ModelLoading,
            Layer::Compute,
            AfterLoading,
        ),
        ("18 502 elsewhere", 502, Router, page.clone(), Unavailable, Layer::Gateway, Standard),
        ("19 504", 504, Router, page.clone(), GatewayTimeout, Layer::Gateway, Once),
        (
            "19 500 of a gateway that gave up",
            500,
            Legacy,
            json!({"error": "Model too busy, unable to get response in less than 60 second(s)"}),
            GatewayTimeout,
            Layer::Gateway,
            Once,
        ),
        ("19 500 time out", 500, Legacy, json!({"error": "time out"}), GatewayTimeout, Layer::Gateway, Once),
        (
            "20 500 with out of memory in its warnings",
            500,
            HfInference,
            json!({"error": "unknown error", "warnings": ["CUDA out of memory"]}),
            EngineFailure,
            Layer::Compute,
            Once,
        ),
        ("21 other 500", 500, OpenAi, json!(""), EngineFailure, Layer::Compute, Standard),
        ("22 200 that is an error", 200, Legacy, oom, EngineFailure, Layer::Compute, Once),
        (
            "22 200 that is loading",
            200,
            Legacy,
            json!({"error": "x", "estimated_time": 7.5}),
            ModelLoading,
            Layer::Compute,
            AfterLoading,
        ),
        (
            "23 the error of a first event",
            200,
            OpenAi,
            json!({"error": "x", "error_type": "overloaded"}),
            Overloaded,
            Layer::Compute,
            Standard,
        ),
        (
            "23 the validation error of a first event",
            200,
            OpenAi,
            json!({"error": "x", "error_type": "validation"}),
            BadRequest,
            Layer::Client,
            Never,
        ),
        ("24 a page instead of JSON", 200, OpenAi, page, BadResponse, Layer::Gateway, Standard),
    ] {
        assert_eq!(meaning(status, profile, &answer), (code, layer, retry), "row {row}");
    }
    let Classification { code, layer, retry } = Classification::NETWORK;
    assert_eq!((code, layer, retry), (Network, Layer::Network, Standard), "row 25 a fetch that throws");
}

#[test]
fn an_answer_that_mentions_an_error_beside_its_result_is_an_answer() {
    for answer in [
        json!({"error": "none", "choices": [{"message": {"content": "x"}}]}),
        json!({"error": null, "message": "hello"}),
        json!({"error": "", "status": "completed"}),
        json!([{"error": "one of many"}, {"generated_text": "x"}]),
        json!({"message": "Model is overloaded"}),
    ] {
        let body = read::of_success(&answer.to_string(), "application/json");
        assert_eq!(classify::classify(200, Profile::OpenAi, &body), None, "{answer}");
    }
    let failed = json!({"object": "response", "status": "failed", "output": [], "error": {"code": "server_error", "message": "no"}});
    assert_eq!(meaning(200, Profile::Router, &failed).0, Code::EngineFailure);
}
