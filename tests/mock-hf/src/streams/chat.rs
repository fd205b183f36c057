//! The chunks of `/v1/chat/completions`.

use std::iter;

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

const THOUGHTS: [&str; 3] = ["Let ", "me ", "think."];

pub(crate) fn events(
    model: &str,
    request: &Value,
    prompt: &str,
    words: &Words,
    streaming: &Streaming,
) -> impl Iterator<Item = Event> + Send + use<> {
    let quirks = &streaming.quirks;
    let calls_tool = quirks.has(Quirk::ToolCall);
    let chunk = Chunk { created: seconds_now(), model };

    let role = if quirks.has(Quirk::RoleOnce) {
        json!({"role": "assistant"})
    } else {
        json!({"role": "assistant", "content": ""})
    };
    let mut opening = vec![chunk.of(&role, &Value::Null)];
    if quirks.has(Quirk::Reasoning) {
        opening
            .extend(THOUGHTS.map(|thought| chunk.of(&json!({"reasoning_content": thought}), &Value::Null)));
    }
    if calls_tool {
        opening.push(chunk.of(&tool_call(), &Value::Null));
    }

    let (delta, pieces) = if calls_tool {
        (json!({"tool_calls": [{"index": 0, "function": {"arguments": HOLE}}]}), arguments(words))
    } else {
        (json!({"content": HOLE}), words.tokens())
    };
    let template = Template::new(&chunk.of(&delta, &Value::Null));
    let said = pieces.map(move |piece| template.fill(&[&quoted(&piece)]));

    let finish = if calls_tool { "tool_calls" } else { "stop" };
    let mut closing = vec![chunk.of(&json!({}), &json!(finish))];
    if request["stream_options"]["include_usage"] == true || quirks.has(Quirk::Usage) {
        closing.push(chunk.with(&json!([]), &usage(prompt, words)));
    }

    let opening = opening.into_iter().map(Event::unnamed);
    let closing = closing.into_iter().map(Event::unnamed);
    opening.chain(said.map(Event::unnamed)).chain(closing).chain(Event::done(streaming))
}

struct Chunk<'a> {
    created: u64,
    model: &'a str,
}

impl Chunk<'_> {
    fn of(&self, delta: &Value, finish: &Value) -> Value {
        self.with(&json!([{"index": 0, "delta": delta, "finish_reason": finish}]), &Value::Null)
    }

    fn with(&self, choices: &Value, usage: &Value) -> Value {
        json!({
            "id": "chatcmpl-mock",
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
            "choices": choices,
            "usage": usage,
        })
    }
}

fn tool_call() -> Value {
    json!({"tool_calls": [{
        "index": 0,
        "id": "call_mock",
        "type": "function",
        "function": {"name": "say", "arguments": ""},
    }]})
}

/// `{"text": …}` in pieces: only all of them together are JSON.
fn arguments(words: &Words) -> Box<dyn Iterator<Item = String> + Send> {
    let inner = words.tokens().map(|token| {
        let quoted = quoted(&token);
        quoted[1..quoted.len() - 1].to_owned()
    });
    let open = iter::once(r#"{"text": ""#.to_owned());
    let close = iter::once(r#""}"#.to_owned());
    Box::new(open.chain(inner).chain(close))
}
