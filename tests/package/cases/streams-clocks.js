// The clocks of a stream: which of them runs when, and none while its reader is busy.
import { settledAfter, sleep } from "./clock.js";
import { events, finishes, formats, putStream, says, streamStep, words } from "./streamed.js";

const { payload } = formats.chat;
const STREAM = { tokens: 50, tokensPerSecond: 50 };
const stall = (where) => ({ stream: STREAM, then: { fault: { kind: "stall", ...where } } });
const endless = { stream: { ...STREAM, tokens: 1_000 } };
const comments = (after) => ({ stream: STREAM, then: { fault: { kind: "comments", events: after, everyMs: 50 } } });

/** The role is the first event. In every row: the clock that runs out, and how long after the call. */
const clocks = [
  ["a server that sends no headers runs into firstByteMs, if that is shorter", stall({ at: "accept" }), { firstByteMs: 300 }, "first_byte", 300],
  ["a server that sends no headers runs into attemptMs, if that is shorter", stall({ at: "accept" }), { attemptMs: 300 }, "attempt", 300],
  ["headers without an event run into firstByteMs", stall({ at: "headers" }), { firstByteMs: 300 }, "first_byte", 300],
  ["headers without an event run into attemptMs", stall({ at: "headers" }), { attemptMs: 300 }, "attempt", 300],
  ["a role without a text runs into idleMs", stall({ events: 1 }), { idleMs: 300 }, "idle", 300],
  ["a role without a text runs into attemptMs, not into firstByteMs", stall({ events: 1 }), { firstByteMs: 200, attemptMs: 350 }, "attempt", 350],
  ["comments without an event run into firstByteMs", comments(0), { firstByteMs: 300, idleMs: 200 }, "first_byte", 300],
  ["comments without an event run into attemptMs", comments(0), { attemptMs: 300, idleMs: 200 }, "attempt", 300],
  ["comments after the role run into attemptMs", comments(1), { attemptMs: 300, idleMs: 200 }, "attempt", 300],
  ["a call without a text runs into totalMs", stall({ events: 1 }), { totalMs: 300 }, "total", 300],
  ["a text that stops runs into idleMs", stall({ events: 3 }), { idleMs: 300 }, "idle", 340],
  ["a text that goes on and on runs into totalMs", endless, { totalMs: 600, idleMs: 300, attemptMs: 200 }, "total", 600],
];

