// A machine that sleeps, imitated: every process of the browser is stopped for longer than the clocks of a call.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startOrigin } from "./origin.js";
import { browsers, inPage } from "./pages.js";

const STOPPED_MS = Number(process.env.STOPPED_MS ?? 8_000);
const CALLS = 5;

/** So many calls of each kind at once; what comes of each. */
async function begin({ createClient }, { urls, calls, clockMs, stoppedMs }, post) {
  const timeouts = { firstByteMs: clockMs, idleMs: clockMs, attemptMs: 2 * clockMs, totalMs: 120_000 };
  const client = createClient({ timeouts, concurrency: { min: calls } });
  const payload = { messages: [] };
  const kinds = {
    wait: () => client.query(`${urls.wait}/busy-once?ms=0`, payload),
    head: () => client.query(`${urls.head}/call?ms=1500`, payload),
    body: () => client.query(`${urls.body}/slow-body?ms=1500`, payload),
    stream: () => client.stream(`${urls.stream}/stream?ms=1500`, payload).finalText(),
    // An engine on the same machine was asleep as well, and has yet to answer.
    engine: () => client.query(`${urls.engine}/call?ms=${stoppedMs + 2_000}`, payload),
    silent: () => client.stream(`${urls.silent}/late-stream?ms=1500`, payload).finalText(),
  };
  const all = Object.entries(kinds).flatMap(([kind, ask]) =>
    Array.from({ length: calls }, () =>
      ask().then(
        () => [kind, "ok"],
        (error) => [kind, `${error.code}: ${error.message}`],
      ),
    ),
  );
  await post({ begun: true });
  return Promise.all(all);
}

for (const browser of browsers) {
  describe(`${browser.name}, stopped for ${STOPPED_MS / 1_000} s`, { skip: browser.missing, timeout: 200_000 }, () => {
    test("asks nobody again whose answer has come meanwhile, and loses none", async () => {
      const kinds = ["wait", "head", "body", "stream", "engine", "silent"];
      const origins = Object.fromEntries(await Promise.all(kinds.map(async (kind) => [kind, await startOrigin()])));
      try {
        const urls = Object.fromEntries(kinds.map((kind) => [kind, origins[kind].url]));
        let window;
        const ends = await inPage(
          browser,
          begin,
          { urls, calls: CALLS, clockMs: 4_000, stoppedMs: STOPPED_MS },
          {
            onOpen: (opened) => (window = opened),
            async onPost() {
              // What has not been sent by then is no call that is stopped.
              const sent = () => kinds.every((kind) => origins[kind].seen.posts >= CALLS);
              while (!sent()) await sleep(20);
              await sleep(200);
              window.signal("SIGSTOP");
              await sleep(STOPPED_MS);
              window.signal("SIGCONT");
            },
          },
        );
        const posts = Object.fromEntries(kinds.map((kind) => [kind, origins[kind].seen.posts]));
        console.log(JSON.stringify({ browser: browser.name, posts }));
        assert.deepEqual(
          ends.filter(([, end]) => end !== "ok"),
          [],
        );
        // Each of those that wait was refused once.
        assert.deepEqual(posts, { wait: 2 * CALLS, head: CALLS, body: CALLS, stream: CALLS, engine: CALLS, silent: CALLS });
      } finally {
        await Promise.all(Object.values(origins).map((origin) => origin.stop()));
      }
    });
  });
}
