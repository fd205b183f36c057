import { answer } from "./mock.js";

export const events = [
  {
    name: "the events of a retried call come in order and end with the report",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { script: [answer(503, { error: "Service Unavailable" })], healthy: answer(200, { n: 1 }) });
      const seen = [];
      const { report } = await api.queryWithReport(url, {}, { onEvent: (event) => seen.push(event) });
      assert.deepEqual(
        seen.map(({ type }) => type),
        ["attempt", "response", "wait", "attempt", "response", "success"],
      );
      const [first, refused, wait, second, answered, success] = seen;
      assert.ok(first.url.startsWith(url), first.url);
      assert.equal(second.attempt, first.attempt + 1);
      assert.equal(refused.attempt, first.attempt);
      assert.equal(refused.status, 503);
      assert.equal(refused.outcome, "unavailable");
      assert.equal(wait.reason, "backoff");
      assert.ok(wait.ms >= 0);
      assert.equal(answered.status, 200);
      assert.equal(answered.outcome, "ok");
      assert.deepEqual(success.report, report);
    },
  },
  {
    name: "a failed call ends with a failure event that carries the very error",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { then: answer(404, { error: "no such model" }) });
      const seen = [];
      const error = await assert.rejects(api.queryWithRetry(url, {}, { onEvent: (event) => seen.push(event) }), { code: "not_found" });
      assert.equal(seen.at(-1).type, "failure");
      assert.equal(seen.at(-1).error, error);
    },
  },
  {
    name: "an onEvent that throws does not break the call",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { script: [answer(503, "busy")], healthy: answer(200, { n: 1 }) });
      let told = 0;
      const onEvent = () => {
        told += 1;
        throw new Error("a bug in the page");
      };
      assert.deepEqual(await api.queryWithRetry(url, {}, { onEvent }), { n: 1 });
      assert.ok(told >= 5, `told ${told} events`);
    },
  },
];
