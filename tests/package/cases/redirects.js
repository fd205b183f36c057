// Redirects, as HTTP-redirect fetch of the Fetch standard has them, whoever follows them.
import { answer } from "./mock.js";

const browsers = ["chromium", "firefox", "webkit"];
/** A browser follows by itself, and shows nothing of it. */
const codeOf = (runtime) => (browsers.includes(runtime) ? "network" : "bad_response");
const JSON_TYPE = { "content-type": "application/json" };
const redirect = (location, status = 307) => ({ then: { status, headers: { location }, body: "moved" } });

/** What `fetch` itself refuses to follow: a scheme, a user name, what is no URL. */
const refused = [
  "data:application/json,%7B%22n%22%3A1%7D",
  "file:///etc/hostname",
  "blob:null/0",
  "javascript:1",
  "about:blank",
  "ftp://127.0.0.1/x",
  "http://user:pa55@127.0.0.1:9/x",
  "http://",
];

/** How a method goes on, of those that the standard names; 307 and 308 keep every one. */
const onward = [
  [301, "POST", "GET"],
  [302, "POST", "GET"],
  [303, "POST", "GET"],
  [301, "PUT", "PUT"],
  [302, "PATCH", "PATCH"],
  [302, "DELETE", "DELETE"],
  [303, "PUT", "GET"],
  [303, "DELETE", "GET"],
  [302, "GET", "GET"],
  [303, "GET", "GET"],
  [307, "DELETE", "DELETE"],
  [308, "PUT", "PUT"],
];

