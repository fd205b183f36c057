// A target that fails: one isolate finds out, and of all isolates one call probes.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { answer } from "../../package/cases/mock.js";
import { putStream as put } from "../../package/cases/streamed.js";
import { fail } from "../cases/breaker.js";
import { allFailed } from "../cases/outcomes.js";
import { until } from "./until.js";

const DOWN = answer(503, { error: "Service Unavailable" });
const ONCE = { call: { maxRetries: 0 } };
const OPEN_MS = 1_500;
const COUNT = 6;

const isOpen = async (isolate) => (await isolate.stats())[0]?.breaker === "open";

export const circuits = [0, 100].map((latencyMs) => ({
  name: `a circuit that one isolate opens is open for the others about a second later, and each half-open period has one probe of all, of a target that takes ${latencyMs} ms`,
  count: COUNT,
  sharing: { breaker: { openMs: OPEN_MS } },
  async run({ fleet, mock }) {
    const url = await put(mock, "m", { script: Array(7 + COUNT).fill(DOWN), then: DOWN, latencyMs });
    const [first, ...others] = fleet.isolates;
    await fail(first, url);
    const told = await until(
      async () => (await Promise.all(others.map(isOpen))).every(Boolean),
      () => Promise.all(others.map((isolate) => isolate.ask("query", url, ONCE))),
    );
    assert.ok(told <= 1_300, `${told} ms`);
    const { requests } = await mock.stats("m");
    assert.ok(requests <= 5 + 3 * others.length, `${requests} requests`);
    // All have calls all the time, which are refused at once.
    const ends = performance.now() + 7_000;
    const asks = async (isolate) => {
      while (performance.now() < ends) {
        const outcome = await isolate.ask("query", url, ONCE);
        allFailed([outcome], ["circuit_open", "unavailable"], latencyMs + 500);
        await sleep(60);
      }
    };
    await Promise.all(fleet.isolates.map(asks));
    const { log } = await mock.stats("m");
    const probes = log.slice(requests).map(({ atMs }) => atMs);
    assert.ok(probes.length >= 2 && probes.length <= 4, `${probes.length} probes`);
    const gaps = probes.slice(1).map((at, nth) => at - probes[nth]);
    assert.ok(
      gaps.every((gap) => gap >= OPEN_MS),
      `${gaps} ms between probes`,
    );
  },
}));
