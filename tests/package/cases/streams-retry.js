// Until its first text a stream is tried again like any other call: nothing that its reader has
// must be taken back.
import { answer } from "./mock.js";
import { events, finishes, formats, putStream, readAll, reference, streamStep, timeless, words } from "./streamed.js";

const { payload } = formats.chat;
const STREAM = { tokens: 5 };
const ROLE = { choices: [{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }] };
const OVERLOADED = { error: "Model is overloaded", error_type: "overloaded" };
const OUT_OF_MEMORY = { error: "Request failed during generation: Server error: CUDA out of memory", error_type: "generation" };
const FAILED = { type: "response.failed", response: { error: { message: "boom" } } };
const VALIDATION = { error: "Input validation error: `inputs` must have less than 512 tokens", error_type: "validation" };
const VALIDATION_OF_CHAT = { error: { message: "Input validation error: too long", http_status_code: 422 } };
const INTERNAL = { error: { message: "Internal server error", code: 500 } };
const OVERLOADED_OF_CHAT = { error: { message: "Model is overloaded", http_status_code: 422 } };
const LOADING = { error: "Model m is currently loading", estimated_time: 1 };
const html = (status) => answer(status, "<!DOCTYPE html><html><head><title>Sign in</title></head></html>", { "content-type": "text/html" });

/** The wait is not what is looked at here. */
const soon = (step) => ({ ...step, headers: { "retry-after-ms": "1", ...step.headers } });

/** What happens to the first try, its code, and the clocks that it needs. */
const passing = [
  ["an end before the first event", { fault: { kind: "end", events: 0 } }, "stream_truncated"],
  ["an end after the role", { fault: { kind: "end", events: 1 } }, "stream_truncated"],
  ["a connection closed after the role", { fault: { kind: "close", events: 1 } }, "stream_truncated"],
  ["a connection reset after the role", { fault: { kind: "reset", events: 1 } }, "stream_truncated"],
  ["no headers in time", { fault: { kind: "stall", at: "accept" } }, "timeout", { attemptMs: 400 }],
  ["no event in time", { fault: { kind: "stall", at: "headers" } }, "timeout", { firstByteMs: 400 }],
  ["no text in time", { fault: { kind: "stall", events: 1 } }, "timeout", { attemptMs: 600 }],
  ["silence after the role", { fault: { kind: "stall", events: 1 } }, "timeout", { idleMs: 400 }],
  ["nothing but comments", { fault: { kind: "comments", events: 0 } }, "timeout", { firstByteMs: 400 }],
  ["overload as the first event", streamStep(events(OVERLOADED)), "overloaded"],
  ["overload after the role", streamStep(events(ROLE, OVERLOADED)), "overloaded"],
  ["overload as TGI's chat tells it", streamStep(events(OVERLOADED_OF_CHAT, "[DONE]")), "overloaded"],
  ["out of memory as the first event", streamStep(events(OUT_OF_MEMORY)), "engine_failure"],
  ["an error of the engine as the first event", streamStep(events(INTERNAL, "[DONE]")), "engine_failure"],
  ["an error as llama.cpp's field", streamStep('error: {"code":500,"message":"slot lost"}\n\ndata: [DONE]\n\n'), "engine_failure"],
  ["an error as a bare line of JSON", streamStep('{"error":{"message":"out of slots"}}\n'), "engine_failure"],
  ["an event named error", streamStep('event: error\ndata: {"message":"provider gone"}\n\n'), "engine_failure"],
  ["the finish_reason error before any text", streamStep(events(ROLE, finishes("error"), "[DONE]")), "engine_failure"],
  ["response.failed before any text", streamStep(events({ type: "response.created", response: {} }, FAILED)), "engine_failure"],
  ["a rate limit as the first event", streamStep(events({ error: { message: "Rate limit exceeded" } })), "rate_limited"],
  ["[DONE] alone", streamStep(events("[DONE]")), "bad_response"],
  ["[DONE] after the role", streamStep(events(ROLE, "[DONE]")), "bad_response"],
  ["a stream without a single event", streamStep(""), "stream_truncated"],
  ["an event that is no JSON", streamStep(events("<html>")), "bad_response"],
  ["a page with a 200", html(200), "bad_response"],
  ["JSON with a 200 that was cut", answer(200, '{"choices":[{"mess', { "content-type": "application/json" }), "stream_truncated"],
  ["an error in JSON with a 200", answer(200, OVERLOADED), "overloaded"],
  ["a 503 for a moment", answer(503, { error: "Service Unavailable" }), "unavailable"],
  ["a 503 of the type of a stream", streamStep(events({ error: "no healthy upstream" }), 503), "unavailable"],
  ["a full server", { sample: "tgi-overloaded" }, "overloaded"],
  ["a rate limit", answer(429, { error: "Rate limit reached" }, { "retry-after-ms": "100" }), "rate_limited"],
  ["a 504 of a proxy", html(504), "gateway_timeout"],
];

