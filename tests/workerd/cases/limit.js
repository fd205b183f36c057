// More calls at once than the limit of the client lets go: it begins with four, and grows by one with each success.
import assert from "node:assert/strict";
import { putStream as put } from "../../package/cases/streamed.js";
import { allAnswered, allEnded, allFailed, tally, WAYS } from "./outcomes.js";

const LATE = 400;
// Three rounds of four, if the limit did not grow, and time for a busy machine.
const THREE_ROUNDS = 3 * LATE + 800;

// So many refusals may be more than the retry budget pays for, which is 5 and a tenth of the calls.
const OF_FORTY = {
  "of a Worker": { what: "as the README has it for Workers", ends: ["answered"] },
  insistent: { what: "without a retry budget", ends: ["answered"] },
  default: { what: "without options", ends: ["answered", "overloaded"] },
};
const CLIENTS = { "of a Worker": { concurrency: { max: 5 } }, insistent: { retryBudget: false } };

const inFlightAt = (log, ms) => log.filter(({ atMs, endedAtMs }) => atMs <= ms && endedAtMs > ms).length;

export const limit = [
  ...WAYS.map((way) => ({
    name: `twelve at once are all answered by ${way}`,
    async run({ isolate, mock }) {
      const url = await put(mock, "m", { latencyMs: LATE });
      allAnswered(await isolate.askAll(12, way, url), THREE_ROUNDS);
      assert.equal((await mock.stats("m")).requests, 12);
    },
  })),
  {
    name: "twelve at once are all answered by a client that the first of them makes",
    async run({ isolate, mock }) {
      const url = await put(mock, "m", { latencyMs: LATE });
      allAnswered(await isolate.askAll(12, "query", url, { client: "made by a request" }), THREE_ROUNDS);
      assert.equal((await mock.stats("m")).requests, 12);
    },
  },
  {
    name: "twelve at once, of every kind, are all answered",
    async run({ isolate, mock }) {
      const url = await put(mock, "m", { latencyMs: LATE });
      // The plain functions have a limit of their own.
      allAnswered(await Promise.all([...WAYS, ...WAYS].map((way) => isolate.ask(way, url))), THREE_ROUNDS);
      assert.equal((await mock.stats("m")).requests, 12);
    },
  },
  {
    name: "six requests at once that make three calls each are all answered",
    async run({ isolate, mock }) {
      const url = await put(mock, "m", { latencyMs: LATE });
      allAnswered(await isolate.askAll(6, "threeQueries", url), 5 * LATE + 800);
      assert.equal((await mock.stats("m")).requests, 18);
    },
  },
  {
    name: "a second dozen is answered as well, when the requests of the first are over",
    async run({ isolate, mock }) {
      const url = await put(mock, "m", { latencyMs: LATE });
      const client = "of four";
      for (const dozen of ["the first", "the second"]) allAnswered(await isolate.askAll(12, "query", url, { client }), THREE_ROUNDS, dozen);
      assert.equal((await mock.stats("m")).maxInFlight, 4);
    },
    clients: { "of four": { concurrency: { max: 4 } } },
  },
  ...Object.entries(OF_FORTY).map(([client, { what, ends }]) => ({
    name: `forty at once on a server that takes four are all ${ends.join(" or ")} by a client ${what}, and its limit is kept from the first refusal on`,
    clients: CLIENTS,
    async run({ isolate, mock }) {
      const url = await put(mock, "m", { slots: 4, latencyMs: 200 });
      const all = await isolate.askAll(40, "query", url, { client });
      // Ten rounds of four, and two waits of up to two and four seconds.
      allEnded(all, ends, 10 * 200 + 6_000 + 2_000);
      const { log } = await mock.stats("m");
      const refused = log.filter(({ status }) => status === 429);
      assert.ok(refused.length <= 12, `${refused.length} were refused, which should be one a round`);
      assert.ok(40 - (tally(all).answered ?? 0) <= 4, JSON.stringify(tally(all)));
      // What was sent until the client knew. Then it sends one more than the server takes now and then, to see whether it
      // takes more, and that one may be on its way while the next is.
      const known = refused[0].endedAtMs + 20;
      const most = Math.max(...log.filter(({ atMs }) => atMs > known).map(({ atMs }) => inFlightAt(log, atMs)));
      assert.ok(most <= 6, `${most} in flight`);
    },
  })),
  {
    name: "a call in line ends by its own clock, though the call before it does not end",
    clients: { "of one": { concurrency: { max: 1 } } },
    async run({ isolate, mock }) {
      const url = await put(mock, "m", { script: [{ delayMs: 5_000 }] });
      const first = isolate.ask("query", url, { client: "of one" });
      await mock.statsOnce("m", ({ inFlight }) => inFlight === 1, "the first call");
      const call = { timeouts: { totalMs: 800 } };
      const others = await isolate.askAll(5, "query", url, { client: "of one", call });
      allFailed(others, ["timeout"], 1_300);
      for (const { phase, ms } of others) assert.ok(phase === "queue" && ms >= 790, `${phase} after ${ms} ms`);
      allAnswered([await first], 6_000);
      assert.equal((await mock.stats("m")).requests, 1);
    },
  },
];
