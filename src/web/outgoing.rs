//! What is sent to one target: address, headers, body, and whose credentials.

use super::request::{Request, TargetIn};
use super::secret::Secrets;
use crate::core::target::Target;
use crate::core::time::Duration;
use js_sys::{Array, Function, JSON, JsString, Promise};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::Headers;

pub(super) struct Outgoing {
    pub(super) url: String,
    pub(super) origin: String,
    /// For this origin alone.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: JsValue,
}

/// The token function of the caller threw, or gave what is no token.
pub(super) struct TokenFailed(pub(super) JsValue);

impl Outgoing {
    /// `shares`: what was given for the whole call may go to this target too.
    pub(super) async fn new(
        request: &Request,
        target: &Target,
        given: &TargetIn,
        shares: bool,
        hold: Option<Duration>,
        secrets: &mut Secrets,
    ) -> Result<Self, TokenFailed> {
        let mut headers = pairs(&given.own_headers());
        let missing =
            |headers: &[(String, String)], name: &str| !headers.iter().any(|(known, _)| known == name);
        for (name, value) in pairs(&request.headers()) {
            // Content type and accept are the payload's, not a secret of the caller's.
            let harmless = matches!(name.as_str(), "content-type" | "accept");
            if (shares || harmless) && missing(&headers, &name) {
                headers.push((name, value));
            }
        }
        if missing(&headers, "authorization") {
            let own = given.own_token();
            let token = if !own.is_undefined() || !shares { own } else { request.token() };
            if let Some(token) = ask(token).await? {
                headers.push(("authorization".into(), ["Bearer ", &token].concat()));
            }
        }
        if let Some((name, value)) = hold.and_then(|hold| target.profile.hold_header(hold)) {
            let name = name.to_ascii_lowercase();
            if missing(&headers, &name) {
                headers.push((name, value));
            }
        }
        for (name, value) in &headers {
            if !matches!(name.as_str(), "content-type" | "accept" | "x-scale-up-timeout" | "x-wait-for-model")
            {
                secrets.add(value);
            }
        }
        let body = match &target.model {
            Some(model) => with_model(model, &request.body_rest()),
            None => request.body(),
        };
        Ok(Self { url: target.url.clone(), origin: target.origin.clone(), headers, body })
    }

    /// The headers for `origin`: all of them for the one they were given for, elsewhere what
    /// says nothing about the caller.
    pub(super) fn headers_for(&self, origin: &str) -> Result<Headers, JsValue> {
        let headers = Headers::new()?;
        for (name, value) in &self.headers {
            if origin == self.origin || matches!(name.as_str(), "content-type" | "accept") {
                headers.set(name, value)?;
            }
        }
        Ok(headers)
    }
}

fn pairs(entries: &Array) -> Vec<(String, String)> {
    let text = |pair: &Array, index| pair.get(index).as_string().unwrap_or_default();
    entries.iter().map(JsCast::unchecked_into).map(|pair: Array| (text(&pair, 0), text(&pair, 1))).collect()
}

/// `{"model": …}` in front of the members of `rest`, the JSON of an object without a model.
fn with_model(model: &str, rest: &JsString) -> JsValue {
    // A string always has a JSON form.
    let model = JSON::stringify(&model.into()).unwrap_or_else(|_| "\"\"".into());
    let open = JsString::from("{\"model\":").concat(&model);
    let comma = if rest.length() > 2 { "," } else { "" };
    open.concat(&comma.into()).concat(&rest.slice(1, rest.length())).into()
}

/// The token, asked for anew before each try: it may have been renewed.
async fn ask(token: JsValue) -> Result<Option<String>, TokenFailed> {
    let value = match token.dyn_ref::<Function>() {
        None => token,
        Some(function) => {
            let promised = function.call0(&JsValue::UNDEFINED).map_err(TokenFailed)?;
            JsFuture::from(Promise::resolve(&promised)).await.map_err(TokenFailed)?
        }
    };
    if value.is_undefined() {
        return Ok(None);
    }
    let token =
        value.as_string().filter(|token| !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic()));
    let Some(token) = token else {
        let message = "token: the function must give a string of visible ASCII characters, without spaces or line breaks";
        return Err(TokenFailed(js_sys::TypeError::new(message).into()));
    };
    Ok(Some(token))
}
