//! Which refusals cost a retry, which cost the budget, and whom they count against.

use super::*;
use crate::core::admission::budget::InitialTokens;
use crate::core::body::{Reading, Wanted};

/// What the target answers.
#[derive(Clone, Copy)]
struct Refusal {
    status: u16,
    words: &'static str,
    after: Option<u64>,
    /// How long the request was in flight.
    took: u64,
}

const BUSY: Refusal = Refusal { status: 429, words: "server busy", after: None, took: 1 };
const TOO_FAST: Refusal = Refusal { status: 429, words: "too many requests", after: None, took: 1 };
const FAILED: Refusal = Refusal { status: 500, words: "it failed", after: None, took: 1 };

impl Crowd {
    /// The call is sent and answered like this.
    fn refuses(&mut self, call: &mut Call, sent: u64, refusal: Refusal) -> Action {
        let floor = refusal.after.map(Duration::from_ms);
        let (status, now) = (refusal.status, at(sent + refusal.took));
        call.handle(now, Input::Head(Head { status, floor, ..Head::default() }), &mut self.shared);
        // A gateway says nothing else.
        let is_bare = refusal.words.is_empty();
        let body = if is_bare { Input::Body(Body::default()) } else { said(refusal.words) };
        call.handle(now, body, &mut self.shared)
    }

    fn spends_its_budget(&mut self) {
        while self.shared.may_retry(at(0), 0, Duration::ZERO) {}
    }
}

fn crowd() -> Crowd {
    Crowd::new(Rules::default(), limiter::Rule::default(), Given::default())
}

#[test]
fn a_refusal_at_once_costs_no_budget_while_the_target_works_on_another_call() {
    // How long another call has been in flight.
    for (refusal, other, is_free) in [
        (BUSY, 1_000, true),
        (BUSY, 998, false),
        (Refusal { took: 1_000, ..BUSY }, 2_000, true),
        (Refusal { took: 1_001, ..BUSY }, 2_000, false),
        (FAILED, 1_000, false),
        // The server names the time of the next attempt.
        (Refusal { after: Some(1_000), ..TOO_FAST }, 10, true),
        (Refusal { after: Some(999), ..TOO_FAST }, 10, false),
    ] {
        let mut crowd = crowd();
        crowd.spends_its_budget();
        let (_other, _) = crowd.start(at(0));
        let (mut call, _) = crowd.start(at(other));
        let action = crowd.refuses(&mut call, other, refusal);
        assert_eq!(matches!(action, Action::Wait(_)), is_free, "{} {other} {action:?}", refusal.words);
    }
}

#[test]
fn refusals_without_a_time_cost_no_budget_for_five_seconds_and_others_do() {
    for (refusal, ms, is_free) in [
        (TOO_FAST, 4_000, true),
        (TOO_FAST, 6_000, false),
        (Refusal { after: Some(500), ..TOO_FAST }, 4_000, false),
    ] {
        let mut crowd = crowd();
        let (mut first, _) = crowd.start(at(0));
        crowd.refuses(&mut first, 0, TOO_FAST);
        crowd.spends_its_budget();
        let (mut call, action) = crowd.start(at(ms));
        assert!(matches!(action, Action::Send(_)), "{action:?}");
        let action = crowd.refuses(&mut call, ms, refusal);
        assert_eq!(matches!(action, Action::Wait(_)), is_free, "{ms} {action:?}");
    }
}

#[test]
fn what_fails_while_others_are_answered_costs_the_budget() {
    for (refusal, in_company) in [
        (Refusal { took: 1_500, ..BUSY }, false),
        (FAILED, false),
        (FAILED, true),
        (Refusal { status: 500, words: "service unavailable", ..FAILED }, true),
        (Refusal { status: 409, words: "conflict", ..FAILED }, true),
    ] {
        let mut crowd = crowd();
        crowd.spends_its_budget();
        let (mut call, _) = crowd.start(at(0));
        let sent = refusal.took.saturating_sub(200);
        crowd.answer(at(sent));
        let _other = in_company.then(|| crowd.start(at(sent)));
        let action = crowd.refuses(&mut call, 0, refusal);
        assert!(matches!(action, Action::Fail(_)), "{} {action:?}", refusal.words);
    }
}

#[test]
fn a_bare_503_of_a_target_that_answers_others_is_no_retry_however_often_it_comes() {
    let mut crowd = Crowd::new(
        Rules::default(),
        limiter::Rule::default(),
        Given { max_retries: Some(1), ..Given::default() },
    );
    let (_other, _) = crowd.start(at(0));
    let (mut call, mut action) = crowd.start(at(0));
    let mut now = 0;
    for nth in 0..4 {
        assert!(matches!(action, Action::Send(_)), "{nth} {action:?}");
        crowd.answer(at(now + 1_900));
        // It may be done after two seconds, if it were no refusal.
        let bare = Refusal { status: 503, words: "", after: None, took: 2_000 };
        let Action::Wait(wait) = crowd.refuses(&mut call, now, bare) else { panic!("{nth}") };
        now = wait.until.since(at(0)).as_ms();
        action = call.handle(wait.until, Input::Woke, &mut crowd.shared);
    }
}

