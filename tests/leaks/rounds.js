// What the programs here share: rounds of calls of every kind, 20 at a time, on one shared signal,
// and what they leave behind. The arguments: the package's folder, the URLs of mock models as JSON,
// and how many calls a round has.
import { getEventListeners } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";

const [folder, json, count] = process.argv.slice(2);
export const urls = JSON.parse(json);
const AT_ONCE = 20;
const MORE_ROUNDS = 3;

const warnings = [];
process.on("warning", (warning) => warnings.push(String(warning)));

// The core's memory and its table of JavaScript values, which are the package's own business.
// Node's parser of HTTP is WebAssembly too, and instantiated by the first request: hence this one.
await (await fetch(urls.answers)).text();
const cores = await import("./cores.js");

const { createClient } = await import(pathToFileURL(join(folder, "dist/index.js")));

/** So many errors on purpose would open its breaker and spend its budget. */
export const client = createClient({ breaker: false, retryBudget: false, concurrency: { min: 64 } });

export const { signal } = new AbortController();

export const fails = (call, expected) =>
  call.then(
    () => Promise.reject(new Error(`answered instead of ${expected}`)),
    (error) => {
      if ((error.code ?? error) !== expected) throw error;
    },
  );

/** A call that its own caller leaves after `ms`: `make` takes the signal. */
export function left(ms, make) {
  const caller = new AbortController();
  const call = fails(make(caller.signal), "left");
  setTimeout(() => caller.abort("left"), ms);
  return call.finally(() => {
    if (getEventListeners(caller.signal, "abort").length > 0) throw new Error("a listener was left on the caller's own signal");
  });
}

async function round(kinds, calls, atOnce = AT_ONCE) {
  let begun = 0;
  const caller = async () => {
    while (begun < calls) await kinds[begun++ % kinds.length]();
  };
  await Promise.all(Array.from({ length: atOnce }, caller));
}

async function measured() {
  // Until fetch has closed its idle connections, which it keeps for four seconds, as many as it has.
  await sleep(5_500);
  // Several, with turns between: what fetch keeps until it is collected is freed by finalizers.
  for (let turn = 0; turn < 6; turn++) {
    globalThis.gc();
    await sleep(20);
  }
  return {
    heapBytes: process.memoryUsage().heapUsed,
    memoryBytes: cores.exported(WebAssembly.Memory).reduce((sum, memory) => sum + memory.buffer.byteLength, 0),
    tableLength: cores.exported(WebAssembly.Table).reduce((sum, table) => sum + table.length, 0),
    listeners: getEventListeners(signal, "abort").length,
    timers: process.getActiveResourcesInfo().filter((name) => name === "Timeout").length,
  };
}

/**
 * `shares`: out of twenty calls so many of each kind. Prints what they leave behind. The last line is
 * printed when `last` has ended; nothing here ends the process.
 */
export async function measureRounds(shares, last) {
  const kinds = shares.flatMap(([share, call]) => Array(share).fill(call));
  const begun = performance.now();
  // As many again as are measured: the engine goes on compiling for some thousand calls.
  // And three times as many at once: the most that was ever under way is what memory and table keep.
  await round(kinds, Number(count), 3 * AT_ONCE);
  let warm = await measured();
  let listenersInBetween = 0;
  const watch = setInterval(() => (listenersInBetween = Math.max(listenersInBetween, getEventListeners(signal, "abort").length)), 5);
  await round(kinds, Number(count) - 1);
  clearInterval(watch);
  let end = await measured();
  // What was ever needed at once may come late, and on a busy machine what the engine compiles does
  // too: by a megabyte. A leak goes on with every round.
  for (let more = 0; more < MORE_ROUNDS && (end.memoryBytes > warm.memoryBytes || end.heapBytes > warm.heapBytes); more++) {
    warm = end;
    await round(kinds, Number(count));
    end = await measured();
  }
  console.log(JSON.stringify({ warm, end, listenersInBetween, warnings, cores: cores.count(), tookMs: Math.round(performance.now() - begun) }));
  await last();
  console.log("the last call has ended");
}
