// What a stream leaves behind in its isolate: nothing that a later request would have to wait for.
import assert from "node:assert/strict";
import { putStream as put } from "../../package/cases/streamed.js";
import { allAnswered } from "./outcomes.js";

// Looks after one second, two, and so on: the second finds it up.
const COLD = { cold: { ms: 1_500, says: 4 } };
const WITHIN = 1_500 + 2_000;

const WHOLE = { stream: { tokens: 10, tokensPerSecond: 50 } };
const LONG = { stream: { tokens: 600, tokensPerSecond: 20 } };

async function isRead({ isolate, mock }, way) {
  const { how, text } = await isolate.ask(way, await put(mock, "m", WHOLE));
  assert.equal(how, "answered");
  assert.ok(text.includes("word9"), text);
}

async function isLeft({ isolate, mock }, way) {
  const reader = new AbortController();
  const onText = (text) => text.includes("word2") && reader.abort();
  assert.equal((await isolate.ask(way, await put(mock, "m", LONG), { signal: reader.signal, onText })).how, "left");
}

const before = [
  ["that was read whole", isRead, ["stream", "streamWithRetry", "fetchStream", "passOn", "passOnText"]],
  ["that its client left in the middle", isLeft, ["passOn", "passOnText"]],
];
const counts = [
  ["a cold call alone is answered", 1],
  ["six cold calls at once are all answered", 6],
];

const afterStreams = before.flatMap(([what, stream, ways]) =>
  ways.flatMap((way) =>
    counts.map(([then, count]) => ({
      name: `after a stream ${what} ${then} (${way})`,
      async run(setting) {
        await stream(setting, way);
        const url = await put(setting.mock, "cold", COLD);
        // In the client that streamed.
        const calls = way === "streamWithRetry" ? ["queryWithRetry", "streamWithRetry"] : ["query", "stream"];
        allAnswered(await Promise.all(Array.from({ length: count }, (_, at) => setting.isolate.ask(calls[at % 2], url))), WITHIN);
      },
    })),
  ),
);

export const streams = [
  ...afterStreams,
  {
    name: "twelve streams at once that are passed on are all answered, each with its own text",
    async run({ isolate, mock }) {
      const url = await put(mock, "m", { latencyMs: 100, stream: { tokensPerSecond: 20 } });
      allAnswered(await isolate.askAll(12, "passOnText", url), 5_000);
      assert.equal((await mock.stats("m")).requests, 12);
    },
  },
];
