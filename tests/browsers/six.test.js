// Over HTTP/1.1 a browser has six connections for an origin. PKG_DIR as in tests/package.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inChromium, missing } from "./driven.js";
import { inPage, withWebKit } from "./pages.js";
import { startOrigin } from "./origin.js";

const MS = Number(process.env.STREAM_MS ?? 3_000);

/** Thirty streams at once, of three models and two clients that have been used before; and a GET of the page's own beside them. */
async function thirtyStreams({ createClient }, { url, ms }) {
  const clients = [createClient(), createClient()];
  for (let nth = 0; nth < 60; nth++) await clients[nth % 2].stream(`${url}/stream?ms=0`, { messages: [] }).finalText();
  const begun = performance.now();
  const streams = Array.from({ length: 30 }, async (_, nth) => {
    try {
      return await clients[nth % 2].stream(`${url}/stream?ms=${ms}&model=${nth % 3}`, { messages: [], model: `model-${nth % 3}` }).finalText();
    } catch (error) {
      return `${error.code}: ${error.message}`;
    }
  });
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const asked = performance.now();
  await (await fetch(`${url}/own`)).text();
  const ownMs = performance.now() - asked;
  const texts = await Promise.all(streams);
  const stats = clients.flatMap((client) => client.stats()).map(({ breaker }) => breaker);
  return { texts, ms: performance.now() - begun, ownMs, stats };
}

for (const browser of withWebKit) {
  describe(`${browser.name}, an origin over HTTP/1.1`, { skip: browser.missing, concurrency: true, timeout: 200_000 }, () => {
    test("answers thirty streams of three models and two clients, no more than five at once, and the page's own GET beside them at once", async () => {
      const origin = await startOrigin();
      try {
        const { texts, ms, ownMs, stats } = await inPage(browser, thirtyStreams, { url: origin.url, ms: MS });
        console.log(JSON.stringify({ browser: browser.name, ms, ownMs, most: origin.seen.most, posts: origin.seen.posts, heads: origin.seen.heads }));
        assert.deepEqual([...new Set(texts)], ["0 1 2 3 4 5 6 7 8 9 "]);
        assert.equal(origin.seen.most, 5);
        assert.equal(origin.seen.posts, 60 + 30);
        assert.ok(ownMs < 1_000, `${ownMs} ms`);
        assert.ok(ms < 6 * MS * 1.1 + 1_000, `${ms} ms`);
        assert.deepEqual([...new Set(stats)], ["closed"]);
      } finally {
        await origin.stop();
      }
    });
  });
}

/** Fifteen streams at once, of a client that has been used before. */
async function fifteenStreams({ createClient }, { url, ms }) {
  const client = createClient();
  const one = (ms) => client.stream(`${url}/stream?ms=${ms}`, { messages: [] }).finalText();
  for (let nth = 0; nth < 20; nth++) await one(0);
  const begun = performance.now();
  const texts = await Promise.all(Array.from({ length: 15 }, () => one(ms)));
  return { texts, ms: performance.now() - begun };
}

describe("Chromium, an origin over TLS", { skip: missing, concurrency: true, timeout: 60_000 }, () => {
  for (const [what, over, headers, most] of [
    ["that speaks HTTP/2, as the page may see, has as many connections as are wanted", "h2", { "timing-allow-origin": "*" }, 15],
    ["that speaks HTTP/2, which the page may not see, too: that is found out", "h2", {}, 15],
    ["that speaks HTTP/1.1 has five", "https", { "timing-allow-origin": "*" }, 5],
    ["that speaks HTTP/1.1, which the page may not see, has five, and six while that is found out", "https", {}, 6],
  ]) {
    test(what, async () => {
      const origin = await startOrigin({ over, headers });
      try {
        const { texts, ms } = await inChromium(fifteenStreams, { url: origin.url, ms: 3_000 });
        console.log(JSON.stringify({ over, headers, ms, most: origin.seen.most, heads: origin.seen.heads }));
        assert.deepEqual([...new Set(texts)], ["0 1 2 3 4 5 6 7 8 9 "]);
        assert.equal(origin.seen.most, most);
        assert.equal(origin.seen.posts, 35);
      } finally {
        await origin.stop();
      }
    });
  }
});

/** Streams beside three calls with credentials, for which a browser has a second pool of connections. */
async function withCredentials({ createClient }, { url, ms }) {
  const client = createClient({ timeouts: { connectMs: 1_000 } });
  const one = (ms) => client.stream(`${url}/stream?ms=${ms}`, { messages: [] }).finalText();
  const json = { method: "POST", credentials: "include", headers: { "content-type": "application/json" }, body: '{"messages":[]}' };
  const withCookies = async () => (await (await client.fetch(`${url}/call?ms=${ms}`, json)).json()).n;
  for (let nth = 0; nth < 20; nth++) await one(0);
  const told = ({ code, message }) => `${code}: ${message}`;
  const calls = Array.from({ length: 3 }, () => withCookies().catch(told));
  await new Promise((resolve) => setTimeout(resolve, 200));
  const streams = Array.from({ length: 15 }, () => one(ms).catch(told));
  return { answers: await Promise.all(calls), texts: await Promise.all(streams) };
}

