// The management API of dedicated endpoints: every state, every action, and what the API itself answers when it is not well.
import { createEndpoints } from "query-with-retry/endpoints";
import { settledAfter, sleep } from "./clock.js";
import { answer } from "./mock.js";

const TOKEN = "hf_managing_endpoints_123456";

/** An endpoint of the mock and its manager. `more`: options of createEndpoints. */
export async function manage(mock, managed, more = {}, scenario = {}) {
  const url = await mock.put("e", { server: "endpoint", cors: "open", ...scenario, managed: { token: TOKEN, ...managed } });
  const endpoints = createEndpoints({ namespace: "me", token: TOKEN, url: `${url}/v2`, ...more });
  return { url, endpoints };
}

/** How often the API was asked so. */
export const asked = ({ log }, method, end) =>
  log.filter((one) => one.method === method && one.path.startsWith("/v2/") && one.path.endsWith(end)).length;

const running = [{ state: "running", message: "Endpoint is ready" }];

export const endpoints = [
  {
    name: "endpoints: list and get tell each endpoint with its state, address, message and replicas",
    async run({ mock, assert }) {
      const { url, endpoints } = await manage(mock, { states: running, min: 1, max: 4 });
      const expected = { name: "my-endpoint", state: "running", url, message: "Endpoint is ready", replicas: { ready: 1, min: 1, max: 4 } };
      assert.deepEqual(await endpoints.get("my-endpoint"), expected);
      assert.deepEqual(await endpoints.list(), [expected]);
      const { log } = await mock.stats("e");
      assert.equal(log[0].headers.authorization, `Bearer ${TOKEN}`);
      assert.equal(log[0].bodyBytes, 0);
    },
  },
  {
    name: "endpoints: each state that the API names is told as it is",
    async run({ mock, assert }) {
      for (const state of ["pending", "initializing", "updating", "updateFailed", "running", "paused", "failed", "scaledToZero"]) {
        const { endpoints } = await manage(mock, { states: [{ state, message: `it is ${state}` }] });
        const { state: told, message } = await endpoints.get("my-endpoint");
        assert.deepEqual([told, message], [state, `it is ${state}`]);
      }
    },
  },
  {
    name: "endpoints: waitUntilRunning wakes an endpoint scaled to zero, and waits until it runs and its health route answers",
    async run({ mock, assert }) {
      const resumed = [
        { state: "initializing", ms: 1_500 },
        { state: "running", unhealthyMs: 2_000 },
      ];
      const { url, endpoints } = await manage(mock, { states: [{ state: "scaledToZero" }], resumed, healthRoute: "/is/well" });
      const states = [];
      const waits = endpoints.waitUntilRunning("my-endpoint", { onState: ({ state }) => states.push(state) });
      const ms = await settledAfter(waits);
      const endpoint = await waits;
      assert.deepEqual([endpoint.state, endpoint.url], ["running", url]);
      assert.deepEqual(states, ["scaledToZero", "initializing", "running"]);
      assert.between(ms, 3_400, 9_000);
      const { log } = await mock.stats("e");
      const health = log.filter(({ path }) => path === "/is/well");
      assert.equal(health.at(-1).status, 200);
      assert.ok(health.length >= 3, "it was woken, was not well, and was well");
      assert.equal(health.at(-1).headers.authorization, `Bearer ${TOKEN}`, "the token goes to the origin of the API");
    },
  },
  {
    name: "endpoints: waitUntilRunning rejects at once where an endpoint has failed, with the API's own words",
    async run({ mock, assert }) {
      for (const state of ["failed", "updateFailed"]) {
        const { endpoints } = await manage(mock, { states: [{ state, message: "Image pull failed" }] });
        const waits = endpoints.waitUntilRunning("my-endpoint");
        const error = await assert.rejects(waits, { name: "QueryError", code: "unavailable", layer: "compute", retryable: false });
        assert.equal(error.detail, `endpoint "my-endpoint" is ${state}: Image pull failed`);
        assert.equal(error.report.attempts.length, 1);
      }
    },
  },
  {
    name: "endpoints: waitUntilRunning rejects with paused where nobody resumes the endpoint",
    async run({ mock, assert }) {
      const { endpoints } = await manage(mock, { states: [{ state: "paused", message: "Paused by its owner" }], hidesUrl: true });
      const error = await assert.rejects(endpoints.waitUntilRunning("my-endpoint"), { code: "paused", layer: "compute" });
      assert.equal(error.detail, 'endpoint "my-endpoint" is paused: Paused by its owner');
    },
  },
  {
    name: "endpoints: waitUntilRunning is model_loading in phase total when its time is over, and says what the endpoint was",
    async run({ mock, assert }) {
      for (const [state, expected] of [
        [{ state: "pending", message: "Waiting for a GPU" }, 'endpoint "my-endpoint" is pending: Waiting for a GPU'],
        [{ state: "running", unhealthyMs: 60_000 }, 'endpoint "my-endpoint" is running, but its health route does not answer'],
        [{ state: "scaling-down" }, 'endpoint "my-endpoint" is scaling-down'],
      ]) {
        const { endpoints } = await manage(mock, { states: [state] });
        const waits = endpoints.waitUntilRunning("my-endpoint", { timeouts: { attemptMs: 60_000, totalMs: 1_300 } });
        const ms = await settledAfter(waits);
        const error = await assert.rejects(waits, { code: "model_loading", phase: "total", retryable: true });
        assert.equal(error.detail, expected);
        assert.between(ms, 1_200, 1_900);
      }
    },
  },
  {
    name: "endpoints: waitUntilRunning goes on while the API is away for a moment",
    async run({ mock, assert }) {
      const states = [{ state: "initializing", ms: 300 }, ...running];
      const { endpoints } = await manage(mock, { states, script: [{}, answer(503, "away"), answer(503, "away"), {}] });
      const { state } = await endpoints.waitUntilRunning("my-endpoint", { maxRetries: 0 });
      assert.equal(state, "running");
    },
  },
  {
    name: "endpoints: resume, pause and scaleToZero answer with the state that they led to",
    async run({ mock, assert }) {
      const { endpoints } = await manage(mock, { states: [{ state: "paused" }], resumed: [{ state: "initializing", ms: 400 }, ...running] });
      assert.equal((await endpoints.resume("my-endpoint")).state, "initializing");
      assert.equal((await endpoints.waitUntilRunning("my-endpoint")).state, "running");
      assert.equal((await endpoints.scaleToZero("my-endpoint")).state, "scaledToZero");
      assert.equal((await endpoints.pause("my-endpoint")).state, "paused");
    },
  },
  {
    name: "endpoints: an action whose answer was lost is repeated, and is done all the same",
    async run({ mock, assert }) {
      const lost = { fault: { kind: "reset", at: "headers" } };
      for (const [action, before, after] of [
        ["resume", "paused", "running"],
        ["pause", "running", "paused"],
        ["scaleToZero", "running", "scaledToZero"],
      ]) {
        const { endpoints } = await manage(mock, { states: [{ state: before }], script: [lost] });
        assert.equal((await endpoints[action]("my-endpoint")).state, after, action);
        const end = action === "scaleToZero" ? "/scale-to-zero" : `/${action}`;
        assert.equal(asked(await mock.stats("e"), "POST", end), 2, action);
      }
    },
  },
  {
    name: "endpoints: a refusal of an action is told where the endpoint is not as it was to be",
    async run({ mock, assert }) {
      const { endpoints } = await manage(mock, {
        states: [{ state: "paused" }],
        script: [answer(400, { error: "Quota exceeded for this instance" })],
      });
      const error = await assert.rejects(endpoints.resume("my-endpoint"), { code: "bad_request", status: 400 });
      assert.equal(error.detail, "Quota exceeded for this instance");
    },
  },
  {
    name: "endpoints: an action that answers nothing is followed by a look",
    async run({ mock, assert }) {
      const { endpoints } = await manage(mock, { states: running, script: [{ status: 202 }] });
      assert.equal((await endpoints.pause("my-endpoint")).state, "running");
    },
  },
  {
    name: "endpoints: setScaling sends what it was given and nothing else",
    async run({ mock, assert }) {
      const { endpoints } = await manage(mock, { states: running, updated: [{ state: "updating" }] });
      const { state, replicas } = await endpoints.setScaling("my-endpoint", {
        minReplicas: 3,
        maxReplicas: 6,
        metric: "hardwareUsage",
        threshold: 60,
      });
      assert.deepEqual([state, replicas], ["updating", { ready: 0, min: 3, max: 6 }]);
      await endpoints.setScaling("my-endpoint", { scaleToZeroMinutes: null });
      const bodies = (await mock.stats("e")).log.filter(({ method }) => method === "PUT").map(({ body }) => JSON.parse(body));
      assert.deepEqual(bodies, [
        { compute: { scaling: { minReplica: 3, maxReplica: 6, measure: { hardwareUsage: 60 } } } },
        { compute: { scaling: { scaleToZeroTimeout: null } } },
      ]);
    },
  },
  {
    name: "endpoints: the API's 429 and 5xx are waited for and repeated, and its 401, 403 and 404 are told at once",
    async run({ mock, assert }) {
      const { endpoints } = await manage(mock, {
        states: running,
        script: [answer(429, "", { "retry-after": "1" }), answer(502, ""), answer(500, "")],
      });
      const got = endpoints.get("my-endpoint");
      assert.between(await settledAfter(got), 1_000, 9_000);
      assert.equal((await got).state, "running");
      for (const [status, code] of Object.entries({ 401: "unauthorized", 403: "forbidden", 404: "not_found" })) {
        const { endpoints } = await manage(mock, { states: running, script: [answer(Number(status), { error: "no" })] });
        const error = await assert.rejects(endpoints.get("my-endpoint"), { name: "QueryError", code, status: Number(status) });
        assert.equal(error.detail, "no");
        assert.equal((await mock.stats("e")).requests, 1);
      }
      const other = await manage(mock, { states: running, token: "another_token_altogether" });
      await assert.rejects(other.endpoints.list(), { code: "unauthorized" });
      const { endpoints: left } = await manage(mock, { states: running });
      await assert.rejects(left.get("another-name"), { code: "not_found" });
    },
  },
  {
    name: "endpoints: calls take the options of a call, and share a client by its fetch",
    async run({ api, mock, assert }) {
      const client = api.createClient({ headers: { "x-for-models": "1" }, fallback: ["org/another"], token: "of_the_models_123456" });
      const { endpoints } = await manage(mock, { states: running, script: [answer(500, "")] }, { fetch: client.fetch });
      const events = [];
      await endpoints.get("my-endpoint", { headers: { "x-mine": "2" }, onEvent: ({ type }) => events.push(type) });
      assert.deepEqual(events, ["attempt", "response", "wait", "attempt", "response", "success"]);
      const [stats] = client.stats();
      assert.deepEqual([stats.calls, stats.attempts, stats.failures], [1, 2, { engine_failure: 1 }]);
      const { headers } = (await mock.stats("e")).log[0];
      assert.deepEqual([headers["x-for-models"], headers["x-mine"], headers.authorization], [undefined, "2", `Bearer ${TOKEN}`]);
      await assert.rejects(endpoints.get("my-endpoint", { fallback: ["x"] }), { name: "TypeError" });
      client.close();
      const closed = await assert.rejects(endpoints.get("my-endpoint"));
      assert.ok(/closed/.test(closed.message));
    },
  },
  {
    name: "endpoints: an abort ends a request and a wait at once, with the signal's reason",
    async run({ mock, assert }) {
      const { endpoints } = await manage(mock, { states: [{ state: "pending" }], script: [{}, { delayMs: 5_000 }] });
      for (const after of [400, 1_300]) {
        const controller = new AbortController();
        const waits = endpoints.waitUntilRunning("my-endpoint", { signal: controller.signal });
        const settled = settledAfter(waits);
        await sleep(after);
        controller.abort("enough");
        assert.equal(await assert.rejects(waits), "enough");
        assert.between(await settled, after - 50, after + 300);
      }
      const controller = new AbortController();
      const onState = () => controller.abort("seen enough");
      assert.equal(await assert.rejects(endpoints.waitUntilRunning("my-endpoint", { signal: controller.signal, onState })), "seen enough");
      assert.equal(await assert.rejects(endpoints.list({ signal: AbortSignal.abort("before") })), "before");
    },
  },
];
