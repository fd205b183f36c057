//! Where servers name how long to wait, byte for byte: `waits.json`, each with the public source that it was seen in or that
//! documents it. A wait of a limit that is whole again in a second (`RateLimit`) is a second longer, since it is rounded down.

use crate::read;
use crate::virtual_clock::{Conversation, Reply, ms};
use query_with_retry::core::call::Head;
use query_with_retry::core::classify::{RetryClass, classify};
use query_with_retry::core::hint::{self, Now};
use query_with_retry::core::policy::{Given, Policy};
use query_with_retry::core::target::Profile;
use query_with_retry::core::time::Duration;
use serde_json::Value;

struct Vector {
    name: String,
    source: String,
    now_ms: u64,
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
    wait_ms: Option<u64>,
}

fn vectors() -> Vec<Vector> {
    let all: Vec<Value> = serde_json::from_str(include_str!("waits.json")).expect("the vectors are JSON");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let of = |vector: &Value| Vector {
        name: text(&vector["name"]),
        source: text(&vector["source"]),
        now_ms: vector["nowMs"].as_u64().expect("a time"),
        status: vector["status"].as_u64().expect("a status") as u16,
        headers: vector["headers"]
            .as_object()
            .expect("headers")
            .iter()
            .map(|(name, value)| (name.clone(), text(value)))
            .collect(),
        body: text(&vector["body"]),
        wait_ms: vector["waitMs"].as_u64(),
    };
    all.iter().map(of).collect()
}

fn head(vector: &Vector) -> Head {
    let lines: String = vector.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    let hint = hint::read(&lines, Now { ms: vector.now_ms, is_right: true });
    Head {
        status: vector.status,
        floor: hint.wait,
        resets: hint.resets,
        should_retry: hint.should_retry,
        now: hint.now,
        ..Head::default()
    }
}

#[test]
fn every_wait_that_a_server_names_is_found_and_nothing_else_is_taken_for_one() {
    let mut wrong = String::new();
    for vector in vectors() {
        let head = head(&vector);
        let body = match vector.status {
            200 => read::of_success(&vector.body, "application/json"),
            _ => read::of_error(&vector.body),
        };
        let is_retried = classify(vector.status, Profile::OpenAi, &body)
            .is_some_and(|class| class.retry != RetryClass::Never);
        let found = head.floor.or_else(|| body.wait(head.now)).or(head.resets).filter(|_| is_retried);
        let found = found.map(Duration::as_ms);
        let rounds_down = vector.headers.iter().any(|(name, _)| name == "ratelimit") && head.floor.is_none();
        let expected = vector.wait_ms.map(|ms| if rounds_down { ms + 1000 } else { ms });
        if found != expected {
            wrong += &format!("\n{} ({}): {found:?}, and not {expected:?}", vector.name, vector.source);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn no_retry_precedes_a_wait_that_was_named_whatever_the_seed() {
    for vector in vectors() {
        let Some(wait) = vector.wait_ms.map(Duration::from_ms) else { continue };
        for seed in 0..200 {
            let reply = Reply::after(ms(5), head(&vector), read::of_error(&vector.body));
            let call = Conversation::with(Policy::default()).seeded(seed).script(&[reply, Reply::ok(ms(5))]);
            match call.sent.get(1) {
                Some(again) => assert!(again.at > ms(5) + wait, "{}: {:?}", vector.name, again.at),
                // Longer than the call lasts: reported, and not waited for.
                None => assert!(call.failure().retry_after >= Some(wait), "{}: {:?}", vector.name, call.end),
            }
        }
    }
}

#[test]
fn whether_to_try_again_is_the_servers_to_say_before_its_status() {
    for (status, says, attempts) in
        [(400, Some(true), 4), (429, Some(false), 1), (503, Some(false), 1), (400, None, 1), (500, None, 4)]
    {
        let head = Head { status, should_retry: says, ..Head::default() };
        let given = Given { max_retries: Some(3), ..Given::default() };
        let call = Conversation::with(Policy::new(given).unwrap()).script(&[Reply::after(
            ms(5),
            head,
            read::of_error("{}"),
        )]);
        assert_eq!(call.sent.len(), attempts, "{status}, {says:?}");
    }
}
