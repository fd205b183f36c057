// What the cases of streams share: the formats that servers stream in, and readers of them.

/** `own`: the quirks that the mock has for this format alone. `lines`: of JSON, and no events. */
export const formats = {
  chat: {
    path: "/v1/chat/completions",
    payload: { model: "m", messages: [{ role: "user", content: "Hi" }] },
    own: ["roleOnce", "usage", "reasoning", "noDone"],
    textOf: ({ choices }) => choices[0]?.delta.content,
  },
  completions: {
    path: "/v1/completions",
    payload: { model: "m", prompt: "Hi" },
    own: ["usage", "noDone"],
    textOf: ({ choices }) => choices[0]?.text,
  },
  TGI: {
    path: "/generate_stream",
    payload: { inputs: "Hi" },
    own: ["special", "details"],
    textOf: ({ token }) => (token.special ? "" : token.text),
  },
  responses: {
    path: "/v1/responses",
    payload: { model: "m", input: "Hi" },
    own: [],
    textOf: ({ type, delta }) => (type === "response.output_text.delta" ? delta : ""),
  },
  Anthropic: {
    path: "/v1/messages",
    payload: { model: "m", max_tokens: 9, messages: [{ role: "user", content: "Hi" }] },
    own: [],
    textOf: ({ delta }) => delta?.text,
  },
  Ollama: {
    path: "/api/chat",
    payload: { model: "m", messages: [{ role: "user", content: "Hi" }] },
    lines: true,
    own: [],
    textOf: ({ message }) => message.content,
  },
  "Ollama's generate": { path: "/api/generate", payload: { model: "m", prompt: "Hi" }, lines: true, own: [], textOf: ({ response }) => response },
  "llama.cpp": { path: "/completion", payload: { prompt: "Hi" }, own: [], textOf: ({ content }) => content },
  Gemini: {
    path: "/models/m:streamGenerateContent",
    payload: { contents: [{ role: "user", parts: [{ text: "Hi" }] }] },
    own: [],
    textOf: ({ candidates }) => candidates[0].content.parts[0].text,
  },
  interactions: {
    path: "/v1beta/interactions",
    payload: { model: "m", input: "Hi" },
    own: [],
    textOf: ({ event_type, delta }) => (event_type === "step.delta" ? delta.text : ""),
  },
  "Workers AI": { path: "/ai/run/m", payload: { prompt: "Hi" }, own: [], textOf: ({ response }) => response },
  transcription: {
    path: "/v1/audio/transcriptions",
    payload: { model: "m", prompt: "Hi" },
    own: [],
    textOf: ({ type, delta }) => (type === "transcript.text.delta" ? delta : ""),
  },
  image: { path: "/v1/images/generations", payload: { model: "m", prompt: "Hi" }, own: [], textOf: () => "" },
  // A format that nobody has heard of: its events are handed over, and none of them is text.
  plain: { path: "/plain/events", payload: { of: "any kind" }, own: [], textOf: () => "" },
};

/** There is no text in these. */
export const textless = ["image", "plain"];

/** Makes a model, and gives where it streams in that format. */
export const putStream = async (mock, name, scenario, { path } = formats.chat) => (await mock.put(name, scenario)) + path;

const FOREIGN = ["naïve", "日本語", "🙂"];

/** What a mock model says, token by token: `tokens` of its scenario. */
export function words(count) {
  const word = (number) => (number % 7 === 3 ? FOREIGN[Math.floor(number / 7) % 3] : `word${number}`);
  return Array.from({ length: count }, (_, at) => word(at + 1) + (at + 1 < count ? " " : ""));
}

/** Events as a body; a string is data as it is. */
export const events = (...all) => all.map((event) => `data: ${typeof event === "string" ? event : JSON.stringify(event)}\n\n`).join("");

/** A step that answers with an event stream of these bytes. */
export const streamStep = (body, status = 200) => ({ status, headers: { "content-type": "text/event-stream" }, body });

/** Chunks of a chat. */
export const says = (content, index = 0) => ({ choices: [{ index, delta: { content }, finish_reason: null }] });
export const finishes = (why, index = 0) => ({ choices: [{ index, delta: {}, finish_reason: why }] });

/** Everything that a reader gets, and the error if it does not end well. */
export async function readAll(iterable) {
  const items = [];
  try {
    for await (const item of iterable) items.push(item);
  } catch (error) {
    return { items, error };
  }
  return { items, error: undefined };
}

/** The same of a reader of a ReadableStream. */
export const readBy = (reader) => readAll({ [Symbol.asyncIterator]: () => ({ next: () => reader.read() }) });

/** The items of the same stream by `fetch` and the rules of the HTML standard alone. */
export async function reference(url, payload) {
  const headers = { "content-type": "application/json" };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify({ ...payload, stream: true }) });
  const text = new TextDecoder().decode(await response.arrayBuffer());
  const items = [];
  let data = [];
  for (const line of text.split(/\r\n|\r|\n/)) {
    if (line.startsWith("{")) items.push(line);
    if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
    if (line !== "") continue;
    if (data.length > 0) items.push(data.join("\n"));
    data = [];
  }
  return items.filter((item) => item !== "[DONE]").map((item) => JSON.parse(item));
}

/** Two answers may be of two seconds, which `created` tells. */
export const timeless = (items) => JSON.parse(JSON.stringify(items, (key, value) => (key.startsWith("created") ? undefined : value)));
