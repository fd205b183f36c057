// 429 has two meanings, and a server's "not before" is a promise to keep.
import { settledAfter } from "./clock.js";
import { answer } from "./mock.js";

const RATE_LIMIT = { error: "Rate limit reached. Please log in or use a HF access token" };

export const overload = [
  {
    name: "a full server (TGI's 429) is overloaded, and asked again after a while",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { script: [{ sample: "tgi-overloaded" }], healthy: answer(200, { n: 1 }) });
      const { data, report } = await api.queryWithReport(url, { inputs: "x" });
      assert.deepEqual(data, { n: 1 });
      assert.equal(report.attempts[0].outcome, "overloaded");
      assert.equal(report.attempts[0].status, 429);
      assert.equal(report.attempts[0].layer, "compute");
      assert.equal(report.attempts.length, 2);
      const full = await mock.put("full", { then: { sample: "tgi-overloaded" } });
      await assert.rejects(api.queryWithRetry(full, {}, { maxRetries: 0 }), { code: "overloaded", retryable: true, layer: "compute" });
    },
  },
  {
    name: "a rate limit's Retry-After: 1 is never asked earlier",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { script: [answer(429, RATE_LIMIT, { "retry-after": "1" })], healthy: answer(200, { n: 1 }) });
      const { data, report } = await api.queryWithReport(url, {});
      assert.deepEqual(data, { n: 1 });
      assert.equal(report.attempts[0].outcome, "rate_limited");
      assert.equal(report.attempts[0].layer, "account");
      assert.ok(report.waitedMs.rate_limit >= 999, JSON.stringify(report.waitedMs));
      const { log } = await mock.stats("m");
      assert.between(log[1].atMs - log[0].endedAtMs, 999, 2_300);
    },
  },
  {
    name: "a Retry-After date in the past counts as none",
    async run({ api, mock, assert }) {
      const headers = { "retry-after": "Wed, 21 Oct 2015 07:28:00 GMT" };
      const url = await mock.put("m", { script: [answer(503, "busy", headers)], healthy: answer(200, { n: 1 }) });
      const call = api.queryWithRetry(url, {});
      const ms = await settledAfter(call);
      assert.deepEqual(await call, { n: 1 });
      assert.ok(ms < 2_000, `answered after ${ms} ms`);
    },
  },
  {
    name: "a Retry-After longer than totalMs fails at once and tells the time",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { then: answer(429, RATE_LIMIT, { "retry-after": "3600" }) });
      const call = api.queryWithRetry(url, {}, { timeouts: { totalMs: 3_000 } });
      const ms = await settledAfter(call);
      const error = await assert.rejects(call, { code: "rate_limited", status: 429, retryable: true });
      assert.ok(ms < 500, `settled after ${ms} ms`);
      assert.between(error.retryAfterMs, 3_599_000, 3_605_000);
      assert.equal((await mock.stats("m")).requests, 1);
    },
  },
  {
    name: "a 503 for a moment is retried to an answer",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { script: [answer(503, { error: "Service Unavailable" }), answer(502, "")], healthy: answer(200, { n: 1 }) });
      const { data, report } = await api.queryWithReport(url, {});
      assert.deepEqual(data, { n: 1 });
      assert.deepEqual(
        report.attempts.map(({ outcome }) => outcome),
        ["unavailable", "unavailable", "ok"],
      );
    },
  },
  {
    // Platforms ring a timer up to a millisecond early, now and then: no wait may be lost over it.
    name: "forty waits at once all end, where no budget and no breaker stops them",
    async run({ api, mock, assert }) {
      const client = api.createClient({ retryBudget: false, breaker: false });
      const url = await mock.put("m", { script: Array(40).fill(answer(503, { error: "Service Unavailable" })), healthy: answer(200, { n: 1 }) });
      const calls = Array.from({ length: 40 }, () => client.query(url, {}, { maxRetries: 10 }));
      for (const data of await Promise.all(calls)) assert.deepEqual(data, { n: 1 });
      assert.equal((await mock.stats("m")).requests, 80);
    },
  },
  {
    name: "maxRetries is the number of tries after the first",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { then: answer(503, { error: "Service Unavailable" }) });
      const error = await assert.rejects(api.queryWithRetry(url, {}, { maxRetries: 1 }), { code: "unavailable", status: 503 });
      assert.equal(error.report.attempts.length, 2);
      assert.equal((await mock.stats("m")).requests, 2);
    },
  },
];