#[test]
fn where_isolates_share_nothing_a_target_that_is_full_at_wake_up_is_still_coming_up() {
    for (tokens, reason) in [
        (InitialTokens::AtMostOne { one: true }, WaitReason::Loading),
        (InitialTokens::Full, WaitReason::Backoff),
    ] {
        let rules = Rules { initial_tokens: tokens, ..Rules::default() };
        let mut crowd = Crowd::new(rules, limiter::Rule::default(), Given::default());
        let (mut leader, _) = crowd.start(at(0));
        let loading = Refusal { status: 503, words: "model x is currently loading", ..FAILED };
        let Action::Wait(wait) = crowd.refuses(&mut leader, 0, loading) else { panic!() };
        leader.handle(wait.until, Input::Woke, &mut crowd.shared);
        let up = wait.until + Duration::from_ms(10);
        leader.handle(up, head(200), &mut crowd.shared);
        leader.handle(up, Input::Body(Body::default()), &mut crowd.shared);
        let (mut call, action) = crowd.start(up);
        assert!(matches!(action, Action::Send(_)), "{action:?}");
        let action = crowd.refuses(&mut call, up.since(at(0)).as_ms(), BUSY);
        assert_eq!(waits_for(action), Some(reason));
    }
}

#[test]
fn a_key_whose_own_limit_is_spent_holds_up_no_call_with_another_key() {
    for (key, is_held_up) in [(1, false), (2, true)] {
        let mut crowd = crowd();
        let mut calls = Vec::new();
        let mut comes = |crowd: &mut Crowd, ms: u64, status: u16, key| {
            let (mut call, action) = crowd.start(at(ms));
            assert!(matches!(action, Action::Send(_)), "{action:?}");
            call.handle(at(ms + 1), Input::Head(Head { status, key, ..Head::default() }), &mut crowd.shared);
            let body = if status == 200 { Input::Body(Body::default()) } else { said("too many requests") };
            call.handle(at(ms + 1), body, &mut crowd.shared);
            calls.push(call);
        };
        comes(&mut crowd, 0, 429, 1);
        comes(&mut crowd, 1_000, 200, 3);
        // The same key twice more, or keys that were not refused before.
        comes(&mut crowd, 2_000, 429, key);
        comes(&mut crowd, 3_000, 429, if key == 1 { 1 } else { 4 });
        let (_, action) = crowd.start(at(3_010));
        assert_eq!(matches!(action, Action::Park(_)), is_held_up, "{action:?}");
    }
}

#[test]
fn lost_connections_open_the_circuit_though_they_are_lost_sooner_than_an_answer_takes() {
    for few in [false, true] {
        let mut crowd = Crowd::new(
            Rules::default(),
            limiter::Rule::default(),
            Given { max_retries: Some(0), ..Given::default() },
        );
        if few {
            crowd.shared.belongs(0, &std::rc::Rc::default(), 0);
        } else {
            let (mut slow, _) = crowd.start(at(0));
            slow.handle(at(2_000), head(200), &mut crowd.shared);
            slow.handle(at(2_000), Input::Body(Body::default()), &mut crowd.shared);
        }
        for nth in 0..5 {
            let (mut call, action) = crowd.start(at(60_000 + nth));
            assert!(matches!(action, Action::Send(_)), "{nth} {action:?}");
            call.handle(at(60_100 + nth), Input::NetworkError(Lost::Unsaid), &mut crowd.shared);
        }
        assert!(crowd.is_open(at(60_200)), "{few}");
    }
}

#[test]
fn failures_at_the_moment_of_an_answer_count_against_the_target() {
    let mut crowd = crowd();
    crowd.answer(at(0));
    for _ in 0..5 {
        let (mut call, action) = crowd.start(at(0));
        assert!(matches!(action, Action::Send(_)), "{action:?}");
        crowd.refuses(&mut call, 0, Refusal { took: 0, ..FAILED });
    }
    assert!(crowd.is_open(at(1)));
}

#[test]
fn a_job_that_failed_opens_no_circuit_and_an_engine_that_failed_does() {
    for (answer, opens) in [
        (r#"{"workflow_run_id":"w","data":{"status":"failed","error":"Variable #1# not found"}}"#, false),
        (r#"{"id":"sync-1","status":"FAILED","error":"CUDA out of memory"}"#, false),
        (r#"{"id":"sync-1","status":"TIMED_OUT"}"#, false),
        (r#"{"error":"it broke"}"#, true),
        (r#"{"id":"r","object":"response","status":"failed"}"#, true),
    ] {
        let mut crowd = crowd();
        for nth in 0..6 {
            let (mut call, _) = crowd.start(at(nth * 1_000));
            call.handle(at(nth * 1_000), head(200), &mut crowd.shared);
            let mut reading = Reading::new("application/json", Some(Wanted::Auto));
            reading.push(answer.as_bytes());
            call.handle(at(nth * 1_000 + 1), Input::Body(reading.end().0), &mut crowd.shared);
            call.handle(at(nth * 1_000 + 1), Input::Aborted, &mut crowd.shared);
        }
        assert_eq!(crowd.is_open(at(6_000)), opens, "{answer}");
    }
}
