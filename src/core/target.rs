//! Where a call goes: from a model id or a URL to the address, the profile and the label.
//!
//! Routes of the Hugging Face router: `docs/inference-providers` of huggingface/hub-docs, and the providers of
//! huggingface.js. A model id stands first in a chat body, so that the router can read it from a small prefix of a
//! large request. The `hf-inference` route of a model has the id in its path, and its task servers read root keys as
//! parameters, so nothing is added there.

const ROUTER: &str = "https://router.huggingface.co";
const ENDPOINTS: &str = ".endpoints.huggingface.cloud";

/// What kind of host a target is. It decides how ambiguous answers are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Profile {
    /// `router.huggingface.co`, which passes requests on to many providers.
    Router,
    /// The router's own provider, at `/hf-inference/`.
    HfInference,
    /// A dedicated Inference Endpoint: behind a proxy, may be scaled to zero.
    Endpoint,
    /// Any OpenAI-compatible or engine server: vLLM, llama.cpp, TGI, TEI, Ollama, a gateway.
    OpenAi,
    /// The retired serverless host, its mirrors and old gateways.
    Legacy,
}

impl Profile {
    /// In the order of declaration.
    pub const ALL: [Self; 5] = [Self::Router, Self::HfInference, Self::Endpoint, Self::OpenAi, Self::Legacy];

    /// The name in the public `profile`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Router => "router",
            Self::HfInference => "hf-inference",
            Self::Endpoint => "endpoint",
            Self::OpenAi => "openai",
            Self::Legacy => "legacy",
        }
    }

    fn of(url: &Url<'_>) -> Self {
        match url.host() {
            "router.huggingface.co" if url.path.starts_with("/hf-inference/") => Self::HfInference,
            "router.huggingface.co" => Self::Router,
            "api-inference.huggingface.co" => Self::Legacy,
            host if host.ends_with(ENDPOINTS) => Self::Endpoint,
            _ => Self::OpenAi,
        }
    }

    /// The request header by which a host of this kind holds a request while its model comes up. Its value is the
    /// seconds to hold if the second part is true, else `true`.
    pub const fn hold_header(self) -> Option<(&'static str, bool)> {
        match self {
            Self::Endpoint => Some(("x-scale-up-timeout", true)),
            Self::Legacy => Some(("x-wait-for-model", false)),
            Self::Router | Self::HfInference | Self::OpenAi => None,
        }
    }
}

/// An absolute URL, parsed by the host.
#[derive(Clone, Copy, Debug)]
pub struct Url<'a> {
    /// Scheme, host and port.
    pub origin: &'a str,
    /// Begins with a slash; without query and fragment.
    pub path: &'a str,
}

impl Url<'_> {
    fn host(&self) -> &str {
        let (_, host) = split_at(self.origin, b'/');
        split_at(host.and_then(|host| host.get(1..)).unwrap_or(""), b':').0
    }
}

/// What the caller named.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spec<'a> {
    /// The address. Without it the model's route at the router is used.
    pub url: Option<Url<'a>>,
    /// The model id, `org/name`, perhaps with `:provider`. Beside a URL it goes into the body.
    pub model: Option<&'a str>,
    /// Replaces the profile that the address suggests.
    pub profile: Option<Profile>,
}

/// The kind of payload, as far as the route depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// A JSON object with `messages`.
    Chat,
    /// Another JSON object.
    Object,
    /// A JSON array, or bytes: they have no room for a `model`.
    Opaque,
}

/// A target that can be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// For a URL that the caller gave, without its query, which may hold a key.
    pub url: String,
    /// Scheme, host and port: credentials and connections belong to it.
    pub origin: String,
    /// How ambiguous answers are read.
    pub profile: Profile,
    /// The first key of the JSON body.
    pub model: Option<String>,
}

/// Why a target cannot be called. The bindings say which value it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The caller named neither.
    NeitherUrlNorModel,
    /// Neither a URL nor a model id.
    BadModelId,
    /// The profile belongs to hosts that no model id leads to.
    NeedsUrl,
    /// A provider was named, which only the chat route understands.
    ProviderNeedsChat,
    /// A model was named, and the payload has no room for it.
    ModelNeedsObject,
}

impl Refused {
    /// Completes a sentence that begins with "target".
    pub const fn reason(self) -> &'static str {
        match self {
            Self::NeitherUrlNorModel => "needs a url or a model",
            Self::BadModelId => {
                "is neither an absolute http(s) URL nor a model id like \"org/name\" or \"org/name:provider\""
            }
            Self::NeedsUrl => "has a profile that only a url can have: give the url as well",
            Self::ProviderNeedsChat => {
                "names a provider, which only the chat route takes: send `messages`, or leave the suffix out"
            }
            Self::ModelNeedsObject => "has a model, which goes into a JSON object: this payload is none",
        }
    }
}

