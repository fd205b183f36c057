// Time-outs that say nothing of the work: it may be done, or go on. One more try is made of it, and no third.
// MOCK_HF_BIN and PKG_DIR as in tests/package.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { connectMock } from "../package/cases/mock.js";
import { startMock } from "../package/harness/mock-server.js";
import { bare } from "./bare.js";
import * as haproxyProgram from "./haproxy.js";
import { missing } from "./need.js";
import { createClient, failure } from "./package-under-test.js";
import * as pythonProgram from "./python.js";

const payload = { inputs: "a man, a plan" };

describe("a time-out", { concurrency: 40, timeout: 60_000, skip: missing(haproxyProgram, pythonProgram) }, () => {
  let server, mock, haproxy;

  before(async () => {
    server = await startMock();
    mock = connectMock({ mockUrl: server.mockUrl, prefix: "time-outs" });
    haproxy = await haproxyProgram.startHaproxy({ upstream: server.mockUrl, door: 9 });
  });
  after(async () => {
    await haproxy?.stop();
    await server?.stop();
  });

  async function gunicorn(t) {
    const app = await pythonProgram.startGunicorn({ timeoutSeconds: 1 });
    t.after(() => app.stop());
    return app;
  }

  test("of gunicorn, without the package, is a connection that ends without a byte", async (t) => {
    const app = await gunicorn(t);
    const begun = performance.now();
    await assert.rejects(bare(`${app.origin}/hangs`, { method: "POST", body: payload }), { code: "ECONNRESET" });
    assert.ok(performance.now() - begun >= 900);
    assert.match(app.printed(), /WORKER TIMEOUT/);
  });

  test("of gunicorn costs two workers at most", async (t) => {
    const app = await gunicorn(t);
    const { error } = await failure(createClient().query(`${app.origin}/hangs`, payload, { maxRetries: 5 }));
    assert.equal(error.code, "network");
    assert.equal(error.report.attempts.length, 2);
    assert.equal(await app.generations("/hangs"), 2);
  });

  test("of gunicorn that was a hiccup is answered by the second try", async (t) => {
    const app = await gunicorn(t);
    const { report } = await createClient().queryWithReport(`${app.origin}/hangs-once`, payload);
    assert.deepEqual(
      report.attempts.map(({ outcome }) => outcome),
      ["network", "ok"],
    );
    assert.equal(await app.generations("/hangs-once"), 2);
  });

  test("of HAProxy is gateway_timeout, and costs two generations at most", async () => {
    const url = haproxy.url("impatient", await mock.put("slow", { then: { delayMs: 10_000 } }));
    const { error } = await failure(createClient().query(url, payload, { maxRetries: 5 }));
    assert.deepEqual([error.code, error.layer, error.status], ["gateway_timeout", "gateway", 504]);
    await mock.statsOnce("slow", ({ requests, aborted }) => requests === 2 && aborted === 2, "HAProxy leaving twice");
  });
});
