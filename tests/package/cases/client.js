// A client: what it takes, what its calls share, what it tells about them, and its end.
import { sleep } from "./clock.js";
import { answer } from "./mock.js";
import { formats, putStream, words } from "./streamed.js";

const DOWN = { then: answer(503, { error: "Service Unavailable" }) };
const WORKS = { healthy: answer(200, { n: 1 }) };
const STALLS = { then: { status: 200, headers: { "content-type": "application/json" }, body: "[1]", fault: { kind: "stall", at: "accept" } } };

/** What is wrong, and what the message must name. */
const mistakes = [
  ["options that are null", null, "options"],
  ["options that are an array", [], "options"],
  ["an unknown option", { retries: 3 }, "retries"],
  ["a member of a target", { url: "https://models.test/" }, "url belongs to the target, the first argument of a call"],
  ["breaker.failures: 0", { breaker: { failures: 0 } }, "breaker.failures"],
  ["breaker.windowMs: -1", { breaker: { windowMs: -1 } }, "breaker.windowMs"],
  ['breaker.openMs: "15"', { breaker: { openMs: "15" } }, "breaker.openMs"],
  ["breaker.maxOpenMs: NaN", { breaker: { maxOpenMs: NaN } }, "breaker.maxOpenMs"],
  ["an unknown option of the breaker", { breaker: { threshold: 5 } }, "breaker.threshold"],
  ["breaker: true", { breaker: true }, "breaker"],
  ["a retry budget with a negative ratio", { retryBudget: { ratio: -0.1 } }, "retryBudget.ratio"],
  ["a retry budget with half a retry as its burst", { retryBudget: { burst: 0.5 } }, "retryBudget.burst"],
  ["retryBudget: 3", { retryBudget: 3 }, "retryBudget"],
  ["concurrency.max: 0", { concurrency: { max: 0 } }, "concurrency.max"],
  ["concurrency.min: 1.5", { concurrency: { min: 1.5 } }, "concurrency.min"],
  ["concurrency.queue: -1", { concurrency: { queue: -1 } }, "concurrency.queue"],
  ["a concurrency.min above the max", { concurrency: { min: 5, max: 4 } }, "concurrency.min (5) is above concurrency.max (4)"],
  ["a concurrency.min above the max by default", { concurrency: { min: 65 } }, "concurrency.min (65) is above concurrency.max (64)"],
  ["concurrency: 5", { concurrency: 5 }, "concurrency"],
  ["a coordinator by name that is not there", { coordinator: "tabs" }, 'coordinator must be "memory", or a coordinator'],
  ["a coordinator that carries nothing", { coordinator: { close() {} } }, "coordinator"],
  ["a function as the coordinator", { coordinator: async () => ({}) }, "coordinator"],
  ["an alert with a ratio of 0", { alert: { ratio: 0 } }, "alert.ratio"],
  ["an onAlert that is no function", { alert: { onAlert: "mail" } }, "alert.onAlert"],
  ["a fetch that is no function", { fetch: "fetch" }, "fetch"],
  ["an option of a call that is wrong", { timeouts: { totalMs: -1 } }, "timeouts.totalMs"],
  ["a token with a line break", { token: "hf_a\nb" }, "token"],
];

/** Whatever it throws, or its promise rejects with: closed and told at once are both fine. */
async function refusal(assert, call) {
  return assert.rejects((async () => call())());
}

