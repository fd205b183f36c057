//! What other clients do, each as its rule: models of what was read in their sources.
//!
//! All of them send at once, hand over what succeeds, and ask a [`Rule`] what to do otherwise. No
//! rule sleeps into the deadline of a call.

mod aws;
mod backoff;
mod grpc;
mod ideal;
mod immediate;
mod naive;
mod openai;
mod tenth;
mod tower;

use query_with_retry::core::time::{Duration, Instant};

use crate::client::{Action, Answer, CallId, Client, Contender, Each, Fleet, Input, Terms};

/// Sends no request twice.
pub const NO_RETRY: Contender = Contender { name: "no retry", fleet: |_| each(|_| backoff::retries(0)) };
/// Repeats a 503 at once, as the official JavaScript client of Hugging Face does.
pub const IMMEDIATE: Contender =
    Contender { name: "immediate repetition (HF JS)", fleet: |_| each(|_| immediate::Immediate) };
/// Sleeps as long as the server estimates, three attempts in all.
pub const NAIVE: Contender =
    Contender { name: "naive loop (3 × estimated_time)", fleet: |_| each(|_| naive::Naive) };
/// Three retries after full jitter.
pub const THREE_JITTERED: Contender =
    Contender { name: "three jittered retries", fleet: |_| each(|terms| backoff::retries(3).seeded(terms)) };
/// Full jitter as long as there is time.
pub const UNTIL_DEADLINE: Contender = Contender {
    name: "full jitter until deadline",
    fleet: |_| each(|terms| backoff::retries(u32::MAX).seeded(terms)),
};
/// Two retries, as the official JavaScript client of OpenAI does.
pub const OPENAI: Contender =
    Contender { name: "OpenAI defaults", fleet: |_| each(|terms| openai::OpenAi::new(terms.seed)) };
/// Three attempts from a bucket of 500 tokens, as AWS clients do.
pub const AWS: Contender =
    Contender { name: "AWS-style budget", fleet: |_| each(|terms| aws::Aws::new(terms.seed)) };
/// Ten tokens, a tenth of one back for each success, as gRPC clients do.
pub const GRPC: Contender =
    Contender { name: "gRPC 10/0.1", fleet: |_| each(|terms| grpc::Grpc::new(terms.seed)) };
/// A fifth of the calls and ten a second, as tower does, until the deadline.
pub const TOWER: Contender =
    Contender { name: "tower 20 % + 10/s", fleet: |_| each(|terms| tower::Tower::new(terms.seed)) };
/// A tenth of the calls, half a token to begin with, three attempts.
pub const TENTH: Contender = Contender {
    name: "10 % budget, initial 0.5",
    fleet: |_| each(|terms| tenth::Tenth::new(terms.seed, 0.5)),
};
/// Knows the server from the inside, and shares that without delay: nothing can do better.
pub const IDEAL: Contender =
    Contender { name: "ideal (omniscient)", fleet: |model| Box::new(ideal::Ideal::new(model)) };

/// In the order of the tables.
pub const ALL: [Contender; 11] =
    [NO_RETRY, NAIVE, IMMEDIATE, THREE_JITTERED, UNTIL_DEADLINE, OPENAI, AWS, GRPC, TOWER, TENTH, IDEAL];

/// What one isolate does after a failed attempt.
trait Rule {
    fn began(&mut self, _now: Instant) {}

    /// How long to wait before the next attempt; `None`: there is none.
    fn again(&mut self, now: Instant, attempts: &mut Attempts, trouble: Trouble) -> Option<Duration>;

    fn succeeded(&mut self, _tries: &Attempts) {}
}

/// The attempts of a call so far.
#[derive(Clone, Copy)]
struct Attempts {
    deadline: Instant,
    /// Retries that have begun.
    retries: u32,
    /// What the last of them cost.
    paid: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Trouble {
    Answer(Answer),
    TimedOut,
}

impl Trouble {
    fn is_throttling(self) -> bool {
        matches!(self, Self::Answer(answer) if answer.status == 429)
    }
}

fn each<R: Rule + 'static>(rule: impl Fn(Terms) -> R + 'static) -> Box<dyn Fleet> {
    Box::new(Each(move |terms: Terms| -> Box<dyn Client> {
        Box::new(Loop { rule: rule(terms), attempt: terms.attempt, calls: Vec::new() })
    }))
}

/// The loop around a rule.
struct Loop<R> {
    rule: R,
    attempt: Duration,
    calls: Vec<Attempts>,
}

impl<R: Rule> Client for Loop<R> {
    fn handle(&mut self, now: Instant, call: CallId, input: Input) -> Action {
        if let Input::Start { deadline } = input {
            let attempts = Attempts { deadline, retries: 0, paid: 0 };
            self.calls.resize(self.calls.len().max(call + 1), attempts);
            self.calls[call] = attempts;
            self.rule.began(now);
        }
        let attempts = &mut self.calls[call];
        let trouble = match input {
            Input::Start { .. } | Input::Woke => return send(now, self.attempt, attempts),
            Input::Answer(answer) if answer.status == 200 => {
                self.rule.succeeded(attempts);
                return Action::Deliver;
            }
            Input::Answer(answer) => Trouble::Answer(answer),
            Input::TimedOut => Trouble::TimedOut,
        };
        match self.rule.again(now, attempts, trouble) {
            Some(wait) if now + wait < attempts.deadline => {
                attempts.retries += 1;
                if wait == Duration::ZERO {
                    send(now, self.attempt, attempts)
                } else {
                    Action::Wait { until: now + wait }
                }
            }
            _ => Action::Fail,
        }
    }
}

fn send(now: Instant, attempt: Duration, attempts: &Attempts) -> Action {
    Action::Send { until: (now + attempt).min(attempts.deadline) }
}
