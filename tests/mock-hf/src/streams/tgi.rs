//! TGI's own events: the last one has the whole text, and nothing follows it.

use serde_json::json;

use super::{
    Event, quoted,
    template::{HOLE, Template},
};
use crate::{
    scenario::{Quirk, Streaming},
    words::{Words, how_many},
};

/// The id of the token that ends a text.
const END_ID: u64 = 2;

pub(crate) fn events(
    prompt: &str,
    words: &Words,
    streaming: &Streaming,
) -> impl Iterator<Item = Event> + Send + use<> {
    let quirks = &streaming.quirks;
    let special = quirks.has(Quirk::Special);
    let count = words.count();
    // A text of no tokens still has a last event.
    let has_end_token = special || count == 0;
    let finish = if special { "eos_token" } else { "length" };
    let details = quirks.has(Quirk::Details).then(|| {
        json!({
            "finish_reason": finish,
            "generated_tokens": count + u64::from(has_end_token),
            "seed": null,
            "input_length": how_many(prompt),
        })
    });

    let template = Template::new(&json!({
        "index": HOLE,
        "token": {"id": HOLE, "text": HOLE, "logprob": -0.1, "special": false},
        "generated_text": null,
        "details": null,
    }));
    let words = words.clone();
    let whole = words.clone();
    let last = move |id: u64, text: &str, special: bool| {
        json!({
            "index": count + u64::from(has_end_token),
            "token": {"id": id, "text": text, "logprob": -0.1, "special": special},
            "generated_text": whole.text(),
            "details": details,
        })
        .to_string()
    };
    let last_of_all = has_end_token.then(|| last(END_ID, if special { "</s>" } else { "" }, special));
    let tokens = (0..).zip(words.tokens()).map(move |(at, text): (u64, String)| {
        if at + 1 == count && !has_end_token {
            return last(at, &text, false);
        }
        template.fill(&[&(at + 1).to_string(), &at.to_string(), &quoted(&text)])
    });
    tokens.chain(last_of_all).map(Event::unnamed)
}
