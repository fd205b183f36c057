//! What is retried, how often, and what is not.

use super::{ALL_ATTEMPTS, asking, error, ok, saying};
use crate::read;
use crate::virtual_clock::{Conversation, Reply, ms, policy, secs, status};
use query_with_retry::core::backoff;
use query_with_retry::core::classify::Body;
use query_with_retry::core::failure::{Code, Layer};
use query_with_retry::core::policy::{Given, Policy};
use query_with_retry::core::record::WaitReason;
use query_with_retry::core::time::Duration;
use serde_json::json;

const SEEDS: u64 = 200;

fn default() -> Conversation {
    Conversation::with(Policy::default())
}

#[test]
fn a_fatal_answer_costs_exactly_one_request() {
    for (code, expected) in [
        (400, Code::BadRequest),
        (401, Code::Unauthorized),
        (402, Code::CreditsExhausted),
        (403, Code::Forbidden),
        (404, Code::NotFound),
        (405, Code::BadRequest),
        (410, Code::Gone),
        (413, Code::TooLarge),
        (415, Code::BadRequest),
        (422, Code::BadRequest),
        (302, Code::BadResponse),
        (501, Code::EngineFailure),
    ] {
        // Even where the server says when to come back.
        for reply in [error(code), asking(code, secs(1))] {
            let call = default().script(&[reply, ok()]);
            assert!(call.ends_with(expected, None), "{code}: {:?}", call.end);
            assert_eq!((call.sent.len(), call.failure().status), (1, Some(code)));
        }
    }
}

#[test]
fn an_error_of_the_server_is_asked_as_often_as_the_policy_says() {
    for code in [500, 502, 503, 408, 429, 520, 529] {
        assert_eq!(default().script(&[error(code)]).sent.len(), ALL_ATTEMPTS, "{code}");
    }
    for max_retries in 0..6 {
        let given = Given { max_retries: Some(max_retries), ..Given::default() };
        let call = Conversation::with(policy(given)).script(&[error(500)]);
        assert!(call.ends_with(Code::EngineFailure, None));
        assert_eq!(call.sent.len() as u32, max_retries + 1);
    }
}

#[test]
fn a_success_after_errors_is_delivered_and_nothing_follows_it() {
    let call = default().script(&[error(500), error(502), Reply::Resets { after: ms(1) }, ok()]);
    assert!(call.is_delivered());
    assert_eq!((call.sent.len(), call.waits.len()), (4, 3));
    assert_eq!(call.sent.iter().map(|sent| sent.action.attempt).collect::<Vec<_>>(), [1, 2, 3, 4]);
}

#[test]
fn a_request_that_may_have_been_done_and_billed_is_sent_once_more() {
    let oom = saying(400, &json!({"error": "CUDA out of memory"}));
    let gave_up =
        saying(500, &json!({"error": "Model too busy, unable to get response in less than 60 second(s)"}));
    for (reply, code) in [
        (error(504), Code::GatewayTimeout),
        (error(524), Code::GatewayTimeout),
        (gave_up, Code::GatewayTimeout),
        (error(424), Code::EngineFailure),
        (oom, Code::EngineFailure),
        (Reply::Silence, Code::Timeout),
    ] {
        let call = default().script(std::slice::from_ref(&reply));
        assert_eq!(call.failure().code, code);
        assert_eq!(call.sent.len(), 2, "{reply:?}");
    }
}

#[test]
fn so_is_what_a_gateway_or_a_worker_broke_off_after_seconds_and_what_it_said_at_once_as_often_as_usual() {
    let page =
        |words: &str| read::of_error(&format!("<html><title>{words}</title><body>{words}</body></html>"));
    let litellm =
        json!({"error": {"message": "litellm.Timeout: APITimeoutError - Request timed out.", "code": "408"}});
    for (code, body, at_once) in [
        (502, page("502 Proxy Error: Error reading from remote server"), ALL_ATTEMPTS), // Apache
        (500, page("Internal Server Error"), ALL_ATTEMPTS),                             // gunicorn
        (408, read::of_error(&litellm.to_string()), 2),
        (503, page("503 upstream request timed out"), 2),
    ] {
        let attempts =
            |after| default().script(&[Reply::after(after, status(code), body.clone())]).sent.len();
        assert_eq!(attempts(secs(2)), 2, "{code} {body:?}");
        assert_eq!(attempts(ms(5)), at_once, "{code} {body:?}");
    }
    // Varnish, of which the same words are an engine that starts, where they come at once.
    let varnish = Reply::after(secs(2), status(503), page("503 Backend fetch failed"));
    assert_eq!(default().script(&[varnish]).sent.len(), 2);
}

