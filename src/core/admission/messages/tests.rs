//! Which ends of an attempt have a latency.

use super::*;
use crate::core::failure::Layer;

const fn at(ms: u64) -> Instant {
    Instant::from_ms(ms)
}

#[test]
fn an_answer_and_a_timeout_have_a_latency_and_no_other_end_has_one() {
    let timeout = Outcome::Failed(Code::Timeout, Layer::Compute);
    let failure = Outcome::Failed(Code::Overloaded, Layer::Compute);
    let ms = Duration::from_ms;
    let times = |whole, timeout| Some(Took { whole: ms(whole), first_token: None, timeout: ms(timeout) });
    for (outcome, took) in [
        (Outcome::Ok, times(900, 800)),
        (timeout, times(800, 800)), // the timer came late
        (failure, None),
        (Outcome::Aborted, None),
    ] {
        let ended = Ended::plain(0, at(100), outcome, ms(800));
        assert_eq!(ended.took(at(1_000)), took, "{outcome:?}");
        assert_eq!(Ended { is_cheap: true, ..ended }.took(at(1_000)), None, "{outcome:?}");
        let streamed = Ended { streamed: true, ..ended };
        let first = streamed.took(at(1_000)).map(|took| took.first_token);
        assert_eq!(first, took.map(|took| Some(took.whole)), "{outcome:?}");
        let begun = Ended { begun: Some(at(300)), ..streamed };
        let first = begun.took(at(1_000)).map(|took| took.first_token);
        assert_eq!(first, took.map(|_| Some(ms(200))), "{outcome:?}");
    }
}
