//! The streams of servers that do not speak as OpenAI does: Anthropic, Ollama, llama.cpp, Gemini, Google's interactions and
//! Workers AI; and those of OpenAI that are no chat: transcriptions and images.

use serde_json::{Value, json};

use super::{
    Event, quoted,
    template::{HOLE, Template},
};
use crate::{scenario::Streaming, words::Words};

/// Each token into this form, and then the last events.
fn said(form: &Value, words: &Words, last: Vec<Event>) -> impl Iterator<Item = Event> + Send + use<> {
    let template = Template::new(form);
    let tokens = words.tokens().map(move |token| Event::unnamed(template.fill(&[&quoted(&token)])));
    tokens.chain(last)
}

/// `/v1/messages`. Its events have their type as name.
pub(crate) fn anthropic(model: &str, words: &Words) -> impl Iterator<Item = Event> + Send + use<> {
    let message =
        json!({"id": "msg_mock", "type": "message", "role": "assistant", "model": model, "content": []});
    let delta =
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": HOLE}});
    let stopped = json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {}});
    let begin = [
        Event::named("message_start", json!({"type": "message_start", "message": message})),
        Event::named(
            "content_block_start",
            json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        ),
        Event::named("ping", json!({"type": "ping"})),
    ];
    let last = vec![
        Event::named("content_block_stop", json!({"type": "content_block_stop", "index": 0})),
        Event::named("message_delta", stopped),
        Event::named("message_stop", json!({"type": "message_stop"})),
    ];
    begin.into_iter().chain(said(&delta, words, last))
}

/// `/api/chat`: lines of JSON.
pub(crate) fn ollama_chat(model: &str, words: &Words) -> impl Iterator<Item = Event> + Send + use<> {
    let line = |content: &str, done: bool| json!({"model": model, "message": {"role": "assistant", "content": content}, "done": done});
    said(&line(HOLE, false), words, vec![Event::unnamed(line("", true))])
}

/// `/api/generate`: the same of a prompt.
pub(crate) fn ollama_generate(model: &str, words: &Words) -> impl Iterator<Item = Event> + Send + use<> {
    let line = |text: &str, done: bool| json!({"model": model, "response": text, "done": done});
    said(&line(HOLE, false), words, vec![Event::unnamed(line("", true))])
}

/// `/completion`.
pub(crate) fn llama_cpp(words: &Words) -> impl Iterator<Item = Event> + Send + use<> {
    let event = |text: &str, stop: bool| json!({"index": 0, "content": text, "stop": stop, "id_slot": 0});
    said(&event(HOLE, false), words, vec![Event::unnamed(event("", true))])
}

/// `:streamGenerateContent`.
pub(crate) fn gemini(model: &str, words: &Words) -> impl Iterator<Item = Event> + Send + use<> {
    let of = |text: &str| json!({"content": {"parts": [{"text": text}], "role": "model"}, "index": 0});
    let mut finished = of("");
    finished["finishReason"] = json!("STOP");
    let event = |candidate: Value| json!({"candidates": [candidate], "modelVersion": model});
    said(&event(of(HOLE)), words, vec![Event::unnamed(event(finished))])
}

/// `/v1beta/interactions`. Its events have their type as name, and say it in `event_type` too. A thought comes before the text.
pub(crate) fn interactions(
    model: &str,
    words: &Words,
    streaming: &Streaming,
) -> impl Iterator<Item = Event> + Send + use<> {
    let event = |name: &'static str, mut data: Value| {
        data["event_type"] = json!(name);
        Event::named(name, data)
    };
    let interaction = |status: &str| json!({"interaction": {"id": "v1_mock", "object": "interaction", "model": model, "status": status}});
    let delta =
        |index: u32, delta: Value| json!({"index": index, "delta": delta, "event_type": "step.delta"});
    let step = |index: u32, of: &str| json!({"index": index, "step": {"type": of}});
    let begin = [
        event("interaction.created", interaction("in_progress")),
        event("interaction.status_update", json!({"interaction_id": "v1_mock", "status": "in_progress"})),
        event("step.start", step(0, "thought")),
        Event::named("step.delta", delta(0, json!({"type": "thought_signature", "signature": "AAAA"}))),
        event("step.stop", json!({"index": 0})),
        event("step.start", step(1, "model_output")),
    ];
    let last =
        [event("step.stop", json!({"index": 1})), event("interaction.completed", interaction("completed"))];
    let text = Template::new(&delta(1, json!({"type": "text", "text": HOLE})));
    let tokens = words.tokens().map(move |token| Event::named("step.delta", text.fill(&[&quoted(&token)])));
    begin.into_iter().chain(tokens).chain(last).chain(Event::done(streaming))
}

/// `/ai/run/…`.
pub(crate) fn workers_ai(words: &Words, streaming: &Streaming) -> impl Iterator<Item = Event> + Send + use<> {
    said(&json!({"response": HOLE, "p": "abcd"}), words, Event::done(streaming).into_iter().collect())
}

/// `/v1/audio/transcriptions`.
pub(crate) fn transcription(words: &Words) -> impl Iterator<Item = Event> + Send + use<> {
    let last = json!({"type": "transcript.text.done", "text": words.text()});
    let delta = json!({"type": "transcript.text.delta", "delta": HOLE});
    said(&delta, words, vec![Event::unnamed(last)])
}

/// `/v1/images/generations`: an image that gets better with each token.
pub(crate) fn image(words: &Words) -> impl Iterator<Item = Event> + Send + use<> {
    let event = |of: &str, image: &str| json!({"type": format!("image_generation.{of}"), "b64_json": image});
    said(&event("partial_image", HOLE), words, vec![Event::unnamed(event("completed", "AAAA"))])
}
