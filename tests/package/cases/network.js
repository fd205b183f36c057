import { answer } from "./mock.js";

const LONG = { status: 200, headers: { "content-type": "application/json" }, body: `["${"x".repeat(5_000)}"]` };
const reset = (at) => ({ ...LONG, fault: { kind: "reset", at, ...(at === "body" && { bytes: 1_000 }) } });

export const network = [
  ...["accept", "headers", "body"].map((at) => ({
    name: `a connection reset at ${at} is a network error, and the retry succeeds`,
    async run({ api, mock, assert }) {
      const broken = await mock.put("broken", { then: reset(at) });
      const error = await assert.rejects(api.queryWithRetry(broken, {}, { maxRetries: 0, loading: { refusedMs: 0 } }), {
        name: "QueryError",
        code: "network",
        layer: "network",
        retryable: true,
      });
      assert.equal(error.report.attempts[0].outcome, "network");
      const once = await mock.put("once", { script: [reset(at)], healthy: answer(200, { n: 1 }) });
      assert.deepEqual(await api.queryWithRetry(once, {}), { n: 1 });
      // Browsers ask again by themselves on a connection that was in use before: at least two.
      assert.ok((await mock.stats("once")).requests >= 2);
    },
  })),
  {
    name: "a body cut short by a clean close is no answer",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { then: { ...LONG, fault: { kind: "close", at: "body", bytes: 100 } } });
      const error = await assert.rejects(api.queryWithRetry(url, {}, { maxRetries: 0 }), { name: "QueryError" });
      assert.ok(["network", "bad_response"].includes(error.code), error.code);
    },
  },
  {
    name: "a port where nobody listens is a network error",
    async run({ api, assert }) {
      // Port 9 (discard) is refused by browsers and listened to by nobody else.
      const call = api.queryWithRetry("http://127.0.0.1:9/", {}, { maxRetries: 0, loading: { refusedMs: 0 } });
      // Where the platform blocks the port it is this program's.
      const { layer } = await assert.rejects(call, { code: "network" });
      assert.ok(["network", "client"].includes(layer), layer);
    },
  },
];
