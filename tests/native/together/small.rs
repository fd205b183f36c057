//! A small healthy server says that it is full by a bare 503, or breaks off requests that come too fast.

use super::world::{Caller, Crowd, Meeting, target};
use super::{ok, too_many};
use crate::read;
use crate::virtual_clock::{Reply, ms, policy, secs, status};
use query_with_retry::core::admission::breaker::State;
use query_with_retry::core::classify::Body;
use query_with_retry::core::policy::{Given, Policy};

const SEEDS: u64 = 100;

fn unavailable() -> Reply {
    Reply::after(ms(3), status(503), read::of_error("<h1>503 Service Temporarily Unavailable</h1>"))
}

fn breaker(meeting: &mut Meeting) -> State {
    let over = meeting.over;
    meeting.shared.snapshot(over, 0).map_or(State::Open, |seen| seen.breaker)
}

/// A gateway that hands its upstream's 503 over in a success.
fn unavailable_inside() -> Reply {
    let said = Body { is_error: true, of_engine: true, status: Some(503), ..Body::default() };
    Reply::after(ms(3), status(200), said)
}

#[test]
fn a_server_of_a_few_slots_answers_every_call_and_the_circuit_stays_closed() {
    for (places, full) in
        [1, 2, 3].into_iter().flat_map(|places| [(places, unavailable()), (places, unavailable_inside())])
    {
        for seed in 0..SEEDS {
            let mut refused = 0;
            let mut meeting = Crowd::at_once(12).seeded(seed).against(|asked| {
                if asked.busy < places {
                    return ok();
                }
                refused += 1;
                full.clone()
            });
            assert_eq!(meeting.delivered(), 12, "{places} places, seed {seed}, {full:?}");
            assert_eq!(breaker(&mut meeting), State::Closed);
            assert!(refused <= 6, "{places} places: {refused}");
            assert!(meeting.calls.iter().all(|call| call.took < secs(20)));
        }
    }
}

#[test]
fn a_server_that_refuses_a_burst_whole_answers_everybody() {
    // Like uvicorn, which counts connections: four at once against a limit of three are all refused.
    for seed in 0..SEEDS {
        let mut last = (ms(0), 0);
        let mut meeting = Crowd::at_once(12).seeded(seed).against(|asked| {
            last = if asked.at == last.0 { (asked.at, last.1 + 1) } else { (asked.at, 1) };
            // The fourth of them is refused, and with it those before.
            if asked.at == ms(0) || asked.busy >= 3 { unavailable() } else { ok() }
        });
        assert_eq!(meeting.delivered(), 12, "seed {seed}");
        assert_eq!(breaker(&mut meeting), State::Closed);
    }
}

#[test]
fn a_server_of_two_a_second_answers_everybody() {
    for code in [503, 429] {
        for seed in 0..SEEDS {
            // A bucket of three that is filled by two a second, as of nginx with a burst of two.
            let (mut tokens, mut at) = (3000, ms(0));
            let mut refused = 0;
            let mut meeting = Crowd::at_once(12).seeded(seed).against(|asked| {
                tokens = 3000.min(tokens + (asked.at - at).as_ms() * 2);
                at = asked.at;
                if tokens >= 1000 {
                    tokens -= 1000;
                    return Reply::ok(ms(10));
                }
                refused += 1;
                Reply::after(ms(1), status(code), read::of_error("<h1>Slower</h1>"))
            });
            assert_eq!(meeting.delivered(), 12, "{code}, seed {seed}");
            assert_eq!(breaker(&mut meeting), State::Closed, "{code}, seed {seed}");
            assert!(refused <= 20, "{code}: {refused}");
        }
    }
}

#[test]
fn the_limit_rises_again_when_there_is_more_room() {
    let patient = policy(Given::default());
    let callers = (0..2000).map(|nth| Caller::with(patient).coming(ms(nth * 20)));
    let mut meeting = Crowd::of(callers).against(|asked| {
        let places = if asked.at < secs(5) { 2 } else { 50 };
        if asked.busy < places { Reply::ok(ms(200)) } else { unavailable() }
    });
    assert_eq!(meeting.delivered(), 2000);
    assert_eq!(breaker(&mut meeting), State::Closed);
    let late = meeting.calls.iter().filter(|call| call.came > secs(39)).map(|call| call.took).max();
    assert!(late < Some(secs(10)), "{late:?}");
}

