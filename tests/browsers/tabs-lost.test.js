// A browser without its database, or with one that is of no use: each client goes by its own rules, and no call waits.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { connectMock } from "../package/cases/mock.js";
import { startMock } from "../package/harness/mock-server.js";
import { withWebKit } from "./pages.js";
import { inTabs } from "./tabs.js";

/** What is wrong with IndexedDB, each a function of the page. `opened` counts how often it was asked for a database. */
const wrong = {
  "is missing": () => Object.defineProperty(globalThis, "indexedDB", { value: undefined }),
  "throws when it is looked at": () =>
    Object.defineProperty(globalThis, "indexedDB", {
      get() {
        throw new DOMException("no", "SecurityError");
      },
    }),
  "opens nothing": () =>
    (IDBFactory.prototype.open = () => {
      throw new DOMException("no", "InvalidStateError");
    }),
  "fails to open": () => {
    const { open } = IDBFactory.prototype;
    const once = new Promise((made) => (open.call(indexedDB, "newer", 2).onsuccess = made));
    IDBFactory.prototype.open = () => open.call(indexedDB, "newer", 1); // a VersionError
    return once;
  },
  "never says whether it opened": () =>
    (IDBFactory.prototype.open = () => {
      globalThis.opened = (globalThis.opened ?? 0) + 1;
      return new EventTarget();
    }),
  "throws in the middle": () =>
    (IDBDatabase.prototype.transaction = () => {
      throw new DOMException("no", "UnknownError");
    }),
  "never ends a transaction": () =>
    (IDBObjectStore.prototype.get = function () {
      // As long as there are requests, it does not end.
      const next = () => {
        try {
          this.count().onsuccess = next;
        } catch {
          // It was aborted.
        }
      };
      next();
      return new EventTarget();
    }),
  "is none of a page in a sandbox": () => {},
};

async function calls({ createClient, tabs }, { url, breaks }, { sleep }) {
  await new Function(`return (${breaks})()`)();
  const told = [];
  const client = createClient({ coordinator: tabs(), onEvent: ({ type }) => type === "coordinator" && told.push(type) });
  await createClient().query(url, { inputs: "x" }); // the module is compiled
  const rounds = [];
  const begun = performance.now();
  while (performance.now() - begun < 6_000) {
    const before = performance.now();
    await Promise.all([1, 2, 3].map(() => client.query(url, { inputs: "x" })));
    rounds.push(performance.now() - before);
    await sleep(100);
  }
  return { state: client.stats()[0].coordinator, told: told.length, rounds, opened: globalThis.opened };
}

/** The database opens, a second later than asked. */
async function late({ createClient, tabs }, { url }, { until }) {
  const { open } = IDBFactory.prototype;
  let opened = 0;
  IDBFactory.prototype.open = (...names) => {
    opened++;
    const [slow, request] = [new EventTarget(), open.apply(indexedDB, names)];
    const tells = (type) => () => (Object.assign(slow, { result: request.result }), slow.dispatchEvent(new Event(type)));
    request.addEventListener("upgradeneeded", tells("upgradeneeded"));
    request.addEventListener("success", () => setTimeout(tells("success"), 1_000));
    return slow;
  };
  const client = createClient({ coordinator: tabs() });
  const tookMs = await until(
    () => client.stats(url)[0].coordinator === "shared",
    () => client.query(url, { inputs: "x" }),
  );
  return { opened, tookMs };
}

/** Another program has a database of this name, which it changes while the client is there. */
async function foreign({ createClient, tabs }, { url }, { sleep }) {
  const done = (request) => new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
  const opened = (version, upgrade) => {
    const request = indexedDB.open("theirs", version);
    request.onupgradeneeded = () => upgrade(request.result);
    request.onblocked = () => (globalThis.blocked = true);
    return done(request);
  };
  const theirs = await opened(7, (database) => database.createObjectStore("things").add("a thing", 1));
  theirs.close();
  const client = createClient({ coordinator: tabs({ name: "theirs" }) });
  for (let times = 0; times < 5; times++) {
    await client.query(url, { inputs: "x" });
    await sleep(300);
  }
  const newer = await opened(8, (database) => database.createObjectStore("more"));
  const thing = await done(newer.transaction("things").objectStore("things").get(1));
  return { state: client.stats()[0].coordinator, stores: [...newer.objectStoreNames], thing, blocked: Boolean(globalThis.blocked) };
}

