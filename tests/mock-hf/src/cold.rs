//! What a server answers while its model loads: at once, or after holding the request.

use std::time::Duration;

use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, sleep_until};

use crate::{
    answers::Received,
    body::Payload,
    model::Model,
    reply::Reply,
    samples::sample,
    scenario::{Cold, Server, parse_headers},
};

const LEGACY_HOLD: Duration = Duration::from_secs(120);

/// How a server takes a request that it cannot serve yet.
#[derive(Debug, PartialEq, Eq)]
enum Hold {
    No,
    For(Duration),
    UntilWarm,
}

/// The loading answer, or none as soon as the model is warm.
pub(crate) async fn loading_answer(model: &Model, request: &Received) -> Option<Reply> {
    let (cold, warm_at) = model.cold()?;
    let server = model.server();
    match hold(server, &request.headers) {
        Hold::No => Some(refusal(cold, model, request)),
        Hold::UntilWarm => {
            sleep_until(warm_at).await;
            None
        }
        Hold::For(limit) if Instant::now() + limit >= warm_at => {
            sleep_until(warm_at).await;
            None
        }
        Hold::For(limit) => {
            sleep(limit).await;
            if server == Server::Legacy {
                return Some(Reply::sample("legacy-too-busy"));
            }
            Some(refusal(cold, model, request))
        }
    }
}

fn hold(server: Server, headers: &HeaderMap) -> Hold {
    let header = |name| headers.get(name)?.to_str().ok().map(str::trim);
    match server {
        Server::Endpoint => header("x-scale-up-timeout")
            .and_then(|seconds| seconds.parse::<f64>().ok())
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            // A day is as good as for ever, and cannot overflow an instant.
            .map_or(Hold::No, |limit| Hold::For(limit.min(Duration::from_secs(86_400)))),
        Server::Legacy => match header("x-wait-for-model") {
            Some("1") => Hold::For(LEGACY_HOLD),
            Some(value) if value.eq_ignore_ascii_case("true") => Hold::For(LEGACY_HOLD),
            _ => Hold::No,
        },
        Server::Ollama => Hold::UntilWarm,
        _ => Hold::No,
    }
}

fn refusal(cold: &Cold, model: &Model, request: &Received) -> Reply {
    let (mut reply, body) = match cold.sample.as_deref().and_then(sample) {
        Some(sample) => (Reply::from_sample(sample), sample.body.clone()),
        None => {
            let body = own_body(model, request);
            let mut reply = Reply::empty(StatusCode::SERVICE_UNAVAILABLE);
            reply.set_body(&body);
            (reply, body)
        }
    };
    if let (Some(says), Value::Object(mut fields)) = (&cold.says, body) {
        fields.insert("estimated_time".to_owned(), says.clone());
        reply.payload = Payload::bytes(Value::Object(fields).to_string());
    }
    reply.headers.extend(parse_headers(&cold.headers).unwrap_or_default());
    reply
}

fn own_body(model: &Model, request: &Received) -> Value {
    let health = request.path.ends_with("/health");
    match model.server() {
        Server::Endpoint => Value::from("Service Unavailable"),
        Server::LlamaCpp => sample("llamacpp-loading").map_or(Value::Null, |sample| sample.body.clone()),
        Server::Tgi if health => json!({"error": "unhealthy", "error_type": "healthcheck"}),
        Server::Tei if health => json!({"error": "unhealthy", "error_type": "unhealthy"}),
        _ => {
            let name = request.model_name(model);
            json!({"error": format!("Model {name} is currently loading")})
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn with(name: &'static str, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name.parse().expect("a header name"), HeaderValue::from_static(value))])
    }

    #[test]
    fn an_endpoint_holds_as_many_seconds_as_the_header_says() {
        let hold = hold(Server::Endpoint, &with("x-scale-up-timeout", "600"));
        assert_eq!(hold, Hold::For(Duration::from_secs(600)));
    }

    #[test]
    fn a_hold_header_that_is_no_number_holds_nothing() {
        for value in ["", "soon", "-1", "NaN", "inf"] {
            let hold = hold(Server::Endpoint, &with("x-scale-up-timeout", value));
            assert_eq!(hold, Hold::No, "{value}");
        }
    }

    #[test]
    fn the_legacy_host_holds_120_seconds_when_told_to_wait() {
        for value in ["1", "true", "True"] {
            let hold = hold(Server::Legacy, &with("x-wait-for-model", value));
            assert_eq!(hold, Hold::For(LEGACY_HOLD), "{value}");
        }
        assert_eq!(hold(Server::Legacy, &with("x-wait-for-model", "0")), Hold::No);
        assert_eq!(hold(Server::Router, &with("x-wait-for-model", "1")), Hold::No);
    }
}
