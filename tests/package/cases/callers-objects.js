// What a caller gives belongs to the caller: it is taken once, shown nowhere, and what it does later is its own affair.
import { sleep } from "./clock.js";
import { answer } from "./mock.js";

const SECRET = "sk-0123456789abcdef";

/** Ways to give a secret where none belongs. */
const misplaced = [
  ["an option that there is not", (api, url) => api.queryWithRetry(url, {}, { apiKey: SECRET })],
  ["a member of a target that there is not", (api, url) => api.queryWithRetry({ url, apiKey: SECRET }, {})],
  ["an option of a client that there is not", async (api) => api.createClient({ apiKey: SECRET })],
  ["headers that are a text", (api, url) => api.queryWithRetry(url, {}, { headers: `Authorization: ${SECRET}` })],
  ["options that are a text", (api, url) => api.queryWithRetry(url, {}, SECRET)],
  ["a payload that is a text", (api, url) => api.queryWithRetry(url, SECRET)],
  ["a number that is a text", (api, url) => api.queryWithRetry(url, {}, { maxRetries: SECRET })],
  ["a URL that is none", (api) => api.queryWithRetry(`https://[x/?api_key=${SECRET}`, {})],
  ["a URL of a socket", (api) => api.queryWithRetry(`ws://me:${SECRET}@127.0.0.1/x?key=${SECRET}#${SECRET}`, {})],
  ["a token with a line break", (api, url) => api.queryWithRetry(url, {}, { token: `${SECRET}\n${SECRET}` })],
  ["a header with a line break", (api, url) => api.queryWithRetry(url, {}, { headers: { "x-key": `${SECRET}\n` } })],
];

/** What is sent that a server may say again: the options, and what is to be seen of it nowhere. */
const echoed = [
  ["a key in the query", { query: `?key=${SECRET}` }],
  ["a header", { headers: { "x-api-key": SECRET } }],
  ["the pair of Basic", { headers: { authorization: `Basic ${btoa(`user-name:${SECRET}`)}` }, says: `user-name ${SECRET}`, also: "user-name" }],
];