export const client = [
  ...mistakes.map(([what, options, named]) => ({
    name: `createClient refuses ${what} at once with a TypeError that names ${named}`,
    async run({ api, assert }) {
      let thrown;
      try {
        api.createClient(options);
      } catch (error) {
        thrown = error;
      }
      assert.ok(thrown instanceof TypeError, String(thrown));
      assert.ok(thrown.message.includes(named), thrown.message);
      assert.ok(!thrown.message.includes("hf_a"), thrown.message);
    },
  })),
  {
    name: "the methods of a client work without it",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", WORKS);
      const { query, queryWithReport, stream, stats, metrics, close } = api.createClient();
      assert.deepEqual(await query(url, {}), { n: 1 });
      assert.deepEqual((await queryWithReport(url, {})).data, { n: 1 });
      const text = await putStream(mock, "s", { stream: { tokens: 3 } });
      assert.equal(typeof (await stream(text, formats.chat.payload).finalText()), "string");
      assert.equal(stats(url)[0].calls, 2);
      assert.ok(metrics().includes(url));
      close();
    },
  },
  {
    name: "createClient takes no options, undefined ones, and every option there is",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", WORKS);
      const all = {
        breaker: { failures: 5, windowMs: 30_000, openMs: 15_000, maxOpenMs: 300_000 },
        retryBudget: { ratio: 0.1, burst: 5 },
        concurrency: { min: 4, max: 64, queue: 10_000 },
        coordinator: "memory",
        alert: { ratio: 0.8, minSamples: 200, onAlert() {} },
        fetch: globalThis.fetch.bind(globalThis),
        maxRetries: 3,
        priority: "batch",
        response: "json",
      };
      const none = { breaker: undefined, retryBudget: undefined, concurrency: { max: undefined }, fetch: undefined, token: undefined };
      for (const client of [api.createClient(), api.createClient({}), api.createClient(none), api.createClient(all)]) {
        assert.deepEqual(await client.query(url, {}), { n: 1 });
      }
    },
  },
  {
    name: "the three calls of a client answer as the functions of their names do",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", WORKS);
      const chat = await putStream(mock, "chat", { stream: { tokens: 5 } });
      const client = api.createClient();
      assert.deepEqual(await client.query(url, { inputs: "x" }), { n: 1 });
      const { data, report } = await client.queryWithReport(url, { inputs: "x" });
      assert.deepEqual(data, { n: 1 });
      assert.deepEqual(
        report.attempts.map(({ outcome }) => outcome),
        ["ok"],
      );
      assert.equal(await client.stream(chat, formats.chat.payload).finalText(), words(5).join(""));
      await assert.rejects(client.query(url, "a bare string"), { name: "TypeError" });
      await assert.rejects(client.query(url, {}, { retries: 3 }), { name: "TypeError" });
      assert.equal((await mock.stats("m")).requests, 2);
    },
  },

  // What was given for all.
  {
    name: "a client's token and headers go with every call, and the call's own before them",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { ...WORKS, stream: { tokens: 3 } });
      const client = api.createClient({ token: "hf_all", headers: { "X-Both": "all", "x-all": "yes" } });
      await client.query(url, {});
      await client.query(url, {}, { token: "hf_one", headers: { "x-both": "one", "x-one": "yes" } });
      await client.stream(`${url}${formats.chat.path}`, formats.chat.payload, { headers: { "x-BOTH": "stream" } }).report;
      const { log } = await mock.stats("m");
      const seen = log.map(({ headers }) => ["authorization", "x-both", "x-all", "x-one"].map((name) => headers[name]));
      assert.deepEqual(seen, [
        ["Bearer hf_all", "all", "yes", undefined],
        ["Bearer hf_one", "one", "yes", "yes"],
        ["Bearer hf_all", "stream", "yes", undefined],
      ]);
    },
  },
  {
    name: "a call's timeouts and loading options are merged member by member with the client's",
    async run({ api, mock, assert }) {
      const stalled = await mock.put("stalled", STALLS);
      const cold = await mock.put("cold", { server: "legacy", cold: { ms: 600_000 } });
      const client = api.createClient({ maxRetries: 0, timeouts: { attemptMs: 300 }, loading: { maxWaitMs: 700 } });
      const late = await assert.rejects(client.query(stalled, {}, { timeouts: { totalMs: 9_000 } }), { code: "timeout", phase: "attempt" });
      assert.between(late.report.totalMs, 300, 900);
      const own = await assert.rejects(client.query(stalled, {}, { timeouts: { attemptMs: 600 } }), { code: "timeout", phase: "attempt" });
      assert.between(own.report.totalMs, 600, 1_200);
      await assert.rejects(client.query(cold, {}, { loading: { defaultWaitMs: 100 } }), { code: "model_loading", phase: "wait" });
    },
  },
  {
    name: "a client's maxRetries, response, fallback and onEvent hold for every call that says nothing else",
    async run({ api, mock, assert }) {
      const down = await mock.put("down", DOWN);
      const other = await mock.put("other", WORKS);
      const seen = [];
      const client = api.createClient({ maxRetries: 0, response: "text", fallback: [other], onEvent: ({ type }) => seen.push(type) });
      const { data, report } = await client.queryWithReport(down, {});
      assert.equal(data, '{"n":1}');
      assert.equal(report.degraded, true);
      assert.equal(report.attempts.length, 2);
      assert.deepEqual(seen, ["attempt", "response", "fallback", "attempt", "response", "success"]);
      const mine = [];
      const options = { maxRetries: 1, response: "json", fallback: [], onEvent: ({ type }) => mine.push(type) };
      const error = await assert.rejects(client.query(down, {}, options), { code: "unavailable" });
      assert.equal(error.report.attempts.length, 2);
      assert.equal(mine.at(-1), "failure");
      assert.equal(seen.length, 6);
      assert.equal((await mock.stats("other")).requests, 1);
    },
  },
  {
    name: "an option of a call that is undefined is absent: the client's holds",
    async run({ api, mock, assert }) {
      const down = await mock.put("down", DOWN);
      const stalled = await mock.put("stalled", STALLS);
      const client = api.createClient({ token: "hf_all", maxRetries: 0, timeouts: { attemptMs: 300 } });
      const undefineds = {
        token: undefined,
        headers: undefined,
        maxRetries: undefined,
        timeouts: undefined,
        loading: undefined,
        fallback: undefined,
      };
      const error = await assert.rejects(client.query(down, {}, undefineds), { code: "unavailable" });
      assert.equal(error.report.attempts.length, 1, "maxRetries");
      assert.equal((await mock.stats("down")).log[0].headers.authorization, "Bearer hf_all");
      const late = client.query(stalled, {}, { timeouts: { attemptMs: undefined, totalMs: 2_000 } });
      await assert.rejects(late, { code: "timeout", phase: "attempt" });
    },
  },
  {
    name: "the fetch of a client sends all that it sends, and nothing else",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { ...WORKS, stream: { tokens: 3 }, script: [answer(503, "busy")] });
      const sent = [];
      const own = (input, init) => {
        sent.push(`${init.method} ${new URL(input).pathname}`);
        return fetch(input, init);
      };
      const client = api.createClient({ fetch: own });
      await client.query(url, {});
      await client.stream(`${url}${formats.chat.path}`, formats.chat.payload).finalText();
      await (await client.fetch(url, { method: "POST", body: "x" })).text();
      const path = new URL(url).pathname;
      assert.deepEqual(sent, [`POST ${path}`, `POST ${path}`, `POST ${path}${formats.chat.path}`, `POST ${path}`]);
      assert.equal((await mock.stats("m")).requests, 4);
      await api.queryWithRetry(url, {});
      assert.equal(sent.length, 4);
    },
  },
  {
    name: "an onEvent of a client that throws is only logged",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { ...WORKS, script: [answer(503, "busy")] });
      const client = api.createClient({
        onEvent() {
          throw new Error("a bug in the page");
        },
      });
      const logged = [];
      const { error } = console;
      console.error = (...words) => logged.push(words);
      try {
        assert.deepEqual(await client.query(url, {}), { n: 1 });
      } finally {
        console.error = error;
      }
      assert.ok(logged.length >= 5, `logged ${logged.length} times`);
      assert.ok(String(logged[0][0]).includes("onEvent"), String(logged[0][0]));
    },
  },

  // Who shares with whom.
  {
    name: "two clients share nothing",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", DOWN);
      const [a, b] = [api.createClient({ maxRetries: 0 }), api.createClient({ maxRetries: 0 })];
      for (let call = 0; call < 5; call++) await assert.rejects(a.query(url, {}), { code: "unavailable" });
      await assert.rejects(a.query(url, {}), { code: "circuit_open" });
      await assert.rejects(b.query(url, {}), { code: "unavailable" });
      assert.equal((await mock.stats("m")).requests, 6);
      assert.deepEqual([a.stats(url)[0].calls, b.stats(url)[0].calls], [6, 1]);
      assert.deepEqual([a.stats(url)[0].breaker, b.stats(url)[0].breaker], ["open", "closed"]);
    },
  },
  {
    name: "calls without a client share with each other, and with no client",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", DOWN);
      const options = { maxRetries: 0 };
      for (let call = 0; call < 3; call++) await assert.rejects(api.queryWithRetry(url, {}, options), { code: "unavailable" });
      await assert.rejects(api.queryWithReport(url, {}, options), { code: "unavailable" });
      await assert.rejects(api.streamWithRetry(url, {}, options).finalText(), { code: "unavailable" });
      await assert.rejects(api.queryWithRetry(url, {}, options), { code: "circuit_open" });
      await assert.rejects(api.streamWithRetry(url, {}, options).finalText(), { code: "circuit_open" });
      await assert.rejects(api.createClient().query(url, {}, options), { code: "unavailable" });
      assert.equal((await mock.stats("m")).requests, 6);
    },
  },
  {
    name: "two targets of a client share nothing, nor do two models at one address",
    async run({ api, mock, assert }) {
      const [down, works] = [await mock.put("down", DOWN), await mock.put("works", WORKS)];
      const client = api.createClient({ maxRetries: 0 });
      for (let call = 0; call < 5; call++) await assert.rejects(client.query({ url: down, model: "a" }, {}), { code: "unavailable" });
      await assert.rejects(client.query({ url: down, model: "a" }, {}), { code: "circuit_open" });
      await assert.rejects(client.query({ url: down, model: "b" }, {}), { code: "unavailable" });
      await assert.rejects(client.query(down, {}), { code: "unavailable" });
      assert.deepEqual(await client.query(works, {}), { n: 1 });
      const names = client.stats().map(({ target }) => target);
      assert.deepEqual(names, [`${down}#a`, `${down}#b`, down, works]);
    },
  },
  {
    name: "an address with another query is the same target",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", WORKS);
      const client = api.createClient();
      await client.query(`${url}?a=1`, {});
      await client.query(new URL(`${url}?a=2#there`), {});
      await client.query({ url }, {});
      assert.deepEqual(
        client.stats().map(({ target, calls }) => [target, calls]),
        [[url, 3]],
      );
      assert.equal(client.stats(`${url}?a=3`)[0].calls, 3);
    },
  },

  // What it tells.
  {
    name: "stats() counts calls, attempts and failures by their code",
    async run({ api, mock, assert }) {
      const client = api.createClient({ retryBudget: false });
      assert.deepEqual(client.stats(), []);
      const url = await mock.put("m", { ...WORKS, script: [answer(503, "busy"), answer(502, ""), {}, answer(404, { error: "no" })] });
      assert.deepEqual(client.stats(url), []);
      await client.query(url, {});
      await assert.rejects(client.query(url, {}), { code: "not_found" });
      await client.query(url, {});
      const [stats, ...others] = client.stats();
      assert.deepEqual(others, []);
      const { target, breaker, temperature, inFlight, queued, calls, attempts, failures, alert } = stats;
      assert.deepEqual(
        { target, breaker, temperature, inFlight, queued, calls, attempts, failures, alert },
        {
          target: url,
          breaker: "closed",
          temperature: "warm",
          inFlight: 0,
          queued: 0,
          calls: 3,
          attempts: 5,
          failures: { unavailable: 2, not_found: 1 },
          alert: undefined,
        },
      );
      assert.equal(stats.latencyMs.count, 2);
    },
  },
  {
    name: "stats(target) is of that target alone, and of one that was never called there is nothing",
    async run({ api, mock, assert }) {
      const [a, b] = [await mock.put("a", WORKS), await mock.put("b", WORKS)];
      const client = api.createClient();
      await client.query(a, {});
      await client.query(b, {});
      await client.query(b, {});
      assert.deepEqual(
        client.stats(b).map(({ target, calls }) => [target, calls]),
        [[b, 2]],
      );
      assert.deepEqual(
        client.stats({ url: new URL(a) }).map(({ calls }) => calls),
        [1],
      );
      assert.deepEqual(client.stats(`${a}/elsewhere`), []);
      assert.deepEqual(client.stats("org/model"), []);
      assert.equal(client.stats().length, 2);
    },
  },
  {
    name: "the quantiles of stats() are as long as the answers took",
    async run({ api, mock, assert }) {
      const script = [...Array(19).fill({ delayMs: 100 }), { delayMs: 600 }];
      const url = await mock.put("m", { ...WORKS, script });
      const client = api.createClient();
      for (let call = 0; call < 20; call++) await client.query(url, {});
      const [{ latencyMs, firstTokenMs }] = client.stats(url);
      assert.equal(latencyMs.count, 20);
      assert.between(latencyMs.p50, 98, 200);
      assert.between(latencyMs.p99, 590, 900);
      assert.between(latencyMs.p95, latencyMs.p50, latencyMs.p99);
      assert.equal(firstTokenMs.count, 0);
      assert.ok(Number.isNaN(firstTokenMs.p50), String(firstTokenMs.p50));
    },
  },
  {
    name: "a timeout counts as its limit in the latency, and a refusal not at all",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { ...STALLS, script: [answer(400, { error: "no" })] });
      const client = api.createClient({ maxRetries: 0, timeouts: { attemptMs: 300 } });
      await assert.rejects(client.query(url, {}), { code: "bad_request" });
      assert.equal(client.stats(url)[0].latencyMs.count, 0);
      await assert.rejects(client.query(url, {}), { code: "timeout" });
      const [{ latencyMs, failures }] = client.stats(url);
      assert.equal(latencyMs.count, 1);
      assert.between(latencyMs.p99, 297, 303);
      assert.deepEqual(failures, { timeout: 1, bad_request: 1 });
    },
  },
  {
    name: "the first texts of streams have quantiles of their own",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: { tokens: 20, tokensPerSecond: 50 }, then: { delayMs: 150 } });
      const client = api.createClient();
      for (let call = 0; call < 2; call++) await client.stream(url, formats.chat.payload).finalText();
      const [{ latencyMs, firstTokenMs }] = client.stats(url);
      assert.deepEqual([latencyMs.count, firstTokenMs.count], [2, 2]);
      assert.between(firstTokenMs.p50, 145, 400);
      assert.ok(latencyMs.p50 > firstTokenMs.p50 + 200, JSON.stringify({ latencyMs, firstTokenMs }));
    },
  },
  {
    name: "stats() shows what is under way and what is in line, and whether the model is cold",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { ...WORKS, latencyMs: 400 });
      const client = api.createClient({ concurrency: { min: 1, max: 2 } });
      const calls = Array.from({ length: 5 }, () => client.query(url, {}));
      await sleep(100);
      const { inFlight, queued, temperature } = client.stats(url)[0];
      assert.deepEqual({ inFlight, queued, temperature }, { inFlight: 2, queued: 3, temperature: "unknown" });
      await Promise.all(calls);
      assert.deepEqual([client.stats(url)[0].inFlight, client.stats(url)[0].queued], [0, 0]);

      const cold = await mock.put("cold", { ...WORKS, server: "legacy", cold: { ms: 500, says: 1 } });
      const call = client.query(cold, {});
      for (let looks = 0; client.stats(cold)[0]?.temperature !== "cold" && looks < 40; looks++) await sleep(20);
      assert.equal(client.stats(cold)[0].temperature, "cold");
      await call;
      assert.equal(client.stats(cold)[0].temperature, "warm");
    },
  },
  {
    name: "metrics() is text that Prometheus reads: every metric with its help and type, every sample once",
    async run({ api, mock, assert }) {
      const [url, other] = [await mock.put("m", { ...WORKS, script: [answer(503, "busy")] }), await mock.put("other", WORKS)];
      const client = api.createClient();
      await client.query(url, {});
      await client.query({ url: other, model: 'a "quoted" \\ name'.replaceAll(" ", "_") }, {});
      const text = client.metrics();
      assert.ok(text.endsWith("\n"));
      const lines = text.trimEnd().split("\n");
      const types = new Map();
      const samples = new Map();
      let helped;
      for (const line of lines) {
        const [, word, name] = /^# (HELP|TYPE) (\w+) .+$/.exec(line) ?? [];
        if (word === "HELP") helped = name;
        else if (word === "TYPE") {
          assert.equal(name, helped, line);
          assert.ok(!types.has(name), `${name} twice`);
          types.set(name, line.split(" ")[3]);
        } else {
          const [, sample, value] = /^(\w+\{(?:\w+="(?:[^"\\\n]|\\["\\n])*",?)+\}) (NaN|[\d.e+-]+)$/.exec(line) ?? [];
          assert.ok(sample, line);
          assert.ok(!samples.has(sample), `${sample} twice`);
          assert.ok(sample.startsWith(helped), `${sample} under ${helped}`);
          samples.set(sample, Number(value));
        }
      }
      for (const type of types.values()) assert.ok(["counter", "gauge", "summary"].includes(type), type);
      const of = (name, labels = "") => samples.get(`query_with_retry_${name}{target="${url}"${labels}}`);
      assert.equal(of("calls_total"), 1);
      assert.equal(of("attempts_total", ',outcome="ok"'), 1);
      assert.equal(of("attempts_total", ',outcome="unavailable"'), 1);
      assert.equal(of("attempt_duration_seconds_count"), 1);
      assert.between(of("attempt_duration_seconds_sum"), 0, 5);
      assert.equal(of("breaker_state", ',state="closed"'), 1);
      assert.equal(of("temperature", ',state="warm"'), 1);
      assert.equal(of("in_flight"), 0);
    },
  },

  // Its end.
  {
    name: "a closed client refuses every new call in clear words, and those under way end",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { ...WORKS, script: [answer(503, "busy")], latencyMs: 200 });
      const chat = await putStream(mock, "chat", { stream: { tokens: 10, tokensPerSecond: 50 } });
      const other = await mock.put("other", WORKS);
      const client = api.createClient();
      const [call, stream, response] = [client.query(url, {}), client.stream(chat, formats.chat.payload), client.fetch(other)];
      response.catch(() => {});
      client.close();
      client.close();
      const late = {
        query: () => client.query(url, {}),
        queryWithReport: () => client.queryWithReport(url, {}),
        stream: () => client.stream(chat, formats.chat.payload).finalText(),
        fetch: () => client.fetch(url),
      };
      for (const [name, start] of Object.entries(late)) {
        const error = await refusal(assert, start);
        assert.ok(/closed/i.test(error.message), `${name}: ${error}`);
        assert.ok(!(error instanceof api.QueryError), name);
      }
      assert.deepEqual(await call, { n: 1 });
      assert.equal(await stream.finalText(), words(10).join(""));
      assert.deepEqual(await (await response).json(), { n: 1 });
      assert.equal((await mock.stats("m")).requests, 2);
      // Whether they still tell anything, nobody has promised.
      assert.ok(Array.isArray(client.stats(url)));
      assert.equal(typeof client.metrics(), "string");
    },
  },
  {
    name: "a closed client leaves the others and the calls without one as they were",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", WORKS);
      const [closed, open] = [api.createClient(), api.createClient()];
      closed.close();
      assert.deepEqual(await open.query(url, {}), { n: 1 });
      assert.deepEqual(await api.queryWithRetry(url, {}), { n: 1 });
    },
  },
];
