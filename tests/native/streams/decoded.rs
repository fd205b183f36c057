//! What the decoder makes of a stream that comes in pieces.

use super::reference::{Message, Reference};
use query_with_retry::core::sse::{Decoder, Event, Form, TooLong};

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Decoded {
    pub(crate) events: Vec<Kept>,
    pub(crate) retry_ms: Option<u64>,
    pub(crate) ended: Result<(), TooLong>,
}

/// An event, kept beyond its push.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) data: Vec<u8>,
    pub(crate) name: Vec<u8>,
    pub(crate) id: Vec<u8>,
    pub(crate) form: Form,
}

impl Decoded {
    /// Of a stream that is pushed piece by piece, until it is too long or ends.
    pub(crate) fn of<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut decoder = Decoder::default();
        let mut events = Vec::new();
        let mut keep = |Event { data, name, id, form }: Event<'_>| {
            events.push(Kept { data: data.to_vec(), name: name.to_vec(), id: id.to_vec(), form });
        };
        let ended = pieces.into_iter().try_for_each(|piece| decoder.push(piece, &mut keep));
        decoder.end(&mut keep);
        Self { retry_ms: decoder.retry_ms(), events, ended }
    }

    /// The same events with the same text, each decoded by itself, and the same reconnection time.
    pub(crate) fn agrees_with(&self, reference: &Reference) -> bool {
        self.ended == Ok(())
            && self.retry_ms == reference.retry_ms
            && self.events.len() == reference.messages.len()
            && self.events.iter().zip(&reference.messages).all(|(event, message)| event.reads_as(message))
    }
}

impl Kept {
    fn reads_as(&self, message: &Message) -> bool {
        self.form == message.form
            && String::from_utf8_lossy(&self.data) == message.data
            && String::from_utf8_lossy(&self.name) == message.name
            && String::from_utf8_lossy(&self.id) == message.id
    }
}
