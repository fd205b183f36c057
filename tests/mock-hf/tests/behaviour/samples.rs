use std::collections::HashSet;

use mock_hf::samples;
use serde_json::{Value, json};

use crate::mock::Mock;

const CODES: [&str; 15] = [
    "model_loading",
    "rate_limited",
    "overloaded",
    "unavailable",
    "gateway_timeout",
    "engine_failure",
    "bad_response",
    "bad_request",
    "too_large",
    "unauthorized",
    "forbidden",
    "credits_exhausted",
    "not_found",
    "gone",
    "paused",
];
const LAYERS: [&str; 5] = ["client", "network", "gateway", "compute", "account"];

#[test]
fn every_sample_expects_a_code_and_a_layer_that_exist() {
    let mut seen = HashSet::new();
    for sample in samples() {
        let code = sample.expect.code.as_str();
        assert!(CODES.contains(&code), "{}: {code}", sample.name);
        if let Some(layer) = &sample.expect.layer {
            assert!(LAYERS.contains(&layer.as_str()), "{}: {layer}", sample.name);
        }
        seen.insert(code);
    }
    let unseen: Vec<_> = CODES.iter().filter(|code| !seen.contains(**code)).collect();
    assert!(unseen.is_empty(), "no sample of {unseen:?}");
}

#[test]
fn every_sample_has_a_name_of_its_own() {
    let mut names = HashSet::new();
    for sample in samples() {
        assert!(names.insert(&sample.name), "{} twice", sample.name);
    }
}

#[test]
fn the_same_status_means_the_opposite_somewhere() {
    let code = |name: &str| {
        let sample = samples().iter().find(|sample| sample.name == name);
        sample.map(|sample| (sample.status, sample.expect.code.as_str()))
    };
    assert_eq!(code("toolkit-oom"), Some((400, "engine_failure")));
    assert_eq!(code("pipelines-error"), Some((400, "bad_request")));
    assert_eq!(code("endpoint-paused"), Some((400, "paused")));
    assert_eq!(code("endpoint-queue-full"), Some((503, "overloaded")));
    assert_eq!(code("legacy-unavailable"), Some((503, "unavailable")));
    assert_eq!(code("llamacpp-loading"), Some((503, "model_loading")));
}

#[tokio::test]
async fn every_sample_goes_over_the_wire_as_it_is_written() {
    let mock = Mock::start().await;
    for sample in samples() {
        mock.put(&json!({"then": {"sample": sample.name}})).await;
        let answer = mock.get("/m").await;
        assert_eq!(answer.status(), sample.status, "{}", sample.name);
        for (name, value) in &sample.headers {
            assert_eq!(answer.headers()[name], value, "{}", sample.name);
        }
        let typed = answer.headers().contains_key("content-type");
        assert_eq!(typed, sample.headers.contains_key("content-type"));
        let body = answer.text().await.expect("text");
        let expected = match &sample.body {
            Value::String(text) => text.clone(),
            json => json.to_string(),
        };
        assert_eq!(body, expected, "{}", sample.name);
    }
}

#[tokio::test]
async fn the_samples_are_listed() {
    let listed: Value = Mock::start().await.get("/_mock/samples").await.json().await.expect("JSON");
    let listed = listed["samples"].as_array().expect("a list");
    assert_eq!(listed.len(), samples().len());
    let legacy = listed.iter().find(|sample| sample["name"] == "legacy-loading");
    let legacy = legacy.expect("the best-known one");
    assert_eq!(legacy["status"], 503);
    assert_eq!(legacy["body"]["estimated_time"], 20.0);
}
