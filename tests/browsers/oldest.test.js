// The oldest browsers that docs/browsers.md names, imitated: what came after them is taken away before the package is loaded.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, test } from "node:test";
import { PKG_DIR } from "../package/harness/app.js";
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
    // Firefox 97 has none of these yet.
    [globalThis, "WritableStream"],
    [globalThis, "TransformStream"],
    [globalThis, "TextDecoderStream"],
    [globalThis, "CompressionStream"],
    [ReadableStream.prototype, "pipeTo"],
    [ReadableStream.prototype, "pipeThrough"],
    [globalThis, "ReadableStreamBYOBReader"],
    [Request.prototype, "body"],
    [Request.prototype, "duplex"],
    [Response, "json"],
    [Response.prototype, "bytes"],
    [Blob.prototype, "bytes"],
  ];
  // Nor has it bodies of bytes in its streams, or Safari 15.4.
  const construct = (of, [source, ...rest]) => {
    if (source?.type !== undefined) throw new TypeError("no such type of stream");
    return new of(source, ...rest);
  };
  globalThis.ReadableStream = new Proxy(ReadableStream, { construct });
  for (const [of, name] of gone) delete of[name];
  const left = gone.filter(([of, name]) => name in of).map(([, name]) => String(name));
  const api = await import(dist);
  const client = api.createClient();
  const payload = { messages: [] };
  const pieces = [];
  for await (const piece of client.stream(`${url}/stream?ms=50`, payload).text()) pieces.push(piece);
  const caller = new AbortController();
  const init = { method: "POST", body: JSON.stringify(payload), headers: { "content-type": "application/json" }, signal: caller.signal };
  const reader = client.stream(`${url}/stream?ms=50`, payload).readable.getReader();
  let events = 0;
  while (!(await reader.read()).done) events++;
  const fetched = await (await client.fetch(`${url}/stream?ms=50`, init)).text();
  const cold = await client.query(`${url}/cold?ms=300`, payload);
  const aborted = client.fetch(`${url}/call?ms=5000`, init).catch((error) => String(error));
  setTimeout(() => caller.abort(new Error("left")), 100);
  const late = client.query(`${url}/call?ms=5000`, payload, { timeouts: { totalMs: 300 } }).catch(({ code }) => code);
  const refused = client.query("http://127.0.0.1:1/", payload, { maxRetries: 0, loading: { refusedMs: 0 } }).catch(({ code }) => code);
  return {
    left,
    events,
    text: pieces.join(""),
    fetched: fetched.includes("[DONE]"),
    cold,
    aborted: await aborted,
    late: await late,
    refused: await refused,
  };
}

const NAMED = /Chrome and Edge (?<chrome>\d+), Firefox (?<firefox>\d+), Safari (?<safari>[\d.]+)/;

test("the published modules have no syntax that the oldest browsers named in docs/browsers.md lack", () => {
  const { transformSync } = createRequire(new URL("../package/package.json", import.meta.url))("esbuild");
  const page = readFileSync(new URL("../../docs/browsers.md", import.meta.url), "utf8");
  const { chrome, firefox, safari } = NAMED.exec(page).groups;
  const target = [`chrome${chrome}`, `edge${chrome}`, `firefox${firefox}`, `safari${safari}`];
  const lowered = (code) => transformSync(code, { target }).code !== transformSync(code, { target: "esnext" }).code;
  assert.ok(lowered("class A { static { this.a = 1; } }"), "of which esbuild knows");
  const dist = join(PKG_DIR, "dist");
  const modules = readdirSync(dist).filter((file) => file.endsWith(".js"));
  assert.ok(modules.includes("index.js") && modules.includes("shared.js"));
  assert.deepEqual(
    modules.filter((file) => lowered(readFileSync(join(dist, file), "utf8"))),
    [],
  );
});

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
          events: 11,
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
