// A page that is left while it waits: nobody is there for another try or for an error.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startOrigin } from "./origin.js";
import { inPage, withWebKit } from "./pages.js";

/** Calls, streams and a wait, and then another page. What is told of their failures leaves by a beacon, as trackers of errors do it. */
async function leave({ createClient }, { url }) {
  const failed = (what) => (error) => navigator.sendBeacon("/results", JSON.stringify({ told: `${what}: ${error.code ?? error}` }));
  const client = createClient({ onEvent: (event) => event.type === "failure" && failed("event")(event.error) });
  client.query(`${url}/call?ms=4000`, { messages: [] }).catch(failed("call"));
  client.query(`${url}/slow-body?ms=4000`, { messages: [] }).catch(failed("body"));
  client.stream(`${url}/stream?ms=4000`, { messages: [] }).finalText().catch(failed("stream"));
  client
    .fetch(`${url}/stream?ms=4000`, { method: "POST", body: "{}" })
    .then((response) => response.text())
    .catch(failed("fetch"));
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  location.href = "/elsewhere";
  await new Promise(() => {});
}

/** Left and come back to, as from the back-forward cache: a stream that breaks, and a call that begins, meanwhile. */
async function comesBack({ createClient }, { url }) {
  const happened = [];
  const client = createClient({ maxRetries: 0, onEvent: ({ type }) => type === "failure" && happened.push("event") });
  const failing = client
    .stream(`${url}/broken-stream?ms=500`, { messages: [] })
    .finalText()
    .catch(({ code }) => happened.push(code));
  await new Promise((resolve) => setTimeout(resolve, 200));
  dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true }));
  const call = client.query(`${url}/call?ms=0`, { messages: [] }).then(() => happened.push("answered"));
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const meanwhile = [...happened];
  dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));
  await Promise.all([failing, call]);
  return { meanwhile, happened: happened.toSorted() };
}

for (const browser of withWebKit) {
  describe(`${browser.name}, a page that is left`, { skip: browser.missing, timeout: 60_000 }, () => {
    test("and comes back sends what was asked meanwhile, and tells what failed", async () => {
      const origin = await startOrigin();
      try {
        const { meanwhile, happened } = await inPage(browser, comesBack, { url: origin.url });
        assert.deepEqual(meanwhile, []);
        assert.deepEqual(happened, ["answered", "event", "stream_truncated"]);
        assert.equal(origin.seen.posts, 2);
      } finally {
        await origin.stop();
      }
    });

    test("asks for nothing again, and tells of no failure", async () => {
      const origin = await startOrigin();
      const told = [];
      try {
        const page = inPage(browser, leave, { url: origin.url }, { limitMs: 10_000, onPost: (message) => told.push(message.told) });
        await assert.rejects(page, /no end after 10000 ms/);
        console.log(JSON.stringify({ browser: browser.name, posts: origin.seen.posts, told }));
        assert.equal(origin.seen.posts, 4);
        assert.deepEqual(told, []);
      } finally {
        await sleep(0);
        await origin.stop();
      }
    });
  });
}
