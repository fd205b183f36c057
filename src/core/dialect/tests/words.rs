//! The words, the names and the times of a failure.

use super::*;
use crate::core::time::Duration;

#[test]
fn the_names_of_a_failure_are_kept_in_lower_case() {
    let kind = |document: &str| String::from_utf8_lossy(&said(document).kind).trim().to_owned();
    assert_eq!(
        kind(r#"{"error":{"message":"m","type":"BadRequestError","code":"Too_Long"}}"#),
        "badrequesterror too_long"
    );
    assert_eq!(kind(r#"{"error":"m","error_type":"overloaded"}"#), "overloaded");
    assert_eq!(kind(r#"{"error":{"code":503,"status":"UNAVAILABLE"}}"#), "unavailable");
    assert_eq!(kind(r#"[{"error":{"code":503,"status":"UNAVAILABLE"}}]"#), "unavailable");
}

#[test]
fn words_are_found_at_any_level_and_said_once() {
    fails(r#"{"error":{"error":"x"}}"#, None, "x");
    fails(r#"{"error":"x","message":"x","detail":"y"}"#, None, "x; y");
    fails(r#"{"errors":[{"message":"a"},{"msg":"b"}]}"#, None, "a; b");
    fails(r#"{"object":"error","message":{"detail":[{"msg":"field required"}]}}"#, None, "field required");
    fails(r#"[{"error":{"code":503,"message":"overloaded"}}]"#, Some(503), "overloaded");
    let words = |document: &str| String::from_utf8_lossy(&said(document).words).into_owned();
    assert_eq!(words(r#"{"detail":{"error":"no"}}"#), "no");
    assert_eq!(
        words(r#"{"detail":[{"loc":["body","inputs"],"msg":"field required","type":"missing"}]}"#),
        "field required"
    );
    assert_eq!(words(r#"{"Message":"Forbidden"}"#), "Forbidden");
    assert_eq!(words(r#""Service Unavailable""#), "Service Unavailable");
}

#[test]
fn an_estimate_is_read_in_all_its_forms() {
    let estimate = |document: &str| said(document).estimate().map(Duration::as_ms);
    assert_eq!(estimate(r#"{"error":"loading","estimated_time":20.0}"#), Some(20_000));
    assert_eq!(estimate(r#"{"error":"loading","estimated_time":118.0269775390625}"#), Some(118_026));
    assert_eq!(estimate(r#"{"error":"loading","estimated_time":"2.5s"}"#), Some(2_500));
    assert_eq!(estimate(r#"{"error":"loading","estimated_time":null}"#), None);
    assert_eq!(estimate(r#"{"error":"loading","estimated_time":-1}"#), None);
}

#[test]
fn words_before_the_end_are_not_lost() {
    let mut reader = Reader::default();
    reader.push(br#"{"error":"Model is loading","estimated_time":NaN}"#).unwrap_err();
    let said = reader.said();
    assert_eq!((said.is_failure(false), said.words.as_slice()), (true, b"Model is loading".as_slice()));
    let mut reader = Reader::default();
    reader.push(br#"{"error":{"message":"out of mem"#).unwrap();
    assert_eq!(reader.said().words, b"out of mem");
}

#[test]
fn words_have_a_limit_and_a_long_way_says_nothing() {
    let long = format!(r#"{{"error":"{}"}}"#, "x".repeat(2 * WORDS_LIMIT));
    let mut reader = Reader::default();
    reader.push(long.as_bytes()).unwrap();
    reader.end().unwrap();
    assert_eq!(reader.said().words.len(), WORDS_LIMIT);
    answers(&[r#"{"a":"#.repeat(20), r#"{"error":"x"}"#.to_owned(), "}".repeat(20)].concat());
}

#[test]
fn the_name_of_a_failure_is_cut_at_the_same_byte_however_it_comes() {
    let long = format!(r#"{{"error":{{"code":"{0}","type":"{0}"}}}}"#, "x".repeat(500));
    let whole = said(&long);
    assert!(whole.kind.len() < 210, "{}", whole.kind.len());
}

#[test]
fn what_a_failure_quotes_is_read_and_its_own_words_stay_the_first() {
    let mut reader = Reader::default();
    let document = br#"{"error":{"message":"upstream: {\"error\":\"{\\\"error\\\":{\\\"code\\\":401,\\\"message\\\":\\\"no key\\\"}}\"} (2 tries)"}}"#;
    reader.read(document, false).unwrap();
    assert_eq!(reader.said().status(), None);
    let own = reader.read_quoted();
    assert_eq!(reader.said().status(), Some(401));
    let (own, quoted) = reader.said().words.split_at(own);
    assert!(own.ends_with(b"(2 tries)") && quoted.ends_with(b"; no key"));
}

#[test]
fn the_words_of_twenty_places_are_kept_and_no_more() {
    let errors: Vec<String> = (10..40).map(|nth| format!(r#"{{"message":"e{nth}"}}"#)).collect();
    let said = said(&format!(r#"{{"errors":[{}]}}"#, errors.join(",")));
    let words = String::from_utf8_lossy(&said.words).into_owned();
    assert_eq!((words.split("; ").count(), words.ends_with("e29")), (20, true), "{words}");
}
