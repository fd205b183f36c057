//! The phrases and names by which servers say what their status does not.
//!
//! Each list holds what was seen on the wire. The source of each phrase is in `tests/mock-hf/samples.json`, or with
//! its vector in `tests/package/cases/vectors.js`.

use super::Classification;
use crate::core::json::millis;

/// The words of an error body, in lower case.
pub(super) struct Phrases<'a> {
    pub(super) text: &'a [u8],
    pub(super) kind: &'a [u8],
}

/// The position of the first match.
///
/// Not `str::find`: its searcher is made for long needles, and costs 5 KB of wasm.
pub(in crate::core) fn find(text: &[u8], phrase: &[u8]) -> Option<usize> {
    let (first, rest) = phrase.split_first()?;
    let mut from = 0;
    loop {
        let at = from + text.get(from..)?.iter().position(|byte| byte == first)?;
        from = at + 1;
        if text.get(from..)?.starts_with(rest) {
            return Some(at);
        }
    }
}

/// The phrases are one text with bars between them: a list of texts takes 8 bytes for each.
pub(in crate::core) fn any(text: &[u8], phrases: &str) -> bool {
    phrases.as_bytes().split(|byte| *byte == b'|').any(|phrase| find(text, phrase).is_some())
}

impl Phrases<'_> {
    pub(super) fn say(&self, phrases: &str) -> bool {
        any(self.text, phrases)
    }

    fn are(&self, kinds: &str) -> bool {
        any(self.kind, kinds)
    }

    /// The meaning of an error whose status does not say it.
    pub(super) fn meaning(&self) -> Option<Classification> {
        [
            (self.engine_failed(), Classification::ENGINE),
            (self.loading(), Classification::LOADING),
            (self.overloaded(), Classification::OVERLOADED),
            (self.out_of_memory(), Classification::OUT_OF_MEMORY),
            (self.gave_up_waiting(), Classification::GATEWAY_TIMEOUT),
            (self.out_of_credits(), Classification::CREDITS),
            (self.rate_limited(), Classification::RATE_LIMITED),
            (self.unsupported_model(), Classification::NOT_FOUND),
            (self.bad_token(), Classification::UNAUTHORIZED),
            (self.invalid_input(), Classification::BAD_REQUEST),
        ]
        .into_iter()
        .find_map(|(holds, class)| holds.then_some(class))
    }

    /// The meaning by the names of kinds alone.
    pub(super) fn named(&self) -> Option<Classification> {
        [
            (
                "authentication|invalid_api_key|unauthenticated|unauthorized|authfailure",
                Classification::UNAUTHORIZED,
            ),
            ("permission|forbidden", Classification::FORBIDDEN),
            ("not_found|notfound", Classification::NOT_FOUND),
            ("timeout|timed_out|deadline_exceeded", Classification::GATEWAY_TIMEOUT),
            ("unavailable|capacity", Classification::OVERLOADED),
            (
                "invalid|badrequest|bad_request|content_filter|content_policy|unsupported|too_long|too_large",
                Classification::BAD_REQUEST,
            ),
        ]
        .into_iter()
        .find_map(|(kinds, class)| self.are(kinds).then_some(class))
    }

    /// Serverless, llama.cpp ("Loading model"), vLLM ("currently scaling"), Ollama ("llm server loading model"),
    /// Fireworks ("scaled to zero and is scaling up"), and other servers that say that the model will be up. Not a
    /// model that failed to load: no call should wait for that one.
    pub(super) fn loading(&self) -> bool {
        if self.say("failed to load model|could not load model") {
            return false;
        }
        if self.are("scaling_up|model_loading|model_not_ready|warming_up|cold_start") {
            return true;
        }
        let phrases = "currently loading|is loading|still loading|being loaded|loading model|loading the model|loading weights|\
             currently scaling|scaling up|scaled to zero|scaling from zero|warming up|starting up|is starting|still starting|\
             booting|cold start|no replica|no available replica|no ready replica|no instances available|not ready|not yet ready|not loaded yet|\
             initializing|provisioning|being deployed";
        phrases
            .as_bytes()
            .split(|byte| *byte == b'|')
            .any(|phrase| find(self.text, phrase).is_some_and(|at| !self.failed_at(at, phrase.len())))
    }

    /// The model will be up, and the request was right.
    pub(super) fn not_ready(&self) -> bool {
        self.say("is not ready yet")
    }

    /// The text says, right before or right behind this phrase, that it failed.
    fn failed_at(&self, at: usize, length: usize) -> bool {
        let before = self.text.get(at.saturating_sub(24)..at).unwrap_or_default();
        // A sentence, or a name in front of it, ends here.
        let before = before
            .rsplit(|byte| matches!(byte, b'.' | b':' | b'-' | b',' | b'\n'))
            .next()
            .unwrap_or_default();
        let behind = self.text.get(at + length..).unwrap_or_default();
        let behind = behind.get(..16).unwrap_or(behind);
        any(before, "fail|error|could not|cannot|unable") || any(behind, "fail|error")
    }

    /// Ollama: its engine did not come up. That is no gateway that gave up.
    pub(super) fn engine_failed(&self) -> bool {
        self.say("llama runner")
    }

    /// TGI and TEI, Ollama ("server busy … maximum pending requests"), HF's custom router, Mistral ("Service tier
    /// capacity exceeded"), Google ("The model is overloaded"), SambaNova and others ("Model busy").
    pub(super) fn overloaded(&self) -> bool {
        self.are("overloaded|capacity_exceeded|engine_overloaded|slow_down")
            || self.say(
                "overloaded|server busy|server is busy|model busy|model is busy|maximum pending requests|queue full|queue is full|\
                 capacity exceeded|at capacity|maximum capacity|no capacity|over capacity|max_parallel_requests|too many concurrent",
            )
    }

    /// The engine's port is closed. nginx, Traefik and others say so by the name of their status; HAProxy, Envoy,
    /// Apache, Varnish, Kong, SGLang's router, llama-swap, Railway and Cloudflare have words of their own.
    pub(super) fn closed(&self) -> bool {
        self.unreached()
            || self.say(
                "bad gateway|no server is available|no available server|no healthy upstream|upstream connect error|\
                 unable to service your request|backend fetch failed|ring-balancer|name resolution failed|no available workers|\
                 no_available_workers|unable to start process|application failed to respond|error code: 502|error code: 1033",
            )
    }

    /// LiteLLM, and gateways of Node and Python.
    pub(super) fn unreached(&self) -> bool {
        self.say(
            "connection refused|econnrefused|connection error|cannot connect to host|connect call failed",
        )
    }

    /// Also LM Studio about an engine that is gone: "The model has crashed without additional information."
    pub(super) fn out_of_memory(&self) -> bool {
        self.say("out of memory|outofmemory|more system memory|model has crashed")
    }

    /// The legacy gateway: "Model too busy, unable to get response in less than 60 second(s)".
    pub(super) fn gave_up_waiting(&self) -> bool {
        self.say("too busy|unable to get response") || self.timed_out()
    }

    pub(super) fn timed_out(&self) -> bool {
        self.say("time out|timed out|was timeout")
    }

    /// The router: `model_not_supported`, "Model not supported by provider …". LM Studio: "Unexpected endpoint or method".
    /// LiteLLM: "Invalid model name passed in …". DeepSeek: "Model Not Exist".
    pub(super) fn unsupported_model(&self) -> bool {
        self.are("model_not_supported|model_not_found")
            || self.say("not supported by|unexpected endpoint|invalid model name|model not exist")
    }

    /// llama.cpp: "This server does not support embeddings."
    pub(super) fn unsupported_task(&self) -> bool {
        self.say("does not support")
    }

    /// A paused endpoint.
    pub(super) fn invalid_state(&self) -> bool {
        self.say("invalid state")
    }

    pub(super) fn bad_token(&self) -> bool {
        self.are("invalid_api_key|api_key_invalid|authentication_error")
            || self
                .say("token seems invalid|invalid credentials|invalid username or password|incorrect api key")
    }

    /// Databricks, about a model that the workspace was not given.
    pub(super) fn never_allowed(&self) -> bool {
        self.say("rate limit of 0")
    }

    pub(super) fn rate_limited(&self) -> bool {
        self.are("rate_limit|ratelimit|requestlimit|too_many_requests|resource_exhausted|throttl")
            || self.say("rate limit|too many requests|slow down|quota exceeded")
    }

    /// OpenAI and Groq, about a request above the whole limit: no wait makes room for it.
    pub(super) fn too_large(&self) -> bool {
        let limit = self.number("limit");
        self.say("request too large for") || limit.is_some() && self.number("requested") > limit
    }

    /// A status in words: "Error code: 400 - {'error': …}" of OpenAI's SDKs, "Request failed with status code 429" of
    /// axios.
    pub(super) fn status(&self) -> Option<u16> {
        let number = self.number("code").or_else(|| self.number("status"))? / 1_000;
        u16::try_from(number).ok().filter(|status| (400..=599).contains(status))
    }

    /// The first number right behind this word, in thousandths.
    fn number(&self, word: &str) -> Option<u64> {
        let mut rest = self.text;
        loop {
            rest = rest.get(find(rest, word.as_bytes())? + word.len()..)?;
            // "code: 400", "'code': 400", "code=400".
            let marks = rest.iter().take_while(|byte| b"'\": =".contains(byte)).count();
            let behind = rest.get(marks..).unwrap_or_default();
            let digits = behind.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if let Some(number) = behind.get(..digits).and_then(millis) {
                return Some(number);
            }
        }
    }

    /// OpenAI's code. Google's "exceeded your current quota" is different: it is over in a minute, except for the
    /// quota of a day and a quota of zero.
    pub(super) fn out_of_credits(&self) -> bool {
        // DashScope calls the limit of a minute so.
        if self.say("#token-limit") {
            return false;
        }
        self.are(
            "insufficient_quota|insufficient_balance|credits_exhausted|billing|payment_required|budget_exceeded|\
             quota_exhausted|perday|arrearage|exceeded_current_quota|setlimitexceeded|user_quota",
        )
            || self.say("quota exceeded for metric") && self.number("limit") == Some(0)
            || self.say(
                "included credits|credit balance|insufficient balance|insufficient credit|out of credits|not enough credits|\
                 spending limit|spending cap|balance is insufficient|available credits|credits are depleted|credits_balance|daily quota|\
                 daily rate limit|weekly usage limit|too many tokens per day|余额不足|使用上限|budget has been exceeded|daily free allocation|extra usage|api usage limit|per day limit|calls / month|balance not enough|not enough balance|quota is not enough|crossed budget|欠费",
            )
    }

    /// Too long, flagged, or malformed: another attempt would be as well.
    pub(super) fn invalid_input(&self) -> bool {
        self.are(
            "validation|invalid_request|invalid_prompt|context_length|content_filter|content_policy|prohibited_content|\
             data_inspection|datainspection",
        )
            || self.say(
                "validation error|missing_thought_signature|context size has been exceeded|exceeds the available context|context length|context window|\
                 prompt is too long|input is too long|input is too large|must have less than|maximum allowed length|content management policy|flagged",
            )
    }
}
