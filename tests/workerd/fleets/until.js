// What a test waits for.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

/** Until the condition holds; `step` is what goes on meanwhile. Returns how long it took, in ms. */
export async function until(condition, step = () => {}, patienceMs = 15_000) {
  const start = performance.now();
  while (performance.now() - start < patienceMs) {
    await step();
    if (await condition()) return performance.now() - start;
    await sleep(50);
  }
  return assert.fail(`it never came to this: ${condition}`);
}

export const isShared = async (isolate) => (await isolate.state()) === "shared";
export const isAlone = async (isolate) => (await isolate.state()) === "alone";
