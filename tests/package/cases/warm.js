// Warming up: by the cheapest request of each kind of server, and never beside a probe of the others.
import { sleep } from "./clock.js";
import { answer } from "./mock.js";

const live = { providers: [{ provider: "groq", status: "live" }] };
const CHAT = "POST /v1/chat/completions";

/** What a warm target is asked. `log`: the requests; `sends`: of the last one, so much of its body. */
const table = [
  ["a chat route", { server: "vllm" }, "/v1/chat/completions", {}, [CHAT], { max_tokens: 1, messages: [{ role: "user", content: "." }] }],
  ["completions", { server: "vllm" }, "/v1/completions", {}, ["POST /v1/completions"], { max_tokens: 1 }],
  ["responses", { server: "openai" }, "/v1/responses", {}, ["POST /v1/responses"], { max_output_tokens: 16 }],
  ["embeddings", { server: "tei" }, "/v1/embeddings", {}, ["POST /v1/embeddings"], { input: "." }],
  ["TGI", { server: "tgi" }, "/generate", {}, ["POST /generate"], { inputs: ".", parameters: { max_new_tokens: 1 } }],
  ["the legacy host", { server: "legacy" }, "/models/a/b", { profile: "legacy" }, ["POST /models/a/b"], { inputs: "." }],
  ["llama.cpp's own route", { server: "llama.cpp" }, "/completion", {}, ["GET /health"]],
  ["a dedicated endpoint", { server: "endpoint" }, "/v1/chat/completions", { profile: "endpoint" }, ["GET /health"]],
  ["a dedicated endpoint's root", { server: "toolkit" }, "/", { profile: "endpoint" }, ["GET /health"]],
  [
    "Ollama",
    { server: "ollama", healthy: answer(200, { done: true, done_reason: "load", response: "" }) },
    "/api/generate",
    { model: "m" },
    ["POST /api/generate"],
    { model: "m", stream: false },
  ],
  [
    "the router's model",
    { server: "router", status: live },
    "/v1/chat/completions",
    { profile: "router", model: "a/b:groq" },
    ["GET /v1/models/a/b"],
  ],
  [
    "an hf-inference model",
    { server: "hf-inference", status: { inference: "warm" } },
    "/hf-inference/models/a/b",
    { profile: "hf-inference" },
    ["GET /api/models/a/b?expand[]=inference"],
  ],
  // Where the status tells nothing, the smallest payload does.
  [
    "the router's model that another provider serves",
    { server: "router", status: live },
    "/v1/chat/completions",
    { profile: "router", model: "a/b:together" },
    ["GET /v1/models/a/b", CHAT],
  ],
  [
    "an hf-inference model of no known state",
    { server: "hf-inference", status: {} },
    "/hf-inference/models/a/b",
    { profile: "hf-inference" },
    ["GET /api/models/a/b?expand[]=inference", "POST /hf-inference/models/a/b"],
  ],
  [
    "an endpoint whose /health is another page",
    { script: [answer(200, "<!doctype html>")] },
    "/v1/chat/completions",
    { profile: "endpoint" },
    ["GET /health", CHAT],
  ],
  ["an endpoint without /health", { script: [answer(404, {})] }, "/v1/chat/completions", { profile: "endpoint" }, ["GET /health", CHAT]],
  [
    "an endpoint whose /health leads elsewhere",
    { script: [answer(302, {}, { location: "{other}/elsewhere/" })] },
    "/v1/chat/completions",
    { profile: "endpoint" },
    ["GET /health", CHAT],
  ],
];

const lines = ({ log }) => log.map(({ method, path }) => `${method} ${path.replaceAll("%5B", "[").replaceAll("%5D", "]")}`);

/** A URL below that of a mock model. */
const below = (url, path) => url.replace(/\/$/, "") + path;

