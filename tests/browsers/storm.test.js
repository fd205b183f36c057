// A page that treats the package badly: nothing of what it leaves behind may keep a permit or a connection.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inPage, withWebKit } from "./pages.js";
import { startOrigin } from "./origin.js";

/** Two hundred calls of two clients and three models, many of them aborted, left or never read; frames of the page use the six connections too. */
async function storm({ createClient }, { url, seed }) {
  let state = seed;
  const random = () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
  const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const clients = [createClient(), createClient()];
  const failures = [];
  const kept = (globalThis.kept = []);
  const stream = (client, model, signal) => client.stream(`${url}/stream?ms=${random() * 500}&m=${model}`, { messages: [], model }, { signal });
  const fetched = async (client, model, signal, path) => {
    const body = JSON.stringify({ messages: [], model, stream: path === "stream" });
    const init = { method: "POST", headers: { "content-type": "application/json" }, body, signal };
    const response = await client.fetch(`${url}/${path}?ms=300&m=${model}`, init);
    if (random() < 0.5) kept.push(response);
    else await response.text();
  };
  const kinds = [
    (client, model, signal) => client.query(`${url}/call?ms=${random() * 300}&m=${model}`, { messages: [], model }, { signal }),
    (...call) => stream(...call).finalText(),
    (...call) => void kept.push(stream(...call)),
    (...call) => fetched(...call, "stream"),
    (...call) => fetched(...call, "slow-body"),
    async (...call) => {
      for await (const _ of stream(...call)) {
        if (random() < 0.3) return;
        if (random() < 0.1) await sleep(random() * 3_000);
      }
    },
  ];
  const call = async (_, nth) => {
    await sleep(random() * 500);
    const leaving = new AbortController();
    if (random() < 0.4) setTimeout(() => leaving.abort(), random() * 4_000);
    try {
      await kinds[nth % kinds.length](clients[nth % 2], `model-${nth % 3}`, leaving.signal);
    } catch (error) {
      if (error !== leaving.signal.reason) failures.push(String(error));
    }
  };
  for (let nth = 0; nth < 2; nth++) {
    const frame = document.createElement("iframe");
    const asks = `for (let nth = 0; nth < 3; nth++) fetch(${JSON.stringify(url)} + "/stream?ms=4000", { method: "POST", body: "{}" });`;
    frame.srcdoc = `<body onload='${asks}'>`;
    document.body.append(frame);
  }
  await Promise.all(Array.from({ length: 200 }, call));
  await sleep(6_000); // who reads nothing is away by then
  const begun = performance.now();
  const one = (_, nth) => clients[nth % 2].query(`${url}/call?ms=100&m=model-${nth % 3}`, { messages: [], model: `model-${nth % 3}` });
  const answers = await Promise.all(Array.from({ length: 12 }, one));
  const ms = performance.now() - begun;
  const left = clients.flatMap((client) => client.stats()).filter(({ inFlight, queued, breaker }) => inFlight || queued || breaker !== "closed");
  return { failures, answers, ms, left, kept: kept.length };
}

for (const browser of withWebKit) {
  describe(`${browser.name}, two hundred calls that are aborted, left and never read`, { skip: browser.missing, timeout: 150_000 }, () => {
    test("all settle, leave no permit behind, and the next twelve are answered at once", async () => {
      const origin = await startOrigin();
      try {
        const { failures, answers, ms, left, kept } = await inPage(browser, storm, { url: origin.url, seed: 1 });
        console.log(JSON.stringify({ browser: browser.name, ms, kept, posts: origin.seen.posts }));
        assert.deepEqual(failures, []);
        assert.deepEqual(answers, Array(12).fill({ n: 1 }));
        assert.deepEqual(left, []);
        assert.ok(ms < 5_000, `${ms} ms`);
        assert.ok(kept > 20);
      } finally {
        await origin.stop();
      }
    });
  });
}
