// An error that is sent to another thread: what `structuredClone` keeps of it, and what docs/browsers.md says to send.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startOrigin } from "./origin.js";
import { inPage, withWebKit } from "./pages.js";

async function send({ queryWithRetry }, { url }) {
  const error = await queryWithRetry(`${url}/busy-once?ms=0`, { messages: [] }, { maxRetries: 0 }).catch((error) => error);
  const { port1, port2 } = new MessageChannel();
  const sent = async (message) => {
    const came = new Promise((resolve) => port2.addEventListener("message", ({ data }) => resolve(data), { once: true }));
    port2.start();
    port1.postMessage(message);
    return came;
  };
  const keeps = ({ name, message, code, hint, report }) => ({
    name,
    message: message === error.message,
    code,
    hint: hint === error.hint,
    attempts: report?.attempts.length,
  });
  return { itself: keeps(await sent(error)), spread: keeps(await sent({ ...error, message: error.message })) };
}

for (const browser of withWebKit) {
  describe(`${browser.name}, an error that is sent to another thread`, { skip: browser.missing, timeout: 60_000 }, () => {
    test("is a plain Error with its message, and spread it keeps the rest", async () => {
      const origin = await startOrigin();
      try {
        const { itself, spread } = await inPage(browser, send, { url: origin.url });
        assert.deepEqual(itself, { name: "Error", message: true, hint: false });
        assert.deepEqual(spread, { name: "QueryError", message: true, code: "overloaded", hint: true, attempts: 1 });
      } finally {
        await origin.stop();
      }
    });
  });
}
