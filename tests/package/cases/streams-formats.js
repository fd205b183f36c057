// The items of a stream are what its server sent, in every format and every manner of writing it.
import { formats, putStream, readAll, reference, textless, timeless, words } from "./streamed.js";

const TOKENS = 20;

const manners = ["crlf", "cr", "noSpace", "bom", "keepAlive", "splitUtf8", "eventNames"].map((quirk) => [quirk]);
const allAtOnce = ["crlf", "noSpace", "bom", "keepAlive", "splitUtf8", "eventNames"];

const streams = Object.entries(formats).flatMap(([name, format]) =>
  [[], ...(format.lines ? [["splitUtf8"]] : [...manners, allAtOnce]), ...format.own.map((quirk) => [quirk])].map((quirks) => ({
    name,
    format,
    quirks,
  })),
);

/** One stream for each way of reading it. */
async function readEveryWay(open) {
  const [whole, text, finalText] = await Promise.all([readAll(open()), readAll(open().text()), open().finalText()]);
  if (whole.error ?? text.error) throw whole.error ?? text.error;
  return { items: whole.items, pieces: text.items, finalText };
}

export const streamsFormats = [
  ...streams.map(({ name, format, quirks }) => ({
    name: `a ${name} stream ${quirks.length > 0 ? `with ${quirks.join(", ")}` : "in its plainest form"} gives its events as they are, and their text`,
    async run({ api, mock, assert }) {
      const text = textless.includes(name) ? "" : words(TOKENS).join("");
      const check = async (pace, tokensPerSecond) => {
        const url = await putStream(mock, pace, { stream: { tokens: TOKENS, tokensPerSecond, quirks } }, format);
        const expected = timeless(await reference(url, format.payload));
        const { items, pieces, finalText } = await readEveryWay(() => api.streamWithRetry(url, format.payload));
        assert.deepEqual(timeless(items), expected, pace);
        assert.deepEqual(pieces, expected.map(format.textOf).filter(Boolean), pace);
        assert.equal(pieces.join(""), text, pace);
        assert.equal(finalText, text, pace);
      };
      await Promise.all([check("at-once"), check("paced", 500)]);
    },
  })),
  {
    name: "the reasoning of a stream is handed over, and is no text",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: { tokens: 3, quirks: ["reasoning"] } });
      const { items, pieces } = await readEveryWay(() => api.streamWithRetry(url, formats.chat.payload));
      assert.equal(items.map(({ choices }) => choices[0].delta.reasoning_content ?? "").join(""), "Let me think.");
      assert.deepEqual(pieces, words(3));
    },
  },
  {
    name: "the pieces of a streamed tool call are handed over, and are no text",
    async run({ api, mock, assert }) {
      const url = await putStream(mock, "m", { stream: { tokens: TOKENS, quirks: ["toolCall"] } });
      const { items, pieces, finalText } = await readEveryWay(() => api.streamWithRetry(url, formats.chat.payload));
      const calls = items.flatMap(({ choices }) => choices[0].delta.tool_calls ?? []);
      assert.deepEqual(JSON.parse(calls.map((call) => call.function.arguments).join("")), { text: words(TOKENS).join("") });
      assert.deepEqual([pieces, finalText], [[], ""]);
    },
  },
  {
    name: "a model that says nothing at all has a whole stream, without text",
    async run({ api, mock, assert }) {
      for (const name of ["chat", "completions", "TGI", "responses"]) {
        const { payload, ...format } = formats[name];
        const url = await putStream(mock, name.toLowerCase(), { stream: { tokens: 0 } }, format);
        const expected = timeless(await reference(url, payload));
        const { items, pieces, finalText } = await readEveryWay(() => api.streamWithRetry(url, payload));
        assert.deepEqual(timeless(items), expected, name);
        assert.deepEqual([pieces, finalText], [[], ""], name);
      }
    },
  },
];
