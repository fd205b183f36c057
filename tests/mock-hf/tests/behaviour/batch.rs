//! Requests of many inputs: how many are taken, and what is said to the others.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::mock::Mock;

async fn said(scenario: Value, path: &str, body: Value) -> (StatusCode, Value) {
    let answer = Mock::of(scenario).await.ask(path, &body).await;
    (answer.status(), answer.json().await.expect("JSON"))
}

#[tokio::test]
async fn a_request_of_more_inputs_than_the_largest_is_refused_in_the_words_of_the_server() {
    let three = json!({"inputs": ["a", "b", "c"]});
    for (server, path, status, words) in [
        ("openai", "/", 413, "batch size 3 > maximum allowed batch size 2"),
        ("tei", "/embed", 422, "batch size 3 > maximum allowed batch size 2"),
        ("tei", "/v1/embeddings", 422, "batch size 3 > maximum allowed batch size 2"),
        ("tgi", "/", 422, "Number of prompts exceeds the maximum allowed batch size of 2"),
    ] {
        let scenario = json!({"server": server, "batch": {"largest": 2}});
        let (is, body) = said(scenario.clone(), path, three.clone()).await;
        assert_eq!(is.as_u16(), status, "{server}");
        assert!(body.to_string().contains(words), "{body}");
        assert_eq!(said(scenario, path, json!({"inputs": ["a", "b"], "input": ["a", "b"]})).await.0, 200);
    }
}

#[tokio::test]
async fn too_many_words_and_too_little_memory_refuse_a_whole_request() {
    let inputs = json!({"inputs": ["one two", "three"]});
    let (status, body) = said(json!({"batch": {"tokens": 2}}), "/", inputs.clone()).await;
    assert_eq!((status.as_u16(), &body["error_type"]), (422, &json!("validation")));
    assert_eq!(said(json!({"batch": {"tokens": 3}}), "/", inputs.clone()).await.0, 200);
    for (server, expected) in [("openai", 424), ("tgi", 424), ("toolkit", 400), ("pipelines", 500)] {
        let scenario = json!({"server": server, "batch": {"memory": 1}});
        let (status, body) = said(scenario, "/", inputs.clone()).await;
        assert_eq!(status.as_u16(), expected);
        assert!(body.to_string().contains("CUDA out of memory"), "{body}");
    }
}

#[tokio::test]
async fn a_poisoned_input_refuses_the_request_that_it_is_in_and_no_other() {
    let scenario = json!({"batch": {"poison": "bad"}});
    assert_eq!(said(scenario.clone(), "/", json!({"inputs": ["good", "a bad one"]})).await.0, 422);
    assert_eq!(said(scenario, "/", json!({"inputs": ["good", "fine"]})).await.0, 200);
    let other = json!({"batch": {"poison": "bad", "poisoned": {"status": 400, "body": {"error": "no"}}}});
    assert_eq!(
        said(other, "/v1/embeddings", json!({"input": "bad"})).await,
        (StatusCode::BAD_REQUEST, json!({"error": "no"}))
    );
}

#[tokio::test]
async fn text_classification_answers_with_all_labels_of_each_input() {
    let (_, body) = said(json!({}), "/pipeline/text-classification", json!({"inputs": ["a", "b"]})).await;
    let labels = body.as_array().expect("an array");
    assert_eq!(labels.len(), 2);
    assert_eq!(labels[1][0]["label"], "b");
}