/** What is told to the reader at once. */
const final = [
  ["a validation error as the first event", streamStep(events(VALIDATION)), "bad_request", 200],
  ["a validation error after the role, as TGI's chat tells it", streamStep(events(ROLE, VALIDATION_OF_CHAT, "[DONE]")), "bad_request", 200],
  ["a refused token", answer(401, { error: "Invalid username or password." }), "unauthorized", 401],
  ["a bad request", answer(422, { error: "no such parameter" }), "bad_request", 422],
  ["a wrong address", answer(404, { error: "Not Found" }), "not_found", 404],
  ["no credits", { sample: "router-credits" }, "credits_exhausted", 402],
];

const spent = [
  ["[DONE] alone", streamStep(events("[DONE]")), { code: "bad_response", layer: "compute" }],
  ["an end after the role", { fault: { kind: "end", events: 1 } }, { code: "stream_truncated", layer: "network" }],
  ["overload as the first event", streamStep(events(OVERLOADED)), { code: "overloaded", layer: "compute", detail: "Model is overloaded" }],
  ["a page with a 200", html(200), { code: "bad_response", layer: "gateway", detail: "Sign in" }],
];

/** What is complete and cannot be read would not be read the next time. */
const unreadable = [
  ["an event that is no JSON", streamStep(events("oops")), "oops"],
  ["a first event of more than 16 MiB", { inject: { events: 0, hugeEventBytes: 17_000_000 } }, "an event of more than 16 MiB"],
];

const loading = [
  ["a 503 that says so", answer(503, LOADING)],
  ["an event that says so", streamStep(events(LOADING))],
  ["an event that says so after the role", streamStep(events(ROLE, LOADING))],
  ["a 200 that says so", answer(200, LOADING)],
];

