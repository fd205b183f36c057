// A stream is read once, in whichever way, and as fast as its reader likes.
import { sleep } from "./clock.js";
import { events, finishes, formats, putStream, readAll, readBy, reference, says, streamStep, timeless, words } from "./streamed.js";

const { payload } = formats.chat;
const STREAM = { tokens: 5, tokensPerSecond: 100 };
const BROKEN = { stream: STREAM, then: { fault: { kind: "end", events: 3 } } };

const ways = {
  "for await": (stream) => readAll(stream),
  "a reader of readable": ({ readable }) => readBy(readable.getReader()),
  "for await of readable": ({ readable }) => readable[Symbol.asyncIterator] && readAll(readable),
  "a pipe through a transform": ({ readable }) => readBy(readable.pipeThrough(new TransformStream()).getReader()),
  "one branch of a tee": ({ readable }) => {
    const [first, second] = readable.tee();
    void second.cancel();
    return readBy(first.getReader());
  },
};

/** 190 MB: what Chromium and two sockets hold by themselves can be 80 MB, by the system's limits. */
const LARGE = { stream: { tokens: 1_000_000 } };
const BUFFERED = 110e6;
/** Their network processes take whatever comes, whoever reads it, of a plain fetch as well. */
const unbounded = new Set(["firefox", "webkit"]);

/** The counters once the server sends nothing more. */
async function untilQuiet(mock, name) {
  let { bytesSent } = (await mock.statsOnce(name, ({ log }) => log[0]?.bytesSent > 0, "the stream begin")).log[0];
  for (;;) {
    await sleep(300);
    const stats = await mock.stats(name);
    if (stats.log[0].bytesSent === bytesSent) return stats;
    bytesSent = stats.log[0].bytesSent;
  }
}

