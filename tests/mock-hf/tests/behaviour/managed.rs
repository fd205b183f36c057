use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::mock::Mock;

const API: &str = "/m/v2/endpoint/me";
const ONE: &str = "/m/v2/endpoint/me/my-endpoint";

async fn managed(fields: Value) -> Mock {
    Mock::of(json!({"server": "endpoint", "managed": fields})).await
}

async fn sent(mock: &Mock, method: Method, path: &str) -> (u16, Value) {
    let answer = mock.request(method, path).send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.expect("JSON"))
}

async fn state(mock: &Mock) -> Value {
    sent(mock, Method::GET, ONE).await.1["status"]["state"].clone()
}

#[tokio::test]
async fn an_endpoint_goes_through_its_states_and_stays_in_the_last_one() {
    let states = json!([{"state": "pending", "ms": 150}, {"state": "running", "message": "ready"}]);
    let mock = managed(json!({ "states": states })).await;
    let (status, first) = sent(&mock, Method::GET, ONE).await;
    assert_eq!((status, &first["status"]["state"]), (200, &json!("pending")));
    assert_eq!(first["status"].get("url"), None);
    assert_eq!(mock.ask("/", &json!({"inputs": "x"})).await.status(), 503);
    sleep(Duration::from_millis(200)).await;
    let (_, list) = sent(&mock, Method::GET, API).await;
    let shown = &list["items"][0];
    assert_eq!(shown["status"]["state"], "running");
    assert_eq!(shown["status"]["message"], "ready");
    assert_eq!(shown["status"]["url"], format!("{}/m", mock.running.origin));
    assert_eq!(mock.ask("/", &json!({"inputs": "x"})).await.status(), 200);
    assert_eq!(mock.get("/m/health").await.status(), 200);
}

#[tokio::test]
async fn a_running_endpoint_serves_nothing_until_it_is_healthy() {
    let mock = managed(json!({"states": [{"state": "running", "unhealthyMs": 150}]})).await;
    assert_eq!(mock.get("/m/health").await.status(), 503);
    sleep(Duration::from_millis(200)).await;
    assert_eq!(mock.get("/m/health").await.status(), 200);
}

#[tokio::test]
async fn a_paused_endpoint_refuses_requests_until_it_is_resumed() {
    let mock = managed(json!({"states": [{"state": "paused"}], "hidesUrl": true})).await;
    assert_eq!(sent(&mock, Method::GET, ONE).await.1["status"].get("url"), None);
    let refused = mock.ask("/", &json!({"inputs": "x"})).await;
    assert_eq!(refused.status(), 400);
    assert_eq!(refused.text().await.expect("a text"), "Bad Request: Invalid state");
    assert_eq!(sent(&mock, Method::POST, &format!("{ONE}/resume")).await.0, 200);
    assert_eq!(mock.ask("/", &json!({"inputs": "x"})).await.status(), 200);
    let (status, body) = sent(&mock, Method::POST, &format!("{ONE}/resume")).await;
    assert_eq!((status, body), (400, json!({"error": "Endpoint is already running"})));
}

#[tokio::test]
async fn an_endpoint_scaled_to_zero_is_woken_by_a_request_and_not_by_the_api() {
    let mock = managed(json!({"states": [{"state": "running"}]})).await;
    assert_eq!(sent(&mock, Method::POST, &format!("{ONE}/scale-to-zero")).await.0, 200);
    assert_eq!(state(&mock).await, "scaledToZero");
    assert_eq!(mock.ask("/", &json!({"inputs": "x"})).await.status(), 503);
    assert_eq!(state(&mock).await, "running");
    assert_eq!(sent(&mock, Method::POST, &format!("{ONE}/pause")).await.0, 200);
    assert_eq!(state(&mock).await, "paused");
}

#[tokio::test]
async fn a_change_of_the_scaling_is_kept_beside_what_it_does_not_name() {
    let mock = managed(json!({"states": [{"state": "running"}], "updated": [{"state": "updating"}]})).await;
    let change = json!({"compute": {"scaling": {"maxReplica": 4, "measure": {"hardwareUsage": 60}}}});
    let answer = mock.request(Method::PUT, ONE).json(&change).send().await.expect("an answer");
    let shown: Value = answer.json().await.expect("JSON");
    let scaling =
        json!({"minReplica": 0, "maxReplica": 4, "scaleToZeroTimeout": 15, "measure": {"hardwareUsage": 60}});
    assert_eq!(shown["compute"]["scaling"], scaling);
    assert_eq!(shown["status"]["state"], "updating");
}

#[tokio::test]
async fn the_api_refuses_other_tokens_names_and_routes() {
    let mock = managed(json!({"states": [{"state": "running"}], "token": "hf_secret"})).await;
    assert_eq!(sent(&mock, Method::GET, ONE).await.0, 401);
    for path in [ONE, "/m/v2/endpoint/me/other", "/m/v2/endpoint/you", "/m/v2/endpoint/me/my-endpoint/what"] {
        let answer =
            mock.request(Method::GET, path).bearer_auth("hf_secret").send().await.expect("an answer");
        assert_eq!(answer.status(), if path == ONE { 200 } else { 404 }, "{path}");
    }
}

#[tokio::test]
async fn a_script_of_the_api_leaves_the_endpoint_itself_alone() {
    let script = json!([{"status": 429, "headers": {"retry-after": "1"}}, {}]);
    let mock = managed(json!({"states": [{"state": "running"}], "script": script})).await;
    assert_eq!(mock.ask("/", &json!({"inputs": "x"})).await.status(), 200);
    assert_eq!(mock.get(ONE).await.status(), 429);
    assert_eq!(mock.get(ONE).await.status(), 200);
}

#[tokio::test]
async fn an_endpoint_without_a_state_is_refused() {
    let mock = Mock::start().await;
    let answer = mock.request(Method::PUT, "/_mock/m").json(&json!({"managed": {"states": []}}));
    let answer = answer.send().await.expect("an answer");
    assert_eq!(answer.status(), 400);
    assert!(answer.text().await.expect("a text").contains("managed.states"));
}
