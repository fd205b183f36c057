// What servers out there answer with, byte for byte, by every way in.
import { vectors } from "./vectors.js";

const named = (vector) => `${vector.name}: ${vector.wire.slice(0, 120)}`;

/** Some at a time: each has a model of its own. */
async function each(all, check) {
  const left = all.map((vector, nth) => [vector, `v${nth}`]).values();
  const lane = async () => {
    for (const [vector, name] of left) await check(vector, name);
  };
  await Promise.all(Array.from({ length: 8 }, lane));
}

const put = (mock, name, { status, type, wire }) =>
  mock.put(name, { then: { status, headers: { "content-type": type, "retry-after-ms": "1" }, body: wire } });

const calls = {
  query: (client, url) => client.query(url, {}),
  stream: (client, url) => client.stream(url, {}).finalText(),
};

export const dialects = [
  ...Object.entries(calls).map(([ask, call]) => ({
    name: `of what servers answer, a ${ask} takes each for what it is`,
    async run({ api, mock, assert, runtime }) {
      await each(
        vectors.filter((vector) => vector.ask === ask),
        async (vector, name) => {
          const { expect } = vector;
          const url = await put(mock, name, vector);
          const client = api.createClient({ maxRetries: 1, retryBudget: false, loading: { maxWaitMs: 0 } });
          if (expect.ok) {
            const value = await call(client, url);
            if ("value" in expect) assert.deepEqual(value, expect.value, named(vector));
            if ("text" in expect) assert.equal(value, expect.text, named(vector));
          } else {
            const error = await assert.rejects(call(client, url), { name: "QueryError", code: streamCode(expect) }, named(vector));
            if (expect.words) assert.equal(error.detail, expect.words, named(vector));
            if (expect.layer) assert.equal(error.layer, expect.layer, named(vector));
            if (expect.text) assert.equal(error.partial, expect.text, named(vector));
          }
          // A stream that has begun is asked for once.
          const requests = expect.ok || expect.once || expect.text || expect.code === "model_loading" ? 1 : 2;
          const seen = (await mock.stats(name)).requests;
          // Chromium sends a request again by itself that a connection in use answers with a 408.
          if (runtime === "chromium" && vector.status === 408) assert.between(seen, requests, 20);
          else assert.equal(seen, requests, named(vector));
          assert.equal(client.stats()[0].breaker, "closed", named(vector));
        },
      );
    },
  })),
  {
    name: "of what servers answer, client.fetch passes on what is an answer, and tells what is none by its status",
    async run({ api, mock, assert }) {
      await each(vectors, async (vector, name) => {
        const { expect, wire, ask } = vector;
        const url = await put(mock, name, vector);
        const client = api.createClient({ maxRetries: 1, retryBudget: false, loading: { maxWaitMs: 0 } });
        const read = async () => {
          const init = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ stream: ask === "stream" }) };
          const response = await client.fetch(url, init);
          return [response.status, await response.text()];
        };
        if (expect.fetch === null) return assert.rejects(read(), {}, named(vector));
        const [status, text] = await read();
        assert.equal(status, expect.fetch ?? 200, named(vector));
        if (ask === "query" || status === 200) assert.equal(text, wire, named(vector));
        else assert.ok(text.trim().length > 0 && wire.includes(text.trim()), named(vector));
      });
    },
  },
];

/** A stream that has begun ends with its own code. */
const streamCode = ({ code, text }) => (text && code !== "stream_truncated" ? "stream_error" : code);
