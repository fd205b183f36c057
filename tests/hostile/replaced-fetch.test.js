// What a replaced `fetch` answers with that is no full Response: one call's trouble, and nobody else's.
// PKG_DIR and MOCK_HF_BIN as in tests/package.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { connectMock } from "../package/cases/mock.js";
import { PKG_DIR } from "../package/harness/app.js";
import { startMock } from "../package/harness/mock-server.js";
import { besides, isError, isItsOwn, show } from "./beside.js";
import { load } from "./core.js";

const URL_OF_NOBODY = "http://127.0.0.1:9/nobody"; // no fetch here goes there
const json = { "content-type": "application/json" };

let server, mock, api, cores, beside;
before(async () => {
  server = await startMock();
  mock = connectMock({ mockUrl: server.mockUrl, prefix: "replaced" });
  ({ api, cores } = await load(PKG_DIR, `${server.mockUrl}/_mock`));
  beside = await besides({ api, mock, cores });
});
after(() => server?.stop());

const thrower = (message) => {
  throw new Error(message);
};
const bytes = (text) => new TextEncoder().encode(text);

/** A Response in all that is not said otherwise. */
const response = (members = {}) =>
  Object.defineProperties(
    { status: 200, ok: true, statusText: "OK", url: URL_OF_NOBODY, headers: new Headers(json), body: new Response('{"n":1}').body },
    Object.getOwnPropertyDescriptors(members),
  );

/** A body whose reader gives these pieces, and then does not answer, unless it is told otherwise. */
const bodyOf = (pieces, reader = {}) => ({
  getReader: () => ({
    read: async () => (pieces.length > 0 ? { done: false, value: bytes(pieces.shift()) } : new Promise(() => {})),
    cancel: async () => {},
    releaseLock() {},
    ...reader,
  }),
});

const calls = {
  query: (client) => client.query(URL_OF_NOBODY, {}),
  stream: (client) => client.stream(URL_OF_NOBODY, {}).finalText(),
  fetch: async (client) => {
    const answer = await client.fetch(URL_OF_NOBODY, { method: "POST", body: '{"stream":true}' });
    // A stream that has begun lasts as long as its reader is away.
    if (answer instanceof Response && !answer.body?.locked) await answer.body?.cancel();
    return answer.status;
  },
};

/** Whatever such a fetch answers with, its call alone has the trouble: `expected` of what each comes to. */
function isOnlyItsOwn(name, answer, expected = isNetwork) {
  test(`${name} is the trouble of its own call alone`, async () => {
    const client = api.createClient({ fetch: () => answer(), maxRetries: 0, timeouts: { totalMs: 400 } });
    const came = await beside(Object.fromEntries(Object.entries(calls).map(([how, call]) => [how, () => call(client)])));
    for (const [how, end] of Object.entries(came)) {
      isItsOwn(end, api, how);
      assert.ok(end.ms < 1_400, `${how}: ${show(end)}`);
      expected(end);
    }
    const [{ inFlight, queued }] = client.stats();
    assert.deepEqual({ inFlight, queued }, { inFlight: 0, queued: 0 });
  });
}

/** What was to be a stream is cut, if it breaks after its head. */
const isNetwork = (came) => isError(came, api, came.error?.code === "stream_truncated" ? "stream_truncated" : "network");
/** It leads to itself, and is followed twenty times. */
const isAstray = (came) => isError(came, api, "bad_response");
const isTimeout = (came) => isError(came, api, "timeout");
// Where what cannot be read may also be taken to say nothing.
const anyEnd = () => {};

