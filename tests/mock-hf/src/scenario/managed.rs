//! A dedicated endpoint with its management API: what it is called, and the states that it goes through.

use serde::Deserialize;

use super::Step;

/// Beside the model itself, below `/v2/endpoint/{namespace}`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Managed {
    #[serde(default = "namespace")]
    pub(crate) namespace: String,
    #[serde(default = "name")]
    pub(crate) name: String,
    /// The bearer token that the API wants; absent: any.
    pub(crate) token: Option<String>,
    /// From the making of the model on.
    pub(crate) states: Vec<Phase>,
    /// After a resume, and when a request wakes the endpoint from zero.
    #[serde(default = "running")]
    pub(crate) resumed: Vec<Phase>,
    /// After a change of its scaling; absent: it stays as it is.
    #[serde(default)]
    pub(crate) updated: Vec<Phase>,
    #[serde(default)]
    pub(crate) min: u32,
    #[serde(default = "one")]
    pub(crate) max: u32,
    #[serde(default = "health")]
    pub(crate) health_route: String,
    /// The API names no address while the endpoint is paused.
    #[serde(default)]
    pub(crate) hides_url: bool,
    /// The address that the API names instead of its own model's.
    pub(crate) url: Option<String>,
    /// Answers of the API itself, one a request, in place of its own; a step with neither sample nor status nor body is
    /// its own.
    #[serde(default)]
    pub(crate) script: Vec<Step>,
}

/// One state, for so long; without `ms` for ever.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Phase {
    pub(crate) state: String,
    pub(crate) ms: Option<u64>,
    #[serde(default)]
    pub(crate) message: String,
    /// Replicas that serve; absent: one of a running endpoint, and none of another.
    pub(crate) ready: Option<u32>,
    /// Running, it serves only after this time.
    #[serde(default)]
    pub(crate) unhealthy_ms: u64,
}

impl Managed {
    pub(super) fn check(&self, path: &str) -> Result<(), String> {
        for (name, phases) in [("states", &self.states), ("resumed", &self.resumed)] {
            if phases.is_empty() {
                return Err(format!("{path}.{name}: an endpoint is always in some state"));
            }
        }
        for (number, step) in self.script.iter().enumerate() {
            step.check(&format!("{path}.script[{number}]"))?;
        }
        Ok(())
    }
}

fn namespace() -> String {
    "me".to_owned()
}

fn name() -> String {
    "my-endpoint".to_owned()
}

fn one() -> u32 {
    1
}

fn health() -> String {
    "/health".to_owned()
}

fn running() -> Vec<Phase> {
    let state = "running".to_owned();
    vec![Phase { state, ms: None, message: String::new(), ready: None, unhealthy_ms: 0 }]
}
