//! The way of one request to a mock model: counted, read, answered, decorated, sent or broken.

use std::{
    collections::HashMap,
    error::Error,
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderMap, HeaderValue, Response, StatusCode},
    response::IntoResponse,
};
use http_body_util::LengthLimitError;

use crate::{
    answers::{self, Received},
    batch, cold,
    connection::ConnectionControl,
    control,
    cors::{self, Cors},
    counters::Exchange,
    model::Model,
    reply::Reply,
    scenario::Server,
    sending::send,
    sites::Site,
    texts::seconds_now,
};

const MOST_BODY_BYTES: usize = 64 * 1024 * 1024;

#[derive(Debug)]
pub(crate) struct App {
    pub(crate) origin: String,
    pub(crate) other_origin: String,
    sites: Vec<Site>,
    models: Mutex<HashMap<String, Arc<Model>>>,
}

impl App {
    pub(crate) fn new(origin: String, other_origin: String, mut sites: Vec<Site>) -> Self {
        // The root last: it takes what neither another site nor a model does.
        sites.sort_by_key(Site::is_root);
        Self { origin, other_origin, sites, models: Mutex::default() }
    }

    pub(crate) fn put(&self, model: Model) {
        self.lock().insert(model.key.clone(), Arc::new(model));
    }

    pub(crate) fn remove(&self, key: &str) {
        self.lock().remove(key);
    }

    pub(crate) fn model(&self, key: &str) -> Option<Arc<Model>> {
        self.lock().get(key).cloned()
    }

    pub(crate) fn models(&self) -> Vec<Arc<Model>> {
        let mut models: Vec<_> = self.lock().values().cloned().collect();
        models.sort_by(|a, b| a.key.cmp(&b.key));
        models
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Model>>> {
        self.models.lock().expect("no holder panics")
    }
}

pub(crate) fn router(app: Arc<App>) -> Router {
    control::routes().fallback(dispatch).layer(DefaultBodyLimit::max(MOST_BODY_BYTES)).with_state(app)
}

async fn dispatch(State(app): State<Arc<App>>, request: Request) -> Response<Body> {
    let path = request.uri().path();
    let named = app.sites.iter().filter(|site| !site.is_root());
    if let Some(site) = named.into_iter().find(|site| site.serves(path)) {
        return site.answer(request).await;
    }
    let (key, rest) = split_key(path);
    if let Some(model) = app.model(key) {
        let rest = rest.to_owned();
        return answer(&app, &model, rest, request).await;
    }
    match app.sites.iter().find(|site| site.is_root()) {
        Some(site) => site.answer(request).await,
        None => control::no_model(key),
    }
}

/// `/key/rest` to `key` and `/rest`; a bare `/key` has the rest `/`.
fn split_key(path: &str) -> (&str, &str) {
    let path = path.strip_prefix('/').unwrap_or(path);
    match path.find('/') {
        Some(end) => path.split_at(end),
        None => (path, "/"),
    }
}

async fn answer(app: &App, model: &Model, path: String, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let Some(control) = head.extensions.get::<Arc<ConnectionControl>>().cloned() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    control.carries(&model.counters);
    let cors = Cors::of(&model.scenario);
    if cors::is_preflight(&head.method, &head.headers) {
        model.counters.preflight();
        let reply = cors.preflight(&head.headers);
        return (reply.status, reply.headers).into_response();
    }

    let logged_path = match head.uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.clone(),
    };
    let mut exchange = model.counters.begin(&head.method, &logged_path, &head.headers, control.side);
    let body = match to_bytes(body, MOST_BODY_BYTES).await {
        Ok(body) => body,
        Err(error) if is_too_long(&error) => {
            let mut reply = Reply::text(StatusCode::PAYLOAD_TOO_LARGE, "over 64 MiB");
            cors.add(&head.headers, &mut reply.headers);
            return send(reply, &head.method, exchange, control).await;
        }
        // The client went away while it was sending, which the exchange counts.
        Err(_) => return StatusCode::BAD_REQUEST.into_response(),
    };
    exchange.received(&body);
    let request = Received::new(head.method, path, head.headers, body);

    let managed = model.endpoint.as_ref();
    let answered =
        managed.and_then(|endpoint| endpoint.answer(&format!("{}/{}", app.origin, model.key), &request));
    let mut reply = match answered {
        Some(reply) => reply,
        None => choose(model, &request, &mut exchange).await,
    };
    replace_origins(app, &mut reply.headers);
    if has_request_id(model.server()) && !reply.headers.contains_key("x-request-id") {
        reply.headers.insert("x-request-id", request_id());
    }
    cors.add(&request.headers, &mut reply.headers);
    send(reply, &request.method, exchange, control).await
}

async fn choose(model: &Model, request: &Received, exchange: &mut Exchange) -> Reply {
    if let Some(reply) = answers::status(model, request) {
        return reply;
    }
    if let Some(reply) = answers::health(model, request) {
        return reply;
    }
    if let Some(reply) = cold::loading_answer(model, request).await {
        return reply;
    }
    match model.slot().await {
        Ok(Some(slot)) => exchange.occupy(slot),
        Ok(None) => {}
        Err(_) => return answers::overloaded(model, request),
    }
    let own = || batch::refusal(model, request).unwrap_or_else(|| answers::healthy(model, request));
    let healthy = || {
        let reply = match &model.scenario.healthy {
            Some(step) => Reply::from_step(step, own),
            None => own(),
        };
        reply.after(Duration::from_millis(model.scenario.latency_ms))
    };
    match model.next_step() {
        Some(step) => Reply::from_step(step, healthy),
        None => healthy(),
    }
}

fn is_too_long(error: &axum::Error) -> bool {
    error.source().is_some_and(|source| source.is::<LengthLimitError>())
}

fn replace_origins(app: &App, headers: &mut HeaderMap) {
    for value in headers.values_mut() {
        let Ok(text) = value.to_str() else { continue };
        if !text.contains('{') {
            continue;
        }
        let text = text.replace("{origin}", &app.origin).replace("{other}", &app.other_origin);
        if let Ok(replaced) = HeaderValue::from_str(&text) {
            *value = replaced;
        }
    }
}

fn has_request_id(server: Server) -> bool {
    matches!(server, Server::Router | Server::HfInference | Server::Openai | Server::Endpoint)
}

fn request_id() -> HeaderValue {
    let random = || RandomState::new().hash_one(0);
    let id = format!(
        "Root=1-{:08x}-{:016x}{:08x}",
        seconds_now() & 0xffff_ffff,
        random(),
        random() & 0xffff_ffff,
    );
    HeaderValue::from_str(&id).unwrap_or(HeaderValue::from_static("Root=1-0-0"))
}