export const streamsReading = [
  ...Object.entries(ways).map(([way, read]) => ({
    name: `a stream is read by ${way}: all of it, or what came and then the error`,
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: STREAM });
      const whole = await read(api.streamWithRetry(url, payload));
      if (!whole) return; // this runtime has no such way
      assert.equal(whole.error, undefined);
      assert.deepEqual(timeless(whole.items), timeless(await reference(url, payload)));
      const broken = api.streamWithRetry(await putStream(mock, "broken", BROKEN), payload);
      const { items, error } = await read(broken);
      assert.equal(items.map(formats.chat.textOf).join(""), "word1 word2 ");
      assert.equal(error, await assert.rejects(broken.report, { code: "stream_truncated", partial: "word1 word2 " }));
    },
  })),
  {
    name: "text() and finalText() of a stream that breaks reject with the error of its report",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", BROKEN);
      const inPieces = api.streamWithRetry(url, payload);
      const { items: pieces, error } = await readAll(inPieces.text());
      assert.deepEqual(pieces, ["word1 ", "word2 "]);
      assert.equal(error, await assert.rejects(inPieces.report, { code: "stream_truncated", partial: "word1 word2 " }));
      const whole = api.streamWithRetry(url, payload);
      const rejection = await assert.rejects(whole.finalText(), { code: "stream_truncated", partial: "word1 word2 " });
      assert.equal(rejection, await assert.rejects(whole.report));
    },
  },
  ...[
    ["for await", (stream) => stream[Symbol.asyncIterator]()],
    ["readable", (stream) => stream.readable],
    ["text()", (stream) => stream.text()[Symbol.asyncIterator]().next()],
    ["finalText()", (stream) => stream.finalText()],
  ].map(([way, take]) => ({
    name: `a stream that is read by ${way} cannot be read again: a TypeError that says so`,
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: { tokens: 3 } });
      const stream = api.streamWithRetry(url, payload);
      const first = take(stream);
      const again = [() => stream[Symbol.asyncIterator](), () => stream.text()[Symbol.asyncIterator]().next(), () => stream.finalText()];
      if (way !== "readable") again.push(() => stream.readable);
      else assert.equal(stream.readable, first);
      for (const read of again) {
        const { message } = await assert.rejects((async () => read())(), { name: "TypeError" });
        assert.ok(message.includes("once"), message);
      }
      await stream.cancel("enough");
      if (way === "finalText()") assert.equal(await assert.rejects(first), "enough");
      else await first;
    },
  })),
  {
    name: "many next() at once get the items of a stream in order, and then its end",
    async run({ api, mock, assert }) {
      for (const tokensPerSecond of [undefined, 100]) {
        const url = await putStream(mock, tokensPerSecond ? "paced" : "at-once", { stream: { tokens: 5, tokensPerSecond } });
        const reader = api.streamWithRetry(url, payload)[Symbol.asyncIterator]();
        const steps = await Promise.all(Array.from({ length: 10 }, () => reader.next()));
        // A role, five words, and a finish_reason.
        const items = steps.filter(({ done }) => !done).map(({ value }) => value);
        assert.equal(items.length, 7);
        assert.deepEqual(items.map(formats.chat.textOf).filter(Boolean), words(5));
        assert.deepEqual(steps.slice(7), Array(3).fill({ value: undefined, done: true }));
      }
    },
  },
  {
    name: "an error is told once, and then the stream is over",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", BROKEN);
      const reader = api.streamWithRetry(url, payload)[Symbol.asyncIterator]();
      const steps = await Promise.allSettled(Array.from({ length: 6 }, () => reader.next()));
      assert.deepEqual(
        steps.map(({ status }) => status),
        ["fulfilled", "fulfilled", "fulfilled", "rejected", "fulfilled", "fulfilled"],
      );
      assert.deepEqual(
        steps.slice(4).map(({ value }) => value),
        Array(2).fill({ value: undefined, done: true }),
      );
      assert.deepEqual(await reader.next(), { value: undefined, done: true });
    },
  },
  {
    name: "the events of a stream are handed over as they come, each before the next one is sent",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: { tokens: 4, tokensPerSecond: 5 } });
      const at = [];
      for await (const _ of api.streamWithRetry(url, payload).text()) at.push(performance.now());
      assert.equal(at.length, 4);
      assert.between(at[3] - at[0], 400, 1_500, "from the first text to the last");
      at.slice(1).forEach((time, index) => assert.ok(time - at[index] > 50, `${time - at[index]} ms between text ${index} and the next`));
    },
  },
  {
    name: "a reader that takes one item of a stream and waits makes the server wait",
    limitMs: 40_000,
    async run({ api, mock, assert, runtime }) {
      if (unbounded.has(runtime)) return;
      const url = await putStream(mock, "m", LARGE);
      const stream = api.streamWithRetry(url, payload);
      const reader = stream[Symbol.asyncIterator]();
      await reader.next();
      const { inFlight, log } = await untilQuiet(mock, "m");
      assert.equal(inFlight, 1);
      assert.ok(log[0].bytesSent < BUFFERED, `${log[0].bytesSent} bytes were sent`);
      for (let count = 0; count < 5; count++) assert.equal((await reader.next()).done, false);
      await stream.cancel();
      await mock.statsOnce("m", (stats) => stats.aborted === 1, "the connection close");
    },
  },
  ...[
    ["ends well", [finishes("stop"), "[DONE]"]],
    ["breaks", [{ error: { message: "out of memory" } }]],
  ].map(([what, last]) => ({
    name: `many reads at once of the readable of a stream that ${what} get every item once and in order, and then its end`,
    async run({ api, assert }) {
      const said = ["a", "b", "c", "d", "e", "f"].map((word) => says(word));
      const wire = new TransformStream();
      const fetch = async () => new Response(wire.readable, { headers: { "content-type": "text/event-stream" } });
      const stream = api.createClient({ fetch, maxRetries: 0 }).stream("https://models.test/v1/chat/completions", payload);
      const writer = wire.writable.getWriter();
      const write = (...all) => writer.write(new TextEncoder().encode(events(...all)));
      const reader = stream.readable.getReader();
      const first = reader.read();
      await write(said[0]);
      assert.deepEqual(await first, { value: said[0], done: false });
      const waiting = [];
      for (let nth = 0; nth < 4; nth++) {
        waiting.push(reader.read());
        await sleep(5);
      }
      for (const item of said.slice(1, 5)) {
        await write(item);
        await sleep(5);
      }
      await write(said[5], ...last);
      void writer.close().catch(() => {});
      const got = (await Promise.all(waiting)).map(({ value }) => value);
      await sleep(100); // the end has come, and nobody has asked for what is before it
      let failed;
      for (let next; !failed && !(next = await reader.read().catch((error) => ((failed = error), {}))).done && !failed;) got.push(next.value);
      assert.deepEqual(got.slice(0, 5), said.slice(1));
      assert.equal(failed?.code, what === "breaks" ? "stream_error" : undefined);
    },
  })),
  {
    name: "the readable of a stream reads nothing ahead of its reader either",
    limitMs: 40_000,
    async run({ api, mock, assert, runtime }) {
      if (unbounded.has(runtime)) return;
      const url = await putStream(mock, "m", LARGE);
      const reader = api.streamWithRetry(url, payload).readable.getReader();
      await reader.read();
      const { inFlight, log } = await untilQuiet(mock, "m");
      assert.equal(inFlight, 1);
      assert.ok(log[0].bytesSent < BUFFERED, `${log[0].bytesSent} bytes were sent`);
      await reader.cancel();
      await mock.statsOnce("m", (stats) => stats.aborted === 1, "the connection close");
    },
  },
  {
    name: "text that is asked for late comes, though what has come first is none",
    async run({ api, mock, assert }) {
      const thinks = events({ choices: [{ index: 0, delta: { reasoning_content: "hm" }, finish_reason: null }] });
      const body = `${thinks}${events(says("Hel"), says("lo"), finishes("stop"), "[DONE]")}`;
      const step = { ...streamStep(body), fault: { kind: "drip", at: "body", events: 1, everyMs: 1 } };
      for (const [at, read] of [(stream) => stream.finalText(), async (stream) => (await readAll(stream.text())).items.join("")].entries()) {
        const url = await mock.put(`m${at}`, { then: step });
        const stream = api.streamWithRetry(url, {});
        await sleep(150);
        assert.equal(await read(stream), "Hello");
        await stream.report;
      }
    },
  },
  {
    name: "a stream that nobody reads is sent for once, waits for its reader, and is whole when it comes",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: STREAM });
      const timeouts = { firstByteMs: 200, idleMs: 200, attemptMs: 300, totalMs: 400 };
      const stream = api.streamWithRetry(url, payload, { timeouts });
      let settled = false;
      stream.report.then(() => (settled = true));
      await mock.statsOnce("m", ({ log }) => log[0]?.outcome === "sent", "the stream sent");
      await sleep(500); // longer than every clock
      assert.equal(settled, false);
      assert.equal(await stream.finalText(), words(5).join(""));
      assert.equal((await stream.report).attempts.length, 1);
      assert.equal((await mock.stats("m")).requests, 1);
    },
  },
  {
    name: "a stream that nobody reads and that fails leaves no unhandled rejection, and tells who reads it later",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { then: { status: 404, body: { error: "no such model" } } });
      const stream = api.streamWithRetry(url, payload);
      await assert.rejects(stream.report, { code: "not_found" });
      await sleep(20);
      await assert.rejects(stream.finalText(), { code: "not_found" });
      api.streamWithRetry(url, payload);
      await mock.statsOnce("m", ({ requests, inFlight }) => requests === 2 && inFlight === 0, "the second request");
      await sleep(50);
    },
  },
  {
    name: "the report of a stream resolves with its end",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: STREAM });
      const stream = api.streamWithRetry(url, payload);
      const [text, report] = await Promise.all([stream.finalText(), stream.report]);
      assert.equal(text, words(5).join(""));
      assert.deepEqual(
        report.attempts.map(({ outcome, status }) => [outcome, status]),
        [["ok", 200]],
      );
      assert.equal(report.servedBy, report.attempts[0].target);
      assert.equal(report.degraded, false);
      assert.deepEqual(report.waitedMs, {});
      assert.between(report.attempts[0].durationMs, 40, report.totalMs);
    },
  },
];
