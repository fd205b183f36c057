//! Whole conversations of many calls that share one state, one sentence each.

mod broken;
mod closed;
mod cold_start;
mod connections;
mod crowded;
mod offline;
mod patience;
mod poison;
mod rates;
mod refusals;
mod shut_out;
mod small;
mod statuses;
mod warm;
pub(crate) mod world;

use crate::read;
use crate::virtual_clock::{Reply, ms, status};
use query_with_retry::core::call::Head;
use query_with_retry::core::time::Duration;
use serde_json::json;
use world::Asked;

fn ok() -> Reply {
    Reply::ok(ms(300))
}

fn error(code: u16) -> Reply {
    Reply::after(ms(20), status(code), read::of_error(r#"{"error": "no"}"#))
}

/// A rate limit that names no time.
fn too_many() -> Reply {
    error(429)
}

fn asking(code: u16, floor: Duration) -> Reply {
    Reply::after(ms(20), Head { status: code, floor: Some(floor), ..Head::default() }, read::of_error("{}"))
}

fn loading() -> Reply {
    loading_for(Duration::from_secs(20))
}

fn loading_for(estimate: Duration) -> Reply {
    let body = json!({"error": "Model x is currently loading", "estimated_time": estimate.as_secs()});
    Reply::after(ms(20), status(503), read::of_error(&body.to_string()))
}

/// It says when to come again, by a header.
fn asking_while_loading(floor: Duration) -> Reply {
    let body = read::of_error(r#"{"error": "Model x is currently loading"}"#);
    Reply::after(ms(20), Head { status: 503, floor: Some(floor), ..Head::default() }, body)
}

/// A model that is up so long after the beginning, and takes so many at once.
fn cold_for(real: Duration, slots: usize) -> impl FnMut(Asked) -> Reply {
    move |asked| match asked {
        _ if asked.at < real => loading(),
        _ if asked.busy >= slots => too_many(),
        _ => ok(),
    }
}
