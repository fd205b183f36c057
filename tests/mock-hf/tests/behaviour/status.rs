//! The status of a model, as the router and the Hub tell it.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::mock::Mock;

#[tokio::test]
async fn a_status_is_told_while_the_model_is_cold_and_wakes_nothing() {
    let said = json!({"inference": "warm"});
    let mock = Mock::of(json!({"status": said, "cold": {"ms": 300}})).await;
    for path in ["/m/v1/models/a/b", "/m/api/models/a/b?expand[]=inference"] {
        let answer = mock.get(path).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.json::<Value>().await.expect("JSON"), said);
    }
    sleep(Duration::from_millis(350)).await;
    assert_eq!(mock.ask("/", &json!({"inputs": "x"})).await.status(), 503);
    sleep(Duration::from_millis(350)).await;
    assert_eq!(mock.ask("/", &json!({"inputs": "x"})).await.status(), 200);
}

#[tokio::test]
async fn a_health_with_steps_tells_one_after_the_other_and_stays_at_the_last_whether_the_model_is_up_or_not()
{
    let health = json!([{"status": 503}, {"status": 200, "body": "<html>"}, {"status": 401}]);
    let mock = Mock::of(json!({"health": health, "cold": {"ms": 60_000}, "script": [{"status": 500}]})).await;
    for status in [503, 200, 401, 401] {
        assert_eq!(mock.get("/m/health").await.status(), status);
    }
    assert_eq!(mock.ask("/", &json!({"inputs": "x"})).await.status(), 503, "the model is cold");
}
