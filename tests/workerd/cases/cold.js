// A cold model: one of the requests looks whether it is up, the others wait for it.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { putStream as put } from "../../package/cases/streamed.js";
import { allAnswered, allFailed, WAYS, withStatus } from "./outcomes.js";

// The first look is due after a quarter of what it says: from 3.6 to 4 s.
const COLD = { cold: { ms: 3_000, says: 16 } };
const WITHIN = 3_000 + 2_000;
// As many go at once while nobody knows that it is cold.
const AT_FIRST = 4;

export const cold = [
  ...WAYS.map((way) => ({
    name: `six at once to a cold model are all answered by ${way}, and one of them looks whether it is up`,
    async run({ isolate, mock }) {
      const url = await put(mock, "m", COLD);
      allAnswered(await isolate.askAll(6, way, url), WITHIN);
      const stats = await mock.stats("m");
      assert.ok(withStatus(stats, 503) <= AT_FIRST, `${withStatus(stats, 503)} found it loading`);
      assert.equal(withStatus(stats, 200), 6);
    },
  })),
  {
    name: "thirty at once, of every kind, to a cold model are all answered, and one of them looks whether it is up",
    async run({ isolate, mock }) {
      // Looks are at least a second apart: three, or a fourth.
      const url = await put(mock, "m", { cold: { ms: 3_000, says: 4 }, latencyMs: 50 });
      allAnswered(await Promise.all(Array.from({ length: 30 }, (_, at) => isolate.ask(WAYS[at % 6], url))), WITHIN);
      const stats = await mock.stats("m");
      // Two clients: that of the methods, and that of the plain functions.
      assert.ok(withStatus(stats, 503) <= 2 * (AT_FIRST + 3), `${withStatus(stats, 503)} found it loading`);
      assert.equal(withStatus(stats, 200), 30);
    },
  },
  {
    name: "whoever comes while it is known to be cold sends nothing until it is up",
    async run({ isolate, mock }) {
      const url = await put(mock, "m", COLD);
      const first = isolate.ask("query", url);
      await mock.statsOnce("m", ({ log }) => log[0]?.outcome === "sent", "the first look");
      const others = [];
      for (let at = 0; at < 8; at++) {
        others.push(isolate.ask(WAYS[at % 2 ? 0 : 2], url));
        await sleep(100);
      }
      allAnswered(await Promise.all([first, ...others]), WITHIN);
      const stats = await mock.stats("m");
      assert.deepEqual([withStatus(stats, 503), withStatus(stats, 200)], [1, 9]);
    },
  },
  {
    name: "six requests at once that make three calls each to a cold model are all answered",
    async run({ isolate, mock }) {
      const url = await put(mock, "m", COLD);
      allAnswered(await isolate.askAll(6, "threeQueries", url), WITHIN);
      const stats = await mock.stats("m");
      assert.ok(withStatus(stats, 503) <= AT_FIRST, `${withStatus(stats, 503)} found it loading`);
      assert.equal(withStatus(stats, 200), 18);
    },
  },
  {
    name: "whoever waits for a cold model gives up after its own maxWaitMs",
    async run({ isolate, mock }) {
      const url = await put(mock, "m", { cold: { ms: 600_000, says: 40 } });
      const call = { loading: { maxWaitMs: 800 } };
      const all = await isolate.askAll(12, "query", url, { call });
      allFailed(all, ["model_loading"], 1_500);
      for (const { phase } of all) assert.equal(phase, "wait");
      assert.ok((await mock.stats("m")).requests <= AT_FIRST);
    },
  },
];
