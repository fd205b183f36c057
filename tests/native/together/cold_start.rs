//! One of many looks whether the model is up, and the others wait.

use super::world::{Caller, Crowd, Leaves, Meeting};
use super::{asking, cold_for, error, loading, ok};
use crate::virtual_clock::{Reply, ms, secs};
use query_with_retry::core::policy::Policy;
use query_with_retry::core::record::WaitReason;
use query_with_retry::core::time::Duration;

const LOAD: Duration = Duration::from_secs(180);
const SEEDS: u64 = 200;
const ENDLESS: usize = usize::MAX;

fn before(meeting: &Meeting, time: Duration) -> usize {
    meeting.sent.iter().filter(|sent| sent.at < time).count()
}

/// All of them succeed, and nothing is left over.
fn all_succeed(meeting: &mut Meeting, told: &str) {
    let failed: Vec<_> = meeting.calls.iter().filter(|call| !call.is_delivered()).collect();
    assert!(failed.is_empty(), "{told}: {} fail, first {:?}", failed.len(), failed.first());
    assert_eq!(meeting.left_over(0), (0, 0), "{told}");
}

#[test]
fn two_hundred_calls_at_once_cost_a_tenth_of_a_request_each_before_the_model_is_up_and_all_succeed() {
    for seed in 0..SEEDS {
        let mut meeting = Crowd::at_once(200).seeded(seed).against(cold_for(LOAD, ENDLESS));
        // The four that were sent at once, and 16 looks.
        assert!(before(&meeting, LOAD) <= 20, "seed {seed}: {}", before(&meeting, LOAD));
        all_succeed(&mut meeting, &format!("seed {seed}"));
        assert_eq!(meeting.sent.len(), 200 + before(&meeting, LOAD), "one each, and the looks");
    }
}

#[test]
fn calls_that_come_one_after_the_other_cost_a_tenth_of_a_request_each_and_all_succeed() {
    for seed in 0..5 {
        let callers = (0..900).map(|nth| Caller::with(Policy::default()).coming(ms(nth * 200)));
        let mut meeting = Crowd::of(callers).seeded(seed).against(cold_for(LOAD, ENDLESS));
        assert!(before(&meeting, LOAD) <= 90, "seed {seed}: {}", before(&meeting, LOAD));
        all_succeed(&mut meeting, &format!("seed {seed}"));
    }
}

#[test]
fn a_server_of_sixteen_slots_is_not_run_over_when_it_comes_up() {
    for seed in 0..SEEDS {
        let mut meeting = Crowd::at_once(200).seeded(seed).against(cold_for(LOAD, 16));
        all_succeed(&mut meeting, &format!("seed {seed}"));
        let refused = meeting.sent.len() - 200 - before(&meeting, LOAD);
        // Slow start doubles into the limit once; the refused calls come back at random.
        assert!(refused <= 60, "seed {seed}: {refused} refusals");
    }
}

#[test]
fn a_probe_that_is_not_refused_has_found_the_engine_up_however_long_its_answer_takes() {
    let up = secs(8);
    for seed in 0..SEEDS {
        let mut meeting = Crowd::at_once(20).seeded(seed).against(|asked| match asked.at {
            at if at < up => loading(),
            _ => Reply::ok(secs(40)),
        });
        all_succeed(&mut meeting, &format!("seed {seed}"));
        // Found within 1.3 times its length; three seconds later they come, four at once, and then twice as many.
        let slowest = meeting.calls.iter().map(|call| call.took).max().unwrap_or_default();
        assert!(slowest < secs(11 + 3 + 40 * 3 + 3), "seed {seed}: {slowest:?}");
        let in_time = meeting.sent.iter().filter(|sent| sent.at < up + secs(7)).count();
        assert!(in_time - before(&meeting, up) >= 4, "seed {seed}: {in_time}");
    }
}

#[test]
fn while_it_loads_one_request_at_a_time_is_in_flight() {
    let mut most = 0;
    let mut server = cold_for(LOAD, ENDLESS);
    Crowd::at_once(200).against(|asked| {
        if asked.at > secs(1) && asked.at < LOAD {
            most = most.max(asked.busy + 1);
        }
        server(asked)
    });
    assert_eq!(most, 1);
}

#[test]
fn calls_probe_in_turn_two_times_each_and_most_of_them_make_one_request() {
    let meeting = Crowd::at_once(200).against(cold_for(LOAD, ENDLESS));
    let attempts = |call: &super::world::Ended| call.record.attempts().len();
    assert!(meeting.calls.iter().all(|call| call.took >= LOAD && attempts(call) <= 4));
    assert!(meeting.calls.iter().filter(|call| attempts(call) == 1).count() >= 185);
}

#[test]
fn when_one_leader_after_the_other_is_aborted_the_rest_succeed_by_few_requests() {
    for seed in 0..SEEDS {
        let mut crowd = Crowd::at_once(100).seeded(seed);
        // The calls that lead in turn: the first ones to come, in about their order.
        for (nth, caller) in (0..).zip(crowd.callers.iter_mut().take(20)) {
            caller.leaves = Some((secs(1 + nth * 8), Leaves::Aborts));
        }
        let mut meeting = crowd.against(cold_for(LOAD, ENDLESS));
        assert_eq!(meeting.delivered(), 80, "seed {seed}");
        assert_eq!(meeting.left_over(0), (0, 0));
        assert!(before(&meeting, LOAD) <= 40, "seed {seed}: {}", before(&meeting, LOAD));
    }
}

