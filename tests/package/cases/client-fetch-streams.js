// Event streams through the fetch of a client: byte for byte, until they break, and never in silence.
import { settledAfter, sleep } from "./clock.js";
import { answer } from "./mock.js";
import { events, finishes, formats, putStream, readBy, says, streamStep } from "./streamed.js";

const STREAM = { tokens: 9, tokensPerSecond: 100 };
const JSON_TYPE = { "content-type": "application/json" };
const ask = (payload = formats.chat.payload, more = {}) => ({
  method: "POST",
  headers: JSON_TYPE,
  body: JSON.stringify({ ...payload, stream: true }),
  ...more,
});

/** Of the body of a response: the text that came, and the error where it does not end well. */
async function readText(response) {
  const { items, error } = await readBy(response.body.getReader());
  const bytes = await new Blob(items).arrayBuffer();
  return { text: new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes), error, pieces: items };
}

/** Anthropic's: nobody told us how they end. */
const FOREIGN = ["message_start", "content_block_delta", "content_block_delta", "message_stop"]
  .map((type, at) => `event: ${type}\n${events({ type, index: at, delta: { text: "naïve" } })}`)
  .join("");

/** A chat of so many words as a body, with its end or without. */
const chat = (count, ...end) => events(...Array.from({ length: count }, (_, at) => says(`word${at} `)), ...end);
const WHOLE = chat(3, finishes("stop"), "[DONE]");
/** Ends 300 ms after so many events, without another. */
const lingers = (body, events) => ({ ...streamStep(`${body}: bye-bye\n\n`), fault: { kind: "drip", at: "body", events, everyMs: 30 } });

