// Other programs put something in the place of `fetch`: a client of ours, one that answers without a `body`, less than a Response.
import { answer } from "./mock.js";

const encoder = new TextEncoder();

/** `with` in the place of `fetch` while `work` runs. */
async function replaced(by, work) {
  const platform = globalThis.fetch;
  try {
    globalThis.fetch = by;
    // Where it cannot be replaced nobody can have done so.
    return globalThis.fetch === by ? await work(platform) : undefined;
  } finally {
    globalThis.fetch = platform;
  }
}

const events =
  ["Hel", "lo"].map((content) => `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`).join("") + "data: [DONE]\n\n";

/** What an old polyfill or a test answers with. */
const without = (body) => (text, type) => {
  const headers = new Headers({ "content-type": type });
  const bytes = async () => encoder.encode(text).buffer;
  const parts = { arrayBuffer: bytes, text: async () => text, json: async () => JSON.parse(text) };
  return { ok: true, status: 200, headers, ...Object.fromEntries(body.map((name) => [name, parts[name]])) };
};

const soon = () => new Promise((resolve) => setTimeout(resolve));

/** More often than any request here comes by: what runs in a circle is stopped, so that a failing test ends. */
const stopAfter = (most, by) => {
  let times = 0;
  const counted = async (input, init) => {
    if (++times > most) throw new Error("in a circle");
    await soon();
    return by(input, init);
  };
  return Object.assign(counted, { times: () => times });
};

/** How a function that waits passes a request on to `client.fetch`. */
const passedOn = {
  "as it came": (client) => (input, init) => client.fetch(input, init),
  "in a copy": (client) => (input, init) => client.fetch(input, { ...init }),
  "with a header more": (client) => (input, init) =>
    client.fetch(input, { ...init, headers: new Headers([...new Headers(init?.headers), ["x-a", "b"]]) }),
  "with a signal of its own": (client) => (input, init) => client.fetch(input, { ...init, signal: new AbortController().signal }),
};

