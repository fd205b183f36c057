// Clients in the tabs of a browser that share what they know of a target. MOCK_HF_BIN and PKG_DIR as in tests/package.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { connectMock } from "../package/cases/mock.js";
import { startMock } from "../package/harness/mock-server.js";
import { withWebKit } from "./pages.js";
import { inTabs } from "./tabs.js";

/** Two calls at once in each of ten tabs. */
async function coldStart({ createClient, tabs }, { url, shares }, { together }) {
  const client = createClient(shares ? { coordinator: tabs() } : {});
  await together("loaded");
  const begun = performance.now();
  const calls = await Promise.allSettled([1, 2].map(() => client.query(url, { inputs: "x" })));
  const answered = calls.filter(({ status }) => status === "fulfilled").length;
  return { answered, state: client.stats()[0].coordinator, tookMs: Math.round(performance.now() - begun) };
}

/** Failing calls of the first tab open the circuit. The others have made no call to the target; from then on all call all the time. */
async function opens({ createClient, tabs }, { url, forMs }, { nth, sleep, until, together }) {
  const client = createClient({ coordinator: tabs(), maxRetries: 0, breaker: { openMs: 3_000 } });
  const state = () => client.stats(url)[0];
  const call = () => client.query(url, { inputs: "x" }).catch(({ code }) => code);
  await together("loaded");
  if (nth === 0) {
    for (let times = 0; times < 5; times++) await call();
    if (state().breaker !== "open") throw new Error(`the circuit is ${state().breaker}`);
  }
  await together("open");
  const tookMs = await until(
    () => state()?.breaker === "open",
    () => call(),
  );
  const codes = new Set();
  for (const begun = performance.now(); performance.now() - begun < forMs; await sleep(200)) codes.add(await call());
  return { tookMs, codes: [...codes], state: state().coordinator };
}

/** Calls all the time; the database is deleted by one of the tabs. */
async function deleted({ createClient, tabs }, { url }, { nth, until, together }) {
  const client = createClient({ coordinator: tabs() });
  let slowestMs = 0;
  let calls = 0;
  const call = async () => {
    const begun = performance.now();
    await client.query(url, { inputs: "x" });
    slowestMs = Math.max(slowestMs, performance.now() - begun);
    calls++;
  };
  const isShared = () => client.stats(url)[0].coordinator === "shared";
  await until(isShared, call);
  await together("shared");
  let ended;
  if (nth === 0) {
    const request = indexedDB.deleteDatabase("query-with-retry");
    request.onblocked = () => (ended = "blocked");
    request.onsuccess = () => (ended ??= "deleted");
    await until(() => ended, call);
  }
  await together("deleted");
  await call();
  await until(isShared, call);
  return { ended, slowestMs, calls };
}

for (const browser of withWebKit) {
  describe(`${browser.name}, clients in many tabs`, { skip: browser.missing, timeout: 200_000 }, () => {
    let server, mock;
    before(async () => {
      server = await startMock();
      mock = connectMock({ mockUrl: server.mockUrl, prefix: `tabs-${browser.name}` });
    });
    after(async () => {
      await mock.close();
      await server.stop();
    });
    const put = (name, scenario) => mock.put(name, { cors: "open", ...scenario });

    test("ten tabs ask a cold model as one, and all their calls are answered", async () => {
      const url = await put("cold", { cold: { ms: 8_000, says: 20 }, slots: 8, latencyMs: 20 });
      const ends = await inTabs(browser.name, 10, coldStart, { url, shares: true });
      const { requests } = await mock.stats("cold");
      for (const { answered, state } of ends) assert.deepEqual({ answered, state }, { answered: 2, state: "shared" });
      console.log(JSON.stringify({ browser: browser.name, requests, tookMs: ends.map(({ tookMs }) => tookMs) }));
      // The first calls of each tab go at once: none waits for the others. Then one of all probes.
      assert.ok(requests <= 20 + 20 + 10, `${requests} requests`);
    });

    test("a circuit that one tab's failures open is open for the others, and one tab of all probes", async () => {
      const url = await put("down", { then: { status: 500 } });
      const ends = await inTabs(browser.name, 5, opens, { url, forMs: 14_000 });
      const { log } = await mock.stats("down");
      const [opened, ...later] = log.slice(4).map(({ atMs }) => Math.round(atMs));
      // The first calls of each tab go before it has heard of the others: they come long before the first probe is due.
      const probes = later.filter((at) => at - opened > 2_500);
      console.log(
        JSON.stringify({ browser: browser.name, probes: probes.map((at) => at - opened), tookMs: ends.map(({ tookMs }) => Math.round(tookMs)) }),
      );
      for (const { tookMs, codes, state } of ends) {
        assert.ok(tookMs < 2_500, `${tookMs} ms`);
        // Of the half-open period one call has the failure itself.
        assert.ok(codes.includes("circuit_open"), codes.join());
        assert.equal(state, "shared");
      }
      // Open for 3 s and up to a quarter more, then for twice as long: two probes in the time, of all five tabs.
      assert.equal(probes.length, 2);
      assert.ok(probes[0] - opened >= 2_900 && probes[1] - probes[0] >= 5_900, JSON.stringify(probes));
    });

    test("the database is deleted while all tabs use it: nothing holds that up, no call waits, and the tabs share again", async () => {
      const url = await put("deleted", { latencyMs: 10 });
      const ends = await inTabs(browser.name, 4, deleted, { url });
      assert.equal(ends[0].ended, "deleted");
      const slowest = Math.max(...ends.map(({ slowestMs }) => slowestMs));
      console.log(JSON.stringify({ browser: browser.name, slowest }));
      assert.ok(slowest < 1_000, `${slowest} ms`);
    });
  });
}
