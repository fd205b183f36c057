// What the statistics of a target say should be changed: each piece of advice, and none without its figures.
import { advise } from "query-with-retry/endpoints";

const none = { count: 0, p50: NaN, p95: NaN, p99: NaN };
const quick = { count: 900, p50: 200, p95: 900, p99: 1_500 };

const statsOf = (more) => ({
  target: "org/model",
  breaker: "closed",
  temperature: "warm",
  inFlight: 3,
  queued: 7,
  calls: 1_000,
  attempts: 1_000,
  failures: {},
  latencyMs: quick,
  firstTokenMs: none,
  ...more,
});

const endpointOf = (replicas) => ({ name: "my-endpoint", state: "running", replicas: { ready: 1, min: 1, max: 4, ...replicas } });
const alertOf = (p99Ms, timeoutMs) => ({ target: "org/model", p99Ms, timeoutMs, ratio: p99Ms / timeoutMs, since: 0 });
const changes = (advice) => advice.map(({ change }) => change);

const cold = { failures: { model_loading: 120 } };
const tail = { alert: alertOf(27_000, 30_000), latencyMs: { count: 900, p50: 2_000, p95: 20_000, p99: 27_000 } };
const slowModel = { alert: alertOf(110_000, 120_000), latencyMs: { count: 900, p50: 70_000, p95: 100_000, p99: 110_000 } };

export const advice = [
  {
    name: "advice: nothing is advised where nothing stands out, or where there are too few attempts to tell",
    async run({ assert }) {
      assert.deepEqual(advise(statsOf({})), []);
      assert.deepEqual(
        advise(statsOf({ failures: { model_loading: 10, timeout: 10, overloaded: 10, engine_failure: 10, gateway_timeout: 10 } })),
        [],
      );
      const few = { calls: 20, attempts: 20, failures: { model_loading: 15, timeout: 2, overloaded: 1, engine_failure: 1, gateway_timeout: 1 } };
      assert.deepEqual(advise(statsOf({ ...few, latencyMs: none }), endpointOf()), []);
      assert.deepEqual(advise(statsOf({ attempts: 0, calls: 0, latencyMs: none })), []);
    },
  },
  {
    name: "advice: three replicas where many attempts met a cold model, unless it keeps as many",
    async run({ assert }) {
      const [first, ...rest] = advise(statsOf(cold), endpointOf({ ready: 0, min: 0 }));
      assert.deepEqual(rest, []);
      assert.equal(first.change, "min_replicas");
      assert.deepEqual(first.figures, { model_loading: 120, attempts: 1_000, share: 0.12, readyReplicas: 0, minReplicas: 0, maxReplicas: 4 });
      for (const part of ["120 of 1000", "12 %", "3 replicas"]) assert.ok(first.why.includes(part), first.why);
      assert.deepEqual(changes(advise(statsOf(cold))), ["min_replicas"]);
      assert.deepEqual(advise(statsOf(cold), endpointOf({ min: 3 })), []);
    },
  },
  {
    name: "advice: an earlier scale-up where requests are refused as too many, and a higher maximum where all replicas serve",
    async run({ assert }) {
      const full = statsOf({ failures: { overloaded: 90 } });
      const [first] = advise(full, endpointOf());
      assert.equal(first.change, "scale_up_threshold");
      assert.deepEqual([first.figures.overloaded, first.figures.share, first.figures.queued, first.figures.threshold], [90, 0.09, 7, 60]);
      assert.ok(/at 60 % of hardware usage rather than at 90 %/.test(first.why), first.why);
      const [ceiling] = advise(full, endpointOf({ ready: 4 }));
      assert.equal(ceiling.change, "max_replicas");
      assert.deepEqual([ceiling.figures.readyReplicas, ceiling.figures.maxReplicas], [4, 4]);
    },
  },
  {
    name: "advice: where P99 nears the timeout and the median does not, an earlier scale-up, more replicas, streaming and longer clocks",
    async run({ assert }) {
      const all = advise(statsOf(tail), endpointOf());
      assert.deepEqual(changes(all), ["scale_up_threshold", "min_replicas", "streaming", "timeouts"]);
      for (const { why, figures } of all) {
        assert.deepEqual([figures.p99Ms, figures.timeoutMs, figures.ratio], [27_000, 30_000, 0.9]);
        assert.ok(why.includes("27 s, 90 % of its timeout of 30 s"), why);
      }
      assert.equal(all[2].figures.streamed, 0);
      assert.equal(all[3].figures.attemptMs, 40_500);
      const streamed = advise(statsOf({ ...tail, firstTokenMs: quick }), endpointOf({ min: 3, ready: 3 }));
      assert.deepEqual(changes(streamed), ["scale_up_threshold", "timeouts"]);
    },
  },
  {
    name: "advice: where the median is slow too, a larger GPU, quantisation, streaming, jobs and a smaller model",
    async run({ assert }) {
      const all = advise(statsOf(slowModel), endpointOf());
      assert.deepEqual(changes(all), ["larger_gpu", "quantization", "streaming", "async_jobs", "smaller_model"]);
      for (const { figures } of all) assert.deepEqual([figures.p50Ms, figures.p95Ms, figures.p99Ms], [70_000, 100_000, 110_000]);
      assert.ok(all[0].why.includes("the median 70 s"), all[0].why);
    },
  },
  {
    name: "advice: timeouts without an alert say so by their share, and no quantile is made up",
    async run({ assert }) {
      const all = advise(statsOf({ failures: { timeout: 50 }, latencyMs: none }));
      assert.deepEqual(changes(all), ["scale_up_threshold", "streaming"]);
      assert.deepEqual([all[0].figures.timeout, all[0].figures.share, all[0].figures.p50Ms, all[0].figures.p99Ms], [50, 0.05, undefined, undefined]);
    },
  },
  {
    name: "advice: quantisation where the engine fails, and jobs where a proxy gives up",
    async run({ assert }) {
      const broken = advise(statsOf({ failures: { engine_failure: 60 } }));
      assert.deepEqual(changes(broken), ["quantization", "larger_gpu", "smaller_model"]);
      assert.deepEqual(broken[0].figures, { engine_failure: 60, attempts: 1_000, share: 0.06 });
      const cut = advise(statsOf({ failures: { gateway_timeout: 60 } }));
      assert.deepEqual(changes(cut), ["streaming", "async_jobs"]);
      assert.deepEqual(changes(advise(statsOf({ failures: { gateway_timeout: 60 }, firstTokenMs: quick }))), ["async_jobs"]);
    },
  },
  {
    name: "advice: what spoils most comes first, nothing comes twice, and every figure is a finite number that its words have",
    async run({ assert }) {
      const failures = { model_loading: 300, overloaded: 200, timeout: 100, engine_failure: 80, gateway_timeout: 60 };
      const all = advise(statsOf({ ...slowModel, failures }), endpointOf({ ready: 4 }));
      assert.deepEqual(changes(all).slice(0, 2), ["min_replicas", "max_replicas"]);
      assert.equal(new Set(changes(all)).size, all.length);
      const every = [all, advise(statsOf(tail)), advise(statsOf({ failures: { timeout: 50 }, latencyMs: none, firstTokenMs: none }))].flat();
      for (const { change, why, figures } of every) {
        const values = Object.values(figures);
        assert.ok(values.length >= 3 && values.every(Number.isFinite), `${change}: ${JSON.stringify(figures)}`);
        assert.ok(/\d/.test(why) && !/NaN|undefined|Infinity/.test(why), why);
      }
    },
  },
];