export const streamsRetry = [
  ...passing.map(([what, step, outcome, timeouts]) => ({
    name: `${what} is ${outcome} to a stream that has not begun, which is asked for again and comes whole`,
    async run({ api, mock, assert }) {
      const expected = timeless(await reference(await putStream(mock, "healthy", { stream: STREAM }), payload));
      const url = await putStream(mock, "m", { stream: STREAM, script: [soon(step)] });
      const stream = api.streamWithRetry(url, payload, { timeouts });
      const { items, error } = await readAll(stream);
      assert.equal(error, undefined);
      assert.deepEqual(timeless(items), expected);
      const { attempts } = await stream.report;
      assert.deepEqual(
        attempts.map((attempt) => attempt.outcome),
        [outcome, "ok"],
      );
      assert.equal((await mock.stats("m")).requests, 2);
    },
  })),
  ...final.map(([what, step, code, status]) => ({
    name: `${what} is ${code} to a stream as well, and is not asked again`,
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: STREAM, script: [step] });
      const stream = api.streamWithRetry(url, payload);
      const { items, error } = await readAll(stream);
      assert.equal(items.length, 0);
      await assert.rejects(Promise.reject(error), { name: "QueryError", code, status, retryable: false, partial: undefined });
      assert.equal(await assert.rejects(stream.report), error);
      assert.equal((await mock.stats("m")).requests, 1);
    },
  })),
  {
    name: "a stream waits for a cold model, without a retry, in whichever form it says so",
    async run({ api, mock, assert }) {
      const check = async ([what, step], index) => {
        const url = await putStream(mock, `m${index}`, { stream: STREAM, script: [step] });
        const stream = api.streamWithRetry(url, payload, { maxRetries: 0 });
        assert.equal(await stream.finalText(), words(5).join(""), what);
        const { attempts, waitedMs } = await stream.report;
        assert.deepEqual(
          attempts.map(({ outcome }) => outcome),
          ["model_loading", "ok"],
          what,
        );
        assert.between(waitedMs.loading, 999, 1_700, what);
      };
      await Promise.all(loading.map(check));
    },
  },
  ...[
    ["closed before", { kind: "close", at: "accept" }],
    ["reset before", { kind: "reset", at: "accept" }],
    ["closed right after", { kind: "close", at: "headers" }],
    ["reset right after", { kind: "reset", at: "headers" }],
  ].map(([what, fault]) => ({
    name: `a connection that is ${what} the headers of a stream is no answer, and the retry succeeds`,
    async run({ api, mock, assert }) {
      const broken = await putStream(mock, "broken", { then: { fault } });
      const { error } = await readAll(api.streamWithRetry(broken, payload, { maxRetries: 0, loading: { refusedMs: 0 } }));
      await assert.rejects(Promise.reject(error), { name: "QueryError", layer: "network", retryable: true, partial: undefined });
      // Not every runtime shows headers that no byte of a body follows.
      const codes = fault.at === "accept" ? ["network"] : ["network", "stream_truncated"];
      assert.ok(codes.includes(error.code), error.code);
      const once = await putStream(mock, "once", { stream: STREAM, script: [{ fault }] });
      assert.equal(await api.streamWithRetry(once, payload).finalText(), words(5).join(""));
      // Browsers ask again by themselves on a connection that was in use before: at least two.
      assert.ok((await mock.stats("once")).requests >= 2);
    },
  })),
  ...unreadable.map(([what, step, words]) => ({
    name: `${what} is bad_response to a stream, and is not paid for again`,
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: STREAM, then: step });
      const { error } = await readAll(api.streamWithRetry(url, payload));
      await assert.rejects(Promise.reject(error), { name: "QueryError", code: "bad_response", status: 200, partial: undefined });
      assert.ok(error.detail.startsWith(words), error.detail);
      assert.equal((await mock.stats("m")).requests, 1);
    },
  })),
  ...spent.map(([what, step, expected]) => ({
    name: `${what}, every time, is ${expected.code} to a stream once its retries are spent`,
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: STREAM, then: soon(step) });
      const { items, error } = await readAll(api.streamWithRetry(url, payload, { maxRetries: 1 }));
      assert.equal(items.length, 0);
      await assert.rejects(Promise.reject(error), {
        name: "QueryError",
        status: 200,
        retryable: true,
        partial: undefined,
        phase: undefined,
        ...expected,
      });
      assert.equal(error.report.firstTokenMs, undefined);
      assert.equal((await mock.stats("m")).requests, 2);
    },
  })),
  {
    name: "out of memory as the first event of a stream costs at most two requests",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { then: streamStep(events(OUT_OF_MEMORY)) });
      const { error } = await readAll(api.streamWithRetry(url, payload));
      await assert.rejects(Promise.reject(error), { code: "engine_failure", layer: "compute", detail: OUT_OF_MEMORY.error });
      assert.equal((await mock.stats("m")).requests, 2);
    },
  },
  {
    name: "reasoning has been handed over, so a stream that breaks after it is not asked for again",
    async run({ api, mock, assert }) {
      const scenario = { stream: { tokens: 5, quirks: ["reasoning"] }, then: { fault: { kind: "end", events: 3 } } };
      const url = await putStream(mock, "m", scenario);
      const { items, error } = await readAll(api.streamWithRetry(url, payload));
      assert.equal(items.length, 3);
      await assert.rejects(Promise.reject(error), { code: "stream_truncated", partial: undefined });
      assert.equal((await mock.stats("m")).requests, 1);
    },
  },
];
