//! The common limit, its shares, and the common budget.

use super::*;

/// So many clients with three calls each wait for a model, and client 0 has just been answered.
fn just_up(clients: u64) -> Fleet {
    let mut fleet = Fleet::of(clients);
    fleet.hears_loading(0, 0);
    for who in 0..clients as usize {
        fleet.exchanges(who);
        if who > 0 {
            fleet.hears_loading(who, 0);
            fleet.exchanges(who);
        }
        (1..=3).for_each(|call| fleet.waits(who, call));
    }
    fleet.passes(8_000);
    fleet.ends(0, 0, Outcome::Ok);
    fleet
}

#[test]
fn when_the_model_comes_up_a_few_calls_of_all_clients_go_and_not_a_few_of_each() {
    let mut fleet = just_up(20);
    fleet.passes(1_000);
    let went: usize = (0..20).map(|who| fleet.goes_on(who)).sum();
    // Some go by the last count of the calls, and some by the one before.
    assert!((1..=2 * limiter::SLOW_START as usize).contains(&went), "{went}");
}

#[test]
fn the_shares_of_all_clients_add_up_to_the_limit() {
    let mut all = View::new(EPOCH, 5);
    (all.limit, all.calls, all.calls_before) = (37_500, 7, 113);
    let (mut from, mut sum) = (0, 0);
    for calls in [1, 9, 40, 2, 2, 2, 1, 50, 6] {
        let mut member = Member::new(1, false);
        (member.calls_before, member.calls) = (from, calls);
        let here = Instant::from_ms(START);
        member.known = Some(Known { view: all, here, there: EPOCH });
        let share = member.share(here).expect("a limit");
        assert!(share.abs_diff(37 * calls / 113) <= 1, "{share} for {calls}");
        (from, sum) = (from + calls, sum + share);
        assert_eq!(member.share(here + FOLLOWS), None, "the view is too old");
    }
    assert_eq!((from, sum), (113, 37));
}

#[test]
fn a_client_that_was_refused_sends_no_other_call_before_it_has_told_the_fleet() {
    let mut fleet = just_up(2);
    fleet.passes(1_000);
    let limit = fleet.view().limit;
    let refused = Outcome::Failed(Code::Overloaded, Layer::Compute);
    let went = fleet.goes_on(0);
    assert!(went > 0);
    let (now, attempt) = (fleet.at(), Policy::default().timeouts.attempt);
    fleet.clients[0].ended(now, TARGET, 1, Ended::plain(0, now, refused, attempt));
    assert_eq!(fleet.goes_on(0), 0);
    fleet.passes(1_000);
    assert!(fleet.view().limit < limit, "{} after {limit}", fleet.view().limit);
}

#[test]
fn retries_of_one_client_are_missing_in_the_budget_of_another() {
    let mut fleet = Fleet::of(2);
    fleet.ends(0, 0, Outcome::Ok);
    fleet.ends(1, 0, Outcome::Ok);
    fleet.all_exchange();
    let retries = |shared: &mut Shared, now| {
        std::iter::from_fn(|| shared.may_retry(now, TARGET, Duration::ZERO).then_some(())).count()
    };
    let now = fleet.at();
    assert_eq!(retries(&mut fleet.clients[0], now), 5);
    fleet.later(1_000);
    fleet.ends(0, 1, Outcome::Ok);
    fleet.exchanges(0);
    fleet.ends(1, 1, Outcome::Ok);
    fleet.exchanges(1);
    let now = fleet.at();
    assert_eq!((retries(&mut fleet.clients[1], now), retries(&mut fleet.clients[0], now)), (0, 0));
}
