//! The rules one by one; every stream is fed whole, byte by byte, and cut in two at every position.

use super::*;

/// Data, name, id and form of each event, as text.
type Seen = Vec<(String, String, String, Form)>;

fn decode(pieces: &[&[u8]]) -> (Seen, Option<u64>) {
    let mut decoder = Decoder::default();
    let mut seen = Vec::new();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut sink =
        |event: Event<'_>| seen.push((text(event.data), text(event.name), text(event.id), event.form));
    for piece in pieces {
        decoder.push(piece, &mut sink).unwrap();
    }
    decoder.end(&mut sink);
    (seen, decoder.retry_ms())
}

fn in_all_ways(stream: &[u8]) -> (Seen, Option<u64>) {
    let whole = decode(&[stream]);
    let bytes: Vec<&[u8]> = stream.chunks(1).collect();
    assert_eq!(decode(&bytes), whole, "byte by byte");
    for at in 0..=stream.len() {
        let (left, right) = stream.split_at(at);
        assert_eq!(decode(&[left, right]), whole, "cut at {at}");
        assert_eq!(decode(&[left, b"", right]), whole, "cut at {at}, with an empty piece between");
    }
    whole
}

#[track_caller]
fn expect(stream: impl AsRef<[u8]>, data: &[&str]) {
    let (seen, _) = in_all_ways(stream.as_ref());
    let found: Vec<&str> = seen.iter().map(|(data, ..)| data.as_str()).collect();
    assert_eq!(found, data);
}

#[test]
fn a_blank_line_completes_an_event() {
    expect("data: a\n\ndata: b\n\n", &["a", "b"]);
}

#[test]
fn lines_end_with_lf_cr_or_crlf_and_with_each_of_them_in_one_stream() {
    expect(
        "data: a\r\n\r\ndata: b\r\rdata: c\n\ndata: d\r\n\ndata: e\n\r\ndata: f\r\r\n",
        &["a", "b", "c", "d", "e", "f"],
    );
}

#[test]
fn a_cr_completes_a_line_without_waiting_for_an_lf() {
    let mut count = 0;
    Decoder::default().push(b"data: a\r\r", &mut |_| count += 1).unwrap();
    assert_eq!(count, 1);
}

#[test]
fn one_space_after_the_colon_is_not_part_of_the_value() {
    expect("data:a\n\ndata: a\n\ndata:  a\n\ndata:\ta\n\n", &["a", "a", " a", "\ta"]);
}

#[test]
fn data_lines_are_joined_by_line_feeds() {
    expect("data: a\ndata:\ndata: b\n\ndata:\ndata:\n\n", &["a\n\nb", "\n"]);
}

#[test]
fn an_empty_data_line_is_data_and_no_data_line_is_no_event() {
    expect("data\n\ndata:\n\nevent: x\n\n: nothing\n\n\n\n", &["", ""]);
}

#[test]
fn comments_and_unknown_fields_are_ignored() {
    expect(": ping\n\n:\n\nfoo: bar\ndatabase: x\nDATA: x\n data: x\ndata: a\n: within\n\n", &["a"]);
}

#[test]
fn a_byte_order_mark_is_taken_off_once_and_at_the_beginning_alone() {
    expect("\u{feff}data: a\n\n", &["a"]);
    expect("\u{feff}\u{feff}data: a\n\ndata: b\n\n", &["b"]);
    expect("data: \u{feff}a\n\n\u{feff}data: b\n\n", &["\u{feff}a"]);
    expect("\u{feff}", &[]);
}

#[test]
fn an_unfinished_last_event_is_dropped_unless_it_is_json_that_is_whole() {
    for stream in [
        "data: a\n\ndata: b",
        "data: a\n\ndata: b\n",
        "data: a\n\ndata: b\nid: 1",
        "data: a\n\ndata: 12\n",
        "data: a\n\ndata: {",
    ] {
        expect(stream, &["a"]);
    }
    for stream in [
        "data: a\n\ndata: {}",
        "data: a\n\ndata: {}\n",
        "data: a\n\ndata: {}\r",
        "data: a\n\nid: 1\ndata:{}\n",
    ] {
        expect(stream, &["a", "{}"]);
    }
    expect("data: {\ndata: }", &["{\n}"]);
    expect("data: a\ndata: [DONE]", &["a\n[DONE]"]);
    expect("data: {}\ndata: {}", &["{}\n{}"]);
}

