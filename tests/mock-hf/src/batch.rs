//! What a server says to a request of many inputs that it does not take.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::{
    answers::Received,
    model::Model,
    reply::Reply,
    scenario::{Batch, Server},
    texts::content,
    words::how_many,
};

const OUT_OF_MEMORY: &str = "CUDA out of memory. Tried to allocate 1024.00 MiB";

/// Nothing where the request is taken.
pub(crate) fn refusal(model: &Model, request: &Received) -> Option<Reply> {
    let limits = model.scenario.batch.as_ref()?;
    let inputs = inputs(request.json()?);
    let server = model.server();
    let words: u64 = inputs.iter().map(|input| how_many(input)).sum();
    if limits.poison.as_ref().is_some_and(|poison| inputs.iter().any(|input| input.contains(poison))) {
        return Some(poisoned(limits));
    }
    if let Some(largest) = limits.largest.filter(|largest| inputs.len() > *largest) {
        return Some(too_many(server, request, inputs.len(), largest));
    }
    if let Some(tokens) = limits.tokens.filter(|tokens| words > *tokens) {
        let text =
            format!("Input validation error: `inputs` must have less than {tokens} tokens. Given: {words}");
        return Some(invalid(&text));
    }
    limits.memory.filter(|most| inputs.len() > *most).map(|_| out_of_memory(server))
}

/// The texts of all inputs, by the field of either form.
fn inputs(json: &Value) -> Vec<String> {
    let given = ["inputs", "input"].iter().map(|field| &json[field]).find(|value| !value.is_null());
    match given {
        Some(Value::Array(inputs)) => inputs.iter().map(content).collect(),
        Some(input) => vec![content(input)],
        None => Vec::new(),
    }
}

fn poisoned(limits: &Batch) -> Reply {
    let own = || invalid("Input validation error: an input cannot be read");
    match &limits.poisoned {
        Some(step) => Reply::from_step(step, own),
        None => own(),
    }
}

/// TEI and TGI in their own words and by their own status; a proxy by 413.
fn too_many(server: Server, request: &Received, given: usize, largest: usize) -> Reply {
    let text = format!("batch size {given} > maximum allowed batch size {largest}");
    let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
    match server {
        Server::Tei if request.path.contains("/v1/") => {
            Reply::json(unprocessable, &json!({"message": text, "code": 422, "type": "validation"}))
        }
        Server::Tei => invalid(&text),
        Server::Tgi => {
            let text = format!("Number of prompts exceeds the maximum allowed batch size of {largest}");
            Reply::json(unprocessable, &json!({"error": text, "error_type": "batch size exceeded"}))
        }
        _ => Reply::json(StatusCode::PAYLOAD_TOO_LARGE, &json!({ "error": text })),
    }
}

fn out_of_memory(server: Server) -> Reply {
    match server {
        Server::Toolkit => Reply::json(StatusCode::BAD_REQUEST, &json!({ "error": OUT_OF_MEMORY })),
        Server::Pipelines => {
            let body = json!({
                "error": "unknown error",
                "warnings": [format!("There was an inference error: {OUT_OF_MEMORY}")],
            });
            Reply::json(StatusCode::INTERNAL_SERVER_ERROR, &body)
        }
        _ => {
            let text = format!("Request failed during generation: Server error: {OUT_OF_MEMORY}");
            let body = json!({"error": text, "error_type": "generation"});
            Reply::json(StatusCode::FAILED_DEPENDENCY, &body)
        }
    }
}

fn invalid(text: &str) -> Reply {
    Reply::json(StatusCode::UNPROCESSABLE_ENTITY, &json!({"error": text, "error_type": "validation"}))
}
