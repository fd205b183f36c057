// A mistake in the call is a TypeError that names what is wrong, before anything is sent.
import { sleep } from "./clock.js";
import { answer } from "./mock.js";

const circular = {};
circular.self = circular;

function formOfAudio() {
  const form = new FormData();
  form.append("file", new Blob(["RIFF"]), "speech.wav");
  return form;
}

/** What is wrong, what the message must name, and the arguments after (or in place of) the URL. */
const mistakes = [
  ["a bare string as payload", "payload", { payload: "Hello" }],
  ["no payload", "payload", { payload: undefined }],
  ["null as payload", "payload", { payload: null }],
  ["a circular payload", "payload", { payload: circular }],
  ["a payload with a BigInt", "payload", { payload: { n: 10n } }],
  ["stream: true in the payload of a query", "streamWithRetry", { payload: { inputs: "x", stream: true } }],
  ["an unknown option", "unknown option maxRetry (did you mean maxRetries?)", { options: { maxRetry: 3 } }],
  ["an option that is like none", "unknown option apiKey; known here: token,", { options: { apiKey: "x" } }],
  ["an unknown clock", "timeouts.attemptMS (did you mean timeouts.attemptMs?)", { options: { timeouts: { attemptMS: 100 } } }],
  ["a clock outside of its group", "did you mean timeouts.totalMs?", { options: { totalMs: 100 } }],
  ["an unknown loading option", "did you mean loading.maxWaitMs?", { options: { loading: { maxWait: 100 } } }],
  ["an option of a client", "concurrency belongs to a client: createClient({ concurrency })", { options: { concurrency: { max: 2 } } }],
  ["the fetch of a client", "fetch belongs to a client: createClient({ fetch })", { options: { fetch: () => {} } }],
  ["a member of the target", "model belongs to the target, the first argument of a call: { url, model, … }", { options: { model: "org/model" } }],
  ["the address as an option", "url belongs to the target", { options: { url: "https://models.test/" } }],
  [
    "stream: true as an option",
    "stream belongs to the payload, the second argument of a call, where streamWithRetry puts it",
    { options: { stream: true } },
  ],
  ["a part of the payload as an option", "max_tokens belongs to the payload, the second argument of a call", { options: { max_tokens: 9 } }],
  ["options that are no object", "options", { options: "fast" }],
  ['maxRetries: "3"', "maxRetries", { options: { maxRetries: "3" } }],
  ["maxRetries: NaN", "maxRetries", { options: { maxRetries: NaN } }],
  ["maxRetries: -1", "maxRetries", { options: { maxRetries: -1 } }],
  ["totalMs: NaN", "totalMs", { options: { timeouts: { totalMs: NaN } } }],
  ["totalMs: -1", "totalMs", { options: { timeouts: { totalMs: -1 } } }],
  ['attemptMs: "100"', "attemptMs", { options: { timeouts: { attemptMs: "100" } } }],
  ["idleMs: -5", "idleMs", { options: { timeouts: { idleMs: -5 } } }],
  ["maxWaitMs: -1", "maxWaitMs", { options: { loading: { maxWaitMs: -1 } } }],
  ['defaultWaitMs: "20"', "defaultWaitMs", { options: { loading: { defaultWaitMs: "20" } } }],
  ['hold: "yes"', "hold", { options: { loading: { hold: "yes" } } }],
  ["attemptMs above totalMs", "attemptMs", { options: { timeouts: { attemptMs: 2_000, totalMs: 1_000 } } }],
  ["firstByteMs above attemptMs", "firstByteMs", { options: { timeouts: { firstByteMs: 2_000, attemptMs: 1_000 } } }],
  ["connectMs above attemptMs", "connectMs", { options: { timeouts: { connectMs: 2_000, attemptMs: 1_000 } } }],
  ["connectMs: 1e300", "connectMs", { options: { timeouts: { connectMs: 1e300 } } }],
  ["connectMs: true", "connectMs must be false or", { options: { timeouts: { connectMs: true } } }],
  ["attemptMs: false", "attemptMs", { options: { timeouts: { attemptMs: false } } }],
  ["a URL that is none", "target", { target: "http://" }],
  ["a URL that is not HTTP", "target", { target: "ftp://127.0.0.1/model" }],
  ["a model id that is none", "target", { target: "not a model" }],
  ["a spec with neither URL nor model", "target", { target: {} }],
  ["a number as target", "target", { target: 42 }],
  ["an unknown profile", "profile", { profile: "sagemaker" }],
  ["a header with a line break", "x-note", { options: { headers: { "x-note": "a\r\nb: c" } } }],
  ["a header name with a space", "number 1 of headers", { options: { headers: { "x note": "a" } } }],
  ["a signal that is none", "signal", { options: { signal: {} } }],
  ["onEvent that is no function", "onEvent", { options: { onEvent: "log" } }],
  ["an unknown response kind", "response", { options: { response: "xml" } }],
  ["an unknown priority", "priority", { options: { priority: "urgent" } }],
  ["a fallback that is no list", "fallback", { options: { fallback: "org/model" } }],
  ["a fallback that is no target", "fallback", { options: { fallback: [42] } }],
  ["a token that is a number", "token", { options: { token: 42 } }],
  ["a token with a line break", "token", { options: { token: "hf_a\nb" } }],
  ["a token with its scheme", 'leave out "Bearer"', { options: { token: "Bearer hf_a" } }],
  ["a token function that gives the scheme too", 'leave out "Bearer"', { options: { token: () => "bearer hf_a" } }],
  ["a form as payload", "client.fetch", { payload: formOfAudio() }],
];

const has = (object, key) => Object.hasOwn(object, key);

export const badArguments = mistakes.map(([what, named, given]) => ({
  name: `${what} is a TypeError that names ${named}, and nothing is sent`,
  async run({ api, mock, assert }) {
    const url = await mock.put("m", { healthy: answer(200, {}) });
    const target = has(given, "target") ? given.target : given.profile ? { url, profile: given.profile } : url;
    const payload = has(given, "payload") ? given.payload : { inputs: "x" };
    // Called outside of the assertion: a promise is due even then, not an exception.
    const call = api.queryWithRetry(target, payload, given.options);
    const error = await assert.rejects(call, { name: "TypeError" });
    assert.ok(error instanceof TypeError);
    assert.ok(error.message.toLowerCase().includes(named.toLowerCase()), error.message);
    assert.ok(!error.message.includes("hf_a"), "the message holds the token");
    await sleep(20);
    assert.equal((await mock.stats("m")).requests, 0);
  },
}));
