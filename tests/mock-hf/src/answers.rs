//! What a model answers when all is well, and when it is full, by server and path.

use axum::http::{
    HeaderMap, Method, StatusCode,
    header::{ACCEPT, CONTENT_TYPE},
};
use bytes::Bytes;
use serde_json::{Value, json};

use crate::{
    media,
    model::Model,
    reply::Reply,
    scenario::{Server, Streaming},
    texts,
};

/// A request, read to its end. The path is the one below the key, without the query.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    json: Option<Value>,
}

impl Received {
    pub(crate) fn new(method: Method, path: String, headers: HeaderMap, body: Bytes) -> Self {
        let binary = media::is_binary(header(&headers, CONTENT_TYPE));
        Self {
            method,
            path,
            json: (!binary).then(|| serde_json::from_slice(&body).ok()).flatten(),
            headers,
            body,
        }
    }

    pub(crate) const fn json(&self) -> Option<&Value> {
        self.json.as_ref()
    }

    /// By the path, by the body, or else the key of the mock model.
    pub(crate) fn model_name(&self, model: &Model) -> String {
        if let Some((_, id)) = self.path.split_once("/models/")
            && !self.path.ends_with("/v1/models")
        {
            let id = ["/pipeline/", "/v1/"]
                .iter()
                .filter_map(|end| id.split_once(end))
                .map(|(id, _)| id)
                .next()
                .unwrap_or(id);
            return id.trim_end_matches('/').to_owned();
        }
        self.json.as_ref().and_then(|json| json["model"].as_str()).unwrap_or(&model.key).to_owned()
    }
}

/// The healthy answer of this server to that request.
pub(crate) fn healthy(model: &Model, request: &Received) -> Reply {
    let path = request.path.as_str();
    let content_type = header(&request.headers, CONTENT_TYPE);
    if header(&request.headers, ACCEPT).starts_with("image/") || path.ends_with("/text-to-image") {
        return media::picture();
    }
    if media::is_binary(content_type) {
        return media::receipt(content_type, &request.body);
    }
    if request.method == Method::GET || request.method == Method::HEAD {
        return catalogue(model, request);
    }
    let Some(json) = &request.json else {
        return unreadable(model, request, content_type);
    };
    let name = request.model_name(model);
    let server = model.server();
    let streaming = &model.scenario.stream;
    if path.ends_with("/chat/completions") {
        return texts::chat(&name, json, streaming);
    }
    if path.ends_with("/v1/completions") {
        return texts::completion(&name, json, streaming);
    }
    if path.ends_with("/v1/responses") {
        return texts::responses(&name, json, streaming);
    }
    if let Some(reply) = texts::dialect(path, &name, json, streaming) {
        return reply;
    }
    if path.ends_with("/events") && json["stream"] == true {
        return texts::plain_stream(json, streaming);
    }
    if path.ends_with("/v1/embeddings") {
        return texts::embeddings(&name, json);
    }
    if path.ends_with("/generate_stream") || json["stream"] == true && json["inputs"].is_string() {
        return texts::generate_stream(json, streaming);
    }
    if path.ends_with("/generate") && server != Server::Ollama {
        return texts::generate(json, streaming);
    }
    if path.ends_with("/embed") || path.contains("feature-extraction") || server == Server::Tei {
        return texts::embed(json);
    }
    if path.contains("text-classification") {
        return texts::classified(json);
    }
    by_body(&name, json, request, streaming)
}

/// Paths that say nothing: the fields of the body tell what is asked.
fn by_body(name: &str, json: &Value, request: &Received, streaming: &Streaming) -> Reply {
    if !json["inputs"].is_null() {
        texts::generated(&json["inputs"], streaming)
    } else if json["messages"].is_array() {
        texts::chat(name, json, streaming)
    } else if json["prompt"].is_string() {
        texts::completion(name, json, streaming)
    } else if !json["input"].is_null() {
        texts::embeddings(name, json)
    } else {
        media::receipt(header(&request.headers, CONTENT_TYPE), &request.body)
    }
}

/// What is said of the model at the router and at the Hub, whether it is up or not.
pub(crate) fn status(model: &Model, request: &Received) -> Option<Reply> {
    let is_asked = request.method == Method::GET
        && ["/v1/models/", "/api/models/"].iter().any(|route| request.path.contains(route));
    let said = model.scenario.status.as_ref().filter(|_| is_asked)?;
    Some(Reply::json(StatusCode::OK, said))
}

/// What `/health` is answered where it has steps of its own.
pub(crate) fn health(model: &Model, request: &Received) -> Option<Reply> {
    let is_asked = request.method == Method::GET && request.path.ends_with("/health");
    let step = is_asked.then(|| model.next_health()).flatten()?;
    Some(Reply::from_step(step, || Reply::empty(StatusCode::OK)))
}

fn catalogue(model: &Model, request: &Received) -> Reply {
    let server = model.server();
    let path = request.path.as_str();
    let served = || {
        json!({
            "id": model.key,
            "object": "model",
            "created": texts::seconds_now(),
            "owned_by": "mock-hf",
        })
    };
    if path.ends_with("/v1/models") {
        let list = json!({"object": "list", "data": [served()]});
        return Reply::json(StatusCode::OK, &list);
    }
    if path.contains("/v1/models/") {
        return Reply::json(StatusCode::OK, &served());
    }
    match (server, path) {
        (Server::LlamaCpp, "/health") => Reply::json(StatusCode::OK, &json!({"status": "ok"})),
        (Server::Toolkit, "/health" | "/") => Reply::text(StatusCode::OK, "Ok"),
        (Server::Ollama, "/") => Reply::text(StatusCode::OK, "Ollama is running"),
        (_, "/health" | "/ping" | "/") => Reply::empty(StatusCode::OK),
        _ => media::receipt(header(&request.headers, CONTENT_TYPE), &request.body),
    }
}

/// A body that should have been JSON, in the words of the server.
fn unreadable(model: &Model, request: &Received, content_type: &str) -> Reply {
    if !content_type.starts_with("application/json") {
        return media::receipt(content_type, &request.body);
    }
    match model.server() {
        Server::Tgi | Server::Tei => Reply::sample("tgi-json-syntax"),
        _ => {
            let body = json!({"error": "the request body is not JSON"});
            Reply::json(StatusCode::BAD_REQUEST, &body)
        }
    }
}

/// What a server answers that has no slot left.
pub(crate) fn overloaded(model: &Model, request: &Received) -> Reply {
    let openai = request.path.contains("/v1/");
    Reply::sample(match model.server() {
        Server::Endpoint => "endpoint-queue-full",
        Server::Ollama if openai => "ollama-openai-busy",
        Server::Ollama => "ollama-busy",
        Server::Tei if openai => "tei-openai-overloaded",
        Server::Tei => "tei-overloaded",
        _ => "tgi-overloaded",
    })
}

fn header(headers: &HeaderMap, name: axum::http::HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
