//! What is a failure, and what only mentions one.

use super::*;

#[test]
fn a_failure_is_one_whatever_stands_beside_it_but_a_result() {
    fails(r#"{"error":"boom"}"#, None, "boom");
    fails(
        r#"{"error":{"message":"Internal Server Error","code":500},"user_id":"u"}"#,
        Some(500),
        "Internal Server Error",
    );
    fails(
        r#"{"id":null,"choices":null,"usage":null,"error":{"message":"no","code":"503"}}"#,
        Some(503),
        "no",
    );
    fails(r#"[{"error":"x"},{"error":"y"}]"#, None, "x; y");
    fails(r#"{"object":"error","message":"no such model","code":404}"#, Some(404), "no such model");
    fails(r#"{"result":null,"success":false,"errors":[{"message":"busy","code":3040}]}"#, None, "busy");
    fails(
        r#"{"choices":[{"delta":{"role":"assistant","content":""},"finish_reason":"error","error":{"message":"cut","code":502}}]}"#,
        Some(502),
        "finish_reason: error; cut",
    );
    fails(
        r#"{"choices":[],"error":{"code":429,"message":"Provider returned error","metadata":{"raw":"slow down"}}}"#,
        Some(429),
        "Provider returned error; slow down",
    );
    fails(
        r#"{"type":"error","error":{"type":"invalid_request_error","code":"context_length_exceeded"}}"#,
        None,
        "",
    );
    fails(
        r#"{"type":"response.failed","response":{"error":{"code":"rate_limit_exceeded","message":"later"}}}"#,
        None,
        "later",
    );
}

#[test]
fn an_answer_is_one_though_it_mentions_an_error() {
    answers(r#"{"choices":[{"message":{"content":"Hi"}}],"error":null}"#);
    answers(r#"{"choices":[{"message":{"content":"Hi"}}],"error":{}}"#);
    answers(r#"{"choices":[{"delta":{"content":"Hi"}}],"error":{"code":0,"message":""}}"#);
    answers(r#"{"choices":[{"message":{"content":"Hi"}}],"error":{"message":"a warning"}}"#);
    answers(r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"bad"}}"#);
    answers(r#"{"object":"list","data":[{"embedding":[0.1]}]}"#);
    answers(r#"[{"label":"error","score":0.5}]"#);
    answers(r#"{"generated_text":"error: none"}"#);
    answers(r#"{"id":"x","object":"chat.completion","message":"a text"}"#);
    answers(r#"[{"error":"cannot read image"},{"label":"cat"}]"#);
    answers(r#"[{"label":"cat"},{"error":"cannot read image"}]"#);
    answers("{}");
    answers("[]");
    answers("null");
}

#[test]
fn an_error_that_is_too_deep_is_one_and_something_else_is_none() {
    let deep = |before: &str, open: &str| {
        let mut reader = Reader::default();
        let read = reader.push([before, &open.repeat(600)].concat().as_bytes());
        assert_eq!(read, Err(NoJson::TooDeep));
        reader.said().is_failure(false)
    };
    for open in ["[", r#"{"a":"#, r#"[{"a":"#, r#"{"error":"#] {
        assert!(deep(r#"{"id":1,"error":"#, open), "{open}");
        assert!(deep(r#"{"error":{"a":"#, open), "{open}");
        assert!(!deep(r#"{"error":null,"data":"#, open), "{open}");
    }
}

#[test]
fn a_malformed_end_is_a_failure_in_either_case_and_behind_other_words() {
    for end in
        ["MALFORMED_RESPONSE", "malformed_function_call", "function_call_filter: MALFORMED_FUNCTION_CALL"]
    {
        let said = said(&format!(r#"{{"choices":[{{"delta":{{}},"finish_reason":"{end}"}}]}}"#));
        assert!(said.is_failure(false), "{end}");
    }
}

#[test]
fn the_state_of_a_job_counts_and_that_of_one_of_several_does_not() {
    fails(r#"{"data":{"status":"failed","error":"no"}}"#, None, "no");
    answers(r#"{"data":[{"status":"failed","error":"no"}]}"#);
    answers(r#"{"event":"node_finished","data":{"status":"failed","error":"no"}}"#);
    answers(r#"{"status":"failed","score":0.2}"#);
    answers(r#"{"id":"b","object":"batch","status":"failed"}"#);
}

#[test]
fn errors_beside_an_object_without_a_meaning_are_no_failure() {
    answers(r#"{"errors":["page 4"],"document":{"text":"a"}}"#);
    answers(r#"{"documents":[{"id":"1"}],"errors":[{"message":"no"}]}"#);
    answers(r#"{"status":"partial_success","errors":["page 4"]}"#);
    fails(r#"{"errors":["no"],"document":{}}"#, None, "no");
    fails(r#"{"errors":["no"],"documents":[],"version":"1"}"#, None, "no");
    fails(r#"{"errors":["no"],"extensions":{"cost":1},"input":{"text":"a"}}"#, None, "no");
    fails(r#"{"error":"no","document":{"text":"a"}}"#, None, "no");
    fails(r#"{"success":false,"errors":["no"],"document":{"text":"a"}}"#, None, "no");
}

#[test]
fn an_event_that_is_named_a_failure_is_one_though_it_resembles_the_one_before() {
    let mut reader = Reader::of_text();
    for (text, fails) in [("a", false), ("b", true)] {
        reader.read(format!(r#"{{"choices":[{{"text":"{text}"}}]}}"#).as_bytes(), fails).unwrap();
        assert_eq!(reader.said().is_failure(false), fails);
    }
}

#[test]
fn a_number_of_an_error_is_a_failure_by_itself_only_if_it_is_the_status_of_one() {
    fails(r#"{"error":{"code":503}}"#, Some(503), "");
    answers(r#"{"error":{"code":0,"message":""}}"#);
    answers(r#"{"error":{"code":200}}"#);
    answers(r#"{"code":404}"#);
    fails(r#"{"code":404,"message":"no such model"}"#, Some(404), "no such model");
    answers(r#"{"code":200,"message":"ok"}"#);
    answers(r#"{"code":600,"message":"ok"}"#);
    fails(r#"{"error_code":17,"error_msg":"daily limit reached"}"#, None, "daily limit reached");
    answers(r#"{"error_code":0,"error_msg":"success"}"#);
}

#[test]
fn whatever_stands_in_an_error_says_that_there_is_one_unless_it_is_empty() {
    fails(r#"{"error":{"hint":"try again"}}"#, None, "");
    answers(r#"{"error":{"hint":""}}"#);
    fails(r#"{"error":true}"#, None, "");
    answers(r#"{"error":false}"#);
    fails(r#"{"success":false}"#, None, "");
    answers(r#"{"success":true,"message":"done"}"#);
    answers(r#"{"result":true,"error":"a warning"}"#);
    fails(r#"{"result":false,"error":"no"}"#, None, "no");
}

#[test]
fn the_state_of_an_answer_counts_though_it_has_an_id() {
    for object in ["response", "interaction"] {
        let document =
            format!(r#"{{"id":"r","object":"{object}","status":"failed","output":[{{"text":"a"}}]}}"#);
        fails(&document, None, "");
    }
}

#[test]
fn a_providers_own_word_for_the_end_counts_only_if_it_is_a_failure() {
    let end = |word: &str| {
        format!(r#"{{"choices":[{{"message":{{"content":"a"}},"native_finish_reason":"{word}"}}]}}"#)
    };
    answers(&end("completed"));
    fails(&end("MALFORMED_FUNCTION_CALL"), None, "finish_reason: MALFORMED_FUNCTION_CALL");
}

#[test]
fn a_number_of_a_thousand_and_more_is_a_failure_unless_something_says_success_or_stands_beside_it() {
    fails(r#"{"code":4000,"msg":"Request parameter error"}"#, None, "Request parameter error");
    fails(r#"{"code":"11200","message":"no","sid":"s","data":null}"#, None, "no");
    for message in ["Success", "success", "unsuccessful? no, successful", "OK", "ok", "请求成功"] {
        answers(&format!(r#"{{"code":10000,"message":"{message}"}}"#));
    }
    answers(r#"{"code":10000,"message":"","data":null}"#);
    answers(r#"{"code":10000,"message":"queued","data":{"task_id":"t"}}"#);
    answers(r#"{"code":482913,"message":"your code","user":{"id":1}}"#);
    answers(r#"{"code":999,"message":"no"}"#);
}

#[test]
fn an_end_of_gemini_that_declines_is_an_answer_and_a_call_that_it_could_not_make_is_a_failure() {
    let end = |reason: &str| format!(r#"{{"candidates":[{{"finishReason":"{reason}","index":0}}]}}"#);
    for reason in
        ["STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "NO_IMAGE", "IMAGE_SAFETY", "TOO_MANY_TOOL_CALLS"]
    {
        answers(&end(reason));
    }
    for reason in
        ["UNEXPECTED_TOOL_CALL", "MISSING_THOUGHT_SIGNATURE", "function_call_filter: UNEXPECTED_TOOL_CALL"]
    {
        fails(&end(reason), None, &format!("finish_reason: {reason}"));
    }
}