/** Readers that take their time, while their short answers have come and hold no connection; then streams. */
async function slowReaders({ createClient }, { url, ms }) {
  const client = createClient({ timeouts: { connectMs: 1_000 } });
  const one = (ms) => client.stream(`${url}/stream?ms=${ms}`, { messages: [] }).finalText();
  for (let nth = 0; nth < 20; nth++) await one(0);
  const told = ({ code, message }) => `${code}: ${message}`;
  const read = async () => {
    let count = 0;
    for await (const _ of client.stream(`${url}/stream?ms=0`, { messages: [] })) {
      if (count++ === 0) await new Promise((resolve) => setTimeout(resolve, 1_500));
    }
    return count;
  };
  const readers = Array.from({ length: 8 }, () => read().catch(told));
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const streams = Array.from({ length: 15 }, () => one(ms).catch(told));
  return { answers: await Promise.all(readers), texts: await Promise.all(streams) };
}

/** Something in the page, such as a service worker, answers each HEAD by itself. */
async function headsAnswered({ createClient }, { url, ms }) {
  const own = (input, init) => (init.method === "HEAD" ? Promise.resolve(new Response()) : fetch(input, init));
  const client = createClient({ timeouts: { connectMs: 1_000 }, fetch: own });
  const one = (ms) => client.stream(`${url}/stream?ms=${ms}`, { messages: [] }).finalText();
  for (let nth = 0; nth < 20; nth++) await one(0);
  const told = ({ code, message }) => `${code}: ${message}`;
  const texts = await Promise.all(Array.from({ length: 15 }, () => one(ms).catch(told)));
  return { answers: client.stats().map(({ breaker }) => breaker), texts };
}

/** Calls with credentials, and no others. */
async function allWithCredentials({ createClient }, { url, ms }) {
  const client = createClient({ concurrency: { min: 32 } });
  const json = { method: "POST", credentials: "include", headers: { "content-type": "application/json" }, body: '{"messages":[]}' };
  const one = async () => (await (await client.fetch(`${url}/call?ms=${ms}`, json)).json()).n;
  const all = Promise.all(Array.from({ length: 15 }, one));
  await new Promise((resolve) => setTimeout(resolve, ms - 500));
  const inFlight = client.stats()[0].inFlight;
  return { inFlight, answers: await all };
}

describe("Chromium, an origin over TLS that takes credentials", { skip: missing, timeout: 60_000 }, () => {
  for (const [over, most] of [
    ["h2", 15],
    ["https", 6],
  ]) {
    test(`has ${most} connections for calls with credentials over ${over}, of which the page sees nothing`, async () => {
      const origin = await startOrigin({ over, credentials: true });
      try {
        const { inFlight, answers } = await inChromium(allWithCredentials, { url: origin.url, ms: 3_000 });
        console.log(JSON.stringify({ over, inFlight, most: origin.seen.most, heads: origin.seen.heads }));
        assert.deepEqual(answers, Array(15).fill(1));
        assert.equal(inFlight, most);
        assert.equal(origin.seen.most, most);
        assert.equal(origin.seen.posts, 15);
      } finally {
        await origin.stop();
      }
    });
  }

  test("loses no stream where it is taken for HTTP/2 by mistake", async () => {
    const origin = await startOrigin({ over: "https", credentials: true });
    try {
      const told = await inChromium(headsAnswered, { url: origin.url, ms: 5_000 });
      console.log(JSON.stringify({ what: "mistaken", told, most: origin.seen.most, posts: origin.seen.posts }));
      assert.deepEqual(told, { answers: ["closed"], texts: Array(15).fill("0 1 2 3 4 5 6 7 8 9 ") });
      assert.equal(origin.seen.posts, 35);
    } finally {
      await origin.stop();
    }
  });
});

describe(
  "Chromium, an origin over TLS that speaks HTTP/1.1, which the page may not see",
  { skip: missing, concurrency: true, timeout: 120_000 },
  () => {
    for (const [what, work, answers, others] of [
      ["is not taken for HTTP/2 because of calls with credentials", withCredentials, [1, 1, 1], 3],
      ["is not taken for HTTP/2 because of readers that take their time", slowReaders, Array(8).fill(11), 8],
    ]) {
      test(what, async () => {
        const origin = await startOrigin({ over: "https", credentials: true });
        try {
          const told = await inChromium(work, { url: origin.url, ms: 5_000 });
          console.log(JSON.stringify({ what, told, most: origin.seen.most, posts: origin.seen.posts, heads: origin.seen.heads }));
          assert.deepEqual(told.answers, answers);
          assert.deepEqual(told.texts, Array(15).fill("0 1 2 3 4 5 6 7 8 9 "));
          assert.equal(origin.seen.posts, 20 + 15 + others);
        } finally {
          await origin.stop();
        }
      });
    }
  },
);
