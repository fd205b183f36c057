// Clients that leave: the runtime ends their requests, with their timers and fetches, and tells nobody. What they held
// is taken over within six seconds.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { answer } from "../../package/cases/mock.js";
import { putStream as put } from "../../package/cases/streamed.js";
import { fail } from "./breaker.js";
import { allAnswered, allFailed, tally, withStatus } from "./outcomes.js";

const TAKEN_OVER = 6_000;
const ONE = { "of one": { concurrency: { max: 1 } } };

/** A request whose client can leave it. */
function leavable(isolate, ...ask) {
  const client = new AbortController();
  const [way, url, options] = ask;
  const asked = isolate.ask(way, url, { ...options, signal: client.signal });
  return {
    async leave() {
      client.abort();
      const { how, ms } = await asked;
      assert.equal(how, "left", `${how} after ${ms} ms, before its client left`);
      return performance.now();
    },
  };
}

/** How long ago that was. */
const since = (then) => Math.round(performance.now() - then);

export const leaving = [
  ...["query", "stream", "fetch"].map((way) => ({
    name: `when the client of who looks after a cold model leaves while it sleeps, those who wait are all answered by ${way}`,
    async run({ isolate, mock }) {
      const url = await put(mock, "m", { cold: { ms: 3_000, says: 16 } });
      const leader = leavable(isolate, way, url);
      await mock.statsOnce("m", ({ log }) => log[0]?.outcome === "sent", "the first look");
      const others = isolate.askAll(5, way, url);
      await sleep(300);
      const left = await leader.leave();
      const all = await others;
      allAnswered(all, 20_000);
      assert.ok(since(left) <= TAKEN_OVER + 2_000, `answered ${since(left)} ms after it had left`);
      const stats = await mock.stats("m");
      assert.ok(withStatus(stats, 503) <= 3, `${withStatus(stats, 503)} found it loading`);
      assert.equal(withStatus(stats, 200), 5);
    },
  })),
  {
    name: "when the client of who looks after a cold model leaves while its look is in flight, those who wait are all answered",
    async run({ isolate, mock }) {
      const late = 1_500;
      // The first look, after a second, finds it up.
      const url = await put(mock, "m", { cold: { ms: 500, says: 4 }, latencyMs: late });
      const leader = leavable(isolate, "query", url);
      await mock.statsOnce("m", ({ log }) => log[0]?.outcome === "sent", "the first look");
      const others = isolate.askAll(5, "query", url);
      await mock.statsOnce("m", ({ requests, inFlight }) => requests === 2 && inFlight === 1, "the second look");
      const left = await leader.leave();
      allAnswered(await others, 20_000);
      // The next look, and then the others, each as late as the server is.
      assert.ok(since(left) <= TAKEN_OVER + 2 * late + 2_000, `answered ${since(left)} ms after it had left`);
      assert.equal((await mock.stats("m")).aborted, 1);
    },
  },
  {
    name: "when the clients of all who wait for a cold model leave, those who come then are all answered",
    async run({ isolate, mock }) {
      const url = await put(mock, "m", { cold: { ms: 3_000, says: 16 } });
      const gone = Array.from({ length: 6 }, () => leavable(isolate, "query", url));
      await mock.statsOnce("m", ({ log }) => log[0]?.outcome === "sent", "the first look");
      await sleep(500);
      await Promise.all(gone.map(({ leave }) => leave()));
      allAnswered(await isolate.askAll(6, "query", url), TAKEN_OVER + 2_000);
    },
  },
  {
    name: "when the client of a probe leaves, another call is the probe within six seconds, and then all are answered",
    clients: { quick: { breaker: { openMs: 1_000 } } },
    async run({ isolate, mock }) {
      const down = answer(503, { error: "Service Unavailable" });
      const url = await put(mock, "m", { script: [...Array(5).fill(down), { delayMs: 60_000 }], latencyMs: 100 });
      await fail(isolate, url, "quick");
      await sleep(1_300);
      const probe = leavable(isolate, "query", url, { client: "quick" });
      await mock.statsOnce("m", ({ requests, inFlight }) => requests === 6 && inFlight === 1, "the probe");
      await sleep(200);
      allFailed(await isolate.askAll(3, "query", url, { client: "quick" }), ["circuit_open"], 1_000);
      const left = await probe.leave();
      let next;
      do {
        await sleep(250);
        next = await isolate.ask("query", url, { client: "quick" });
      } while (next.code === "circuit_open" && since(left) < TAKEN_OVER + 2_000);
      assert.equal(next.how, "answered", `${next.code} still, ${since(left)} ms after it had left`);
      assert.ok(since(left) <= TAKEN_OVER + 1_000, `answered ${since(left)} ms after it had left`);
      allAnswered(await isolate.askAll(12, "query", url, { client: "quick" }), 4 * 100 + 2_000);
    },
  },
  ...["query", "stream", "fetch"].map((way) => ({
    name: `when the client of a call in flight leaves, the next in line is let in within six seconds by ${way}`,
    clients: ONE,
    async run({ isolate, mock }) {
      const url = await put(mock, "m", { script: [{ delayMs: 60_000 }], latencyMs: 100 });
      const holder = leavable(isolate, way, url, { client: "of one" });
      await mock.statsOnce("m", ({ inFlight }) => inFlight === 1, "the first call");
      const others = isolate.askAll(3, way, url, { client: "of one" });
      await sleep(500);
      const left = await holder.leave();
      allAnswered(await others, 20_000);
      assert.ok(since(left) <= TAKEN_OVER + 3 * 100 + 1_000, `answered ${since(left)} ms after it had left`);
      const { requests, maxInFlight } = await mock.stats("m");
      assert.deepEqual({ requests, maxInFlight }, { requests: 4, maxInFlight: 1 });
    },
  })),
  {
    name: "when the client of the first in line leaves, those behind it are let in within six seconds of their turn",
    clients: ONE,
    async run({ isolate, mock }) {
      const url = await put(mock, "m", { script: [{ delayMs: 1_500 }], latencyMs: 100 });
      const holder = isolate.ask("query", url, { client: "of one" });
      await mock.statsOnce("m", ({ inFlight }) => inFlight === 1, "the first call");
      const first = leavable(isolate, "query", url, { client: "of one" });
      await sleep(200);
      const others = isolate.askAll(3, "query", url, { client: "of one" });
      await sleep(200);
      await first.leave();
      allAnswered([await holder], 3_000);
      const turn = performance.now();
      allAnswered(await others, 20_000);
      assert.ok(since(turn) <= TAKEN_OVER + 3 * 100 + 1_000, `answered ${since(turn)} ms after the place was free`);
      assert.equal((await mock.stats("m")).requests, 4);
    },
  },
  ...["passOn", "passOnText"].map((way) => ({
    name: `when a client leaves in the middle of its stream, the next in line is let in within six seconds (${way})`,
    clients: ONE,
    async run({ isolate, mock }) {
      const url = await put(mock, "m", { stream: { tokens: 600, tokensPerSecond: 20 } });
      const others = [];
      const reader = new AbortController();
      let left;
      const onText = (text) => {
        if (left || !text.includes("word2")) return;
        left = performance.now();
        others.push(...Array.from({ length: 2 }, () => isolate.ask("query", url, { client: "of one" })));
        setTimeout(() => reader.abort(), 200);
      };
      assert.equal((await isolate.ask(way, url, { client: "of one", signal: reader.signal, onText })).how, "left");
      assert.equal(others.length, 2);
      assert.deepEqual(tally(await Promise.all(others)), { answered: 2 });
      assert.ok(since(left) <= TAKEN_OVER + 1_200, `answered ${since(left)} ms after it had left`);
      await mock.statsOnce("m", ({ aborted, inFlight }) => aborted === 1 && inFlight === 0, "the end of the stream that was left");
    },
  })),
];