describe("a replaced fetch", { concurrency: 4, timeout: 120_000 }, () => {
  isOnlyItsOwn("a response with a plain record for headers", async () => response({ headers: json }), anyEnd);
  isOnlyItsOwn("a response without headers", async () => response({ headers: undefined }), anyEnd);
  isOnlyItsOwn("a response whose headers are null", async () => response({ headers: null }), anyEnd);

  for (const name of ["status", "ok", "headers", "body"]) {
    const members = Object.defineProperty({}, name, { get: () => thrower(`no ${name}`), enumerable: true });
    // Nobody need ask for `ok`.
    isOnlyItsOwn(`a response whose ${name} throws`, async () => response(members), name === "ok" ? anyEnd : isNetwork);
  }
  isOnlyItsOwn("a response whose headers.get throws", async () => response({ headers: { get: () => thrower("no get"), has: () => true } }));
  isOnlyItsOwn("a response whose headers.has throws", async () => response({ headers: { get: () => "", has: () => thrower("no has") } }), anyEnd);
  isOnlyItsOwn("a response whose headers are objects", async () => response({ headers: { get: () => ({}), has: () => true } }), anyEnd);
  const everything = { get: (_, name) => (name === "then" ? undefined : thrower(String(name))) };
  isOnlyItsOwn("a response that throws on every access", () => new Proxy({}, everything));

  const redirect = { status: 307, ok: false, headers: new Headers({ location: `${URL_OF_NOBODY}/2` }) };
  isOnlyItsOwn("a redirect with a body without cancel", async () => response({ ...redirect, body: {} }), isAstray);
  isOnlyItsOwn(
    "a redirect whose body's cancel throws",
    async () => response({ ...redirect, body: { cancel: () => thrower("no cancel") } }),
    isAstray,
  );
  isOnlyItsOwn("a redirect whose body's cancel returns nothing", async () => response({ ...redirect, body: { cancel() {} } }), isAstray);
  const location = { get: () => thrower("no location"), has: () => false };
  isOnlyItsOwn("a redirect whose Location throws", async () => response({ ...redirect, headers: location, body: null }), anyEnd);

  const cancels = {
    "whose cancel returns nothing": () => {},
    "whose cancel throws": () => thrower("no cancel"),
    "whose cancel never settles": () => new Promise(() => {}),
    "whose cancel rejects": async () => thrower("no cancel"),
    "that has no cancel": undefined,
  };
  const reads = (reader) => async () => response({ body: bodyOf(['{"n":'], reader) });
  for (const [what, cancel] of Object.entries(cancels)) isOnlyItsOwn(`a reader that stalls and ${what}`, reads({ cancel }), isTimeout);
  // Of an event stream, whose pieces go into the memory of the core.
  const piece = () => bytes('data: {"choices":[{"index":0,"delta":{"content":"x"}}]}\n\n');
  const pieces = {
    "has a detached buffer": () => {
      const one = piece();
      structuredClone(one, { transfer: [one.buffer] });
      return one;
    },
    "is out of the bounds of its buffer": () => {
      const buffer = new ArrayBuffer(64, { maxByteLength: 64 });
      const one = new Uint8Array(buffer, 32, 32);
      buffer.resize(16);
      return one;
    },
    ...Object.fromEntries(
      [0, 5, -1, 5n, 1e9].map((length) => [`says that its length is ${length}`, () => Object.defineProperty(piece(), "length", { value: length })]),
    ),
    "has a length that throws": () => Object.defineProperty(piece(), "length", { get: () => thrower("no length") }),
  };
  for (const [what, make] of Object.entries(pieces)) {
    const stream = async () => {
      const given = [make];
      const read = async () => (given.length > 0 ? { done: false, value: given.shift()() } : new Promise(() => {}));
      return response({ headers: new Headers({ "content-type": "text/event-stream" }), body: bodyOf([], { read }) });
    };
    isOnlyItsOwn(`an event stream a piece of which ${what}`, stream, anyEnd);
  }
  isOnlyItsOwn("a reader whose read throws", reads({ read: () => thrower("no read") }));
  isOnlyItsOwn("a reader whose read gives no promise", reads({ read: () => ({ done: true }) }), anyEnd);
  isOnlyItsOwn("a reader whose read gives null", reads({ read: async () => null }));
  isOnlyItsOwn("a body without getReader", async () => response({ body: {} }));
  const locked = async () => {
    const whole = new Response('{"n":1}');
    whole.body.getReader();
    return whole;
  };
  isOnlyItsOwn("a body that is read by somebody else", locked, anyEnd);

  const event = 'data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n';
  const eventStream = { headers: new Headers({ "content-type": "text/event-stream" }) };
  for (const what of ["whose cancel returns nothing", "whose cancel throws", "that has no cancel"]) {
    const talks = async () => response({ ...eventStream, body: bodyOf([event], { cancel: cancels[what] }) });

    test(`an event stream that stalls, of a reader ${what}, is the trouble of its own call alone`, async () => {
      const client = api.createClient({ fetch: talks, maxRetries: 0, timeouts: { totalMs: 2_000, idleMs: 300 } });
      const { text } = await beside({ text: () => client.stream(URL_OF_NOBODY, {}).finalText() });
      isTimeout(text);
      assert.equal(text.error.partial, "Hi");
    });

    test(`an event stream that is left, of a reader ${what}, is left, and nothing else is lost`, async () => {
      const client = api.createClient({ fetch: talks, maxRetries: 0, timeouts: { totalMs: 2_000 } });
      const leaves = async () => {
        const stream = client.stream(URL_OF_NOBODY, {});
        for await (const _ of stream) break;
        return stream.report;
      };
      const { left } = await beside({ left: leaves });
      assert.equal(left.value?.attempts.at(-1)?.outcome, "aborted", show(left));
      assert.equal(client.stats()[0].inFlight, 0);
    });

    test(`an abort while a reader stalls ${what} is told with the reason of the signal`, async () => {
      const controller = new AbortController();
      const client = api.createClient({ fetch: reads({ cancel: cancels[what] }), maxRetries: 0 });
      const aborts = () => {
        setTimeout(() => controller.abort("enough"), 100);
        return client.query(URL_OF_NOBODY, {}, { signal: controller.signal });
      };
      const { aborted } = await beside({ aborted: aborts });
      assert.equal(aborted.error, "enough", show(aborted));
      assert.equal(client.stats()[0].inFlight, 0);
    });
  }
});