export const streamsClocks = [
  {
    name: "a server that goes on with comments behind the end is left after five seconds, and its stream is whole",
    async run({ api, mock, assert }) {
      const stop = events(says("Hello"), finishes("stop"));
      const then = { ...streamStep(stop), fault: { kind: "comments", at: "body", events: 2, everyMs: 100 } };
      const url = await mock.put("m", { then });
      const reading = api.streamWithRetry(url, payload).finalText();
      assert.between(await settledAfter(reading), 4_500, 9_000);
      assert.equal(await reading, "Hello");
      assert.equal((await mock.stats("m")).requests, 1);
    },
  },
  ...clocks.map(([what, scenario, timeouts, phase, dueMs]) => ({
    name: `of a stream, ${what}: timeout in phase ${phase}`,
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", scenario);
      const stream = api.streamWithRetry(url, payload, { maxRetries: 0, timeouts });
      const ms = await settledAfter(stream.finalText());
      const error = await assert.rejects(stream.report, { name: "QueryError", code: "timeout", phase, layer: "compute" });
      assert.between(ms, dueMs - 5, dueMs + 100, "settled");
      assert.deepEqual(
        error.report.attempts.map(({ outcome }) => outcome),
        ["timeout"],
      );
      await mock.statsOnce("m", (stats) => stats.aborted === 1 && stats.openConnections === 0, "the connection close");
    },
  })),
  {
    name: "a stream without headers, of an origin that answers no HEAD either, ends after twice a connectMs that was given",
    async run({ api, assert, losing }) {
      const stream = api.streamWithRetry(losing.silent, payload, { maxRetries: 0, timeouts: { connectMs: 300 } });
      const ms = await settledAfter(stream.finalText());
      const error = await assert.rejects(stream.report, { code: "timeout", phase: "connect", layer: "network" });
      assert.between(ms, 595, 800, "settled");
      assert.equal(error.report.attempts[0].reached, undefined);
    },
  },
  {
    name: "a stream without headers is waited for where its origin answers a HEAD, and that is told",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", stall({ at: "accept" }));
      const stream = api.streamWithRetry(url, payload, { maxRetries: 0, timeouts: { connectMs: 150, attemptMs: 900 } });
      const ms = await settledAfter(stream.finalText());
      const error = await assert.rejects(stream.report, { code: "timeout", phase: "attempt", layer: "compute" });
      assert.between(ms, 895, 1_100, "settled");
      assert.equal(error.report.attempts[0].reached, true);
    },
  },
  {
    name: "the headers of a stream end connectMs",
    async run({ api, mock, assert, runtime }) {
      // Firefox's fetch answers with the first byte of the body, and not before.
      if (runtime === "firefox") return;
      const url = await putStream(mock, "m", stall({ at: "headers" }));
      const stream = api.streamWithRetry(url, payload, { maxRetries: 0, timeouts: { connectMs: 200, firstByteMs: 350 } });
      await assert.rejects(stream.finalText(), { code: "timeout", phase: "first_byte" });
    },
  },
  {
    name: "connectMs: false of a call goes before the number of its client",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", stall({ at: "accept" }));
      const client = api.createClient({ maxRetries: 0, timeouts: { connectMs: 200 } });
      const stream = client.stream(url, payload, { timeouts: { connectMs: false, attemptMs: 500 } });
      const ms = await settledAfter(stream.finalText());
      await assert.rejects(stream.report, { code: "timeout", phase: "attempt" });
      assert.between(ms, 495, 600, "settled");
    },
  },
  {
    name: "connectMs: false is not its default: headers may be later than that",
    async run({ api, mock, assert, runtime }) {
      // Nothing shorter tells the two apart, and it is the same code everywhere.
      if (runtime !== "node") return;
      const url = await putStream(mock, "m", stall({ at: "accept" }));
      const client = api.createClient({ maxRetries: 0, timeouts: { connectMs: false } });
      const stream = client.stream(url, payload, { timeouts: { attemptMs: 10_400 } });
      const ms = await settledAfter(stream.finalText());
      await assert.rejects(stream.report, { code: "timeout", phase: "attempt" });
      assert.between(ms, 10_395, 10_500, "settled");
    },
  },
  {
    name: "a stream that has begun outlives attemptMs and firstByteMs",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: { tokens: 30, tokensPerSecond: 50 } });
      const timeouts = { connectMs: 200, firstByteMs: 200, attemptMs: 250, idleMs: 300 };
      const stream = api.streamWithRetry(url, payload, { maxRetries: 0, timeouts });
      assert.equal(await stream.finalText(), words(30).join(""));
      assert.ok((await stream.report).totalMs > 400, "longer than attemptMs");
    },
  },
  {
    name: "comments between two texts of a stream are life to idleMs",
    async run({ api, mock, assert }) {
      const step = { inject: { events: 2, text: ": ping\n\n".repeat(40) }, fault: { kind: "drip", events: 2, everyMs: 2 } };
      const url = await putStream(mock, "m", { stream: { tokens: 2 }, then: step });
      const stream = api.streamWithRetry(url, payload, { maxRetries: 0, timeouts: { idleMs: 400 } });
      assert.equal(await stream.finalText(), words(2).join(""));
      assert.ok((await stream.report).totalMs > 600, "longer than idleMs");
    },
  },
  ...[
    ["all at once", undefined],
    ["slowly", 20],
  ].map(([how, tokensPerSecond]) => ({
    name: `a reader that is slower than every clock gets a stream that comes ${how}, whole`,
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: { tokens: 5, tokensPerSecond } });
      const timeouts = { connectMs: 200, firstByteMs: 200, idleMs: 200, attemptMs: 200, totalMs: 400 };
      const stream = api.streamWithRetry(url, payload, { maxRetries: 0, timeouts });
      const pieces = [];
      for await (const piece of stream.text()) {
        pieces.push(piece);
        await sleep(250);
      }
      assert.deepEqual(pieces, words(5));
      if (tokensPerSecond) assert.ok((await stream.report).totalMs > 400, "longer than totalMs");
      assert.equal((await mock.stats("m")).requests, 1);
    },
  })),
  {
    name: "a reader that blocks its thread for longer than idleMs gets a whole stream",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: { tokens: 4, tokensPerSecond: 20 } });
      const stream = api.streamWithRetry(url, payload, { maxRetries: 0, timeouts: { idleMs: 300 } });
      const pieces = [];
      for await (const piece of stream.text()) {
        pieces.push(piece);
        for (const start = performance.now(); performance.now() - start < 400;);
      }
      assert.deepEqual(pieces, words(4));
    },
  },
  {
    name: "a stream that falls silent while its reader is busy with the last item is a timeout all the same",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: { tokens: 5 }, then: { fault: { kind: "stall", events: 3 } } });
      const stream = api.streamWithRetry(url, payload, { timeouts: { idleMs: 300 } });
      const reader = stream[Symbol.asyncIterator]();
      for (let count = 0; count < 3; count++) assert.equal((await reader.next()).done, false);
      await sleep(500);
      const rest = reader.next();
      const ms = await settledAfter(rest);
      await assert.rejects(rest, { code: "timeout", phase: "idle", partial: words(5).slice(0, 2).join("") });
      assert.ok(ms <= 100, `settled after ${ms} ms`);
    },
  },
  {
    name: "the hint of a timeout is that of its phase: a longer clock is advised by its name, and not to who met a server that fell silent",
    async run({ api, mock, assert }) {
      const hintOf = async (key, scenario, timeouts) => {
        const url = await putStream(mock, key, scenario);
        const { phase, hint } = await assert.rejects(api.streamWithRetry(url, payload, { maxRetries: 0, timeouts }).finalText(), { code: "timeout" });
        return `${phase}: ${hint}`;
      };
      const late = { then: { delayMs: 3_000 } };
      const idle = await hintOf("silent", { stream: { tokens: 5 }, then: { fault: { kind: "stall", events: 3 } } }, { idleMs: 300 });
      assert.ok(/^idle: .*fell silent.*partial/.test(idle) && !/[Rr]aise/.test(idle), idle);
      for (const [phase, timeouts] of [
        ["first_byte", { firstByteMs: 300 }],
        ["attempt", { attemptMs: 300 }],
        ["total", { totalMs: 300 }],
      ]) {
        const hint = await hintOf(phase.replace("_", "-"), late, timeouts);
        assert.ok(hint.startsWith(`${phase}: `) && hint.includes(`aise timeouts.${Object.keys(timeouts)[0]}`), hint);
      }
    },
  },
  {
    name: "firstTokenMs is the time to the first text of a stream, and told once, before the first item",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: { tokens: 3, tokensPerSecond: 4 } });
      const told = [];
      const onEvent = (event) => event.type === "first_token" && told.push(event);
      const start = performance.now();
      const stream = api.streamWithRetry(url, payload, { onEvent });
      const reader = stream[Symbol.asyncIterator]();
      await reader.next();
      const ms = performance.now() - start;
      assert.equal(told.length, 1);
      const [event] = told;
      // The role comes at once and is held back; the first word comes 250 ms after it.
      assert.between(event.ms, 240, ms + 1, "to the first text");
      while (!(await reader.next()).done);
      const { firstTokenMs, totalMs } = await stream.report;
      assert.equal(firstTokenMs, event.ms);
      assert.ok(totalMs > firstTokenMs + 400, `${totalMs} ms in all`);
      assert.equal(told.length, 1);
    },
  },
  {
    name: "firstTokenMs of a stream counts from the call, with the tries and waits before",
    async run({ api, mock, assert }) {
      const busy = { status: 503, headers: { "retry-after-ms": "300" }, body: { error: "busy" } };
      const url = await putStream(mock, "m", { stream: { tokens: 4 }, script: [busy] });
      const stream = api.streamWithRetry(url, payload);
      await stream.finalText();
      const { firstTokenMs, totalMs } = await stream.report;
      assert.between(firstTokenMs, 299, totalMs);
    },
  },
];
