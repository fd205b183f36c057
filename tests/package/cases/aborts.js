// The caller's abort wins at once, in every phase, with the caller's own reason.
import { sleep } from "./clock.js";
import { answer } from "./mock.js";

const LONG = { status: 200, headers: { "content-type": "application/json" }, body: `["${"x".repeat(5_000)}"]` };

const phases = [
  ["while the server has not answered", { then: { ...LONG, fault: { kind: "stall", at: "accept" } } }, true],
  ["in the middle of the body", { then: { ...LONG, fault: { kind: "stall", at: "body", bytes: 100 } } }, true],
  ["during the wait for a retry", { then: answer(429, { error: "Rate limit reached" }, { "retry-after": "5" }) }, false],
  ["during the wait for a cold model", { server: "legacy", cold: { ms: 60_000, says: 20 } }, false],
];

const reasons = [
  ["an Error", () => new RangeError("changed my mind")],
  ["a string", () => "changed my mind"],
];

async function abortedCall({ api, assert, url, reason, options = {} }) {
  const controller = new AbortController();
  const call = api.queryWithRetry(url, { inputs: "x" }, { ...options, signal: controller.signal });
  call.catch(() => {});
  await sleep(200);
  controller.abort(reason);
  const start = performance.now();
  const rejection = await assert.rejects(call);
  assert.ok(performance.now() - start <= 50, `rejected ${performance.now() - start} ms after the abort`);
  assert.equal(rejection, reason);
}

/** Counts the listeners that are still there. */
function watched(signal) {
  const kept = new Map();
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (type, listener, options) => {
    kept.set(listener, options);
    addEventListener.call(signal, type, listener, options);
  };
  signal.removeEventListener = (type, listener, options) => {
    kept.delete(listener);
    removeEventListener.call(signal, type, listener, options);
  };
  return () => [...kept.values()].filter((options) => !options?.signal?.aborted).length + (signal.onabort ? 1 : 0);
}

export const aborts = [
  ...reasons.map(([what, make]) => ({
    name: `a signal aborted before the call with ${what} rejects with that reason, and nothing is sent`,
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { healthy: answer(200, {}) });
      const reason = make();
      assert.equal(await assert.rejects(api.queryWithRetry(url, {}, { signal: AbortSignal.abort(reason) })), reason);
      assert.equal((await mock.stats("m")).requests, 0);
    },
  })),
  ...phases.flatMap(([phase, scenario, underWay]) =>
    reasons.map(([what, make]) => ({
      name: `an abort ${phase} rejects at once with ${what}`,
      async run({ api, mock, assert }) {
        const url = await mock.put("m", scenario);
        await abortedCall({ api, assert, url, reason: make() });
        if (underWay) await mock.statsOnce("m", (stats) => stats.aborted === 1, "the request being aborted");
        assert.equal((await mock.stats("m")).requests, 1);
      },
    })),
  ),
  {
    name: "AbortSignal.timeout and an abort without a reason reject with the platform's own error",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", phases[0][1]);
      const timeout = AbortSignal.timeout(100);
      assert.equal(await assert.rejects(api.queryWithRetry(url, {}, { signal: timeout }), { name: "TimeoutError" }), timeout.reason);
      const controller = new AbortController();
      const call = api.queryWithRetry(url, {}, { signal: controller.signal });
      call.catch(() => {});
      await sleep(50);
      controller.abort();
      assert.equal(await assert.rejects(call, { name: "AbortError" }), controller.signal.reason);
    },
  },
  {
    name: "an abort never goes on to a fallback",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", phases[0][1]);
      const other = await mock.put("other", { healthy: answer(200, {}) });
      await abortedCall({ api, assert, url, reason: "stop", options: { fallback: [other] } });
      await sleep(100);
      assert.equal((await mock.stats("other")).requests, 0);
    },
  },
  {
    name: "a signal keeps no listener after a success, after a failure and after retries",
    async run({ api, mock, assert }) {
      const scenarios = {
        good: { healthy: answer(200, {}) },
        bad: { then: answer(404, { error: "no" }) },
        retried: { script: [answer(503, "busy")], healthy: answer(200, {}) },
        late: { then: { ...LONG, fault: { kind: "stall", at: "accept" } } },
      };
      for (const [name, scenario] of Object.entries(scenarios)) {
        const url = await mock.put(name, scenario);
        const { signal } = new AbortController();
        const left = watched(signal);
        await api.queryWithRetry(url, {}, { signal, ...(name === "late" && { maxRetries: 0, timeouts: { attemptMs: 150 } }) }).catch(() => {});
        await sleep(0);
        assert.equal(left(), 0, name);
      }
    },
  },
];
