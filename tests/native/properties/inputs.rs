//! Any inputs in any order at any times.

use super::{SAID, body, config, head, policy, targets};
use crate::virtual_clock::{BEGAN, Lone};
use proptest::prelude::*;
use query_with_retry::core::call::{Action, Input, Lost};
use query_with_retry::core::failure::Phase;
use query_with_retry::core::time::{Duration, Instant};

/// A kind of input, what an answer says, and when: mostly seconds later, sometimes anywhere.
fn input() -> impl Strategy<Value = (Input, bool, u64)> {
    let phases = [Phase::Wait, Phase::FirstByte, Phase::Idle, Phase::Attempt, Phase::Total];
    (0..18_u8, SAID, 0..10_u8, any::<u64>()).prop_map(move |(kind, said, anywhere, to)| {
        let input = match kind {
            0 | 1 => Input::Start,
            2..=5 => Input::Head(head(said)),
            6..=9 => Input::Body(body(said)),
            10..=13 => Input::Woke,
            14 => Input::Aborted,
            15 => Input::NetworkError(Lost::Unsaid),
            _ => Input::TimedOut(phases[to as usize % phases.len()]),
        };
        (input, anywhere == 9, to)
    })
}

fn inputs() -> impl Strategy<Value = Vec<(Input, bool, u64)>> {
    proptest::collection::vec(input(), 1..20)
}

/// The actions that the inputs lead to.
fn actions(call: &mut Lone, inputs: &[(Input, bool, u64)]) -> Vec<Action> {
    let mut now = BEGAN;
    let mut handle = |(input, anywhere, to): &(Input, bool, u64)| {
        now = if *anywhere { Instant::from_ms(*to) } else { now + Duration::from_ms(to % 30_000) };
        call.handle(now, input.clone())
    };
    inputs.iter().map(&mut handle).collect()
}

fn is_terminal(action: &Action) -> bool {
    matches!(action, Action::Deliver | Action::Fail(_) | Action::Abandon)
}

proptest! {
    #![proptest_config(config())]

    /// `handle` is total: no order of inputs at no times panics, and after a terminal action every
    /// input gets that one again.
    #[test]
    fn a_settled_call_stays_settled_whatever_the_input(
        policy in policy(),
        targets in targets(),
        seed in any::<u64>(),
        inputs in inputs(),
    ) {
        let mut call = Lone::new(policy, targets, seed);
        let actions = actions(&mut call, &inputs);
        if let Some(settled) = actions.iter().position(is_terminal) {
            for action in &actions[settled..] {
                prop_assert_eq!(action, &actions[settled]);
            }
        }
    }

    /// Nothing but the seed and the inputs decides: the same ones give the same actions.
    #[test]
    fn the_same_inputs_give_the_same_actions(
        policy in policy(),
        targets in targets(),
        seed in any::<u64>(),
        inputs in inputs(),
    ) {
        let told = || actions(&mut Lone::new(policy, targets.clone(), seed), &inputs);
        prop_assert_eq!(told(), told());
    }

    /// One request is under way at a time: a call that waits for an answer sends nothing else, and
    /// requests are numbered without a gap.
    #[test]
    fn requests_are_numbered_without_a_gap(
        policy in policy(),
        targets in targets(),
        inputs in inputs(),
    ) {
        let mut call = Lone::new(policy, targets.clone(), 1);
        let mut last = 0;
        for action in actions(&mut call, &inputs) {
            if let Action::Send(send) = action {
                prop_assert!(send.attempt == last || send.attempt == last + 1);
                prop_assert!(send.target < targets.len());
                last = send.attempt;
            }
        }
        let recorded = call.record().attempts().len() as u32;
        prop_assert!(recorded == last || recorded + 1 == last);
    }
}

#[test]
fn a_call_without_targets_is_abandoned_at_its_start() {
    let mut call = Lone::new(query_with_retry::core::policy::Policy::default(), Vec::new(), 1);
    assert_eq!(call.handle(BEGAN, Input::Start), Action::Abandon);
    assert_eq!(call.handle(BEGAN, Input::Woke), Action::Abandon);
}
