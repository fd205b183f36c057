// Where the work may have been done, and billed, there is at most one more try.
import { settledAfter } from "./clock.js";
import { answer } from "./mock.js";

const OUT_OF_MEMORY = {
  error: "unknown error",
  warnings: ["CUDA out of memory. Tried to allocate 1024.00 MiB", "There was an inference error: CUDA out of memory."],
};

const atMostTwice = [
  ["out of memory with a 500", answer(500, OUT_OF_MEMORY), "engine_failure", "compute"],
  [
    "out of memory with a 400 from the toolkit",
    answer(400, { error: "CUDA out of memory. Tried to allocate 20.00 MiB" }),
    "engine_failure",
    "compute",
  ],
  [
    "a 424 of the generation",
    answer(424, { error: "Request failed during generation: Server error: boom", error_type: "generation" }),
    "engine_failure",
    "compute",
  ],
  ["a 504", answer(504, "<html><body>504 Gateway Time-out</body></html>", { "content-type": "text/html" }), "gateway_timeout", "gateway"],
  ['a 500 "too busy"', answer(500, { error: "Model too busy, unable to get response in less than 60 second(s)" }), "gateway_timeout", "gateway"],
];

export const engineFailures = [
  ...atMostTwice.map(([what, step, code, layer]) => ({
    name: `${what} is ${code}, for at most two requests`,
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { then: step });
      await assert.rejects(api.queryWithRetry(url, { inputs: "x" }, { maxRetries: 3 }), { name: "QueryError", code, layer });
      assert.between((await mock.stats("m")).requests, 1, 2);
    },
  })),
  {
    name: "an error body of 5 GB ends fast and is cancelled",
    limitMs: 45_000,
    async run({ api, mock, assert, runtime }) {
      const url = await mock.put("m", { then: { status: 500, headers: { "content-type": "text/plain" }, bodyBytes: 5_000_000_000 } });
      const call = api.queryWithRetry(url, {}, { maxRetries: 0 });
      const ms = await settledAfter(call);
      const error = await assert.rejects(call, { name: "QueryError", code: "engine_failure", status: 500 });
      assert.ok(ms < 2_000, `settled after ${ms} ms`);
      assert.ok((error.detail ?? "").length <= 2_000);
      const { log } = await mock.statsOnce("m", (stats) => stats.unfinishedBodies === 1, "the body being cancelled", 30_000);
      // WebKit's network process may go on reading for 20 s, also after a plain fetch is aborted.
      if (runtime !== "webkit") assert.ok(log[0].endedAtMs < 2_000, `cancelled after ${log[0].endedAtMs} ms`);
    },
  },
];
