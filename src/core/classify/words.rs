//! The phrases by which servers say what their status does not.
//!
//! Each list is what was seen on the wire; the source of each is in `tests/mock-hf/samples.json`.

/// The words of an error body, in lower case.
pub(super) struct Words<'a> {
    pub(super) text: &'a str,
    pub(super) kind: &'a str,
}

/// Not `str::contains`: the searcher behind it is for long needles, and costs 5 KB of wasm.
fn holds(text: &str, phrase: &str) -> bool {
    text.as_bytes().windows(phrase.len()).any(|window| window == phrase.as_bytes())
}

impl Words<'_> {
    fn say(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| holds(self.text, phrase))
    }

    fn are(&self, kinds: &[&str]) -> bool {
        kinds.iter().any(|kind| holds(self.kind, kind))
    }

    /// Serverless, llama.cpp ("Loading model"), vLLM ("currently scaling"). Not a model that
    /// failed to load: for that one nobody should wait.
    pub(super) fn loading(&self) -> bool {
        self.say(&[
            "currently loading",
            "is loading",
            "still loading",
            "loading model",
            "loading the model",
            "currently scaling",
        ]) && !self.say(&["fail", "error", "could not"])
    }

    /// TGI and TEI, Ollama ("server busy … maximum pending requests"), HF's custom router.
    pub(super) fn overloaded(&self) -> bool {
        self.are(&["overloaded"])
            || self.say(&["overloaded", "server busy", "maximum pending requests", "queue full"])
    }

    pub(super) fn out_of_memory(&self) -> bool {
        self.say(&["out of memory", "outofmemory"])
    }

    /// The legacy gateway: "Model too busy, unable to get response in less than 60 second(s)".
    pub(super) fn gave_up_waiting(&self) -> bool {
        self.say(&["too busy", "unable to get response", "time out", "timed out"])
    }

    /// The router: `model_not_supported`, "Model not supported by provider …".
    pub(super) fn unsupported_model(&self) -> bool {
        self.are(&["model_not_supported", "model_not_found"]) || self.say(&["not supported by"])
    }

    /// A paused endpoint.
    pub(super) fn invalid_state(&self) -> bool {
        self.say(&["invalid state"])
    }

    pub(super) fn bad_token(&self) -> bool {
        self.say(&["token seems invalid", "invalid credentials", "invalid username or password"])
    }

    pub(super) fn rate_limited(&self) -> bool {
        self.say(&["rate limit", "too many requests"])
    }

    pub(super) fn out_of_credits(&self) -> bool {
        self.say(&["included credits"])
    }

    pub(super) fn invalid_input(&self) -> bool {
        self.are(&["validation", "invalid_request"]) || self.say(&["validation error"])
    }
}
