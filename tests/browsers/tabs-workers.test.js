// The workers of an origin share with its pages: dedicated, shared and service workers.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { connectMock } from "../package/cases/mock.js";
import { startMock } from "../package/harness/mock-server.js";
import { withWebKit } from "./pages.js";
import { inTabs } from "./tabs.js";

/** It calls the target until it knows that the circuit is open, and says so a few times, for its page may not listen yet. */
const WORKER = `
import { createClient } from "/dist/index.js";
import { tabs } from "/dist/tabs.js";
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const given = new URLSearchParams(location.search);
const url = given.get("url");
const client = createClient({ coordinator: tabs(), maxRetries: 0 });
const calls = async () => {
  let code;
  for (let times = 0; times < 30 && code !== "circuit_open"; times++) {
    code = await client.query(url, { inputs: "x" }).catch(({ code, message }) => code ?? message);
    await sleep(200);
  }
  const [{ breaker, coordinator }] = client.stats(url);
  const channel = new BroadcastChannel("workers");
  for (let times = 0; times < 20; times++, await sleep(200)) channel.postMessage({ kind: given.get("kind"), code, breaker, coordinator });
};
void calls();
`;

async function inWorkers({ createClient, tabs }, { url }, { until }) {
  const client = createClient({ coordinator: tabs(), maxRetries: 0 });
  for (let times = 0; times < 5; times++) await client.query(url, { inputs: "x" }).catch(() => {});
  await until(
    () => client.stats(url)[0].coordinator === "shared",
    () => client.query(url, { inputs: "x" }).catch(() => {}),
  );
  const address = (kind) => `/worker.js?kind=${kind}&url=${encodeURIComponent(url)}`;
  const type = "module";
  const starts = {
    dedicated: () => new Worker(address("dedicated"), { type }),
    shared: () => new SharedWorker(address("shared"), { type }),
    service: () => navigator.serviceWorker.register(address("service"), { type }),
  };
  const heard = new Map();
  new BroadcastChannel("workers").addEventListener("message", ({ data }) => heard.set(data.kind, data));
  const ends = {};
  for (const [kind, start] of Object.entries(starts)) {
    let worker;
    try {
      worker = await start();
    } catch ({ name }) {
      ends[kind] = name; // a browser without modules in workers of this kind
      continue;
    }
    await until(() => heard.has(kind));
    ends[kind] = heard.get(kind);
    void worker;
  }
  return ends;
}

for (const browser of withWebKit) {
  describe(`${browser.name}, workers`, { skip: browser.missing, timeout: 120_000 }, () => {
    test("know of a circuit that their page has opened", async () => {
      const server = await startMock();
      const mock = connectMock({ mockUrl: server.mockUrl, prefix: `workers-${browser.name}` });
      try {
        const url = await mock.put("down", { cors: "open", then: { status: 500 } });
        const pages = { "/worker.js": { html: WORKER, headers: { "content-type": "text/javascript" } } };
        const [ends] = await inTabs(browser.name, 1, inWorkers, { url }, { pages });
        const open = (kind) => ({ kind, code: "circuit_open", breaker: "open", coordinator: "shared" });
        assert.deepEqual(ends.dedicated, open("dedicated"));
        assert.deepEqual(ends.shared, open("shared"));
        if (typeof ends.service === "string") console.log(JSON.stringify({ browser: browser.name, service: ends.service }));
        else assert.deepEqual(ends.service, open("service"));
      } finally {
        await mock.close();
        await server.stop();
      }
    });
  });
}