#[test]
fn a_slow_server_that_becomes_small_and_large_again_is_full_and_not_down() {
    // Twenty are in flight when 64 slots become two, each for five seconds.
    let small = secs(10)..secs(25);
    for seed in 0..20 {
        let callers = (0..200).map(|nth| Caller::with(policy(Given::default())).coming(ms(nth * 250)));
        let mut meeting = Crowd::of(callers).seeded(seed).against(|asked| {
            let slots = if small.contains(&asked.at) { 2 } else { 64 };
            if asked.busy < slots { Reply::ok(secs(5)) } else { unavailable() }
        });
        assert_eq!(meeting.delivered(), 200, "seed {seed}");
        assert_eq!(breaker(&mut meeting), State::Closed);
    }
}

#[test]
fn a_call_that_is_refused_alone_has_found_a_server_that_is_down() {
    let down = || Reply::after(ms(3), status(503), read::of_error("Service Unavailable"));
    let mut meeting = Crowd::at_once(12).against(|_| down());
    assert_eq!(meeting.delivered(), 0);
    assert_ne!(breaker(&mut meeting), State::Closed);
    assert!(meeting.sent.len() <= 12, "{}", meeting.sent.len());
}

#[test]
fn many_refusals_between_two_slow_answers_do_not_mean_that_the_server_is_down() {
    // Four slots of five seconds each, between the tenth and the twenty-fifth second, and four calls a second.
    for seed in 0..20 {
        let callers = (0..160).map(|nth| Caller::with(policy(Given::default())).coming(ms(nth * 250)));
        let meeting = Crowd::of(callers).seeded(seed).against(|asked| {
            let slots = if (secs(10)..secs(25)).contains(&asked.at) { 4 } else { 64 };
            if asked.busy < slots { Reply::ok(secs(5)) } else { unavailable() }
        });
        assert_eq!(meeting.delivered(), 160, "seed {seed}");
        let late = meeting.calls.iter().filter(|call| call.came >= secs(25)).map(|call| call.took);
        let last = late.max();
        assert!(last < Some(secs(14)), "seed {seed}: {last:?}");
    }
}

#[test]
fn a_server_that_has_room_again_is_used_within_seconds() {
    // So many slots between the tenth and the twenty-fifth second, answers of so long, a call every so often.
    for (slots, took, every) in [(2, 1_500, 250), (8, 1_500, 100), (2, 300, 50)] {
        for seed in 0..20 {
            let callers =
                (0..60_000 / every).map(|nth| Caller::with(policy(Given::default())).coming(ms(nth * every)));
            let mut refused = 0;
            let meeting = Crowd::of(callers).seeded(seed).against(|asked| {
                let is_small = (secs(10)..secs(25)).contains(&asked.at);
                if asked.busy < if is_small { slots } else { 64 } {
                    return Reply::ok(ms(took));
                }
                refused += 1;
                unavailable()
            });
            assert_eq!(meeting.delivered() as u64, 60_000 / every, "{slots} slots of {took}, seed {seed}");
            assert!(refused <= 60, "{slots} slots of {took}, seed {seed}: {refused}");
            let mut late: Vec<_> =
                meeting.calls.iter().filter(|call| call.came >= secs(33)).map(|call| call.took).collect();
            late.sort();
            assert!(
                late[late.len() / 2] <= ms(took),
                "{slots} slots of {took}, seed {seed}: {:?}",
                late[late.len() / 2]
            );
            assert!(
                late[late.len() - 1] <= secs(6),
                "{slots} slots of {took}, seed {seed}: {:?}",
                late[late.len() - 1]
            );
        }
    }
}

