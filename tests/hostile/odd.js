// Odd things of every kind, from a seed: what a server may send, and what a replaced `fetch` may hand over.

/** A generator of its own for each case, so that one case can be run again alone (SplitMix32). */
export function dice(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
  const below = (count) => Math.floor(next() * count);
  const one = (list) => list[below(list.length)];
  return { below, one, happens: (chance) => next() < chance };
}

const nested = (depth) => "[".repeat(depth) + "]".repeat(depth);

/** JSON as text, since some of it has no value that JSON.stringify would write. */
function oddJson(roll, depth = 0) {
  const leaves = [
    "null",
    "true",
    "0",
    "-1",
    "1e308",
    "-0",
    "2147483648",
    "9007199254740993",
    "0.5",
    '""',
    '"x"',
    '"\\ud800"',
    '"\\u0000"',
    '{"toString":1}',
    '{"valueOf":1,"toString":1}',
    '{"then":1}',
    '{"length":3}',
    '{"__proto__":{"a":1}}',
    '{"constructor":1}',
    "[]",
    "{}",
    "[null]",
  ];
  if (roll.happens(0.02)) return nested(roll.one([100, 3_000, 30_000]));
  if (depth > 3 || roll.happens(0.6)) return roll.one(leaves);
  const inner = () => oddJson(roll, depth + 1);
  if (roll.happens(0.3)) return `[${Array.from({ length: roll.below(4) }, inner).join(",")}]`;
  const names = [
    "error",
    "message",
    "choices",
    "delta",
    "content",
    "index",
    "finish_reason",
    "token",
    "text",
    "type",
    "code",
    "estimated_time",
    "status",
  ];
  return `{${Array.from({ length: roll.below(4) }, () => `"${roll.one(names)}":${inner()}`).join(",")}}`;
}

export function oddEvent(roll) {
  const odd = () => oddJson(roll);
  return roll.one([
    () => `{"choices":[{"index":${odd()},"delta":{"content":${odd()}},"finish_reason":${odd()}}]}`,
    () => `{"choices":${odd()}}`,
    () => `{"choices":[{"text":${odd()}},${odd()}]}`,
    () => `{"token":{"text":${odd()},"special":${odd()}},"generated_text":${odd()}}`,
    () => `{"generated_text":${odd()}}`,
    () =>
      `{"type":${roll.one(['"response.output_text.delta"', '"response.failed"', '"error"', '"response.completed"', odd()])},"delta":${odd()},"response":${odd()}}`,
    () => `{"error":${odd()}}`,
    odd,
    () => "[DONE]",
    () => '{"choices":[{"index":0,"delta":{"content":"text"}}]}',
    () => '{"broken":',
    () => "\u0000\ufffd",
  ])();
}

export function oddStream(roll) {
  const lines = [];
  for (let left = 1 + roll.below(5); left > 0; left--) {
    if (roll.happens(0.1)) lines.push(roll.one([": comment", "event: error", "retry: x", "id: \u0000", "error: x", oddJson(roll)]));
    lines.push(`data:${roll.one(["", " "])}${oddEvent(roll)}`, "");
  }
  return `${lines.join(roll.one(["\n", "\r\n", "\r"]))}\n\n`;
}

export function oddBody(roll) {
  return roll.one([
    () => oddJson(roll),
    () => `{"error":${oddJson(roll)},"estimated_time":${oddJson(roll)}}`,
    () => `{"error":"Model x is currently loading","estimated_time":${oddJson(roll)}}`,
    () => "<".repeat(roll.one([1, 100, 1_000])),
    () => `<html><title>${oddJson(roll)}`,
    () => "",
    () => nested(20_000),
    () => oddStream(roll),
  ])();
}

const NAMES = ["retry-after", "retry-after-ms", "ratelimit", "date", "content-type", "content-length", "location", "x-request-id"];
const VALUES = [
  "",
  "-1",
  "1e9",
  "NaN",
  "3600",
  "0",
  "Thu, 01 Jan 1970 00:00:00 GMT",
  '"api";r=0;t=',
  '"api";r=0;t=99999999999999',
  "x".repeat(5_000),
  "text/event-stream",
  "application/json",
  "text/html",
];
const PLACES = [
  "",
  "/",
  "//",
  "http://",
  "data:application/json,{}",
  "file:///etc/hostname",
  "blob:x",
  "javascript:1",
  "http://127.0.0.1:1/",
  "\\",
  "%",
];

export function oddHeaders(roll) {
  const headers = {};
  if (roll.happens(0.7)) headers["content-type"] = roll.one(["text/event-stream", "application/json", "text/html", "image/png", ""]);
  for (let left = roll.below(3); left > 0; left--) {
    const name = roll.one(NAMES);
    headers[name] = name === "location" ? roll.one(PLACES) : roll.one(VALUES);
  }
  return headers;
}

