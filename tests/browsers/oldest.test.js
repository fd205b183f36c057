// The oldest browsers that docs/browsers.md names, imitated: what came after them is taken away before the package is loaded.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startOrigin } from "./origin.js";
import { browsers, inPage } from "./pages.js";

async function everything(_, { url, dist }) {
  const gone = [
    [URL, "canParse"],
    [URL, "parse"],
    [AbortSignal, "any"],
    [AbortSignal, "timeout"],
    [ReadableStream, "from"],
    [ReadableStream.prototype, Symbol.asyncIterator],
    [ReadableStream.prototype, "values"],
    [Array.prototype, "findLast"],
    [Array.prototype, "findLastIndex"],
    [Array.prototype, "toSorted"],
    [Array, "fromAsync"],
    [Promise, "withResolvers"],
    [Promise, "try"],
    [Object, "groupBy"],
    [globalThis, "scheduler"],
    [Uint8Array, "fromBase64"],
    [String.prototype, "isWellFormed"],
    [Set.prototype, "union"],
    [globalThis, "Iterator"],
  ];
  for (const [of, name] of gone) delete of[name];
  const left = gone.filter(([of, name]) => name in of).map(([, name]) => String(name));
  const api = await import(dist);
  const client = api.createClient();
  const payload = { messages: [] };
  const pieces = [];
  for await (const piece of client.stream(`${url}/stream?ms=50`, payload).text()) pieces.push(piece);
  const caller = new AbortController();
  const init = { method: "POST", body: JSON.stringify(payload), headers: { "content-type": "application/json" }, signal: caller.signal };
  const fetched = await (await client.fetch(`${url}/stream?ms=50`, init)).text();
  const cold = await client.query(`${url}/cold?ms=300`, payload);
  const aborted = client.fetch(`${url}/call?ms=5000`, init).catch((error) => String(error));
  setTimeout(() => caller.abort(new Error("left")), 100);
  const late = client.query(`${url}/call?ms=5000`, payload, { timeouts: { totalMs: 300 } }).catch(({ code }) => code);
  const refused = client.query("http://127.0.0.1:1/", payload, { maxRetries: 0, loading: { refusedMs: 0 } }).catch(({ code }) => code);
  return { left, text: pieces.join(""), fetched: fetched.includes("[DONE]"), cold, aborted: await aborted, late: await late, refused: await refused };
}

for (const browser of browsers) {
  describe(`${browser.name}, without what came after 2022`, { skip: browser.missing, timeout: 60_000 }, () => {
    test("calls, streams, fetches, waits, aborts and fails", async () => {
      const origin = await startOrigin();
      try {
        const told = await inPage(browser, everything, { url: origin.url, dist: "/dist/index.js?old" });
        assert.deepEqual(told, {
          left: [],
          text: "0 1 2 3 4 5 6 7 8 9 ",
          fetched: true,
          cold: { n: 1 },
          aborted: "Error: left",
          late: "timeout",
          refused: "network",
        });
      } finally {
        await origin.stop();
      }
    });
  });
}
