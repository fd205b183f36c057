//! What holds for every streamed call, on 10,000 cases each.

use super::streams::events;
use super::streams_in_time::LATEST_RECHECK;
use crate::virtual_clock::{Conversation, Reply, Step, Timed, Transcript, ms, status};
use proptest::prelude::*;
use query_with_retry::core::call::{Action, Target};
use query_with_retry::core::classify::Body;
use query_with_retry::core::completion::ChunkFacts;
use query_with_retry::core::failure::{Code, Phase};
use query_with_retry::core::policy::{Loading, Policy, Timeouts};
use query_with_retry::core::record::Outcome;
use query_with_retry::core::target::Profile;
use query_with_retry::core::time::Duration;

const WORDS: [&str; 6] =
    ["no", "is loading", "overloaded", "out of memory", "timed out", "input validation error"];

fn config() -> ProptestConfig {
    ProptestConfig::with_cases(10_000)
}

/// From nothing to ten minutes, as many short as long.
fn span() -> impl Strategy<Value = Duration> {
    (0..5_usize, 0..1000_u64).prop_map(|(scale, n)| ms(n * [1, 5, 20, 100, 600][scale]))
}

/// A clock of zero is no clock: the TypeScript side refuses it.
fn clock() -> impl Strategy<Value = Duration> {
    span().prop_map(|span| span + ms(1))
}

/// Not shorter than a tenth of a second, because a reader that is away is looked at so often.
fn idle() -> impl Strategy<Value = Duration> {
    span().prop_map(|span| span + ms(100))
}

fn policy() -> impl Strategy<Value = Policy> {
    (0..4_u32, proptest::option::of(clock()), [span(), span()], [clock(), clock(), clock()], idle()).prop_map(
        |(max_retries, first_byte, [max_wait, default_wait], [connect, attempt, total], idle)| Policy {
            max_retries,
            loading: Loading { max_wait, default_wait: Some(default_wait), ..Policy::default().loading },
            timeouts: Timeouts { connect, connect_ends: true, first_byte, idle, attempt, total },
            streamed: true,
            ..Policy::default()
        },
    )
}

/// Text and an end are as likely as all that goes wrong together.
fn step() -> impl Strategy<Value = Timed> {
    (0..20_u8, 0..WORDS.len(), 0..8_u8, span(), span()).prop_map(|(kind, words, bits, after, away)| {
        let says = |content, finish, done| Step::Says(ChunkFacts { content, finish, done });
        let step = match kind {
            0..=1 => Step::Lives,
            2..=3 => says(false, false, false),
            4..=8 => says(true, false, false),
            9 => says(false, true, false),
            10 => says(false, false, true),
            11 => says(bits & 1 != 0, bits & 2 != 0, bits & 4 != 0),
            12..=16 => Step::Leaves(away),
            17 => Step::Closes,
            18 => Step::Breaks,
            _ if words == 0 => Step::Fails(Body { unexpected: true, ..Body::default() }),
            _ => Step::Fails(Body {
                of_engine: true,
                is_error: true,
                text: WORDS[words].into(),
                ..Body::default()
            }),
        };
        (after.scaled(1, 4), step)
    })
}

fn reply() -> impl Strategy<Value = Reply> {
    let steps = proptest::collection::vec(step(), 0..10);
    (0..12_u8, span(), steps, proptest::option::of(step())).prop_map(|(kind, after, steps, then)| {
        let head_after = after.scaled(1, 10);
        match kind {
            0 => Reply::Silence,
            1 => Reply::Resets { after },
            2 => Reply::ok(after),
            3 => Reply::after(head_after, status(503), Body { text: "overloaded".into(), ..Body::default() }),
            // Not often, or a case would take long; and a reader that is away for ever has no stream.
            _ => {
                let then = then
                    .filter(|(_, step)| !matches!(step, Step::Leaves(_)))
                    .map(|(every, step)| (every.max(ms(2000)), step));
                Reply::Streams { head: events(), head_after, steps, then }
            }
        }
    })
}

#[derive(Clone, Debug)]
struct Case {
    conversation: Conversation,
    replies: Vec<Reply>,
}

impl Case {
    fn run(&self) -> Transcript {
        let mut requests = 0..;
        let reply = |nth: usize| self.replies[nth % self.replies.len()].clone();
        self.conversation.against(|_| reply(requests.next().unwrap_or(0)))
    }

    fn last_reply(&self, call: &Transcript) -> &Reply {
        &self.replies[(call.sent.len() - 1) % self.replies.len()]
    }

    /// How often the reader of the last reply leaves, if it gets so far.
    fn absences(&self, call: &Transcript) -> u64 {
        let Reply::Streams { steps, .. } = self.last_reply(call) else { return 0 };
        steps.iter().filter(|(_, step)| matches!(step, Step::Leaves(_))).count() as u64
    }

