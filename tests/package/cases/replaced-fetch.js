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

export const replacedFetch = [
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
