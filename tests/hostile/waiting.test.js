// Who waits for another call: for the first text of its stream, for a model that only others find warm, for an hour that a
// server has named, and for a reader that has gone. PKG_DIR and MOCK_HF_BIN as in tests/package.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { sleep } from "../package/cases/clock.js";
import { answer, connectMock } from "../package/cases/mock.js";
import { formats, putStream } from "../package/cases/streamed.js";
import { PKG_DIR } from "../package/harness/app.js";
import { startMock } from "../package/harness/mock-server.js";
import { outcome, show } from "./beside.js";
import { load } from "./core.js";

const healthy = answer(200, { n: 1 });
const LOADING = answer(503, { error: "Model x is currently loading" });
/** A text that takes six seconds to say. */
const LONG = { tokens: 60, tokensPerSecond: 10 };

let server, mock, api;
before(async () => {
  server = await startMock();
  mock = connectMock({ mockUrl: server.mockUrl, prefix: "waiting" });
  ({ api } = await load(PKG_DIR, `${server.mockUrl}/_mock`));
});
after(() => server?.stop());

const answered = (came) => assert.ok("value" in came, show(came));
const stream = (client, url, options) => client.stream(url, formats.chat.payload, options);

describe("who waits", { concurrency: true, timeout: 60_000 }, () => {
  test("for a cold model goes when the first text of the leader's stream has come, and not when that is over", async () => {
    const url = await putStream(mock, "leader", { cold: { ms: 1_500, says: 4 }, stream: LONG });
    const client = api.createClient();
    const first = [];
    const text = (nth) => stream(client, url, { onEvent: ({ type }) => type === "first_token" && (first[nth] = performance.now()) }).finalText();
    const leader = text(0);
    await mock.statsOnce("leader", ({ log }) => log[0]?.outcome === "sent", "the first look");
    await Promise.all([leader, text(1), text(2)]);
    for (const nth of [1, 2]) assert.ok(first[nth] - first[0] < 1_000, `${Math.round(first[nth] - first[0])} ms after the leader`);
  });

  test("behind a half-open breaker goes when the first text of the probe's stream has come", async () => {
    const url = await putStream(mock, "probe", { script: Array(5).fill(answer(500, { error: "boom" })), stream: LONG });
    const client = api.createClient({ breaker: { openMs: 1_000, maxOpenMs: 1_000 } });
    for (let call = 0; call < 5; call++) await outcome(() => client.query(url, { call }, { maxRetries: 0 }));
    await sleep(1_400);
    let begun;
    const told = new Promise((resolve) => (begun = resolve));
    const probe = stream(client, url, { onEvent: ({ type }) => type === "first_token" && begun() }).finalText();
    await told;
    const asked = performance.now();
    let second;
    await new Promise((resolve) => (second = stream(client, url, { onEvent: ({ type }) => type === "first_token" && resolve() }).finalText()));
    assert.ok(performance.now() - asked < 1_000, `${Math.round(performance.now() - asked)} ms`);
    await Promise.all([probe, second]);
  });

  test("for a model that others find warm asks a second later, and then less and less often", async () => {
    // Two replicas behind one address, and this call sticks to the cold one, which takes longer to say so.
    const cold = await mock.put("sticky-cold", { then: { ...LOADING, delayMs: 40 } });
    const warm = await mock.put("sticky-warm", { healthy });
    const replicas = (url, init) => fetch(String(init.body).includes("sticky") ? cold : warm, init);
    const client = api.createClient({ fetch: replicas });
    const url = `${server.mockUrl}/replicas`;
    let over = false;
    const others = Array.from({ length: 3 }, async () => {
      while (!over) answered(await outcome(() => client.query(url, { other: 1 })));
    });
    const came = await outcome(() => client.query(url, { call: "sticky" }, { timeouts: { totalMs: 4_000 } }), 6_000);
    over = true;
    await Promise.all(others);
    assert.equal(came.error?.code, "model_loading", show(came));
    const { requests, log } = await mock.stats("sticky-cold");
    assert.ok(requests <= 7, `${requests} requests in 4 s`);
    // While more than a tenth of the call is left it looks once more, and those looks are closer.
    for (let nth = 1; nth < requests && log[nth].atMs - log[0].atMs < 3_000; nth++)
      assert.ok(log[nth].atMs - log[nth - 1].atMs >= 990, `${log[nth].atMs - log[nth - 1].atMs} ms apart`);
    assert.ok((await mock.stats("sticky-warm")).requests > 20);
  });

  test("less long than the server says goes to its fallback at once, or fails at once with the time that was named", async () => {
    const url = await mock.put("hour", { cold: { ms: 3_600_000, headers: { "retry-after": "3600" } } });
    const other = await mock.put("hour-other", { healthy });
    const client = api.createClient();
    const told = await outcome(() => client.query(url, {}, { timeouts: { totalMs: 4_000 } }));
    assert.equal(told.error?.code, "model_loading", show(told));
    assert.ok(told.error.retryAfterMs >= 3_600_000, show(told));
    const [later, falls] = await Promise.all([
      outcome(() => client.query(url, { n: 2 }, { timeouts: { totalMs: 4_000 } })),
      outcome(() => client.query(url, { n: 3 }, { timeouts: { totalMs: 4_000 }, fallback: [other] })),
    ]);
    assert.equal(later.error?.code, "model_loading", show(later));
    // Another call looks within a minute, whatever was named to the first one.
    assert.ok(later.error.retryAfterMs > 50_000 && later.error.retryAfterMs <= 60_000, show(later));
    answered(falls);
    for (const { ms } of [later, falls]) assert.ok(ms < 500, `after ${ms} ms`);
    assert.equal((await mock.stats("hour")).requests, 1);
  });

  test("for a permit has that of a reader that has gone away, and the reader's stream goes on when it is back", async () => {
    const url = await putStream(mock, "readers", { script: Array(4).fill({}), stream: { tokens: 40_000 } });
    const client = api.createClient({ concurrency: { max: 4 } });
    const readers = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const reader = stream(client, url).readable.getReader();
        await reader.read();
        return reader;
      }),
    );
    assert.equal(client.stats(url)[0].inFlight, 4);
    const came = await outcome(() => client.query(url, formats.chat.payload), 8_000);
    answered(came);
    assert.ok(came.ms < 6_000, `after ${came.ms} ms`);
    for (const reader of readers) {
      for (let items = 0; items < 300; items++) assert.equal((await reader.read()).done, false);
      await reader.cancel();
    }
    await sleep(100);
    assert.deepEqual([client.stats(url)[0].inFlight, client.stats(url)[0].queued], [0, 0]);
  });
});
