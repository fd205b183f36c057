//! The semantic events of `/v1/responses`: each has its `type` and its number, and no `[DONE]`
//! follows.

use serde_json::{Value, json};

use super::{
    Event, quoted,
    template::{HOLE, Template},
};
use crate::{
    texts::{seconds_now, usage},
    words::Words,
};

const ITEM: &str = "msg_mock";
/// How many events come before the first word.
const OPENING: u64 = 4;

pub(crate) fn events(model: &str, prompt: &str, words: &Words) -> impl Iterator<Item = Event> + Send + use<> {
    let created = seconds_now();
    let model = model.to_owned();
    let begun = response(&model, created, "in_progress", json!([]), Value::Null);
    let opening = [
        ("response.created", json!({"response": begun})),
        ("response.in_progress", json!({"response": begun})),
        ("response.output_item.added", json!({"output_index": 0, "item": item("in_progress", json!([]))})),
        ("response.content_part.added", of_part(json!({"part": part("")}))),
    ];
    debug_assert_eq!(opening.len() as u64, OPENING);

    let delta = "response.output_text.delta";
    let mut shape = numbered(delta, of_part(json!({"delta": HOLE})), 0);
    shape["sequence_number"] = json!(HOLE);
    let template = Template::new(&shape);
    let said = (OPENING..).zip(words.tokens()).map(move |(number, token): (u64, String)| {
        Event::named(delta, template.fill(&[&quoted(&token), &number.to_string()]))
    });

    let said_all = OPENING + words.count();
    let usage = as_responses_count(&usage(prompt, words));
    // The whole text, four times over, is made only when it is due.
    let whole = words.clone();
    let closing = std::iter::once_with(move || {
        let text = whole.text();
        let done = item("completed", json!([part(&text)]));
        let completed = response(&model, created, "completed", json!([done]), usage);
        [
            ("response.output_text.done", of_part(json!({"text": text}))),
            ("response.content_part.done", of_part(json!({"part": part(&text)}))),
            ("response.output_item.done", json!({"output_index": 0, "item": done})),
            ("response.completed", json!({"response": completed})),
        ]
    });

    let event = |(number, (kind, fields))| Event::named(kind, numbered(kind, fields, number));
    let opening = (0..).zip(opening).map(event);
    let closing = (said_all..).zip(closing.flatten()).map(event);
    opening.chain(said).chain(closing)
}

/// The answer as one object.
pub(crate) fn whole(model: &str, prompt: &str, words: &Words) -> Value {
    let item = item("completed", json!([part(&words.text())]));
    let usage = as_responses_count(&usage(prompt, words));
    response(model, seconds_now(), "completed", json!([item]), usage)
}

fn response(model: &str, created: u64, status: &str, output: Value, usage: Value) -> Value {
    json!({
        "id": "resp_mock",
        "object": "response",
        "created_at": created,
        "status": status,
        "model": model,
        "output": output,
        "usage": usage,
    })
}

fn item(status: &str, content: Value) -> Value {
    json!({"type": "message", "id": ITEM, "status": status, "role": "assistant", "content": content})
}

fn part(text: &str) -> Value {
    json!({"type": "output_text", "text": text, "annotations": []})
}

/// What is said of the only part of the only item.
fn of_part(fields: Value) -> Value {
    let mut all = json!({"item_id": ITEM, "output_index": 0, "content_index": 0});
    merge(&mut all, fields);
    all
}

fn numbered(kind: &str, fields: Value, number: u64) -> Value {
    let mut all = json!({ "type": kind });
    merge(&mut all, fields);
    all["sequence_number"] = json!(number);
    all
}

fn merge(into: &mut Value, fields: Value) {
    if let (Value::Object(into), Value::Object(fields)) = (into, fields) {
        into.extend(fields);
    }
}

/// The same numbers by the names that this API has for them.
fn as_responses_count(usage: &Value) -> Value {
    json!({
        "input_tokens": usage["prompt_tokens"],
        "output_tokens": usage["completion_tokens"],
        "total_tokens": usage["total_tokens"],
    })
}
