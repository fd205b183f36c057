use std::time::{Duration, Instant};

use serde_json::json;
use tokio::{io::AsyncReadExt, net::TcpStream, time::timeout};

use crate::{
    events::Raw,
    mock::Mock,
    streams::{formats, stream},
};

#[tokio::test]
async fn twenty_tokens_at_a_hundred_a_second_take_a_fifth_of_a_second() {
    for (path, ask, _) in formats() {
        let mock = Mock::of(json!({"stream": {"tokens": 20, "tokensPerSecond": 100}})).await;
        let start = Instant::now();
        stream(&mock, path, &ask).await;
        let took = start.elapsed().as_millis();
        assert!((150..500).contains(&took), "{path}: {took} ms");
    }
}

#[tokio::test]
async fn what_a_timer_is_late_does_not_add_up() {
    let mock = Mock::of(json!({"stream": {"tokens": 2_000, "tokensPerSecond": 4_000}})).await;
    let (path, ask, _) = &formats()[4];
    let start = Instant::now();
    stream(&mock, path, ask).await;
    let took = start.elapsed().as_millis();
    // A timer that ticks in milliseconds, asked anew for each event, would take two seconds.
    assert!((499..1_500).contains(&took), "{took} ms");
}

/// What comes with each read, until nothing has come for a moment.
async fn reads(socket: &mut TcpStream, count: usize) -> Vec<(Instant, String)> {
    let mut reads = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    while reads.len() < count {
        let read = timeout(Duration::from_secs(2), socket.read(&mut buffer)).await;
        let length = read.expect("more to come").expect("a connection");
        reads.push((Instant::now(), String::from_utf8_lossy(&buffer[..length]).into_owned()));
    }
    reads
}

#[tokio::test]
async fn events_arrive_one_by_one_as_they_are_due() {
    let mock = Mock::of(json!({"stream": {"tokens": 100, "tokensPerSecond": 20}})).await;
    let (path, ask, _) = &formats()[4];
    let mut socket = mock.socket_with(path, ask).await;
    let start = Instant::now();
    let reads = reads(&mut socket, 6).await;
    let events = reads.iter().map(|(_, text)| text.matches("data: ").count());
    assert_eq!(events.collect::<Vec<_>>(), [1; 6], "{reads:?}");
    assert!(reads[0].0 - start < Duration::from_millis(45), "the first one waits for nothing");
    let spread = reads[5].0 - reads[0].0;
    assert!((200..400).contains(&spread.as_millis()), "{spread:?}");
}

#[tokio::test]
async fn the_halves_of_split_events_come_half_a_period_apart() {
    let stream = json!({"tokens": 100, "tokensPerSecond": 10, "quirks": ["splitUtf8"]});
    let mock = Mock::of(json!({ "stream": stream })).await;
    let (path, ask, _) = &formats()[4];
    let mut socket = mock.socket_with(path, ask).await;
    let reads = reads(&mut socket, 5).await;
    let spread = reads[4].0 - reads[0].0;
    assert!((170..400).contains(&spread.as_millis()), "{spread:?}");
    assert!(!reads[1].1.contains("data: "), "the rest of the first event: {:?}", reads[1].1);
}

#[tokio::test]
async fn a_slow_reader_gets_the_whole_stream() {
    let mock = Mock::of(json!({"stream": {"tokens": 60, "tokensPerSecond": 400}})).await;
    let (path, ask, _) = &formats()[4];
    let mut socket = mock.socket_with(path, ask).await;
    tokio::time::sleep(Duration::from_millis(250)).await;
    let raw = Raw::read(&mut socket).await;
    assert!(raw.ended);
    assert_eq!(raw.text().matches("data: ").count(), 61);
}
