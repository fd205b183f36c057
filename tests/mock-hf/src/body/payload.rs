//! What an answer consists of: one run of bytes, or a stream of pieces.

use std::sync::LazyLock;

use bytes::Bytes;

/// The most that goes out as one frame.
pub(crate) const CHUNK: u64 = 64 * 1024;

static GENERATED: LazyLock<Bytes> = LazyLock::new(|| (0..CHUNK).map(|at| b'a' + (at % 26) as u8).collect());

pub(crate) enum Payload {
    Whole(Run),
    Stream(Stream),
}

/// Bytes in a row.
#[derive(Clone, Debug)]
pub(crate) enum Run {
    Bytes(Bytes),
    /// So many letters, made while they are sent.
    Generated(u64),
}

/// Events, made while they are sent.
pub(crate) struct Stream {
    pub(crate) pieces: Pieces,
    /// Known of an event stream that a step gives as a body.
    pub(crate) length: Option<u64>,
    /// Begins with a byte order mark, whatever is put in front of the first event.
    pub(crate) bom: bool,
    /// Absent: all at once.
    pub(crate) events_per_second: Option<f64>,
    /// Frames end inside of events.
    pub(crate) split: bool,
}

pub(crate) type Pieces = Box<dyn Iterator<Item = Piece> + Send>;

#[derive(Clone, Debug)]
pub(crate) struct Piece {
    pub(crate) run: Run,
    /// An event of the stream is whole with it.
    pub(crate) ends_event: bool,
}

impl Payload {
    pub(crate) fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self::Whole(Run::Bytes(bytes.into()))
    }

    pub(crate) fn length(&self) -> Option<u64> {
        match self {
            Self::Whole(run) => Some(run.len()),
            Self::Stream(stream) => stream.length,
        }
    }
}

impl Run {
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Generated(length) => *length,
        }
    }

    pub(crate) fn take(&mut self, most: u64) -> Bytes {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        match self {
            Self::Bytes(bytes) => bytes.split_to(most.min(bytes.len())),
            Self::Generated(left) => {
                let left_now = usize::try_from(*left).unwrap_or(usize::MAX);
                let chunk = GENERATED.slice(..most.min(left_now).min(GENERATED.len()));
                *left -= chunk.len() as u64;
                chunk
            }
        }
    }
}

impl Stream {
    /// All at once, in the order of the pieces.
    pub(crate) fn new(pieces: impl Iterator<Item = Piece> + Send + 'static) -> Self {
        Self { pieces: Box::new(pieces), length: None, bom: false, events_per_second: None, split: false }
    }
}

impl Piece {
    pub(crate) fn event(bytes: impl Into<Bytes>) -> Self {
        Self { run: Run::Bytes(bytes.into()), ends_event: true }
    }

    pub(crate) fn part(run: Run) -> Self {
        Self { run, ends_event: false }
    }
}
