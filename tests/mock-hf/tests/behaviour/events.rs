//! Streams as tests read them: what came over the socket, and the events in it.

use std::io;

use serde_json::Value;
use tokio::{io::AsyncReadExt, net::TcpStream};

/// An answer as it came over a socket, up to the end of the connection or of the chunks.
pub(crate) struct Raw {
    pub(crate) head: String,
    /// As the chunks of HTTP have it.
    pub(crate) chunks: Vec<Vec<u8>>,
    /// The last chunk came, the one of length 0.
    pub(crate) ended: bool,
    pub(crate) end: io::Result<()>,
}

impl Raw {
    /// Reads until the chunks end, or the connection does.
    pub(crate) async fn read(socket: &mut TcpStream) -> Self {
        let mut bytes = Vec::new();
        let end = loop {
            match socket.read_buf(&mut bytes).await {
                Ok(0) => break Ok(()),
                Ok(_) if bytes.ends_with(b"\r\n0\r\n\r\n") => break Ok(()),
                Ok(_) => {}
                Err(error) => break Err(error),
            }
        };
        let head_end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4;
        let mut raw =
            Self { head: text(&bytes[..head_end]).to_lowercase(), chunks: Vec::new(), ended: false, end };
        let mut rest = &bytes[head_end..];
        while let Some(line) = rest.windows(2).position(|two| two == b"\r\n") {
            let length = usize::from_str_radix(&text(&rest[..line]), 16).expect("a chunk length");
            raw.ended = length == 0;
            if raw.ended {
                break;
            }
            raw.chunks.push(rest[line + 2..line + 2 + length].to_vec());
            rest = &rest[line + 2 + length + 2..];
        }
        raw
    }

    pub(crate) fn body(&self) -> Vec<u8> {
        self.chunks.concat()
    }

    pub(crate) fn text(&self) -> String {
        text(&self.body())
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// One event, as the standard has a reader make it of its lines.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) data: String,
}

impl Event {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.data).unwrap_or_else(|error| panic!("{error}: {}", self.data))
    }
}

/// The events of a stream. What has no blank line behind it is none.
pub(crate) fn events(stream: &str) -> Vec<Event> {
    let stream = stream.strip_prefix('\u{feff}').unwrap_or(stream);
    let lines = stream.replace("\r\n", "\n").replace('\r', "\n");
    let mut events = Vec::new();
    let mut event = Event::default();
    for line in lines.split_terminator('\n') {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "" if line.is_empty() && !event.data.is_empty() => events.push(std::mem::take(&mut event)),
            "event" => value.clone_into(&mut event.name),
            "id" => value.clone_into(&mut event.id),
            "data" => value.clone_into(&mut event.data),
            _ => {}
        }
    }
    events
}

/// The JSON of all events but `[DONE]`.
pub(crate) fn objects(stream: &str) -> Vec<Value> {
    events(stream).iter().filter(|event| event.data != "[DONE]").map(Event::json).collect()
}

/// What the strings at that place of the events are, joined.
pub(crate) fn joined(objects: &[Value], pointer: &str) -> String {
    objects.iter().filter_map(|event| event.pointer(pointer)?.as_str()).collect()
}
