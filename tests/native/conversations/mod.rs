//! Whole conversations, one sentence each.

mod cold_start;
mod errors;
mod fallback;
mod hold;
mod odd_clocks;
mod patience;
mod recorded;
mod server_hints;
mod streams;
mod streams_in_time;
mod streams_property;
mod time_limits;

use crate::read;
use crate::virtual_clock::{Asked, Reply, ms, status};
use query_with_retry::core::call::Head;
use query_with_retry::core::classify::Body;
use query_with_retry::core::time::Duration;
use serde_json::{Value, json};

/// Most requests that three retries allow.
const ALL_ATTEMPTS: usize = 4;

fn error(code: u16) -> Reply {
    saying(code, &json!({"error": "no"}))
}

fn saying(code: u16, body: &Value) -> Reply {
    Reply::after(ms(20), status(code), read::of_error(&body.to_string()))
}

/// An error with a `RetryClass-After`.
fn asking(code: u16, floor: Duration) -> Reply {
    Reply::after(ms(20), Head { status: code, floor: Some(floor), ..Head::default() }, read::of_error("{}"))
}

fn loading(says: Option<Value>) -> Reply {
    let mut body = json!({"error": "Model x is currently loading"});
    if let Some(says) = says {
        body["estimated_time"] = says;
    }
    saying(503, &body)
}

fn ok() -> Reply {
    Reply::ok(ms(300))
}

/// A model that is up so long after its first request.
fn cold_for(real: Duration, says: Option<Value>) -> impl FnMut(Asked) -> Reply {
    move |asked| if asked.at < real { loading(says.clone()) } else { ok() }
}

fn nothing() -> Body {
    Body::default()
}
