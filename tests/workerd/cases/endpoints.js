// A paused endpoint: one of the requests resumes it, and the others wait for it, each by its own timer.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { allAnswered } from "./outcomes.js";

const PAUSED = { states: [{ state: "paused" }], resumed: [{ state: "initializing", ms: 1_000 }, { state: "running" }] };
/** Looks are three seconds apart, and the endpoint is up before the second one. */
const WITHIN = 1_000 + 2 * 3_000 + 2_000;

const resumes = ({ log }) => log.filter(({ path }) => path.endsWith("/resume")).length;

async function meet(mock) {
  const url = await mock.put("e", { server: "endpoint", managed: PAUSED });
  return { url: `${url}/v1/chat/completions`, client: `managing ${url}` };
}

export const endpoints = [
  ...["query", "stream"].map((way) => ({
    name: `twelve at once to a paused endpoint are all answered by ${way}, and one of them resumes it`,
    async run({ isolate, mock }) {
      const { url, client } = await meet(mock);
      allAnswered(await isolate.askAll(12, way, url, { client }), WITHIN);
      assert.equal(resumes(await mock.stats("e")), 1);
    },
  })),
  {
    name: "when the client of the one that resumes a paused endpoint leaves, the others are answered all the same",
    async run({ isolate, mock }) {
      const { url, client } = await meet(mock);
      const reader = new AbortController();
      const first = isolate.ask("query", url, { client, signal: reader.signal });
      await mock.statsOnce("e", (stats) => resumes(stats) === 1, "the resume");
      const others = isolate.askAll(5, "query", url, { client });
      await sleep(100);
      reader.abort();
      assert.equal((await first).how, "left");
      allAnswered(await others, 20_000);
      assert.equal(resumes(await mock.stats("e")), 1);
    },
  },
];