#[test]
fn so_is_an_answer_that_is_cut_or_unreadable_after_seconds_of_work() {
    let cut = |after| Reply::Breaks { head: status(200), head_after: ms(5), body_after: after };
    // By a proxy that closes the connection properly: half of a document.
    let half = Body { unexpected: true, of_engine: true, ..Body::default() };
    let closed = |after| Reply::after(after, status(200), half.clone());
    for (reply, code) in [(&cut as &dyn Fn(Duration) -> Reply, Code::Network), (&closed, Code::BadResponse)] {
        for (after, attempts) in [(ms(5), ALL_ATTEMPTS), (secs(2), 2)] {
            let call = default().script(&[reply(after)]);
            assert_eq!((call.failure().code, call.sent.len()), (code, attempts), "after {after:?}");
        }
    }
}

#[test]
fn the_one_more_attempt_is_one_for_all_kinds_of_ambiguous_end() {
    for script in [
        [error(504), Reply::Silence, ok()],
        [Reply::Silence, error(504), ok()],
        [error(424), error(524), ok()],
    ] {
        let call = default().script(&script);
        assert_eq!(call.sent.len(), 2, "{:?}", call.end);
    }
    let call = default().script(&[error(504), error(500), error(504), ok()]);
    assert!(call.ends_with(Code::GatewayTimeout, None), "a plain error between them renews nothing");
    assert_eq!(call.sent.len(), 3);
}

#[test]
fn a_lost_connection_is_of_the_network_and_asked_again() {
    let broken = Reply::Breaks { head: status(200), head_after: ms(9), body_after: ms(9) };
    for (reply, status) in [(Reply::Resets { after: ms(5) }, None), (broken, Some(200))] {
        let call = default().script(std::slice::from_ref(&reply));
        let failure = call.failure();
        assert_eq!((failure.code, failure.layer, failure.status), (Code::Network, Layer::Network, status));
        assert_eq!(call.sent.len(), ALL_ATTEMPTS);
    }
}

#[test]
fn an_error_body_that_breaks_off_or_never_ends_leaves_the_status() {
    let breaks = |code| Reply::Breaks { head: status(code), head_after: ms(5), body_after: ms(5) };
    let drips =
        |code| Reply::Drips { head: status(code), head_after: ms(5), body: super::nothing(), every: secs(1) };
    for (code, expected, requests) in [
        (401, Code::Unauthorized, 1),
        (500, Code::EngineFailure, ALL_ATTEMPTS),
        (504, Code::GatewayTimeout, 2),
    ] {
        let call = default().script(&[breaks(code)]);
        assert!(call.ends_with(expected, None), "{code}: {:?}", call.end);
        assert_eq!((call.sent.len(), call.failure().status), (requests, Some(code)));
    }
    let call = default().script(&[drips(401)]);
    assert!(call.ends_with(Code::Unauthorized, None), "{:?}", call.end);
    assert_eq!((call.sent.len(), call.took), (1, secs(120)));
}

#[test]
fn backoff_has_full_jitter_and_leaves_a_server_under_load_alone_for_a_second_at_least() {
    for (code, base, reason) in [
        (500, backoff::BASE, WaitReason::Backoff),
        (529, backoff::OVERLOADED_BASE.scaled(2, 1), WaitReason::Backoff),
        (429, backoff::OVERLOADED_BASE.scaled(2, 1), WaitReason::RateLimit),
    ] {
        let least = if code == 500 { Duration::ZERO } else { backoff::OVERLOADED_BASE };
        let mut longest = [Duration::ZERO; 3];
        for seed in 0..SEEDS {
            for (nth, wait) in default().seeded(seed).script(&[error(code)]).waits.iter().enumerate() {
                assert_eq!(wait.action.reason, reason);
                longest[nth] = longest[nth].max(wait.action.span);
                assert!(wait.action.span >= least.scaled(1 << nth, 1), "{code}, wait {nth}");
            }
        }
        for (nth, seen) in longest.into_iter().enumerate() {
            let ceiling = base.scaled(1 << nth, 1);
            // The pause after a 429 is drawn by the target, from the seed of the client and not of the call.
            let is_used = code == 429 || seen > ceiling.scaled(9, 10);
            assert!(seen <= ceiling && is_used, "{code}, wait {nth}: {seen:?}");
        }
    }
}

#[test]
fn backoff_never_sleeps_into_the_deadline() {
    let given = Given { total: Some(secs(20)), max_retries: Some(1000), ..Given::default() };
    for seed in 0..SEEDS {
        let call = Conversation::with(policy(given)).seeded(seed).script(&[error(500)]);
        assert!(call.ends_with(Code::EngineFailure, None), "{:?}", call.end);
        assert!(call.took < secs(20) && call.sent.len() < 1000);
        assert!(call.waits.iter().all(|wait| wait.at + wait.action.span < secs(20)));
    }
}

#[test]
fn an_answer_in_another_form_than_asked_for_is_asked_again() {
    let page = Reply::after(ms(20), status(200), read::of_success("<html>", "text/html"));
    let call = default().script(&[page.clone(), ok()]);
    assert!(call.is_delivered());
    let call = default().script(&[page]);
    assert!(call.ends_with(Code::BadResponse, None));
    assert_eq!((call.sent.len(), call.failure().status), (ALL_ATTEMPTS, Some(200)));
}
