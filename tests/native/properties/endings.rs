//! Everything that can end a call, in any order and at any moment, also where it does not fit: when all
//! calls are over nothing is in flight, queued, leased or leading.

use super::{config, policy};
use proptest::prelude::*;
use query_with_retry::core::admission::Shared;
use query_with_retry::core::admission::coordinator::Rules;
use query_with_retry::core::admission::limiter;
use query_with_retry::core::call::{Action, Call, Head, Input, Lost};
use query_with_retry::core::classify::Body;
use query_with_retry::core::completion::End;
use query_with_retry::core::failure::{Code, Phase};
use query_with_retry::core::policy::Policy;
use query_with_retry::core::record::Outcome;
use query_with_retry::core::stats::alert::AlertRule;
use query_with_retry::core::time::{Duration, Instant};

use crate::together::world::target;
use crate::virtual_clock::BEGAN;

const TARGETS: usize = 2;
const LEASE: Duration = Duration::from_secs(5);

struct Guest {
    call: Call,
    action: Action,
    /// Its next request is not sent before then.
    not_before: Instant,
    /// When its requests to each target were sent that found it loading.
    cold: [Vec<Instant>; TARGETS],
    sent: Instant,
    /// The request in a Worker is over: nothing polls the call any more.
    has_vanished: bool,
}

struct Scene {
    now: Instant,
    shared: Shared,
    guests: Vec<Guest>,
}

impl Scene {
    fn tell(&mut self, who: usize, input: Input) -> Result<(), TestCaseError> {
        let (now, before) = (self.now, self.guests[who].call.target());
        let guest = &mut self.guests[who];
        if guest.has_vanished {
            return Ok(());
        }
        let attempts = guest.call.record().attempts().len();
        let was = guest.action;
        guest.action = guest.call.handle(now, input, &mut self.shared);
        if let Some(one) = guest.call.record().attempts().get(attempts)
            && matches!(one.outcome, Outcome::Failed(Code::ModelLoading, _))
        {
            guest.cold[before].push(guest.sent);
        }
        if guest.call.target() != before {
            guest.not_before = now;
        }
        match guest.action {
            Action::Wait(wait) => guest.not_before = wait.until,
            Action::Send(_) if guest.action != was => {
                prop_assert!(now >= guest.not_before, "sent before its wait was over");
                guest.sent = now;
                // The first time it follows a leader; then the table holds, a second at the least.
                let cold = &guest.cold[guest.call.target()];
                if let (Some(first), more @ 2..) = (cold.first(), cold.len()) {
                    let least = Duration::from_secs(more as u64 - 1);
                    prop_assert!(
                        now.since(*first) >= least,
                        "{} probes in {:?}",
                        more + 1,
                        now.since(*first)
                    );
                }
            }
            _ => {}
        }
        self.wake()
    }

    fn wake(&mut self) -> Result<(), TestCaseError> {
        while let Some(who) = self.shared.woken() {
            self.tell(who as usize, Input::Woke)?;
        }
        while self.shared.next_event().is_some() {}
        Ok(())
    }

    /// Calls that are alive say so.
    fn renew(&mut self) {
        for guest in self.guests.iter().filter(|guest| !guest.has_vanished) {
            guest.call.renew(self.now, &mut self.shared);
        }
    }
}

/// Whether or not it fits what the call is doing.
fn input(which: u8, nth: u8) -> Input {
    let head = |status, events| Head {
        status,
        events,
        floor: (nth == 0).then(|| Duration::from_secs(120)),
        ..Head::default()
    };
    let text = |text: &str| Body { of_engine: true, is_error: true, text: text.into(), ..Body::default() };
    match which {
        0..3 => Input::Head(head(200, true)),
        3 => Input::Head(head(200, false)),
        4..7 => Input::Head(head(503, false)),
        7 => Input::Head(head(429, false)),
        8 | 9 => Input::Body(text("model x is currently loading")),
        10 => Input::Body(Body { of_engine: true, ..Body::default() }),
        11 => Input::Body(text("overloaded")),
        12 | 13 => Input::Begun,
        14 => Input::Ended(End::Complete),
        15 => Input::Ended(if nth.is_multiple_of(2) { End::Truncated } else { End::Empty }),
        16 => Input::NetworkError(Lost::Unsaid),
        17 => Input::TimedOut(if nth.is_multiple_of(2) { Phase::Attempt } else { Phase::Idle }),
        18 => Input::HeldUp { away: nth.is_multiple_of(2) },
        19 => Input::Aborted,
        _ => Input::Woke,
    }
}

