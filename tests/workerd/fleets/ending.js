// An exchange belongs to the request that began it, and is lost if that request ends first.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { putStream as put } from "../../package/cases/streamed.js";
import { allAnswered, tally } from "../cases/outcomes.js";
import { isShared, until } from "./until.js";

/** How often an isolate was seen alone, out of how many looks. */
async function looks(isolate, ms) {
  const seen = [];
  for (const end = performance.now() + ms; performance.now() < end; await sleep(50)) seen.push(await isolate.state());
  return seen;
}

export const ending = [
  {
    name: "requests that end before the object answers leave the client in the fleet, and the next exchange begins with the next request",
    count: 1,
    async run({ fleet, mock }) {
      const url = await put(mock, "m", { latencyMs: 400 });
      const [isolate] = fleet.isolates;
      await until(
        () => isShared(isolate),
        () => isolate.ask("query", url),
      );
      // Each answer of the object takes longer than a call from now on, and is still in time.
      await mock.put("m", {});
      await fleet.engine(url, "/order", "wait60");
      const watched = looks(isolate, 2_500);
      const calls = [];
      for (const end = performance.now() + 2_500; performance.now() < end;) calls.push(await isolate.ask("query", url));
      allAnswered(calls, 200);
      await watched;
      // Some calls are long enough again.
      await mock.put("m", { latencyMs: 400 });
      const back = await until(
        () => isShared(isolate),
        () => isolate.ask("query", url),
      );
      assert.ok(back <= 2_500, `${back} ms`);
    },
  },
  {
    name: "forty requests at once, half of whose clients leave, leave the isolate in the fleet within a second",
    count: 1,
    async run({ fleet, mock }) {
      const url = await put(mock, "m", { latencyMs: 150 });
      const [isolate] = fleet.isolates;
      for (let round = 0; round < 6; round++) {
        const all = Array.from({ length: 40 }, (_, nth) => {
          const leaving = nth % 2 === 0 ? AbortSignal.timeout(5 + nth) : undefined;
          return isolate.ask(["query", "stream", "fetch"][nth % 3], url, { signal: leaving });
        });
        await Promise.all(all);
      }
      const ends = tally(fleet.outcomes);
      assert.deepEqual(Object.keys(ends).sort(), ["answered", "left"], JSON.stringify(ends));
      const back = await until(
        () => isShared(isolate),
        () => isolate.ask("query", url),
      );
      assert.ok(back <= 1_500, `${back} ms`);
    },
  },
  {
    name: "an isolate whose calls have all been short shares within a second once longer ones come",
    count: 1,
    async run({ fleet, mock }) {
      const url = await put(mock, "m", {});
      const [isolate] = fleet.isolates;
      for (const end = performance.now() + 3_000; performance.now() < end;) {
        allAnswered(await Promise.all([0, 1, 2].map(() => isolate.ask("query", url))), 300);
      }
      await mock.put("m", { latencyMs: 300 });
      const back = await until(
        () => isShared(isolate),
        () => isolate.ask("query", url),
      );
      assert.ok(back <= 1_000, `${back} ms`);
    },
  },
];