export const clientFetchStreams = [
  ...Object.entries(formats).map(([format, { payload, lines }]) => ({
    name: `a whole ${format} stream passes through client.fetch byte for byte`,
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: { tokens: 9 } }, formats[format]);
      const own = await api.createClient().fetch(url, ask(payload));
      assert.deepEqual([own.status, own.url, own.headers.get("content-type")], [200, url, lines ? "application/x-ndjson" : "text/event-stream"]);
      const { text, error } = await readText(own);
      assert.equal(error, undefined);
      const timeless = (text) => text.replace(/"created(_at)?":[\d.]+/g, "");
      assert.equal(timeless(text), timeless(await (await fetch(url, ask(payload))).text()));
      assert.equal((await mock.stats("m")).requests, 2);
    },
  })),
  {
    name: "what comes after [DONE] in later pieces passes through client.fetch too, and what does not end ends it no later than half a second",
    async run({ api, mock, assert }) {
      const client = api.createClient();
      const body = `${WHOLE}: bye\n\n${events({ usage: { tokens: 3 } })}`;
      const late = await mock.put("late", { then: { ...streamStep(body), fault: { kind: "drip", at: "body", events: 5, everyMs: 4 } } });
      assert.equal((await readText(await client.fetch(late, ask()))).text, body);
      const open = await mock.put("open", { then: { ...streamStep(WHOLE), fault: { kind: "stall", events: 5 } } });
      const response = await client.fetch(open, ask());
      const reading = readText(response);
      assert.between(await settledAfter(reading), 300, 2_000);
      const { text, error } = await reading;
      assert.deepEqual([text, error], [WHOLE, undefined]);
      assert.equal(client.stats()[0].inFlight, 0);
    },
  },
  {
    name: "every oddity of the wire passes through client.fetch as it came",
    async run({ api, mock, assert }) {
      const client = api.createClient();
      const odd = [
        `\uFEFF: hello\r\n\r\nretry: 10\r\nid: 7\r\nevent: x\r\ndata:{"choices":[{"index":0,"delta":{"content":"日本語"},"finish_reason":null}]}\r\n\r\ndata: [DONE]\r\n\r\n`,
        `${WHOLE.replaceAll("\n", "\r")}`,
        `${WHOLE}: bye\n\n${events({ usage: { tokens: 3 } })}`,
      ];
      for (const [at, body] of odd.entries()) {
        const url = await mock.put(`m${at}`, { then: streamStep(body) });
        const { text, error } = await readText(await client.fetch(url, ask()));
        assert.equal(error, undefined, String(at));
        assert.equal(text, body, String(at));
      }
    },
  },
  {
    name: "the first text of a stream is handed over before the stream has ended",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: { tokens: 9, tokensPerSecond: 20 } });
      const response = await api.createClient().fetch(url, ask());
      const reader = response.body.getReader();
      await reader.read();
      assert.equal((await mock.stats("m")).inFlight, 1);
      const { items, error } = await readBy(reader);
      assert.equal(error, undefined);
      assert.ok(items.length >= 3, `${items.length} pieces`);
    },
  },
  {
    name: "a stream that is cut before its first text is asked for again",
    async run({ api, mock, assert }) {
      const faults = [
        { kind: "end", events: 1 },
        { kind: "reset", events: 1 },
        { kind: "reset", at: "headers" },
      ];
      const url = await putStream(mock, "m", { stream: { ...STREAM, quirks: ["roleOnce"] }, script: faults.map((fault) => ({ fault })) });
      const { text, error } = await readText(await api.createClient().fetch(url, ask()));
      assert.equal(error, undefined);
      assert.equal(text.match(/"role":"assistant"/g).length, 1);
      assert.ok(text.trimEnd().endsWith("data: [DONE]"));
      assert.ok((await mock.stats("m")).requests >= 4);
    },
  },
  ...["end", "close", "reset"].map((kind) => ({
    name: `a stream that is cut in its middle (${kind}) errors after everything that came, and is not asked for again`,
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: { tokens: 9, tokensPerSecond: 50 }, then: { fault: { kind, events: 4 } } });
      const seen = [];
      const client = api.createClient({ onEvent: ({ type }) => seen.push(type) });
      const response = await client.fetch(url, ask());
      assert.equal(response.status, 200);
      const { text, error } = await readText(response);
      assert.between(text.match(/^data: /gm).length, kind === "reset" ? 3 : 4, 4);
      assert.ok(error instanceof api.QueryError, String(error));
      await assert.rejects(Promise.reject(error), { code: "stream_truncated", layer: "network", status: 200 });
      assert.ok(error.partial.startsWith("word1 word2 "), error.partial);
      assert.equal((await mock.stats("m")).requests, 1);
      assert.deepEqual(seen, ["attempt", "first_token", "response", "failure"]);
      assert.deepEqual(client.stats()[0].failures, { stream_truncated: 1 });
    },
  })),
  {
    name: "text() and pipes of a stream that is cut reject too",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: STREAM, then: { fault: { kind: "end", events: 4 } } });
      const { fetch } = api.createClient();
      // Chromium gives text() an error of its own.
      await assert.rejects((await fetch(url, ask())).text());
      await assert.rejects((await fetch(url, ask())).body.pipeTo(new WritableStream()), { code: "stream_truncated" });
      const piped = await readBy((await fetch(url, ask())).body.pipeThrough(new TextDecoderStream()).getReader());
      assert.equal(piped.error?.code, "stream_truncated");
    },
  },
  {
    name: "a stream that falls silent errors as a timeout in phase idle",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: STREAM, then: { fault: { kind: "stall", events: 4 } } });
      const response = await api.createClient({ timeouts: { idleMs: 400 } }).fetch(url, ask());
      const reading = readText(response);
      assert.between(await settledAfter(reading), 300, 1_500);
      const { text, error } = await reading;
      assert.equal(text.match(/^data: /gm).length, 4);
      await assert.rejects(Promise.reject(error), { name: "QueryError", code: "timeout", phase: "idle" });
      await mock.statsOnce("m", ({ aborted }) => aborted === 1, "the stream being closed");
    },
  },
  {
    name: "a stream that is silent from the beginning is asked for once more, and rejects",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: STREAM, then: { fault: { kind: "stall", at: "headers" } } });
      const call = api.createClient({ timeouts: { firstByteMs: 300 } }).fetch(url, ask());
      await assert.rejects(call, { name: "QueryError", code: "timeout", phase: "first_byte" });
      assert.equal((await mock.stats("m")).requests, 2);
    },
  },
  {
    name: "a stream whose first event is an error is asked for again, and never passed on",
    async run({ api, mock, assert }) {
      const overloaded = streamStep(events({ error: { message: "Model is overloaded", type: "overloaded" } }));
      const nothing = streamStep(events("[DONE]"));
      const url = await putStream(mock, "m", { stream: STREAM, script: [overloaded, nothing] });
      const { text, error } = await readText(await api.createClient().fetch(url, ask()));
      assert.equal(error, undefined);
      assert.ok(!text.includes("overloaded"));
      assert.equal((await mock.stats("m")).requests, 3);
      const always = await mock.put("always", { then: overloaded });
      const failed = await api.createClient({ maxRetries: 0 }).fetch(always, ask());
      assert.deepEqual([failed.status, failed.headers.get("content-type")], [503, "application/json"]);
      assert.deepEqual(await failed.json(), { error: { message: "Model is overloaded", type: "overloaded" } });
    },
  },
  {
    name: "an error event in the middle of a stream is passed on, and then the body errors",
    async run({ api, mock, assert }) {
      const said = events({ error: { message: "Internal server error", code: 500 } });
      const url = await putStream(mock, "m", { stream: STREAM, then: { inject: { events: 4, text: said, thenEnd: true } } });
      const { text, error } = await readText(await api.createClient().fetch(url, ask()));
      await assert.rejects(Promise.reject(error), { name: "QueryError", code: "stream_error", detail: "Internal server error" });
      assert.ok(text.endsWith(said), text.slice(-200));
    },
  },
  {
    name: "a stream of a format that nobody knows ends well where it ends",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { then: streamStep(FOREIGN) });
      const { text, error } = await readText(await api.createClient().fetch(url, ask()));
      assert.equal(error, undefined);
      assert.equal(text, FOREIGN);
      const words = await mock.put("words", { then: streamStep("data: just\n\ndata: words\n\n") });
      const plain = await readText(await api.createClient().fetch(words, ask()));
      assert.deepEqual([plain.text, plain.error], ["data: just\n\ndata: words\n\n", undefined]);
      assert.equal((await mock.stats("words")).requests, 1);
    },
  },
  {
    name: "a stream of a format that nobody knows errors where its connection breaks",
    async run({ api, mock, assert }) {
      for (const kind of ["close", "reset"]) {
        const url = await mock.put("m", { then: { ...streamStep(FOREIGN), chunked: true, fault: { kind, at: "body", bytes: 200 } } });
        const { text, error } = await readText(await api.createClient().fetch(url, ask()));
        await assert.rejects(Promise.reject(error), { name: "QueryError", code: "stream_truncated" }, kind);
        assert.ok(FOREIGN.startsWith(text) && text.length > 50, text);
      }
    },
  },
  {
    name: "a stream of a format that nobody knows errors where it ends in the middle of an event",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { then: streamStep(FOREIGN.slice(0, -30)) });
      const { text, error } = await readText(await api.createClient().fetch(url, ask()));
      assert.equal(text, FOREIGN.slice(0, -30));
      assert.equal(error?.code, "stream_truncated");
    },
  },
  {
    name: "a chat that is cut is truncated though a stream of another format goes on meanwhile",
    async run({ api, mock, assert }) {
      const { fetch } = api.createClient();
      const cut = await mock.put("cut", { then: lingers(chat(8), 8) });
      const beside = await putStream(mock, "beside", { stream: { tokens: 200, tokensPerSecond: 100 } }, formats.plain);
      const other = (await fetch(beside, ask(formats.plain.payload))).body.getReader();
      const reading = readBy(other);
      const { error } = await readText(await fetch(cut, ask()));
      await other.cancel();
      await reading;
      assert.equal(error?.code, "stream_truncated");
    },
  },
  {
    name: "a stream of a format that nobody knows ends well though a chat goes on meanwhile",
    async run({ api, mock, assert }) {
      const { fetch } = api.createClient();
      const foreign = await mock.put("foreign", { then: lingers(FOREIGN, 4) });
      const beside = await putStream(mock, "beside", { stream: { tokens: 200, tokensPerSecond: 100 } });
      const other = (await fetch(beside, ask())).body.getReader();
      const reading = readBy(other);
      const { text, error } = await readText(await fetch(foreign, ask()));
      await other.cancel();
      await reading;
      assert.equal(error, undefined);
      assert.ok(text.startsWith(FOREIGN));
    },
  },
  {
    name: "a chat with an event that nobody knows is still a chat, and is cut without its end",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { then: streamStep(chat(3) + events({ timings: { ms: 12 } })) });
      const { error } = await readText(await api.createClient().fetch(url, ask()));
      assert.equal(error?.code, "stream_truncated");
    },
  },
  {
    name: "cancelling the body of a stream stops the generation",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: { tokens: 5_000, tokensPerSecond: 50 } });
      const seen = [];
      const client = api.createClient({ onEvent: ({ type }) => seen.push(type) });
      const reader = (await client.fetch(url, ask())).body.getReader();
      await reader.read();
      await reader.cancel("enough");
      const { log } = await mock.statsOnce("m", ({ aborted }) => aborted === 1, "the client leaving");
      assert.ok(log[0].eventsSent < 100, String(log[0].eventsSent));
      await sleep(50);
      assert.equal(seen.at(-1), "success");
      assert.deepEqual([client.stats()[0].inFlight, client.stats()[0].failures], [0, {}]);
      const waiting = await client.fetch(url, ask());
      await waiting.body.cancel();
      await mock.statsOnce("m", ({ aborted }) => aborted === 2, "the client leaving unread");
    },
  },
  {
    name: "an abort in the middle of a stream errors its body with the signal's reason, and stops the generation",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: { tokens: 5_000, tokensPerSecond: 50 } });
      const controller = new AbortController();
      const reason = new RangeError("changed my mind");
      const response = await api.createClient().fetch(url, ask(formats.chat.payload, { signal: controller.signal }));
      const reading = readText(response);
      await sleep(150);
      controller.abort(reason);
      assert.ok((await settledAfter(reading)) <= 50);
      assert.equal((await reading).error, reason);
      await mock.statsOnce("m", ({ aborted }) => aborted === 1, "the client leaving");
    },
  },
  {
    name: "an event stream that no body asked for is one too: whole, cut, cancelled and aborted",
    async run({ api, mock, assert }) {
      const { fetch } = api.createClient();
      const whole = await mock.put("whole", { then: streamStep(WHOLE) });
      assert.equal((await readText(await fetch(whole))).text, WHOLE);
      const cut = await mock.put("cut", { then: streamStep(chat(3)) });
      assert.equal((await readText(await fetch(cut))).error?.code, "stream_truncated");
      const stalls = await mock.put("stalls", { then: { ...streamStep(WHOLE), fault: { kind: "stall", events: 2 } } });
      const reader = (await fetch(stalls)).body.getReader();
      await reader.read();
      await reader.cancel();
      await mock.statsOnce("stalls", ({ aborted }) => aborted === 1, "the client leaving");
      const controller = new AbortController();
      const reading = readText(await fetch(stalls, { signal: controller.signal }));
      await sleep(50);
      controller.abort("stop");
      assert.equal((await reading).error, "stop");
      await mock.statsOnce("stalls", ({ aborted }) => aborted === 2, "the abort");
    },
  },
  {
    name: "an abort before the first text of a stream rejects with the signal's reason",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: STREAM, then: { fault: { kind: "stall", at: "headers" } } });
      const controller = new AbortController();
      const call = api.createClient().fetch(url, ask(formats.chat.payload, { signal: controller.signal }));
      call.catch(() => {});
      await mock.statsOnce("m", ({ inFlight }) => inFlight === 1, "the request");
      await sleep(100);
      controller.abort("stop");
      assert.equal(await assert.rejects(call), "stop");
      await mock.statsOnce("m", ({ aborted }) => aborted === 1, "the client leaving");
    },
  },
  {
    name: "a stream that nobody reads holds no more than it must, and is whole when it is read late",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: STREAM });
      const response = await api.createClient({ timeouts: { idleMs: 300 } }).fetch(url, ask());
      await sleep(700);
      const { text, error } = await readText(response);
      assert.equal(error, undefined);
      assert.ok(text.trimEnd().endsWith("data: [DONE]"));
    },
  },
  {
    name: "a stream falls back to another model before its first text",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: STREAM, script: [answer(503, { error: "Service Unavailable" })] });
      const client = api.createClient({ maxRetries: 0, fallback: ["org/second"] });
      const { text, error } = await readText(await client.fetch(url, ask()));
      assert.equal(error, undefined);
      assert.ok(text.includes('"model":"org/second"'), text.slice(0, 200));
      const { log } = await mock.stats("m");
      assert.deepEqual(JSON.parse(log[1].body), { ...formats.chat.payload, stream: true, model: "org/second" });
    },
  },
  {
    name: "an answer in one piece where a stream was asked for passes on as the JSON that it is",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", {
        script: [answer(200, { error: "Model is overloaded" })],
        healthy: answer(200, { choices: [{ message: { content: "hi" } }] }),
      });
      const response = await api.createClient().fetch(url, ask());
      assert.deepEqual(await response.json(), { choices: [{ message: { content: "hi" } }] });
    },
  },
  {
    name: "an application/octet-stream is nobody's to judge: it passes through a client's fetch as it came, cut or not; without a type a cut is told",
    async run({ api, mock, assert }) {
      const cut = chat(2);
      const bytes = { "content-type": "application/octet-stream" };
      const put = (name, headers, body) => mock.put(name, { then: { status: 200, headers, body } });
      const client = api.createClient({ maxRetries: 0 });
      for (const [name, body] of Object.entries({
        events: cut,
        lines: '{"message":{"content":"Hel"},"done":false}\n',
        json: '{"choices":[{"mess',
        sound: "{\u0001pcm",
      })) {
        const { text, error } = await readText(await client.fetch(await put(name, bytes, body), ask()));
        assert.deepEqual([text, error], [body, undefined], name);
      }
      const { text, error } = await readText(await client.fetch(await put("untyped", { "content-type": "" }, cut), ask()));
      assert.deepEqual([text, error?.code], [cut, "stream_truncated"]);
    },
  },
  {
    name: "twenty streams of a client's fetch at once are all whole",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: { tokens: 20, tokensPerSecond: 200 } });
      const client = api.createClient();
      const all = await Promise.all(Array.from({ length: 20 }, async () => readText(await client.fetch(url, ask()))));
      for (const { text, error } of all) {
        assert.equal(error, undefined);
        assert.ok(text.includes("word20") && text.trimEnd().endsWith("data: [DONE]"));
      }
      assert.equal((await mock.stats("m")).requests, 20);
    },
  },
];
