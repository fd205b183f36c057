// What an API that lies, a name that is none and a caller's own mistakes come to.
import { createEndpoints } from "query-with-retry/endpoints";
import { manage } from "./endpoints.js";
import { answer } from "./mock.js";

const TOKEN = "hf_managing_endpoints_123456";
const running = [{ state: "running" }];

export const endpointsAttacked = [
  {
    name: "endpoints: a name or namespace that is no segment of a path is refused before anything is sent",
    async run({ mock, assert }) {
      const { url, endpoints } = await manage(mock, { states: running });
      for (const name of ["", ".", "..", "a/b", "../../v2/whoami", "a?b", "a#b", "a b", "%2e%2e", "a\\b", "ä", 7, undefined, null]) {
        for (const call of ["get", "resume", "pause", "scaleToZero", "waitUntilRunning"]) {
          const error = await assert.rejects(endpoints[call](name), { name: "TypeError" });
          assert.ok(error.message.startsWith("query-with-retry: name must"), error.message);
        }
        await assert.rejects(endpoints.setScaling(name, { minReplicas: 1 }), { name: "TypeError" });
        const options = { namespace: name, token: TOKEN, url };
        const thrown = await assert.rejects((async () => createEndpoints(options))(), { name: "TypeError" });
        assert.ok(/namespace/.test(thrown.message), thrown.message);
      }
      assert.equal((await mock.stats("e")).requests, 0);
    },
  },
  {
    name: "endpoints: bad options and scalings are a TypeError that names them, and shows no token",
    async run({ assert }) {
      const good = { namespace: "me", token: TOKEN };
      for (const [options, named] of [
        [undefined, /options/],
        [{ token: TOKEN }, /namespace/],
        [{ namespace: "me" }, /token/],
        [{ ...good, token: `Bearer ${TOKEN}` }, /token/],
        [{ ...good, url: "ftp://127.0.0.1" }, /url/],
        [{ ...good, url: "here" }, /url/],
        [{ ...good, fetch: "fetch" }, /fetch/],
        [{ ...good, nameSpace: "me" }, /did you mean namespace/],
        [{ ...good, names: { "not a url": "x" } }, /names/],
        [{ ...good, names: { "https://127.0.0.1": "a/b" } }, /names/],
      ]) {
        const error = await assert.rejects((async () => createEndpoints(options))(), { name: "TypeError" });
        assert.ok(named.test(error.message), error.message);
        assert.ok(!error.message.includes(TOKEN));
      }
      const endpoints = createEndpoints(good);
      for (const [scaling, named] of [
        [undefined, /scaling/],
        [{}, /what to change/],
        [{ minReplicas: -1 }, /minReplicas/],
        [{ maxReplicas: 0 }, /maxReplicas/],
        [{ minReplicas: 4, maxReplicas: 2 }, /above/],
        [{ metric: "hardwareUsage" }, /together/],
        [{ threshold: 60 }, /together/],
        [{ metric: "hardwareUsage", threshold: 160 }, /percentage/],
        [{ metric: "hardwareUsage", threshold: 0.6 }, /60/],
        [{ metric: "cpu", threshold: 60 }, /metric/],
        [{ scaleToZeroMinutes: 0.5 }, /scaleToZeroMinutes/],
        [{ minReplica: 1 }, /did you mean scaling\.minReplicas/],
      ]) {
        const error = await assert.rejects(endpoints.setScaling("my-endpoint", scaling), { name: "TypeError" });
        assert.ok(named.test(error.message), error.message);
      }
    },
  },
  {
    name: "endpoints: an answer that describes no endpoint is bad_response, and none is made up",
    async run({ mock, assert }) {
      const bodies = [
        [],
        "text",
        7,
        null,
        {},
        { name: "x" },
        { name: "x", status: {} },
        { name: 7, status: { state: "running" } },
        { name: "x", status: { state: {} } },
      ];
      for (const body of bodies) {
        const { endpoints } = await manage(mock, {
          states: running,
          script: [{ status: 200, body, headers: { "content-type": "application/json" } }],
        });
        await assert.rejects(endpoints.get("my-endpoint", { maxRetries: 0 }), { name: "QueryError", code: "bad_response" });
      }
      for (const body of [{}, { items: {} }, { items: [null] }, { items: [{ name: "x" }] }]) {
        const { endpoints } = await manage(mock, { states: running, script: [answer(200, body)] });
        await assert.rejects(endpoints.list({ maxRetries: 0 }), { code: "bad_response" });
      }
      const html = await manage(mock, { states: running, script: [answer(200, "<html><title>Sign in</title>", { "content-type": "text/html" })] });
      await assert.rejects(html.endpoints.get("my-endpoint", { maxRetries: 0 }), { code: "bad_response" });
    },
  },
  {
    name: "endpoints: what of an answer is nonsense is left out",
    async run({ mock, assert }) {
      const status = { state: "running", url: "javascript:alert(1)", message: { a: 1 }, readyReplica: -3 };
      const body = { name: "x", status, compute: { scaling: { minReplica: "9", maxReplica: 1e300 } }, healthRoute: 9 };
      const { endpoints } = await manage(mock, { states: running, script: [answer(200, body)] });
      assert.deepEqual(await endpoints.get("my-endpoint"), { name: "x", state: "running", replicas: { ready: 0, min: 0, max: 0 } });
    },
  },
  {
    name: "endpoints: a token that the API says again is blanked out, in messages and in errors",
    async run({ mock, assert }) {
      const { endpoints } = await manage(mock, { states: [{ state: "failed", message: `started with HF_TOKEN=${TOKEN}` }] });
      assert.equal((await endpoints.get("my-endpoint")).message, "started with HF_TOKEN=[secret]");
      const error = await assert.rejects(endpoints.waitUntilRunning("my-endpoint"));
      assert.ok(!JSON.stringify({ ...error, message: error.message }).includes(TOKEN));
      const refused = await manage(mock, { states: running, script: [answer(401, { error: `bad token ${TOKEN}` })] });
      assert.equal((await assert.rejects(refused.endpoints.list())).detail, "bad token [secret]");
      const long = await manage(mock, { states: [{ state: "running", message: "x".repeat(100_000) }] });
      assert.equal((await long.endpoints.get("my-endpoint")).message.length, 2_000);
    },
  },
  {
    name: "endpoints: the API redirects nobody, least of all to another origin",
    async run({ mock, assert }) {
      for (const [status, to] of [
        [307, "{other}"],
        [302, "{other}"],
        [308, "{origin}"],
      ]) {
        const url = await mock.put("thief", { cors: "open", then: answer(200, { name: "x", status: { state: "paused" } }) });
        const { pathname } = new URL(url);
        // A page sees no redirect: it asks again by the platform's own rule, and takes what that says for a closed port.
        const redirect = { status, headers: { location: `${to}${pathname}/` } };
        const { endpoints } = await manage(mock, { states: running, script: Array(20).fill(redirect) });
        await assert.rejects(endpoints.pause("my-endpoint", { maxRetries: 0, timeouts: { totalMs: 2_000 } }), { name: "QueryError" });
        assert.equal((await mock.stats("thief")).requests, 0);
      }
    },
  },
  {
    name: "endpoints: a health route elsewhere gets no token, and its refusal counts as an answer",
    async run({ mock, assert }) {
      const url = await mock.put("elsewhere", { cors: "open", then: { status: 401 } });
      const { port } = new URL(url);
      const elsewhere = url.replace(`127.0.0.1:${port}`, `localhost:${port}`);
      const { endpoints } = await manage(mock, { states: running, url: elsewhere, healthRoute: "//evil/../health" });
      assert.equal((await endpoints.waitUntilRunning("my-endpoint")).url, elsewhere);
      const { log } = await mock.stats("elsewhere");
      assert.equal(log.length, 1);
      assert.equal(log[0].headers.authorization, undefined);
    },
  },
  {
    name: "endpoints: what onState throws, or rejects with, stops no wait",
    async run({ mock, assert }) {
      const { endpoints } = await manage(mock, { states: running });
      const { error } = console;
      const logged = [];
      console.error = (...words) => logged.push(words[0]);
      try {
        const throws = () => {
          throw new Error("mine");
        };
        assert.equal((await endpoints.waitUntilRunning("my-endpoint", { onState: throws })).state, "running");
        assert.equal((await endpoints.waitUntilRunning("my-endpoint", { onState: async () => throws() })).state, "running");
      } finally {
        console.error = error;
      }
      assert.deepEqual(logged, ["query-with-retry: onState threw", "query-with-retry: onState threw"]);
    },
  },
];
