//! The way from one target to the next.

use super::{ALL_ATTEMPTS, error, loading, ok};
use crate::virtual_clock::{Conversation, Reply, ms, policy, secs};
use query_with_retry::core::call::Target;
use query_with_retry::core::failure::{Code, Phase};
use query_with_retry::core::policy::{Given, Policy};
use query_with_retry::core::record::Outcome;
use query_with_retry::core::target::Profile;

fn targets(sharing: &[bool]) -> Conversation {
    let targets = sharing.iter().map(|&shares_credentials| Target {
        shared: 0,
        profile: Profile::OpenAi,
        shares_credentials,
    });
    Conversation { targets: targets.collect(), ..Conversation::with(Policy::default()) }
}

/// Answers of each target, for ever.
fn at_each(replies: &[Reply]) -> impl FnMut(crate::virtual_clock::Asked) -> Reply + '_ {
    |asked| replies[asked.target].clone()
}

#[test]
fn targets_are_tried_in_their_order_each_with_its_own_retries() {
    let call = targets(&[true; 3]).against(at_each(&[error(500), error(502), ok()]));
    assert!(call.is_delivered());
    assert_eq!(call.route(), [0, 0, 0, 0, 1, 1, 1, 1, 2]);
    let falls: Vec<_> = call.sent.iter().filter_map(|sent| sent.action.falls_back).collect();
    assert_eq!(falls, [Code::EngineFailure, Code::Unavailable]);
    assert_eq!(call.sent[ALL_ATTEMPTS].action.falls_back, Some(Code::EngineFailure));
    assert_eq!(call.call.target(), 2);
}

#[test]
fn the_first_answer_ends_it() {
    let call = targets(&[true; 3]).against(at_each(&[error(404), ok(), error(500)]));
    assert!(call.is_delivered());
    assert_eq!(call.route(), [0, 1]);
}

#[test]
fn a_fall_back_does_not_wait() {
    let call = targets(&[true; 2]).against(at_each(&[error(404), ok()]));
    assert_eq!((call.sent[1].at, call.waits.len()), (ms(20), 0));
}

#[test]
fn an_answer_that_would_be_the_same_anywhere_falls_back_nowhere() {
    for (status, falls_back) in [
        (400, false),
        (401, false),
        (403, false),
        (413, false),
        (415, false),
        (422, false),
        (302, true),
        (402, false),
        (404, true),
        (410, true),
        (424, true),
        (429, true),
        (500, true),
        (503, true),
        (504, true),
    ] {
        let call = targets(&[true; 2]).against(at_each(&[error(status), ok()]));
        assert_eq!(call.is_delivered(), falls_back, "{status}");
        assert_eq!(call.route().contains(&1), falls_back, "{status}");
    }
}

#[test]
fn credits_that_are_gone_are_gone_wherever_the_same_token_goes() {
    let spent = [error(402), ok()];
    assert!(targets(&[true, false]).against(at_each(&spent)).is_delivered());
    let call = targets(&[true, true]).against(at_each(&spent));
    assert!(call.ends_with(Code::CreditsExhausted, None));
    assert_eq!(call.route(), [0]);
}

#[test]
fn lost_timed_out_and_loading_targets_are_left_for_the_next() {
    for (reply, code) in [
        (Reply::Resets { after: ms(3) }, Code::Network),
        (Reply::Silence, Code::Timeout),
        (loading(None), Code::ModelLoading),
    ] {
        let given = Given { max_wait: Some(secs(20)), attempt: Some(secs(30)), ..Given::default() };
        let call = Conversation { policy: policy(given), ..targets(&[true; 2]) };
        let call = call.against(at_each(&[reply, ok()]));
        assert!(call.is_delivered(), "{code:?}: {:?}", call.end);
        assert_eq!(call.sent.iter().find_map(|sent| sent.action.falls_back), Some(code));
    }
}

#[test]
fn a_cold_model_is_waited_for_no_longer_than_half_of_the_call_where_a_fallback_is_left() {
    let call = targets(&[true; 2]).against(at_each(&[loading(None), ok()]));
    assert!(call.is_delivered(), "{:?}", call.end);
    assert!((secs(135)..=secs(152)).contains(&call.took), "{:?}", call.took);
    let closed = Reply::Refuses { after: ms(2) };
    let call = targets(&[true; 2]).against(at_each(&[closed, ok()]));
    assert!((secs(5)..=secs(6)).contains(&call.took), "{:?}", call.took);
}

#[test]
fn the_total_is_shared_by_all_targets() {
    let given = Given { attempt: Some(secs(40)), total: Some(secs(100)), ..Given::default() };
    let call = Conversation { policy: policy(given), ..targets(&[true; 9]) };
    let call = call.against(|_| Reply::Silence);
    assert!(call.ends_with(Code::Timeout, Some(Phase::Total)), "{:?}", call.end);
    assert_eq!(call.took, secs(100));
    assert_eq!(call.route(), [0, 0, 1]);
}

#[test]
fn the_one_more_attempt_is_renewed_with_the_target() {
    let call = targets(&[true; 2]).against(at_each(&[error(504), error(504)]));
    assert_eq!(call.route(), [0, 0, 1, 1]);
    assert!(call.ends_with(Code::GatewayTimeout, None));
}

#[test]
fn the_last_failure_is_the_one_that_is_reported() {
    let call = targets(&[true; 2]).against(at_each(&[error(404), error(401)]));
    assert!(call.ends_with(Code::Unauthorized, None));
    let outcomes: Vec<_> =
        call.record.attempts().iter().map(|attempt| (attempt.target, attempt.status)).collect();
    assert_eq!(outcomes, [(0, Some(404)), (1, Some(401))]);
    assert!(call.record.attempts().iter().all(|attempt| matches!(attempt.outcome, Outcome::Failed(..))));
}

#[test]
fn a_floor_of_one_target_does_not_delay_the_next() {
    let call = targets(&[true; 2]).against(at_each(&[super::asking(429, secs(3600)), ok()]));
    assert!(call.is_delivered());
    assert_eq!(call.took, ms(320));
}
