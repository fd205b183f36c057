// Most engines open their port only when the model is loaded: until then connections are refused, or a
// proxy in front says so. MOCK_HF_BIN and PKG_DIR as in tests/package.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import * as nginxProgram from "../gateway/nginx.js";
import { connectMock } from "../package/cases/mock.js";
import { startMock } from "../package/harness/mock-server.js";
import { closedDoor, freePort } from "../package/harness/ports.js";
import { upAt } from "./bare.js";
import { assertWaitedWell, crowd } from "./crowd.js";
import * as haproxyProgram from "./haproxy.js";
import { missing } from "./need.js";
import { createClient, failure } from "./package-under-test.js";

const payload = { inputs: "a man, a plan" };
const count = (calls) => (calls === 1 ? "one call" : `${calls} calls at once`);

describe("an engine whose port is closed", { concurrency: 40, timeout: 90_000, skip: missing(nginxProgram, haproxyProgram) }, () => {
  let server, mock, nginx;
  let models = 0;

  before(async () => {
    server = await startMock();
    mock = connectMock({ mockUrl: server.mockUrl, prefix: "closed" });
    nginx = await nginxProgram.startNginx({ upstream: server.mockUrl });
    // What the package does once in a program is no part of what is measured.
    await createClient().query(await mock.put("first", {}), payload);
  });
  after(async () => {
    await nginx?.stop();
    await server?.stop();
  });

  /** A model of the mock behind a port that is closed until `open`. */
  async function engine(t) {
    const door = await closedDoor(server.mockUrl);
    t.after(() => door.close());
    const name = `model-${++models}`;
    const { pathname } = new URL(await mock.put(name, {}));
    return {
      door,
      pathname,
      url: `http://127.0.0.1:${door.port}${pathname}`,
      requests: async () => (await mock.stats(name)).requests,
    };
  }

  const directly = async (t, { url }) => url;
  const behindNginx = async (t, { door, url }) => nginx.url(`port/${door.port}`, url);
  const behindHaproxy = async (t, { door, url }) => {
    const haproxy = await haproxyProgram.startHaproxy({ upstream: server.mockUrl, door: door.port });
    t.after(() => haproxy.stop());
    return haproxy.url("closed", url);
  };

  /** So many calls to an engine that opens its port after `closedMs`. */
  async function wait(t, { way = directly, closedMs, calls, loading, answeredBefore = false }) {
    const late = await engine(t);
    const url = await way(t, late);
    const client = createClient(loading && { loading });
    if (answeredBefore) {
      await late.door.open();
      await client.query(url, payload);
      await late.door.close();
    }
    // The mock's counters: a look that is no request to the model.
    const up = upAt(t, url.replace(late.pathname, `/_mock${late.pathname}`));
    const answers = crowd(calls, () => client.queryWithReport(url, payload));
    const timer = setTimeout(() => late.door.open(), closedMs);
    t.after(() => clearTimeout(timer));
    await assertWaitedWell(await answers, { up, awayMs: closedMs });
    assert.equal(await late.requests(), calls + (answeredBefore ? 1 : 0));
  }

  for (const [where, way, many] of [
    ["", directly, [1, 20]],
    [" behind nginx", behindNginx, [1, 20]],
    [" behind HAProxy", behindHaproxy, [20]],
  ]) {
    for (const closedMs of [3_000, 8_000]) {
      for (const calls of many) {
        test(`for ${closedMs / 1_000} s${where} answers ${count(calls)}, a second and a quarter late at most`, (t) =>
          wait(t, { way, closedMs, calls }));
      }
    }
  }

  for (const calls of [1, 20]) {
    test(`for 20 s, and that answered before, answers ${count(calls)}`, (t) => wait(t, { closedMs: 20_000, calls, answeredBefore: true }));

    test(`for 20 s, with refusedMs of 30 s, answers ${count(calls)}`, (t) => wait(t, { closedMs: 20_000, calls, loading: { refusedMs: 30_000 } }));
  }

  test("for ever, as that of a mistyped port, is given up after 15 s as network, with the refusal as its cause", async () => {
    const url = `http://127.0.0.1:${await freePort()}/v1/embeddings`;
    const { error, ms } = await failure(createClient().query(url, payload));
    assert.deepEqual([error.code, error.layer, error.retryable], ["network", "network", true]);
    assert.ok(ms >= 14_000 && ms <= 17_000, `given up after ${Math.round(ms)} ms`);
    assert.match(JSON.stringify([error.cause?.code, error.cause?.cause?.code, error.cause?.cause?.errors]), /ECONNREFUSED/);
    assert.match(error.detail ?? "", /ECONNREFUSED|refused/);
    const { attempts } = error.report;
    assert.ok(attempts.length >= 4 && attempts.length <= 10, `${attempts.length} attempts`);
    assert.deepEqual(new Set(attempts.map(({ outcome, status }) => `${outcome} ${status}`)), new Set(["network undefined"]));
  });

  test("for ever, with refusedMs of 0, is given up as any other failure", async () => {
    const url = `http://127.0.0.1:${await freePort()}/v1/embeddings`;
    const { error, ms } = await failure(createClient({ loading: { refusedMs: 0 } }).query(url, payload));
    assert.equal(error.code, "network");
    assert.ok(ms <= 4_000, `given up after ${Math.round(ms)} ms`);
  });

  test("for ever, and that answered before, costs the tenth call a millisecond at most", async (t) => {
    const dead = await engine(t);
    // What it may take is told by maxWaitMs where a target has answered before.
    const client = createClient({ loading: { maxWaitMs: 3_000 } });
    await dead.door.open();
    await client.query(dead.url, payload);
    await dead.door.close();
    const { error, ms } = await failure(client.query(dead.url, payload));
    assert.equal(error.code, "network");
    assert.ok(ms >= 2_500 && ms <= 5_000, `the first call after its death took ${Math.round(ms)} ms`);
    for (let call = 2; call < 10; call++) await failure(client.query(dead.url, payload));
    // The best of five: others work beside it in this process.
    const costs = [];
    for (let call = 10; call < 15; call++) costs.push((await failure(client.query(dead.url, payload))).ms);
    assert.ok(Math.min(...costs) <= 1, `the tenth and those after it took ${costs.map((ms) => ms.toFixed(2)).join(", ")} ms`);
  });

  test("for ever is waited for 5 s where there is a fallback, which answers then", async (t) => {
    const fallback = await engine(t);
    await fallback.door.open();
    const url = `http://127.0.0.1:${await freePort()}/v1/embeddings`;
    const { report } = await createClient().queryWithReport(url, payload, { fallback: [fallback.url] });
    assert.equal(report.degraded, true);
    assert.ok(report.totalMs >= 4_000 && report.totalMs <= 7_000, `answered after ${Math.round(report.totalMs)} ms`);
  });
});
