// Batches under attack: targets that fail as a whole, answers that fit no input, aborts, callbacks that throw, bad input.
import { batch } from "query-with-retry/batch";
import { CLASSES, labelOf, meet, texts } from "./batch.js";
import { settledAfter, sleep } from "./clock.js";
import { answer } from "./mock.js";

const codes = (items) => [...new Set(items.map(({ ok, error }) => (ok ? "ok" : error.code)))];

export const batchesAttacked = [
  ...[
    ["401", { then: answer(401, { error: "Invalid credentials" }) }, {}, "unauthorized", 4],
    ["404", { then: answer(404, { error: "Model not found" }) }, {}, "not_found", 4],
    ["402", { then: answer(402, { error: "credits" }) }, {}, "credits_exhausted", 4],
    ["a server that never answers", { latencyMs: 60_000 }, { timeouts: { attemptMs: 300 }, maxRetries: 0 }, "timeout", 8],
    ["a 500 each time", { then: answer(500, { error: "unknown error" }) }, { maxRetries: 0 }, "engine_failure", 8],
    ["a 429 each time", { then: answer(429, { error: "slow down" }) }, { maxRetries: 0 }, "rate_limited", 8],
    ["a refusal of every input in the same words", { then: answer(422, { error: "unknown parameter" }) }, {}, "bad_request", 30],
    ["a 413 for every input", { then: answer(413, "no") }, {}, "too_large", 30],
  ].map(([name, scenario, options, code, most]) => ({
    name: `a batch of 1,000 inputs that meets ${name} ends with that for each, after ${most} requests at most`,
    async run({ api, mock, assert }) {
      const { url, client, cost } = await meet(api, mock, scenario);
      const { items, requests } = await cost(() => batch(client, url + CLASSES, texts(1000), options));
      assert.equal(items.length, 1000);
      assert.deepEqual(codes(items), [code]);
      assert.between(requests, 1, most);
    },
  })),
  {
    name: "a batch whose target failed as a whole sends nothing that still waits for its turn",
    async run({ api, mock, assert }) {
      const { url, client, cost } = await meet(api, mock, { batch: {} }, { concurrency: { min: 2, max: 2 } });
      await batch(client, url + CLASSES, texts(64));
      await mock.put("b", { cors: "open", latencyMs: 100, then: { ...answer(401, { error: "Invalid credentials" }), delayMs: 100 } });
      const { items, requests } = await cost(() => batch(client, url + CLASSES, texts(1000)));
      assert.deepEqual(codes(items), ["unauthorized"]);
      assert.between(requests, 1, 3);
    },
  },
  {
    name: "an open circuit ends a batch without a request",
    async run({ api, mock, assert }) {
      const { url, client, cost } = await meet(api, mock, { then: answer(500, { error: "unknown error" }) }, { breaker: { failures: 1 } });
      await batch(client, url + CLASSES, ["x"], { maxRetries: 0 });
      const { items, requests } = await cost(() => batch(client, url + CLASSES, texts(1000)));
      assert.deepEqual([codes(items), requests], [["circuit_open"], 0]);
    },
  },
  {
    name: "one request that fails for a moment costs its own inputs alone",
    async run({ api, mock, assert }) {
      const { url, client, cost } = await meet(api, mock, { script: [{}, {}, answer(500, { error: "unknown error" })] });
      const { items } = await cost(() => batch(client, url + CLASSES, texts(320), { maxRetries: 0 }));
      assert.equal(items.filter(({ ok }) => !ok).length, 32);
    },
  },
  ...[
    ["one result for all", [[{ label: "x" }]]],
    ["a result too few", Array(31).fill([])],
    ["a result too many", Array(33).fill([])],
    ["an object", { labels: [] }],
    ["a number", 7],
    ["embeddings without an index", { data: Array(32).fill({ embedding: [] }) }],
    ["embeddings with one index for all", { data: Array(32).fill({ index: 0, embedding: [] }) }],
  ].map(([name, body]) => ({
    name: `an answer of ${name} is bad_response for each input, never a shifted result, and ends the batch`,
    async run({ api, mock, assert }) {
      const { url, client, cost } = await meet(api, mock, { then: answer(200, body) });
      const { items, requests } = await cost(() => batch(client, `${url}/embed`, texts(320)));
      assert.deepEqual(codes(items), ["bad_response"]);
      assert.between(requests, 1, 8);
      assert.ok(items[0].error instanceof api.QueryError && items[0].error.detail, items[0].error?.message);
      assert.equal(items[0].error.report.attempts.length, 1);
    },
  })),
  {
    name: "an input for which a server that takes many gives no result fails alone, for 16 requests more at most",
    async run({ api, mock, assert }) {
      const { url, client, cost } = await meet(api, mock, { batch: { poison: "poison", poisoned: answer(200, []) } });
      const inputs = texts(256);
      inputs[200] = "poison";
      for (const [maxBatchSize, plain] of [
        [undefined, 8],
        [256, 1],
      ]) {
        await batch(client, url + CLASSES, texts(32));
        const { items, requests } = await cost(() => batch(client, url + CLASSES, inputs, { maxBatchSize }));
        assert.deepEqual(
          items.map(labelOf),
          inputs.map((text) => (text === "poison" ? "bad_response" : text)),
        );
        assert.equal(items[200].error.detail, "0 results for 1 input");
        assert.between(requests, plain + 1, plain + 16);
      }
      const { requests } = await cost(() => batch(client, url + CLASSES, texts(256)));
      assert.between(requests, 1, 8);
    },
  },
  {
    name: "a server that gives no results any more, after it gave some, ends a batch of 1,000 inputs after 50 requests at most",
    async run({ api, mock, assert }) {
      const { url, client, cost } = await meet(api, mock, { script: [answer(200, Array(32).fill([]))], then: answer(200, []) });
      const { items, requests } = await cost(() => batch(client, `${url}/embed`, texts(1000)));
      assert.equal(items.filter(({ ok }) => ok).length, 32);
      assert.deepEqual(codes(items).sort(), ["bad_response", "ok"]);
      assert.between(requests, 10, 50);
    },
  },
  {
    name: "an error or nothing in the place of one result fails that input alone",
    async run({ api, mock, assert }) {
      const { url, client } = await meet(api, mock, { then: answer(200, [[1], { error: "too long" }, null, [4]]) });
      const items = await batch(client, `${url}/embed`, texts(4));
      assert.deepEqual(
        items.map(({ ok, error }) => ok || [error.code, error.detail]),
        [true, ["bad_response", "too long"], ["bad_response", "no result for this input"], true],
      );
    },
  },
  ...[
    ["null", null],
    ["nothing but null, as JSON says NaN", [null, null]],
    ["a number and null", [0.5, null]],
    ["no number", []],
  ].flatMap(([what, vector]) => {
    const at = (index) => (index === 1 ? vector : [index]);
    const data = [0, 1, 2].map((index) => ({ object: "embedding", index, embedding: at(index) }));
    const forms = { "/v1/embeddings": { data }, "/api/embed": { embeddings: [at(0), vector, at(2)] } };
    // Elsewhere an empty list may be the result: a text without a name in it has no entities.
    if (vector?.length !== 0) forms["/embed"] = [at(0), vector, at(2)];
    return Object.entries(forms).map(([path, body]) => ({
      name: `an embedding of ${what} at ${path} is no result, and fails its own input alone`,
      async run({ api, mock, assert }) {
        const { url, client } = await meet(api, mock, { then: answer(200, body) });
        const items = await batch(client, url + path, texts(3));
        assert.deepEqual(
          items.map(({ ok, value, error }) => (ok ? value : [error.code, error.detail])),
          [[0], ["bad_response", "no result for this input"], [2]],
        );
      },
    }));
  }),
  {
    name: "an empty list among the results of another route is a result",
    async run({ api, mock, assert }) {
      const { url, client } = await meet(api, mock, { then: answer(200, [[], [{ word: "Paris" }]]) });
      const items = await batch(client, `${url}/pipeline/token-classification`, texts(2));
      assert.deepEqual(
        items.map(({ value }) => value),
        [[], [{ word: "Paris" }]],
      );
    },
  },
  {
    name: "an abort rejects a batch with its reason at once, after onItem has heard of all that was finished",
    async run({ api, mock, assert }) {
      const { url, client } = await meet(api, mock, { script: [{}, {}], then: { delayMs: 30_000 } });
      const controller = new AbortController();
      const heard = [];
      const call = batch(client, url + CLASSES, texts(320), {
        signal: controller.signal,
        onItem: (index, item) => heard.push([index, labelOf(item)]),
      });
      const ended = assert.rejects(call, { name: "MyReason" });
      await mock.statsOnce("b", ({ log }) => log.filter(({ outcome }) => outcome === "sent").length === 2, "two answers");
      await sleep(100);
      controller.abort(Object.assign(new Error("enough"), { name: "MyReason" }));
      assert.between(await settledAfter(call), 0, 100);
      await ended;
      assert.equal(heard.length, 64);
      assert.ok(heard.every(([index, label]) => label === `text ${index}`));
      await mock.statsOnce("b", ({ inFlight }) => inFlight === 0, "the requests leave");
      const { requests } = await mock.stats("b");
      await sleep(200);
      assert.equal((await mock.stats("b")).requests, requests, "nothing is sent after an abort");
      assert.equal(heard.length, 64);
    },
  },
  {
    name: "an abort in each callback, and before the call, ends a batch",
    async run({ api, mock, assert }) {
      const { url, client, cost } = await meet(api, mock, {});
      for (const at of ["onItem", "onProgress", "onEvent"]) {
        const controller = new AbortController();
        let times = 0;
        const abort = () => {
          times++;
          controller.abort("mine");
        };
        const call = batch(client, url + CLASSES, texts(320), { signal: controller.signal, [at]: abort });
        assert.equal(await call.catch((reason) => reason), "mine", at);
        if (at !== "onEvent") assert.equal(times, 1, at);
      }
      const { items, requests } = await cost(() =>
        batch(client, url + CLASSES, texts(9), { signal: AbortSignal.abort("before") }).catch((reason) => reason),
      );
      assert.deepEqual([items, requests], ["before", 0]);
    },
  },
  {
    name: "callbacks that throw or reject change nothing",
    async run({ api, mock, assert }) {
      const { url, client } = await meet(api, mock, { batch: { poison: "poison" } });
      const { error } = console;
      console.error = () => {};
      try {
        const inputs = [...texts(40), "poison"];
        const options = {
          onItem: () => Promise.reject(new Error("mine")),
          onProgress() {
            throw new Error("mine");
          },
          onEvent() {
            throw new Error("mine");
          },
        };
        const items = await batch(client, url + CLASSES, inputs, options);
        assert.deepEqual(items.map(labelOf), [...inputs.slice(0, -1), "bad_request"]);
        await sleep(20);
      } finally {
        console.error = error;
      }
    },
  },
  {
    name: "inputs, parameters and a target that are changed after the call change nothing",
    async run({ api, mock, assert }) {
      const { url, client } = await meet(api, mock, {}, { concurrency: { min: 1, max: 1 } });
      const inputs = texts(100).map((text) => ({ text }));
      const parameters = { top_k: 2 };
      const target = { url: url + CLASSES };
      const call = batch(client, target, inputs, { parameters });
      for (const input of inputs) input.text = "changed";
      inputs.length = 3;
      parameters.top_k = 9;
      target.url = "http://127.0.0.1:1/";
      const items = await call;
      assert.deepEqual(
        items.map(labelOf),
        texts(100).map((text) => JSON.stringify({ text })),
      );
      const { log } = await mock.stats("b");
      assert.ok(log.every(({ body }) => JSON.parse(body).parameters.top_k === 2));
    },
  },
  {
    name: "bad input of a batch is a TypeError at once, and no request",
    async run({ api, mock, assert }) {
      const { url, client, cost } = await meet(api, mock, {});
      const circular = {};
      circular.itself = circular;
      const holed = ["x"];
      holed[2] = "y";
      const bad = [
        ["inputs must be an array, got a string", [client, url, "text"]],
        ["inputs must be an array", [client, url]],
        ["inputs[1] must be", [client, url, ["x", undefined]]],
        ["inputs[1] must be", [client, url, holed]],
        ["inputs[0] must be", [client, url, [null]]],
        ["inputs[0] must be", [client, url, [() => {}]]],
        ["inputs[0] must be", [client, url, [circular]]],
        ["inputs[0] must be", [client, url, [NaN]]],
        ["inputs[0] must be", [client, url, [10n]]],
        ["inputs[0] must be", [client, url, [new Uint8Array(2)]]],
        ["inputs[0] must be", [client, url, [new Map()]]],
        ["inputs[0] must be", [client, url, [Promise.resolve("x")]]],
        ["maxBatchSize must be", [client, url, ["x"], { maxBatchSize: 0 }]],
        ["maxBatchSize must be", [client, url, ["x"], { maxBatchSize: 1.5 }]],
        ["onItem must be", [client, url, ["x"], { onItem: 1 }]],
        ["onProgress must be", [client, url, ["x"], { onProgress: "x" }]],
        ["parameters must be", [client, url, ["x"], { parameters: ["x"] }]],
        ["parameters must be", [client, url, ["x"], { parameters: { big: 1n } }]],
        ["unknown option maxBatch ", [client, url, ["x"], { maxBatch: 3 }]],
        ["unknown option response", [client, url, ["x"], { response: "text" }]],
        ["client must be made by createClient", [{}, url, ["x"]]],
        ["client must be made by createClient", [undefined, url, ["x"]]],
        ["target", [client, "http://", ["x"]]],
        ["a chat takes one", [client, `${url}/v1/chat/completions`, ["x"]]],
        ["fallback[0]", [client, `${url}/embed`, ["x"], { fallback: [`${url}/v1/embeddings`] }]],
        ["fallback[1]", [client, url, ["x"], { fallback: ["org/model", `${url}/v1/completions`] }]],
        ["a chat takes one", [client, url, ["x"], { fallback: [`${url}/v1/chat/completions`] }]],
        ["totalMs", [client, url, ["x"], { timeouts: { attemptMs: 10, totalMs: 5 } }]],
      ];
      const { requests } = await cost(async () => {
        for (const [words, given] of bad) {
          const error = await assert.rejects(batch(...given), { name: "TypeError" }, words);
          assert.ok(error.message.startsWith("query-with-retry: ") && error.message.includes(words), `${words}: ${error.message}`);
        }
      });
      assert.equal(requests, 0);
    },
  },
  {
    name: "a client that is closed takes no batch, and one under way runs to its end",
    async run({ api, mock, assert }) {
      const { url, client } = await meet(api, mock, { latencyMs: 20 });
      const call = batch(client, url + CLASSES, texts(640));
      await sleep(30);
      client.close();
      assert.deepEqual((await call).map(labelOf), texts(640));
      const error = await assert.rejects(batch(client, url + CLASSES, ["x"]));
      assert.ok(error.message.includes("closed"), error.message);
    },
  },
  {
    name: "a batch of 100,000 inputs ends, in order, and one of them that is poisoned fails alone",
    limitMs: 120_000,
    async run({ api, mock, assert }) {
      const { url, client } = await meet(api, mock, { batch: { poison: "poison", largest: 2048 } });
      const inputs = texts(100_000);
      inputs[66_666] = "poison";
      const items = await batch(client, url + CLASSES, inputs, { maxBatchSize: 2048 });
      const wrong = items.findIndex((item, at) => at !== 66_666 && labelOf(item) !== inputs[at]);
      assert.equal(wrong, -1);
      assert.equal(items[66_666].error?.code, "bad_request");
    },
  },
];
