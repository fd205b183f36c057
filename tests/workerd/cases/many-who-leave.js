// Two hundred requests whose clients leave, at any moment of them.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { putStream as put } from "../../package/cases/streamed.js";
import { allAnswered, tally } from "./outcomes.js";

const LEAVES_WITHIN = 3_000;
const TAKEN_OVER = 6_000;
/** Of 200 who leave. */
const CROSSINGS = 20;

export const manyWhoLeave = [
  {
    name: "after 200 requests whose clients left at any moment twenty at once are all answered, and nothing is in flight or in line",
    async run({ isolate, mock }) {
      const urls = await Promise.all([
        put(mock, "cold", { cold: { ms: 4_000, says: 8 } }),
        put(mock, "slow", { latencyMs: 600 }),
        put(mock, "streams", { latencyMs: 50, stream: { tokensPerSecond: 5 } }),
        put(mock, "fails", { script: Array(3).fill({ status: 502 }), latencyMs: 300 }),
      ]);
      const ways = [
        ["query", "stream", "fetch"],
        ["query", "fetch", "threeQueries"],
        ["stream", "passOn", "passOnText", "fetchStream"],
        ["query", "stream"],
      ];
      const gone = Array.from({ length: 200 }, async (_, at) => {
        const [url, of] = [urls[at % 4], ways[at % 4]];
        const client = new AbortController();
        setTimeout(() => client.abort(), Math.random() * LEAVES_WITHIN);
        return isolate.ask(of[(at >> 2) % of.length], url, { signal: client.signal });
      });
      const ends = tally(await Promise.all(gone));
      assert.ok(ends.left >= 100, JSON.stringify(ends));

      const after = urls.flatMap((url, of) => Array.from({ length: 5 }, () => isolate.ask(ways[of][0], url)));
      // Where all places are held by requests that are gone, and then a stream of 1.2 s, two looks, or two rounds.
      allAnswered(await Promise.all(after), TAKEN_OVER + 3_000 + 2_000, JSON.stringify(ends));

      let busy;
      for (const begun = performance.now(); performance.now() - begun < 10_000; await sleep(250)) {
        busy = (await isolate.stats()).filter(({ inFlight, queued }) => inFlight > 0 || queued > 0);
        if (busy.length === 0) break;
      }
      // A warning for each of them that has left within the last moments is all that there may be.
      assert.ok(isolate.crossings() <= CROSSINGS, `${isolate.crossings()} warnings`);
      assert.deepEqual(
        busy.map(({ target, inFlight, queued }) => ({ target, inFlight, queued })),
        [],
      );
    },
  },
];