#[test]
fn an_event_has_the_name_given_last_and_the_next_has_none() {
    let (seen, _) =
        in_all_ways(b"event: x\nevent: y\ndata: a\n\ndata: b\n\nevent\ndata: c\n\nevent: z\n\ndata: d\n\n");
    assert_eq!(seen.iter().map(|(_, name, ..)| name.as_str()).collect::<Vec<_>>(), ["y", "", "", ""]);
}

#[test]
fn an_id_stays_until_the_next_one_and_one_with_nul_is_ignored() {
    let (seen, _) = in_all_ways(b"id: 1\ndata: a\n\ndata: b\n\nid: 2\0\ndata: c\n\nid\ndata: d\n\n");
    assert_eq!(seen.iter().map(|(_, _, id, _)| id.as_str()).collect::<Vec<_>>(), ["1", "1", "1", ""]);
}

#[test]
fn retry_takes_digits_and_nothing_else() {
    for (stream, expected) in [
        ("retry: 1500\n", Some(1500)),
        ("retry:007\n", Some(7)),
        ("retry: 15\nretry: 1.5\nretry: -1\nretry: \nretry\nretry: 1x\n", Some(15)),
        ("retry: 99999999999999999999999\n", Some(u64::MAX)),
        ("retry: 5", None),
    ] {
        assert_eq!(in_all_ways(stream.as_bytes()).1, expected, "{stream:?}");
    }
}

#[test]
fn invalid_bytes_are_replaced_and_everything_around_them_is_kept() {
    expect(
        b"data: a\xffb\n\ndata: \xe2\x82\n\ndata: \xf0\x9f\x99\ndata: \x82\n\ndata: ok\n\n",
        &["a\u{fffd}b", "\u{fffd}", "\u{fffd}\n\u{fffd}", "ok"],
    );
}

#[test]
fn characters_may_be_cut_anywhere() {
    expect("data: naïve 日本語 🙂\n\n", &["naïve 日本語 🙂"]);
}

#[test]
fn an_error_field_and_a_line_of_bare_json_are_events_at_once() {
    let stream = "error: {\"code\":500}\ndata: [DONE]\n\n{\"error\":\"x\"}\n\n";
    let (seen, _) = in_all_ways(stream.as_bytes());
    let found: Vec<_> = seen.iter().map(|(data, _, _, form)| (data.as_str(), *form)).collect();
    assert_eq!(
        found,
        [
            ("{\"code\":500}", Form::ErrorField),
            ("[DONE]", Form::Standard),
            ("{\"error\":\"x\"}", Form::BareJson)
        ]
    );
}

#[test]
fn bare_json_may_end_with_the_stream_but_not_in_its_middle() {
    expect("{\"error\":\"x\"}", &["{\"error\":\"x\"}"]);
    expect("data: a\n\n{\"error\":\"x\"}", &["a", "{\"error\":\"x\"}"]);
    expect("{\"error\":\"x", &[]);
    expect("\u{feff}{\"error\":\"x\"}", &["{\"error\":\"x\"}"]);
}

#[test]
fn json_within_an_event_is_no_event_of_its_own() {
    expect("data: a\n{\"b\":1}\nerror: c\n\n", &["a"]);
}

/// A stream of one line, in pieces of 64 KiB, until something is wrong.
fn pour(begin: &[u8], bytes: usize) -> Result<(), TooLong> {
    let mut decoder = Decoder::default();
    let mut sink = |_: Event<'_>| {};
    decoder.push(begin, &mut sink)?;
    for _ in 0..bytes.div_ceil(65_536) {
        decoder.push(&[b'x'; 65_536], &mut sink)?;
    }
    Ok(())
}

