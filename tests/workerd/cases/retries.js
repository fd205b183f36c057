// Errors that pass: each call waits by itself until it may try again.
import assert from "node:assert/strict";
import { answer } from "../../package/cases/mock.js";
import { putStream as put } from "../../package/cases/streamed.js";
import { allAnswered, requestsOf, withStatus } from "./outcomes.js";

const LIMITED = answer(429, { error: "Rate limit reached" }, { "retry-after": "1" });
const BAD_GATEWAY = answer(502, "<html><h1>502 Bad Gateway</h1></html>", { "content-type": "text/html" });

// Not more than the retry budget of a client pays for: four of the twelve meet it.
const shapes = [
  ["query", 3, 3],
  ["query", 12, 4],
  ["streamWithRetry", 12, 4],
  ["fetchStream", 12, 4],
];
const times = (count, step) => Array(count).fill(step);

export const retries = [
  ...shapes.map(([way, count, met]) => ({
    name: `${count} at once by ${way}, ${met} of which meet 429 with Retry-After: 1, are all answered, none of them sent again too soon`,
    async run({ isolate, mock }) {
      const url = await put(mock, "m", { script: times(met, LIMITED), latencyMs: 100 });
      const all = await isolate.askAll(count, way, url);
      // A wait is a quarter longer at most.
      allAnswered(all, 1_250 + 2_000);
      const stats = await mock.stats("m");
      assert.deepEqual([withStatus(stats, 429), withStatus(stats, 200)], [met, count]);
      for (const outcome of all) {
        const [first, second] = requestsOf(stats, outcome);
        assert.ok(!second || second.atMs - first.endedAtMs >= 1_000, `again after ${second?.atMs - first.endedAtMs} ms`);
      }
    },
  })),
  ...shapes.map(([way, count, met]) => ({
    name: `${count} at once by ${way}, ${met} of which meet 502, are all answered`,
    async run({ isolate, mock }) {
      const url = await put(mock, "m", { script: times(met, BAD_GATEWAY), latencyMs: 100 });
      allAnswered(await isolate.askAll(count, way, url), 1_000 + 2_000);
      const stats = await mock.stats("m");
      assert.deepEqual([withStatus(stats, 502), withStatus(stats, 200)], [met, count]);
    },
  })),
  {
    name: "429, 502, a cold model and one that works, at once in one isolate, are all answered",
    async run({ isolate, mock }) {
      const urls = await Promise.all([
        put(mock, "limited", { script: times(4, LIMITED), latencyMs: 100 }),
        put(mock, "bad", { script: times(4, BAD_GATEWAY), latencyMs: 100 }),
        put(mock, "cold", { cold: { ms: 3_000, says: 16 } }),
        put(mock, "works", { latencyMs: 400, stream: { tokensPerSecond: 20 } }),
      ]);
      const ways = ["query", "stream", "fetch", "fetchStream"];
      const all = urls.flatMap((url) => Array.from({ length: 8 }, (_, at) => isolate.ask(ways[at % 4], url)));
      allAnswered(await Promise.all(all), 5_000);
      for (const name of ["limited", "bad"]) assert.equal((await mock.stats(name)).requests, 12, name);
    },
  },
];
