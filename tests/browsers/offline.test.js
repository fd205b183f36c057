// A page without a network: Chromium takes it away, and says so.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { inChromium, missing } from "./driven.js";
import { startOrigin } from "./origin.js";

const AWAY_MS = 5_000;

/** One call; what came of it, its waits, and when it was over. */
async function call({ createClient }, { url, path, after, times = 1 }) {
  const client = createClient();
  const waits = [];
  await new Promise((resolve) => setTimeout(resolve, after));
  const one = async () => {
    try {
      const onEvent = (event) => event.type === "wait" && waits.push([event.reason, event.upTo === true]);
      const { report } = await client.queryWithReport(`${url}/${path}`, { messages: [] }, { onEvent });
      return { ok: true, attempts: report.attempts.length, offlineMs: report.waitedMs.offline };
    } catch (error) {
      return { ok: false, code: error.code, attempts: error.report?.attempts.length };
    }
  };
  let during;
  const looks = setInterval(() => (during ??= client.stats()[0]?.offline), 100);
  const ends = await Promise.all(Array.from({ length: times }, one));
  clearInterval(looks);
  const [{ breaker, offline }] = client.stats();
  return { ends, waits, breaker, during, after: offline };
}

describe("Chromium, offline for 5 s", { skip: missing, concurrency: true, timeout: 120_000 }, () => {
  for (const [when, { path, after = 0, times = 1, attempts }] of Object.entries({
    "before a call": { path: "call?ms=100", after: 2_000, attempts: 1 },
    "before ten calls": { path: "call?ms=100", after: 2_000, times: 10, attempts: 1 },
    "in the wait that a server has asked for": { path: "busy-once", attempts: 2 },
    "in a call, which breaks": { path: "breaks-once?ms=3000", attempts: 2 },
    "in a cold start": { path: "cold?ms=4000", times: 4 },
  })) {
    test(`${when}: answered within six seconds of coming back, nothing sent meanwhile, the breaker shut`, async () => {
      const origin = await startOrigin({ refused: 1 });
      let left, back, over;
      try {
        const told = await inChromium(call, { url: origin.url.replace("127.0.0.1", "far.test"), path, after, times }, async ({ context }) => {
          await sleep(1_000);
          await context.setOffline(true);
          left = performance.now();
          await sleep(AWAY_MS);
          await context.setOffline(false);
          back = performance.now();
        });
        over = performance.now();
        console.log(JSON.stringify({ when, told, backToEndMs: Math.round(over - back) }));
        assert.ok(
          told.ends.every(({ ok }) => ok),
          JSON.stringify(told.ends),
        );
        if (attempts) for (const end of told.ends) assert.equal(end.attempts, attempts);
        assert.ok(over - back < 6_500, `${over - back} ms`);
        const meanwhile = origin.seen.log.filter(({ at }) => at > left + 50 && at < back);
        assert.deepEqual(meanwhile, []);
        assert.ok(
          told.waits.some(([reason]) => reason === "offline"),
          JSON.stringify(told.waits),
        );
        assert.deepEqual([told.breaker, told.during, told.after], ["closed", true, undefined]);
      } finally {
        await origin.stop();
      }
    });
  }
});
