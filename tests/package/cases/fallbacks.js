import { answer } from "./mock.js";

const GONE = { then: answer(503, { error: "Service Unavailable" }) };

export const fallbacks = [
  {
    name: "a fallback answers when the first target is broken, and the report says so",
    async run({ api, mock, assert }) {
      const first = await mock.put("first", GONE);
      const second = await mock.put("second", { healthy: answer(200, { from: "second" }) });
      const events = [];
      const options = { maxRetries: 0, fallback: [second], onEvent: (event) => events.push(event) };
      const { data, report } = await api.queryWithReport(first, { inputs: "x" }, options);
      assert.deepEqual(data, { from: "second" });
      assert.equal(report.degraded, true);
      assert.deepEqual(
        report.attempts.map(({ outcome }) => outcome),
        ["unavailable", "ok"],
      );
      assert.equal(report.servedBy, report.attempts[1].target);
      assert.ok(report.servedBy.includes(new URL(second).pathname), report.servedBy);
      const step = events.find(({ type }) => type === "fallback");
      assert.deepEqual(step, { type: "fallback", from: report.attempts[0].target, to: report.servedBy, why: "unavailable" });
      assert.equal((await mock.stats("first")).requests, 1);
    },
  },
  {
    name: "fallbacks are tried in order, and the last one's error is told when all fail",
    async run({ api, mock, assert }) {
      const [a, b, c] = await Promise.all(["a", "b", "c"].map((name) => mock.put(name, GONE)));
      const error = await assert.rejects(api.queryWithRetry(a, {}, { maxRetries: 0, fallback: [b, { url: c }] }), { code: "unavailable" });
      const paths = error.report.attempts.map(({ target }) => [a, b, c].findIndex((url) => target.includes(new URL(url).pathname)));
      assert.deepEqual(paths, [0, 1, 2]);
    },
  },
  {
    name: "a refused token is not taken to a fallback",
    async run({ api, mock, assert }) {
      const first = await mock.put("first", { then: answer(401, { error: "Invalid username or password." }) });
      const second = await mock.put("second", { healthy: answer(200, {}) });
      await assert.rejects(api.queryWithRetry(first, {}, { fallback: [second] }), { code: "unauthorized" });
      assert.equal((await mock.stats("second")).requests, 0);
    },
  },
];
