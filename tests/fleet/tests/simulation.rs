//! The simulation itself: that it does what its models say, and counts what it says it counts.

use std::cell::RefCell;
use std::rc::Rc;

use fleet::{Action, CallId, Client, Each, Input, Model, Outcome, Terms, baselines, run, seeds};
use query_with_retry::core::time::{Duration, Instant};

fn one(model: &Model, contender: fleet::Contender, seed: u64) -> Outcome {
    run(model, (contender.fleet)(model).as_mut(), seed)
}

fn models() -> [Model; 4] {
    [Model::cold(), Model::overload(), Model::steady(), Model::broken()]
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_seed_another() {
    for model in models() {
        for contender in [baselines::THREE_JITTERED, baselines::AWS, baselines::IDEAL] {
            assert_eq!(one(&model, contender, 7), one(&model, contender, 7), "{}", contender.name);
            assert_ne!(one(&model, contender, 7).calls, one(&model, contender, 8).calls);
        }
    }
}

#[test]
fn as_many_threads_as_there_are_give_the_same_as_one() {
    let model = Model::overload();
    let alone: Vec<_> = (1..=6).map(|seed| one(&model, baselines::GRPC, seed)).collect();
    assert_eq!(seeds::of(&model, baselines::GRPC, 6), alone);
}

#[test]
fn every_client_meets_the_same_arrivals() {
    let calls = |contender| one(&Model::overload(), contender, 3).calls;
    let expected = calls(baselines::NO_RETRY);
    assert!(baselines::ALL.into_iter().all(|contender| calls(contender) == expected));
}

#[test]
fn without_retries_a_call_is_one_request() {
    for model in models() {
        let outcome = one(&model, baselines::NO_RETRY, 1);
        assert_eq!((outcome.amplification, outcome.worst_ten_seconds), (1.0, 1.0), "{}", model.name);
        assert_eq!(outcome.requests, outcome.calls);
    }
}

#[test]
fn arrivals_come_at_the_rate_of_the_model() {
    for model in models() {
        let expected = model.rate * model.run.as_secs() as f64;
        let calls = seeds::mean(&seeds::of(&model, baselines::NO_RETRY, 20), |outcome| outcome.calls as f64);
        assert!((calls / expected - 1.0).abs() < 0.02, "{}: {calls} of {expected}", model.name);
    }
}

#[test]
fn the_bound_of_the_drain_is_what_came_over_what_is_to_spare() {
    let model = Model::cold();
    assert_eq!(model.capacity(), 8.0);
    assert_eq!(model.drain_bound(), Some(5.0 * 180.0 / (8.0 - 5.0)));
    assert_eq!(Model::overload().drain_bound(), None);
    assert_eq!(Model { rate: 8.0, ..model }.drain_bound(), None);
}

#[test]
fn a_client_that_knows_everything_loses_nothing_and_drains_at_the_bound() {
    let outcomes = seeds::of(&Model::cold(), baselines::IDEAL, 20);
    let drain = seeds::mean(&outcomes, |outcome| match outcome.drain {
        Some(Ok(drain)) => drain,
        other => panic!("seed {}: {other:?}", outcome.seed),
    });
    assert!((0.92..1.08).contains(&drain), "{drain}");
    for outcome in outcomes {
        assert_eq!((outcome.success, outcome.amplification.floor()), (1.0, 1.0), "seed {}", outcome.seed);
        assert!(outcome.cold_amplification < Some(0.01), "seed {}", outcome.seed);
    }
}

#[test]
fn no_baseline_settles_a_call_late() {
    for model in models() {
        for contender in baselines::ALL.into_iter().filter(|it| it.name != baselines::IMMEDIATE.name) {
            assert_eq!(one(&model, contender, 2).unsettled, 0, "{}, {}", model.name, contender.name);
        }
    }
}

#[test]
fn isolates_that_share_nothing_are_all_the_same_to_a_client_that_remembers_nothing() {
    let forever = Model::overload();
    for lifetime in [1, 10, 100] {
        let short = one(&forever.clone().lifetime(Some(lifetime)), baselines::NO_RETRY, 5);
        assert_eq!(short, one(&forever, baselines::NO_RETRY, 5));
    }
}

#[test]
fn an_isolate_is_followed_by_another_after_its_calls() {
    let model = Model::steady().isolates(1).lifetime(Some(10));
    let made = Rc::new(RefCell::new(0));
    let count = made.clone();
    let mut inner = (baselines::NO_RETRY.fleet)(&model);
    let outcome = run(
        &model,
        &mut Each(move |terms| {
            *count.borrow_mut() += 1;
            inner.client(terms)
        }),
        1,
    );
    assert_eq!(*made.borrow(), outcome.calls.div_ceil(10));
}

#[test]
fn a_server_that_notices_works_less_for_nobody() {
    let of = |model: &Model| one(model, baselines::THREE_JITTERED, 1);
    let (blind, noticing) = (of(&Model::overload()), of(&Model::overload().noticing()));
    assert!(noticing.wasted * 4.0 < blind.wasted, "{} and {}", noticing.wasted, blind.wasted);
    assert!(noticing.success > blind.success);
}

#[test]
fn a_request_before_the_time_that_the_server_asked_for_is_counted() {
    let model = Model::overload().queue(4, Some(Duration::from_secs(5)));
    assert!(one(&model, baselines::THREE_JITTERED, 1).too_early > 100);
    assert_eq!(one(&model, baselines::NO_RETRY, 1).too_early, 0);
}

/// Holds every call until its own clock strikes a whole ten seconds, and lets all go.
struct Striking {
    next: Instant,
    held: Vec<CallId>,
    free: Vec<CallId>,
    sends: Rc<RefCell<Vec<Instant>>>,
}

impl Striking {
    fn wind(&mut self, now: Instant) {
        while self.next <= now {
            self.next = self.next + Duration::from_secs(10);
        }
    }
}

impl Client for Striking {
    fn handle(&mut self, now: Instant, call: CallId, input: Input) -> Action {
        match input {
            Input::Start { deadline } => {
                self.wind(now);
                self.held.push(call);
                Action::Wait { until: deadline }
            }
            Input::Woke => {
                self.sends.borrow_mut().push(now);
                Action::Send { until: now + Duration::from_secs(60) }
            }
            Input::Answer(_) => Action::Deliver,
            Input::TimedOut => Action::Fail,
        }
    }

    fn woken(&mut self, _: Instant) -> Vec<CallId> {
        std::mem::take(&mut self.free)
    }

    fn next_timer(&mut self) -> Option<Instant> {
        Some(self.next).filter(|_| !self.held.is_empty())
    }

    fn rang(&mut self, now: Instant) {
        self.wind(now);
        self.free.append(&mut self.held);
    }
}

#[test]
fn the_timer_of_an_isolate_lets_its_calls_go_at_its_time() {
    let began = Instant::from_ms(0);
    let sends = Rc::new(RefCell::new(Vec::new()));
    let written = sends.clone();
    let make = move |_: Terms| -> Box<dyn Client> {
        let sends = written.clone();
        Box::new(Striking { next: began, held: Vec::new(), free: Vec::new(), sends })
    };
    let mut model = Model::steady();
    model.server.errors = None;
    model.server.slots = 1000;
    let outcome = run(&model, &mut Each(make), 1);
    let sends = sends.borrow();
    assert_eq!((sends.len() as u64, outcome.success), (outcome.calls, 1.0));
    assert!(sends.iter().all(|at| at.since(began).as_ms() % 10_000 == 0));
    assert!((6.0..8.0).contains(&outcome.p50), "half of ten seconds, and two of work: {}", outcome.p50);
}
