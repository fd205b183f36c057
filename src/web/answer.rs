//! Bytes to the value that is handed over, and to the facts that the core decides by.

use super::secret::Secrets;
use crate::core::classify::{Body, Form};
use crate::core::hint;
use js_sys::{Array, JsString, Object, Reflect, Uint8Array};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, BlobPropertyBag, TextDecoder};

#[wasm_bindgen]
extern "C" {
    /// js-sys takes a `&str`, which would copy the text into the module and out again.
    #[wasm_bindgen(js_namespace = JSON, js_name = parse, catch)]
    fn parse_json(text: &JsString) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_namespace = Array, js_name = isArray)]
    fn is_array(value: &JsValue) -> bool;
}

/// How the caller wants the answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Auto,
    Json,
    Text,
    Blob,
    Bytes,
}

impl Wanted {
    pub(super) fn named(name: &str) -> Self {
        match name {
            "json" => Self::Json,
            "text" => Self::Text,
            "blob" => Self::Blob,
            "bytes" => Self::Bytes,
            _ => Self::Auto,
        }
    }
}

/// What the content type promises.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Promised {
    Nothing,
    Json,
    Html,
    Text,
    Binary,
}

fn promised(content_type: &str) -> Promised {
    let essence = content_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    match essence.as_str() {
        "" => Promised::Nothing,
        "application/json" => Promised::Json,
        essence if essence.ends_with("+json") => Promised::Json,
        "text/html" | "application/xhtml+xml" => Promised::Html,
        "application/x-ndjson" | "application/jsonl" => Promised::Text,
        essence if essence.starts_with("text/") => Promised::Text,
        _ => Promised::Binary,
    }
}

/// The body of an answer with a status of success.
pub(super) fn success(
    pieces: &[Uint8Array],
    content_type: &str,
    wanted: Wanted,
    secrets: &Secrets,
) -> (Body, JsValue) {
    let bytes = joined(pieces);
    let promised = promised(content_type);
    let parses = matches!(
        (wanted, promised),
        (Wanted::Json, _) | (_, Promised::Json) | (Wanted::Auto, Promised::Nothing | Promised::Html)
    );
    let text = if parses || matches!((wanted, promised), (Wanted::Text, _) | (Wanted::Auto, Promised::Text)) {
        decode(&bytes)
    } else {
        JsString::from("")
    };
    let json = if parses && promised != Promised::Html { parse_json(&text).ok() } else { None };
    let needs_json = match (wanted, promised) {
        (Wanted::Json, _) | (Wanted::Auto, Promised::Json | Promised::Html) => true,
        (Wanted::Auto, Promised::Nothing) => bytes.length() == 0 || looks_like_markup(&text),
        _ => false,
    };
    if needs_json && json.is_none() {
        let form = match promised {
            _ if bytes.length() == 0 => Form::Empty,
            Promised::Html => Form::Html,
            _ if looks_like_markup(&text) => Form::Html,
            Promised::Binary => Form::Binary,
            _ => Form::BrokenJson,
        };
        let words = if form == Form::Html { title(&String::from(&text)) } else { String::new() };
        return (
            Body { form, unexpected: true, text: secrets.shown(&words), ..Body::default() },
            JsValue::UNDEFINED,
        );
    }
    let body = match &json {
        Some(json) if is_failure(json) => Body { is_error: true, ..facts(json, secrets) },
        Some(_) => Body { form: Form::Json, ..Body::default() },
        None => Body { form: Form::Binary, ..Body::default() },
    };
    let value = match (wanted, json) {
        (Wanted::Auto | Wanted::Json, Some(json)) => json,
        (Wanted::Text, _) => text.into(),
        (Wanted::Auto, None) if promised == Promised::Text => text.into(),
        (Wanted::Bytes, _) => bytes.into(),
        (Wanted::Auto | Wanted::Json | Wanted::Blob, _) => blob(&bytes, content_type),
    };
    (body, value)
}

/// The body of an error, as much of it as was read. Its content type is often wrong, so the
/// first byte tells.
pub(super) fn error(pieces: &[Uint8Array], secrets: &Secrets) -> Body {
    let js_text = decode(&joined(pieces));
    let text = String::from(&js_text);
    let text = text.trim();
    let form = match text.bytes().next() {
        None => Form::Empty,
        Some(b'<') => Form::Html,
        Some(b'{' | b'[' | b'"') => match parse_json(&js_text) {
            Ok(json) => return facts(&json, secrets),
            Err(_) => Form::BrokenJson,
        },
        Some(_) => Form::Text,
    };
    let words = if form == Form::Html { title(text) } else { text.to_owned() };
    Body { form, is_error: true, text: secrets.shown(&words), ..Body::default() }
}