export const redirects = [
  ...refused.map((location) => ({
    name: `a redirect to ${location.split("%")[0]} is not followed, by no way of calling`,
    async run({ api, mock, assert, runtime }) {
      const url = await mock.put("m", redirect(location));
      const maxRetries = browsers.includes(runtime) ? 0 : 3;
      const client = api.createClient({ maxRetries, retryBudget: false, breaker: false, loading: { refusedMs: 0 } });
      const get = { method: "GET" };
      const calls = [
        client.query(url, {}),
        client.stream(url, {}).finalText(),
        client.fetch(url, { method: "POST", body: "{}" }),
        client.fetch(url, get),
      ];
      for (const call of calls) {
        const error = await assert.rejects(call, { name: "QueryError", code: codeOf(runtime) });
        // A browser does not show where it leads.
        if (!browsers.includes(runtime)) assert.ok(/redirected to/.test(error.detail), error.detail);
        assert.ok(!error.message.includes("pa55"), error.message);
        assert.equal(error.report?.attempts.length, 1);
      }
    },
  })),
  ...onward.map(([status, method, then]) => ({
    name: `client.fetch follows a ${status} that answers a ${method} with a ${then}`,
    async run({ api, mock, assert }) {
      const there = await mock.put("there", { healthy: answer(200, { n: 1 }) });
      const url = await mock.put("here", redirect(`{origin}${new URL(there).pathname}`, status));
      const init = method === "GET" ? { method } : { method, body: "{}", headers: JSON_TYPE };
      const response = await api.createClient().fetch(url, init);
      assert.deepEqual(await response.json(), { n: 1 });
      assert.equal(response.redirected, true);
      assert.equal(response.url, there);
      const [{ method: came, body, headers }] = (await mock.stats("there")).log;
      assert.deepEqual([came, body || ""], [then, then === method && method !== "GET" ? "{}" : ""]);
      if (then !== method) assert.equal(headers["content-type"], undefined);
    },
  })),
  {
    name: "client.fetch follows twenty redirects and not one more",
    async run({ api, mock, assert, runtime }) {
      let url = await mock.put("end", { healthy: answer(200, { n: 1 }) });
      for (let hop = 1; hop <= 21; hop++) {
        if (hop === 21) assert.deepEqual(await (await api.createClient().fetch(url)).json(), { n: 1 });
        url = await mock.put(`hop-${hop}`, redirect(`{origin}${new URL(url).pathname}`));
      }
      const error = await assert.rejects(api.createClient({ maxRetries: 0, loading: { refusedMs: 0 } }).fetch(url), {
        name: "QueryError",
        code: codeOf(runtime),
      });
      if (!browsers.includes(runtime)) assert.ok(error.detail.includes("more than 20 redirects"), error.detail);
    },
  },
  {
    name: "client.fetch shows a redirect that it was not to follow, whether init or a Request says so",
    async run({ api, mock, assert, runtime }) {
      const there = await mock.put("there", { healthy: answer(200, { n: 1 }) });
      const url = await mock.put("here", redirect(`{origin}${new URL(there).pathname}`));
      const { fetch } = api.createClient({ loading: { refusedMs: 0 } });
      for (const call of [fetch(url, { redirect: "manual" }), fetch(new Request(url, { redirect: "manual" }))]) {
        const { status, type } = await call;
        assert.ok(status === 307 || type === "opaqueredirect", `${status} ${type}`);
      }
      assert.deepEqual(await (await fetch(new Request(url, { redirect: "manual" }), { redirect: "follow" })).json(), { n: 1 });
      // workerd makes no such request.
      if (runtime !== "workerd") await assert.rejects(fetch(new Request(url, { redirect: "error" })), { code: codeOf(runtime) });
      assert.equal((await mock.stats("there")).requests, 1);
    },
  },
  {
    name: "where a redirect leads is told without a credential that stands in it",
    async run({ api, mock, assert, runtime }) {
      const token = "hf_SECRETTOKEN12345";
      for (const location of [`{origin}/login/${token}`, `http://u:p@127.0.0.1:9/${token}`, `${token.replaceAll("_", "")}:foo`]) {
        const url = await mock.put("m", redirect(location, location.startsWith("{") ? 303 : 307));
        const told = [];
        const options = { token, maxRetries: 0, loading: { refusedMs: 0 }, onEvent: ({ error }) => told.push(error?.message, error?.detail) };
        const error = await api.queryWithRetry(url, {}, options).catch((caught) => caught);
        await api
          .createClient(options)
          .fetch(url, { method: "POST", body: "{}" })
          .catch(() => {});
        assert.ok(!/secrettoken/i.test(JSON.stringify([error?.message, error?.detail, told])) || browsers.includes(runtime), JSON.stringify(told));
      }
    },
  },
  {
    name: "a 303 leads a query and a stream to their answer, which is asked for by GET without the payload",
    async run({ api, mock, assert, runtime }) {
      const there = await mock.put("there", { healthy: answer(200, { n: 1 }) });
      const again = await mock.put("again", redirect(`{origin}${new URL(there).pathname}`, 303));
      const url = await mock.put("here", redirect(`{origin}${new URL(again).pathname}`, 303));
      assert.deepEqual(await api.queryWithRetry(url, { inputs: "x" }, { token: "hf_x" }), { n: 1 });
      const items = [];
      for await (const item of api.streamWithRetry(url, { inputs: "x" })) items.push(item);
      assert.deepEqual(items, [{ n: 1 }]);
      const { log } = await mock.stats("there");
      assert.deepEqual(
        log.map(({ method, body }) => [method, body || ""]),
        [
          ["GET", ""],
          ["GET", ""],
        ],
      );
      assert.equal(log[0].headers.authorization, "Bearer hf_x");
      // WebKit, which follows by itself, leaves the type of the payload there.
      if (!browsers.includes(runtime)) assert.equal(log[0].headers["content-type"], undefined);
    },
  },
  {
    name: "an answer that a 303 leads to and that is lost is asked for there again, and made again only where it has failed",
    async run({ api, mock, assert, runtime }) {
      if (browsers.includes(runtime)) return; // which follow by themselves, and show nothing of it
      const ways = {
        query: (url) => api.queryWithRetry(url, {}),
        fetch: async (url) => (await api.createClient().fetch(url, { method: "POST", body: "{}", headers: JSON_TYPE })).json(),
      };
      const lost = { ...answer(200, ["x".repeat(5_000)]), fault: { kind: "reset", at: "body", bytes: 1_000 } };
      const busy = answer(503, "Service Unavailable", { "retry-after-ms": "1" });
      const failed = answer(500, { error: "the function has failed" }, { "retry-after-ms": "1" });
      for (const [name, step, made] of [
        ["lost", lost, 1],
        ["busy", busy, 1],
        ["not-yet", answer(409, { error: "not yet" }, { "retry-after-ms": "1" }), 1],
        ["page", answer(200, "<html><title>Proxy</title></html>", { "content-type": "text/html", "retry-after-ms": "1" }), 1],
        ["failed", failed, 2],
      ]) {
        for (const [way, ask] of Object.entries(ways)) {
          const there = await mock.put(`${name}-${way}-there`, { script: [step], healthy: answer(200, { n: 1 }) });
          const url = await mock.put(`${name}-${way}`, redirect(`{origin}${new URL(there).pathname}`, 303));
          assert.deepEqual(await ask(url), { n: 1 });
          assert.equal((await mock.stats(`${name}-${way}`)).requests, made, `${name}, ${way}`);
          assert.equal((await mock.stats(`${name}-${way}-there`)).requests, 2, `${name}, ${way}`);
        }
      }
    },
  },
  ...[
    ["answers 502 for good", { then: { ...answer(502, "<html><title>502 Bad Gateway</title></html>"), headers: { "retry-after-ms": "1" } } }],
    ["answers 503 for good", { then: answer(503, "Service Unavailable", { "retry-after-ms": "1" }) }],
    ["breaks off for good", { then: { ...answer(200, ["x".repeat(5_000)]), fault: { kind: "reset", at: "body", bytes: 1_000 } } }],
  ].map(([what, behaviour]) => ({
    name: `after a 303 to an address that ${what}, it is asked twice and then the payload is sent again`,
    async run({ api, mock, assert, runtime }) {
      if (browsers.includes(runtime)) return; // which follow by themselves, and show nothing of it
      const ways = {
        query: (client, url) => client.query(url, {}),
        fetch: async (client, url) => (await client.fetch(url, { method: "POST", body: "{}", headers: JSON_TYPE })).json(),
      };
      for (const [way, ask] of Object.entries(ways)) {
        const broken = await mock.put(`broken-${way}`, behaviour);
        const works = await mock.put(`works-${way}`, { healthy: answer(200, { n: 1 }) });
        const to = (url) => redirect(`{origin}${new URL(url).pathname}`, 303).then;
        const url = await mock.put(`here-${way}`, { script: [to(broken)], then: to(works) });
        assert.deepEqual(await ask(api.createClient({ retryBudget: false }), url), { n: 1 });
        const requests = await Promise.all(["here", "broken", "works"].map(async (name) => (await mock.stats(`${name}-${way}`)).requests));
        assert.deepEqual(requests, [2, 2, 1], way);
      }
    },
  })),
  {
    name: "an answer that a 303 leads to and that is not ready five times is asked for there until it is",
    async run({ api, mock, assert, runtime }) {
      if (browsers.includes(runtime)) return;
      const notYet = answer(425, { error: "not yet" }, { "retry-after-ms": "1" });
      const there = await mock.put("there", { script: Array(5).fill(notYet), healthy: answer(200, { n: 1 }) });
      const url = await mock.put("here", redirect(`{origin}${new URL(there).pathname}`, 303));
      assert.deepEqual(await api.createClient({ retryBudget: false, maxRetries: 8 }).query(url, {}), { n: 1 });
      assert.deepEqual([(await mock.stats("here")).requests, (await mock.stats("there")).requests], [1, 6]);
    },
  },
  {
    name: "a redirect that loses the payload is told, with where it leads and without its query",
    async run({ api, mock, assert, runtime }) {
      const there = await mock.put("there", { healthy: answer(200, { n: 1 }) });
      for (const status of [301, 302]) {
        const url = await mock.put("here", redirect(`{origin}${new URL(there).pathname}?key=secret`, status));
        const call = api.queryWithRetry(url, {}, { maxRetries: 0 });
        if (browsers.includes(runtime)) {
          await call.catch(() => {}); // followed by the browser, as it likes
          continue;
        }
        const error = await assert.rejects(call, { name: "QueryError", status });
        assert.ok(error.detail.includes(there) && !error.detail.includes("secret"), error.detail);
      }
    },
  },
];
