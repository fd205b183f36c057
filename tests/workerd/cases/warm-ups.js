// Warm-ups, and requests for the status of a model: another request may not wait for them, so each has its own or waits by its own timer.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { allAnswered, tally } from "./outcomes.js";

const COLD = { cold: { ms: 3_000, says: 4 } };
const WITHIN = 3_000 + 3_000;

/** How a model is warmed up: by its payload, or by a cheap status that the server has. */
const servers = {
  "that has no status": { scenario: { server: "vllm", ...COLD }, path: "/v1/chat/completions" },
  "of llama.cpp, which has one": { scenario: { server: "llama.cpp", ...COLD }, path: "/v1/chat/completions" },
};

const meet = async (mock, { scenario, path }) => `${await mock.put("m", scenario)}${path}`;
const isAsked = (mock) => mock.statsOnce("m", ({ log }) => log.length > 0, "the first request");

export const warmUps = [
  ...Object.entries(servers).flatMap(([what, server]) => [
    {
      name: `twelve warm-ups at once of a cold model ${what} all end when it is up`,
      async run({ isolate, mock }) {
        const url = await meet(mock, server);
        allAnswered(await isolate.askAll(12, "warmUp", url), WITHIN);
      },
    },
    {
      name: `warm-ups and calls at once to a cold model ${what} are all answered`,
      async run({ isolate, mock }) {
        const url = await meet(mock, server);
        const ways = ["warmUp", "query", "warmUpAndQuery", "stream", "fetch"];
        allAnswered(await Promise.all(Array.from({ length: 20 }, (_, at) => isolate.ask(ways[at % ways.length], url))), WITHIN);
      },
    },
    ...["warmUp", "query"].map((way) => ({
      name: `when the client of the first ${way} to a cold model ${what} leaves while it waits, the others are answered all the same`,
      async run({ isolate, mock }) {
        const url = await meet(mock, server);
        const reader = new AbortController();
        const first = isolate.ask(way, url, { signal: reader.signal });
        await isAsked(mock);
        const others = ["warmUp", "query", "warmUpAndQuery", "warmUp", "stream"].map((other) => isolate.ask(other, url));
        await sleep(300);
        reader.abort();
        assert.equal((await first).how, "left");
        // And the six seconds after which a lease is taken over.
        allAnswered(await Promise.all(others), 6_000 + WITHIN);
      },
    })),
    {
      name: `when all clients of warm-ups of a cold model ${what} leave one by one, those who come afterwards are answered`,
      async run({ isolate, mock }) {
        const url = await meet(mock, server);
        const gone = Array.from({ length: 10 }, async (_, at) => {
          const client = new AbortController();
          setTimeout(() => client.abort(), 100 + at * 200);
          return isolate.ask(at % 2 ? "warmUp" : "warmUpAndQuery", url, { signal: client.signal });
        });
        assert.deepEqual(tally(await Promise.all(gone)), { left: 10 });
        allAnswered(await isolate.askAll(6, "warmUpAndQuery", url), 6_000 + WITHIN);
      },
    },
  ]),
  {
    name: "a status that hangs in one request holds up no warm-up of another",
    async run({ isolate, mock }) {
      const stalls = Array(2).fill({ status: 200, body: "ok", fault: { kind: "stall", at: "accept" } });
      const url = `${await mock.put("m", { server: "llama.cpp", script: stalls })}/completion`;
      const first = isolate.askAll(2, "warmUp", url);
      await mock.statsOnce("m", ({ log }) => log.length > 1, "both");
      allAnswered(await isolate.askAll(6, "warmUp", url), 2_000);
      allAnswered(await first, 4_000 + 2_000);
    },
  },
];
