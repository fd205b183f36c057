// A cold model whose server has a cheap status: the call that leads asks for that, and sends its payload when it is up.
import { sleep } from "./clock.js";
import { answer } from "./mock.js";

const CHAT = "/v1/chat/completions";
const payload = { messages: [{ role: "user", content: "Is it up?" }], inputs: "Is it up?" };
const ENDPOINT = { server: "endpoint", cold: { ms: 1_500 } };

/** A URL below that of a mock model, which a page may ask. */
const put = async (mock, name, scenario, path = CHAT) => (await mock.put(name, { cors: "open", ...scenario })).replace(/\/$/, "") + path;

const count = ({ log }) => {
  const statuses = log.filter(({ method }) => method === "GET");
  const payloads = log.filter(({ method }) => method === "POST");
  return { statuses: statuses.length, payloads: payloads.length };
};

const NOT_YET = { status: 503 };
const STALL = { kind: "stall", at: "accept" };

/** Each tells nothing: one is asked for, and then none any more. */
const odd = {
  "is a page": answer(200, "<!doctype html>"),
  "is not there": answer(404, {}),
  "wants other credentials": answer(401, { error: "Invalid credentials" }),
  "leads to another host": answer(302, {}, { location: "{other}/elsewhere/" }),
  "is limited": answer(429, {}, { "retry-after": "600" }),
  "says at once that the model is up": answer(200, {}),
  "is of a gigabyte": { status: 200, bodyBytes: 1_000_000_000 },
};

