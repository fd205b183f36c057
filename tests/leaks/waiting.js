// node --expose-gc waiting.js <package folder> <origin of the server of waiting.test.js> <calls>
// As many calls as that at once on one cold model: until it is up, until their caller leaves, and
// once more until it is up; then five times as many that do not wait. Prints a line of JSON for each.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";

const [folder, origin, count] = process.argv.slice(2);
const CALLS = Number(count);

const control = async (model, what) => (await fetch(`${origin}/${model}`, { method: what })).json();

// Node's parser of HTTP is WebAssembly too, and instantiated by the first request: hence before.
await control("warm", "GET");
const cores = await import("./cores.js");

const { queryWithRetry } = await import(pathToFileURL(join(folder, "dist/index.js")));
const payload = { inputs: "Is it up?" };

async function memory() {
  for (let turn = 0; turn < 6; turn++) {
    globalThis.gc();
    await sleep(20);
  }
  const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage();
  const memories = cores.exported(WebAssembly.Memory);
  const core = memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
  return { heapUsed, external, arrayBuffers, rss, core };
}

/** The same, when fetch has closed its idle connections, which it keeps for four seconds. */
const memoryAfter = () => sleep(5_500).then(memory);

/** Begins the calls, and counts how each of them ends. What this holds of each is a promise. */
function begin(model, options) {
  const ends = {};
  const url = `${origin}/${model}`;
  let open = CALLS;
  let over;
  const all = new Promise((resolve) => (over = resolve));
  const note = (end) => {
    ends[end] = (ends[end] ?? 0) + 1;
    if (--open === 0) over();
  };
  const answered = () => note("answered");
  const failed = (error) => note(error?.code ?? error);
  for (let begun = 0; begun < CALLS; begun++) queryWithRetry(url, payload, options).then(answered, failed);
  return { all, ends };
}

/** Until every call has had its first answer, or waits for somebody else's. */
async function waiting(model) {
  await sleep(2_000);
  for (;;) {
    const before = await control(model, "GET");
    await sleep(500);
    const { inFlight, requests } = await control(model, "GET");
    if (inFlight === 0 && requests - before.requests < CALLS / 100) return requests;
  }
}

async function ordinary(calls) {
  let begun = 0;
  const caller = async () => {
    while (begun++ < calls) await queryWithRetry(`${origin}/warm`, payload);
  };
  await Promise.all(Array.from({ length: 50 }, caller));
}

const tell = (name, told) => console.log(JSON.stringify({ name, ...told }));

/** What so many waiting calls hold, and what is left of them when `end` has ended them. */
async function phase(name, options, end) {
  const before = now;
  const { all, ends } = begin(name, options);
  const requests = await waiting(name);
  const during = await memory();
  const begun = performance.now();
  await end(name);
  await all;
  const seconds = (performance.now() - begun) / 1_000;
  now = await memoryAfter();
  tell(name, { before, during, after: now, requestsWhileCold: requests, requests: (await control(name, "GET")).requests, ends, seconds });
}

// The engine goes on compiling for some thousand calls.
await ordinary(CALLS);
let now = await memoryAfter();
const leaver = new AbortController();
await phase("comes-up", undefined, (model) => control(model, "PUT"));
await phase("is-left", { signal: leaver.signal }, () => leaver.abort("left"));
await phase("comes-up-again", undefined, (model) => control(model, "PUT"));

const before = now;
await ordinary(5 * CALLS);
tell("ordinary", { before, after: await memoryAfter() });
