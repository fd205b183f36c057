// Calls that hold something for longer than a lease of five seconds: as long as their requests live, they keep it.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { answer } from "../../package/cases/mock.js";
import { putStream as put } from "../../package/cases/streamed.js";
import { fail } from "./breaker.js";
import { allAnswered, allFailed, tally, withStatus } from "./outcomes.js";

const LONG = 8_000;
const ONE = { "of one": { concurrency: { max: 1 } } };

export const leases = [
  {
    name: "a call that is in flight for eight seconds keeps its place, and then those in line are let in",
    clients: ONE,
    async run({ isolate, mock }) {
      const url = await put(mock, "m", { script: [{ delayMs: LONG }], latencyMs: 100 });
      const holder = isolate.ask("query", url, { client: "of one" });
      await mock.statsOnce("m", ({ inFlight }) => inFlight === 1, "the first call");
      const others = await isolate.askAll(3, "query", url, { client: "of one" });
      allAnswered([await holder, ...others], LONG + 2_000);
      const { requests, maxInFlight } = await mock.stats("m");
      assert.deepEqual({ requests, maxInFlight }, { requests: 4, maxInFlight: 1 });
    },
  },
  ...["passOn", "passOnText"].map((way) => ({
    name: `a stream of eight seconds keeps its place, and then those in line are let in (${way})`,
    clients: ONE,
    async run({ isolate, mock }) {
      const url = await put(mock, "m", { stream: { tokens: LONG / 200, tokensPerSecond: 5 } });
      const holder = isolate.ask(way, url, { client: "of one" });
      await mock.statsOnce("m", ({ inFlight }) => inFlight === 1, "the stream");
      const others = await isolate.askAll(3, "query", url, { client: "of one" });
      const ends = [await holder, ...others];
      assert.deepEqual(tally(ends), { answered: 4 });
      assert.ok(ends[0].ms >= 0.9 * LONG, `it took ${ends[0].ms} ms`);
      assert.ok(Math.max(...ends.map(({ ms }) => ms)) <= LONG + 2_000);
      const { requests, maxInFlight } = await mock.stats("m");
      assert.deepEqual({ requests, maxInFlight }, { requests: 4, maxInFlight: 1 });
    },
  })),
  {
    name: "who looks after a cold model sleeps for eight seconds, and nobody looks in its stead",
    async run({ isolate, mock }) {
      // A quarter of what it says.
      const url = await put(mock, "m", { cold: { ms: 3_000, says: 4 * (LONG / 1_000) } });
      const leader = isolate.ask("query", url);
      await mock.statsOnce("m", ({ log }) => log[0]?.outcome === "sent", "the first look");
      const others = await isolate.askAll(5, "query", url);
      allAnswered([await leader, ...others], LONG + 2_000);
      const stats = await mock.stats("m");
      assert.deepEqual([withStatus(stats, 503), withStatus(stats, 200)], [1, 6]);
      assert.ok(stats.log[1].atMs >= 0.9 * LONG, `the second look came after ${stats.log[1].atMs} ms`);
    },
  },
  {
    name: "a look at a cold model is in flight for eight seconds: after three it is being worked on, and the others are sent",
    async run({ isolate, mock }) {
      const url = await put(mock, "m", { cold: { ms: 500, says: 4 }, script: [{ delayMs: LONG }] });
      const leader = isolate.ask("query", url);
      await mock.statsOnce("m", ({ log }) => log[0]?.outcome === "sent", "the first look");
      const followers = await isolate.askAll(5, "query", url);
      allAnswered([await leader, ...followers], 1_000 + LONG + 2_000);
      const { log } = await mock.stats("m");
      const others = log.slice(2).map(({ atMs }) => atMs - log[1].atMs);
      assert.ok(Math.min(...others) >= 2_950 && Math.max(...others) < 4_500, `sent ${others} ms after the look`);
      assert.equal(log.length, 7);
    },
  },
  {
    name: "a probe is in flight for eight seconds, and nobody is sent in its stead",
    clients: { quick: { breaker: { openMs: 1_000 } } },
    async run({ isolate, mock }) {
      const down = answer(503, { error: "Service Unavailable" });
      const url = await put(mock, "m", { script: [...Array(5).fill(down), { delayMs: LONG }], latencyMs: 100 });
      await fail(isolate, url, "quick");
      await sleep(1_300);
      const probe = isolate.ask("query", url, { client: "quick" });
      await mock.statsOnce("m", ({ requests }) => requests === 6, "the probe");
      for (const wait of [100, 5_200, 1_000]) {
        await sleep(wait);
        allFailed(await isolate.askAll(3, "query", url, { client: "quick" }), ["circuit_open"], 500);
      }
      allAnswered([await probe], LONG + 1_000);
      allAnswered(await isolate.askAll(12, "query", url, { client: "quick" }), 4 * 100 + 2_000);
      assert.equal((await mock.stats("m")).requests, 6 + 12);
    },
  },
];
