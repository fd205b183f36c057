import { answer } from "./mock.js";

export const errors = [
  {
    name: "a QueryError says what, where, what to do, and everything that was tried",
    async run({ api, mock, assert }) {
      const step = answer(503, { error: "out of order" }, { "x-request-id": "req-9" });
      const url = await mock.put("m", { then: step });
      const error = await assert.rejects(api.queryWithRetry(url, {}, { maxRetries: 1 }), {
        name: "QueryError",
        code: "unavailable",
        status: 503,
        retryable: true,
        detail: "out of order",
      });
      assert.ok(error instanceof api.QueryError);
      assert.ok(error instanceof Error);
      assert.ok(["network", "gateway", "compute"].includes(error.layer), error.layer);
      assert.ok(error.message.length > 0, "message");
      assert.ok(error.hint.length > 10, "hint");
      assert.equal(error.report.attempts.length, 2);
      for (const attempt of error.report.attempts) {
        assert.equal(attempt.outcome, "unavailable");
        assert.equal(attempt.status, 503);
        assert.equal(attempt.requestId, "req-9");
        assert.equal(attempt.layer, error.layer);
      }
      assert.equal(error.report.degraded, false);
      assert.equal(error.report.servedBy, undefined);
      assert.equal(error.partial, undefined);
      assert.equal(JSON.parse(JSON.stringify(error)).code, "unavailable");
    },
  },
  {
    name: "a server's message is cut at 2,000 characters",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { then: answer(400, { error: "é".repeat(5_000) }) });
      const error = await assert.rejects(api.queryWithRetry(url, {}), { code: "bad_request" });
      assert.between(error.detail.length, 1_900, 2_000);
    },
  },
];
