// Whoever stops a stream stops the generation: the connection is closed at once, in every phase.
import { settledAfter, sleep } from "./clock.js";
import { answer } from "./mock.js";
import { formats, putStream, readAll, readBy, words } from "./streamed.js";

const { payload } = formats.chat;
const STREAM = { tokens: 5, tokensPerSecond: 100 };
const stalls = (where) => ({ stream: STREAM, script: [{ fault: { kind: "stall", ...where } }], then: answer(200, "now") });

/** `until`: the call has come so far. `underWay`: there is a request that can be closed. */
const phases = {
  "before its headers": { scenario: stalls({ at: "accept" }), until: ({ inFlight }) => inFlight === 1, underWay: true },
  "before its first event": { scenario: stalls({ at: "headers" }), until: ({ log }) => log[0]?.status === 200, underWay: true },
  "before its first text": { scenario: stalls({ events: 1 }), until: ({ log }) => log[0]?.eventsSent === 1, underWay: true },
  "in the middle of its text": { scenario: stalls({ events: 4 }), until: ({ log }) => log[0]?.eventsSent === 4, underWay: true },
  "during the wait for a cold model": {
    scenario: { server: "legacy", cold: { ms: 60_000, says: 20 } },
    until: ({ log }) => log[0]?.outcome === "sent",
  },
  "during the wait for a retry": {
    scenario: { then: answer(429, { error: "Rate limit reached" }, { "retry-after": "5" }) },
    until: ({ log }) => log[0]?.outcome === "sent",
  },
};

/** How long after the last look at its clock the server saw its first request end. */
async function closedAfter({ mock, url, close }) {
  const asked = performance.now();
  await (await fetch(url)).text(); // the second request of the model, which tells the server's time
  const way = performance.now() - asked;
  await close();
  const { log } = await mock.statsOnce("m", ({ aborted }) => aborted === 1, "the stream being closed", 30_000);
  return log[0].endedAtMs - log[1].atMs - way;
}

const reasons = [
  ["an Error", () => new RangeError("changed my mind")],
  ["a string", () => "changed my mind"],
];

/** Ways to stop a stream whose first text was read, and that is silent since. */
const ways = {
  "breaking out of for await": async (stream) => {
    for await (const _ of stream) break;
  },
  "breaking out of text()": async (stream) => {
    for await (const _ of stream.text()) break;
  },
  "cancel()": (stream) => stream.cancel("enough"),
  "cancelling readable": (stream) => stream.readable.cancel("enough"),
  "cancelling a reader of readable": async (stream) => {
    const reader = stream.readable.getReader();
    await reader.read();
    await reader.cancel();
  },
  "throwing out of for await": async (stream) => {
    const reason = new Error("enough");
    try {
      for await (const _ of stream) throw reason;
    } catch (error) {
      if (error !== reason) throw error;
    }
  },
  "cancelling a reader of readable that waits": async (stream) => {
    const reader = stream.readable.getReader();
    const reading = readBy(reader);
    await sleep(50);
    await reader.cancel();
    if ((await reading).error) throw (await reading).error;
  },
  "cancel() while a read is waiting": async (stream) => {
    const reading = readAll(stream);
    await sleep(50);
    await stream.cancel();
    if ((await reading).error) throw (await reading).error;
  },
};