fn scene(policies: Vec<Policy>, leased: bool, max: u32, seed: u64) -> Scene {
    let rules = Rules { lease: leased.then_some(LEASE), ..Rules::default() };
    let concurrency = limiter::Rule { min: 1, max, queue: 6 };
    let mut shared = Shared::new(rules, concurrency, AlertRule::default(), seed);
    let guests = (0..).zip(policies).map(|(id, policy)| {
        let targets: Vec<_> = (0..=id as usize % TARGETS).map(target).collect();
        targets.iter().for_each(|target| shared.retain(target.shared));
        let call = Call::new(policy, targets, seed ^ u64::from(id), BEGAN, id);
        let cold = Default::default();
        Guest { call, action: Action::Abandon, not_before: BEGAN, cold, sent: BEGAN, has_vanished: false }
    });
    let guests = guests.collect();
    Scene { now: BEGAN, shared, guests }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn nothing_is_left_in_flight_queued_leased_or_leading_however_the_calls_end(
        policies in proptest::collection::vec(policy(), 1..7),
        (leased, max, seed) in (any::<bool>(), 1..5_u32, any::<u64>()),
        steps in proptest::collection::vec((0..6_usize, 0..26_u8, any::<u8>(), 0..3_000_u64), 0..80),
    ) {
        let patient = |policy: Policy| {
            let mut policy = Policy { streamed: true, ..policy };
            policy.timeouts.total = policy.timeouts.total + Duration::from_secs(60);
            policy.loading.max_wait = policy.loading.max_wait + Duration::from_secs(60);
            policy
        };
        let mut scene = scene(policies.into_iter().map(patient).collect(), leased, max, seed);
        for who in 0..scene.guests.len() {
            scene.tell(who, Input::Start)?;
        }
        for (who, which, nth, ms) in steps {
            let who = who % scene.guests.len();
            scene.now = scene.now + Duration::from_ms(ms);
            scene.renew();
            if which == 25 && leased {
                scene.guests[who].has_vanished = true;
                continue;
            }
            if scene.shared.due().is_some_and(|due| due <= scene.now) {
                scene.shared.wake(scene.now);
                scene.wake()?;
            }
            scene.tell(who, input(which, nth))?;
        }
        // Every call that is alive leaves, and the others are never heard of.
        for who in 0..scene.guests.len() {
            scene.tell(who, Input::Aborted)?;
        }
        scene.now = scene.now + LEASE;
        scene.shared.wake(scene.now);
        let vanished = scene.guests.iter().any(|guest| guest.has_vanished);
        for of in 0..TARGETS {
            let seen = scene.shared.snapshot(scene.now, of).map(|seen| (seen.in_flight, seen.queued));
            prop_assert!(seen.is_none_or(|seen| seen == (0, 0)), "{:?}", seen);
            prop_assert!(vanished || scene.shared.leader(of).is_none());
            let users = (0..scene.guests.len()).filter(|who| of <= who % TARGETS).count();
            for _ in 0..users {
                prop_assert!(!scene.shared.replace(of), "a call still uses it");
                scene.shared.release(of);
            }
            prop_assert!(scene.shared.replace(of) || users == 0);
        }
    }
}

/// Some of the replicas behind one address are cold, and this call sticks to one of them: whatever its
/// answer says, another call's newer request was answered meanwhile.
#[test]
fn a_call_that_finds_loading_what_others_find_warm_pauses_for_a_second_and_a_quarter_more_each_time() {
    let patient = Policy { streamed: true, ..Policy::default() };
    let mut scene = scene(vec![patient; 200], false, 64, 7);
    let loading = || Body {
        text: "model x is currently loading".into(),
        is_error: true,
        of_engine: true,
        ..Body::default()
    };
    scene.tell(0, Input::Start).expect("it goes");
    let mut pauses = Vec::new();
    for other in (2..12).step_by(2) {
        scene.now = scene.now + Duration::from_ms(1);
        scene.tell(other, Input::Start).expect("it goes");
        scene.tell(other, Input::Head(Head { status: 200, ..Head::default() })).expect("a head");
        scene.tell(other, Input::Body(Body { of_engine: true, ..Body::default() })).expect("an answer");
        assert_eq!(scene.guests[other].action, Action::Deliver);
        scene.now = scene.now + Duration::from_ms(40);
        scene.tell(0, Input::Head(Head { status: 503, ..Head::default() })).expect("a head");
        scene.tell(0, Input::Body(loading())).expect("it loads");
        let Action::Wait(wait) = scene.guests[0].action else { panic!("{:?}", scene.guests[0].action) };
        pauses.push(wait.span.as_ms());
        scene.now = wait.until;
        scene.tell(0, Input::Woke).expect("it goes");
    }
    for (pause, least) in pauses.iter().zip([1000, 1250, 1562, 1952, 2440]) {
        assert!((least..=least * 11 / 10 + 1).contains(pause), "{pauses:?}");
    }
}