#[test]
fn a_line_over_the_limit_is_an_error_and_one_below_is_none() {
    assert_eq!(pour(b"data: ", EVENT_LIMIT - 65_536), Ok(()));
    assert_eq!(pour(b"data: ", EVENT_LIMIT), Err(TooLong));
    assert_eq!(pour(b": ", EVENT_LIMIT), Err(TooLong));
}

#[test]
fn a_line_over_the_limit_is_one_in_a_single_piece_too() {
    let line = [b"data: a\n\ndata: ".as_slice(), &vec![b'x'; EVENT_LIMIT], b"\n\ndata: b\n\n"].concat();
    let mut seen = Vec::new();
    assert_eq!(Decoder::default().push(&line, &mut |event| seen.push(event.data.to_vec())), Err(TooLong));
    assert_eq!(seen, [b"a"]);
}

#[test]
fn an_event_of_many_lines_is_limited_as_one() {
    let mut decoder = Decoder::default();
    let line = [b"data: ".as_slice(), &[b'x'; 1 << 20], b"\n"].concat();
    let mut events = 0;
    let pushed: Vec<_> = (0..18).map(|_| decoder.push(&line, &mut |_| events += 1).is_ok()).collect();
    assert_eq!(pushed.iter().filter(|ok| **ok).count(), 15);
    assert_eq!(decoder.push(b"\n\ndata: a\n\n", &mut |_| events += 1), Err(TooLong));
    decoder.end(&mut |_| events += 1);
    assert_eq!(events, 0);
}

#[test]
fn many_streams_hold_no_more_than_their_room() {
    let room = Room::default();
    let mut decoders: Vec<_> = (0..300).map(|_| Decoder::sharing(&room)).collect();
    let mut refused = vec![false; decoders.len()];
    for _ in 0..EVENT_LIMIT / 65_536 - 1 {
        for (decoder, refused) in decoders.iter_mut().zip(&mut refused) {
            *refused |= decoder.push(&[b'x'; 65_536], &mut |_| {}).is_err();
        }
        let held: usize = decoders.iter().map(|decoder| decoder.lines.held()).sum();
        assert!(held <= 2 * (ROOM + decoders.len() * 128 * 1024), "{held}");
    }
    assert!(refused.iter().any(|refused| *refused));
    drop(decoders);
    let mut alone = Decoder::sharing(&room);
    for _ in 0..EVENT_LIMIT / 65_536 {
        assert_eq!(alone.push(&[b'x'; 65_536], &mut |_| {}), Ok(()), "what the others had is free again");
    }
}

#[test]
fn a_stream_that_comes_late_finds_room_however_greedy_the_others_are() {
    let room = Room::default();
    let mut greedy: Vec<_> = (0..3).map(|_| Decoder::sharing(&room)).collect();
    for decoder in &mut greedy {
        decoder.push(&vec![b'x'; ROOM / 4], &mut |_| {}).unwrap();
    }
    let mut late = Decoder::sharing(&room);
    let mut held = 0;
    while late.push(&[b'x'; 65_536], &mut |_| {}).is_ok() {
        held += 65_536;
    }
    assert_eq!(held, ROOM / 8, "half of what is left");
}

#[test]
fn a_line_that_was_long_leaves_no_buffer_behind() {
    let room = Room::default();
    let mut decoder = Decoder::sharing(&room);
    for piece in [b"data: ".as_slice(), &[b'x'; 1 << 20], b"\ndata: b\n\ndata: c"] {
        decoder.push(piece, &mut |_| {}).unwrap();
    }
    assert!(decoder.lines.held() + decoder.data.capacity() < 300_000);
}