/** What another version left under the key, what nobody has written for long, and what nobody asks any more. */
async function leftovers({ createClient, tabs }, { url, failing }, { until, sleep }) {
  const client = createClient({ coordinator: tabs() });
  const call = () => client.query(url, { inputs: "x" });
  const state = () => client.stats(url)[0].coordinator;
  await until(() => state() === "shared", call);
  const done = (request) => new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
  const store = async (step) => {
    const database = await done(indexedDB.open("query-with-retry"));
    const result = await done(step(database.transaction("texts", "readwrite").objectStore("texts")));
    database.close();
    return result;
  };
  const key = `1:${url}`;
  const kept = [];
  for (const left of [{ text: "2 what comes after us", at: Date.now() }, { text: 5 }, "a text"]) {
    await store((texts) => texts.put(left, key));
    await until(() => state() === "alone", call);
    await store((texts) => texts.get(key)).then((found) => kept.push(JSON.stringify(found) === JSON.stringify(left)));
    await store((texts) => texts.delete(key));
    await until(() => state() === "shared", call);
  }
  const long = Date.now() - 601_000;
  await store((texts) => texts.put({ text: "2 of long ago", at: long }, key));
  await store((texts) => texts.put(null, "1:nothing"));
  await store((texts) => texts.put({ text: "of long ago", at: long }, "1:elsewhere"));
  await store((texts) => texts.put({ text: "of just now", at: Date.now() }, "1:beside"));
  for (let times = 0; times < 5; times++) {
    await call();
    await sleep(300);
  }
  const stateThen = state();
  // A circuit that opens is written.
  const other = createClient({ coordinator: tabs(), maxRetries: 0 });
  for (let times = 0; times < 5; times++) await other.query(failing, { inputs: "x" }).catch(() => {});
  const keys = () => store((texts) => texts.getAllKeys());
  await until(async () => (await keys()).includes(`1:${failing}`));
  return { kept, state: stateThen, keys: await keys() };
}

for (const browser of withWebKit) {
  describe(`${browser.name}, where tabs cannot share`, { skip: browser.missing, timeout: 200_000 }, () => {
    let server, mock;
    before(async () => {
      server = await startMock();
      mock = connectMock({ mockUrl: server.mockUrl, prefix: `lost-${browser.name}` });
    });
    after(async () => {
      await mock.close();
      await server.stop();
    });

    for (const [what, breaks] of Object.entries(wrong)) {
      test(`IndexedDB ${what}: no call waits for it, and it is not asked all the time`, async () => {
        const url = await mock.put("healthy", { cors: "open", latencyMs: 10 });
        const headers = what.includes("sandbox") ? { "content-security-policy": "sandbox allow-scripts" } : {};
        const [{ state, told, rounds, opened = 0 }] = await inTabs(browser.name, 1, calls, { url, breaks: `${breaks}` }, { headers });
        assert.equal(state, "alone");
        assert.equal(told, 0);
        // A call that waited for a database that never answers would have no end. The machine may be busy for a moment.
        const sorted = rounds.toSorted((one, other) => one - other);
        assert.ok(sorted[Math.floor(sorted.length / 2)] < 200 && sorted.at(-1) < 2_000, `${rounds.map(Math.round)}`);
        assert.ok(opened <= 1, `${opened} times`);
      });
    }

    test("a database that opens late is opened once, and is used from then on", async () => {
      const url = await mock.put("late", { cors: "open" });
      const [{ opened, tookMs }] = await inTabs(browser.name, 1, late, { url });
      assert.equal(opened, 1);
      assert.ok(tookMs > 1_000 && tookMs < 6_000, `${tookMs} ms`);
    });

    test("a database of somebody else is left alone, and its owner may change it", async () => {
      const url = await mock.put("foreign", { cors: "open" });
      const [end] = await inTabs(browser.name, 1, foreign, { url });
      assert.deepEqual(end, { state: "alone", stores: ["more", "things"], thing: "a thing", blocked: false });
    });

    test("what another version left under the key stays as it is, and what nobody has written for ten minutes is dropped", async () => {
      const url = await mock.put("leftovers", { cors: "open" });
      const failing = await mock.put("failing", { cors: "open", then: { status: 500 } });
      const [end] = await inTabs(browser.name, 1, leftovers, { url, failing });
      assert.deepEqual(end, { kept: [true, true, true], state: "shared", keys: ["1:beside", `1:${failing}`, "1:nothing"] });
    });
  });
}
