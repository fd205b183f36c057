// Servers that take a few at once and say "full" by a 503 or a 429 that names no time. They are healthy: who
// waits is answered. MOCK_HF_BIN and PKG_DIR as in tests/package.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import * as nginxProgram from "../gateway/nginx.js";
import { connectMock } from "../package/cases/mock.js";
import { startMock } from "../package/harness/mock-server.js";
import { bare } from "./bare.js";
import { assertAllAnswered, crowd } from "./crowd.js";
import * as haproxyProgram from "./haproxy.js";
import { missing } from "./need.js";
import { createClient } from "./package-under-test.js";
import * as pythonProgram from "./python.js";

const payload = { inputs: "a man, a plan" };
const CALLS = 12;
const MS = 350;

/** What as many requests at once are answered that do not wait: each status once. */
async function bareCrowd(url) {
  const post = () => bare(url, { method: "POST", body: payload });
  const statuses = (await Promise.all(Array.from({ length: CALLS }, post))).map(({ status }) => status);
  return [...new Set(statuses)].sort();
}

/** The server was too small for them, said so by the status `full`, and answered them all. */
async function assertAnswered(url, full) {
  const breaker = [];
  const onEvent = (event) => event.type === "breaker" && breaker.push(event.state);
  const client = createClient({ timeouts: { totalMs: 60_000 }, onEvent });
  const answers = await crowd(CALLS, () => client.queryWithReport(url, payload));
  assertAllAnswered(answers);
  assert.deepEqual(breaker, [], "the breaker changed its state");
  const statuses = new Set(answers.flatMap(({ report }) => report.attempts.map(({ status }) => status)));
  assert.deepEqual([...statuses].sort(), [200, full]);
}

describe("twelve calls at once", { concurrency: 40, timeout: 90_000, skip: missing(nginxProgram, haproxyProgram, pythonProgram) }, () => {
  let server, mock, nginx, haproxy;

  before(async () => {
    server = await startMock();
    mock = connectMock({ mockUrl: server.mockUrl, prefix: "small" });
    nginx = await nginxProgram.startNginx({ upstream: server.mockUrl });
    haproxy = await haproxyProgram.startHaproxy({ upstream: server.mockUrl, door: 9 });
  });
  after(async () => {
    await haproxy?.stop();
    await nginx?.stop();
    await server?.stop();
  });

  for (const [name, full, gateway, way, latencyMs] of [
    ["nginx with limit_conn 2", 503, () => nginx, "two-places", MS],
    ["nginx with limit_req", 503, () => nginx, "burst", 0],
    ["nginx with limit_req and limit_req_status 429", 429, () => nginx, "burst-429", 0],
    ["HAProxy with maxconn 1 and a queue of a second", 503, () => haproxy, "one-at-once", MS],
  ]) {
    test(`to ${name} are all answered, with twelve generations`, async () => {
      assert.deepEqual(await bareCrowd(gateway().url(way, await mock.put(`${way}-bare`, { latencyMs }))), [200, full]);
      const url = gateway().url(way, await mock.put(way, { latencyMs }));
      await assertAnswered(url, full);
      const { requests, aborted } = await mock.stats(way);
      assert.deepEqual([requests, aborted], [CALLS, 0]);
    });
  }

  test("to uvicorn with --limit-concurrency 3 are all answered, with twelve generations", async (t) => {
    const app = await pythonProgram.startUvicorn({ limit: 3 });
    t.after(() => app.stop());
    assert.ok((await bareCrowd(`${app.origin}/${MS + 1}`)).includes(503));
    await assertAnswered(`${app.origin}/${MS}`, 503);
    assert.equal(await app.generations(`/${MS}`), CALLS);
  });
});
