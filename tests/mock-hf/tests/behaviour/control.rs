use reqwest::Method;
use serde_json::{Value, json};

use crate::mock::Mock;

#[tokio::test]
async fn a_put_tells_the_url_and_makes_the_model_anew() {
    let mock = Mock::of(json!({"then": {"status": 500}})).await;
    assert_eq!(mock.get("/m").await.status(), 500);
    let request = mock.request(Method::PUT, "/_mock/m").json(&json!({}));
    let urls: Value = request.send().await.expect("sent").json().await.expect("JSON");
    assert_eq!(urls["url"], format!("{}/m", mock.running.origin));
    assert_eq!(mock.counters().await["requests"], 0);
    assert_eq!(mock.get("/m").await.status(), 200);
}

#[tokio::test]
async fn models_are_listed_and_removed() {
    let mock = Mock::of(json!({})).await;
    let all: Value = mock.get("/_mock").await.json().await.expect("JSON");
    assert_eq!(all["models"]["m"]["requests"], 0);
    let removed = mock.request(Method::DELETE, "/_mock/m").send().await;
    assert_eq!(removed.expect("an answer").status(), 204);
    assert_eq!(mock.get("/_mock/m").await.status(), 404);
    let gone = mock.get("/m/v1/models").await;
    assert_eq!(gone.status(), 404);
    let body: Value = gone.json().await.expect("JSON");
    let error = body["error"].as_str().expect("a message");
    assert!(error.starts_with("no mock model"), "{error}");
}

#[tokio::test]
async fn a_bad_scenario_is_refused_with_the_name_of_the_field() {
    let mock = Mock::start().await;
    let cases = [
        (json!({"sever": "tgi"}), "sever"),
        (json!({"server": "gpt"}), "server"),
        (json!({"cold": {"ms": "8000"}}), "cold.ms"),
        (json!({"cold": {"millis": 1}}), "millis"),
        (json!({"cold": {}}), "ms"),
        (json!({"cold": {"ms": 1, "sample": "nope"}}), "cold.sample"),
        (json!({"script": [{}, {"stats": 1}]}), "script[1]"),
        (json!({"script": [{"sample": "nope"}]}), "script[0].sample"),
        (json!({"then": {"status": 99}}), "then.status"),
        (json!({"then": {"headers": {"a b": "c"}}}), "then.headers"),
        (json!({"then": {"body": 1, "bodyBytes": 1}}), "bodyBytes"),
        (json!({"then": {"bodyBase64": "%"}}), "then.bodyBase64"),
        (json!({"then": {"fault": {"kind": "boom"}}}), "then.fault.kind"),
        (json!({"healthy": {"fault": {"kind": "drip", "at": "headers"}}}), "healthy.fault.at"),
        (json!({"then": {"fault": {"kind": "reset", "everyMs": 5}}}), "then.fault.everyMs"),
        (json!({"then": {"fault": {"kind": "reset", "at": "headers", "bytes": 5}}}), "then.fault.bytes"),
        (json!({"then": {"fault": {"kind": "end", "at": "accept"}}}), "then.fault.at"),
        (json!({"then": {"fault": {"kind": "end", "everyMs": 5}}}), "then.fault.everyMs"),
        (json!({"then": {"fault": {"kind": "close", "bytes": 1, "events": 1}}}), "bytes and events"),
        (json!({"then": {"fault": {"kind": "stall", "at": "headers", "events": 1}}}), "then.fault.events"),
        (json!({"then": {"inject": {"events": 1}}}), "then.inject"),
        (json!({"then": {"inject": {"text": "x", "base64": ""}}}), "then.inject"),
        (json!({"then": {"inject": {"base64": "%"}}}), "then.inject.base64"),
        (json!({"then": {"inject": {"txt": "x"}}}), "txt"),
        (json!({"stream": {"quirks": ["bom", "lf"]}}), "`lf`"),
        (json!({"stream": {"quirks": ["bom", "lf"]}}), "stream.quirks[1]"),
        (json!({"stream": {"quirks": ["cr", "crlf"]}}), "stream.quirks"),
        (json!({"stream": {"tokens": -1}}), "stream.tokens"),
        (json!({"stream": {"tokensPerSecond": 0}}), "stream.tokensPerSecond"),
        (json!({"stream": {"pace": 1}}), "pace"),
        (json!({"slots": 0}), "slots"),
        (json!({"latencyMs": -1}), "latencyMs"),
        (json!({"cors": "all"}), "cors"),
    ];
    for (scenario, field) in cases {
        let request = mock.request(Method::PUT, "/_mock/m").json(&scenario);
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 400, "{scenario}");
        let body: Value = answer.json().await.expect("JSON");
        let error = body["error"].as_str().expect("a message");
        assert!(error.contains(field), "{scenario}: {error}");
    }
    assert_eq!(mock.get("/_mock/m").await.status(), 404);
}

#[tokio::test]
async fn a_key_is_of_small_letters_digits_and_dashes() {
    let mock = Mock::start().await;
    for key in ["Model", "a_b", "samples"] {
        let request = mock.request(Method::PUT, &format!("/_mock/{key}"));
        let answer = request.json(&json!({})).send().await.expect("an answer");
        assert!(answer.status().is_client_error(), "{key}");
    }
}

#[tokio::test]
async fn a_page_of_any_origin_may_use_the_control_routes() {
    let mock = Mock::of(json!({})).await;
    let preflight = mock
        .request(Method::OPTIONS, "/_mock/m")
        .header("origin", "http://page.example")
        .header("access-control-request-method", "PUT")
        .header("access-control-request-headers", "content-type");
    let answer = preflight.send().await.expect("an answer");
    assert!(answer.status().is_success());
    let allowed = |name: &str| answer.headers()[name].to_str().expect("text").to_owned();
    assert_eq!(allowed("access-control-allow-origin"), "*");
    assert_eq!(allowed("access-control-allow-headers"), "content-type");
    let methods = allowed("access-control-allow-methods");
    assert!(methods.contains("PUT") && methods.contains("DELETE"), "{methods}");
    for path in ["/_mock", "/_mock/samples", "/_mock/m", "/_mock/none"] {
        let headers = mock.get(path).await.headers().clone();
        assert_eq!(headers["access-control-allow-origin"], "*", "{path}");
    }
}