#[test]
fn an_event_has_begun_with_its_data_and_is_over_with_its_blank_line() {
    for (stream, is_in_event) in [
        ("", false),
        (": comment\n", false),
        ("event: x\n", false),
        ("da", false),
        ("data", true),
        ("data: x", true),
        ("data: x\n", true),
        ("data\n", true),
        ("data: x\n\n", false),
        ("{", true),
        ("{\n", true),
        ("{\n}", true),
        ("{\n}\n", false),
    ] {
        let mut decoder = Decoder::default();
        decoder.push(stream.as_bytes(), &mut |_| {}).unwrap();
        assert_eq!(decoder.is_in_event(), is_in_event, "{stream:?}");
    }
}

#[test]
fn a_decoder_that_has_failed_takes_no_more() {
    let mut decoder = Decoder::default();
    let long = vec![b'x'; EVENT_LIMIT + 1];
    assert_eq!(decoder.push(&long, &mut |_| {}), Err(TooLong));
    let mut count = 0;
    assert_eq!(decoder.push(b"\n\ndata: x\n\n", &mut |_| count += 1), Err(TooLong));
    decoder.end(&mut |_| count += 1);
    assert_eq!(count, 0);
}

#[test]
fn a_line_and_an_event_of_exactly_the_limit_are_taken() {
    for (begin, length, is_taken) in [
        (b"data:".as_slice(), EVENT_LIMIT, true),
        (b"data:", EVENT_LIMIT + 1, false),
        (b"\xef\xbb\xbfdata:", EVENT_LIMIT, true),
        (b"\xef\xbb\xbfdata:", EVENT_LIMIT + 1, false),
    ] {
        let mut line = begin.to_vec();
        line.resize(begin.len() + length - b"data:".len(), b'x');
        for with_end in [false, true] {
            let mut decoder = Decoder::default();
            let taken = decoder
                .push(&line, &mut |_| {})
                .and_then(|()| if with_end { decoder.push(b"\n", &mut |_| {}) } else { Ok(()) });
            assert_eq!(taken.is_ok(), is_taken, "{length} {with_end}");
        }
    }
    // Two lines are joined by a line feed, which counts.
    for (second, is_taken) in [(9, true), (10, false)] {
        let mut decoder = Decoder::default();
        let first = [b"data:", vec![b'x'; EVENT_LIMIT - 10].as_slice(), b"\n"].concat();
        decoder.push(&first, &mut |_| {}).unwrap();
        let line = [b"data:", vec![b'y'; second].as_slice(), b"\n"].concat();
        assert_eq!(decoder.push(&line, &mut |_| {}).is_ok(), is_taken);
    }
}

#[test]
fn the_room_counts_names_and_ids_as_well_as_data() {
    for field in ["data:", "event:", "id:"] {
        let room = Room::default();
        let greedy = hold(&room, "data:", 12);
        let (mut first, mut second) = (hold(&room, field, 8), Decoder::sharing(&room));
        assert!(second.push(&[b"data:", vec![b'x'; 12 << 20].as_slice()].concat(), &mut |_| {}).is_err());
        drop(greedy);
        first.push(b"\n\n", &mut |_| {}).unwrap();
    }
}

/// A decoder of this room that holds so many MiB in a field.
fn hold(room: &Room, field: &str, mib: usize) -> Decoder {
    let mut decoder = Decoder::sharing(room);
    let line = [field.as_bytes(), vec![b'x'; mib << 20].as_slice(), b"\n"].concat();
    decoder.push(&line, &mut |_| {}).unwrap();
    decoder
}

#[test]
fn a_stream_gives_its_room_back_with_its_event_and_with_its_end() {
    let room = Room::default();
    for _ in 0..3 {
        let mut decoder = hold(&room, "data:", 15);
        decoder.push(b"\n", &mut |_| {}).unwrap();
        let _ended = hold(&room, "data:", 15);
        assert!(Decoder::sharing(&room).push(&[b'x'; 15 << 20], &mut |_| {}).is_err());
    }
}

#[test]
fn a_cr_and_its_lf_end_one_line_though_nothing_comes_between_them() {
    expect("data: a\r\ndata: b\r\n\r\n", &["a\nb"]);
}
