// What is a whole stream, however its server ends it.
import { settledAfter, sleep } from "./clock.js";
import { answer } from "./mock.js";
import { events, finishes, formats, putStream, readAll, reference, says, streamStep, timeless, words } from "./streamed.js";

const { payload } = formats.chat;
const HELLO = [says("Hel"), says("lo")];

/** `step`, and what a reader of it gets: the items, and their text. */
const whole = {
  "a stream that says [DONE] after its text, without a finish_reason": [streamStep(events(...HELLO, "[DONE]")), HELLO, "Hello"],
  "a stream with a finish_reason, without [DONE]": [streamStep(events(...HELLO, finishes("length"))), [...HELLO, finishes("length")], "Hello"],
  "a stream whose finish_reason comes with its last text": [
    streamStep(events(says("Hel"), { choices: [{ index: 0, delta: { content: "lo" }, finish_reason: "stop" }] })),
    [says("Hel"), { choices: [{ index: 0, delta: { content: "lo" }, finish_reason: "stop" }] }],
    "Hello",
  ],
  "a response that is incomplete for want of tokens": [
    streamStep(events({ type: "response.output_text.delta", delta: "Hel" }, { type: "response.incomplete", response: { status: "incomplete" } })),
    [
      { type: "response.output_text.delta", delta: "Hel" },
      { type: "response.incomplete", response: { status: "incomplete" } },
    ],
    "Hel",
  ],
  "a stream of a type that nobody named": [{ status: 200, bodyBase64: btoa(events(...HELLO, "[DONE]")) }, HELLO, "Hello"],
  "a stream that is called text": [answer(200, events(...HELLO, "[DONE]")), HELLO, "Hello"],
  "a stream with a charset in its type": [
    answer(200, events(...HELLO, "[DONE]"), { "content-type": "text/event-stream;charset=utf-8" }),
    HELLO,
    "Hello",
  ],
  "a stream in which every chunk has an error that is null": [
    streamStep(events({ ...says("Hello"), error: null }, "[DONE]")),
    [{ ...says("Hello"), error: null }],
    "Hello",
  ],
  "a stream of two answers, of which the first is the text": [
    streamStep(events(says("one"), says("uno", 1), finishes("stop", 1), finishes("stop"))),
    [says("one"), says("uno", 1), finishes("stop", 1), finishes("stop")],
    "one",
  ],
  "events of several data lines, with fields that mean nothing to anybody": [
    streamStep('retry: 10\nfoo: bar\ndata: {"n":\ndata: 1}\n\nevent: ping\ndata:\n\nid: 7\ndata:{"n": 2}\n\ndata: [DONE]\n\n'),
    [{ n: 1 }, { n: 2 }],
    "",
  ],
  "events that are not objects": [streamStep(events("1", '"two"', "[3]", "null", "[DONE]")), [1, "two", [3], null], ""],
  "what comes after [DONE], which is thrown away": [streamStep(events(...HELLO, "[DONE]", { error: "late" }, says("!"))), HELLO, "Hello"],
  "invalid UTF-8, which is replaced": [
    { ...streamStep(""), inject: { base64: btoa('data: {"choices":[{"index":0,"delta":{"content":"a\xff\xe6\x97b"}}]}\n\ndata: [DONE]\n\n') } },
    [{ choices: [{ index: 0, delta: { content: "a\ufffd\ufffdb" } }] }],
    "a\ufffd\ufffdb",
  ],
  "a chat answered in one piece": [
    answer(200, { choices: [{ index: 0, message: { role: "assistant", content: "Hello" }, finish_reason: "stop" }] }),
    [{ choices: [{ index: 0, message: { role: "assistant", content: "Hello" }, finish_reason: "stop" }] }],
    "Hello",
  ],
  "a generation answered in one piece": [answer(200, { generated_text: "Hello" }), [{ generated_text: "Hello" }], "Hello"],
  "a pipeline's answer in one piece": [answer(200, [{ generated_text: "Hello" }]), [[{ generated_text: "Hello" }]], "Hello"],
};

/** What comes after the last word. Three tokens are five events of a chat, three of TGI, and eleven of responses. */
const late = [
  ["a connection that is closed after the finish_reason", "chat", { kind: "close", events: 5 }],
  ["a connection that is reset after the finish_reason", "chat", { kind: "reset", events: 5 }],
  ["silence after the finish_reason", "chat", { kind: "stall", events: 5 }, { idleMs: 300 }],
  ["nothing but comments after the finish_reason", "chat", { kind: "comments", events: 5 }, { totalMs: 500 }],
  ["a connection that is closed after the generated_text", "TGI", { kind: "close", events: 3 }],
  ["silence after the generated_text", "TGI", { kind: "stall", events: 3 }, { idleMs: 300 }],
  ["a connection that is closed after response.completed", "responses", { kind: "close", events: 11 }],
  ["silence after response.completed", "responses", { kind: "stall", events: 11 }, { idleMs: 300 }],
];

