//! Healthy answers of language models, whole or as events.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    time::{SystemTime, UNIX_EPOCH},
};

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::reply::Reply;

const DIMENSIONS: u64 = 8;

/// What the model says: an echo, so that answers differ as questions do.
fn answer_to(prompt: &str) -> String {
    format!("You said: {prompt}")
}

pub(crate) fn chat(model: &str, request: &Value) -> Reply {
    let Some(messages) = request["messages"].as_array() else {
        return missing("messages");
    };
    let prompt = messages
        .iter()
        .rev()
        .find(|message| message["role"] == "user")
        .map(|message| content(&message["content"]))
        .unwrap_or_default();
    let text = answer_to(&prompt);
    if request["stream"] == true {
        return chat_events(model, request, &prompt, &text);
    }
    ok(&json!({
        "id": "chatcmpl-mock",
        "object": "chat.completion",
        "created": seconds_now(),
        "model": model,
        "choices": [{
            "index": 0,
            "message": {"role": "assistant", "content": text},
            "finish_reason": "stop",
        }],
        "usage": usage(&prompt, &text),
    }))
}

fn chat_events(model: &str, request: &Value, prompt: &str, text: &str) -> Reply {
    let chunk = |choices: Value, usage: Value| {
        json!({
            "id": "chatcmpl-mock",
            "object": "chat.completion.chunk",
            "created": seconds_now(),
            "model": model,
            "choices": choices,
            "usage": usage,
        })
    };
    let mut events: Vec<Value> = vec![chunk(
        json!([{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": null}]),
        Value::Null,
    )];
    events.extend(tokens(text).map(|token| {
        chunk(json!([{"index": 0, "delta": {"content": token}, "finish_reason": null}]), Value::Null)
    }));
    events.push(chunk(json!([{"index": 0, "delta": {}, "finish_reason": "stop"}]), Value::Null));
    if request["stream_options"]["include_usage"] == true {
        events.push(chunk(json!([]), usage(prompt, text)));
    }
    Reply::events(server_sent(&events) + "data: [DONE]\n\n")
}

pub(crate) fn completion(model: &str, request: &Value) -> Reply {
    let Some(prompt) = request["prompt"].as_str() else {
        return missing("prompt");
    };
    let text = answer_to(prompt);
    let part = |text: &str, finish: Value| {
        json!({
            "id": "cmpl-mock",
            "object": "text_completion",
            "created": seconds_now(),
            "model": model,
            "choices": [{"index": 0, "text": text, "finish_reason": finish}],
        })
    };
    if request["stream"] == true {
        let mut events: Vec<Value> = tokens(&text).map(|token| part(token, Value::Null)).collect();
        events.push(part("", json!("stop")));
        return Reply::events(server_sent(&events) + "data: [DONE]\n\n");
    }
    let mut whole = part(&text, json!("stop"));
    whole["usage"] = usage(prompt, &text);
    ok(&whole)
}

/// TGI's own `/generate`: an object.
pub(crate) fn generate(request: &Value) -> Reply {
    match request["inputs"].as_str() {
        Some(prompt) => ok(&json!({"generated_text": answer_to(prompt)})),
        None => missing("inputs"),
    }
}

/// TGI's own stream: the last event has the whole text, and nothing follows it.
pub(crate) fn generate_stream(request: &Value) -> Reply {
    let Some(prompt) = request["inputs"].as_str() else {
        return missing("inputs");
    };
    let text = answer_to(prompt);
    let pieces: Vec<&str> = tokens(&text).collect();
    let last = pieces.len();
    let events: Vec<Value> = pieces
        .iter()
        .enumerate()
        .map(|(at, piece)| {
            let whole = (at + 1 == last).then_some(&text);
            json!({
                "index": at + 1,
                "token": {"id": at, "text": piece, "logprob": -0.1, "special": false},
                "generated_text": whole,
                "details": null,
            })
        })
        .collect();
    Reply::events(server_sent(&events))
}

/// The pipeline form: an array, and for several inputs an array of arrays.
pub(crate) fn generated(inputs: &Value) -> Reply {
    let one = |input: &Value| json!([{"generated_text": answer_to(&content(input))}]);
    match inputs {
        Value::Array(inputs) => ok(&inputs.iter().map(one).collect()),
        input => ok(&one(input)),
    }
}

pub(crate) fn embeddings(model: &str, request: &Value) -> Reply {
    let inputs = match &request["input"] {
        Value::Null => return missing("input"),
        Value::Array(inputs) => inputs.as_slice(),
        input => std::slice::from_ref(input),
    };
    let data: Vec<Value> = inputs
        .iter()
        .enumerate()
        .map(|(at, input)| {
            json!({"object": "embedding", "index": at, "embedding": embedding(&content(input))})
        })
        .collect();
    let tokens: usize = inputs.iter().map(|input| words(&content(input))).sum();
    ok(&json!({
        "object": "list",
        "data": data,
        "model": model,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }))
}

/// TEI's own `/embed`, and feature extraction: one vector for each input.
pub(crate) fn embed(request: &Value) -> Reply {
    match &request["inputs"] {
        Value::Null => missing("inputs"),
        Value::Array(inputs) => ok(&inputs.iter().map(|input| json!(embedding(&content(input)))).collect()),
        input => ok(&json!([embedding(&content(input))])),
    }
}

/// A vector of length 1 that depends on the text alone.
fn embedding(text: &str) -> Vec<f64> {
    let raw: Vec<f64> = (0..DIMENSIONS)
        .map(|dimension| {
            let mut hasher = DefaultHasher::new();
            (text, dimension).hash(&mut hasher);
            (hasher.finish() % 2_001) as f64 / 1_000.0 - 1.0
        })
        .collect();
    let length = raw.iter().map(|x| x * x).sum::<f64>().sqrt().max(f64::EPSILON);
    raw.into_iter().map(|x| x / length).collect()
}

fn missing(field: &str) -> Reply {
    let body = json!({"error": {
        "message": format!("missing field `{field}`"),
        "type": "invalid_request_error",
        "param": field,
        "code": null,
    }});
    Reply::json(StatusCode::UNPROCESSABLE_ENTITY, &body)
}

/// The text of a message: a string, or the text parts of an array.
fn content(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn usage(prompt: &str, text: &str) -> Value {
    let (asked, answered) = (words(prompt), words(text));
    json!({
        "prompt_tokens": asked,
        "completion_tokens": answered,
        "total_tokens": asked + answered,
    })
}

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

/// Words with the space that follows them: joined, they are the text again.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(' ')
}

fn server_sent(events: &[Value]) -> String {
    events.iter().map(|event| format!("data: {event}\n\n")).collect()
}

fn ok(body: &Value) -> Reply {
    Reply::json(StatusCode::OK, body)
}

pub(crate) fn seconds_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