/** Throws at whatever is done with it. */
const thorny = () =>
  new Proxy(
    () => {},
    Object.fromEntries(
      ["get", "has", "set", "apply", "construct", "ownKeys", "getPrototypeOf"].map((trap) => [
        trap,
        () => {
          throw new Error(`thorny ${trap}`);
        },
      ]),
    ),
  );
const throws = () => {
  throw new Error("it throws");
};

function oddReader(roll, bytes) {
  const read = roll.one([
    throws,
    () => undefined,
    () => 7,
    () => Promise.reject(new Error("broken")),
    () => Promise.resolve(undefined),
    () => Promise.resolve(7),
    () =>
      Promise.resolve({
        done: false,
        value: roll.one([1, "text", null, [1], new DataView(new ArrayBuffer(4)), new Uint16Array(2), new Uint8Array(0)]),
      }),
    () => Promise.resolve(Object.defineProperty({}, "done", { get: throws })),
    () => new Promise(() => {}),
    (() => {
      let done = true;
      return () => Promise.resolve({ done: (done = !done), value: bytes });
    })(),
  ]);
  return {
    read,
    cancel: roll.one([throws, () => undefined, () => Promise.reject(new Error("no")), () => new Promise(() => {}), undefined]),
    releaseLock() {},
  };
}

/** What is no `Response`, and is answered all the same. */
function oddResponse(roll) {
  const bytes = new TextEncoder().encode(oddBody(roll));
  const reader = oddReader(roll, bytes);
  const response = {
    status: roll.one([200, 200, 503, 429, 301, 307, 0, 100, 204, 304, 599, 999, 200.5, "200", NaN, -1, 1e9, null]),
    ok: roll.one([true, false, undefined]),
    headers: roll.one([
      new Headers(),
      { "content-type": "application/json" },
      new Map(),
      [],
      undefined,
      null,
      thorny(),
      { get: throws, has: throws },
      { get: () => ({}), has: () => true },
    ]),
    body: roll.one([
      null,
      undefined,
      "text",
      [bytes],
      { getReader: () => reader },
      { getReader: () => reader, cancel: throws },
      { getReader: throws },
      thorny(),
    ]),
    url: "",
    statusText: "",
  };
  const name = roll.one([...Object.keys(response), "", ""]);
  if (name) Object.defineProperty(response, name, { get: throws });
  return response;
}

/** A good enough response with odd contents, whole or in pieces. */
function realResponse(roll) {
  const text = roll.happens(0.5) ? oddStream(roll) : oddBody(roll);
  const bytes = new TextEncoder().encode(text);
  const status = roll.one([200, 200, 200, 400, 401, 404, 413, 422, 424, 429, 500, 502, 503, 504, 301, 302, 303, 307, 308, 599]);
  const cut = roll.below(bytes.length + 1);
  const end = roll.one(["close", "close", "error", "stall"]);
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(bytes.subarray(0, cut));
      if (end !== "stall") controller.enqueue(bytes.subarray(cut));
      if (end === "close") controller.close();
      if (end === "error") controller.error(new Error("cut"));
    },
  });
  const headers = Object.fromEntries(Object.entries(oddHeaders(roll)).map(([name, value]) => [name, value.replace(/[^\x20-\x7e]/g, "")]));
  return new Response(body, { status, headers });
}

/** An odd `fetch`. */
export function oddFetch(roll) {
  return roll.one([
    throws,
    () => undefined,
    () => 7,
    () => "text",
    () => Promise.resolve(null),
    () => Promise.resolve(thorny()),
    () => ({ then: throws }),
    () => Object.defineProperty({}, "then", { get: throws }),
    () => Promise.reject(undefined),
    () => new Promise(() => {}),
    () => Promise.resolve(oddResponse(roll)),
    () => Promise.resolve(oddResponse(roll)),
    () => Promise.resolve(oddResponse(roll)),
    ...Array.from({ length: 9 }, () => () => Promise.resolve(realResponse(roll))),
  ]);
}

/** What a caller may hand in, and whether that is its own mistake. */
export function oddOptions(roll) {
  const options = { maxRetries: roll.below(2), timeouts: { totalMs: 20 + roll.below(60), attemptMs: 15, idleMs: 10, connectMs: 10 } };
  if (roll.happens(0.1))
    options.token = roll.one([throws, () => Promise.reject(new Error("no token")), () => 7, () => ({}), () => new Promise(() => {}), () => "a b"]);
  if (roll.happens(0.1)) options.onEvent = throws;
  if (roll.happens(0.1)) options.fallback = ["http://127.0.0.1:1/other"];
  if (roll.happens(0.2)) options.signal = AbortSignal.timeout(roll.below(25));
  return options;
}
