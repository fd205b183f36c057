//! `/_mock`: making models, reading their counters, listing the samples.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, Query, Request, State},
    http::{Method, StatusCode},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::{get, put},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{app::App, cors, model::Model, samples::samples, scenario::Scenario};

pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/_mock", get(all))
        .route("/_mock/samples", get(list_samples))
        .route("/_mock/{key}", put(create).get(counters).delete(remove))
        .route_layer(from_fn(with_cors))
}

async fn with_cors(request: Request, next: Next) -> Response {
    let mut response = if request.method() == Method::OPTIONS {
        StatusCode::NO_CONTENT.into_response()
    } else {
        next.run(request).await
    };
    cors::add_for_control(response.headers_mut());
    response
}

/// `?log=N`: only the last N entries of the log.
#[derive(Deserialize)]
struct Extent {
    log: Option<usize>,
}

impl Extent {
    fn entries(&self) -> usize {
        self.log.unwrap_or(usize::MAX)
    }
}

async fn create(State(app): State<Arc<App>>, Path(key): Path<String>, body: Bytes) -> Response {
    let valid = |key: &str| {
        !key.is_empty() && key.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
    };
    if !valid(&key) || key == "samples" {
        let problem = format!("key {key:?}: only a-z, 0-9 and -, and not \"samples\"");
        return error(StatusCode::BAD_REQUEST, &problem);
    }
    let body: &[u8] = if body.is_empty() { b"{}" } else { &body };
    match Scenario::parse(body) {
        Ok(scenario) => {
            let urls = json!({
                "url": format!("{}/{key}", app.origin),
                "otherUrl": format!("{}/{key}", app.other_origin),
            });
            app.put(Model::new(key, scenario));
            Json(urls).into_response()
        }
        Err(problem) => error(StatusCode::BAD_REQUEST, &problem),
    }
}

async fn counters(
    State(app): State<Arc<App>>,
    Path(key): Path<String>,
    Query(extent): Query<Extent>,
) -> Response {
    match app.model(&key) {
        Some(model) => Json(model.counters.report(extent.entries())).into_response(),
        None => no_model(&key),
    }
}

async fn remove(State(app): State<Arc<App>>, Path(key): Path<String>) -> StatusCode {
    app.remove(&key);
    StatusCode::NO_CONTENT
}

async fn all(State(app): State<Arc<App>>, Query(extent): Query<Extent>) -> Json<Value> {
    let models: Map<String, Value> = app
        .models()
        .into_iter()
        .map(|model| (model.key.clone(), model.counters.report(extent.entries())))
        .collect();
    Json(json!({ "models": models }))
}

async fn list_samples() -> Json<Value> {
    Json(json!({ "samples": samples() }))
}

pub(crate) fn no_model(key: &str) -> Response {
    let mut response = error(StatusCode::NOT_FOUND, &format!("no mock model {key:?}"));
    // Without this, a page would see a network error instead of its mistake.
    cors::add_for_control(response.headers_mut());
    response
}

fn error(status: StatusCode, problem: &str) -> Response {
    (status, Json(json!({ "error": problem }))).into_response()
}
