use reqwest::{Method, Response, header::HeaderMap};
use serde_json::{Value, json};

use crate::mock::Mock;

const PAGE: &str = "http://page.example";

async fn preflight(mock: &Mock, wanted: &str) -> Response {
    let request = mock
        .request(Method::OPTIONS, "/m/v1/chat/completions")
        .header("origin", PAGE)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", wanted);
    request.send().await.expect("an answer")
}

async fn answer(mock: &Mock) -> HeaderMap {
    let request = mock.request(Method::GET, "/m").header("origin", PAGE);
    request.send().await.expect("an answer").headers().clone()
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(format!("access-control-{name}"))?;
    Some(value.to_str().expect("text").to_lowercase())
}

#[tokio::test]
async fn each_server_allows_and_exposes_what_the_real_host_does() {
    let both = Some("authorization, content-type");
    let cases: [(Value, &str, Option<&str>, &[&str]); 8] = [
        (json!({"server": "openai"}), PAGE, Some("x-one, x-two"), &["x-request-id"]),
        (json!({"server": "router"}), "*", both, &["x-request-id", "x-error-code"]),
        (json!({"server": "hf-inference"}), "*", both, &["x-compute-type", "x-compute-time"]),
        (json!({"server": "endpoint"}), "*", both, &[]),
        (json!({"server": "tgi"}), "*", Some("content-type"), &[]),
        (json!({"server": "tei"}), "*", Some("content-type"), &[]),
        (json!({"server": "llama.cpp"}), PAGE, Some("*"), &[]),
        (json!({"server": "tgi", "cors": "router"}), "*", both, &["x-request-id"]),
    ];
    for (scenario, origin, allowed, exposed) in cases {
        let mock = Mock::of(scenario.clone()).await;
        let before = preflight(&mock, "x-one, x-two").await;
        assert!(before.status().is_success(), "{scenario}");
        let before = before.headers();
        assert_eq!(text(before, "allow-origin").as_deref(), Some(origin), "{scenario}");
        assert_eq!(text(before, "allow-headers").as_deref(), allowed, "{scenario}");
        let headers = answer(&mock).await;
        assert_eq!(text(&headers, "allow-origin").as_deref(), Some(origin), "{scenario}");
        let names = text(&headers, "expose-headers").unwrap_or_default();
        for name in exposed {
            assert!(names.contains(name), "{scenario}: {names}");
        }
        assert_eq!(names.is_empty(), exposed.is_empty(), "{scenario}: {names}");
    }
}

#[tokio::test]
async fn without_cors_a_page_gets_nothing() {
    let mock = Mock::of(json!({"cors": "none"})).await;
    let before = preflight(&mock, "authorization").await;
    assert!(!before.status().is_success());
    assert_eq!(text(before.headers(), "allow-origin"), None);
    assert_eq!(text(&answer(&mock).await, "allow-origin"), None);
}

#[tokio::test]
async fn a_gateway_error_carries_cors_unless_it_is_off() {
    let then = json!({"sample": "proxy-bad-gateway"});
    let mock = Mock::of(json!({"server": "router", "then": then})).await;
    assert_eq!(text(&answer(&mock).await, "allow-origin").as_deref(), Some("*"));
    let mock = Mock::of(json!({"cors": "none", "then": then})).await;
    assert_eq!(text(&answer(&mock).await, "allow-origin"), None);
}

#[tokio::test]
async fn a_preflight_is_counted_apart_and_takes_no_step_of_the_script() {
    let mock = Mock::of(json!({"cold": {"ms": 60_000}, "script": [{"status": 500}]})).await;
    preflight(&mock, "authorization").await;
    let counters = mock.counters().await;
    assert_eq!(counters["preflights"], 1);
    assert_eq!(counters["requests"], 0);
    assert_eq!(counters["log"], json!([]));
}

#[tokio::test]
async fn ollama_answers_pages_of_this_machine_alone() {
    let mock = Mock::of(json!({"server": "ollama"})).await;
    assert_eq!(text(&answer(&mock).await, "allow-origin"), None);
    let local = "http://localhost:8080";
    let request = mock.request(Method::GET, "/m").header("origin", local);
    let answer = request.send().await.expect("an answer");
    assert_eq!(text(answer.headers(), "allow-origin").as_deref(), Some(local));
}