export const statuses = [
  ...[
    ["a dedicated endpoint", "endpoint", CHAT, { profile: "endpoint" }],
    ["llama.cpp", "llama.cpp", CHAT, {}],
    ["llama.cpp's own route", "llama.cpp", "/completion", {}],
    ["TGI's own route", "tgi", "/generate", {}],
  ].map(([what, server, path, spec]) => ({
    name: `a cold start of ${what} is found by its status, with two payloads`,
    async run({ api, mock, assert }) {
      const url = await put(mock, "m", { server, cold: { ms: 3_000 } }, path);
      const events = [];
      const client = api.createClient({ token: "hf_secret" });
      const { report } = await client.queryWithReport({ url, ...spec }, payload, { onEvent: (event) => events.push(event) });
      const stats = await mock.stats("m");
      assert.equal(count(stats).payloads, 2);
      assert.between(count(stats).statuses, 3, 5);
      assert.ok(stats.log.every(({ method, path }) => method === "POST" || path === "/health"));
      assert.ok(stats.log.every(({ headers }) => headers.authorization === "Bearer hf_secret"));
      assert.between(stats.log.at(-1).atMs - stats.log[0].atMs, 3_000, 4_500);
      // The status is no attempt, and its wait ends when it says so.
      assert.deepEqual(
        report.attempts.map(({ outcome }) => outcome),
        ["model_loading", "ok"],
      );
      const [wait, ...others] = events.filter(({ type }) => type === "wait");
      assert.equal(others.length, 0);
      assert.deepEqual([wait.reason, wait.upTo], ["loading", true]);
      assert.ok(wait.ms >= report.waitedMs.loading, "at the latest");
      assert.equal(client.stats()[0].calls, 1);
    },
  })),
  {
    name: "a server without a known status is asked for none, nor is a model at the router beyond one that says nothing",
    async run({ api, mock, assert }) {
      const vllm = await put(mock, "vllm", { server: "vllm", cold: { ms: 1_200 } });
      await api.createClient().query(vllm, payload);
      assert.equal(count(await mock.stats("vllm")).statuses, 0);
      const status = { providers: [{ provider: "groq", status: "live" }] };
      const router = await put(mock, "router", { server: "router", cold: { ms: 1_200 }, status });
      await api.createClient().query({ url: router, profile: "router", model: "a/b" }, payload);
      assert.equal(count(await mock.stats("router")).statuses, 1, "live, while the payload is refused");
    },
  },
  {
    name: "a model at the router is found by its status",
    async run({ api, mock, assert }) {
      // What it says follows the scenario, which a second one replaces.
      const scenario = (status) => ({ server: "router", cold: { ms: 2_000 }, status: { providers: [{ provider: "groq", status }] } });
      const url = await put(mock, "m", scenario("staging"));
      const call = api.createClient().query({ url, profile: "router", model: "a/b" }, payload);
      await mock.statsOnce("m", (stats) => count(stats).statuses >= 2, "two statuses", 4_000);
      assert.equal(count(await mock.stats("m")).payloads, 1);
      await put(mock, "m", { ...scenario("live"), cold: undefined });
      await call;
      assert.equal(count(await mock.stats("m")).payloads, 1, "the second one");
    },
  },
  ...Object.entries(odd).map(([what, step]) => ({
    name: `a status that ${what} is asked for once, and the probes are those without it`,
    async run({ api, mock, assert }) {
      const url = await put(mock, "m", { ...ENDPOINT, health: [step] });
      const client = api.createClient();
      const { report } = await client.queryWithReport({ url, profile: "endpoint" }, payload);
      assert.equal(report.attempts.at(-1).outcome, "ok");
      const stats = await mock.statsOnce("m", ({ inFlight }) => inFlight === 0, "the end");
      assert.equal(count(stats).statuses, 1);
      assert.between(count(stats).payloads, 3, 4);
      assert.ok(stats.log.every(({ bytesSent }) => bytesSent < 100_000_000));
      assert.ok(!stats.log.some(({ path }) => path.includes("elsewhere")));
      assert.equal(client.stats()[0].breaker, "closed");
    },
  })),
  {
    name: "a status of the router in another form is asked for once",
    async run({ api, mock, assert }) {
      const forms = { empty: {}, nothing: null, list: [], words: "live", large: { providers: "x".repeat(1 << 19) } };
      const ask = async ([name, status]) => {
        const url = await put(mock, name, { server: "router", cold: { ms: 1_200 }, status });
        const { report } = await api.createClient().queryWithReport({ url, profile: "router", model: "a/b" }, payload);
        assert.between(report.attempts.length, 2, 3, name);
        assert.equal(count(await mock.stats(name)).statuses, 1, name);
      };
      await Promise.all(Object.entries(forms).map(ask));
    },
  },
  {
    name: "a status that says too early that the model is up costs one payload, and is not asked for again",
    async run({ api, mock, assert }) {
      const url = await put(mock, "m", { ...ENDPOINT, cold: { ms: 3_500 }, health: [NOT_YET, answer(200, "")] });
      await api.createClient().query({ url, profile: "endpoint" }, payload);
      const { log } = await mock.stats("m");
      const order = log.map(({ method }) => method).join(" ");
      assert.ok(order.startsWith("POST GET GET POST POST"), order);
      assert.equal(count({ log }).statuses, 2);
    },
  },
  {
    name: "a status that hangs or breaks off delays no probe",
    async run({ api, mock, assert }) {
      for (const [name, fault] of Object.entries({ hangs: STALL, breaks: { kind: "reset", at: "accept" } })) {
        const url = await put(mock, name, { ...ENDPOINT, health: [{ status: 200, fault }] });
        const { report } = await api.createClient().queryWithReport({ url, profile: "endpoint" }, payload);
        assert.between(report.totalMs, 1_500, 3_600, name);
        await mock.statsOnce(name, ({ inFlight }) => inFlight === 0, "that it was left");
      }
    },
  },
  {
    name: "of fifty calls on a cold endpoint one asks for its status, and one payload more is sent before it is up",
    async run({ api, mock, assert }) {
      const url = await put(mock, "m", { ...ENDPOINT, cold: { ms: 4_000 } });
      const client = api.createClient();
      await Promise.all(Array.from({ length: 50 }, () => client.query({ url, profile: "endpoint" }, payload)));
      const stats = await mock.stats("m");
      const refused = stats.log.filter(({ method, status }) => method === "POST" && status === 503).length;
      assert.between(refused, 1, 4, "those that were sent at once");
      assert.between(count(stats).statuses, 4, 6);
    },
  },
  {
    name: "an abort and a closed client end a status that is under way",
    async run({ api, mock, assert }) {
      const controller = new AbortController();
      const client = api.createClient();
      const url = await put(mock, "m", { ...ENDPOINT, cold: { ms: 60_000 }, health: [NOT_YET, { status: 200, fault: STALL }] });
      const call = client.query({ url, profile: "endpoint" }, payload, { signal: controller.signal });
      await mock.statsOnce("m", (stats) => count(stats).statuses === 2, "a status that hangs", 4_000);
      client.close();
      await sleep(50);
      assert.equal((await mock.stats("m")).inFlight, 1, "its calls run to their end");
      controller.abort(new Error("left"));
      await assert.rejects(call, { message: "left" });
      await mock.statsOnce("m", ({ inFlight }) => inFlight === 0, "that it was left");
      await sleep(1_500);
      assert.equal(count(await mock.stats("m")).statuses, 2, "nobody asks any more");
    },
  },
  {
    name: "a stream and client.fetch lead by the status as well",
    async run({ api, mock, assert }) {
      const scenario = { server: "llama.cpp", cold: { ms: 2_200 } };
      const [streamed, fetched] = [await put(mock, "streamed", scenario), await put(mock, "fetched", scenario)];
      const client = api.createClient();
      const reads = async () => {
        const text = [];
        for await (const event of client.stream(streamed, payload)) text.push(event);
        return text;
      };
      const init = { method: "POST", body: JSON.stringify(payload), headers: { "content-type": "application/json" } };
      const [events, response] = await Promise.all([reads(), client.fetch(fetched, init)]);
      assert.ok(events.length > 0);
      assert.equal(response.status, 200);
      await response.text();
      for (const name of ["streamed", "fetched"]) {
        const { statuses, payloads } = count(await mock.stats(name));
        assert.equal(payloads, 2, name);
        assert.between(statuses, 3, 4, name);
      }
    },
  },
  {
    name: "a status that CORS hides from a page is asked for once",
    async run({ api, mock, assert, runtime }) {
      if (!["chromium", "firefox", "webkit"].includes(runtime)) return;
      // Elsewhere it says that the model is not up yet, and would be asked for again.
      const hidden = answer(503, "", { "access-control-allow-origin": "https://other.example" });
      const url = await put(mock, "m", { ...ENDPOINT, health: [hidden] });
      const { report } = await api.createClient().queryWithReport({ url, profile: "endpoint" }, payload);
      assert.equal(count(await mock.stats("m")).statuses, 1);
      assert.between(report.attempts.length, 3, 4, "the probes are those without it");
    },
  },
  {
    name: "a held request and a warm-up ask for no status beside it",
    async run({ api, mock, assert }) {
      const url = await put(mock, "m", { ...ENDPOINT, cold: { ms: 2_500 } });
      await api.createClient().query({ url, profile: "endpoint" }, payload, { loading: { hold: 1_000 } });
      assert.equal(count(await mock.stats("m")).statuses, 0);
    },
  },
];
