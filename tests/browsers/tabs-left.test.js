// Tabs that are closed, frozen or kept to come back to while others share with them: what a page cannot do to itself, in Chromium.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connectMock } from "../package/cases/mock.js";
import { browser } from "../package/harness/browsers.js";
import { startMock } from "../package/harness/mock-server.js";
import { inTabs } from "./tabs.js";

const { missing } = browser("chromium");
const TABS = 6;
/** Without a sign of life for so long a leader is passed over: `LEASE` of `core/admission/fleet`. */
const LEASE_MS = 5_000;

/** One call in each tab, which says whose it is. */
async function coldStart({ createClient, tabs }, { url }, { nth, together }) {
  const client = createClient({ coordinator: tabs() });
  await together("loaded");
  await client.query(url, { inputs: `${nth}` });
  return client.stats()[0].coordinator;
}

/** The first tab exchanges without a pause, so that it is frozen in a transaction. The others take the time of each exchange. */
async function exchanges({ tabs }, { forMs }, { nth, sleep, together }) {
  const coordinator = tabs();
  let text = "";
  const exchange = async () => {
    const read = await coordinator.call("1:x", { expected: "", next: "" });
    const next = `${nth} ${Math.random()}`;
    text = (await coordinator.call("1:x", { expected: read.text, next })).text;
  };
  await exchange();
  await together("ready");
  const [begun, took, failed] = [performance.now(), [], []];
  while (performance.now() - begun < forMs) {
    const before = performance.now();
    await exchange().catch((error) => failed.push(`${error}`));
    took.push(performance.now() - before);
    if (nth > 0) await sleep(20);
  }
  return { failed, times: took.length, slowestMs: Math.max(...took), text };
}

/** Left by its test, which comes back to it. */
async function comesBack({ createClient, tabs }, { url }, { post, until }) {
  const client = createClient({ coordinator: tabs() });
  const share = () =>
    until(
      () => client.stats(url)[0].coordinator === "shared",
      () => client.query(url, { inputs: "x" }),
    );
  await share();
  const back = new Promise((resolve) => addEventListener("pageshow", ({ persisted }) => resolve(persisted)));
  await post("shares");
  const persisted = await back;
  await share();
  return { persisted };
}

describe("chromium, tabs that others share with", { skip: missing, timeout: 300_000 }, () => {
  let server, mock;
  before(async () => {
    server = await startMock();
    mock = connectMock({ mockUrl: server.mockUrl, prefix: "left" });
  });
  after(async () => {
    await mock.close();
    await server.stop();
  });
  const put = (name, scenario) => mock.put(name, { cors: "open", ...scenario });

  /** Once the model has been found cold by all, the tab that sends the next request leads. */
  async function leaderOf(name) {
    const { log } = await mock.statsOnce(name, ({ requests }) => requests > TABS, "a probe", 20_000);
    const { atMs, body } = log.at(-1);
    return { nth: Number(JSON.parse(body).inputs), atMs };
  }

  for (const [what, leaves] of [
    ["closed", ({ pages }, nth) => pages[nth].close()],
    ["frozen", ({ pages }, nth) => pages[nth].freeze()],
  ]) {
    test(`the tab that leads a cold start is ${what}: another leads when its lease is over, and all other calls are answered`, async () => {
      const url = await put(what, { cold: { ms: 20_000, says: 20 } });
      let leader;
      const meanwhile = async (window) => {
        leader = await leaderOf(what);
        await leaves(window, leader.nth);
        return [leader.nth];
      };
      const states = await inTabs("chromium", TABS, coldStart, { url }, { meanwhile, undriven: what === "frozen" });
      assert.deepEqual(states, Array(TABS - 1).fill("shared"));
      const { log, requests } = await mock.stats(what);
      const later = log.filter(({ atMs }) => atMs > leader.atMs);
      console.log(JSON.stringify({ what, requests, probes: log.slice(TABS).map(({ atMs }) => Math.round(atMs - log[0].atMs)) }));
      assert.ok(later.every(({ body }) => Number(JSON.parse(body).inputs) !== leader.nth));
      // The pause between two probes of this cold start is about as long as the lease.
      assert.ok(later[0].atMs - leader.atMs < 3 * LEASE_MS, `${later[0].atMs - leader.atMs} ms`);
      assert.ok(requests <= TABS + 10 + (TABS - 1), `${requests} requests`);
    });
  }

  test("a tab that is frozen in a transaction gives it up, and holds up no other", async () => {
    const meanwhile = async ({ pages }) => {
      await sleep(2_000);
      for (let times = 0; times < 20; times++) {
        await pages[0].freeze();
        await sleep(600);
        await pages[0].resume();
        await sleep(200);
      }
    };
    const [first, ...others] = await inTabs("chromium", 3, exchanges, { forMs: 18_000 }, { meanwhile, undriven: true });
    console.log(JSON.stringify([first, ...others]));
    for (const { failed, slowestMs } of others) {
      assert.deepEqual(failed, []);
      assert.ok(slowestMs < 400, `${slowestMs} ms for two messages`);
    }
    // It was in one whenever it was frozen.
    assert.ok(first.times > 500, `${first.times} exchanges`);
  });

  test("a page that is kept to come back to holds up nobody who deletes the database, and shares again when it is back", async () => {
    const url = await put("kept", {});
    let told;
    const shares = new Promise((resolve) => (told = resolve));
    let deleted;
    const meanwhile = async ({ context, pages: [page], url: address }) => {
      await shares;
      await page.goto(`${address}/elsewhere`);
      const other = await context.newPage();
      await other.goto(`${address}/elsewhere`);
      deleted = await other.evaluate(
        () =>
          new Promise((resolve) => {
            const request = indexedDB.deleteDatabase("query-with-retry");
            request.onsuccess = () => resolve("deleted");
            request.onblocked = () => resolve("blocked");
          }),
      );
      await page.goBack();
    };
    const [{ persisted }] = await inTabs("chromium", 1, comesBack, { url }, { meanwhile, onTold: () => told() });
    assert.equal(deleted, "deleted");
    assert.equal(persisted, true);
  });

  test("a full disk: no call waits, and each tab goes by its own rules until there is room", async () => {
    const url = await put("full", { then: { status: 500 } });
    let told;
    const isThere = new Promise((resolve) => (told = resolve));
    const meanwhile = async ({ context, pages: [page], url: address }) => {
      await isThere;
      const session = await context.newCDPSession(page);
      await session.send("Storage.overrideQuotaForOrigin", { origin: address, quotaSize: 1 });
      await page.evaluate(() => (globalThis.isFull = true));
      await page.waitForFunction(() => globalThis.wasAlone);
      await session.send("Storage.overrideQuotaForOrigin", { origin: address });
      await page.evaluate(() => (globalThis.isFull = false));
    };
    const work = async ({ createClient, tabs }, { url }, { until, post }) => {
      const client = createClient({ coordinator: tabs(), maxRetries: 0 });
      const call = () => client.query(url, { inputs: "x" }).catch(() => {});
      const state = () => client.stats(url)[0]?.coordinator;
      await post("here");
      await until(() => globalThis.isFull);
      // A circuit that opens is written.
      await until(() => client.stats(url)[0]?.breaker === "open", call);
      await until(() => state() === "alone", call);
      globalThis.wasAlone = true;
      await until(() => globalThis.isFull === false);
      await until(() => state() === "shared", call);
      return client.stats(url)[0].breaker;
    };
    assert.deepEqual(await inTabs("chromium", 1, work, { url }, { meanwhile, onTold: () => told() }), ["open"]);
  });
});
