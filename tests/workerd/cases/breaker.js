// A target that fails: nobody hangs on its breaker, be it open or half-open.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { answer } from "../../package/cases/mock.js";
import { putStream as put } from "../../package/cases/streamed.js";
import { allAnswered, allFailed, tally } from "./outcomes.js";

const DOWN = answer(503, { error: "Service Unavailable" });
const ONCE = { maxRetries: 0 };
const LATE = 300;
/** Up to a quarter more than `openMs`. */
const QUICK = { quick: { breaker: { openMs: 1_000 } } };
const OPEN = 1_250;

/** Opens the breaker of a client, one failure after the other. */
export async function fail(isolate, url, client, times = 5) {
  for (let at = 0; at < times; at++) allFailed([await isolate.ask("query", url, { client, call: ONCE })], ["unavailable"], 2_000);
}

export const breaker = [
  {
    name: "twelve at once behind an open breaker are each circuit_open at once, and nothing is sent",
    async run({ isolate, mock }) {
      const url = await put(mock, "m", { then: DOWN });
      await fail(isolate, url);
      for (const way of ["query", "stream", "fetch"]) allFailed(await isolate.askAll(12, way, url), ["circuit_open"], 1_000);
      assert.equal((await mock.stats("m")).requests, 5);
    },
  },
  {
    name: "whoever is in line when the breaker opens is circuit_open then",
    async run({ isolate, mock }) {
      const url = await put(mock, "m", { then: { ...DOWN, delayMs: LATE } });
      const all = await isolate.askAll(20, "query", url, { call: ONCE });
      // Those that went together may be too many; the others one by one, of which the fifth opens it.
      allFailed(all, ["unavailable", "circuit_open"], 2 * LATE + 3_000);
      const { requests } = await mock.stats("m");
      assert.ok(requests <= 13, `${requests} requests`);
      assert.ok(tally(all).circuit_open >= 20 - requests);
    },
  },
  {
    name: "of twelve at once on a half-open breaker one is the probe and nobody hangs, and then twelve at once are let in step by step",
    clients: QUICK,
    async run({ isolate, mock }) {
      const url = await put(mock, "m", { script: Array(5).fill(DOWN), latencyMs: LATE });
      await fail(isolate, url, "quick");
      await sleep(OPEN + 50);
      const all = await isolate.askAll(12, "query", url, { client: "quick" });
      allFailed(
        all.filter(({ how }) => how !== "answered"),
        ["circuit_open"],
        1_000,
      );
      const { answered } = tally(all);
      const { log } = await mock.stats("m");
      assert.equal(log.length, 5 + answered);
      const probe = log[5];
      const beside = log.filter(({ atMs }) => atMs > probe.atMs && atMs < probe.endedAtMs);
      assert.deepEqual(beside, [], "sent while the probe was under way");
      // 1 was the probe, then 1, 2, 4 and 8 at once.
      allAnswered(await isolate.askAll(12, "query", url, { client: "quick" }), 4 * LATE + 2_000);
      assert.equal((await mock.stats("m")).requests, 5 + answered + 12);
    },
  },
  {
    name: "when the probe of a half-open breaker finds the target down, all are circuit_open, and the next probe lets them in",
    clients: QUICK,
    async run({ isolate, mock }) {
      const url = await put(mock, "m", { script: Array(6).fill(DOWN), latencyMs: LATE });
      await fail(isolate, url, "quick");
      await sleep(OPEN + 50);
      const all = await isolate.askAll(12, "query", url, { client: "quick", call: ONCE });
      allFailed(all, ["unavailable", "circuit_open"], 1_500);
      assert.equal(tally(all).unavailable, 1);
      // Twice as long now.
      await sleep(2 * OPEN + 50);
      allAnswered([await isolate.ask("stream", url, { client: "quick" })], LATE + 1_000);
      allAnswered(await isolate.askAll(12, "query", url, { client: "quick" }), 4 * LATE + 2_000);
    },
  },
];
