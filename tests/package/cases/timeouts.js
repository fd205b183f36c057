// Five clocks: the error says which ran out, and none rings late.
import { settledAfter } from "./clock.js";
import { answer } from "./mock.js";

const LONG = { status: 200, headers: { "content-type": "application/json" }, body: `["${"x".repeat(5_000)}"]` };
const stall = (at, bytes) => ({ ...LONG, fault: { kind: "stall", at, ...(bytes && { bytes }) } });

const clocks = [
  ["a server that never answers runs into attemptMs", stall("accept"), { attemptMs: 400 }, "attempt", 400],
  ["a server that never answers runs into firstByteMs", stall("accept"), { firstByteMs: 300 }, "first_byte", 300],
  ["headers without a body run into firstByteMs", stall("headers"), { firstByteMs: 300 }, "first_byte", 300],
  ["a body that stops runs into idleMs", stall("body", 10), { idleMs: 300 }, "idle", 300],
  [
    "a body that drips for ever runs into attemptMs",
    { ...LONG, fault: { kind: "drip", at: "body", bytes: 10, everyMs: 50 } },
    { attemptMs: 600, idleMs: 300 },
    "attempt",
    600,
  ],
  ["an attempt that outlasts the call runs into totalMs", stall("accept"), { totalMs: 500 }, "total", 500],
];

export const timeouts = [
  ...clocks.map(([what, step, timeouts, phase, dueMs]) => ({
    name: `${what}: timeout in phase ${phase}`,
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { then: step });
      const call = api.queryWithRetry(url, { inputs: "x" }, { maxRetries: 0, timeouts });
      const ms = await settledAfter(call);
      const error = await assert.rejects(call, { name: "QueryError", code: "timeout", phase });
      assert.between(ms, dueMs - 5, dueMs + 100, "settled");
      assert.equal(error.report.attempts.length, 1);
      assert.equal(error.report.attempts[0].outcome, "timeout");
      await mock.statsOnce("m", (stats) => stats.aborted === 1 && stats.openConnections === 0, "the connection close");
    },
  })),
  {
    name: "totalMs in the middle of retries settles the call by then",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { then: answer(503, { error: "Service Unavailable" }) });
      const call = api.queryWithRetry(url, {}, { maxRetries: 1_000, timeouts: { totalMs: 600 } });
      const ms = await settledAfter(call);
      const error = await assert.rejects(call, { name: "QueryError" });
      assert.ok(["unavailable", "timeout"].includes(error.code), error.code);
      assert.ok(ms <= 700, `settled after ${ms} ms`);
    },
  },
  {
    name: "an attempt that timed out is followed by at most one more",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { then: stall("accept") });
      await assert.rejects(api.queryWithRetry(url, {}, { timeouts: { attemptMs: 200 } }), { code: "timeout", phase: "attempt" });
      assert.between((await mock.stats("m")).requests, 1, 2);
    },
  },
  {
    name: "a slow body that keeps coming outlives idleMs",
    async run({ api, mock, assert }) {
      const body = '["slow but alive"]';
      const step = { status: 200, headers: { "content-type": "application/json" }, body, fault: { kind: "drip", at: "body", bytes: 4, everyMs: 50 } };
      const url = await mock.put("m", { then: step });
      assert.deepEqual(await api.queryWithRetry(url, {}, { timeouts: { idleMs: 400 } }), ["slow but alive"]);
    },
  },
];
