// Batches of different requests at once: what one of them finds out about the target is known to the others, and none waits for another.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { allAnswered } from "./outcomes.js";

const CLASSES = "/pipeline/text-classification";
const WITHIN = 6_000;
const meet = async (mock, scenario) => `${await mock.put("b", { latencyMs: 30, ...scenario })}${CLASSES}`;

export const batches = [
  ...["batch", "coalesce"].map((way) => ({
    name: `ten at once by ${way} to a server that takes five inputs in a request all have their results in order`,
    async run({ isolate, mock }) {
      const url = await meet(mock, { batch: { largest: 5 } });
      allAnswered(await isolate.askAll(10, way, url), WITHIN);
    },
  })),
  {
    name: "six batches at once to a cold model all have their results in order",
    async run({ isolate, mock }) {
      const url = await meet(mock, { cold: { ms: 3_000, says: 4 } });
      allAnswered(await isolate.askAll(6, "batch", url), WITHIN);
    },
  },
  {
    name: "batches and warm-ups at once under a limit of two calls are all answered",
    clients: { "of two": { concurrency: { max: 2 } } },
    async run({ isolate, mock }) {
      const url = await meet(mock, { batch: { largest: 5 } });
      const ways = ["batch", "warmUp", "coalesce"];
      allAnswered(await Promise.all(Array.from({ length: 9 }, (_, at) => isolate.ask(ways[at % 3], url, { client: "of two" }))), WITHIN);
      assert.ok((await mock.stats("b")).maxInFlight <= 2);
    },
  },
  {
    name: "when the clients of three batches leave in the middle, the others have their results, and nothing is in flight or in line",
    async run({ isolate, mock }) {
      const url = await meet(mock, { batch: { largest: 2 }, latencyMs: 200 });
      const readers = Array.from({ length: 3 }, () => new AbortController());
      const gone = readers.map(({ signal }) => isolate.ask("batch", url, { signal }));
      await mock.statsOnce("b", ({ log }) => log.length > 2, "the first requests");
      const others = isolate.askAll(5, "batch", url);
      for (const reader of readers) {
        await sleep(100);
        reader.abort();
      }
      for (const { how } of await Promise.all(gone)) assert.equal(how, "left");
      allAnswered(await others, 6_000 + WITHIN);
      let busy;
      for (const begun = performance.now(); performance.now() - begun < 10_000; await sleep(250)) {
        await isolate.askAll(1, "warmUp", url);
        busy = (await isolate.stats()).filter(({ inFlight, queued }) => inFlight > 0 || queued > 0);
        if (busy.length === 0) break;
      }
      assert.equal(busy.length, 0, JSON.stringify(busy));
    },
  },
];