#[test]
fn when_the_leader_vanishes_another_call_probes_after_its_lease_and_the_rest_succeed() {
    for seed in 0..SEEDS {
        let mut crowd = Crowd::at_once(100).seeded(seed);
        crowd.callers[0].leaves = Some((ms(30), Leaves::Vanishes));
        let meeting = crowd.against(cold_for(secs(60), ENDLESS));
        assert_eq!(meeting.delivered(), 99, "seed {seed}");
        let lease = meeting.sent.iter().map(|sent| sent.at).find(|at| *at > secs(1)).expect("a look");
        assert!((secs(124)..=secs(126)).contains(&lease), "its sleep and a try: {lease:?}");
    }
}

#[test]
fn a_leader_that_meets_a_429_at_wake_up_does_not_leave_the_others_behind() {
    for seed in 0..SEEDS {
        let mut is_first = true;
        let mut meeting = Crowd::at_once(100).seeded(seed).against(|asked| match asked.at {
            at if at < secs(60) => loading(),
            _ if std::mem::replace(&mut is_first, false) => asking(429, secs(30)),
            _ => ok(),
        });
        all_succeed(&mut meeting, &format!("seed {seed}"));
        let others = meeting.calls.iter().filter(|call| call.record.waited(WaitReason::RateLimit) == ms(0));
        let last = others.map(|call| call.took).max().unwrap_or_default();
        assert!(last < secs(95), "only the leader waits for as long as it was told: {last:?}");
    }
}

#[test]
fn a_leader_whose_probe_is_never_answered_is_followed_by_others() {
    for seed in 0..SEEDS {
        let mut looks = 0;
        let mut meeting = Crowd::at_once(100).seeded(seed).against(|asked| match asked.at {
            at if at < secs(1) => loading(),
            _ => {
                looks += 1;
                if looks == 1 { Reply::Silence } else { ok() }
            }
        });
        // The call that probed is told so late that its own retry has to hurry.
        assert!(meeting.delivered() >= 99, "seed {seed}: {}", meeting.delivered());
        assert_eq!(meeting.left_over(0), (0, 0));
    }
}

#[test]
fn a_model_that_fails_a_probe_while_it_comes_up_is_waited_for_again() {
    for seed in 0..SEEDS {
        let mut is_whole = true;
        let mut meeting = Crowd::at_once(50).seeded(seed).against(|asked| match asked.at.as_secs() {
            40..80 if std::mem::replace(&mut is_whole, false) => error(500),
            0..80 => loading(),
            _ => ok(),
        });
        all_succeed(&mut meeting, &format!("seed {seed}"));
        assert!(before(&meeting, secs(80)) <= 40, "seed {seed}: {}", before(&meeting, secs(80)));
    }
}

#[test]
fn the_second_cold_start_of_a_target_is_probed_after_the_length_of_the_first() {
    for seed in 0..SEEDS {
        let callers = (0..40).map(|nth| Caller::with(Policy::default()).coming(secs(nth / 20 * 1000)));
        let mut meeting = Crowd::of(callers).seeded(seed).against(|asked| match asked.at.as_secs() {
            0..60 | 1000..1060 => loading(),
            _ => ok(),
        });
        all_succeed(&mut meeting, &format!("seed {seed}"));
        let looks = |from: u64| {
            meeting.sent.iter().filter(|sent| (from + 1..from + 60).contains(&sent.at.as_secs())).count()
        };
        assert!(looks(1000) < looks(0), "seed {seed}: {} and then {}", looks(0), looks(1000));
    }
}

#[test]
fn after_everybody_gave_up_a_call_alone_still_finds_the_model_up() {
    let mut crowd = Crowd::at_once(51);
    for caller in crowd.callers.iter_mut().take(50) {
        caller.leaves = Some((secs(10), Leaves::Aborts));
    }
    crowd.callers[50].comes = secs(200);
    let mut meeting = crowd.against(cold_for(LOAD, ENDLESS));
    assert!(meeting.calls[50].is_delivered());
    assert!(meeting.calls[50].took < secs(1), "{:?}", meeting.calls[50].took);
    assert_eq!(meeting.left_over(0), (0, 0));
}

/// A failure of one request that quotes it, and with it words of a cold start.
fn poisoned(asked: &super::world::Asked) -> bool {
    asked.who % 20 == 7
}

#[test]
fn requests_whose_own_words_are_those_of_a_cold_start_hold_up_the_others_for_seconds_and_not_for_minutes() {
    for seed in 0..20 {
        let callers = (0..100).map(|nth| Caller::with(Policy::default()).coming(ms(nth * 500)));
        let server = |asked: super::world::Asked| if poisoned(&asked) { loading() } else { ok() };
        let meeting = Crowd::of(callers).seeded(seed).against(server);
        let answered = meeting.calls.iter().filter(|call| call.is_delivered());
        assert_eq!(answered.clone().count(), 95, "seed {seed}");
        let slowest = answered.map(|call| call.took).max();
        assert!(slowest <= Some(secs(15)), "seed {seed}: {slowest:?}");
    }
}

#[test]
fn the_same_holds_where_one_of_them_is_the_first_to_probe_a_cold_model() {
    for seed in 0..20 {
        let meeting = Crowd::at_once(100).seeded(seed).against(|asked| match asked {
            _ if asked.at < secs(10) || asked.who % 20 == 0 => loading(),
            _ => ok(),
        });
        let answered = meeting.calls.iter().filter(|call| call.is_delivered());
        assert_eq!(answered.clone().count(), 95, "seed {seed}");
        assert!(answered.map(|call| call.took).max() <= Some(secs(40)), "seed {seed}");
    }
}
