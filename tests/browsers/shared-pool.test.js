// The six connections to an origin are not ours alone: frames and other tabs hold them, and answers that nobody reads.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startOrigin } from "./origin.js";
import { browsers, inPage } from "./pages.js";

/** Streams with a short time to connect, while a frame has six streams of its own; then one more. */
async function besideAFrame({ createClient }, { url, ms }) {
  const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const client = createClient({ timeouts: { connectMs: 500 } });
  const one = () => client.stream(`${url}/stream?ms=0`, { messages: [] }).finalText();
  for (let nth = 0; nth < 20; nth++) await one();
  const frame = document.createElement("iframe");
  const ask = `fetch(${JSON.stringify(url)} + "/stream?ms=${ms}", { method: "POST", body: "{}" })`;
  frame.srcdoc = `<body onload='for (let nth = 0; nth < 6; nth++) ${ask};'>`;
  document.body.append(frame);
  await sleep(1_000);
  const begun = performance.now();
  const plain = fetch(`${url}/call?ms=0`, { method: "POST", body: "{}" });
  const ends = await Promise.all(Array.from({ length: 5 }, () => one().catch(({ code, phase }) => `${code}/${phase}`)));
  const endedMs = performance.now() - begun;
  const { breaker } = client.stats()[0];
  await plain; // the frame's streams are over
  const plainMs = performance.now() - begun;
  const after = await one().catch(({ code }) => code);
  return { ends, endedMs, plainMs, breaker, after, afterMs: performance.now() - begun - plainMs };
}

/** Six endless answers that nobody reads, and calls beside them; then the first of them is read no more. */
async function unread({ createClient }, { url }) {
  const client = createClient();
  const init = { method: "POST", headers: { "content-type": "application/json" }, body: '{"messages":[]}' };
  const kept = (globalThis.kept = []);
  for (let nth = 0; nth < 6; nth++) kept.push(await client.fetch(`${url}/endless`, init));
  const waits = new Set();
  const onEvent = ({ type, reason }) => type === "wait" && waits.add(reason);
  const answered = { plain: 0, ours: 0 };
  const plain = fetch(`${url}/call?ms=0`, init).then(() => answered.plain++);
  const ours = Array.from({ length: 8 }, () =>
    client.query(`${url}/call?ms=0`, { messages: [] }, { onEvent }).then(
      () => answered.ours++,
      ({ code }) => code,
    ),
  );
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  const meanwhile = { ...answered };
  const begun = performance.now();
  await kept[0].body.cancel();
  await Promise.all([plain, ...ours]);
  const ms = performance.now() - begun;
  return { meanwhile, answered, waits: [...waits], ms, breakers: client.stats().map(({ breaker }) => breaker) };
}

for (const browser of browsers) {
  describe(`${browser.name}, six connections that others hold`, { skip: browser.missing, timeout: 60_000 }, () => {
    test("end streams whose time to connect is short, and open no breaker: the next call is answered as soon as one is free", async () => {
      const origin = await startOrigin();
      try {
        const told = await inPage(browser, besideAFrame, { url: origin.url, ms: 8_000 });
        console.log(JSON.stringify({ browser: browser.name, ...told }));
        assert.deepEqual(told.ends, Array(5).fill("timeout/connect"));
        assert.ok(told.endedMs < told.plainMs, "the frame held the connections all the while");
        assert.equal(told.breaker, "closed");
        assert.equal(told.after, "0 1 2 3 4 5 6 7 8 9 ");
        assert.ok(told.afterMs < 1_000, `${told.afterMs} ms`);
      } finally {
        await origin.stop();
      }
    });

    test("by endless answers that nobody reads hold up our calls as they do plain fetch, and one that is cancelled lets all go", async () => {
      const origin = await startOrigin();
      try {
        const { meanwhile, answered, waits, ms, breakers } = await inPage(browser, unread, { url: origin.url });
        console.log(JSON.stringify({ browser: browser.name, meanwhile, answered, waits, ms, breakers }));
        assert.deepEqual(meanwhile, { plain: 0, ours: 0 });
        assert.deepEqual(answered, { plain: 1, ours: 8 });
        assert.deepEqual(waits, ["queue"]);
        assert.ok(ms < 2_000, `${ms} ms`);
        assert.deepEqual(breakers, ["closed", "closed"]);
      } finally {
        await origin.stop();
      }
    });
  });
}
