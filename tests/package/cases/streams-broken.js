// A stream that breaks after its first text is never asked for again and never ends in silence: its
// reader gets everything that came, and then one error that holds the text so far.
import { events, finishes, formats, putStream, readAll, says, streamStep, words } from "./streamed.js";

/** Events before the break: the role and three words, or as many words. */
const BEFORE = { chat: 4, TGI: 3, completions: 3, responses: 7, plain: 3 };
const ERROR_500 = { message: "Internal server error", type: "InternalServerError", param: null, code: 500 };

const fault = (kind, more) => (format) => ({ fault: { kind, events: BEFORE[format], ...more } });
const inject = (text, thenEnd = true) => (format) => ({ inject: { events: BEFORE[format], text, thenEnd } });
const TRUNCATED = { code: "stream_truncated", layer: "network" };
const FAILED = { code: "stream_error", layer: "compute" };
const UNREADABLE = { code: "bad_response", layer: "gateway" };

const connections = Object.keys(formats).flatMap((format) => [
  [`a ${format} stream that ends without its last word`, format, fault("end"), TRUNCATED],
  [`a ${format} stream whose connection is closed`, format, fault("close"), TRUNCATED],
  [`a ${format} stream whose connection is reset`, format, fault("reset"), TRUNCATED],
]);

const silences = [
  ["a stream that falls silent", "chat", fault("stall"), { code: "timeout", phase: "idle", layer: "compute" }, { idleMs: 300 }],
  [
    "a stream that goes on with nothing but comments",
    "chat",
    fault("comments"),
    { code: "timeout", phase: "total", layer: "compute" },
    { idleMs: 300, totalMs: 700 },
  ],
];

const errors = [
  ["a generation error of TGI", "TGI", inject(events({ error: "Request failed during generation: Server error: boom", error_type: "generation" })), { ...FAILED, detail: "Request failed during generation: Server error: boom" }],
  ["a stream that TGI itself calls incomplete", "TGI", inject(events({ error: "Incomplete generation stream", error_type: "incomplete_generation_stream" })), { ...FAILED, detail: "Incomplete generation stream" }],
  ["an error of TGI's chat", "chat", inject(events({ error: { message: "Model is overloaded", http_status_code: 422 } }, "[DONE]")), { ...FAILED, detail: "Model is overloaded" }],
  ["an error of vLLM, followed by [DONE]", "chat", inject(events({ error: ERROR_500 }, "[DONE]")), { ...FAILED, detail: "Internal server error" }],
  ["an error of vLLM, in spite of which the stream goes on", "chat", inject(events({ error: ERROR_500 }), false), { ...FAILED, detail: "Internal server error" }],
  ["an error as llama.cpp's field", "chat", inject('error: {"code":500,"message":"slot lost","type":"server_error"}\n\ndata: [DONE]\n\n'), { ...FAILED, detail: "slot lost" }],
  ["an error as a bare line of JSON", "chat", inject('{"error":{"code":500,"message":"out of slots","type":"server_error"}}\n'), { ...FAILED, detail: "out of slots" }],
  ["an error as a bare line of JSON without a line end", "chat", inject('{"error":{"message":"out of slots"}}'), { ...FAILED, detail: "out of slots" }],
  ["an event named error", "chat", inject('event: error\ndata: {"message":"provider gone"}\n\n'), { ...FAILED, detail: "provider gone" }],
  ["an error that is only a text", "plain", inject(events({ error: "quota of this server exceeded" })), { ...FAILED, detail: "quota of this server exceeded" }],
  ["out of memory", "TGI", inject(events({ error: "Request failed during generation: Server error: CUDA out of memory", error_type: "generation" })), FAILED],
  ["a rate limit", "chat", inject(events({ error: { message: "Rate limit exceeded" } })), { ...FAILED, layer: "account" }],
  ["the finish_reason error", "chat", inject(events(finishes("error"), "[DONE]")), FAILED],
  ["the finish_reason abort", "chat", inject(events(finishes("abort"), "[DONE]")), FAILED],
  ["response.failed", "responses", inject(events({ type: "response.failed", response: { status: "failed", error: { code: "server_error", message: "boom" } } })), { ...FAILED, detail: "boom" }],
  ["an error event of the responses format", "responses", inject(events({ type: "error", code: "server_error", message: "boom", param: null })), { ...FAILED, detail: "boom" }],
];

const unreadable = [
  ["a stream with an event that is no JSON", "chat", inject(events('{"choices":[{"del'), false), UNREADABLE],
  ["a stream with an event that a cut leaves unfinished", "chat", inject('data: {"choices":[{"delta":{"content":"never'), TRUNCATED],
  ["a stream with an event of more than 16 MiB", "chat", (format) => ({ inject: { events: BEFORE[format], hugeEventBytes: 17_000_000 } }), UNREADABLE],
];

const breaks = [...connections, ...silences, ...errors, ...unreadable].map(([what, format, step, expected, timeouts]) => ({
  name: `${what}, after the first text, is ${expected.code} with what came before it, and is not asked for again`,
  async run({ api, mock, assert }) {
    const { payload, textOf } = formats[format];
    // At a pace, so that nothing is on its way any more when a connection is reset.
    const url = await putStream(mock, "m", { stream: { tokens: 9, tokensPerSecond: 50 }, then: step(format) }, formats[format]);
    const seen = [];
    const stream = api.streamWithRetry(url, payload, { timeouts, onEvent: (event) => seen.push(event) });
    const { items, error } = await readAll(stream);
    const text = items.map(textOf).join("");
    const isReset = step(format).fault?.kind === "reset";
    if (isReset) assert.between(items.length, BEFORE[format] - 1, BEFORE[format]);
    else assert.equal(items.length, BEFORE[format], "items");
    if (format !== "plain") assert.ok(text === words(9).slice(0, 3).join("") || (isReset && text), text);

    assert.ok(error instanceof api.QueryError, String(error));
    for (const [field, value] of Object.entries({ phase: undefined, ...expected, status: 200, retryable: true })) assert.equal(error[field], value, field);
    assert.equal(error.partial, text || undefined);
    assert.deepEqual(error.report.attempts.map(({ outcome, layer, status }) => ({ outcome, layer, status })), [
      { outcome: expected.code, layer: expected.layer, status: 200 },
    ]);
    assert.between(error.report.firstTokenMs, 0, error.report.totalMs);
    assert.equal(await assert.rejects(stream.report), error);
    assert.deepEqual(seen.map(({ type }) => type), ["attempt", "first_token", "response", "failure"]);
    assert.equal(seen.at(-1).error, error);
    assert.equal((await mock.stats("m")).requests, 1);
  },
}));

export const streamsBroken = [
  ...breaks,
  {
    name: "a second answer that is cut after the first one has finished leaves its stream incomplete",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { then: streamStep(events(says("one"), says("uno", 1), finishes("stop"))) });
      const { items, error } = await readAll(api.streamWithRetry(url, formats.chat.payload));
      assert.equal(items.length, 3);
      await assert.rejects(Promise.reject(error), { code: "stream_truncated", partial: "one" });
    },
  },
];
