// A cold model is a wait, not an error: it spends no retry and has limits of its own.
import { settledAfter } from "./clock.js";
import { answer } from "./mock.js";

const NEVER = 600_000;

export const coldStarts = [
  {
    name: "a cold start ends in an answer, with its waits in the events and in the report",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { server: "legacy", cold: { ms: 1_500, says: 4 }, healthy: answer(200, { n: 1 }) });
      const events = [];
      const { data, report } = await api.queryWithReport(url, { inputs: "x" }, { maxRetries: 0, onEvent: (event) => events.push(event) });
      assert.deepEqual(data, { n: 1 });
      const waits = events.filter((event) => event.type === "wait");
      assert.ok(waits.length > 0, "a wait is told");
      for (const wait of waits) {
        assert.equal(wait.reason, "loading");
        assert.ok(wait.ms > 0);
      }
      assert.equal(waits[0].estimatedMs, 4_000);
      // The first probe is due after a quarter of the estimate.
      assert.between(report.waitedMs.loading, 950, report.totalMs);
      assert.equal(report.attempts[0].outcome, "model_loading");
      assert.equal(report.attempts[0].status, 503);
      assert.equal(report.attempts.at(-1).outcome, "ok");
      assert.between((await mock.stats("m")).requests, 2, 5);
    },
  },
  {
    name: "an estimated_time of -1, 1e9 or null counts as none, and a string holds nobody for its seconds",
    async run({ api, mock, assert }) {
      const says = { minus: -1, huge: 1e9, nothing: null, text: "20" };
      const names = Object.keys(says);
      const urls = await Promise.all(
        names.map((name) => mock.put(name, { server: "legacy", cold: { ms: 300, says: says[name] }, healthy: answer(200, { name }) })),
      );
      const calls = names.map((name, i) => {
        const call = api.queryWithRetry(urls[i], {}, { loading: { defaultWaitMs: 400 }, timeouts: { totalMs: 9_000 } });
        return Promise.all([call, settledAfter(call), name]);
      });
      for (const [data, ms, name] of await Promise.all(calls)) {
        assert.deepEqual(data, { name });
        assert.between(ms, 250, name === "text" ? 7_000 : 3_000, name);
      }
    },
  },
  {
    name: "a model that stays cold past maxWaitMs is model_loading in phase wait",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { server: "legacy", cold: { ms: NEVER }, healthy: answer(200, {}) });
      const call = api.queryWithRetry(url, {}, { loading: { maxWaitMs: 700, defaultWaitMs: 300 } });
      const ms = await settledAfter(call);
      await assert.rejects(call, { name: "QueryError", code: "model_loading", phase: "wait", layer: "compute", retryable: true });
      assert.ok(ms <= 850, `settled after ${ms} ms`);
    },
  },
  {
    name: "a model that stays cold past totalMs is model_loading in phase total, settled by then",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { server: "legacy", cold: { ms: NEVER, says: 1 }, healthy: answer(200, {}) });
      const call = api.queryWithRetry(url, {}, { timeouts: { totalMs: 700 } });
      const ms = await settledAfter(call);
      await assert.rejects(call, { name: "QueryError", code: "model_loading", phase: "total" });
      assert.ok(ms <= 800, `settled after ${ms} ms`);
    },
  },
  {
    name: "loading.hold asks an endpoint to hold the request that many seconds",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { healthy: answer(200, { n: 1 }) });
      const target = { url, profile: "endpoint" };
      await api.queryWithRetry(target, {}, { loading: { hold: 30_000 } });
      await api.queryWithRetry(target, {});
      const { log } = await mock.stats("m");
      assert.equal(log[0].headers["x-scale-up-timeout"], "30");
      assert.equal(log[1].headers["x-scale-up-timeout"], undefined);
    },
  },
];
