//! What a stream holds back, passes on unseen, and gives up.

use super::*;
use crate::core::sse::EVENT_LIMIT;

fn stream(content_type: &str, passed: bool) -> Stream {
    Stream::new(&Room::default(), content_type, passed)
}

#[test]
fn a_stream_is_heard_with_its_first_event_and_not_with_a_comment() {
    let mut stream = stream("text/event-stream", false);
    stream.push(b": comment\n\ndata: {}", ITEMS);
    assert!(!stream.was_heard());
    stream.push(b"\n\n", ITEMS);
    assert!(stream.was_heard());
}

#[test]
fn a_stream_that_is_passed_on_unseen_was_heard_and_has_begun() {
    let mut stream = stream("text/plain", true);
    assert!(!stream.was_heard());
    stream.push(b"plain words that are no stream", ITEMS);
    assert!(stream.was_heard() && stream.has_begun() && !stream.is_over());
    stream.end(ITEMS);
    assert!(matches!(stream.over(), Over::Ended(End::Complete)));
}

#[test]
fn what_was_taken_is_handed_over_no_second_time() {
    let mut stream = stream("text/event-stream", false);
    stream.push(events(&[&chunk(0, "one", "null")]).as_bytes(), ITEMS);
    assert_eq!(
        (stream.count, stream.items.is_empty(), stream.text.as_slice()),
        (1, false, b"one".as_slice())
    );
    stream.taken(false);
    assert_eq!((stream.count, stream.items.len(), stream.text.as_slice()), (0, 0, b"one".as_slice()));
    stream.taken(true);
    assert_eq!(stream.text, b"");
}

/// A stream of so many bytes of comments, cut anywhere.
fn comments(passed: bool, bytes: usize) -> Stream {
    let mut stream = stream("text/event-stream", passed);
    let line = [b": ".as_slice(), &[b'x'; 1021], b"\n"].concat();
    (0..bytes / line.len()).for_each(|_| stream.push(&line, ITEMS));
    stream
}

#[test]
fn comments_count_for_a_fetch_alone_because_a_reader_never_sees_them() {
    assert!(!comments(false, MOST_HELD_BACK + 4096).is_over());
    assert!(!comments(true, MOST_HELD_BACK).is_over());
    let mut over = comments(true, MOST_HELD_BACK + 1024);
    let Over::Failed(body) = over.over() else { panic!("it ended") };
    assert!(body.unexpected && body.is_final && !body.detail.is_empty(), "{body:?}");
}

#[test]
fn an_event_is_passed_on_unseen_only_once_it_is_longer_than_what_may_be_held_back() {
    let mut stream = stream("text/event-stream", true);
    let piece = vec![b'x'; 1 << 20];
    stream.push(b"data: ", ITEMS);
    for _ in 0..15 {
        stream.push(&piece, ITEMS);
        assert!(!stream.was_heard());
    }
    stream.push(&piece, ITEMS);
    stream.push(&piece, ITEMS);
    assert!(stream.was_heard());
}

#[test]
fn a_failure_names_the_limit_that_was_passed() {
    let mut long = stream("text/event-stream", false);
    long.push(&[b"data: ".as_slice(), &vec![b'x'; EVENT_LIMIT + 1]].concat(), ITEMS);
    assert!(long.is_over());
    let Over::Failed(body) = long.over() else { panic!("it ended") };
    assert!(body.unexpected && body.is_final, "{body:?}");
    assert!(body.detail.starts_with(b"an event of more than 16 MiB"));
}

#[test]
fn words_that_are_no_json_are_an_error_only_if_their_event_says_so() {
    for (event, is_error, is_final) in
        [("error: words\n\n", true, false), ("data: words\n\n", false, true), ("data: <p>\n\n", false, false)]
    {
        let mut stream = stream("text/event-stream", false);
        stream.push(event.as_bytes(), ITEMS);
        let Over::Failed(body) = stream.over() else { panic!("it ended: {event}") };
        assert_eq!((body.is_error, body.of_engine), (is_error, is_error), "{event}");
        assert_eq!((body.unexpected, body.is_final), (!is_error, is_final), "{event}");
    }
}

#[test]
fn words_after_the_end_of_an_answer_change_nothing_unless_they_are_an_error() {
    for (event, fails) in [("data: words\n\n", false), ("error: words\n\n", true)] {
        let mut stream = stream("text/event-stream", false);
        stream.push(events(&[&chunk(0, "one", "\"stop\"")]).as_bytes(), ITEMS);
        stream.push(event.as_bytes(), ITEMS);
        stream.end(ITEMS);
        assert_eq!(matches!(stream.over(), Over::Failed(_)), fails, "{event}");
    }
}
