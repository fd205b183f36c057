// Odd events, answers, error bodies, headers, redirects and replaced fetches: each ends its own call, and nothing else.
// SEED and COUNT from the environment; `SEED=n COUNT=1` runs one case again.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connectMock } from "../package/cases/mock.js";
import { startMock } from "../package/harness/mock-server.js";
import { besides } from "./beside.js";
import { load } from "./core.js";
import { dice, oddBody, oddFetch, oddHeaders, oddOptions, oddStream } from "./odd.js";

const COUNT = Number(process.env.COUNT ?? 100_000);
const SEED = Number(process.env.SEED ?? Date.now() % 1e9);
const AT_ONCE = 200;
/** So often half a second beyond its `totalMs`: a thread that was busy for long has used up one of them, and no more. */
const MARGINS = 10;
/** As many clients are looked at and closed some time after their calls have settled. */
const KEPT = 2_000;
/** One in so many goes over a real connection. */
const OVER_HTTP = 25;

let server, mock, api, cores, raw;
const unhandled = [];

before(async () => {
  process.on("unhandledRejection", (reason) => unhandled.push(reason));
  server = await startMock();
  mock = connectMock({ mockUrl: server.mockUrl, prefix: "fuzz" });
  ({ api, cores } = await load(process.env.PKG_DIR, `${server.mockUrl}/_mock`));
  raw = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", (data) => {
      const roll = dice(Number(/\/odd\/(\d+)/.exec(String(data))?.[1]));
      const body = roll.happens(0.5) ? oddStream(roll) : oddBody(roll);
      const headers = Object.entries(oddHeaders(roll)).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.write(
        `HTTP/1.1 ${roll.one([200, 200, 200, 500, 503, 429, 307, 999, 99])} ${roll.one(["OK", "", "\xff"])}\r\n${headers.join("")}\r\n`,
        "latin1",
      );
      socket.write(body.slice(0, roll.below(body.length + 1)));
      if (roll.happens(0.7)) socket.end();
      else if (roll.happens(0.5)) socket.resetAndDestroy();
    });
  }).listen(0, "127.0.0.1");
  await once(raw, "listening");
});
after(async () => {
  raw.close();
  await server.stop();
});

const payload = { messages: [{ role: "user", content: "Hi" }] };

/** The ways to call, and to read what comes. */
const ways = {
  query: (client, url, options) => client.query(url, payload, options),
  forAwait: async (client, url, options) => {
    for await (const _ of client.stream(url, payload, options));
  },
  finalText: (client, url, options) => client.stream(url, payload, options).finalText(),
  leaves: async (client, url, options) => {
    for await (const _ of client.stream(url, payload, options)) break;
  },
  readable: (client, url, options) => client.stream(url, payload, options).readable.pipeTo(new WritableStream()),
  // What is no JSON and no stream is handed over unread, and has no clock of ours.
  fetch: async (client, url) => {
    const response = await client.fetch(url, { method: "POST", body: JSON.stringify(payload) });
    await Promise.race([response.text(), sleep(100)]);
  },
  fetchStream: async (client, url) => {
    const response = await client.fetch(url, { method: "POST", body: JSON.stringify({ ...payload, stream: true }) });
    await Promise.race([response.text(), sleep(100)]);
  },
};

const clients = [];

/** Nothing is in flight or in line any more. */
function close({ client, say }) {
  for (const { inFlight, queued } of client.stats()) assert.deepEqual({ inFlight, queued }, { inFlight: 0, queued: 0 }, say("not over"));
  client.close();
}

async function odd(seed) {
  const roll = dice(seed);
  const overHttp = roll.below(OVER_HTTP) === 0;
  const url = overHttp ? `http://127.0.0.1:${raw.address().port}/odd/${seed}` : "http://odd.test/";
  const options = oddOptions(roll);
  const way = roll.one(Object.keys(ways));
  const { signal, ...common } = options;
  const client = api.createClient({ ...common, breaker: false, ...(!overHttp && { fetch: oddFetch(roll) }) });
  const say = (what) => `seed ${seed}, ${way}${overHttp ? " over HTTP" : ""}: ${what}`;
  if (clients.push({ client, say }) > KEPT) close(clients.shift());
  const begun = performance.now();
  const settled = Promise.resolve()
    .then(() => ways[way](client, url, signal ? { signal } : undefined))
    .then(
      () => undefined,
      (error) => error ?? new Error("nothing"),
    );
  let ended = false;
  settled.then(() => (ended = true));
  const late = Symbol("late");
  const patience = async () => {
    for (let margin = 0; margin < MARGINS && !ended; margin++) await sleep(500);
    return late;
  };
  const error = await Promise.race([settled, sleep(options.timeouts.totalMs).then(patience)]);
  assert.notEqual(error, late, say(`pending after ${Math.round(performance.now() - begun)} ms`));
  assert.ok(!/core stopped/.test(String(error?.message)), say(error?.message));
  const own = error === undefined || error instanceof api.QueryError || error instanceof TypeError || error instanceof DOMException;
  assert.ok(own || /it throws|no token|thorny|broken|cut|nothing/.test(String(error.message)), say(error?.stack));
}

/** The consoles of a hundred thousand throwing callbacks say nothing that is looked at. */
async function quietly(work) {
  const { error } = console;
  console.error = () => {};
  try {
    return await work();
  } finally {
    console.error = error;
  }
}

test(`${COUNT} odd things from seed ${SEED} end no call but their own, and never the core`, { timeout: 900_000 }, async (context) => {
  const beside = await besides({ api, mock, cores });
  const begun = performance.now();
  let made = 0;
  let rounds = 0;
  await quietly(async () => {
    // Calls that behave are in flight all the while, and each is answered as it should be.
    const lane = async () => {
      while (made < COUNT) await odd(SEED + made++);
    };
    let all = false;
    const lanes = Promise.all(Array.from({ length: AT_ONCE }, lane)).finally(() => (all = true));
    lanes.catch(() => {});
    for (; !all; rounds++) await beside({});
    await lanes;
  });
  context.diagnostic(`${made} in ${Math.round(performance.now() - begun)} ms, ${rounds} rounds of calls beside them`);
  assert.deepEqual(unhandled, []);
  await sleep(300); // what was cancelled is let go
  clients.forEach(close);
});