#[test]
fn a_server_of_long_answers_is_used_within_seconds_of_having_room_again_however_it_says_that_it_is_full() {
    let concurrent = "too many concurrent requests";
    for (code, words) in
        [(503, ""), (429, ""), (429, r#"{"error":"rate limit"}"#), (503, concurrent), (429, concurrent)]
    {
        for seed in 0..20 {
            // Four slots for twenty seconds, then 64, of which 25 are needed.
            let callers = (0..150).map(|nth| Caller::with(policy(Given::default())).coming(ms(nth * 400)));
            let mut refused = 0;
            let meeting = Crowd::of(callers).seeded(seed).against(|asked| {
                if asked.busy < if asked.at < secs(20) { 4 } else { 64 } {
                    return Reply::ok(secs(10));
                }
                refused += 1;
                Reply::after(ms(3), status(code), read::of_error(words))
            });
            let late = meeting.calls.iter().filter(|call| call.came >= secs(30)).map(|call| call.took).max();
            assert!(
                meeting.delivered() == 150 && refused <= 16 && late < Some(secs(18)),
                "{code} {words:?}, seed {seed}: {} answered, {refused} refused, {late:?}",
                meeting.delivered()
            );
        }
    }
}

/// How a server says that it is full: in words, or by a 429 that names no time.
fn says_it_is_full() -> [Reply; 2] {
    [
        Reply::after(ms(3), status(503), read::of_error(r#"{"error":"Model is overloaded"}"#)),
        Reply::after(ms(3), status(429), read::of_error(r#"{"error":"Too many requests"}"#)),
    ]
}

/// A server that has one slot for us, because other processes have the others. The second target is idle.
fn crowded(crowd: &Crowd, full: &Reply) -> Meeting {
    crowd.against(|asked| if asked.target == 1 || asked.busy < 1 { Reply::ok(secs(6)) } else { full.clone() })
}

#[test]
fn calls_wait_for_their_place_while_a_full_server_works_on_others() {
    for (seed, full) in (0..SEEDS).flat_map(|seed| says_it_is_full().map(|full| (seed, full))) {
        let meeting = crowded(&Crowd::at_once(20).seeded(seed), &full);
        assert_eq!(meeting.delivered(), 20, "seed {seed}: {full:?}");
        assert!(meeting.sent.len() < 20 * 8, "seed {seed}: {}", meeting.sent.len());
    }
}

#[test]
fn twice_the_rate_of_a_server_that_names_no_time_costs_no_call() {
    // A bucket of ten that is filled by two a second.
    for seed in 0..SEEDS {
        let (mut tokens, mut last) = (10_000, ms(0));
        let calls = (0..160).map(|nth| Caller::with(Policy::default()).coming(ms(nth * 250)));
        let meeting = Crowd::of(calls).seeded(seed).against(|asked| {
            tokens = 10_000.min(tokens + (asked.at - last).as_ms() * 2);
            last = asked.at;
            if tokens < 1_000 {
                return too_many();
            }
            tokens -= 1_000;
            ok()
        });
        assert_eq!(meeting.delivered(), 160, "seed {seed}");
        assert!(meeting.sent.len() < 160 * 4, "seed {seed}: {}", meeting.sent.len());
    }
}

#[test]
fn calls_that_have_a_fallback_wait_for_no_place() {
    let caller = Caller { targets: vec![target(0), target(1)], ..Caller::with(Policy::default()) };
    for (seed, full) in (0..SEEDS).flat_map(|seed| says_it_is_full().map(|full| (seed, full))) {
        let crowd = Crowd::of((0..20).map(|_| caller.clone())).seeded(seed);
        let meeting = crowded(&crowd, &full);
        assert_eq!(meeting.delivered(), 20, "seed {seed}");
        assert!(meeting.calls.iter().all(|call| call.took < secs(60)), "seed {seed}");
    }
}

#[test]
fn a_call_that_may_not_be_tried_again_waits_for_no_place() {
    let once = policy(Given { max_retries: Some(0), ..Given::default() });
    let [full, _] = says_it_is_full();
    let meeting = crowded(&Crowd::of((0..4).map(|_| Caller::with(once))), &full);
    assert_eq!((meeting.delivered(), meeting.sent.len()), (1, 4));
}
