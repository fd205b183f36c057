use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::mock::{Mock, chat};

async fn json_of(mock: &Mock, path: &str, body: &Value) -> Value {
    let answer = mock.ask(path, body).await;
    assert_eq!(answer.status(), 200, "{path}");
    answer.json().await.expect("JSON")
}

#[tokio::test]
async fn a_chat_answer_echoes_the_last_user_message() {
    let mock = Mock::of(json!({})).await;
    let body = json_of(&mock, "/v1/chat/completions", &chat("good morning")).await;
    let text = body["choices"][0]["message"]["content"].as_str();
    assert!(text.is_some_and(|text| text.contains("good morning")), "{body}");
    assert_eq!(body["choices"][0]["finish_reason"], "stop");
    assert_eq!(body["model"], "org/name");
}

#[tokio::test]
async fn a_chat_stream_has_the_same_text_in_pieces_and_ends_with_done() {
    let mock = Mock::of(json!({})).await;
    let mut ask = chat("one two three");
    ask["stream"] = json!(true);
    let answer = mock.ask("/v1/chat/completions", &ask).await;
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let body = answer.text().await.expect("text");
    assert!(body.ends_with("\n\ndata: [DONE]\n\n"), "{body}");
    let text: String = body
        .lines()
        .filter_map(|line| line.strip_prefix("data: {"))
        .filter_map(|json| serde_json::from_str::<Value>(&format!("{{{json}")).ok())
        .filter_map(|event| {
            let content = event["choices"][0]["delta"]["content"].as_str();
            content.map(str::to_owned)
        })
        .collect();
    assert_eq!(text, "You said: one two three");
}

#[tokio::test]
async fn text_generation_is_an_object_an_array_or_a_completion_by_path() {
    let mock = Mock::of(json!({"server": "tgi"})).await;
    let ask = json!({"inputs": "hello"});
    let object = json_of(&mock, "/generate", &ask).await;
    let array = json_of(&mock, "/", &ask).await;
    assert_eq!(object, array[0]);
    assert_eq!(object["generated_text"], "You said: hello");
    let completion = json_of(&mock, "/v1/completions", &json!({"prompt": "hello"})).await;
    assert_eq!(completion["choices"][0]["text"], "You said: hello");
}

#[tokio::test]
async fn the_last_event_of_a_tgi_stream_has_the_whole_text() {
    let mock = Mock::of(json!({"server": "tgi"})).await;
    let answer = mock.ask("/generate_stream", &json!({"inputs": "a b"})).await;
    let body = answer.text().await.expect("text");
    let events: Vec<Value> = body
        .split_terminator("\n\n")
        .map(|event| serde_json::from_str(&event["data: ".len()..]).expect("JSON"))
        .collect();
    let (last, before) = events.split_last().expect("events");
    assert_eq!(last["generated_text"], "You said: a b");
    assert!(before.iter().all(|event| event["generated_text"].is_null()));
}

#[tokio::test]
async fn embeddings_come_one_for_each_input_and_differ_as_texts_do() {
    let mock = Mock::of(json!({"server": "tei"})).await;
    let ask = json!({"input": ["a", "b", "a"]});
    let body = json_of(&mock, "/v1/embeddings", &ask).await;
    let vector = |at: usize| body["data"][at]["embedding"].clone();
    assert_eq!(body["data"].as_array().map(Vec::len), Some(3));
    assert_eq!(vector(0), vector(2));
    assert_ne!(vector(0), vector(1));
    let embed = json_of(&mock, "/embed", &json!({"inputs": "a"})).await;
    assert_eq!(embed[0], vector(0));
}

#[tokio::test]
async fn an_image_is_answered_where_one_is_asked_for() {
    let mock = Mock::of(json!({})).await;
    let ask = json!({"inputs": "a cat"});
    let by_path = mock.ask("/models/x/text-to-image", &ask).await;
    let by_accept = mock.post("/models/x", &ask).header("accept", "image/png");
    for answer in [by_path, by_accept.send().await.expect("an answer")] {
        assert_eq!(answer.headers()["content-type"], "image/png");
        let bytes = answer.bytes().await.expect("a body");
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().expect("a PNG");
        let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
        let frame = reader.next_frame(&mut pixels).expect("pixels");
        assert_eq!((frame.width, frame.height), (32, 32));
    }
}

