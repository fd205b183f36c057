// How a stream is asked for, and what is told about it while it lasts.
import { answer } from "./mock.js";
import { events, formats, putStream, readAll, streamStep, words } from "./streamed.js";

const { payload } = formats.chat;
const STREAM = { tokens: 3, tokensPerSecond: 100 };
const ASKED = '{"inputs":"x","stream":true}';

const bytes = {
  "an ArrayBuffer": () => new TextEncoder().encode(ASKED).buffer,
  "a view": () => new TextEncoder().encode(`..${ASKED}.`).subarray(2, -1),
  "a Blob": () => new Blob([ASKED], { type: "application/json" }),
};

export const streamsAsking = [
  {
    name: "stream: true is put into a payload that does not say so, and stays where it is said",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { stream: STREAM });
      const mine = { inputs: "x", parameters: { top_k: 3 } };
      await api.streamWithRetry(`${url}/generate_stream`, mine).finalText();
      await api.streamWithRetry(`${url}/generate_stream`, { stream: true, inputs: "x" }).finalText();
      const { log } = await mock.stats("m");
      assert.deepEqual(JSON.parse(log[0].body), { ...mine, stream: true });
      assert.equal(log[1].body, '{"stream":true,"inputs":"x"}');
      assert.ok(log[0].headers["content-type"].startsWith("application/json"));
      assert.equal(log[0].method, "POST");
      assert.deepEqual(mine, { inputs: "x", parameters: { top_k: 3 } }, "the payload of the caller");
    },
  },
  {
    name: "stream: true is put into every kind of object that JSON can carry, but not into an array",
    async run({ api, mock, assert }) {
      class Prompt {
        inputs = "x";
      }
      class Said {
        toJSON() {
          return { inputs: "x" };
        }
      }
      const url = await mock.put("m", { then: streamStep(events({ n: 1 }, "[DONE]")) });
      for (const object of [Object.assign(Object.create(null), { inputs: "x" }), new Prompt(), new Said(), { inputs: "x", stream: undefined }]) {
        await api.streamWithRetry(url, object).finalText();
      }
      await api.streamWithRetry(url, [{ inputs: "x" }]).finalText();
      const { log } = await mock.stats("m");
      assert.deepEqual(
        log.map(({ body }) => JSON.parse(body)),
        [...Array(4).fill({ inputs: "x", stream: true }), [{ inputs: "x" }]],
      );
    },
  },
  {
    name: "a target with a model puts it first into the payload of a stream as well",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: STREAM });
      assert.equal(await api.streamWithRetry({ url, model: "org/name" }, { messages: [] }).finalText(), words(3).join(""));
      const { log } = await mock.stats("m");
      assert.ok(log[0].body.startsWith('{"model":"org/name",'), log[0].body);
      assert.deepEqual(JSON.parse(log[0].body), { model: "org/name", messages: [], stream: true });
    },
  },
  {
    name: "stream: false is a TypeError at once, and nothing is sent",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: STREAM });
      let thrown;
      try {
        api.streamWithRetry(url, { ...payload, stream: false });
      } catch (error) {
        thrown = error;
      }
      assert.ok(thrown instanceof TypeError, String(thrown));
      assert.ok(thrown.message.includes("stream: false"), thrown.message);
      assert.equal((await mock.stats("m")).requests, 0);
    },
  },
  ...[
    ["a bare string", (url) => [url, "Hi"], "payload"],
    ["an unknown option", (url) => [url, {}, { retries: 3 }], "retries"],
    ["a clock that is none", (url) => [url, {}, { timeouts: { idleMs: -5 } }], "idleMs"],
    ["a signal that is none", (url) => [url, {}, { signal: {} }], "signal"],
  ].map(([what, makeArguments, named]) => ({
    name: `${what} is a TypeError of streamWithRetry at once, and nothing is sent`,
    async run({ api, mock, assert }) {
      const url = await mock.put("m", {});
      let thrown;
      try {
        api.streamWithRetry(...makeArguments(url));
      } catch (error) {
        thrown = error;
      }
      assert.ok(thrown instanceof TypeError, String(thrown));
      assert.ok(thrown.message.includes(named), thrown.message);
      assert.equal((await mock.stats("m")).requests, 0);
    },
  })),
  ...[
    ["clocks that do not fit into each other are", (url) => [url, payload, { timeouts: { attemptMs: 2_000, totalMs: 1_000 } }], "attemptMs"],
    ["a target that is no address is", () => ["not a url", payload], "target"],
    ["a fallback that is no address is", (url) => [url, payload, { fallback: ["not a url"] }], "fallback[0]"],
  ].map(([what, makeArguments, named]) => ({
    name: `${what} a TypeError that a stream tells, and nothing is sent`,
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: STREAM });
      const stream = api.streamWithRetry(...makeArguments(url));
      const error = await assert.rejects(stream.finalText(), { name: "TypeError" });
      assert.ok(error.message.includes(named), error.message);
      assert.equal(await assert.rejects(stream.report), error);
      assert.equal((await mock.stats("m")).requests, 0);
    },
  })),
  ...Object.entries(bytes).map(([what, make]) => ({
    name: `${what} that asks for a stream goes as it is`,
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { stream: STREAM });
      const headers = { "content-type": "application/json" };
      const stream = api.streamWithRetry(`${url}/generate_stream`, make(), { headers });
      assert.equal(await stream.finalText(), words(3).join(""));
      assert.equal((await mock.stats("m")).log[0].body, ASKED);
    },
  })),
  {
    name: "a stream has the token and the headers of its call with every try",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: STREAM, script: [streamStep(events("[DONE]"))] });
      let asked = 0;
      const token = () => `hf_${++asked}`;
      await api.streamWithRetry(url, payload, { token, headers: { "x-mine": "yes" } }).finalText();
      const { log } = await mock.stats("m");
      assert.deepEqual(
        log.map(({ headers }) => [headers.authorization, headers["x-mine"]]),
        [
          ["Bearer hf_1", "yes"],
          ["Bearer hf_2", "yes"],
        ],
      );
    },
  },
  {
    name: "a token function that throws is what a stream rejects with",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: STREAM });
      const reason = new Error("no keychain");
      const stream = api.streamWithRetry(url, payload, { token: () => Promise.reject(reason) });
      assert.equal(await assert.rejects(stream.finalText()), reason);
      assert.equal(await assert.rejects(stream.report), reason);
      assert.equal((await mock.stats("m")).requests, 0);
    },
  },
  {
    name: "a token that a broken stream echoes is blanked out of the error",
    async run({ api, mock, assert }) {
      const step = { inject: { events: 2, text: events({ error: { message: "bad key hf_verysecret" } }), thenEnd: true } };
      const url = await putStream(mock, "m", { stream: STREAM, then: step });
      const { error } = await readAll(api.streamWithRetry(url, payload, { token: "hf_verysecret" }));
      assert.equal(error.code, "stream_error");
      for (const text of [error.detail, error.message, JSON.stringify(error)]) assert.ok(!text.includes("hf_verysecret"), text);
    },
  },
  {
    name: "the events of a stream come in order, the first text before its items and the response with its end",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: STREAM });
      const seen = [];
      const stream = api.streamWithRetry(url, payload, { onEvent: (event) => seen.push(event) });
      for await (const _ of stream) seen.push({ type: "item" });
      const items = Array(5).fill("item");
      assert.deepEqual(
        seen.map(({ type }) => type).filter((type) => type !== "response" && type !== "success"),
        ["attempt", "first_token", ...items],
      );
      assert.deepEqual(
        seen.filter(({ type }) => type !== "item").map(({ type }) => type),
        ["attempt", "first_token", "response", "success"],
      );
      const [, , response, success] = seen.filter(({ type }) => type !== "item");
      assert.deepEqual(response, { type: "response", attempt: 1, status: 200, outcome: "ok" });
      assert.equal(success.report, await stream.report);
    },
  },
  {
    name: "the events of a stream that is tried again tell of every try",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: STREAM, script: [answer(503, { error: "busy" }), streamStep(events("[DONE]"))] });
      const seen = [];
      const stream = api.streamWithRetry(url, payload, { onEvent: (event) => seen.push(event) });
      await stream.finalText();
      const tries = ["attempt", "response", "wait", "attempt", "response", "wait", "attempt"];
      assert.deepEqual(
        seen.map(({ type }) => type),
        [...tries, "first_token", "response", "success"],
      );
      assert.deepEqual(
        seen.filter(({ type }) => type === "response").map(({ outcome }) => outcome),
        ["unavailable", "bad_response", "ok"],
      );
    },
  },
  {
    name: "an onEvent that throws does not break a stream",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: STREAM });
      const onEvent = () => {
        throw new Error("a bug in the page");
      };
      assert.equal(await api.streamWithRetry(url, payload, { onEvent }).finalText(), words(3).join(""));
    },
  },
  {
    name: "twenty streams at once are all whole",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: { tokens: 20, tokensPerSecond: 200 } });
      const texts = await Promise.all(Array.from({ length: 20 }, () => api.streamWithRetry(url, payload).finalText()));
      for (const text of texts) assert.equal(text, words(20).join(""));
      assert.equal((await mock.stats("m")).requests, 20);
    },
  },
];
