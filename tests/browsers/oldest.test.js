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

/** An older browser than those: what is told of a call fails in the middle, and the call has to end all the same. */
async function tooOld(_, { url, dist }) {
  delete Array.prototype.at;
  const { createClient } = await import(dist);
  const client = createClient({ maxRetries: 0, onEvent: () => {} });
  const payload = { messages: [] };
  const calls = {
    call: client.query(`${url}/call?ms=0`, payload),
    stream: client.stream(`${url}/stream?ms=50`, payload).finalText(),
    failure: client.query(`${url}/busy-once?ms=0`, payload),
    fetch: client.fetch(`${url}/call?ms=0`, { method: "POST", body: "{}" }),
  };
  const hangs = () => new Promise((resolve) => setTimeout(resolve, 5_000, "hangs"));
  const end = (call) =>
    Promise.race([
      call.then(
        () => "answered",
        ({ name }) => name,
      ),
      hangs(),
    ]);
  const ends = await Promise.all(Object.entries(calls).map(async ([kind, call]) => [kind, await end(call)]));
  return { ...Object.fromEntries(ends), inFlight: client.stats().reduce((sum, { inFlight }) => sum + inFlight, 0) };
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

    test("ends every call with what went wrong where it lacks more than that, and none hangs", async () => {
      const origin = await startOrigin({ refused: 100 });
      try {
        const told = await inPage(browser, tooOld, { url: origin.url, dist: "/dist/index.js?older" });
        assert.deepEqual(told, { call: "TypeError", stream: "TypeError", failure: "TypeError", fetch: "TypeError", inFlight: 0 });
      } finally {
        await origin.stop();
      }
    });
  });
}