#[tokio::test]
async fn binary_bodies_come_back_as_their_length_and_digest() {
    let mock = Mock::of(json!({"server": "hf-inference"})).await;
    let request = mock
        .request(Method::POST, "/m/hf-inference/models/x")
        .header("content-type", "audio/flac")
        .body(b"abc".to_vec());
    let answer = request.send().await.expect("an answer");
    let body: Value = answer.json().await.expect("JSON");
    assert_eq!(body["bytes"], 3);
    assert_eq!(body["sha256"], "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

#[tokio::test]
async fn a_body_of_40_mib_is_read_whole() {
    let mock = Mock::of(json!({"server": "llama.cpp"})).await;
    let body = vec![b'x'; 40 << 20];
    let request = mock.request(Method::POST, "/m/upload").body(body);
    let answer: Value = request.send().await.expect("sent").json().await.expect("JSON");
    assert_eq!(answer["bytes"], 40 << 20);
}

#[tokio::test]
async fn a_script_is_consumed_in_order_and_then_goes_on_for_ever() {
    let scenario = json!({
        "script": [{"sample": "legacy-gone"}, {"status": 500}, {}],
        "then": {"status": 418, "body": {"short": "and stout"}},
    });
    let mock = Mock::of(scenario).await;
    let mut statuses = Vec::new();
    for _ in 0..5 {
        let answer = mock.ask("/v1/chat/completions", &chat("x")).await;
        statuses.push(answer.status().as_u16());
    }
    assert_eq!(statuses, [410, 500, 200, 418, 418]);
}

#[tokio::test]
async fn a_step_over_a_sample_changes_only_what_it_names() {
    let step = json!({"sample": "hub-rate-limit", "headers": {"retry-after": "3"}});
    let answer = Mock::of(json!({ "then": step })).await.get("/m").await;
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()["ratelimit"], "\"api\";r=0;t=55");
    assert_eq!(answer.headers()["retry-after"], "3");
}

#[tokio::test]
async fn bodies_are_text_json_bytes_or_generated() {
    let mock = Mock::start().await;
    let cases = [
        (json!({"body": "plain"}), "text/plain; charset=utf-8", "plain"),
        (json!({"body": [1]}), "application/json", "[1]"),
        (json!({"body": null}), "application/json", "null"),
        (json!({"bodyBase64": "aGk="}), "application/octet-stream", "hi"),
        (json!({"bodyBytes": 3}), "application/octet-stream", "abc"),
        (
            json!({"body": "data: x\n\n", "headers": {"content-type": "text/event-stream"}}),
            "text/event-stream",
            "data: x\n\n",
        ),
    ];
    for (step, content_type, body) in cases {
        mock.put(&json!({ "healthy": step })).await;
        let answer = mock.get("/m").await;
        assert_eq!(answer.headers()["content-type"], content_type);
        assert_eq!(answer.content_length(), Some(body.len() as u64));
        assert_eq!(answer.text().await.expect("text"), body);
    }
}

#[tokio::test]
async fn redirects_go_to_this_origin_or_to_the_other_one() {
    let to = |to: &str| json!({"status": 307, "headers": {"location": format!("{{{to}}}/m/next")}});
    let mock = Mock::of(json!({"script": [to("origin"), to("other")]})).await;
    let (this, other) = (&mock.running.origin, &mock.running.other_origin);
    assert_ne!(this, other);
    let first = mock.get("/m").await;
    assert_eq!(first.status(), 307);
    assert_eq!(first.headers()["location"], format!("{this}/m/next"));
    let second = mock.get("/m").await;
    let location = second.headers()["location"].to_str().expect("text");
    assert_eq!(location, format!("{other}/m/next"));
    let followed = mock.client.get(location).send().await.expect("an answer");
    assert_eq!(followed.status(), 200);
    let log = &mock.counters().await["log"];
    assert_eq!(log[1]["origin"], "this");
    assert_eq!(log[2]["origin"], "other");
}

#[tokio::test]
async fn one_more_than_the_slots_is_the_servers_own_overload() {
    let cases = [
        ("tgi", 429, "overloaded"),
        ("endpoint", 503, "queue full or timeout"),
        ("ollama", 503, "server busy"),
    ];
    for (server, status, text) in cases {
        let scenario = json!({"server": server, "slots": 1, "latencyMs": 150});
        let mock = Mock::of(scenario).await;
        let first = mock.post("/v1/chat/completions", &chat("x")).send();
        let second = async {
            mock.until("inFlight", 1).await;
            mock.ask("/v1/chat/completions", &chat("y")).await
        };
        let (first, second) = tokio::join!(first, second);
        assert_eq!(first.expect("an answer").status(), 200, "{server}");
        assert_eq!(second.status(), status, "{server}");
        let body = second.text().await.expect("text");
        assert!(body.contains(text), "{server}: {body}");
        let third = mock.ask("/v1/chat/completions", &chat("z")).await;
        assert_eq!(third.status(), 200, "{server}: the slot is free again");
    }
}

#[tokio::test]
async fn a_slot_is_free_again_when_its_client_leaves() {
    let scenario = json!({"server": "tgi", "slots": 1, "script": [{"fault": {"kind": "stall"}}]});
    let mock = Mock::of(scenario).await;
    let socket = mock.socket("/").await;
    mock.until("inFlight", 1).await;
    assert_eq!(mock.get("/m").await.status(), 429);
    drop(socket);
    mock.until("inFlight", 0).await;
    assert_eq!(mock.get("/m").await.status(), 200);
}

#[tokio::test]
async fn vllm_queues_what_has_no_slot() {
    let mock = Mock::of(json!({"server": "vllm", "slots": 1, "latencyMs": 60})).await;
    let ask = chat("x");
    let start = Instant::now();
    let (a, b) =
        tokio::join!(mock.ask("/v1/chat/completions", &ask), mock.ask("/v1/chat/completions", &ask),);
    assert_eq!((a.status().as_u16(), b.status().as_u16()), (200, 200));
    assert!(start.elapsed() >= Duration::from_millis(120));
}

#[tokio::test]
async fn latency_and_delay_come_before_the_headers() {
    let mock = Mock::of(json!({"latencyMs": 40, "script": [{"delayMs": 400}]})).await;
    let start = Instant::now();
    mock.get("/m").await;
    assert!(start.elapsed() >= Duration::from_millis(440));
    let start = Instant::now();
    mock.get("/m").await;
    let took = start.elapsed().as_millis();
    assert!((40..400).contains(&took), "{took} ms");
}

#[tokio::test]
async fn answers_of_hosted_servers_carry_a_request_id() {
    for (server, has) in [("router", true), ("openai", true), ("tgi", false)] {
        let mock = Mock::of(json!({ "server": server })).await;
        let answer = mock.get("/m").await;
        let id = answer.headers().get("x-request-id");
        assert_eq!(id.is_some(), has, "{server}");
        if let Some(id) = id {
            let id = id.to_str().expect("text");
            assert!(id.starts_with("Root=1-") && id.len() == 40, "{id}");
        }
    }
}

#[tokio::test]
async fn a_head_request_has_the_headers_and_counts_as_sent() {
    let mock = Mock::of(json!({"healthy": {"body": "12345"}})).await;
    let answer = mock.request(Method::HEAD, "/m").send().await;
    assert_eq!(answer.expect("an answer").headers()["content-length"], "5");
    sleep(Duration::from_millis(5)).await;
    assert_eq!(mock.counters().await["log"][0]["outcome"], "sent");
}