impl Route {
    /// Finds the address. A URL that the caller gave stays as it is; a model id leads to the router.
    pub fn resolve(spec: Spec<'_>, payload: Payload) -> Result<Self, Refused> {
        match (spec.url, spec.model) {
            (Some(url), model) => Self::at(url, model, spec.profile, payload),
            (None, Some(id)) => Self::routed(id, spec.profile, payload),
            (None, None) => Err(Refused::NeitherUrlNorModel),
        }
    }

    fn at(
        url: Url<'_>,
        model: Option<&str>,
        profile: Option<Profile>,
        payload: Payload,
    ) -> Result<Self, Refused> {
        if model.is_some() && payload == Payload::Opaque {
            return Err(Refused::ModelNeedsObject);
        }
        Ok(Self {
            url: joined(url.origin, &[url.path]),
            origin: url.origin.into(),
            profile: profile.unwrap_or_else(|| Profile::of(&url)),
            model: model.map(Into::into),
        })
    }

    fn routed(id: &str, profile: Option<Profile>, payload: Payload) -> Result<Self, Refused> {
        let (name, suffix) = split_at(id, b':');
        let (org, rest) = split_at(name, b'/');
        if ![Some(org), rest, suffix].into_iter().flatten().all(is_word) {
            return Err(Refused::BadModelId);
        }
        let target = |path: &[&str], profile, model: Option<&str>| Self {
            url: joined(ROUTER, path),
            origin: ROUTER.into(),
            profile,
            model: model.map(Into::into),
        };
        match (profile, payload) {
            (Some(Profile::Endpoint | Profile::OpenAi | Profile::Legacy), _) => Err(Refused::NeedsUrl),
            (None | Some(Profile::Router), Payload::Chat) => {
                Ok(target(&["/v1/chat/completions"], Profile::Router, Some(id)))
            }
            (Some(Profile::HfInference), Payload::Chat) => {
                let path = ["/hf-inference/models/", name, "/v1/chat/completions"];
                Ok(target(&path, Profile::HfInference, Some(name)))
            }
            // Among the suffixes, only the name of a provider contradicts the hf-inference route.
            _ if matches!(suffix, None | Some("hf-inference" | "fastest" | "cheapest" | "preferred")) => {
                Ok(target(&["/hf-inference/models/", name], Profile::HfInference, None))
            }
            _ => Err(Refused::ProviderNeedsChat),
        }
    }

    /// Whether a token that was given for `self` may go to `other` too: they have the same origin, or both belong to
    /// Hugging Face, whose tokens work on all its hosts.
    pub fn shares_credentials(&self, other: &Self) -> bool {
        self.origin == other.origin || (self.is_hugging_face() && other.is_hugging_face())
    }

    fn is_hugging_face(&self) -> bool {
        self.origin.strip_prefix("https://").is_some_and(|host| {
            matches!(host, "router.huggingface.co" | "api-inference.huggingface.co")
                || host.ends_with(ENDPOINTS)
        })
    }
}

/// Not `concat`: its check of lengths brings in the formatting of numbers, 3 KB of wasm.
fn joined(base: &str, parts: &[&str]) -> String {
    let mut text = String::from(base);
    for part in parts {
        text.push_str(part);
    }
    text
}

/// The text before and after the first `mark`.
fn split_at(text: &str, mark: u8) -> (&str, Option<&str>) {
    let at = text.bytes().position(|byte| byte == mark);
    at.and_then(|at| Some((text.get(..at)?, Some(text.get(at + 1..)?)))).unwrap_or((text, None))
}

