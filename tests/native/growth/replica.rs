//! One of several replicas behind an address is not up, and the others answer. The target seems cold after one answer and
//! warm after the next, and the calls in the queue are not woken each time.

use super::TIMES;
use crate::read;
use crate::together::world::{Caller, Crowd, Meeting};
use crate::virtual_clock::{Reply, ms, policy, status};
use query_with_retry::core::policy::{Given, Policy};
use query_with_retry::core::time::Duration;

const FEW: usize = 50;
/// For its turn, for each other kind of wait that it is told of, and for what it is sent again.
const WAKES_A_CALL: usize = 3;

fn patient() -> Policy {
    policy(Given { total: Some(Duration::from_secs(3600)), ..Given::default() })
}

fn loading() -> Reply {
    let body = read::of_error(r#"{"error": "Model x is currently loading"}"#);
    Reply::after(ms(10), status(503), body)
}

/// One of so many requests meets the replica that is not up, at random.
fn one_of(replicas: u64, calls: usize, bad: &Reply) -> Meeting {
    let mut seed = 1_u64;
    Crowd::of((0..calls).map(|_| Caller::with(patient()))).against(|_| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        if (seed >> 33).is_multiple_of(replicas) { bad.clone() } else { Reply::ok(ms(10)) }
    })
}

#[test]
fn a_queued_call_is_not_woken_for_each_answer_that_says_loading_while_others_say_something_else() {
    let refused = Reply::Refuses { after: ms(1) };
    for (what, replicas, bad) in [("loading", 4, loading()), ("refused", 4, refused)] {
        for calls in [FEW, FEW * TIMES] {
            let meeting = one_of(replicas, calls, &bad);
            println!("{what}: {} wakes for {calls} calls, {} sent", meeting.woken, meeting.sent.len());
            assert!(
                meeting.woken <= WAKES_A_CALL * calls,
                "{what}: {} wakes for {calls} calls",
                meeting.woken
            );
        }
    }
}
