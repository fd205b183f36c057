// More targets than a client keeps state of: what calls in flight use is never given to another target.
// PKG_DIR and MOCK_HF_BIN as in tests/package.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { sleep } from "../package/cases/clock.js";
import { answer, connectMock } from "../package/cases/mock.js";
import { PKG_DIR } from "../package/harness/app.js";
import { startMock } from "../package/harness/mock-server.js";
import { outcome, show } from "./beside.js";
import { load } from "./core.js";

/** docs/client.md: state is kept for the 200 most recently used targets. */
const KEPT = 200;
const healthy = answer(200, { n: 1 });

let server, mock, api, others;
before(async () => {
  server = await startMock();
  mock = connectMock({ mockUrl: server.mockUrl, prefix: "targets" });
  ({ api } = await load(PKG_DIR, `${server.mockUrl}/_mock`));
  others = await mock.put("others", { healthy });
});
after(() => server?.stop());

/** Calls so many other targets, the path of each its own, and gives the URL of the last one: beyond what is kept. */
async function useOthers(client, count) {
  for (let other = 1; other <= count; other++) await client.query(`${others}/${other}`, {});
  return `${others}/${count}`;
}

/** Of a target that was called so often, and answered at once each time. */
function isUntouched(client, url, calls) {
  const [stats] = client.stats(url);
  const { target, breaker, temperature, inFlight, queued, failures, attempts, latencyMs, firstTokenMs } = stats ?? {};
  const counts = { calls: stats?.calls, attempts, latencies: latencyMs?.count, firstTokens: firstTokenMs?.count };
  assert.deepEqual(
    { target, breaker, temperature, inFlight, queued, failures, ...counts },
    {
      target: url,
      breaker: "closed",
      temperature: "warm",
      inFlight: 0,
      queued: 0,
      failures: {},
      calls,
      attempts: calls,
      latencies: calls,
      firstTokens: 0,
    },
  );
}

const answered = (came) => assert.deepEqual(came.value, { n: 1 }, show(came));
const atOnce = (came) => {
  answered(came);
  assert.ok(came.ms < 500, `answered after ${came.ms} ms`);
};

