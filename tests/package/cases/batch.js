// Batches against a server that takes so many inputs, so many words, or not one of them: requests counted, results in order.
import { batch } from "query-with-retry/batch";
import { answer } from "./mock.js";

export const texts = (count, name = "text") => Array.from({ length: count }, (_, at) => `${name} ${at}`);

/** What the mock says of each text is the text itself, so a shifted result shows. */
export const CLASSES = "/pipeline/text-classification";
export const labelOf = ({ ok, value, error }) => (ok ? value[0].label : error.code);

/** A client and a model, and what `batch` costs there. */
export async function meet(api, mock, scenario, options) {
  const url = await mock.put("b", { cors: "open", ...scenario });
  const client = api.createClient(options);
  const cost = async (run) => {
    const before = (await mock.stats("b")).requests;
    const items = await run();
    const { requests, log } = await mock.stats("b");
    const seen = requests > before ? log.slice(before - requests) : [];
    return { items, requests: seen.length, refused: seen.filter(({ status }) => status !== 200).length };
  };
  return { url, client, cost };
}

export const batches = [
  {
    name: "a batch of 1,000 inputs has its results in order, 32 in a request, and no request is refused",
    async run({ api, mock, assert }) {
      const { url, client, cost } = await meet(api, mock, { batch: { largest: 32 } });
      const inputs = texts(1000);
      const { items, requests, refused } = await cost(() => batch(client, url + CLASSES, inputs));
      assert.deepEqual(items.map(labelOf), inputs);
      assert.deepEqual([requests, refused], [32, 0]);
    },
  },
  ...[256, 1000].flatMap((maxBatchSize) =>
    ["openai", "tei", "tgi"].map((server) => ({
      name: `a batch that begins with ${maxBatchSize} in a request: ${server} refuses at most 12 of them the first time, and none the second`,
      async run({ api, mock, assert }) {
        const { url, client, cost } = await meet(api, mock, { server, batch: { largest: 32 } });
        const inputs = texts(1000);
        const path = server === "tei" ? "/embed" : CLASSES;
        const first = await cost(() => batch(client, url + path, inputs, { maxBatchSize }));
        assert.ok(first.items.every(({ ok }) => ok));
        if (path === CLASSES) assert.deepEqual(first.items.map(labelOf), inputs);
        assert.between(first.refused, 1, 12);
        const second = await cost(() => batch(client, url + path, inputs, { maxBatchSize }));
        assert.deepEqual([second.requests, second.refused], [32, 0]);
        // Another client has not found it out.
        const other = await cost(() => batch(api.createClient(), url + path, texts(100), { maxBatchSize }));
        assert.ok(other.refused > 0);
      },
    })),
  ),
  ...[
    ["too many words", "openai", { tokens: 40 }],
    ["a 424 out of memory", "tgi", { memory: 8 }],
    ["a 400 out of memory", "toolkit", { memory: 8 }],
  ].map(([name, server, limits]) => ({
    name: `a batch is split where a request is refused for ${name}, and no request is repeated unsplit`,
    async run({ api, mock, assert }) {
      const { url, client, cost } = await meet(api, mock, { server, batch: limits });
      const inputs = texts(300);
      const first = await cost(() => batch(client, url + CLASSES, inputs));
      assert.deepEqual(first.items.map(labelOf), inputs);
      assert.between(first.refused, 1, 12);
      const second = await cost(() => batch(client, url + CLASSES, inputs));
      assert.equal(second.refused, 0);
    },
  })),
  ...[
    ["422", undefined, "bad_request"],
    ["400", answer(400, { error: "index out of range in self" }), "bad_request"],
    ["413", answer(413, "too large"), "too_large"],
    ["424 out of memory", answer(424, { error: "CUDA out of memory", error_type: "generation" }), "engine_failure"],
    ["400 out of memory", answer(400, { error: "CUDA out of memory" }), "engine_failure"],
  ].map(([name, poisoned, code]) => ({
    name: `one poisoned input among 256 fails alone with its ${name}, for 16 requests more at most`,
    async run({ api, mock, assert }) {
      const { url, client, cost } = await meet(api, mock, { batch: { poison: "poison", poisoned } });
      for (const [maxBatchSize, plain] of [
        [undefined, 8],
        [256, 1],
      ]) {
        const inputs = texts(256);
        inputs[77] = "poison";
        const { items, requests } = await cost(() => batch(client, url + CLASSES, inputs, { maxBatchSize }));
        const expected = inputs.with ? inputs.with(77, code) : inputs.map((text, at) => (at === 77 ? code : text));
        assert.deepEqual(items.map(labelOf), expected);
        assert.between(requests, plain + 1, plain + 16);
        const { error } = items[77];
        assert.ok(error instanceof api.QueryError);
        assert.equal(error.report.attempts.length, 1);
      }
    },
  })),
  {
    name: "a batch has as many requests in flight as the client's limiter lets through",
    async run({ api, mock, assert }) {
      const { url, client } = await meet(api, mock, { latencyMs: 40 }, { concurrency: { min: 4, max: 4 } });
      await batch(client, `${url}/embed`, texts(640));
      assert.equal((await mock.stats("b")).maxInFlight, 4);
      const wider = await meet(api, mock, { latencyMs: 40 }, { concurrency: { min: 12, max: 12 } });
      await batch(wider.client, `${url}/embed`, texts(64)); // the size has worked
      await batch(wider.client, `${url}/embed`, texts(1280));
      // Workers and pages have fewer connections.
      assert.between((await mock.stats("b")).maxInFlight, 5, 12);
    },
  },
  {
    name: "the progress of a batch counts up to all inputs, and its items are told as they end",
    async run({ api, mock, assert }) {
      const { url, client } = await meet(api, mock, { batch: { poison: "poison" } });
      const inputs = [...texts(99), "poison"];
      const told = [];
      const heard = [];
      const onProgress = (progress) => told.push(progress);
      const items = await batch(client, url + CLASSES, inputs, { onProgress, onItem: (index, item) => heard.push([index, item]) });
      assert.deepEqual(told.at(-1), { done: 100, failed: 1, total: 100, batchSize: 32 });
      assert.ok(told.every(({ done }, at) => at === 0 || done >= told[at - 1].done));
      assert.equal(new Set(heard.map(([index]) => index)).size, 100);
      assert.ok(heard.length === 100 && heard.every(([index, item]) => item === items[index]));
    },
  },
  {
    name: "a batch asks each route in its own form, with its parameters where that route has them",
    async run({ api, mock, assert }) {
      const { url, client } = await meet(api, mock, {});
      const two = ["one", "two"];
      const sent = async (path, options, target = url + path) => {
        const items = await batch(client, target, two, options);
        const { log } = await mock.stats("b");
        return [JSON.parse(log.at(-1).body), items];
      };
      const [openai, vectors] = await sent("/v1/embeddings", { parameters: { dimensions: 8 } }, { url: `${url}/v1/embeddings`, model: "m" });
      assert.deepEqual(openai, { model: "m", dimensions: 8, input: two });
      const [tei, same] = await sent("/embed", { parameters: { normalize: true } });
      assert.deepEqual(tei, { normalize: true, inputs: two });
      assert.deepEqual(vectors, same);
      const [generation, generated] = await sent("", { parameters: { max_new_tokens: 5 } });
      assert.deepEqual(generation, { inputs: two, parameters: { max_new_tokens: 5 } });
      assert.deepEqual(generated[1], { ok: true, value: [{ generated_text: "You said: two" }] });
      const [pair] = await sent("/predict", {});
      assert.deepEqual(pair, { inputs: [["one"], ["two"]] });
      const [classes] = await sent(CLASSES, { parameters: { top_k: 2 } });
      assert.deepEqual(classes, { inputs: two, parameters: { top_k: 2 } });
    },
  },
  {
    name: "embeddings that come in another order are placed by their index",
    async run({ api, mock, assert }) {
      const data = [2, 0, 1].map((index) => ({ object: "embedding", index, embedding: [index] }));
      const { url, client } = await meet(api, mock, { then: answer(200, { object: "list", data }) });
      const items = await batch(client, `${url}/v1/embeddings`, texts(3));
      assert.deepEqual(
        items.map(({ value }) => value),
        [[0], [1], [2]],
      );
    },
  },
  {
    name: "a batch waits for a cold model, with one call that looks",
    async run({ api, mock, assert }) {
      const { url, client, cost } = await meet(api, mock, { cold: { ms: 1_200, says: 2 } });
      const inputs = texts(320);
      const { items, requests } = await cost(() => batch(client, url + CLASSES, inputs));
      assert.deepEqual(items.map(labelOf), inputs);
      assert.between(requests, 11, 20);
    },
  },
  {
    name: "no input is no request, and a repeated input has a result each time",
    async run({ api, mock, assert }) {
      const { url, client, cost } = await meet(api, mock, {});
      const none = await cost(() => batch(client, url + CLASSES, []));
      assert.deepEqual([none.items.length, none.requests], [0, 0]);
      const same = await cost(() => batch(client, url + CLASSES, Array(100).fill("same")));
      assert.deepEqual(same.items.map(labelOf), Array(100).fill("same"));
    },
  },
];
