// What thousands of calls hold while they wait for one cold model, how often they ask, and what is
// left of them. PKG_DIR and MOCK_HF_BIN as in tests/package.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { connectMock } from "../package/cases/mock.js";
import { PKG_DIR } from "../package/harness/app.js";
import { startMock } from "../package/harness/mock-server.js";
import { start, stop } from "../package/harness/processes.js";

const CALLS = 10_000;
/** What a waiting call may hold: its promise, its caller's, its options and its payload. */
const WAITING_BYTES = 2_048;
// What the engine compiles and forgets moves the heap by up to 500 KB, however many the calls.
const LEFT_BYTES = 200;
/** Requests that a cold model may see, of each waiting call. */
const ASKING = 0.01;

const program = fileURLToPath(new URL("waiting.js", import.meta.url));

/** Models by path, each cold until a PUT; "warm" is up. GET tells its counters, POST is a request. */
async function startServer() {
  const models = new Map();
  const loading = JSON.stringify({ error: "Model is currently loading", estimated_time: 20 });
  const model = (path) => models.get(path) ?? models.set(path, { up: path === "/warm", requests: 0, inFlight: 0 }).get(path);
  const server = createServer((request, response) => {
    const state = model(request.url);
    const answer = (status, body) => response.writeHead(status, { "content-type": "application/json" }).end(body);
    if (request.method === "PUT") state.up = true;
    if (request.method !== "POST") return answer(200, JSON.stringify(state));
    state.requests++;
    state.inFlight++;
    response.on("close", () => state.inFlight--);
    request.resume().on("end", () => (state.up ? answer(200, '{"up": true}') : answer(503, loading)));
  });
  server.listen({ port: 0, host: "127.0.0.1", backlog: CALLS });
  await once(server, "listening");
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

describe(`${CALLS} calls at once, waiting for one cold model`, { timeout: 240_000 }, () => {
  const told = {};

  before(async () => {
    const server = await startServer();
    const child = start(process.execPath, ["--expose-gc", program, PKG_DIR, server.origin, String(CALLS)]);
    let printed = "";
    child.stderr.setEncoding("utf8").on("data", (text) => (printed += text));
    createInterface({ input: child.stdout }).on("line", (line) => {
      const { name, ...rest } = JSON.parse(line);
      told[name] = rest;
    });
    const tooLong = setTimeout(() => stop(child), 220_000);
    const exit = await child.ended;
    clearTimeout(tooLong);
    server.stop();
    for (const [name, { before, during, after, ...rest }] of Object.entries(told)) {
      const calls = name === "ordinary" ? 5 * CALLS : CALLS;
      const each = (now) => now && Object.fromEntries(Object.keys(now).map((key) => [key, Math.round((now[key] - before[key]) / calls)]));
      console.log(JSON.stringify({ [name]: { bytesOfEachWaiting: each(during), bytesOfEachLeft: each(after), ...rest } }));
    }
    assert.equal(exit.code, 0, `the calls did not go as they should: ${printed}`);
  });

  const grown = (name, now, measure) => told[name][now][measure] - told[name].before[measure];

  test(`each of them holds ${WAITING_BYTES} bytes of the heap at most`, () => {
    const bytes = grown("comes-up", "during", "heapUsed") / CALLS;
    assert.ok(bytes <= WAITING_BYTES, `${bytes} bytes each`);
  });

  test("one asks for all: the model sees a request of every hundredth of them at most", () => {
    for (const name of ["comes-up", "is-left", "comes-up-again"]) {
      const { requestsWhileCold } = told[name];
      assert.ok(requestsWhileCold <= CALLS * ASKING, `${name}: ${requestsWhileCold} requests`);
    }
  });

  test("all of them are answered when it comes up, each by one more request", () => {
    const { ends, requests, requestsWhileCold } = told["comes-up"];
    assert.deepEqual(ends, { answered: CALLS });
    assert.ok(requests - requestsWhileCold <= CALLS * (1 + ASKING), `${requests - requestsWhileCold} requests once it was up`);
  });

  test("all of them end at once when their caller leaves, with its reason", () => {
    const { ends, seconds } = told["is-left"];
    assert.deepEqual(ends, { left: CALLS });
    assert.ok(seconds < 2, `after ${seconds} s`);
  });

  for (const [name, what] of [
    ["comes-up", "were answered"],
    ["is-left", "were left"],
    ["comes-up-again", "were answered once more"],
  ]) {
    test(`nothing is left of them when they ${what}`, () => {
      const bytes = grown(name, "after", "heapUsed") / CALLS;
      assert.ok(bytes < LEFT_BYTES, `${bytes} bytes each`);
      const buffers = grown(name, "after", "arrayBuffers") / CALLS;
      assert.ok(buffers < LEFT_BYTES, `${buffers} bytes of buffers each`);
    });
  }

  test("the core's memory is used again: as many once more need no more of it", () => {
    assert.ok(told["is-left"].after.core > 0);
    assert.equal(told["comes-up-again"].after.core, told["is-left"].after.core);
  });

  test(`${5 * CALLS} calls that do not wait leave nothing either`, () => {
    const bytes = grown("ordinary", "after", "heapUsed") / (5 * CALLS);
    assert.ok(bytes < LEFT_BYTES / 5, `${bytes} bytes each`);
    assert.equal(grown("ordinary", "after", "core"), 0);
  });
});

describe("200 calls at once on a model that takes 8 s to load", { timeout: 90_000 }, () => {
  let server, mock;
  before(async () => {
    server = await startMock();
    mock = connectMock({ mockUrl: server.mockUrl, prefix: "waiting" });
  });
  after(() => server?.stop());

  test("all are answered, and it sees 20 requests at most before it is up", async () => {
    const { queryWithRetry } = await import(pathToFileURL(join(PKG_DIR, "dist/index.js")));
    const url = await mock.put("crowd", { cold: { ms: 8_000, says: 8 } });
    const begun = performance.now();
    const all = await Promise.allSettled(Array.from({ length: 200 }, () => queryWithRetry(url, { inputs: "Is it up?" })));
    const seconds = (performance.now() - begun) / 1_000;
    const { requests, log } = await mock.stats("crowd");
    const early = log.filter(({ status }) => status === 503).length;
    console.log(JSON.stringify({ seconds, requests, early }));
    assert.deepEqual(
      all.filter(({ status }) => status === "rejected").map(({ reason }) => String(reason)),
      [],
    );
    assert.ok(early <= 20, `${early} requests before it was up`);
    assert.ok(requests - early <= 210, `${requests - early} requests once it was up`);
    assert.ok(seconds < 8 * 1.6, `after ${seconds} s`);
  });
});
