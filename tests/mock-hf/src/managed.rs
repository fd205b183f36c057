//! The management API of dedicated endpoints, and what the proxy before a model answers in each of its states.
//!
//! The routes and fields are those of huggingface_hub, `hf_api.py` and `tests/test_inference_endpoints.py`:
//! <https://github.com/huggingface/huggingface_hub/blob/main/src/huggingface_hub/hf_api.py>.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::http::{Method, StatusCode, header::AUTHORIZATION};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    answers::Received,
    reply::Reply,
    scenario::{Managed, Phase},
};

const API: &str = "/v2/endpoint/";

#[derive(Debug)]
pub(crate) struct Endpoint {
    managed: Managed,
    now: Mutex<Course>,
    scripted: AtomicUsize,
}

/// The phases that it goes through, and how it scales.
#[derive(Debug)]
struct Course {
    phases: Vec<Phase>,
    since: Instant,
    scaling: Value,
}

impl Course {
    /// The phase of this moment, and for how long it has lasted.
    fn phase(&self) -> (&Phase, Duration) {
        let mut left = self.since.elapsed();
        let (last, before) = self.phases.split_last().expect("checked: there is one");
        for phase in before {
            match phase.ms.map(Duration::from_millis) {
                Some(lasts) if left >= lasts => left -= lasts,
                _ => return (phase, left),
            }
        }
        (last, left)
    }

    fn begin(&mut self, phases: &[Phase]) {
        self.phases = phases.to_vec();
        self.since = Instant::now();
    }
}

impl Endpoint {
    pub(crate) fn new(managed: Managed) -> Self {
        let scaling = json!({"minReplica": managed.min, "maxReplica": managed.max, "scaleToZeroTimeout": 15});
        let course = Course { phases: managed.states.clone(), since: Instant::now(), scaling };
        Self { managed, now: Mutex::new(course), scripted: AtomicUsize::new(0) }
    }

    /// The answer of the API, or of the proxy before a model that does not serve; none where the model answers itself.
    /// `at` is the address of the model.
    pub(crate) fn answer(&self, at: &str, request: &Received) -> Option<Reply> {
        let Some(path) = request.path.strip_prefix(API) else { return self.proxy() };
        let step = self.managed.script.get(self.scripted.fetch_add(1, Ordering::Relaxed));
        let own = || self.api(at, path, request);
        Some(step.map_or_else(own, |step| Reply::from_step(step, own)))
    }

    fn proxy(&self) -> Option<Reply> {
        let mut course = self.now.lock().expect("no holder panics");
        let (phase, lasts) = course.phase();
        match phase.state.as_str() {
            "running" | "updating" if lasts >= Duration::from_millis(phase.unhealthy_ms) => return None,
            "updateFailed" if phase.ready.unwrap_or(0) > 0 => return None,
            "paused" => return Some(Reply::sample("endpoint-paused")),
            // The documented way to wake it: any request.
            "scaledToZero" => course.begin(&self.managed.resumed),
            _ => {}
        }
        Some(Reply::text(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"))
    }

    fn api(&self, at: &str, path: &str, request: &Received) -> Reply {
        let refused = |status, why: &str| Reply::json(status, &json!({ "error": why }));
        let given = request.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let wanted = self.managed.token.as_ref().map(|token| format!("Bearer {token}"));
        if wanted.is_some() && wanted.as_deref() != given {
            return refused(StatusCode::UNAUTHORIZED, "Invalid credentials in Authorization header");
        }
        let mut parts = path.split('/');
        if parts.next() != Some(&self.managed.namespace) {
            return refused(StatusCode::NOT_FOUND, "Namespace not found");
        }
        let name = parts.next();
        let action = parts.next();
        if name.is_some_and(|name| name != self.managed.name) || parts.next().is_some() {
            return refused(StatusCode::NOT_FOUND, "Endpoint not found");
        }
        let mut course = self.now.lock().expect("no holder panics");
        let state = course.phase().0.state.clone();
        match (&request.method, name, action) {
            (&Method::GET, None, None) => {
                return Reply::json(StatusCode::OK, &json!({"items": [self.shown(&course, at)]}));
            }
            (&Method::GET, Some(_), None) => {}
            (&Method::PUT, Some(_), None) => {
                let given: Value = serde_json::from_slice(&request.body).unwrap_or_default();
                if let (Some(all), Some(given)) =
                    (course.scaling.as_object_mut(), given["compute"]["scaling"].as_object())
                {
                    all.extend(given.clone());
                }
                if !self.managed.updated.is_empty() {
                    course.begin(&self.managed.updated);
                }
            }
            (&Method::POST, Some(_), Some("resume")) => match state.as_str() {
                "running" => return refused(StatusCode::BAD_REQUEST, "Endpoint is already running"),
                "paused" | "failed" => course.begin(&self.managed.resumed),
                _ => {}
            },
            (&Method::POST, Some(_), Some(action @ ("pause" | "scale-to-zero"))) => {
                let wanted = if action == "pause" { "paused" } else { "scaledToZero" };
                if state == wanted {
                    return refused(StatusCode::BAD_REQUEST, &format!("Endpoint is already {wanted}"));
                }
                let phase = json!({ "state": wanted });
                course.begin(&[serde_json::from_value(phase).expect("a phase")]);
            }
            _ => return refused(StatusCode::NOT_FOUND, "Route not found"),
        }
        Reply::json(StatusCode::OK, &self.shown(&course, at))
    }

    fn shown(&self, course: &Course, at: &str) -> Value {
        let phase = course.phase().0;
        let serves = u32::from(phase.state == "running");
        let mut status = json!({
            "createdAt": "2023-10-26T12:41:53.263Z",
            "updatedAt": "2023-10-26T12:41:53.263Z",
            "private": null,
            "state": phase.state,
            "message": phase.message,
            "readyReplica": phase.ready.unwrap_or(serves),
            "targetReplica": 1,
        });
        if !(phase.state == "pending" || phase.state == "paused" && self.managed.hides_url) {
            status["url"] = json!(self.managed.url.as_deref().unwrap_or(at));
        }
        json!({
            "name": self.managed.name,
            "type": "authenticated",
            "accountId": null,
            "provider": {"vendor": "aws", "region": "us-east-1"},
            "healthRoute": self.managed.health_route,
            "compute": {
                "accelerator": "gpu",
                "instanceType": "nvidia-a10g",
                "instanceSize": "x1",
                "scaling": course.scaling,
            },
            "model": {"repository": "gpt2", "task": "text-generation", "framework": "pytorch"},
            "status": status,
        })
    }
}