export const callersObjects = [
  {
    name: "options whose members are other things when they are read again end no call but their own",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { healthy: answer(200, { n: 1 }) });
      const slow = await mock.put("slow", { healthy: answer(200, { n: 1 }), latencyMs: 300 });
      const beside = api.queryWithRetry(slow, { inputs: "x" });
      let read = 0;
      const strange = [
        new (class {
          get maxRetries() {
            return 10n;
          }
        })(),
        Object.create({ timeouts: { totalMs: 5_000n } }),
        {
          get maxRetries() {
            return (read += 1) > 1 ? Symbol("two") : 1;
          },
        },
      ];
      for (const options of strange) await api.queryWithRetry(url, { inputs: "x" }, options).catch(() => {});
      assert.deepEqual(await beside, { n: 1 });
    },
  },
  ...misplaced.map(([what, call]) => ({
    name: `the TypeError of ${what} does not show it`,
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { healthy: answer(200, { n: 1 }) });
      const error = await assert.rejects(call(api, url), { name: "TypeError" });
      assert.ok(!error.message.includes(SECRET), error.message);
      assert.equal((await mock.stats("m")).requests, 0);
    },
  })),
  ...echoed.map(([what, { query = "", headers, says = SECRET, also = SECRET }]) => ({
    name: `${what} that the server says again is not shown, of a call, of a fetch and of a fallback`,
    async run({ api, mock, assert }) {
      const error = { error: `may not: ${says}` };
      const url = (await mock.put("m", { then: answer(401, error) })) + query;
      const down = await mock.put("down", { then: answer(500, { error: "boom" }) });
      const told = [];
      const seen = (thrown) => JSON.stringify([told, thrown, thrown?.message, thrown?.detail, thrown?.stack]);
      const options = { maxRetries: 0, onEvent: (event) => told.push({ ...event, message: event.error?.message, detail: event.error?.detail }) };
      const client = api.createClient({ ...options, breaker: false });
      const failed = [
        await assert.rejects(client.query(url, {}, { headers: headers ?? {} })),
        await assert.rejects(client.query(down, {}, { fallback: [{ url, headers: headers ?? {} }] })),
      ];
      // The Response of a fetch is the server's own; what we tell of it is ours.
      await client.fetch(url, { headers: headers ?? {} });
      await api.createClient({ ...options, fallback: [{ url, headers: headers ?? {} }] }).fetch(down);
      const all = [...failed.map(seen), seen(undefined), client.metrics(), JSON.stringify(client.stats())];
      for (const text of all) assert.ok(!text.includes(SECRET) && !text.includes(also), text);
    },
  })),
  {
    name: "of secrets that begin alike nothing is shown, nor of a query as it is written, of UTF-8 in Basic, of one of several cookies",
    async run({ api, mock, assert }) {
      const pairs = [
        ["?org=acme", { authorization: "Bearer acme_live_REALSECRET" }, "acme_live_REALSECRET", "REALSECRET"],
        ["?key=abc%2Fdef%2BghiSECRET", {}, "/x?key=abc%2Fdef%2BghiSECRET", "ghiSECRET"],
        ["", { authorization: `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode("me:pässwörd")))}` }, "pässwörd", "sswörd"],
        ["", { "x-session": "theme=dark1; id=SECRETCOOKIE1" }, "SECRETCOOKIE1", "SECRETCOOKIE"],
      ];
      for (const [query, headers, says, secret] of pairs) {
        const url = (await mock.put("m", { then: answer(401, { error: `no: ${says}` }) })) + query;
        const error = await assert.rejects(api.queryWithRetry(url, {}, { headers }), { code: "unauthorized" });
        assert.ok(!`${error.message} ${error.detail}`.includes(secret), error.message);
      }
      const url = await mock.put("m", { then: answer(401, { error: "no: TOPSECRETVALUE" }) });
      const told = [];
      const onEvent = ({ error }) => told.push(error?.message, error?.detail);
      await api.createClient({ headers: { "x-client": "TOPSECRETVALUE" }, onEvent }).fetch(url, { method: "POST", body: "{}" });
      assert.ok(told.length > 0 && !JSON.stringify(told).includes("TOPSECRET"), JSON.stringify(told));
    },
  },
  {
    name: "a credential is not shown in another spelling, nor a part of it where an error was cut",
    async run({ api, mock, assert }) {
      const token = "ab/cd+ef/gh+ij==";
      const says = [encodeURIComponent(token), token.replaceAll("/", "\\/"), "the beginning of ab/cd+ef/g"];
      for (const word of says) {
        const url = await mock.put("m", { then: answer(401, word, { "content-type": "text/plain" }) });
        const { message, detail } = await assert.rejects(api.queryWithRetry(url, {}, { token }), { code: "unauthorized" });
        assert.ok(!/cd.{1,3}ef/.test(message + detail), message);
      }
      const url = await mock.put("m", { then: answer(200, { error: "bad SECRETVALUE99" }) });
      const told = [];
      const client = api.createClient({ maxRetries: 0, onEvent: ({ error }) => told.push(error?.message, error?.detail) });
      const failed = await client.fetch(url, { method: "POST", body: "{}", headers: { "x-jwt": "SECRETVALUE99" } });
      assert.equal(failed.status, 500);
      assert.ok(!JSON.stringify(told).includes("SECRETVALUE"), JSON.stringify(told));
    },
  },
  {
    name: "a token of a call goes before the client's Authorization, one of a target before the call's",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { healthy: answer(200, { n: 1 }) });
      const authorization = "Bearer wider";
      await api.createClient({ headers: { authorization } }).query(url, {}, { token: "call" });
      await api.queryWithRetry({ url, token: "target" }, {}, { headers: { authorization } });
      await api.queryWithRetry(url, {}, { headers: { authorization }, token: "narrower-no-more" });
      const sent = (await mock.stats("m")).log.map(({ headers }) => headers.authorization);
      assert.deepEqual(sent, ["Bearer call", "Bearer target", authorization]);
    },
  },
  {
    name: "a header of the connection's own is a TypeError at once",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { healthy: answer(200, { n: 1 }) });
      for (const name of ["Transfer-Encoding", "connection", "upgrade", "content-length"]) {
        const error = await assert.rejects(api.queryWithRetry(url, {}, { headers: { [name]: "x" } }), { name: "TypeError" });
        assert.ok(error.message.includes(name), error.message);
      }
    },
  },
  {
    name: "calls that are on their way when their client is closed keep its limit",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { healthy: answer(200, { n: 1 }), latencyMs: 50 });
      const client = api.createClient({ concurrency: { max: 4 } });
      const body = () => new Blob(["{}"]);
      const calls = Array.from({ length: 20 }, () => client.fetch(url, { method: "POST", body: body() }));
      client.close();
      for (const response of await Promise.all(calls)) assert.equal((await response.json()).n, 1);
      assert.ok((await mock.stats("m")).maxInFlight <= 4, JSON.stringify((await mock.stats("m")).maxInFlight));
    },
  },
  {
    name: "a message has no line break and no escape sequence of a server's",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { then: answer(400, { error: "no\nERROR forged\r\u001b[31mred\u2028\u009b1m\u202e" }) });
      const error = await assert.rejects(api.queryWithRetry(url, {}), { code: "bad_request" });
      assert.ok(!/[\p{Cc}\p{Cf}\u2028]/u.test(error.message), JSON.stringify(error.message));
      assert.ok(error.message.includes("ERROR forged"), error.message);
    },
  },
  {
    name: "options are as they were when the call was made",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { script: [answer(503, { error: "busy" }, { "retry-after": "0.2" })], healthy: answer(200, { n: 1 }) });
      const [first, second] = [new AbortController(), new AbortController()];
      const heard = [];
      const options = { signal: first.signal, maxRetries: 2, timeouts: { totalMs: 5_000, attemptMs: 1_000 }, onEvent: () => heard.push("first") };
      const call = api.queryWithRetry(url, {}, options);
      Object.assign(options, { signal: second.signal, maxRetries: -1, onEvent: () => heard.push("second") });
      options.timeouts.totalMs = "soon";
      second.abort(new Error("the second"));
      assert.deepEqual(await call, { n: 1 });
      assert.ok(heard.length > 0 && !heard.includes("second"), String(heard));

      const aborted = api.queryWithRetry(url, {}, { ...options, maxRetries: 0, timeouts: {}, signal: first.signal });
      options.signal = second.signal;
      const reason = new Error("the first");
      first.abort(reason);
      assert.equal(await assert.rejects(aborted), reason);
    },
  },
  {
    name: "the options of a client are as they were when it was made",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { healthy: answer(200, { n: 1 }) });
      const headers = new Headers({ "x-one": "1" });
      const options = { headers, timeouts: { attemptMs: 1_000 }, breaker: { failures: 3 }, fallback: [] };
      const client = api.createClient(options);
      headers.set("x-one", "2");
      options.timeouts.attemptMs = -1;
      options.breaker.failures = -1;
      options.fallback.push("a", "b");
      assert.deepEqual(await client.query(url, {}), { n: 1 });
      assert.equal((await mock.stats("m")).log[0].headers["x-one"], "1");
    },
  },
  {
    name: "a callback that rejects is nobody's unhandled rejection",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { healthy: answer(200, { n: 1 }) });
      const { error } = console;
      const logged = [];
      console.error = (...args) => logged.push(args);
      try {
        const onEvent = async () => {
          throw new Error("a bug in the page");
        };
        assert.deepEqual(await api.queryWithRetry(url, {}, { onEvent }), { n: 1 });
        await sleep(20);
      } finally {
        console.error = error;
      }
      assert.ok(logged.length > 0 && String(logged[0][0]).includes("onEvent"), JSON.stringify(logged));
    },
  },
  {
    name: "the iterator of a stream is iterable itself",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { stream: { tokens: 3 } });
      const items = api.streamWithRetry(`${url}/v1/chat/completions`, { messages: [] })[Symbol.asyncIterator]();
      await items.next();
      let rest = 0;
      for await (const _ of items) rest++;
      assert.ok(rest > 0);
    },
  },
  {
    name: "two models at one URL wait, fail and are counted apart, by every way in",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { healthy: answer(200, { n: 1 }) });
      const client = api.createClient();
      await client.query(url, { model: "a", inputs: "x" });
      await client.query(new URL(url), { model: "a", inputs: "x" });
      await client.query({ url }, { model: "b", inputs: "x" });
      await client.query({ url, model: "b" }, { inputs: "x" });
      const init = { method: "POST", headers: { "content-type": "application/json" }, body: '{"model":"b"}' };
      await (await client.fetch(url, init)).text();
      await client.query(`${url}/y m`, {});
      await (await client.fetch(`${url}/y`, { ...init, body: '{"model":"m"}' })).text();
      const calls = client.stats().map((one) => [one.target.slice(url.length), one.calls]);
      assert.deepEqual(calls, [
        ["#a", 2],
        ["#b", 3],
        ["/y%20m", 1],
        ["/y#m", 1],
      ]);
      assert.deepEqual(
        client.stats(url).map(({ target }) => target.slice(url.length)),
        ["#a", "#b"],
      );
      assert.equal(client.stats({ url, model: "b" })[0].calls, 3);
      assert.deepEqual(JSON.parse((await mock.stats("m")).log[0].body), { model: "a", inputs: "x" });
    },
  },
  {
    name: "a client that is closed twice closes no other",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { healthy: answer(200, { n: 1 }) });
      for (let round = 0; round < 3; round++) {
        const first = api.createClient();
        await first.query(url, {});
        first.close();
        const second = api.createClient();
        assert.deepEqual(await second.query(url, {}), { n: 1 });
        first.close();
        assert.deepEqual(await second.query(url, {}), { n: 1 });
        assert.equal(second.stats()[0].calls, 2);
        second.close();
      }
    },
  },
  {
    name: "a client that is closed tells of its calls until the last one is over",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { healthy: answer(200, { n: 1 }), latencyMs: 200 });
      const client = api.createClient();
      const call = client.query(url, {});
      await mock.statsOnce("m", ({ requests }) => requests === 1, "the request");
      client.close();
      assert.equal(client.stats()[0].inFlight, 1);
      assert.ok(client.metrics().includes("in_flight"));
      await call;
      assert.deepEqual(client.stats(), []);
    },
  },
  {
    name: "headers may be a Map, or the Headers of another library",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { healthy: answer(200, { n: 1 }) });
      class OtherHeaders {
        *[Symbol.iterator]() {
          yield ["x-tenant", "7"];
        }
      }
      for (const headers of [new Map([["x-tenant", "7"]]), new OtherHeaders()]) {
        await api.createClient({ headers }).query(url, {});
        await api.queryWithRetry({ url, headers }, {});
        await api.queryWithRetry(url, {}, { headers });
      }
      const sent = (await mock.stats("m")).log.map(({ headers }) => headers["x-tenant"]);
      assert.deepEqual(sent, ["7", "7", "7", "7", "7", "7"]);
    },
  },
];
