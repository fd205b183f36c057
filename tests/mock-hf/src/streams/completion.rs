//! The chunks of `/v1/completions`.

use serde_json::{Value, json};

use super::{
    Event, quoted,
    template::{HOLE, Template},
};
use crate::{
    scenario::{Quirk, Streaming},
    texts::{seconds_now, usage},
    words::Words,
};

pub(crate) fn events(
    model: &str,
    prompt: &str,
    words: &Words,
    streaming: &Streaming,
) -> impl Iterator<Item = Event> + Send + use<> {
    let created = seconds_now();
    let part = |choices: Value| {
        json!({
            "id": "cmpl-mock",
            "object": "text_completion",
            "created": created,
            "model": model,
            "choices": choices,
        })
    };
    let choice = |text: &str, finish: Value| json!([{"index": 0, "text": text, "finish_reason": finish}]);

    let template = Template::new(&part(choice(HOLE, Value::Null)));
    let said = words.tokens().map(move |token| template.fill(&[&quoted(&token)]));
    let mut closing = vec![part(choice("", json!("stop")))];
    if streaming.quirks.has(Quirk::Usage) {
        let mut last = part(json!([]));
        last["usage"] = usage(prompt, words);
        closing.push(last);
    }
    let closing = closing.into_iter().map(Event::unnamed);
    said.map(Event::unnamed).chain(closing).chain(Event::done(streaming))
}
