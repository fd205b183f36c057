// A client with `endpoints`: a call that meets a paused or failed endpoint says so, or resumes it.
import { asked, manage } from "./endpoints.js";
import { settledAfter, sleep } from "./clock.js";
import { answer } from "./mock.js";

const paused = [{ state: "paused", message: "Paused by its owner" }];
const resumed = [{ state: "initializing", ms: 700 }, { state: "running" }];
const healthy = { healthy: answer(200, { n: 1 }) };

/** An endpoint, a client that knows it, and a target that is at it. */
async function meet(api, mock, managed, options = {}, scenario = {}) {
  const { url, endpoints } = await manage(mock, managed, options.manage, { ...healthy, ...scenario });
  const { manage: _, ...rest } = options;
  return { client: api.createClient({ endpoints, ...rest }), endpoints, target: { url: `${url}/generate`, profile: "endpoint" } };
}

export const endpointsClients = [
  {
    name: "a client with endpoints explains a paused endpoint, and resumes none unless it is told to",
    async run({ api, mock, assert }) {
      for (const resumePaused of [undefined, false]) {
        const { client, target } = await meet(api, mock, { states: paused }, { resumePaused });
        const error = await assert.rejects(client.query(target, { inputs: "x" }), { name: "QueryError", code: "paused", status: 400 });
        assert.equal(error.detail, 'endpoint "my-endpoint" is paused: Paused by its owner; Bad Request: Invalid state');
        assert.equal(asked(await mock.stats("e"), "POST", "/resume"), 0);
      }
    },
  },
  {
    name: "a client told so resumes a paused endpoint once, however many calls meet it, and answers them all",
    async run({ api, mock, assert }) {
      const { client, target } = await meet(api, mock, { states: paused, resumed }, { resumePaused: true });
      const answers = await Promise.all(Array.from({ length: 20 }, () => client.queryWithReport(target, { inputs: "x" })));
      for (const { data } of answers) assert.deepEqual(data, { n: 1 });
      // Those that were let through at first met it paused, and the others on its way.
      const met = answers.filter(({ report }) => report.attempts[0].outcome === "paused");
      assert.ok(met.length >= 4, `${met.length}`);
      for (const { report } of met) {
        assert.equal(report.attempts.at(-1).outcome, "ok");
        assert.between(report.waitedMs.loading, 600, report.totalMs);
        assert.ok(report.attempts.at(-1).startedMs >= report.attempts[0].startedMs + 600);
      }
      assert.equal(asked(await mock.stats("e"), "POST", "/resume"), 1);
    },
  },
  {
    name: "a stream and a client.fetch survive a paused endpoint as well, and attempts are counted on",
    async run({ api, mock, assert }) {
      const { client, target } = await meet(api, mock, { states: paused, resumed }, { resumePaused: true }, { healthy: undefined });
      const events = [];
      const onEvent = (event) => events.push(event);
      const stream = client.stream(target, { inputs: "hello there", stream: true }, { onEvent });
      assert.ok((await stream.finalText()).includes("hello there"));
      assert.deepEqual(
        events.filter(({ type }) => type === "attempt").map(({ attempt }) => attempt),
        [1, 2],
      );
      const wait = events.find(({ type }) => type === "wait");
      assert.deepEqual([wait?.reason, wait?.upTo, wait?.attempt, wait?.target], ["loading", true, 1, target.url]);
      assert.between(wait.ms, 250_000, 300_000);
      // An address tells a fetch that it leads to an endpoint.
      const url = "https://abcd.us-east-1.aws.endpoints.huggingface.cloud";
      let real;
      const at = (to, init) => fetch(String(to).replace(url, real), init);
      const again = await meet(api, mock, { states: paused, resumed, url }, { resumePaused: true, fetch: at, manage: { fetch: at } });
      real = again.target.url.replace("/generate", "");
      const response = await again.client.fetch(`${url}/generate`, { method: "POST", body: '{"inputs":"x"}' });
      assert.deepEqual([response.status, await response.json()], [200, { n: 1 }]);
      assert.equal(asked(await mock.stats("e"), "POST", "/resume"), 1);
    },
  },
  {
    name: "a resumed endpoint that comes up too late is model_loading, by the clock that ran out",
    async run({ api, mock, assert }) {
      for (const [options, phase] of [
        [{ loading: { maxWaitMs: 900 } }, "wait"],
        [{ timeouts: { totalMs: 900 } }, "total"],
      ]) {
        const { client, target } = await meet(api, mock, { states: paused, resumed: [{ state: "pending" }] }, { resumePaused: true });
        const call = client.query(target, { inputs: "x" }, options);
        const ms = await settledAfter(call);
        const error = await assert.rejects(call, { code: "model_loading", phase, retryable: true });
        assert.ok(error.detail.startsWith('endpoint "my-endpoint" is pending'), error.detail);
        assert.between(ms, 850, 1_500, phase);
      }
    },
  },
  {
    name: "a resume that leads to a failure ends the call with the API's words",
    async run({ api, mock, assert }) {
      const { client, target } = await meet(
        api,
        mock,
        { states: paused, resumed: [{ state: "failed", message: "No GPU left" }] },
        { resumePaused: true },
      );
      const error = await assert.rejects(client.query(target, { inputs: "x" }), { code: "unavailable", retryable: false });
      assert.ok(error.detail.startsWith('endpoint "my-endpoint" is failed: No GPU left'), error.detail);
    },
  },
  {
    name: "a resume that the API refuses leaves the call paused, and says what the API answered",
    async run({ api, mock, assert }) {
      const { client, target } = await meet(api, mock, { states: paused, script: [{}, {}, answer(403, { error: "no" })] }, { resumePaused: true });
      const error = await assert.rejects(client.query(target, { inputs: "x" }), { code: "paused", status: 400 });
      assert.ok(error.detail.startsWith("the management API failed: forbidden"), error.detail);
      const without = await meet(api, mock, { states: paused, token: "another_token_123456" }, { resumePaused: true });
      const refused = await assert.rejects(without.client.query(without.target, { inputs: "x" }), { code: "paused" });
      assert.ok(refused.detail.includes("failed: unauthorized"), refused.detail);
    },
  },
  {
    name: "a resumed endpoint is waited for while the API is away for a moment",
    limitMs: 40_000, // four tries with their pauses, and then a fresh look
    async run({ api, mock, assert }) {
      const away = Array(4).fill(answer(503, "away"));
      const { client, target } = await meet(api, mock, { states: paused, resumed, script: [{}, {}, {}, ...away] }, { resumePaused: true });
      assert.deepEqual(await client.query(target, { inputs: "x" }), { n: 1 });
      assert.equal(asked(await mock.stats("e"), "POST", "/resume"), 1);
    },
  },
  {
    name: "a token function of the management API that throws ends no call in another way, and what it threw is not shown",
    async run({ api, mock, assert }) {
      const token = () => {
        throw new Error("the vault says s3cret");
      };
      const { client, target } = await meet(api, mock, { states: paused }, { resumePaused: true, manage: { token } });
      const error = await assert.rejects(client.query(target, { inputs: "x" }), { code: "paused", status: 400 });
      assert.equal(error.detail, "the management API failed: an error; Bad Request: Invalid state");
    },
  },
  {
    name: "a resume of an endpoint that was refused is tried again by a later call",
    async run({ api, mock, assert }) {
      const refused = await meet(api, mock, { states: paused, resumed, script: [{}, {}, answer(403, { error: "no" })] }, { resumePaused: true });
      await assert.rejects(refused.client.query(refused.target, { inputs: "x" }), { code: "paused" });
      await sleep(3_000);
      assert.deepEqual(await refused.client.query(refused.target, { inputs: "x" }), { n: 1 });
    },
  },
  {
    name: "an abort ends a call that waits for a resumed endpoint at once, and the others go on",
    async run({ api, mock, assert }) {
      const { client, target } = await meet(api, mock, { states: paused, resumed }, { resumePaused: true });
      const controller = new AbortController();
      const aborted = client.query(target, { inputs: "x" }, { signal: controller.signal });
      const other = client.query(target, { inputs: "x" });
      const settled = settledAfter(aborted);
      await sleep(350);
      controller.abort("mine alone");
      assert.equal(await assert.rejects(aborted), "mine alone");
      assert.between(await settled, 300, 600);
      assert.deepEqual(await other, { n: 1 });
      assert.equal(asked(await mock.stats("e"), "POST", "/resume"), 1);
    },
  },
  {
    name: "a stream that is cancelled while its endpoint is resumed ends at once",
    async run({ api, mock, assert }) {
      const { client, target } = await meet(api, mock, { states: paused, resumed }, { resumePaused: true });
      const stream = client.stream(target, { inputs: "x", stream: true });
      await sleep(300);
      const began = performance.now();
      await stream.cancel();
      assert.ok(performance.now() - began < 200);
      await stream.report;
    },
  },
  {
    name: "a wait for an endpoint that has failed ends at once, for every call that waits",
    async run({ api, mock, assert }) {
      const { client, target } = await meet(api, mock, { states: [{ state: "failed", message: "Image pull failed" }] });
      const calls = Array.from({ length: 5 }, () => client.query(target, { inputs: "x" }));
      const [ms] = await Promise.all(calls.map(settledAfter));
      for (const call of calls) {
        const error = await assert.rejects(call, { code: "unavailable", layer: "compute", retryable: false });
        assert.equal(error.detail, 'endpoint "my-endpoint" is failed: Image pull failed');
      }
      assert.ok(ms < 4_000, `${ms}`);
    },
  },
  {
    name: "a call that goes to its fallback resumes the paused endpoint meanwhile",
    async run({ api, mock, assert }) {
      const { client, target, endpoints } = await meet(api, mock, { states: paused, resumed }, { resumePaused: true });
      const fallback = [await mock.put("f", { healthy: answer(200, { from: "fallback" }) })];
      assert.deepEqual(await client.query(target, { inputs: "x" }, { fallback }), { from: "fallback" });
      assert.equal((await endpoints.waitUntilRunning("my-endpoint")).state, "running");
      assert.equal(asked(await mock.stats("e"), "POST", "/resume"), 1);
    },
  },
  {
    name: "a paused endpoint whose address the API does not name is never guessed, and is resumed by its given name",
    async run({ api, mock, assert }) {
      const managed = { states: paused, resumed, hidesUrl: true };
      const { client, target } = await meet(api, mock, managed, { resumePaused: true });
      const error = await assert.rejects(client.query(target, { inputs: "x" }), { code: "paused" });
      assert.ok(/the API names no endpoint at this address: give it in names of createEndpoints/.test(error.detail), error.detail);
      assert.equal(asked(await mock.stats("e"), "POST", "/resume"), 0);
      const names = { [target.url.replace(/generate$/, "")]: "my-endpoint" };
      const named = await meet(api, mock, managed, { resumePaused: true, manage: { names } });
      assert.deepEqual(await named.client.query(named.target, { inputs: "x" }), { n: 1 });
      assert.equal(asked(await mock.stats("e"), "POST", "/resume"), 1);
    },
  },
  {
    name: "calls that fail otherwise, and those to other servers, ask the management API nothing",
    async run({ api, mock, assert }) {
      const { client, target } = await meet(api, mock, { states: [{ state: "running" }] }, {}, { script: [{ status: 401 }] });
      await assert.rejects(client.query(target, { inputs: "x" }), { code: "unauthorized" });
      assert.deepEqual(await client.query(target, { inputs: "x" }), { n: 1 });
      const other = await mock.put("o", { then: { status: 503 } });
      await assert.rejects(client.query(other, { inputs: "x" }, { maxRetries: 0, loading: { refusedMs: 0 } }), { code: "unavailable" });
      assert.equal(asked(await mock.stats("e"), "GET", ""), 0);
    },
  },
  {
    name: "endpoints that were not made by createEndpoints are refused, and so is resumePaused of another type",
    async run({ api, assert }) {
      for (const endpoints of [{}, null, "my-endpoint", () => {}]) {
        const error = await assert.rejects((async () => api.createClient({ endpoints }))(), { name: "TypeError" });
        assert.ok(/createEndpoints/.test(error.message), error.message);
      }
      await assert.rejects((async () => api.createClient({ resumePaused: 1 }))(), { name: "TypeError" });
      const alone = await assert.rejects((async () => api.createClient({ resumePaused: true }))(), { name: "TypeError" });
      assert.ok(alone.message.includes("resumePaused needs endpoints"), alone.message);
      api.createClient({ resumePaused: false }).close();
    },
  },
];