    /// The same, with a reader that always asks for more.
    fn with_a_quick_reader(&self) -> Self {
        let mut case = self.clone();
        for reply in &mut case.replies {
            if let Reply::Streams { steps, .. } = reply {
                for (_, step) in steps {
                    if let Step::Leaves(span) = step {
                        *span = ms(0);
                    }
                }
            }
        }
        case
    }
}

/// Timers ring in time, or up to a minute late.
fn case() -> impl Strategy<Value = Case> {
    let late = (0..10_u8, 1..60_000_u64).prop_map(|(late, by)| if late > 6 { ms(by) } else { ms(0) });
    (policy(), 1..4_usize, any::<u64>(), late, proptest::collection::vec(reply(), 1..6)).prop_map(
        |(policy, targets, seed, late, replies)| {
            let target = Target { shared: 0, profile: Profile::OpenAi, shares_credentials: true };
            let targets = vec![target; targets];
            Case { conversation: Conversation { targets, seed, late, ..Conversation::with(policy) }, replies }
        },
    )
}

/// Whether what a stream said makes it complete, decided without the core.
fn is_whole(said: &[ChunkFacts]) -> bool {
    let any = |holds: fn(&ChunkFacts) -> bool| said.iter().any(holds);
    any(|seen| seen.finish) || (any(|seen| seen.content) && any(|seen| seen.done))
}

proptest! {
    #![proptest_config(config())]

    /// A call ends by its deadline plus the time that its reader was away. It may be as much later as timers are
    /// late, before a reader leaves and each time that it comes back.
    #[test]
    fn every_streamed_call_is_settled_by_its_deadline(case in case()) {
        let call = case.run();
        let deadline = case.conversation.policy.timeouts.total + call.away;
        let late = case.conversation.late;
        let late = late + (late + LATEST_RECHECK).scaled(case.absences(&call), 1);
        prop_assert!(call.took <= deadline + late, "{:?} of {:?}", call.took, deadline);
    }

    /// Once something was handed over nothing is sent, waited for or fallen back to.
    #[test]
    fn nothing_is_sent_after_the_beginning(case in case()) {
        let call = case.run();
        if let Some(begun) = call.begun {
            prop_assert!(call.sent.iter().all(|sent| sent.at <= begun));
            prop_assert!(call.waits.iter().all(|wait| wait.at <= begun));
            let attempts = call.record.attempts();
            prop_assert!(attempts.last().is_some_and(|last| last.started <= begun));
        }
    }

    /// A stream is delivered only if it said that it is complete; and one that did say so is not
    /// delivered only if it said afterwards that it failed.
    #[test]
    fn a_stream_is_delivered_if_it_is_whole(case in case()) {
        let call = case.run();
        if let Reply::Streams { .. } = case.last_reply(&call) {
            let whole = is_whole(&call.said);
            let failed = matches!(call.end, Action::Fail(failure) if failure.code != Code::StreamError
                && failure.code != Code::BadResponse);
            prop_assert!(!call.is_delivered() || whole, "{:?}", call.said);
            prop_assert!(!(whole && failed), "{:?}: {:?}", call.said, call.end);
        }
        let ok = call.record.attempts().last().is_some_and(|attempt| attempt.outcome == Outcome::Ok);
        prop_assert_eq!(call.is_delivered(), ok);
    }

    /// A slow reader gets whatever a quick reader gets. Or it hears of an error that the quick reader did not wait
    /// for, because it was told that the stream is complete.
    #[test]
    fn a_slow_reader_loses_nothing(case in case()) {
        let case = Case { conversation: Conversation { late: ms(0), ..case.conversation }, ..case };
        let (quick, slow) = (case.with_a_quick_reader().run(), case.run());
        let heard_more = slow.said.len() >= quick.said.len() && !matches!(slow.end, Action::Fail(failure)
            if matches!(failure.code, Code::Timeout | Code::StreamTruncated));
        prop_assert!(!quick.is_delivered() || slow.is_delivered() || heard_more, "{:?}", slow.end);
    }

    /// Headers alone are late by the connect clock; before the text come the first byte and the
    /// attempt, and after it silence and the total alone.
    #[test]
    fn a_clock_that_ran_out_was_running(case in case()) {
        let call = case.run();
        if let Action::Fail(failure) = call.end {
            let of_code = failure.code == Code::Timeout;
            let has_head = failure.status.is_some();
            let runs = match failure.phase {
                _ if !of_code => true,
                Some(Phase::Connect) => !has_head,
                Some(Phase::FirstByte | Phase::Attempt) => call.begun.is_none(),
                Some(Phase::Idle) => has_head,
                Some(Phase::Total) => true,
                Some(Phase::Queue | Phase::Wait) | None => false,
            };
            prop_assert!(runs, "{:?}", failure);
        }
    }
}
