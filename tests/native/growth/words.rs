//! The words of an error: a body of any length is looked through once for each phrase.

use super::grows_in_proportion;
use query_with_retry::core::classify::{Body, classify};
use query_with_retry::core::target::Profile;
use std::time::Instant;

const FEW: usize = 64 * 1024;

#[test]
fn an_error_of_a_mebibyte_takes_about_sixteen_times_as_long_as_one_of_64_kib() {
    // In the first a phrase begins again and again, in the second none does.
    for says in ["currently loadin ", "xxxxxxxx"] {
        for (status, is_error) in [(200, true), (400, false), (503, false)] {
            grows_in_proportion(&format!("{status} that says {says}…"), FEW, |bytes| {
                let text = says.repeat(bytes / says.len());
                let body = Body { is_error, text: text.into(), ..Body::default() };
                let begun = Instant::now();
                assert!(classify(status, Profile::OpenAi, &body).is_some());
                begun.elapsed()
            });
        }
    }
}