/// The parts of an error body that mean something, whichever server it comes from: `error` may be
/// a string, an array or an object, and some say `detail`, `message` or `title` instead.
fn facts(json: &JsValue, secrets: &Secrets) -> Body {
    let mut words = Vec::new();
    for name in ["error", "message", "detail", "title", "warnings"] {
        collect(&get(json, name), &mut words);
    }
    if let Some(alone) = json.as_string() {
        words.push(alone);
    }
    let error = get(json, "error");
    let kinds = [get(json, "error_type"), get(json, "type"), get(&error, "type"), get(&error, "code")];
    let kinds: Vec<String> = kinds.iter().filter_map(JsValue::as_string).collect();
    Body {
        form: Form::Json,
        unexpected: false,
        is_error: true,
        text: secrets.shown(&words.join("; ")),
        kind: kinds.join(" "),
        estimate: get(json, "estimated_time").as_f64().and_then(hint::estimate),
    }
}

fn collect(value: &JsValue, words: &mut Vec<String>) {
    if let Some(text) = value.as_string() {
        if !text.is_empty() && !words.contains(&text) {
            words.push(text);
        }
    } else if is_array(value) {
        for item in value.unchecked_ref::<Array>().iter().take(20) {
            collect(&item, words);
        }
    } else if value.is_object() {
        collect(&get(value, "message"), words);
        collect(&get(value, "msg"), words);
    }
}

/// An object that says that it failed and has no result. What else may stand beside an error is
/// listed, so that an answer with a key of its own named `error` is an answer.
fn is_failure(json: &JsValue) -> bool {
    if !json.is_object() || is_array(json) {
        return false;
    }
    let error = get(json, "error");
    let says_why = error.as_string().map_or(error.is_object(), |text| !text.is_empty());
    if get(json, "status").as_string().is_some_and(|status| status == "failed") {
        return true; // `/v1/responses`, not streamed
    }
    let companion = |key: JsValue| {
        let key = key.as_string().unwrap_or_default();
        [
            "error",
            "error_type",
            "error_code",
            "estimated_time",
            "warnings",
            "message",
            "detail",
            "title",
            "type",
            "code",
            "status",
            "statusCode",
            "request_id",
            "id",
            "object",
            "created",
            "model",
            "path",
            "timestamp",
            "success",
        ]
        .contains(&key.as_str())
    };
    says_why && Object::keys(json.unchecked_ref::<Object>()).iter().all(companion)
}

fn get(value: &JsValue, name: &str) -> JsValue {
    if value.is_object() { Reflect::get(value, &name.into()).unwrap_or_default() } else { JsValue::UNDEFINED }
}

fn looks_like_markup(text: &JsString) -> bool {
    text.trim_start().char_at(0) == "<"
}

/// What a page of a proxy says in short.
fn title(page: &str) -> String {
    let lower = page.to_ascii_lowercase();
    let inside = |tag: &str| {
        let open = lower.find(&["<", tag].concat())?;
        let start = open + lower.get(open..)?.find('>')? + 1;
        let end = start + lower.get(start..)?.find("</")?;
        Some(page.get(start..end)?.trim().to_owned())
    };
    inside("title").or_else(|| inside("h1")).unwrap_or_default()
}

fn joined(pieces: &[Uint8Array]) -> Uint8Array {
    if let [only] = pieces {
        return only.clone();
    }
    let length = pieces.iter().map(Uint8Array::length).sum();
    let whole = Uint8Array::new_with_length(length);
    let mut at = 0;
    for piece in pieces {
        whole.set(piece, at);
        at += piece.length();
    }
    whole
}

/// UTF-8, with replacement.
fn decode(bytes: &Uint8Array) -> JsString {
    let decoded = TextDecoder::new().and_then(|decoder| decoder.decode_with_js_u8_array(bytes));
    decoded.unwrap_or_default().into()
}

fn blob(bytes: &Uint8Array, content_type: &str) -> JsValue {
    let options = BlobPropertyBag::new();
    options.set_type(content_type);
    Blob::new_with_u8_array_sequence_and_options(&Array::of1(bytes), &options)
        .map_or(JsValue::UNDEFINED, Into::into)
}