describe("with a call in flight to the target that was used first of more than are kept", { concurrency: true, timeout: 60_000 }, () => {
  test("its cold start makes no other target cold", async () => {
    const cold = await mock.put("cold", { server: "legacy", cold: { ms: 12_000, says: 15 }, healthy });
    const client = api.createClient({ timeouts: { totalMs: 40_000 } });
    const waiting = outcome(() => client.query(cold, {}), 40_000);
    await mock.statsOnce("cold", ({ log }) => log[0]?.outcome === "sent", "the first look");
    const last = await useOthers(client, KEPT);
    const before = (await mock.stats("cold")).requests;
    await mock.statsOnce("cold", ({ requests, log }) => requests > before && log.at(-1).outcome === "sent", "one more look", 8_000);
    await sleep(50);
    isUntouched(client, last, 1);
    atOnce(await outcome(() => client.query(last, {})));
    answered(await waiting);
    isUntouched(client, last, 2);
  });

  test("those who follow its cold start are answered when it comes up", async () => {
    const cold = await mock.put("crowd", { server: "legacy", cold: { ms: 3_000, says: 4 }, healthy });
    const client = api.createClient({ timeouts: { totalMs: 20_000 } });
    const waiting = Array.from({ length: 20 }, () => outcome(() => client.query(cold, {}), 20_000));
    await mock.statsOnce("crowd", ({ log }) => log[0]?.outcome === "sent", "the first look");
    await useOthers(client, KEPT);
    for (const came of await Promise.all(waiting)) {
      answered(came);
      assert.ok(came.ms < 8_000, `answered after ${came.ms} ms`);
    }
    const { log } = await mock.stats("crowd");
    const looks = log.filter(({ status }) => status === 503).length;
    // Four at once before it is known to be cold, and then one alone.
    assert.ok(looks <= 4 + 4, `${looks} requests while it was cold`);
  });

  test("its failures open no other target's breaker", async () => {
    const busy = answer(503, { error: "Service Unavailable" }, { "retry-after-ms": "200" });
    const down = await mock.put("down", { script: Array(3).fill({ ...busy, delayMs: 4_000 }), then: busy });
    const client = api.createClient({ breaker: { failures: 4 }, retryBudget: false, timeouts: { totalMs: 20_000 } });
    const failing = Array.from({ length: 3 }, () => outcome(() => client.query(down, {}, { maxRetries: 6 }), 20_000));
    await mock.statsOnce("down", ({ requests }) => requests === 3, "the first requests");
    const last = await useOthers(client, KEPT);
    for (const came of await Promise.all(failing)) assert.equal(came.error?.code, "unavailable", show(came));
    isUntouched(client, last, 1);
    atOnce(await outcome(() => client.query(last, {})));
  });

  test("its line is let in nowhere else, and its limit is kept", async () => {
    const slow = await mock.put("slow", { healthy, latencyMs: 2_500 });
    const client = api.createClient({ concurrency: { min: 2, max: 2 }, timeouts: { totalMs: 20_000 } });
    const all = Array.from({ length: 6 }, () => outcome(() => client.query(slow, {}), 20_000));
    await mock.statsOnce("slow", ({ requests }) => requests === 2, "the first two requests");
    const last = await useOthers(client, KEPT);
    isUntouched(client, last, 1);
    atOnce(await outcome(() => client.query(last, {})));
    for (const came of await Promise.all(all)) answered(came);
    assert.deepEqual(await mock.stats("slow").then(({ requests, maxInFlight }) => ({ requests, maxInFlight })), { requests: 6, maxInFlight: 2 });
    isUntouched(client, last, 2);
    for (const { inFlight, queued } of client.stats()) assert.deepEqual({ inFlight, queued }, { inFlight: 0, queued: 0 });
  });

  test("a stream of it that is read all the while ends in no other target's statistics", async () => {
    const talks = `${await mock.put("talks", { stream: { tokens: 60, tokensPerSecond: 20 } })}/v1/chat/completions`;
    const client = api.createClient({ timeouts: { totalMs: 20_000 } });
    const text = outcome(() => client.stream(talks, { messages: [{ role: "user", content: "Hi" }] }).finalText(), 20_000);
    await mock.statsOnce("talks", ({ requests }) => requests === 1, "the request");
    const last = await useOthers(client, KEPT);
    const { value } = await text;
    assert.ok(value?.startsWith("word1 "), value);
    isUntouched(client, last, 1);
  });
});

describe("with calls in flight to more targets than are kept", { timeout: 60_000 }, () => {
  test("each has a state of its own, all are answered, and no more is kept afterwards", async () => {
    const count = KEPT + 50;
    const slow = await mock.put("many", { healthy, latencyMs: 3_000 });
    const client = api.createClient({ timeouts: { totalMs: 20_000 } });
    for (const round of [1, 2]) {
      const urls = Array.from({ length: count }, (_, at) => `${slow}/${round}/${at}`);
      const all = urls.map((url) => outcome(() => client.query(url, {}), 20_000));
      await mock.statsOnce("many", ({ inFlight }) => inFlight === count, "all of them at once", 5_000);
      assert.deepEqual(
        urls.filter((url) => client.stats(url)[0]?.inFlight !== 1),
        [],
        "no state, or that of others",
      );
      for (const came of await Promise.all(all)) answered(came);
      for (const { inFlight, queued, failures } of client.stats()) {
        assert.deepEqual({ inFlight, queued, failures }, { inFlight: 0, queued: 0, failures: {} });
      }
    }
    const kept = client.stats().length;
    assert.ok(kept <= count, `${kept} targets are kept`);
  });
});
