//! What a browser may send and see, as the real hosts have it.

use axum::http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
        VARY,
    },
};

use crate::{
    reply::Reply,
    scenario::{NamedCors, Scenario, Server},
};

const ANY: HeaderValue = HeaderValue::from_static("*");
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS");
const ROUTER_EXPOSES: HeaderValue = HeaderValue::from_static(
    "X-Repo-Commit, X-Request-Id, X-Error-Code, X-Error-Message, X-Total-Count, ETag, Link, \
     Accept-Ranges, Content-Range, X-Xet-Hash",
);
const HF_INFERENCE_EXPOSES: HeaderValue = HeaderValue::from_static("x-compute-type, x-compute-time");
const OLLAMA_ALLOWS: HeaderValue = HeaderValue::from_static(
    "Authorization, Content-Type, User-Agent, Accept, X-Requested-With, OpenAI-Beta, \
     x-stainless-arch, x-stainless-async, x-stainless-custom-poll-interval, \
     x-stainless-helper-method, x-stainless-lang, x-stainless-os, x-stainless-package-version, \
     x-stainless-poll-helper, x-stainless-retry-count, x-stainless-runtime, \
     x-stainless-runtime-version, x-stainless-timeout",
);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cors {
    /// Everything is reflected, allowed and exposed.
    Open,
    Router,
    HfInference,
    /// As the router, but what it exposes is not known: nothing.
    Endpoint,
    /// TGI and TEI themselves: not even `Authorization` passes.
    Engine,
    LlamaCpp,
    Ollama,
    None,
}

impl Cors {
    pub(crate) fn of(scenario: &Scenario) -> Self {
        match scenario.cors {
            Some(NamedCors::Open) => Self::Open,
            Some(NamedCors::Router) => Self::Router,
            Some(NamedCors::HfInference) => Self::HfInference,
            Some(NamedCors::Engine) => Self::Engine,
            Some(NamedCors::None) => Self::None,
            None => Self::usual(scenario.server),
        }
    }

    fn usual(server: Server) -> Self {
        match server {
            Server::Openai | Server::Vllm => Self::Open,
            Server::Router | Server::Legacy => Self::Router,
            Server::HfInference | Server::Pipelines => Self::HfInference,
            Server::Endpoint => Self::Endpoint,
            Server::Tgi | Server::Tei | Server::Toolkit => Self::Engine,
            Server::LlamaCpp => Self::LlamaCpp,
            Server::Ollama => Self::Ollama,
        }
    }

    /// The answer to a preflight.
    pub(crate) fn preflight(self, request: &HeaderMap) -> Reply {
        if self == Self::None {
            return Reply::empty(StatusCode::METHOD_NOT_ALLOWED);
        }
        let mut reply = Reply::empty(StatusCode::NO_CONTENT);
        self.allow_origin(request, &mut reply.headers);
        if let Some(allowed) = self.allowed_headers(request) {
            reply.headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, allowed);
        }
        reply.headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        reply
    }

    /// Adds what an answer carries. What a step has set itself stays.
    pub(crate) fn add(self, request: &HeaderMap, answer: &mut HeaderMap) {
        if answer.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN) {
            return;
        }
        let exposed = match self {
            Self::Open => names(answer.keys()),
            Self::Router => Some(ROUTER_EXPOSES),
            Self::HfInference => Some(HF_INFERENCE_EXPOSES),
            _ => None,
        };
        if let Some(exposed) = exposed {
            answer.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
        }
        self.allow_origin(request, answer);
    }

    fn allow_origin(self, request: &HeaderMap, answer: &mut HeaderMap) {
        let origin = request.get(ORIGIN);
        let allowed = match self {
            Self::None => None,
            Self::Open => Some(origin.cloned().unwrap_or(ANY)),
            Self::LlamaCpp => origin.cloned(),
            Self::Ollama => origin.filter(|origin| is_local(origin)).cloned(),
            _ => Some(ANY),
        };
        if let Some(allowed) = allowed {
            if allowed != ANY {
                answer.append(VARY, HeaderValue::from_static("Origin"));
            }
            answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        }
    }

    fn allowed_headers(self, request: &HeaderMap) -> Option<HeaderValue> {
        match self {
            Self::Open => request.get(ACCESS_CONTROL_REQUEST_HEADERS).cloned(),
            Self::Router | Self::HfInference | Self::Endpoint => {
                Some(HeaderValue::from_static("Authorization, Content-Type"))
            }
            Self::Engine => Some(HeaderValue::from_static("content-type")),
            Self::LlamaCpp => Some(ANY),
            Self::Ollama => Some(OLLAMA_ALLOWS),
            Self::None => None,
        }
    }
}

pub(crate) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS
        && headers.contains_key(ORIGIN)
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// `/_mock` itself, which a page of any origin may drive.
pub(crate) fn add_for_control(answer: &mut HeaderMap) {
    answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, ANY);
    answer.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    answer.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("content-type"));
}

fn names<'a>(headers: impl Iterator<Item = &'a HeaderName>) -> Option<HeaderValue> {
    let names: Vec<&str> = headers.map(HeaderName::as_str).collect();
    HeaderValue::from_str(&names.join(", ")).ok()
}

fn is_local(origin: &HeaderValue) -> bool {
    let Ok(origin) = origin.to_str() else {
        return false;
    };
    let Some((scheme, authority)) = origin.split_once("://") else {
        return false;
    };
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    matches!(scheme, "http" | "https") && matches!(host, "localhost" | "127.0.0.1" | "0.0.0.0")
        || matches!(scheme, "app" | "file" | "tauri")
}
