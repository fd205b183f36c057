// Runs in a process of its own, so that what escapes a panic is seen as a user's process sees it:
// node scenario.js <package folder> <name> <URLs of mock models as JSON>. Prints what happened.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";

const [folder, name, json] = process.argv.slice(2);
const urls = JSON.parse(json);

const escaped = [];
process.on("uncaughtException", (error, origin) => escaped.push(`${origin}: ${error?.stack ?? error}`));

// Node's own fetch instantiates its parser by the first request, which is not to be counted.
await (await fetch(urls.healthy)).text();
let instances = 0;
const { instantiate } = WebAssembly;
WebAssembly.instantiate = (...args) => {
  instances += 1;
  return instantiate(...args);
};

const { queryWithReport, queryWithRetry, streamWithRetry } = await import(pathToFileURL(join(folder, "dist/index.js")));

const payload = { inputs: "Berlin" };
const panics = () => queryWithRetry(`${urls.healthy}/panic-on-purpose`, payload);

/** How a call ended: when, by what, and whether that was this package's confession. */
async function ending(promise) {
  try {
    return { answered: await promise };
  } catch (error) {
    const { name, message, cause } = error;
    return { atMs: performance.now(), name, message, cause: String(cause), isError: error instanceof Error };
  }
}

/** A call, and a promise of the moment when it hears of `type`. */
function until(type, url, options = {}) {
  let call;
  const heard = new Promise((hear, fail) => {
    call = ending(queryWithReport(url, payload, { ...options, onEvent: (event) => event.type === type && hear() }));
    call.then((how) => fail(new Error(`it ended before: ${JSON.stringify(how)}`)));
  });
  return { call, heard };
}

/** A stream that is being read, and a promise of the moment when its first item has come. */
function reading(url) {
  const items = streamWithRetry(url, payload)[Symbol.asyncIterator]();
  const heard = items.next();
  const rest = heard.then(async () => {
    while (!(await items.next()).done);
  });
  return { call: ending(rest), heard };
}

const scenarios = {
  async streams() {
    const streams = [reading(urls.talks), reading(urls.talks)];
    await Promise.all(streams.map(({ heard }) => heard));
    const ends = await Promise.all([ending(panics()), ...streams.map(({ call }) => call)]);
    return { ends, next: await ending(streamWithRetry(urls.tells, payload).finalText()) };
  },

  /** The panic is not in a microtask of the core, but where the stream feeds it. */
  async poisonedStream() {
    const { call, heard } = reading(urls.poison);
    const beside = until("attempt", urls.late);
    await Promise.all([heard, beside.heard]);
    const ends = await Promise.all([call, beside.call]);
    return { ends, next: await ending(streamWithRetry(urls.tells, payload).finalText()) };
  },

  async inFlight() {
    const cold = until("wait", urls.cold, { loading: { defaultWaitMs: 4_000 } });
    const backoff = until("wait", urls.down, { maxRetries: 5 });
    const slow = until("attempt", urls.slow);
    const unanswered = until("attempt", urls.late);
    await Promise.all([cold.heard, backoff.heard, slow.heard, unanswered.heard]);
    await sleep(300); // the first bytes of the slow body have come
    const begunMs = performance.now();
    const ends = await Promise.all([ending(panics()), ...[cold, backoff, slow, unanswered].map(({ call }) => call)]);
    const lateMs = Math.max(...ends.map(({ atMs }) => atMs ?? Infinity)) - begunMs;
    const next = await ending(queryWithRetry(urls.healthy, payload));
    return { ends, lateMs, next };
  },

  async atOnce() {
    // Begun in the very microtask in which the loss is heard of, while nothing is cleaned up yet.
    const next = panics().catch(() => Promise.all([1, 2, 3].map(() => ending(queryWithRetry(urls.healthy, payload)))));
    return { next: await next };
  },

  async fiveInARow() {
    const ends = [];
    for (let count = 0; count < 5; count++) ends.push(await ending(panics()));
    return { ends, next: await ending(queryWithRetry(urls.healthy, payload)) };
  },

  async fiveTogether() {
    const ends = await Promise.all([1, 2, 3, 4, 5].map(() => ending(panics())));
    return { ends, next: await ending(queryWithRetry(urls.healthy, payload)) };
  },

  /** What the dead instance set going comes back, and would panic again, while the new one works. */
  async newCallsBesideOldTimers() {
    const options = { loading: { maxWaitMs: 1_500, defaultWaitMs: 4_000 }, fallback: [`${urls.healthy}/panic-on-purpose`] };
    const lost = [1, 2, 3, 4].map(() => until("wait", urls.cold, options));
    await Promise.all(lost.map(({ heard }) => heard));
    const ends = [await ending(panics()), ...(await Promise.all(lost.map(({ call }) => call)))];
    const next = [];
    // One call at a time, over the second after which the four timers ring.
    for (const begun = performance.now(); performance.now() - begun < 2_000;) {
      next.push(await ending(queryWithRetry(urls.brief, payload)));
    }
    return { ends, next };
  },
};

try {
  const told = await scenarios[name]();
  await sleep(2_500);
  // What would keep a process alive whose last call is long over.
  const timers = process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  console.log(JSON.stringify({ ...told, escaped, instances, timers }));
  process.exit();
} catch (error) {
  console.error(error, escaped);
  process.exit(1);
}