export const replacedFetch = [
  ...Object.entries(passedOn).flatMap(([how, make]) =>
    [
      ["in the place of fetch", false],
      ["as the option fetch of the same client", true],
    ].map(([where, isOption]) => ({
      name: `where a function that waits and passes a request on to client.fetch ${how} stands ${where}, the request leaves by the platform's fetch, and is tried again as always`,
      async run({ api, mock, assert }) {
        const url = await mock.put("m", {
          script: [answer(503, { error: "Model is overloaded" }, { "retry-after-ms": "1" })],
          then: answer(200, { n: 1 }),
        });
        let client;
        const by = stopAfter(20, (input, init) => make(client)(input, init));
        client = api.createClient(isOption ? { fetch: by } : {});
        const calls = async () => {
          const init = { method: "POST", body: JSON.stringify({ inputs: "x" }), headers: { "content-type": "application/json" } };
          assert.deepEqual(await (await client.fetch(url, init)).json(), { n: 1 });
          assert.deepEqual(await client.query(url, { inputs: "x" }), { n: 1 });
          assert.equal(by.times(), 3);
        };
        if (isOption) await calls();
        else await replaced(by, async () => (await calls(), await (await fetch(url)).text()));
        assert.equal((await mock.stats("m")).requests, isOption || by.times() === 0 ? by.times() : 4);
      },
    })),
  ),
  {
    name: "a request that client.fetch passes on as it is and a function that waits hands back leaves by the platform's fetch",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { then: answer(200, { n: 1 }) });
      let client;
      const by = stopAfter(20, (input, init) => client.fetch(input, { ...init }));
      client = api.createClient({ fetch: by });
      const headers = { "x-a": "b" };
      for (const given of [{ redirect: "manual" }, { redirect: "manual", headers, signal: new AbortController().signal }]) {
        assert.deepEqual(await (await client.fetch(url, given)).json(), { n: 1 });
      }
      // What the caller gave marks nothing: the next request with it is the caller's own.
      assert.deepEqual(await (await client.fetch(url, { headers })).json(), { n: 1 });
      assert.equal(by.times(), "any" in AbortSignal ? 3 : 21);
    },
  },
  {
    name: "two clients each of which is the fetch of the other send by the platform's",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { then: answer(200, { n: 1 }) });
      const other = {};
      const one = api.createClient({ fetch: stopAfter(20, (input, init) => other.client.fetch(input, init)) });
      other.client = api.createClient({ fetch: stopAfter(20, (input, init) => one.fetch(input, init)) });
      assert.deepEqual(await (await one.fetch(url, { method: "POST", body: "{}" })).json(), { n: 1 });
      assert.equal((await mock.stats("m")).requests, 1);
    },
  },
  ...["waits", "does not wait"].map((how) => ({
    name: `a client that is made when a function around it is there already, which ${how}, says at once that its fetch leads back to it`,
    async run({ api, assert }) {
      let client;
      let times = 0;
      const by = async (input, init) => {
        if (++times > 500) throw new Error("in a circle");
        if (how === "waits") await soon();
        return (client ??= api.createClient()).fetch(input, init);
      };
      await replaced(by, async () => {
        const url = "http://127.0.0.1:9/";
        const message = "query-with-retry: fetch leads back to its own client: give createClient the platform's fetch as the option fetch";
        await assert.rejects(fetch(url, { method: "POST", body: "{}" }), { name: "TypeError", message });
        await assert.rejects(client.query(url, {}), { name: "TypeError", message });
        if ("any" in AbortSignal) await assert.rejects(fetch(url, { redirect: "manual" }), { name: "TypeError", message });
        assert.ok(times < 450, `${times} times`);
      });
    },
  })),
  {
    name: "a function around client.fetch may ask it again after a failure, and several times at once",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { then: answer(200, { n: 1 }) });
      let client;
      const by = async (input, init) => {
        await soon();
        for (let nth = 0; nth < 30; nth++) await (await client.fetch(input, init)).text();
        return Promise.any(Array.from({ length: 10 }, () => client.fetch(input, init)));
      };
      client = api.createClient({ fetch: by });
      assert.deepEqual(await client.query(url, {}), { n: 1 });
    },
  },
  ...["throws", "rejects"].map((how) => ({
    name: `what a fetch ${how} with is in the error, and is tried again`,
    async run({ api, assert }) {
      let times = 0;
      const thrown = new Error("no such interface: wlan7");
      const fetch = () => {
        times++;
        if (how === "throws") throw thrown;
        return Promise.reject(thrown);
      };
      const client = api.createClient({ fetch, maxRetries: 1 });
      const failure = { code: "network", detail: thrown.message };
      const error = await assert.rejects(client.query("http://127.0.0.1:9/", {}), failure);
      assert.equal(error.cause, thrown);
      assert.ok(error.message.includes(thrown.message), error.message);
      assert.equal(times, 2);
      await assert.rejects(client.stream("http://127.0.0.1:9/", {}).finalText(), failure);
      await assert.rejects(client.fetch("http://127.0.0.1:9/", { method: "POST", body: "{}" }), failure);
    },
  })),
  ...[
    ["client.fetch", (client) => client.fetch],
    ["a function around client.fetch", (client) => (input, init) => client.fetch(input, init)],
    [
      "the client.fetch of another client, made when the first one was there already",
      (client, api) => {
        globalThis.fetch = client.fetch;
        return api.createClient().fetch;
      },
    ],
  ].map(([what, make]) => ({
    name: `where ${what} is in the place of fetch, a request leaves once, and is tried again as always`,
    async run({ api, mock, assert }) {
      const url = await mock.put("m", {
        script: [answer(503, { error: "Model is overloaded" }, { "retry-after-ms": "1" })],
        then: answer(200, { n: 1 }),
      });
      const platform = globalThis.fetch;
      const by = make(api.createClient(), api);
      globalThis.fetch = platform;
      await replaced(by, async () => {
        const init = { method: "POST", body: JSON.stringify({ inputs: "x" }), headers: { "content-type": "application/json" } };
        const response = await fetch(url, init);
        assert.deepEqual(await response.json(), { n: 1 });
        assert.deepEqual(await api.queryWithRetry(url, { inputs: "x" }), { n: 1 });
      });
      assert.equal((await mock.stats("m")).requests, 3);
    },
  })),
  ...[["arrayBuffer", "text", "json"], ["text", "json"], ["json"]].map((parts) => ({
    name: `an answer without a body is read by its ${parts[0]}`,
    async run({ api, assert }) {
      const respond = without(parts);
      const json = api.createClient({ maxRetries: 0, fetch: async () => respond('{"n":1}', "application/json") });
      assert.deepEqual(await json.query("https://example.test/v1/embeddings", { input: "x" }), { n: 1 });
      assert.deepEqual(await (await json.fetch("https://example.test/v1/embeddings", { method: "POST", body: '{"input":"x"}' })).json(), { n: 1 });
      if (parts[0] === "json") return; // which no stream is
      const streams = api.createClient({ maxRetries: 0, fetch: async () => respond(events, "text/event-stream") });
      assert.equal(await streams.stream("https://example.test/v1/chat/completions", { messages: [] }).finalText(), "Hello");
    },
  })),
];