/// The characters that the Hub allows in the name of an organisation or a model.
fn is_word(word: &str) -> bool {
    (1..=128).contains(&word.len())
        && !matches!(word, "." | "..")
        && word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(id: &str, payload: Payload) -> Result<Route, Refused> {
        Route::resolve(Spec { model: Some(id), ..Spec::default() }, payload)
    }

    fn url<'a>(origin: &'a str, path: &'a str) -> Spec<'a> {
        Spec { url: Some(Url { origin, path }), ..Spec::default() }
    }

    #[test]
    fn messages_choose_the_routers_chat_route_with_the_id_in_the_body() {
        let target = model("meta-llama/Llama-3.1-8B-Instruct:groq", Payload::Chat).unwrap();
        assert_eq!(target.url, "https://router.huggingface.co/v1/chat/completions");
        assert_eq!(target.model.as_deref(), Some("meta-llama/Llama-3.1-8B-Instruct:groq"));
        assert_eq!(target.profile, Profile::Router);
    }

    #[test]
    fn anything_else_goes_to_the_models_own_hf_inference_route() {
        for payload in [Payload::Object, Payload::Opaque] {
            let target = model("sshleifer/tiny-gpt2", payload).unwrap();
            assert_eq!(target.url, "https://router.huggingface.co/hf-inference/models/sshleifer/tiny-gpt2");
            assert_eq!((target.model, target.profile), (None, Profile::HfInference));
        }
        assert!(model("gpt2", Payload::Object).is_ok());
        assert_eq!(model("a/b:fastest", Payload::Object).unwrap().url.rsplit('/').next(), Some("b"));
        assert_eq!(model("a/b:groq", Payload::Object), Err(Refused::ProviderNeedsChat));
    }

    #[test]
    fn the_hf_inference_profile_has_a_chat_route_of_its_own() {
        let spec = Spec { model: Some("a/b"), profile: Some(Profile::HfInference), ..Spec::default() };
        let target = Route::resolve(spec, Payload::Chat).unwrap();
        assert_eq!(target.url, "https://router.huggingface.co/hf-inference/models/a/b/v1/chat/completions");
        assert_eq!(target.model.as_deref(), Some("a/b"));
    }

    #[test]
    fn what_is_no_model_id_is_refused() {
        for id in [
            "",
            "/",
            "a/",
            "/b",
            "a/b/c",
            "..",
            "../x",
            "a b",
            "a/b:",
            "a/b:x:y",
            "ä/b",
            "localhost:8080/x",
            "a?b",
            "a/b\n",
        ] {
            assert_eq!(model(id, Payload::Chat), Err(Refused::BadModelId), "{id:?}");
        }
        let spec = Spec { model: Some("a/b"), profile: Some(Profile::Endpoint), ..Spec::default() };
        assert_eq!(Route::resolve(spec, Payload::Chat), Err(Refused::NeedsUrl));
        assert_eq!(Route::resolve(Spec::default(), Payload::Chat), Err(Refused::NeitherUrlNorModel));
    }

    #[test]
    fn a_url_goes_where_it_says_and_its_host_tells_the_profile() {
        for (origin, path, profile) in [
            (ROUTER, "/v1/chat/completions", Profile::Router),
            (ROUTER, "/hf-inference/models/x", Profile::HfInference),
            ("https://x.us-east-1.aws.endpoints.huggingface.cloud", "/", Profile::Endpoint),
            ("https://api-inference.huggingface.co", "/models/x", Profile::Legacy),
            ("http://127.0.0.1:8080", "/v1", Profile::OpenAi),
            ("https://evilendpoints.huggingface.cloud", "/", Profile::OpenAi),
            ("http://[::1]:8080", "/", Profile::OpenAi),
        ] {
            let target = Route::resolve(url(origin, path), Payload::Object).unwrap();
            assert_eq!((target.url, target.profile), ([origin, path].concat(), profile));
        }
        let forced = Spec { profile: Some(Profile::Endpoint), ..url("http://127.0.0.1", "/") };
        assert_eq!(Route::resolve(forced, Payload::Object).unwrap().profile, Profile::Endpoint);
    }

    #[test]
    fn a_model_beside_a_url_goes_into_the_body_and_may_be_any_name() {
        let spec = Spec { model: Some("llama3:8b"), ..url("http://127.0.0.1", "/v1") };
        assert_eq!(Route::resolve(spec, Payload::Chat).unwrap().model.as_deref(), Some("llama3:8b"));
        assert_eq!(Route::resolve(spec, Payload::Opaque), Err(Refused::ModelNeedsObject));
    }

    #[test]
    fn a_token_goes_to_its_own_origin_and_among_the_hosts_of_hugging_face() {
        let at = |origin: &str| Route {
            url: origin.into(),
            origin: origin.into(),
            profile: Profile::OpenAi,
            model: None,
        };
        let router = model("a/b", Payload::Chat).unwrap();
        let endpoint = at("https://x.endpoints.huggingface.cloud");
        let (mine, other) = (at("https://mine.example"), at("https://mine.example:8443"));
        assert!(router.shares_credentials(&endpoint) && mine.shares_credentials(&mine));
        assert!(!router.shares_credentials(&mine) && !mine.shares_credentials(&other));
        assert!(!router.shares_credentials(&at("http://x.endpoints.huggingface.cloud")));
        assert!(!router.shares_credentials(&at("https://x.endpoints.huggingface.cloud.evil.example")));
    }

    #[test]
    fn only_hosts_that_can_hold_are_asked_to() {
        assert_eq!(Profile::Endpoint.hold_header(), Some(("x-scale-up-timeout", true)));
        assert_eq!(Profile::Legacy.hold_header(), Some(("x-wait-for-model", false)));
        for profile in [Profile::Router, Profile::HfInference, Profile::OpenAi] {
            assert_eq!(profile.hold_header(), None);
        }
    }

    #[test]
    fn each_target_that_is_refused_has_a_reason_of_its_own() {
        let all = [
            Refused::NeitherUrlNorModel,
            Refused::BadModelId,
            Refused::NeedsUrl,
            Refused::ProviderNeedsChat,
            Refused::ModelNeedsObject,
        ];
        let reasons: std::collections::HashSet<&str> = all.map(Refused::reason).into();
        assert!(reasons.len() == all.len() && !reasons.contains(""), "{reasons:?}");
    }
}
