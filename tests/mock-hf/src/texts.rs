//! Healthy answers of language models, whole or as events.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    time::{SystemTime, UNIX_EPOCH},
};

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::{
    reply::Reply,
    scenario::Streaming,
    streams,
    words::{Words, how_many},
};

const DIMENSIONS: u64 = 8;

pub(crate) fn chat(model: &str, request: &Value, streaming: &Streaming) -> Reply {
    let Some(messages) = request["messages"].as_array() else {
        return missing("messages");
    };
    let prompt = last_of_user(messages);
    let words = Words::about(&prompt, streaming);
    if request["stream"] == true {
        let events = streams::chat::events(model, request, &prompt, &words, streaming);
        return streams::reply(events, streaming);
    }
    ok(&json!({
        "id": "chatcmpl-mock",
        "object": "chat.completion",
        "created": seconds_now(),
        "model": model,
        "choices": [{
            "index": 0,
            "message": {"role": "assistant", "content": words.text()},
            "finish_reason": "stop",
        }],
        "usage": usage(&prompt, &words),
    }))
}

pub(crate) fn completion(model: &str, request: &Value, streaming: &Streaming) -> Reply {
    let Some(prompt) = request["prompt"].as_str() else {
        return missing("prompt");
    };
    let words = Words::about(prompt, streaming);
    if request["stream"] == true {
        return streams::reply(streams::completion::events(model, prompt, &words, streaming), streaming);
    }
    ok(&json!({
        "id": "cmpl-mock",
        "object": "text_completion",
        "created": seconds_now(),
        "model": model,
        "choices": [{"index": 0, "text": words.text(), "finish_reason": "stop"}],
        "usage": usage(prompt, &words),
    }))
}

pub(crate) fn responses(model: &str, request: &Value, streaming: &Streaming) -> Reply {
    let prompt = match &request["input"] {
        Value::Null => return missing("input"),
        Value::Array(messages) => last_of_user(messages),
        input => content(input),
    };
    let words = Words::about(&prompt, streaming);
    if request["stream"] == true {
        return streams::reply(streams::responses::events(model, &prompt, &words), streaming);
    }
    ok(&streams::responses::whole(model, &prompt, &words))
}

/// TGI's own `/generate`: an object.
pub(crate) fn generate(request: &Value, streaming: &Streaming) -> Reply {
    match request["inputs"].as_str() {
        Some(prompt) => ok(&json!({"generated_text": Words::about(prompt, streaming).text()})),
        None => missing("inputs"),
    }
}

pub(crate) fn generate_stream(request: &Value, streaming: &Streaming) -> Reply {
    let Some(prompt) = request["inputs"].as_str() else {
        return missing("inputs");
    };
    let words = Words::about(prompt, streaming);
    streams::reply(streams::tgi::events(prompt, &words, streaming), streaming)
}

pub(crate) fn plain_stream(request: &Value, streaming: &Streaming) -> Reply {
    let prompt = ["prompt", "inputs", "input"].map(|field| content(&request[field])).concat();
    streams::reply(streams::plain::events(&Words::about(&prompt, streaming), streaming), streaming)
}

/// The streams of those who do not speak as OpenAI does; none, where this is not the address of one.
pub(crate) fn dialect(path: &str, model: &str, request: &Value, streaming: &Streaming) -> Option<Reply> {
    use streams::dialects::{
        anthropic, gemini, image, interactions, llama_cpp, ollama_chat, ollama_generate, transcription,
        workers_ai,
    };
    let messages = request["messages"].as_array().or(request["contents"].as_array());
    let asked = || ["prompt", "input"].map(|field| content(&request[field])).concat();
    let prompt = messages.map_or_else(asked, |messages| last_of_user(messages));
    let words = Words::about(&prompt, streaming);
    // Ollama streams unless it is told not to.
    let streams = request["stream"] == true || path.starts_with("/api/") && request["stream"].is_null();
    Some(match path {
        _ if !streams => return None,
        _ if path.ends_with("/v1/messages") => streams::reply(anthropic(model, &words), streaming),
        _ if path.ends_with("/api/chat") => streams::lines(ollama_chat(model, &words), streaming),
        _ if path.ends_with("/api/generate") => streams::lines(ollama_generate(model, &words), streaming),
        _ if path.ends_with("/completion") => streams::reply(llama_cpp(&words), streaming),
        _ if path.ends_with(":streamGenerateContent") => streams::reply(gemini(model, &words), streaming),
        _ if path.ends_with("/interactions") => {
            streams::reply(interactions(model, &words, streaming), streaming)
        }
        _ if path.contains("/ai/run/") => streams::reply(workers_ai(&words, streaming), streaming),
        _ if path.ends_with("/audio/transcriptions") => streams::reply(transcription(&words), streaming),
        _ if path.ends_with("/images/generations") => streams::reply(image(&words), streaming),
        _ => return None,
    })
}

/// The pipeline form: an array, and for several inputs an array of arrays.
pub(crate) fn generated(inputs: &Value, streaming: &Streaming) -> Reply {
    let one = |input: &Value| json!([{"generated_text": Words::about(&content(input), streaming).text()}]);
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
    let tokens: u64 = inputs.iter().map(|input| how_many(&content(input))).sum();
    ok(&json!({
        "object": "list",
        "data": data,
        "model": model,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }))
}

/// Two labels for each input, the first one named after it.
pub(crate) fn classified(request: &Value) -> Reply {
    let one =
        |input: &Value| json!([{"label": content(input), "score": 0.75}, {"label": "other", "score": 0.25}]);
    match &request["inputs"] {
        Value::Null => missing("inputs"),
        Value::Array(inputs) => ok(&inputs.iter().map(one).collect()),
        input => ok(&one(input)),
    }
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

fn last_of_user(messages: &[Value]) -> String {
    let last = messages.iter().rev().find(|message| message["role"] == "user");
    last.map(|message| content(&message["content"])).unwrap_or_default()
}

/// The text of a message: a string, or the text parts of an array.
pub(crate) fn content(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

pub(crate) fn usage(prompt: &str, answer: &Words) -> Value {
    let asked = how_many(prompt);
    let answered = match answer {
        Words::Echo(text) => how_many(text),
        Words::Counted(count) => *count,
    };
    json!({
        "prompt_tokens": asked,
        "completion_tokens": answered,
        "total_tokens": asked + answered,
    })
}

fn ok(body: &Value) -> Reply {
    Reply::json(StatusCode::OK, body)
}

pub(crate) fn seconds_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
