// A stream that breaks after its first text is never asked for again and never ends in silence: its
// reader gets everything that came, and then one error that holds the text so far.
import { events, finishes, formats, putStream, readAll, says, streamStep, textless, words } from "./streamed.js";

/** Events before the break: three words, and what a format says before its first one. */
const BEFORE = {
  chat: 4,
  TGI: 3,
  completions: 3,
  responses: 7,
  plain: 3,
  Anthropic: 6,
  Ollama: 3,
  "Ollama's generate": 3,
  "llama.cpp": 3,
  Gemini: 3,
  interactions: 9,
  "Workers AI": 3,
  transcription: 3,
  image: 3,
};
const TRUNCATED = { code: "stream_truncated", layer: "network" };
const UNREADABLE = { code: "bad_response", layer: "gateway" };

const cut = (kind) => (before) => ({ fault: { kind, events: before } });
const inject =
  (text, thenEnd = true) =>
  (before) => ({ inject: { events: before, text, thenEnd } });
const huge = (before) => ({ inject: { events: before, hugeEventBytes: 17_000_000 } });

/** In every row: what happens, in which format, the step by the number of events before, the error. */
const connections = Object.keys(formats).flatMap((format) => [
  [`a ${format} stream that ends without its last word`, format, cut("end"), TRUNCATED],
  [`a ${format} stream whose connection is closed`, format, cut("close"), TRUNCATED],
  [`a ${format} stream whose connection is reset`, format, cut("reset"), TRUNCATED],
]);

const silences = [
  ["a stream that falls silent", { idleMs: 300 }, cut("stall"), "idle"],
  ["a stream that goes on with nothing but comments", { idleMs: 600, totalMs: 1_500 }, cut("comments"), "total"],
].map(([what, timeouts, step, phase]) => [what, "chat", step, { code: "timeout", layer: "compute", phase }, timeouts]);

const GENERATION = "Request failed during generation: Server error: boom";
const INCOMPLETE = "Incomplete generation stream";
const INTERNAL = "Internal server error";
const ofVllm = events({ error: { message: INTERNAL, type: "InternalServerError", param: null, code: 500 } });
const ofLlamaCpp = { error: { code: 500, message: "slot lost", type: "server_error" } };
const failedResponse = { type: "response.failed", response: { status: "failed", error: { code: "server_error", message: "boom" } } };

/** What tells of the error, and the words of it. */
const errors = [
  ["a generation error of TGI", "TGI", events({ error: GENERATION, error_type: "generation" }), GENERATION],
  ["a stream that TGI itself calls incomplete", "TGI", events({ error: INCOMPLETE, error_type: "incomplete_generation_stream" }), INCOMPLETE],
  ["an error of TGI's chat", "chat", events({ error: { message: "Model is overloaded", http_status_code: 422 } }, "[DONE]"), "Model is overloaded"],
  ["an error of vLLM, followed by [DONE]", "chat", `${ofVllm}${events("[DONE]")}`, INTERNAL],
  ["an error of vLLM, followed by more text", "chat", `${ofVllm}${events(says("more"), "[DONE]")}`, INTERNAL],
  ["an error as llama.cpp's field", "chat", `error: ${JSON.stringify(ofLlamaCpp.error)}\n\ndata: [DONE]\n\n`, "slot lost"],
  ["an error as a bare line of JSON", "chat", `${JSON.stringify(ofLlamaCpp)}\n`, "slot lost"],
  ["an error as a bare line of JSON without a line end", "chat", JSON.stringify(ofLlamaCpp), "slot lost"],
  ["an event named error", "chat", 'event: error\ndata: {"message":"provider gone"}\n\n', "provider gone"],
  ["an error that is only a text", "plain", events({ error: "quota of this server exceeded" }), "quota of this server exceeded"],
  ["out of memory", "TGI", events({ error: "CUDA out of memory. Tried to allocate 2.00 GiB" }), "CUDA out of memory. Tried to allocate 2.00 GiB"],
  ["a rate limit", "chat", events({ error: { message: "Rate limit exceeded" } }), "Rate limit exceeded", "account"],
  ["the finish_reason error", "chat", events(finishes("error"), "[DONE]"), "finish_reason: error"],
  ["the finish_reason abort", "chat", events(finishes("abort"), "[DONE]"), "finish_reason: abort"],
  ["response.failed", "responses", events(failedResponse), "boom"],
  ["an error event of the responses format", "responses", events({ type: "error", code: "server_error", message: "boom", param: null }), "boom"],
].map(([what, format, text, detail, layer = "compute"]) => [what, format, inject(text), { code: "stream_error", layer, detail }]);

const unreadable = [
  ["a stream with an event that is no JSON", "chat", inject(events('{"choices":[{"del'), false), UNREADABLE],
  ["a stream with an event that a cut leaves unfinished", "chat", inject('data: {"choices":[{"delta":{"content":"never'), TRUNCATED],
  ["a stream with an event of more than 16 MiB", "chat", huge, UNREADABLE],
];

const breaks = [...connections, ...silences, ...errors, ...unreadable];

export const streamsBroken = [
  ...breaks.map(([what, format, stepAfter, expected, timeouts]) => ({
    name: `${what}, after the first text, is ${expected.code} with what came before it, and is not asked for again`,
    async run({ api, mock, assert }) {
      const { payload, textOf } = formats[format];
      const before = BEFORE[format];
      const then = stepAfter(before);
      // At a pace, so that at most one event is still on its way when a connection is reset.
      const url = await putStream(mock, "m", { stream: { tokens: 9, tokensPerSecond: 50 }, then }, formats[format]);
      const seen = [];
      const stream = api.streamWithRetry(url, payload, { timeouts, onEvent: (event) => seen.push(event) });
      const { items, error } = await readAll(stream);
      assert.between(items.length, before - (then.fault?.kind === "reset" ? 1 : 0), before, "items");
      const text = items.map(textOf).join("");
      if (!textless.includes(format))
        assert.equal(
          text,
          words(9)
            .slice(0, items.length - before + 3)
            .join(""),
        );

      assert.ok(error instanceof api.QueryError, String(error));
      await assert.rejects(Promise.reject(error), { phase: undefined, ...expected, status: 200, retryable: true, partial: text || undefined });
      const { attempts, firstTokenMs, totalMs } = error.report;
      const { code: outcome, layer } = expected;
      assert.deepEqual(
        attempts.map(({ outcome, layer, status }) => ({ outcome, layer, status })),
        [{ outcome, layer, status: 200 }],
      );
      assert.between(firstTokenMs, 0, totalMs);
      assert.equal(await assert.rejects(stream.report), error);
      assert.deepEqual(
        seen.map(({ type }) => type),
        ["attempt", "first_token", "response", "failure"],
      );
      assert.equal(seen.at(-1).error, error);
      assert.equal((await mock.stats("m")).requests, 1);
    },
  })),
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
