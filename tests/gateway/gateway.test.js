// What a proxy really answers when the server behind it is slow, gone or full. MOCK_HF_BIN and
// PKG_DIR as in tests/package.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { connectMock } from "../package/cases/mock.js";
import { PKG_DIR } from "../package/harness/app.js";
import { startMock } from "../package/harness/mock-server.js";
import { howToGet, program, startNginx } from "./nginx.js";
import { closedDoor } from "../package/harness/ports.js";

const { createClient, QueryError, queryWithReport, queryWithRetry } = await import(pathToFileURL(join(PKG_DIR, "dist/index.js")));

const payload = { inputs: "a man, a plan" };

/** The error of a call that must fail, and what its report says about each request. */
async function failure(promise) {
  const error = await promise.then(
    () => assert.fail("the call was answered"),
    (error) => error,
  );
  assert.ok(error instanceof QueryError, `not a QueryError: ${error?.stack}`);
  return error;
}

const outcomes = (report) => report.attempts.map(({ outcome }) => outcome);

if (!program && process.env.CI === "true") {
  test("nginx is on this machine", () => assert.fail(howToGet));
}

describe("behind nginx", { skip: program ? false : howToGet, timeout: 60_000 }, () => {
  let server, mock, door, nginx;

  before(async () => {
    server = await startMock();
    mock = connectMock({ mockUrl: server.mockUrl, prefix: "gateway" });
    door = await closedDoor(server.mockUrl);
    nginx = await startNginx({ upstream: server.mockUrl, door: door.port });
  });
  afterEach(() => door?.close());
  after(async () => {
    await nginx?.stop();
    await server?.stop();
  });

  test("a call that nothing is wrong with passes, with its path, headers and body", async () => {
    const model = await mock.put("fine", {});
    const data = await queryWithRetry(`${nginx.url("plain", model)}/v1/embeddings`, { input: ["one"] }, { token: "hf_secret" });
    assert.equal(data.data.length, 1);
    const { log } = await mock.stats("fine");
    assert.deepEqual([log[0].path, log[0].headers.authorization], ["/v1/embeddings", "Bearer hf_secret"]);
  });

  test("a real 504 is gateway_timeout, and costs two requests at most", async () => {
    const url = nginx.url("impatient", await mock.put("slow", { then: { delayMs: 5_000 } }));
    const error = await failure(queryWithRetry(url, payload, { maxRetries: 5 }));
    assert.deepEqual([error.code, error.layer, error.status, error.retryable], ["gateway_timeout", "gateway", 504, true]);
    assert.match(error.detail, /504 Gateway/);
    assert.deepEqual(await nginx.statuses(url, 2), [504, 504]);
    // nginx left both times: the work was begun twice, and not once more.
    await mock.statsOnce("slow", ({ requests, aborted }) => requests === 2 && aborted === 2, "nginx leaving twice");
  });

  test("a 504 that was a hiccup is answered by the second request", async () => {
    const url = nginx.url("impatient", await mock.put("hiccup", { script: [{ delayMs: 5_000 }] }));
    const { report } = await queryWithReport(url, payload);
    assert.deepEqual(outcomes(report), ["gateway_timeout", "ok"]);
    assert.deepEqual(await nginx.statuses(url, 2), [504, 200]);
  });

  test("a real 502 of a server that is down is waited for as an engine that starts, until the server is up", async () => {
    const url = nginx.url("closed", await mock.put("down", {}));
    let answers = 0;
    const onEvent = ({ type }) => {
      if (type === "response" && ++answers === 2) door.open();
    };
    const { report } = await queryWithReport(url, payload, { maxRetries: 8, onEvent });
    assert.deepEqual(
      report.attempts.slice(0, 2).map(({ status, outcome, layer }) => [status, outcome, layer]),
      [
        [502, "unavailable", "gateway"],
        [502, "unavailable", "gateway"],
      ],
    );
    assert.equal(outcomes(report).at(-1), "ok");
    assert.ok(report.waitedMs.loading > 900, JSON.stringify(report.waitedMs));
    assert.equal((await mock.stats("down")).requests, 1);
  });

  test("a real 502 of a server that resets is retried", async () => {
    const reset = { fault: { kind: "reset", at: "accept" } };
    const url = nginx.url("plain", await mock.put("resets", { script: [reset, reset] }));
    const { report } = await queryWithReport(url, payload);
    assert.deepEqual(outcomes(report), ["unavailable", "unavailable", "ok"]);
    assert.deepEqual(await nginx.statuses(url, 3), [502, 502, 200]);
  });

  test("a 502 that is not to be waited for is unavailable, layer gateway, after as many tries as there are", async () => {
    const url = nginx.url("closed", await mock.put("gone", {}));
    const error = await failure(queryWithRetry(url, payload, { maxRetries: 2, loading: { refusedMs: 0 } }));
    assert.deepEqual([error.code, error.layer, error.status, error.retryable], ["unavailable", "gateway", 502, true]);
    assert.deepEqual(await nginx.statuses(url, 3), [502, 502, 502]);
  });

  for (const [size, bytes] of [
    ["a little", 65 * 1024],
    ["far", 8 * 1024 * 1024],
  ]) {
    test(`nginx's 413 for a payload that is ${size} too large is too_large, after one request`, async () => {
      const key = `large-${bytes}`;
      const url = nginx.url("small", await mock.put(key, {}));
      const error = await failure(queryWithRetry(url, new Uint8Array(bytes), { maxRetries: 3 }));
      assert.deepEqual([error.code, error.layer, error.status, error.retryable], ["too_large", "client", 413, false]);
      assert.equal(error.report.attempts.length, 1);
      assert.deepEqual(await nginx.statuses(url, 1), [413]);
      assert.equal((await mock.stats(key)).requests, 0);
    });
  }

  test("nginx's 503 for too many requests a second is unavailable, layer gateway, and answered a while later", async () => {
    const url = nginx.url("rate", await mock.put("rate", {}));
    await queryWithRetry(url, payload);
    const error = await failure(queryWithRetry(url, payload, { maxRetries: 0 }));
    assert.deepEqual([error.code, error.layer, error.status, error.retryable], ["unavailable", "gateway", 503, true]);
    assert.match(error.detail, /503 Service/);
    // To a client that has not been answered yet it is the page of a gateway that has nobody to ask.
    const { report } = await createClient({ breaker: false, retryBudget: false }).queryWithReport(url, payload, { maxRetries: 10 });
    assert.equal(outcomes(report).at(-1), "ok");
    assert.equal((await mock.stats("rate")).requests, 2);
  });

  test("nginx's 503 for too many connections is retried until one is free", async () => {
    const url = nginx.url("one-place", await mock.put("one-place", { latencyMs: 700 }));
    const client = createClient({ breaker: false, retryBudget: false });
    const [first, second] = await Promise.all([url, url].map((url) => client.queryWithReport(url, payload, { maxRetries: 10 })));
    const all = [first, second].map(({ report }) => outcomes(report)).sort((a, b) => a.length - b.length);
    assert.deepEqual(all[0], ["ok"]);
    assert.deepEqual([all[1][0], all[1].at(-1)], ["unavailable", "ok"]);
    assert.equal((await mock.stats("one-place")).maxInFlight, 1);
  });

  const toEndpoint = (url) => ({ url, profile: "endpoint" });

  test("for an endpoint a real 502 is a cold start: the call waits, without spending a retry", async () => {
    const url = nginx.url("closed", await mock.put("asleep", { server: "endpoint" }));
    const waits = [];
    const onEvent = (event) => {
      if (event.type === "wait" && waits.push(event.reason) === 1) setTimeout(() => door.open(), 2_000);
    };
    const { report } = await queryWithReport(toEndpoint(url), payload, { maxRetries: 0, onEvent });
    // Between the two payloads it asks for the status, which is a 502 too.
    assert.deepEqual(outcomes(report), ["model_loading", "ok"]);
    assert.deepEqual(waits, ["loading"]);
    assert.ok(report.waitedMs.loading >= 2_000, `waited ${report.waitedMs.loading} ms`);
    assert.deepEqual(await nginx.statuses(url, 2), [502, 200]);
  });

  test("for an endpoint nginx's own 503 is a cold start too", async () => {
    const url = nginx.url("one-place", await mock.put("full", { server: "endpoint", latencyMs: 800 }));
    const occupant = queryWithRetry(toEndpoint(url), payload);
    await mock.statsOnce("full", ({ inFlight }) => inFlight === 1, "the first call");
    const loading = { defaultWaitMs: 1_000 };
    const { report } = await queryWithReport(toEndpoint(url), payload, { maxRetries: 0, loading });
    assert.deepEqual(outcomes(report), ["model_loading", "ok"]);
    await occupant;
  });

  test("for an endpoint the server's 503 through nginx is a cold start that ends in an answer", async () => {
    const url = nginx.url("plain", await mock.put("cold", { server: "endpoint", cold: { ms: 1_500 } }));
    const loading = { defaultWaitMs: 2_000 };
    const { report } = await queryWithReport(toEndpoint(url), payload, { maxRetries: 0, loading });
    assert.deepEqual(outcomes(report).slice(-2), ["model_loading", "ok"]);
    assert.ok(report.totalMs >= 1_500 && report.totalMs < 4_000, `took ${report.totalMs} ms`);
  });

  test("a hold passes nginx, and the one held request is answered", async () => {
    const url = nginx.url("plain", await mock.put("held", { server: "endpoint", cold: { ms: 1_500 } }));
    const { report } = await queryWithReport(toEndpoint(url), payload, { loading: { hold: 10_000 } });
    assert.deepEqual(outcomes(report), ["ok"]);
    const { requests, log } = await mock.stats("held");
    assert.deepEqual([requests, log[0].headers["x-scale-up-timeout"]], [1, "10"]);
    assert.ok(log[0].endedAtMs >= 1_500, `held for ${log[0].endedAtMs} ms`);
  });
});
