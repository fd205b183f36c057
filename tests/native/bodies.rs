//! Bodies to the facts that the core decides by: what `src/ts/http/parse-body.ts` does in production.

use query_with_retry::core::classify::Body;
use query_with_retry::core::hint;
use serde_json::Value;

/// What may stand beside an error. With a key of any other name an object is an answer.
const COMPANIONS: &str = "error error_type error_code estimated_time warnings message detail title type code \
     status statusCode request_id id object created model path timestamp success";

/// A body with a status of success, wanted as what its content type says.
pub(crate) fn of_success(text: &str, content_type: &str) -> Body {
    let kind = content_type.split(';').next().unwrap_or("").trim().to_lowercase();
    let is_json = kind == "application/json" || kind.ends_with("+json");
    let is_page = matches!(kind.as_str(), "text/html" | "application/xhtml+xml");
    let looks_like_page = is_page || text.trim_start().starts_with('<');
    let json = (is_json || kind.is_empty()).then(|| serde_json::from_str::<Value>(text).ok()).flatten();
    let needs_json = is_json || is_page || (kind.is_empty() && (looks_like_page || text.is_empty()));
    match json {
        None if needs_json => Body { unexpected: true, ..Body::default() },
        Some(json) if is_failure(&json) => facts(&json),
        _ => Body { of_engine: true, ..Body::default() },
    }
}

/// As much of an error's body as was read.
pub(crate) fn of_error(text: &str) -> Body {
    let text = text.trim();
    let json = text.starts_with(['{', '[', '"']).then(|| serde_json::from_str(text).ok()).flatten();
    match json {
        Some(json) => facts(&json),
        None => {
            let words = if text.starts_with('<') { without_tags(text) } else { text.to_owned() };
            let of_engine = text.starts_with(['{', '[']);
            Body { is_error: true, of_engine, text: words.to_lowercase(), ..Body::default() }
        }
    }
}

/// A JSON error.
pub(crate) fn facts(json: &Value) -> Body {
    let mut words: Vec<&str> = Vec::new();
    for key in ["error", "message", "detail", "title", "warnings"] {
        collect(&json[key], &mut words);
    }
    words.extend(json.as_str());
    let kinds = [&json["error_type"], &json["type"], &json["error"]["type"], &json["error"]["code"]];
    Body {
        of_engine: true,
        unexpected: false,
        is_error: true,
        text: words.join("; ").to_lowercase(),
        kind: kinds.iter().filter_map(|kind| kind.as_str()).collect::<Vec<_>>().join(" ").to_lowercase(),
        estimate: json["estimated_time"].as_f64().and_then(hint::estimate),
    }
}

fn collect<'a>(value: &'a Value, words: &mut Vec<&'a str>) {
    match value {
        Value::String(word) if !word.is_empty() => words.push(word),
        Value::Array(items) => items.iter().take(20).for_each(|item| collect(item, words)),
        Value::Object(_) => {
            let said = [&value["message"], &value["msg"], &value["error"]["message"]];
            words.extend(said.into_iter().filter_map(Value::as_str));
        }
        _ => {}
    }
}

fn is_failure(json: &Value) -> bool {
    let Value::Object(fields) = json else {
        return false;
    };
    let says_why = match &json["error"] {
        Value::String(why) => !why.is_empty(),
        Value::Object(_) | Value::Array(_) => true,
        _ => false,
    };
    json["status"] == "failed"
        || (says_why && fields.keys().all(|key| COMPANIONS.split_whitespace().any(|known| known == key)))
}

/// What a page says, wherever in it.
fn without_tags(page: &str) -> String {
    page.split('<')
        .map(|part| part.split_once('>').map_or(part, |(_, text)| text))
        .collect::<Vec<_>>()
        .join(" ")
}
