//! What holds for every call, on 10,000 cases each, or as many as `PROPTEST_CASES` says. A failing case is shrunk and
//! printed, and its seed is kept beside it.
//!
//! A case is a policy of any numbers, some targets, and a server that goes through a list of replies again and again.

mod admission;
mod breaker;
mod calls;
mod endings;
mod events;
mod inputs;
mod json;
mod repeats;
mod sketch;
mod streams;
mod targets;
mod text;
mod together;

use crate::virtual_clock::{Conversation, Reply, Transcript, ms};
use proptest::prelude::*;
use query_with_retry::core::call::{Head, Target};
use query_with_retry::core::classify::Body;
use query_with_retry::core::policy::{Hold, Loading, Policy, Timeouts};
use query_with_retry::core::target::Profile;
use query_with_retry::core::time::Duration;
use std::ops::Range;

const PROFILES: [Profile; 5] =
    [Profile::Router, Profile::HfInference, Profile::Endpoint, Profile::OpenAi, Profile::Legacy];

const STATUSES: [u16; 24] = [
    200, 200, 200, 302, 400, 401, 402, 403, 404, 408, 410, 413, 422, 424, 429, 429, 500, 502, 503, 503, 503,
    504, 524, 529,
];

const WORDS: [&str; 8] =
    ["", "no", "is loading", "overloaded", "out of memory", "time out", "invalid state", "rate limit"];

fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig::with_cases(cases.unwrap_or(10_000))
}

// A case is drawn from plain ranges and mapped once: nested strategies took ten times as long.

/// From nothing to ten minutes, as many short as long.
type Time = (u8, u16);
type Times = (Range<u8>, Range<u16>);
const TIME: Times = (0..5, 0..1000);

fn span((scale, n): Time) -> Duration {
    let scale = match scale {
        0 => 1,
        1 => 5,
        2 => 20,
        3 => 100,
        _ => 600,
    };
    ms(u64::from(n) * scale)
}

fn time() -> impl Strategy<Value = Duration> {
    TIME.prop_map(span)
}

fn policy() -> impl Strategy<Value = Policy> {
    let parts = (0..6_u32, 0..3_u8, any::<bool>(), (TIME, TIME, TIME), (TIME, TIME, TIME, TIME));
    parts.prop_map(|(max_retries, hold, has_first_byte, loading, clocks)| Policy {
        streamed: false,
        max_retries,
        loading: Loading {
            max_wait: span(loading.0),
            default_wait: Some(span(loading.1)),
            refused: None,
            hold: match hold {
                0 => Hold::No,
                1 => Hold::AsLongAsItWaits,
                _ => Hold::For(span(loading.2)),
            },
        },
        timeouts: Timeouts {
            connect: ms(1),
            connect_ends: false,
            first_byte: has_first_byte.then(|| span(clocks.0)),
            idle: span(clocks.1),
            attempt: span(clocks.2),
            total: span(clocks.3),
        },
        ..Policy::default()
    })
}

fn targets() -> impl Strategy<Value = Vec<Target>> {
    let target = (0..PROFILES.len(), any::<bool>()).prop_map(|(profile, shares_credentials)| Target {
        shared: 0,
        profile: PROFILES[profile],
        shares_credentials,
    });
    proptest::collection::vec(target, 1..4)
}

/// A status and a body that fits it, or does not; three answers in ten name a time.
type Said = (u8, u8, u8, u8, Time);
const SAID: (Range<u8>, Range<u8>, Range<u8>, Range<u8>, Times) =
    (0..STATUSES.len() as u8, 0..WORDS.len() as u8, 0..8, 0..10, TIME);

fn head((status, _, _, names_a_time, time): Said) -> Head {
    Head {
        status: STATUSES[status as usize],
        floor: (names_a_time > 6).then(|| span(time)),
        ..Head::default()
    }
}

fn body((status, words, odd, estimates, time): Said) -> Body {
    let is_success = STATUSES[status as usize] == 200;
    let error = Body {
        of_engine: true,
        is_error: true,
        text: WORDS[words as usize].into(),
        estimate: (estimates % 3 == 0).then(|| span(time)),
        ..Body::default()
    };
    match odd {
        0 if is_success => Body { unexpected: true, ..Body::default() },
        0 => Body::default(),
        1 => error,
        _ if is_success => Body { of_engine: true, ..Body::default() },
        _ => error,
    }
}

fn reply() -> impl Strategy<Value = Reply> {
    (0..10_u8, SAID, TIME, TIME).prop_map(|(kind, said, first, second)| {
        let (head, body, head_after, second) = (head(said), body(said), span(first), span(second));
        match kind {
            9 => Reply::Resets { after: head_after },
            8 => Reply::Silence,
            7 => Reply::Breaks { head, head_after, body_after: second },
            // Not often, or a case would take long.
            6 => Reply::Drips { head, head_after, body, every: second.max(Duration::from_secs(5)) },
            _ => Reply::Answers { head, head_after, body, body_after: second.scaled(1, 50) },
        }
    })
}

#[derive(Clone, Debug)]
struct Case {
    policy: Policy,
    targets: Vec<Target>,
    seed: u64,
    late: Duration,
    replies: Vec<Reply>,
}

impl Case {
    fn conversation(&self) -> Conversation {
        Conversation {
            policy: self.policy,
            targets: self.targets.clone(),
            seed: self.seed,
            late: self.late,
            early: ms(0),
            aborts_after: None,
        }
    }

    /// The reply to the nth request, counted from 0.
    fn reply(&self, nth: usize) -> &Reply {
        &self.replies[nth % self.replies.len()]
    }

    fn run(&self) -> Transcript {
        self.run_as(&self.conversation())
    }

    fn run_as(&self, conversation: &Conversation) -> Transcript {
        let mut requests = 0..;
        conversation.against(|_| self.reply(requests.next().unwrap_or(0)).clone())
    }
}

/// Timers ring in time, or up to a minute late.
fn case() -> impl Strategy<Value = Case> {
    let late = (0..10_u8, 1..60_000_u64).prop_map(|(late, by)| if late > 6 { ms(by) } else { ms(0) });
    (policy(), targets(), any::<u64>(), late, proptest::collection::vec(reply(), 1..8))
        .prop_map(|(policy, targets, seed, late, replies)| Case { policy, targets, seed, late, replies })
}
