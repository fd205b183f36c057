// What the calls of one client share: a breaker, a retry budget, a limit with a line before it, and
// the cold start of a model.
import { settledAfter, sleep } from "./clock.js";
import { answer } from "./mock.js";
import { formats, putStream } from "./streamed.js";

const BUSY = answer(503, { error: "Service Unavailable" });
const DOWN = { then: BUSY };
const WORKS = { healthy: answer(200, { n: 1 }) };
const STALLS = { then: { status: 200, headers: { "content-type": "application/json" }, body: "[1]", fault: { kind: "stall", at: "accept" } } };
const OUTCOME = (settled) => (settled.status === "fulfilled" ? "ok" : (settled.reason.code ?? settled.reason));

/** So many calls that fail, one after the other. */
async function fail(assert, client, url, times = 5) {
  for (let call = 0; call < times; call++) await assert.rejects(client.query(url, { call }, { maxRetries: 0 }), { code: "unavailable" });
}

const calls = (client, url, count, options) => Array.from({ length: count }, (_, call) => client.query(url, { call }, options));

export const clientLimits = [
  // The breaker.
  {
    name: "five failures of five calls open the breaker: the sixth call is circuit_open and nothing is sent",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", DOWN);
      const events = [];
      const client = api.createClient({ onEvent: (event) => events.push(event) });
      await fail(assert, client, url);
      assert.deepEqual(
        events.filter(({ type }) => type === "breaker"),
        [{ type: "breaker", target: url, state: "open" }],
      );
      const call = client.query(url, {});
      const ms = await settledAfter(call);
      const error = await assert.rejects(call, { name: "QueryError", code: "circuit_open", status: undefined, retryable: true });
      assert.ok(ms < 100, `settled after ${ms} ms`);
      assert.between(error.retryAfterMs, 10_000, 18_750);
      assert.deepEqual(error.report.attempts, []);
      assert.ok(error.message.includes(url), error.message);
      assert.ok(error.message.endsWith("the last failure was unavailable HTTP 503"), error.message);
      assert.equal((await mock.stats("m")).requests, 5);
      const [{ breaker, failures, attempts, calls }] = client.stats(url);
      assert.deepEqual(
        { breaker, failures, attempts, calls },
        { breaker: "open", failures: { unavailable: 5, circuit_open: 1 }, attempts: 5, calls: 6 },
      );
    },
  },
  {
    name: "a token that does not come in time is a timeout of the caller's own, and shuts nobody else out",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", WORKS);
      const client = api.createClient();
      const never = { token: () => new Promise(() => {}), timeouts: { attemptMs: 100 }, maxRetries: 0 };
      for (let call = 0; call < 6; call++) {
        const error = await assert.rejects(client.query(url, { call }, never), { code: "timeout", phase: "attempt", layer: "client" });
        assert.ok(error.message.includes("token function"), error.message);
      }
      assert.deepEqual(await client.query(url, {}), { n: 1 });
      assert.equal((await mock.stats("m")).requests, 1);
      assert.equal(client.stats(url)[0].breaker, "closed");
    },
  },
  {
    name: "tokens that do not come hold nobody's place for longer than some seconds",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", WORKS);
      const client = api.createClient();
      const abort = new AbortController();
      const hang = { token: () => new Promise(() => {}), signal: abort.signal };
      const hung = Promise.allSettled(calls(client, url, 4, hang));
      const ms = await settledAfter(client.query(url, {}));
      assert.ok(ms < 4_000, `answered after ${ms} ms`);
      abort.abort();
      await hung;
    },
  },
  {
    name: "the retries of one call open the breaker too, and the call ends with what it met",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", DOWN);
      const client = api.createClient({ breaker: { failures: 2 } });
      const error = await assert.rejects(client.query(url, {}), { code: "unavailable", status: 503 });
      assert.equal(error.report.attempts.length, 2);
      assert.equal((await mock.stats("m")).requests, 2);
      assert.equal(client.stats(url)[0].breaker, "open");
    },
  },
  {
    name: "behind an open breaker the fallback answers, and the report and the event say why",
    async run({ api, mock, assert }) {
      const [url, other] = [await mock.put("m", DOWN), await mock.put("other", WORKS)];
      const client = api.createClient();
      await fail(assert, client, url);
      const events = [];
      const { data, report } = await client.queryWithReport(url, {}, { fallback: [other], onEvent: (event) => events.push(event) });
      assert.deepEqual(data, { n: 1 });
      assert.deepEqual([report.degraded, report.servedBy, report.attempts.length], [true, other, 1]);
      assert.deepEqual(
        events.map(({ type }) => type),
        ["fallback", "attempt", "response", "success"],
      );
      assert.deepEqual(events[0], { type: "fallback", from: url, to: other, why: "circuit_open" });
      assert.equal((await mock.stats("m")).requests, 5);
    },
  },
  {
    name: "a stream and a fetch behind an open breaker are refused as well",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", DOWN);
      const client = api.createClient();
      await fail(assert, client, url);
      await assert.rejects(client.stream(url, {}).finalText(), { code: "circuit_open" });
      await assert.rejects(client.fetch(url), { name: "QueryError", code: "circuit_open" });
      assert.equal((await mock.stats("m")).requests, 5);
    },
  },
  {
    name: "rate limits, mistakes of the caller, loading models and aborts do not open the breaker",
    async run({ api, mock, assert }) {
      const steps = [
        answer(429, { error: "Rate limit reached" }),
        answer(400, { error: "no" }),
        answer(401, { error: "no" }),
        answer(404, { error: "no" }),
      ];
      const url = await mock.put("m", { ...STALLS, script: [...steps, ...steps] });
      const cold = await mock.put("cold", { server: "legacy", cold: { ms: 600_000, says: 60 } });
      const client = api.createClient({ maxRetries: 0, breaker: { failures: 2 } });
      for (let call = 0; call < 8; call++) await assert.rejects(client.query(url, {}));
      for (let call = 0; call < 3; call++) await assert.rejects(client.query(url, {}, { signal: AbortSignal.timeout(50) }), { name: "TimeoutError" });
      for (let call = 0; call < 3; call++) await assert.rejects(client.query(cold, {}, { loading: { maxWaitMs: 100 } }), { code: "model_loading" });
      assert.deepEqual([client.stats(url)[0].breaker, client.stats(cold)[0].breaker], ["closed", "closed"]);
    },
  },
  {
    name: "breaker: false lets every call through",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", DOWN);
      const client = api.createClient({ breaker: false });
      await fail(assert, client, url, 8);
      assert.equal((await mock.stats("m")).requests, 8);
      assert.equal(client.stats(url)[0].breaker, "closed");
    },
  },
  {
    name: "after openMs exactly one probe goes out though twenty calls come, and its answer lets the others in",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { ...WORKS, script: Array(5).fill(BUSY), latencyMs: 300 });
      const states = [];
      const onEvent = ({ type, state }) => type === "breaker" && states.push(state);
      const client = api.createClient({ breaker: { openMs: 300 }, onEvent });
      await fail(assert, client, url);
      await sleep(450);
      const all = Promise.allSettled(calls(client, url, 20));
      await sleep(150);
      assert.equal((await mock.stats("m")).requests, 6, "requests while the probe is under way");
      assert.equal(client.stats(url)[0].breaker, "half_open");
      const outcomes = (await all).map(OUTCOME);
      assert.deepEqual(outcomes, ["ok", ...Array(19).fill("circuit_open")]);
      assert.equal((await mock.stats("m")).requests, 6);
      // 1, 2, 4 and 8 at once, and then it is closed.
      for (const data of await Promise.all(calls(client, url, 20))) assert.deepEqual(data, { n: 1 });
      assert.equal(client.stats(url)[0].breaker, "closed");
      assert.deepEqual(states, ["open", "half_open", "closed"]);
      assert.ok((await mock.stats("m")).maxInFlight <= 15, `${(await mock.stats("m")).maxInFlight} at once`);
    },
  },
  {
    name: "a probe that fails opens the breaker again, for longer",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", DOWN);
      const client = api.createClient({ breaker: { openMs: 300, failures: 2 } });
      await fail(assert, client, url, 2);
      await sleep(450);
      await fail(assert, client, url, 1);
      const error = await assert.rejects(client.query(url, {}), { code: "circuit_open" });
      assert.between(error.retryAfterMs, 450, 750);
      assert.equal((await mock.stats("m")).requests, 3);
    },
  },
  {
    name: "a probe whose caller leaves is followed by another one",
    async run({ api, mock, assert }) {
      const stall = STALLS.then;
      const url = await mock.put("m", { ...WORKS, script: [BUSY, BUSY, stall] });
      const client = api.createClient({ breaker: { openMs: 300, failures: 2 } });
      await fail(assert, client, url, 2);
      await sleep(450);
      await assert.rejects(client.query(url, {}, { signal: AbortSignal.timeout(150) }), { name: "TimeoutError" });
      assert.deepEqual(await client.query(url, {}), { n: 1 });
    },
  },

  // The retry budget.
  {
    name: "a retry budget of one pays for one retry of all calls together",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", DOWN);
      const client = api.createClient({ breaker: false, retryBudget: { ratio: 0, burst: 1 } });
      const errors = [];
      for (let call = 0; call < 3; call++) errors.push(await assert.rejects(client.query(url, {}), { code: "unavailable", status: 503 }));
      assert.deepEqual(
        errors.map(({ report }) => report.attempts.length),
        [2, 1, 1],
      );
      assert.equal((await mock.stats("m")).requests, 4);
    },
  },
  {
    name: "first tries earn retries by the ratio, and retryBudget: false sets no limit",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", DOWN);
      const earning = api.createClient({ breaker: false, retryBudget: { ratio: 0.5, burst: 1 } });
      const tries = [];
      for (let call = 0; call < 4; call++) {
        const { report } = await assert.rejects(earning.query(url, {}, { maxRetries: 1 }));
        tries.push(report.attempts.length);
      }
      assert.deepEqual(tries, [2, 1, 2, 1]);
      const endless = api.createClient({ breaker: false, retryBudget: false });
      for (let call = 0; call < 4; call++) {
        const { report } = await assert.rejects(endless.query(url, {}, { maxRetries: 2 }));
        assert.equal(report.attempts.length, 3);
      }
    },
  },
  {
    name: "waiting for a cold model costs nothing of the retry budget",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { ...WORKS, server: "legacy", cold: { ms: 800, says: 1 } });
      const client = api.createClient({ retryBudget: { ratio: 0, burst: 0 } });
      assert.deepEqual(await client.query(url, {}), { n: 1 });
    },
  },

  // The limit.
  {
    name: "concurrency.max is never passed at the server, and all calls are answered",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { ...WORKS, latencyMs: 60 });
      const client = api.createClient({ concurrency: { min: 1, max: 2 } });
      const all = await Promise.all(Array.from({ length: 12 }, (_, call) => client.queryWithReport(url, { call })));
      for (const { data } of all) assert.deepEqual(data, { n: 1 });
      const { requests, maxInFlight } = await mock.stats("m");
      assert.deepEqual({ requests, maxInFlight }, { requests: 12, maxInFlight: 2 });
      const waited = all.map(({ report }) => report.waitedMs.queue ?? 0);
      assert.equal(waited.filter((ms) => ms > 30).length, 10, JSON.stringify(waited));
      assert.between(Math.max(...waited), 240, 2_000);
    },
  },
  {
    name: "streams and fetches take their places in the same line",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: { tokens: 10, tokensPerSecond: 100 } });
      const client = api.createClient({ concurrency: { min: 1, max: 2 } });
      const body = JSON.stringify({ ...formats.chat.payload, stream: true });
      const asFetch = async () => (await client.fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body })).text();
      const asStream = () => client.stream(url, formats.chat.payload).finalText();
      const asStreamOfModel = () => client.stream({ url, model: "m" }, formats.chat.payload).finalText();
      await Promise.all([asStreamOfModel(), asFetch(), asStreamOfModel(), asFetch(), asFetch()]);
      assert.equal((await mock.stats("m")).maxInFlight, 2);
      await asStream();
    },
  },
  {
    name: "a wait in the line is told as such",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { ...WORKS, latencyMs: 200 });
      const client = api.createClient({ concurrency: { min: 1, max: 1 } });
      const events = [];
      const [, { report }] = await Promise.all([client.query(url, {}), client.queryWithReport(url, {}, { onEvent: (event) => events.push(event) })]);
      assert.deepEqual(
        events.map(({ type }) => type),
        ["wait", "attempt", "response", "success"],
      );
      const [wait] = events;
      assert.deepEqual([wait.reason, wait.target], ["queue", url]);
      assert.between(report.waitedMs.queue, 100, 1_000);
      assert.equal(report.attempts.length, 1);
    },
  },
  {
    name: "a call that finds the line full is queue_full at once, and nothing is sent",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { ...WORKS, latencyMs: 300 });
      const client = api.createClient({ concurrency: { min: 1, max: 2, queue: 1 } });
      const first = calls(client, url, 3);
      const call = client.query(url, {});
      const ms = await settledAfter(call);
      const error = await assert.rejects(call, { name: "QueryError", code: "queue_full", status: undefined, retryable: true });
      assert.ok(ms < 100, `settled after ${ms} ms`);
      assert.deepEqual(error.report.attempts, []);
      for (const data of await Promise.all(first)) assert.deepEqual(data, { n: 1 });
      assert.equal((await mock.stats("m")).requests, 3);
      assert.deepEqual(client.stats(url)[0].failures, { queue_full: 1 });
      const none = api.createClient({ concurrency: { min: 1, max: 1, queue: 0 } });
      const settled = await Promise.allSettled(calls(none, url, 3));
      assert.deepEqual(settled.map(OUTCOME), ["ok", "queue_full", "queue_full"]);
    },
  },
  {
    name: "a full line sends a call on to its fallback",
    async run({ api, mock, assert }) {
      const [url, other] = [await mock.put("m", { ...WORKS, latencyMs: 300 }), await mock.put("other", { healthy: answer(200, { n: 2 }) })];
      const client = api.createClient({ concurrency: { max: 1, queue: 0 }, fallback: [other] });
      const [first, second] = await Promise.all([client.queryWithReport(url, {}), client.queryWithReport(url, {})]);
      assert.deepEqual([first.data, second.data], [{ n: 1 }, { n: 2 }]);
      assert.deepEqual([second.report.servedBy, second.report.degraded], [other, true]);
    },
  },
  {
    name: "a wait in the line ends at totalMs as a timeout in phase queue",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", STALLS);
      const client = api.createClient({ concurrency: { min: 1, max: 1 } });
      const controller = new AbortController();
      const first = client.query(url, {}, { signal: controller.signal });
      first.catch(() => {});
      const second = client.query(url, {}, { timeouts: { totalMs: 400 } });
      const ms = await settledAfter(second);
      const error = await assert.rejects(second, { code: "timeout", phase: "queue", status: undefined, retryable: true });
      assert.between(ms, 399, 600);
      assert.between(error.report.waitedMs.queue, 399, 600);
      assert.deepEqual(error.report.attempts, []);
      assert.deepEqual([client.stats(url)[0].inFlight, client.stats(url)[0].queued], [1, 0]);
      controller.abort("enough");
      assert.equal(await assert.rejects(first), "enough");
      assert.equal((await mock.stats("m")).requests, 1);
    },
  },
  {
    name: "an abort in the line is at once, and its place goes to nobody twice",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { ...WORKS, latencyMs: 300 });
      const client = api.createClient({ concurrency: { min: 1, max: 1 } });
      const controller = new AbortController();
      const first = client.query(url, {});
      const second = client.query(url, {}, { signal: controller.signal });
      const third = client.query(url, {});
      second.catch(() => {});
      await sleep(100);
      controller.abort("enough");
      const ms = await settledAfter(second);
      assert.equal(await assert.rejects(second), "enough");
      assert.ok(ms <= 50, `rejected ${ms} ms after the abort`);
      assert.deepEqual(await Promise.all([first, third]), [{ n: 1 }, { n: 1 }]);
      const { requests, maxInFlight } = await mock.stats("m");
      assert.deepEqual({ requests, maxInFlight }, { requests: 2, maxInFlight: 1 });
    },
  },
  {
    name: "who is interactive goes first in the line, and who is batch is not forgotten",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { ...WORKS, latencyMs: 40 });
      const client = api.createClient({ concurrency: { min: 1, max: 1 } });
      const send = (priority) => client.query(url, { priority }, { priority });
      const first = client.query(url, { priority: "first" });
      const batch = Array.from({ length: 9 }, () => send("batch"));
      const interactive = Array.from({ length: 16 }, () => send("interactive"));
      await Promise.all([first, ...batch, ...interactive]);
      const order = (await mock.stats("m")).log.map(({ body }) => JSON.parse(body).priority);
      assert.equal(order[0], "first");
      const served = order.slice(1, 10);
      assert.equal(served.filter((priority) => priority === "interactive").length, 8, served.join(" "));
      assert.equal(order.length, 26);
    },
  },
  {
    name: "the second rate limit in a row cuts what goes out at once, and then it grows slowly",
    async run({ api, mock, assert, runtime }) {
      const limited = answer(429, { error: "Rate limit reached" });
      const most = {};
      for (const [name, script] of [
        ["free", []],
        ["limited", [limited, limited]],
      ]) {
        const url = await mock.put(name, { ...WORKS, latencyMs: 50, script });
        // At the server a browser's own limit is seen.
        let underWay = 0;
        most[name] = 0;
        const onEvent = ({ type }) => {
          if (type === "attempt") most[name] = Math.max(most[name], ++underWay);
          if (type === "response") underWay--;
        };
        const client = api.createClient({ maxRetries: 0, concurrency: { min: 1 }, onEvent });
        for (const _ of script) await assert.rejects(client.query(url, {}), { code: "rate_limited" });
        await Promise.all(calls(client, url, 40));
      }
      // In a page an origin over HTTP/1.1 has six connections, and one is left to the page.
      if (["chromium", "firefox", "webkit"].includes(runtime)) assert.between(most.free, 4, 5);
      else assert.between(most.free, 12, 40);
      assert.between(most.limited, 2, 10);
    },
  },

  // A cold model.
  {
    name: "fifty calls to a cold model are ten requests at most until it is up, and all are answered",
    limitMs: 25_000,
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { ...WORKS, server: "legacy", cold: { ms: 3_000, says: 4 } });
      const client = api.createClient();
      const reasons = new Set();
      const onEvent = ({ type, reason }) => type === "wait" && reasons.add(reason);
      const all = await Promise.all(Array.from({ length: 50 }, (_, call) => client.queryWithReport(url, { call }, { onEvent })));
      for (const { data } of all) assert.deepEqual(data, { n: 1 });
      const { log } = await mock.stats("m");
      assert.between(log.filter(({ status }) => status === 503).length, 1, 10);
      assert.equal(log.filter(({ status }) => status === 200).length, 50);
      assert.ok(reasons.has("loading"), [...reasons].join());
      assert.equal(client.stats(url)[0].temperature, "warm");
    },
  },
  {
    name: "whoever waits for a cold model is told that it is loading, and its report says so",
    limitMs: 25_000,
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { ...WORKS, server: "legacy", cold: { ms: 2_000, says: 4 } });
      const client = api.createClient();
      const told = Array.from({ length: 20 }, () => []);
      const call = (_, at) => client.queryWithReport(url, {}, { onEvent: ({ type, reason }) => type === "wait" && told[at].push(reason) });
      const all = await Promise.all(Array.from({ length: 20 }, call));
      assert.deepEqual(
        told.filter((reasons) => !reasons.includes("loading")),
        [],
      );
      const waited = all.map(({ report }) => report.waitedMs.loading ?? 0);
      assert.ok(Math.min(...waited) > 900, JSON.stringify(all.map(({ report }) => report.waitedMs)));
    },
  },
  {
    name: "whoever waits for a cold model gives up after its own maxWaitMs",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { server: "legacy", cold: { ms: 600_000, says: 40 } });
      const client = api.createClient();
      const all = calls(client, url, 12, { loading: { maxWaitMs: 800 } });
      const times = await Promise.all(all.map(settledAfter));
      for (const call of all) await assert.rejects(call, { code: "model_loading", phase: "wait" });
      assert.between(Math.max(...times), 0, 1_200);
    },
  },
  {
    name: "a follower's abort during a cold start is at once and harms nobody",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { ...WORKS, server: "legacy", cold: { ms: 1_500, says: 2 } });
      const client = api.createClient();
      const leader = client.query(url, {});
      await mock.statsOnce("m", ({ log }) => log[0]?.outcome === "sent", "the first look");
      const controller = new AbortController();
      const follower = client.query(url, {}, { signal: controller.signal });
      const other = client.query(url, {});
      follower.catch(() => {});
      await sleep(200);
      controller.abort("enough");
      const ms = await settledAfter(follower);
      assert.equal(await assert.rejects(follower), "enough");
      assert.ok(ms <= 50, `rejected ${ms} ms after the abort`);
      assert.deepEqual(await Promise.all([leader, other]), [{ n: 1 }, { n: 1 }]);
      assert.ok((await mock.stats("m")).requests <= 6);
    },
  },
  {
    name: "a leader's abort during a cold start hands over to who waits with it",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { ...WORKS, server: "legacy", cold: { ms: 1_500, says: 2 } });
      const client = api.createClient();
      const controller = new AbortController();
      const leader = client.query(url, {}, { signal: controller.signal });
      leader.catch(() => {});
      await mock.statsOnce("m", ({ log }) => log[0]?.outcome === "sent", "the first look");
      const followers = calls(client, url, 3);
      await sleep(200);
      controller.abort("enough");
      assert.equal(await assert.rejects(leader), "enough");
      const start = performance.now();
      for (const data of await Promise.all(followers)) assert.deepEqual(data, { n: 1 });
      assert.ok(performance.now() - start < 5_000, `answered after ${performance.now() - start} ms`);
      assert.ok((await mock.stats("m")).requests <= 8);
    },
  },
];
