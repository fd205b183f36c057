// node --expose-gc calls.js <package folder> <URLs of mock models as JSON> <calls>
// Makes calls of every kind, 20 at a time, on one shared signal, and prints what they leave behind.
// The last line is printed when the last call has ended; nothing here ends the process.
import { getEventListeners } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";

const [folder, json, count] = process.argv.slice(2);
const urls = JSON.parse(json);
const AT_ONCE = 20;

const warnings = [];
process.on("warning", (warning) => warnings.push(String(warning)));

// The core's memory and its table of JavaScript values, which are the package's own business.
// Node's parser of HTTP is WebAssembly too, and instantiated by the first request: hence this one.
await (await fetch(urls.answers)).text();
const cores = [];
const { instantiate } = WebAssembly;
WebAssembly.instantiate = async (...args) => {
  const core = await instantiate(...args);
  cores.push(core.exports);
  return core;
};
const core = (kind) => cores.flatMap((exports) => Object.values(exports)).filter((value) => value instanceof kind);

const { queryWithRetry } = await import(pathToFileURL(join(folder, "dist/index.js")));

const shared = new AbortController();
const { signal } = shared;
const payload = { inputs: "the same", parameters: { top_k: 3 } };

const succeeds = (call) => call;
const fails = (call, expected) =>
  call.then(
    () => Promise.reject(new Error(`answered instead of ${expected}`)),
    (error) => {
      if ((error.code ?? error) !== expected) throw error;
    },
  );

/** A call that its own caller leaves after `ms`. */
function left(url, ms, options) {
  const caller = new AbortController();
  const call = fails(queryWithRetry(url, payload, { ...options, signal: caller.signal }), "left");
  setTimeout(() => caller.abort("left"), ms);
  return call.finally(() => {
    if (getEventListeners(caller.signal, "abort").length > 0) throw new Error("a listener was left on the caller's own signal");
  });
}

// Out of twenty calls: so many of each kind.
const kinds = [
  [7, () => succeeds(queryWithRetry(urls.answers, payload, { signal }))],
  [3, () => succeeds(queryWithRetry(urls.busy, payload, { signal, maxRetries: 50 }))],
  [2, () => succeeds(queryWithRetry(urls.resets, payload, { signal, maxRetries: 50 }))],
  [1, () => fails(queryWithRetry(urls.cut, payload, { signal, maxRetries: 0 }), "network")],
  [1, () => fails(queryWithRetry(urls.refuses, payload, { signal }), "bad_request")],
  [1, () => left(urls.silent, 30)],
  [1, () => left(urls.halfSilent, 30)],
  [1, () => left(urls.loads, 30)],
  [2, () => fails(queryWithRetry(urls.silent, payload, { signal, maxRetries: 0, timeouts: { attemptMs: 25 } }), "timeout")],
  [1, () => fails(queryWithRetry(urls.pauses, payload, { signal, maxRetries: 0, timeouts: { idleMs: 25 } }), "timeout")],
].flatMap(([share, call]) => Array(share).fill(call));

async function round(calls) {
  let begun = 0;
  const caller = async () => {
    while (begun < calls) await kinds[begun++ % kinds.length]();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, caller));
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
    memoryBytes: core(WebAssembly.Memory).reduce((sum, memory) => sum + memory.buffer.byteLength, 0),
    tableLength: core(WebAssembly.Table).reduce((sum, table) => sum + table.length, 0),
    listeners: getEventListeners(signal, "abort").length,
    timers: process.getActiveResourcesInfo().filter((name) => name === "Timeout").length,
  };
}

const begun = performance.now();
// As many again as are measured: the engine goes on compiling for some thousand calls.
await round(Number(count));
const warm = await measured();
let listenersInBetween = 0;
const watch = setInterval(() => (listenersInBetween = Math.max(listenersInBetween, getEventListeners(signal, "abort").length)), 5);
await round(Number(count) - 1);
clearInterval(watch);
const end = await measured();

console.log(JSON.stringify({ warm, end, listenersInBetween, warnings, cores: cores.length, tookMs: Math.round(performance.now() - begun) }));
await queryWithRetry(urls.answers, payload, { signal });
console.log("the last call has ended");