export const warm = [
  ...table.map(([what, scenario, path, spec, log, sends = {}]) => ({
    name: `warmUp asks ${what} for ${log.join(", then ")}`,
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { cors: "open", ...scenario });
      const client = api.createClient({ token: "hf_secret" });
      assert.deepEqual(await client.warmUp({ url: below(url, path), ...spec }), { coldMs: 0, wasWarm: true });
      const stats = await mock.stats("m");
      assert.deepEqual(lines(stats), log);
      const body = JSON.parse(stats.log.at(-1).body || "{}");
      for (const [key, value] of Object.entries(sends)) assert.deepEqual(body[key], value, key);
      assert.ok(stats.log.every(({ headers }) => headers.authorization === "Bearer hf_secret"));
      client.close();
    },
  })),
  ...[
    ["openai", "/v1/chat/completions", {}],
    ["legacy", "/models/a/b", { profile: "legacy" }],
    ["tgi", "/generate", {}],
    ["llama.cpp", "/v1/chat/completions", {}],
    ["llama.cpp", "/completion", {}],
    ["endpoint", "/v1/chat/completions", { profile: "endpoint" }],
    ["ollama", "/api/generate", { model: "m" }],
    ["router", "/v1/chat/completions", { profile: "router", model: "a/b" }],
  ].map(([server, path, spec]) => ({
    name: `warmUp brings a cold ${server} at ${path} up, and says how cold it was`,
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { server, cors: "open", cold: { ms: 1_500 }, status: {} });
      const { coldMs, wasWarm } = await api.createClient().warmUp({ url: below(url, path), ...spec });
      assert.equal(wasWarm, false);
      assert.between(coldMs, 1_200, 6_000);
      assert.between((await mock.stats("m")).requests, 1, 6);
    },
  })),
  {
    name: "warm-ups of one target at the same time are one request",
    async run({ api, mock, assert, runtime }) {
      const url = await mock.put("m", { latencyMs: 300 });
      const client = api.createClient();
      const all = await Promise.all(Array.from({ length: 20 }, () => client.warmUp(below(url, "/v1/chat/completions"))));
      for (const one of all) assert.deepEqual(one, { coldMs: 0, wasWarm: true });
      if (runtime !== "workerd") assert.equal((await mock.stats("m")).requests, 1);
      await client.warmUp(below(url, "/v1/chat/completions"));
      if (runtime !== "workerd") assert.equal((await mock.stats("m")).requests, 2, "a later one is another");
    },
  },
  {
    name: "who leaves a warm-up that is shared holds up none of the others, and the last one ends it",
    async run({ api, mock, assert, runtime }) {
      const url = await mock.put("m", { latencyMs: 700 });
      const client = api.createClient();
      const [first, second, third] = [new AbortController(), new AbortController(), new AbortController()];
      const of = ({ signal }) => client.warmUp(url, { signal });
      const [one, two] = [of(first), of(second)];
      setTimeout(() => first.abort(new Error("left")), 200);
      await assert.rejects(one, { message: "left" });
      assert.deepEqual(await two, { coldMs: 0, wasWarm: true });
      const alone = of(third);
      setTimeout(() => third.abort(new Error("left too")), 200);
      await assert.rejects(alone, { message: "left too" });
      await mock.statsOnce("m", ({ aborted, inFlight }) => aborted >= 1 && inFlight === 0, "that it was left");
      assert.deepEqual(await client.warmUp(url), { coldMs: 0, wasWarm: true }, "the next one is no part of it");
      void runtime;
    },
  },
  {
    name: "a warm-up beside fifty calls on a cold target costs no request more than the calls alone",
    async run({ api, mock, assert }) {
      const count = async (name, warms) => {
        const url = await mock.put(name, { server: "legacy", cold: { ms: 1_500, says: 4 } });
        const client = api.createClient();
        const calls = Array.from({ length: 50 }, () => client.query(url, { inputs: "x" }));
        await Promise.all(warms ? [client.warmUp(url), ...calls] : calls);
        return (await mock.stats(name)).requests;
      };
      const [alone, beside] = [await count("a", false), await count("b", true)];
      // The moments of the probes are drawn; there may be one in vain more.
      assert.between(beside, 50, alone + 1);
    },
  },
  {
    name: "a warm-up while another call probes sends nothing, and ends with its answer",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { server: "legacy", cold: { ms: 1_200, says: 4 }, healthy: answer(200, { n: 1 }) });
      const client = api.createClient();
      const call = client.query(url, { mine: true });
      await mock.statsOnce("m", ({ log }) => log.length === 1 && log[0].status === 503, "the first call");
      await sleep(50);
      const { wasWarm, coldMs } = await client.warmUp(url);
      assert.equal(wasWarm, false);
      assert.between(coldMs, 500, 4_000);
      await call;
      const { log } = await mock.stats("m");
      assert.ok(
        log.every(({ body }) => body.includes("mine")),
        "only the call was sent",
      );
    },
  },
  {
    name: "a warm-up of a model that stays cold is model_loading by its own limit",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { server: "legacy", cold: { ms: 600_000 } });
      await assert.rejects(api.createClient().warmUp(url, { loading: { maxWaitMs: 1_000 } }), { code: "model_loading", phase: "wait" });
    },
  },
  {
    name: "a warm-up is refused as the payload would be, and says nothing of the token",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { then: answer(401, { error: "Invalid credentials" }) });
      for (const profile of ["openai", "endpoint"]) {
        const error = await assert.rejects(api.createClient({ token: "hf_very_secret" }).warmUp({ url, profile }), { code: "unauthorized" });
        assert.ok(!`${error.message}${error.detail}`.includes("hf_very_secret"));
      }
    },
  },
  {
    name: "a smallest payload that is refused proves a model up that was named, and none that was not",
    async run({ api, mock, assert }) {
      const url = below(await mock.put("m", { then: answer(400, { error: { message: "max_tokens is not supported" } }) }), "/v1/chat/completions");
      assert.deepEqual(await api.createClient().warmUp({ url, model: "m" }), { coldMs: 0, wasWarm: true });
      await assert.rejects(api.createClient().warmUp(url), { code: "bad_request" });
    },
  },
  {
    name: "a /health that hangs is left after some seconds, and the payload is sent",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { script: [{ status: 200, body: "ok", fault: { kind: "stall", at: "accept" } }] });
      const { wasWarm } = await api.createClient().warmUp({ url: below(url, "/v1/chat/completions"), profile: "endpoint" });
      assert.equal(wasWarm, true);
      assert.deepEqual(lines(await mock.stats("m")), ["GET /health", CHAT]);
    },
  },
  {
    name: "a /health that hangs before or within its answer is left after some seconds, also while the program makes garbage",
    async run({ api, mock, assert }) {
      const faults = { hangs: { kind: "stall", at: "accept" }, breaks: { kind: "stall", at: "body", bytes: 1 } };
      // Kept for a while, so that a full collection takes it, and with it signals that nothing holds.
      const kept = [];
      const garbage = setInterval(() => {
        kept.push(Array.from({ length: 50_000 }, (_, nth) => ({ nth })));
        if (kept.length > 10) kept.length = 0;
      }, 20);
      try {
        const ask = async ([name, fault]) => {
          const url = await mock.put(name, { cors: "open", script: [{ status: 200, body: "ok", fault }] });
          const start = performance.now();
          await api.createClient().warmUp({ url: below(url, "/v1/chat/completions"), profile: "endpoint" });
          assert.between(performance.now() - start, 3_900, 8_000, name);
          assert.deepEqual(lines(await mock.stats(name)), ["GET /health", CHAT]);
        };
        await Promise.all(Object.entries(faults).map(ask));
      } finally {
        clearInterval(garbage);
      }
    },
  },
  ...[
    ["a dedicated endpoint", "endpoint", "/v1/chat/completions", { profile: "endpoint" }, { status: 503 }],
    ["llama.cpp", "llama.cpp", "/completion", {}, answer(503, { error: { code: 503, message: "Loading model", type: "unavailable_error" } })],
  ].map(([what, server, path, spec, status]) => ({
    name: `a warm-up of ${what} whose status never says that it is up ends by a payload`,
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { server, cors: "open", cold: { ms: 2_500 }, health: [status] });
      const { coldMs, wasWarm } = await api.createClient().warmUp({ url: below(url, path), ...spec });
      assert.equal(wasWarm, false);
      assert.between(coldMs, 2_500, 8_000);
      const { log } = await mock.stats("m");
      assert.deepEqual([log.at(-1).method, log.at(-1).status], ["POST", 200]);
      assert.between(log.length, 4, 8);
    },
  })),
  ...["its status", "the body of its status"].map((what) => ({
    name: `where a fetch ignores its signal and ${what} never comes, the payload of a warm-up is sent after some seconds`,
    async run({ api, assert }) {
      const asked = [];
      const fetch = async (_, { method }) => {
        asked.push(method);
        if (method !== "GET") return new Response('{"content":"Hi"}', { headers: { "content-type": "application/json" } });
        return what === "its status" ? new Promise(() => {}) : new Response(new ReadableStream());
      };
      const { wasWarm } = await api.createClient({ fetch }).warmUp("http://127.0.0.1:9/completion", { timeouts: { totalMs: 9_000 } });
      assert.deepEqual([asked, wasWarm], [["GET", "POST"], true]);
    },
  })),
  ...["its status", "the body of its status", "the answer to its payload"].map((what) => ({
    name: `where a fetch ignores its signal and ${what} never comes, totalMs of a warm-up holds`,
    async run({ api, assert }) {
      const fetch = async (_, { method }) => {
        if (what === "the answer to its payload" && method === "GET") return new Response("no", { status: 404 });
        return what === "the body of its status" ? new Response(new ReadableStream()) : new Promise(() => {});
      };
      const client = api.createClient({ fetch });
      for (const hold of [false, true]) {
        const began = performance.now();
        const options = { timeouts: { totalMs: 500 }, loading: { hold } };
        await assert.rejects(client.warmUp("http://127.0.0.1:9/completion", options), { code: "timeout", phase: "total" });
        assert.between(performance.now() - began, 490, 1_000);
      }
      assert.equal(client.stats()[0].inFlight, 0);
    },
  })),
  {
    name: "a /health of a gigabyte is not read, and the payload is sent",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { script: [{ status: 200, bodyBytes: 1_000_000_000 }] });
      await api.createClient().warmUp({ url: below(url, "/v1/chat/completions"), profile: "endpoint" });
      const { log } = await mock.statsOnce("m", ({ inFlight }) => inFlight === 0, "the end");
      assert.equal(log.length, 2);
      assert.ok(log[0].bytesSent < 100_000_000, `${log[0].bytesSent} bytes were sent`);
    },
  },
  {
    name: "an abort of a warm-up in each step rejects with its reason at once",
    async run({ api, mock, assert }) {
      const stall = { status: 200, body: "{}", fault: { kind: "stall", at: "accept" } };
      const half = { status: 200, body: "{}", fault: { kind: "stall", at: "body", bytes: 1 } };
      const steps = {
        status: { script: [stall] },
        body: { script: [half] },
        payload: { script: [answer(404, {}), stall] },
        loading: { server: "legacy", cold: { ms: 60_000, says: 20 } },
      };
      for (const [step, scenario] of Object.entries(steps)) {
        const url = below(await mock.put(step, scenario), "/v1/chat/completions");
        const controller = new AbortController();
        const start = performance.now();
        const call = api.createClient().warmUp({ url, profile: "endpoint" }, { signal: controller.signal });
        setTimeout(() => controller.abort(new Error(step)), 400);
        await assert.rejects(call, { message: step }, step);
        assert.ok(performance.now() - start < 1_500, step);
        await mock.statsOnce(step, ({ inFlight }) => inFlight === 0, "that it was left");
      }
    },
  },
  {
    name: "a client that is closed during a warm-up lets it run to its end, and takes no other",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { latencyMs: 400 });
      const client = api.createClient();
      const call = client.warmUp(url);
      await sleep(100);
      client.close();
      assert.deepEqual(await call, { coldMs: 0, wasWarm: true });
      await assert.rejects(client.warmUp(url));
    },
  },
  {
    name: "warmUp refuses bad input with a TypeError",
    async run({ api, assert }) {
      const client = api.createClient();
      for (const given of [["no id!"], ["org/model", { timeouts: 5 }], ["org/model", { everyMs: 5 }], [{}], [undefined]]) {
        await assert.rejects(client.warmUp(...given), { name: "TypeError" });
      }
    },
  },
];
