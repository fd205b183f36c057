// A slow line up, a clock that is wrong, a request without CORS: what is the user's and not the server's.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inChromium, missing } from "./driven.js";
import { startOrigin } from "./origin.js";
import { browsers, inPage } from "./pages.js";

describe("Chromium, 50 KB a second up", { skip: missing, timeout: 90_000 }, () => {
  test("a stream with a picture of 900 KB is sent once, and answered", async () => {
    const origin = await startOrigin();
    try {
      const told = await inChromium(
        async ({ streamWithRetry }, { url }) => {
          await new Promise((resolve) => setTimeout(resolve, 1_000));
          const begun = performance.now();
          const text = await streamWithRetry(`${url}/stream?ms=0`, { messages: [{ role: "user", content: "x".repeat(900_000) }] }).finalText();
          return { text, ms: performance.now() - begun };
        },
        { url: origin.url },
        async ({ page, context }) => {
          const devtools = await context.newCDPSession(page);
          await devtools.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 50_000 });
        },
      );
      assert.equal(told.text, "0 1 2 3 4 5 6 7 8 9 ");
      assert.ok(told.ms > 10_000, `the line was not slow: ${told.ms} ms`);
      assert.equal(origin.seen.posts, 1);
    } finally {
      await origin.stop();
    }
  });
});

/** A large payload in a stream; how long until its answer. */
async function large({ streamWithRetry }, { url, bytes }) {
  const begun = performance.now();
  const text = await streamWithRetry(`${url}/stream?ms=0`, { messages: [{ role: "user", content: "x".repeat(bytes) }] }).finalText();
  return { text, ms: performance.now() - begun };
}

for (const browser of browsers) {
  describe(`${browser.name}, a server that takes in 600 KB a second`, { skip: browser.missing, timeout: 90_000 }, () => {
    test("gets a stream with a payload of 12 MB once, and answers it", async () => {
      const origin = await startOrigin({ uploadRate: 600_000 });
      try {
        const told = await inPage(browser, large, { url: origin.url, bytes: 12_000_000 });
        console.log(JSON.stringify({ browser: browser.name, ms: told.ms, posts: origin.seen.posts, heads: origin.seen.heads }));
        assert.equal(told.text, "0 1 2 3 4 5 6 7 8 9 ");
        assert.ok(told.ms > 15_000, `the line was not slow: ${told.ms} ms`);
        assert.equal(origin.seen.posts, 1);
      } finally {
        await origin.stop();
      }
    });
  });
}

for (const browser of browsers) {
  describe(`${browser.name}, a request without CORS`, { skip: browser.missing, timeout: 60_000 }, () => {
    test("is the platform's own: what comes is opaque, by one request", async () => {
      const origin = await startOrigin();
      try {
        const ask = async ({ createClient }, { url }) => (await createClient().fetch(`${url}/no-cors`, { mode: "no-cors" })).type;
        assert.equal(await inPage(browser, ask, { url: origin.url }), "opaque");
        assert.deepEqual([origin.seen.gets, origin.seen.posts], [1, 0]);
      } finally {
        await origin.stop();
      }
    });
  });
}

/** A clock that is wrong by so much, a 429 with a date four seconds ahead, and the `Date` hidden by CORS. */
async function late({ createClient }, { url, wrongByMs }) {
  const { now } = Date;
  Date.now = () => now() + wrongByMs;
  const begun = performance.now();
  const answer = await createClient().query(`${url}/busy-until`, { messages: [] });
  return { answer, ms: performance.now() - begun };
}

for (const browser of browsers) {
  describe(`${browser.name}, a clock that is wrong by an hour`, { skip: browser.missing, concurrency: true, timeout: 60_000 }, () => {
    for (const [how, wrongByMs] of [
      ["fast", 3_600_000],
      ["slow", -3_600_000],
      ["right", 0],
    ]) {
      test(`${how}: a wait that is named as a date is no reason to fail, nor to hurry`, async () => {
        const origin = await startOrigin();
        try {
          const { answer, ms } = await inPage(browser, late, { url: origin.url, wrongByMs });
          assert.deepEqual(answer, { n: 1 });
          assert.ok(ms >= 1_000 && ms < 12_000, `answered after ${ms} ms`);
          const [first, second] = origin.seen.log.filter(({ method }) => method === "POST");
          assert.ok(second.at - first.at > 950, `again after ${second.at - first.at} ms`);
          if (wrongByMs === 0) assert.equal(origin.seen.posts, 2);
          else assert.ok(origin.seen.posts <= 4, `${origin.seen.posts} requests`);
        } finally {
          await origin.stop();
        }
      });
    }
  });
}