export const streamsWhole = [
  ...Object.entries(whole).map(([what, [step, items, text]]) => ({
    name: `it is a whole stream: ${what}`,
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { then: step });
      const stream = api.streamWithRetry(url, payload, { maxRetries: 0 });
      assert.deepEqual(await readAll(stream), { items, error: undefined });
      assert.deepEqual(
        (await stream.report).attempts.map(({ outcome }) => outcome),
        ["ok"],
      );
      assert.deepEqual((await readAll(api.streamWithRetry(url, payload).text())).items.join(""), text);
      assert.equal(await api.streamWithRetry(url, payload).finalText(), text);
      assert.equal((await mock.stats("m")).requests, 3);
    },
  })),
  ...late.map(([what, name, fault, timeouts]) => ({
    name: `${what} is no loss to a stream`,
    async run({ api, mock, assert }) {
      const format = formats[name];
      const url = await putStream(mock, "m", { stream: { tokens: 3, tokensPerSecond: 50 }, then: { fault } }, format);
      const stream = api.streamWithRetry(url, format.payload, { maxRetries: 0, timeouts });
      const { items, error } = await readAll(stream);
      assert.equal(error, undefined);
      assert.deepEqual(items.map(format.textOf).filter(Boolean), words(3));
      assert.equal(items.length, fault.events);
      assert.equal((await stream.report).attempts[0].outcome, "ok");
      assert.equal((await mock.stats("m")).requests, 1);
    },
  })),
  {
    name: "a stream that comes byte by byte is whole",
    async run({ api, mock, assert }) {
      const format = formats.responses;
      const small = streamStep(events({ type: "response.output_text.delta", delta: "naïve 🙂" }, { type: "response.completed" }));
      const url = await putStream(mock, "m", { then: { ...small, fault: { kind: "drip", bytes: 1, everyMs: 2 } } }, format);
      const stream = api.streamWithRetry(url, format.payload, { timeouts: { idleMs: 500 } });
      assert.equal(await stream.finalText(), "naïve 🙂");
    },
  },
  {
    name: "after [DONE] a stream ends at once, though the server leaves the connection open",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: { tokens: 3 }, then: { fault: { kind: "stall", events: 6 } } });
      const text = api.streamWithRetry(url, payload).finalText();
      const ms = await settledAfter(text);
      assert.equal(await text, words(3).join(""));
      assert.ok(ms < 300, `ended after ${ms} ms`);
      await mock.statsOnce("m", (stats) => stats.aborted === 1, "the connection close, a little later");
    },
  },
  {
    name: "streams that their server ends well leave it a connection for the next one",
    async run({ api, mock, assert, runtime }) {
      if (!["node", "deno", "bun"].includes(runtime)) return; // the others do not tell when they close one
      const url = await putStream(mock, "m", { stream: { tokens: 3, tokensPerSecond: 100 } });
      for (let count = 1; count <= 5; count++) {
        assert.equal(await api.streamWithRetry(url, payload).finalText(), words(3).join(""));
        await mock.statsOnce("m", ({ log }) => log.length === count && log.at(-1).outcome === "sent", "the end of the answer");
        await sleep(50); // until the client has seen it too
        const { openConnections, aborted } = await mock.stats("m");
        assert.equal(aborted, 0);
        // Two where the counters were asked for on one while the stream had the other.
        assert.between(openConnections, 1, 2, "connections");
      }
    },
  },
  {
    name: "an event of a mebibyte is a whole event of its stream",
    async run({ api, mock, assert }) {
      const large = says('é"x'.repeat(1 << 18));
      const url = await putStream(mock, "m", { then: streamStep(events(says("small"), large, "[DONE]")) });
      const { items, error } = await readAll(api.streamWithRetry(url, payload));
      assert.equal(error, undefined);
      assert.equal(items.length, 2);
      assert.ok(items[1].choices[0].delta.content === large.choices[0].delta.content);
    },
  },
  {
    name: "a stream of 20,000 events is whole, in their order",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: { tokens: 20_000 } });
      const expected = timeless(await reference(url, payload));
      const { items, error } = await readAll(api.streamWithRetry(url, payload));
      assert.equal(error, undefined);
      assert.deepEqual(timeless(items), expected);
    },
  },
];
