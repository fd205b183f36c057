// What many servers can make the core hold at once: the memory of WebAssembly has an end, and in a Worker soon.
// PKG_DIR and MOCK_HF_BIN as in tests/package.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { connectMock } from "../package/cases/mock.js";
import { PKG_DIR } from "../package/harness/app.js";
import { startMock } from "../package/harness/mock-server.js";
import { besides, isError } from "./beside.js";
import { load } from "./core.js";

const MIB = 2 ** 20;
const TARGETS = 80;
const STREAMS = 320;

let server, mock, api, cores, coreBytes, beside;
before(async () => {
  server = await startMock();
  mock = connectMock({ mockUrl: server.mockUrl, prefix: "memory" });
  ({ api, cores, coreBytes } = await load(PKG_DIR, `${server.mockUrl}/_mock`));
  beside = await besides({ api, mock, cores });
});
after(() => server?.stop());

const text = (length, last) => {
  const bytes = new Uint8Array(length).fill(120);
  if (last) bytes[length - 1] = last.charCodeAt(0);
  return bytes;
};
const encode = (words) => new TextEncoder().encode(words);
const DONE = encode('data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n');

/** Event streams of these pieces. All of them have brought `alike` of them, together or in turn, before one brings the next. */
function streams(count, pieces, alike = pieces.length, inTurn = false) {
  let here = 0;
  let all;
  const met = new Promise((resolve) => (all = resolve));
  let before = Promise.resolve();
  const fetch = async () => {
    let at = 0;
    let next;
    const turn = before;
    if (inTurn) before = new Promise((resolve) => (next = resolve));
    const pull = async (controller) => {
      if (at === 0) await turn;
      if (at === alike) next?.();
      if (at === alike && ++here === count) all();
      if (at >= alike) await met;
      if (at < pieces.length) controller.enqueue(pieces[at++]);
      else controller.close();
    };
    const gone = () => ++here === count && all();
    return new Response(new ReadableStream({ pull, cancel: gone }, { highWaterMark: 0 }), { headers: { "content-type": "text/event-stream" } });
  };
  const client = api.createClient({ fetch, maxRetries: 0, concurrency: { min: 64, max: 64 } });
  const calls = Array.from({ length: count }, (_, i) => [i, () => client.stream(`http://127.0.0.1:9/${i % TARGETS}`, {}).finalText()]);
  return beside(Object.fromEntries(calls));
}

describe("the memory of the core", { timeout: 300_000 }, () => {
  test(`${STREAMS} streams with a line that does not end fill it no more than a few do, and only they fail`, async () => {
    const pieces = [encode("data: "), ...Array(15).fill(text(MIB))];
    for (const came of Object.values(await streams(STREAMS, pieces))) isError(came, api, "bad_response", "stream_truncated");
    assert.ok(coreBytes() < 160 * MIB, `${coreBytes() / MIB} MiB`);
  });

  test("what others hold does not refuse an event of usual size", async () => {
    const pieces = [encode("data: "), ...Array(15).fill(text(MIB))];
    const greedy = streams(8, pieces);
    const modest = [encode("data: "), encode(`{"choices":[{"delta":{"content":"${"x".repeat(60_000)}`), encode('"}}]}\n\n'), DONE];
    for (const came of Object.values(await streams(8, modest))) assert.equal(came.value?.length, 60_002);
    await greedy;
  });

  test(`${STREAMS} streams that had a long line once hold none of it`, async () => {
    const pieces = [encode(":"), ...Array(7).fill(text(MIB)), text(MIB, "\n"), DONE];
    for (const came of Object.values(await streams(STREAMS, pieces, pieces.length - 1, true))) assert.equal(came.value, "Hi");
    assert.ok(coreBytes() < 160 * MIB, `${coreBytes() / MIB} MiB`);
  });

  for (const [what, event] of [
    ["type", (long) => `{"type":"${long}"}`],
    ["text", (long) => `{"choices":[{"index":0,"delta":{"content":"${long}"}}]}`],
    ["error that is none", (long) => `{"choices":[{"index":0,"delta":{"content":"x"}}],"error":"${long}"}`],
  ]) {
    test(`20 streams that had an event with a ${what} of 14 MiB once hold none of it while they are silent`, async () => {
      const long = encode(`data: ${event("x".repeat(14 * MIB))}\n\n`);
      const pieces = [encode('data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n'), long, DONE];
      const before = coreBytes();
      for (const came of Object.values(await streams(20, pieces, 2, true))) assert.ok(came.value?.startsWith("Hi"), String(came.error));
      assert.ok(coreBytes() < Math.max(before, 200 * MIB), `${coreBytes() / MIB} MiB`);
    });
  }

  test("events without content that do not end are no stream", async () => {
    const piece = encode('data: {"choices":[]}\n\n'.repeat(1_000));
    let pieces = 0;
    const fetch = async () =>
      new Response(new ReadableStream({ pull: (controller) => (pieces++, controller.enqueue(piece)) }), {
        headers: { "content-type": "text/event-stream" },
      });
    const client = api.createClient({ fetch, maxRetries: 0 });
    const { text } = await beside({ text: () => client.stream("http://127.0.0.1:9/", {}).finalText() });
    isError(text, api, "bad_response");
    assert.ok(text.error.detail.includes("16 MiB") && pieces < 1_000, `${pieces} pieces`);
  });

  test("a piece of a gigabyte does not come into it in one piece", async () => {
    const piece = new Uint8Array(2 ** 30);
    for (const came of Object.values(await streams(4, [piece]))) isError(came, api, "bad_response");
    assert.ok(coreBytes() < 160 * MIB, `${coreBytes() / MIB} MiB`);
  });

  test("words of 64 MiB do not come into it whole", async () => {
    const words = "x".repeat(2 ** 26);
    const fetch = async () => new Response(`{"error":"${words}"}`, { headers: { "content-type": "application/json" } });
    const client = api.createClient({ fetch, maxRetries: 0 });
    const { query } = await beside({ query: () => client.query("http://127.0.0.1:9/", {}) });
    isError(query, api, "engine_failure");
    assert.ok(coreBytes() < 160 * MIB, `${coreBytes() / MIB} MiB`);
  });

  test("whole answers of 64 MiB of text, eight at once, are not kept in it", async () => {
    const answer = () =>
      new Response(`{"choices":[{"index":0,"message":{"content":"${"x".repeat(64 * MIB)}"},"finish_reason":"stop"}]}`, {
        headers: { "content-type": "application/json" },
      });
    const client = api.createClient({ fetch: async () => answer(), maxRetries: 0, concurrency: { min: 8 } });
    const before = coreBytes();
    const calls = Array.from({ length: 8 }, (_, nth) => client.query(`http://127.0.0.1:9/${nth}`, {}, { response: "bytes" }));
    for (const bytes of await Promise.all(calls)) assert.ok(bytes.length > 64 * MIB);
    assert.ok(coreBytes() - before < 32 * MIB, `${coreBytes() - before}`);
  });
});
