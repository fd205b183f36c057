// Where a model id goes. The router is not reached from here: what is sent to it is looked at, and
// goes to the mock instead.
import { answer } from "./mock.js";

const ROUTER = "https://router.huggingface.co";

/** While `work` runs, requests to the router go to `url`; gives what was sent where. */
async function instead(url, work) {
  const sent = [];
  const { fetch } = globalThis;
  globalThis.fetch = (input, init) => {
    const address = String(input);
    if (!address.startsWith(ROUTER)) return fetch(input, init);
    sent.push({ address, body: init.body, headers: { ...init.headers }, method: init.method });
    return fetch(url, init);
  };
  try {
    await work();
  } finally {
    globalThis.fetch = fetch;
  }
  return sent;
}

export const routes = [
  {
    name: "a model id with messages goes to the router's chat route, the model first in the body",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { healthy: answer(200, { n: 1 }) });
      const messages = [{ role: "user", content: "Hi" }];
      const sent = await instead(url, async () => {
        assert.deepEqual(await api.queryWithRetry("org/name:groq", { messages, model: "other" }, { token: "hf_abcd" }), { n: 1 });
      });
      assert.deepEqual(
        sent.map(({ address }) => address),
        [`${ROUTER}/v1/chat/completions`],
      );
      assert.equal(sent[0].body, `{"model":"org/name:groq","messages":${JSON.stringify(messages)}}`);
      assert.equal(sent[0].method, "POST");
      assert.deepEqual(sent[0].headers, { authorization: "Bearer hf_abcd", "content-type": "application/json" });
      assert.equal((await mock.stats("m")).log[0].body, sent[0].body);
    },
  },
  {
    name: "a model id with any other payload goes to its hf-inference route, the payload untouched",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { healthy: answer(200, [{ generated_text: "and sat" }]) });
      const sent = await instead(url, async () => {
        const { data, report } = await api.queryWithReport("org/name", { inputs: "The cat" });
        assert.deepEqual(data, [{ generated_text: "and sat" }]);
        assert.equal(report.servedBy, "org/name");
      });
      assert.deepEqual(
        sent.map(({ address, body }) => [address, body]),
        [[`${ROUTER}/hf-inference/models/org/name`, '{"inputs":"The cat"}']],
      );
    },
  },
  {
    name: "a model beside a URL goes first into the body, in place of the payload's own",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { healthy: answer(200, { n: 1 }) });
      await api.queryWithRetry({ url, model: "llama3:8b" }, { prompt: "Hi", model: "other" });
      await api.queryWithRetry({ url, model: "llama3:8b" }, {});
      const { log } = await mock.stats("m");
      assert.deepEqual(
        log.map(({ body }) => body),
        ['{"model":"llama3:8b","prompt":"Hi"}', '{"model":"llama3:8b"}'],
      );
    },
  },
  {
    name: "a fallback elsewhere gets neither the token nor the headers of the call, but its own",
    async run({ api, mock, assert }) {
      const broken = await mock.put("broken", { then: { status: 500, body: { error: "down" } } });
      const spare = await mock.put("spare", { healthy: answer(200, { n: 1 }) });
      const options = { token: "hf_abcd", headers: { "x-own": "secret" }, maxRetries: 0 };
      const sent = await instead(broken, async () => {
        await api.queryWithRetry("org/name", { inputs: "x" }, { ...options, fallback: [spare] });
        await api.queryWithRetry("org/name", { inputs: "x" }, { ...options, fallback: [{ url: spare, token: "key_of_the_spare" }] });
      });
      assert.deepEqual(
        sent.map(({ headers }) => [headers.authorization, headers["x-own"]]),
        Array(2).fill(["Bearer hf_abcd", "secret"]),
      );
      const { log } = await mock.stats("spare");
      assert.deepEqual(
        log.map(({ headers }) => [headers.authorization, headers["x-own"]]),
        [
          [undefined, undefined],
          ["Bearer key_of_the_spare", undefined],
        ],
      );
    },
  },
  {
    name: "a host that can hold is asked to, in the words of its kind, and no other is",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { healthy: answer(200, { n: 1 }) });
      for (const profile of ["endpoint", "legacy", "openai"]) {
        await api.queryWithRetry({ url, profile }, {}, { loading: { hold: 30_000 } });
      }
      await api.queryWithRetry({ url, profile: "endpoint" }, {});
      const { log } = await mock.stats("m");
      assert.deepEqual(
        log.map(({ headers }) => [headers["x-scale-up-timeout"], headers["x-wait-for-model"]]),
        [
          ["30", undefined],
          [undefined, "true"],
          [undefined, undefined],
          [undefined, undefined],
        ],
      );
    },
  },
];
