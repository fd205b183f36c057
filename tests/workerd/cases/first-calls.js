// The first requests of an isolate: its core is instantiated by one of them, and is of all.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { putStream as put } from "../../package/cases/streamed.js";
import { allAnswered } from "./outcomes.js";

export const firstCalls = [
  {
    name: "twenty at once as the first requests of the isolate are all answered",
    async run({ isolate, mock }) {
      const url = await put(mock, "m", { latencyMs: 20 });
      allAnswered(await isolate.askAll(20, "query", url), 2_000);
      assert.equal((await mock.stats("m")).requests, 20);
    },
  },
  {
    name: "twenty at once by the plain functions as the first requests of the isolate are all answered",
    async run({ isolate, mock }) {
      const url = await put(mock, "m", { latencyMs: 20 });
      const ways = ["queryWithRetry", "streamWithRetry"];
      allAnswered(await Promise.all(Array.from({ length: 20 }, (_, at) => isolate.ask(ways[at % 2], url))), 2_000);
      assert.equal((await mock.stats("m")).requests, 20);
    },
  },
  {
    name: "when the clients of the first requests of the isolate leave at once, those that come with them are all answered",
    async run({ isolate, mock }) {
      const url = await put(mock, "m", { latencyMs: 20 });
      const gone = Array.from({ length: 6 }, async (_, at) => {
        const client = new AbortController();
        const asked = isolate.ask("query", url, { signal: client.signal });
        await sleep(at * 2);
        client.abort();
        return asked;
      });
      // Within those 10 ms, and the two steps of six seconds in which nobody can know that they have gone.
      allAnswered(await isolate.askAll(20, "query", url), 6_000 + 2_000);
      await Promise.all(gone);
    },
  },
];
