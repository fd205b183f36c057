use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::mock::{Mock, PROMPTLY, chat};

async fn cold(server: &str) -> Mock {
    Mock::of(json!({"server": server, "cold": {"ms": 400, "says": 20.0}})).await
}

#[tokio::test]
async fn a_cold_model_loads_from_its_first_request_on_and_then_is_warm() {
    let mock = cold("hf-inference").await;
    sleep(Duration::from_millis(450)).await;
    let path = "/hf-inference/models/org/name";
    let ask = json!({"inputs": "hello"});
    let answer = mock.ask(path, &ask).await;
    assert_eq!(answer.status(), 503);
    let body: Value = answer.json().await.expect("JSON");
    assert_eq!(body, json!({"error": "Model org/name is currently loading", "estimated_time": 20.0}));
    sleep(Duration::from_millis(100)).await;
    assert_eq!(mock.ask(path, &ask).await.status(), 503);
    sleep(Duration::from_millis(350)).await;
    assert_eq!(mock.ask(path, &ask).await.status(), 200);
}

#[tokio::test]
async fn the_estimate_is_sent_as_it_is_said_or_not_at_all() {
    for says in [json!("soon"), json!(null), json!(-5), json!([1])] {
        let mock = Mock::of(json!({"server": "legacy", "cold": {"ms": 1000, "says": says}})).await;
        let body: Value = mock.ask("/", &json!({})).await.json().await.expect("JSON");
        assert_eq!(body["estimated_time"], says);
        assert!(body.get("estimated_time").is_some());
    }
    let mock = Mock::of(json!({"server": "legacy", "cold": {"ms": 1000}})).await;
    let body: Value = mock.ask("/", &json!({})).await.json().await.expect("JSON");
    assert_eq!(body, json!({"error": "Model m is currently loading"}));
}

#[tokio::test]
async fn loading_answers_take_headers_and_another_sample() {
    let scenario = json!({
        "cold": {"ms": 1000, "headers": {"retry-after": "2"}, "sample": "proxy-unavailable"},
    });
    let answer = Mock::of(scenario).await.ask("/", &json!({})).await;
    assert_eq!(answer.headers()["retry-after"], "2");
    assert_eq!(answer.headers()["content-type"], "text/html");
}

#[tokio::test]
async fn a_script_begins_only_when_the_model_is_warm() {
    let scenario = json!({"cold": {"ms": 80}, "script": [{"status": 500}]});
    let mock = Mock::of(scenario).await;
    assert_eq!(mock.ask("/", &json!({})).await.status(), 503);
    sleep(Duration::from_millis(100)).await;
    assert_eq!(mock.ask("/", &json!({"inputs": "x"})).await.status(), 500);
    assert_eq!(mock.ask("/", &json!({"inputs": "x"})).await.status(), 200);
}

#[tokio::test]
async fn an_endpoint_refuses_at_once_without_the_hold_header() {
    let mock = cold("endpoint").await;
    let start = Instant::now();
    let answer = mock.ask("/v1/chat/completions", &chat("x")).await;
    assert_eq!(answer.status(), 503);
    assert!(start.elapsed() < Duration::from_millis(350));
    assert_eq!(answer.text().await.expect("text"), "Service Unavailable");
}

#[tokio::test]
async fn an_endpoint_holds_a_request_with_the_header_until_it_is_warm() {
    let mock = cold("endpoint").await;
    let start = Instant::now();
    let request = mock.post("/v1/chat/completions", &chat("x"));
    let answer = request.header("X-Scale-Up-Timeout", "600").send().await;
    assert_eq!(answer.expect("an answer").status(), 200);
    assert!(start.elapsed() >= Duration::from_millis(400));
}

#[tokio::test]
async fn an_endpoint_gives_up_a_hold_that_is_too_short() {
    let mock = Mock::of(json!({"server": "endpoint", "cold": {"ms": 5000}})).await;
    let start = Instant::now();
    let request = mock.post("/v1/chat/completions", &chat("x"));
    let answer = request.header("X-Scale-Up-Timeout", "0.1").send().await;
    assert_eq!(answer.expect("an answer").status(), 503);
    let took = start.elapsed();
    assert!((100..4_000).contains(&took.as_millis()), "{took:?}");
}

#[tokio::test]
async fn a_client_that_leaves_a_hold_is_noticed() {
    let mock = Mock::of(json!({"server": "endpoint", "cold": {"ms": 60_000}})).await;
    let request =
        mock.post("/", &json!({})).header("x-scale-up-timeout", "600").timeout(Duration::from_millis(50));
    assert!(request.send().await.is_err());
    assert!(mock.until("aborted", 1).await < PROMPTLY);
}

#[tokio::test]
async fn the_legacy_host_holds_a_request_that_waits_for_the_model() {
    let mock = cold("legacy").await;
    let start = Instant::now();
    let request = mock.post("/models/gpt2", &json!({"inputs": "x"}));
    let answer = request.header("X-Wait-For-Model", "true").send().await;
    assert_eq!(answer.expect("an answer").status(), 200);
    assert!(start.elapsed() >= Duration::from_millis(400));
}

#[tokio::test]
async fn ollama_holds_every_request_while_it_loads() {
    let mock = cold("ollama").await;
    let start = Instant::now();
    assert_eq!(mock.ask("/v1/chat/completions", &chat("x")).await.status(), 200);
    assert!(start.elapsed() >= Duration::from_millis(400));
}

#[tokio::test]
async fn llama_cpp_says_loading_on_every_route() {
    let mock = cold("llama.cpp").await;
    for path in ["/m/health", "/m/v1/models"] {
        let answer = mock.get(path).await;
        assert_eq!(answer.status(), 503);
        let body: Value = answer.json().await.expect("JSON");
        assert_eq!(body["error"]["message"], "Loading model");
    }
}

#[tokio::test]
async fn the_health_of_a_cold_engine_is_unhealthy() {
    for (server, kind) in [("tgi", "healthcheck"), ("tei", "unhealthy")] {
        let mock = cold(server).await;
        let answer = mock.get("/m/health").await;
        assert_eq!(answer.status(), 503);
        let body: Value = answer.json().await.expect("JSON");
        assert_eq!(body["error_type"], kind);
        sleep(Duration::from_millis(420)).await;
        assert_eq!(mock.get("/m/health").await.status(), 200);
    }
}