export const streamsCancel = [
  ...Object.entries(ways).map(([way, stop]) => ({
    name: `${way} ends a stream well, and its server sees it at once`,
    async run({ api, mock, assert, runtime }) {
      const url = await putStream(mock, "m", stalls({ events: 4 }));
      const seen = [];
      const stream = api.streamWithRetry(url, payload, { onEvent: (event) => seen.push(event) });
      await mock.statsOnce("m", phases["in the middle of its text"].until, "the first text");
      await sleep(50); // until it has come
      const ms = await closedAfter({ mock, url, close: () => stop(stream) });
      // Some read for 50 ms before they stop. WebKit's network process takes its time.
      if (runtime !== "webkit") assert.ok(ms <= 100, `closed after ${ms} ms`);

      const report = await stream.report;
      assert.deepEqual(
        report.attempts.map(({ outcome, status }) => [outcome, status]),
        [["aborted", 200]],
      );
      assert.equal(report.degraded, false);
      assert.deepEqual(
        seen.map(({ type }) => type),
        ["attempt", "first_token", "response", "success"],
      );
      assert.deepEqual(seen.at(-1).report, report);
      assert.equal((await mock.stats("m")).requests, 2);
    },
  })),
  ...Object.entries(phases).map(([phase, { scenario, until, underWay }]) => ({
    name: `a stream is cancelled ${phase}`,
    async run({ api, mock, assert, runtime }) {
      const url = await putStream(mock, "m", scenario);
      const stream = api.streamWithRetry(url, payload);
      const reading = readAll(stream);
      await mock.statsOnce("m", until, phase);
      await sleep(50);
      const close = async () => {
        const ms = await settledAfter(stream.cancel());
        assert.ok(ms <= 50, `cancelled after ${ms} ms`);
      };
      if (underWay) {
        const ms = await closedAfter({ mock, url, close });
        if (runtime !== "webkit") assert.ok(ms <= 50, `closed after ${ms} ms`);
      } else {
        await close();
      }
      assert.equal((await reading).error, undefined);
      const { attempts } = await stream.report;
      assert.equal(attempts.length, 1);
      if (underWay) assert.equal(attempts[0].outcome, "aborted");
      assert.equal((await mock.stats("m")).requests, underWay ? 2 : 1);
    },
  })),
  ...Object.entries(phases).flatMap(([phase, { scenario, until, underWay }]) =>
    reasons.map(([what, make]) => ({
      name: `an abort of a stream ${phase} rejects at once with ${what}`,
      async run({ api, mock, assert, runtime }) {
        const url = await putStream(mock, "m", scenario);
        const controller = new AbortController();
        const seen = [];
        const stream = api.streamWithRetry(url, payload, { signal: controller.signal, onEvent: (event) => seen.push(event) });
        const reading = readAll(stream);
        await mock.statsOnce("m", until, phase);
        await sleep(50);
        const reason = make();
        const close = async () => {
          controller.abort(reason);
          const ms = await settledAfter(reading);
          assert.ok(ms <= 50, `rejected ${ms} ms after the abort`);
        };
        if (underWay) {
          const ms = await closedAfter({ mock, url, close });
          if (runtime !== "webkit") assert.ok(ms <= 50, `closed after ${ms} ms`);
        } else {
          await close();
        }
        assert.equal((await reading).error, reason);
        assert.equal(await assert.rejects(stream.report), reason);
        assert.deepEqual([seen.at(-1).type, seen.at(-1).error], ["failure", reason]);
        assert.equal((await mock.stats("m")).requests, underWay ? 2 : 1);
      },
    })),
  ),
  ...["attempt", "first_token"].flatMap((when) => [
    {
      name: `a stream is cancelled from within its own event ${when}`,
      async run({ api, mock, assert }) {
        const url = await putStream(mock, "m", stalls({ events: 4 }));
        let cancelled;
        const onEvent = ({ type }) => type === when && (cancelled = stream.cancel());
        const stream = api.streamWithRetry(url, payload, { onEvent });
        assert.deepEqual(await readAll(stream), { items: [], error: undefined });
        await cancelled;
        assert.equal((await stream.report).attempts[0].outcome, "aborted");
        await mock.statsOnce("m", ({ inFlight }) => inFlight === 0, "the connection close", 30_000);
      },
    },
    {
      name: `a stream is aborted from within its own event ${when}`,
      async run({ api, mock, assert }) {
        const url = await putStream(mock, "m", stalls({ events: 4 }));
        const controller = new AbortController();
        const onEvent = ({ type }) => type === when && controller.abort("from within");
        const stream = api.streamWithRetry(url, payload, { signal: controller.signal, onEvent });
        assert.equal((await readAll(stream)).error, "from within");
        assert.equal(await assert.rejects(stream.report), "from within");
        await mock.statsOnce("m", ({ inFlight }) => inFlight === 0, "the connection close", 30_000);
      },
    },
  ]),
  ...[
    ["without a reason", [], (assert, reason) => assert.equal(reason.name, "AbortError")],
    ["with a reason", ["enough"], (assert, reason) => assert.equal(reason, "enough")],
  ].map(([what, given, check]) => ({
    name: `a stream that is cancelled ${what} ends for who reads its pieces, but finalText() rejects: it is not all of the text`,
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { ...stalls({ events: 3 }), script: Array(4).fill({ fault: { kind: "stall", events: 3 } }) });
      const open = () => api.streamWithRetry(url, payload);
      const [items, text, readable, final] = [open(), open(), open(), open()];
      const reading = [readAll(items), readAll(text.text()), readBy(readable.readable.getReader())];
      const finalText = final.finalText().catch((reason) => ({ reason }));
      await mock.statsOnce("m", ({ log }) => log.length === 4 && log.every(({ eventsSent }) => eventsSent === 3), "the first texts");
      await sleep(50);
      for (const stream of [items, text, readable, final]) await stream.cancel(...given);
      const read = await Promise.all(reading);
      for (const { error } of read) assert.equal(error, undefined);
      assert.deepEqual(read[1].items, ["word1 ", "word2 "]);
      check(assert, (await finalText).reason);
    },
  })),
  {
    name: "an abort of a stream while its reader is away is told before what the reader has not taken",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: { tokens: 1_000_000 } });
      const controller = new AbortController();
      const stream = api.streamWithRetry(url, payload, { signal: controller.signal });
      const reader = stream[Symbol.asyncIterator]();
      await reader.next();
      controller.abort("stop");
      const ms = await settledAfter(stream.report);
      assert.ok(ms <= 50, `settled after ${ms} ms`);
      assert.equal(await assert.rejects(stream.report), "stop");
      assert.equal(await assert.rejects(reader.next()), "stop");
      assert.deepEqual(await reader.next(), { value: undefined, done: true });
      await mock.statsOnce("m", (stats) => stats.aborted === 1, "the request being aborted", 30_000);
    },
  },
  {
    name: "what was not read of a cancelled stream is not handed over any more",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: { tokens: 1_000_000 } });
      const stream = api.streamWithRetry(url, payload);
      const reader = stream[Symbol.asyncIterator]();
      await reader.next();
      await stream.cancel();
      assert.deepEqual(await reader.next(), { value: undefined, done: true });
      assert.equal((await stream.report).attempts[0].outcome, "aborted");
      await mock.statsOnce("m", (stats) => stats.aborted === 1, "the request being aborted", 30_000);
    },
  },
  ...reasons.map(([what, make]) => ({
    name: `a signal that was aborted before with ${what} sends no stream`,
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: STREAM });
      const reason = make();
      const stream = api.streamWithRetry(url, payload, { signal: AbortSignal.abort(reason) });
      assert.equal(await assert.rejects(stream.finalText()), reason);
      assert.equal(await assert.rejects(stream.report), reason);
      assert.equal((await mock.stats("m")).requests, 0);
    },
  })),
  {
    name: "a stream that is cancelled as soon as it is made ends without an item",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: STREAM });
      const stream = api.streamWithRetry(url, payload);
      await stream.cancel();
      assert.deepEqual(await readAll(stream), { items: [], error: undefined });
      await stream.report;
      assert.ok((await mock.stats("m")).requests <= 1);
    },
  },
  {
    name: "cancel() after the end of a stream, and twice, changes nothing",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: STREAM });
      const seen = [];
      const stream = api.streamWithRetry(url, payload, { onEvent: ({ type }) => seen.push(type) });
      assert.equal(await stream.finalText(), words(5).join(""));
      await stream.cancel();
      await stream.cancel("again");
      assert.equal((await stream.report).attempts[0].outcome, "ok");
      assert.equal((await mock.stats("m")).aborted, 0);
      assert.deepEqual(seen, ["attempt", "first_token", "response", "success"]);
    },
  },
  {
    name: "cancel() after a stream has broken resolves, and its report still rejects",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: STREAM, then: { fault: { kind: "end", events: 3 } } });
      const stream = api.streamWithRetry(url, payload);
      const { error } = await readAll(stream);
      await stream.cancel();
      assert.equal(await assert.rejects(stream.report, { code: "stream_truncated" }), error);
    },
  },
  {
    name: "an abort after the end of a stream changes nothing",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: STREAM });
      const controller = new AbortController();
      const stream = api.streamWithRetry(url, payload, { signal: controller.signal });
      assert.equal(await stream.finalText(), words(5).join(""));
      controller.abort();
      assert.equal((await stream.report).attempts[0].outcome, "ok");
    },
  },
  {
    name: "an abort of a stream never goes on to a fallback",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", stalls({ at: "accept" }));
      const other = await putStream(mock, "other", { stream: STREAM });
      const controller = new AbortController();
      const stream = api.streamWithRetry(url, payload, { signal: controller.signal, fallback: [other] });
      await mock.statsOnce("m", ({ inFlight }) => inFlight === 1, "the request");
      controller.abort("stop");
      assert.equal(await assert.rejects(stream.report), "stop");
      await sleep(100);
      assert.equal((await mock.stats("other")).requests, 0);
    },
  },
];
