//! Events of no model in particular: any JSON objects, and `[DONE]`.

use serde_json::json;

use super::{
    Event, quoted,
    template::{HOLE, Template},
};
use crate::{scenario::Streaming, words::Words};

pub(crate) fn events(words: &Words, streaming: &Streaming) -> impl Iterator<Item = Event> + Send + use<> {
    let template = Template::new(&json!({"n": HOLE, "text": HOLE}));
    let said = (1_u64..)
        .zip(words.tokens())
        .map(move |(number, token)| Event::unnamed(template.fill(&[&number.to_string(), &quoted(&token)])));
    said.chain(Event::done(streaming))
}
