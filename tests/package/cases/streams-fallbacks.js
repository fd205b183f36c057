// A fallback streams in place of the first target, as long as nothing of that one was handed over.
import { answer } from "./mock.js";
import { events, formats, putStream, readAll, streamStep, words } from "./streamed.js";

const { payload } = formats.chat;
const STREAM = { tokens: 5, tokensPerSecond: 100 };

const before = [
  ["answers with an error", { then: answer(503, { error: "Service Unavailable" }) }, "unavailable"],
  ["ends before its first text", { stream: STREAM, then: { fault: { kind: "end", events: 1 } } }, "stream_truncated"],
  ["tells of an error as its first event", { then: streamStep(events({ error: "Model is overloaded", error_type: "overloaded" })) }, "overloaded"],
  ["does not begin in time", { stream: STREAM, then: { fault: { kind: "stall", events: 1 } } }, "timeout", { attemptMs: 300 }],
];

const after = [
  ["is cut", { fault: { kind: "end", events: 3 } }, "stream_truncated"],
  ["is reset", { fault: { kind: "reset", events: 3 } }, "stream_truncated"],
  ["tells of an error", { inject: { events: 3, text: events({ error: "Model is overloaded", error_type: "overloaded" }) } }, "stream_error"],
  ["falls silent", { fault: { kind: "stall", events: 3 } }, "timeout", { idleMs: 300 }],
];

export const streamsFallbacks = [
  ...before.map(([what, scenario, why, timeouts]) => ({
    name: `a fallback streams when the first target ${what}`,
    async run({ api, mock, assert }) {
      const first = await putStream(mock, "first", scenario);
      const second = await putStream(mock, "second", { stream: STREAM });
      const seen = [];
      const options = { maxRetries: 0, timeouts, fallback: [second], onEvent: (event) => seen.push(event) };
      const stream = api.streamWithRetry(first, payload, options);
      assert.equal(await stream.finalText(), words(5).join(""));
      const report = await stream.report;
      assert.equal(report.degraded, true);
      assert.deepEqual(
        report.attempts.map(({ outcome }) => outcome),
        [why, "ok"],
      );
      assert.equal(report.servedBy, report.attempts[1].target);
      assert.ok(second.includes(new URL(report.servedBy).pathname), report.servedBy);
      const step = { type: "fallback", from: report.attempts[0].target, to: report.servedBy, why };
      assert.deepEqual(
        seen.filter(({ type }) => type === "fallback"),
        [step],
      );
      assert.equal((await mock.stats("first")).requests, 1);
    },
  })),
  ...after.map(([what, step, code, timeouts]) => ({
    name: `a stream that ${what} after its first text never goes on to a fallback`,
    async run({ api, mock, assert }) {
      const first = await putStream(mock, "first", { stream: STREAM, then: step });
      const second = await putStream(mock, "second", { stream: STREAM });
      const { error } = await readAll(api.streamWithRetry(first, payload, { timeouts, fallback: [second] }));
      await assert.rejects(Promise.reject(error), { name: "QueryError", code });
      assert.ok(error.partial.startsWith("word1 "), error.partial);
      assert.equal(error.report.degraded, false);
      assert.equal((await mock.stats("first")).requests, 1);
      assert.equal((await mock.stats("second")).requests, 0);
    },
  })),
];
