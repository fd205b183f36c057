// Signals that are none of the platform: of another realm, of a polyfill, with members that throw.
import { answer } from "./mock.js";

const JSON_TYPE = { "content-type": "application/json" };

/** As polyfills had it before 2022: without `throwIfAborted`, and with no reason unless one is given. */
class Signal {
  aborted = false;
  listeners = new Set();

  addEventListener(_, listener) {
    this.listeners.add(listener);
  }

  removeEventListener(_, listener) {
    this.listeners.delete(listener);
  }

  abort(reason) {
    this.aborted = true;
    if (reason) this.reason = reason;
    for (const listener of this.listeners) listener({ type: "abort" });
  }
}

const thrower = () => {
  throw new RangeError("out of order");
};
const ofPlatform = (members) => Object.defineProperties(new AbortController().signal, Object.getOwnPropertyDescriptors(members));
const foreign = (members = {}) => Object.defineProperties(new Signal(), Object.getOwnPropertyDescriptors(members));

const body = () => new Response('{"inputs":"x"}').body;
const calls = {
  query: (client, url, signal) => client.query(url, { inputs: "x" }, { signal }),
  stream: (client, url, signal) => client.stream(url, { inputs: "x" }, { signal }).finalText(),
  warmUp: (client, url, signal) => client.warmUp(url, { signal }),
  "client.fetch": async (client, url, signal) => (await client.fetch(url, { method: "POST", body: '{"inputs":"x"}', signal })).text(),
  "client.fetch with a body that is a stream": async (client, url, signal) =>
    (await client.fetch(url, { method: "POST", body: body(), duplex: "half", headers: JSON_TYPE, signal })).text(),
  "client.fetch that passes it on": async (client, url, signal) => (await client.fetch(url, { redirect: "manual", signal })).text(),
};

const ends = {
  "a signal of no platform": () => foreign(),
  "a signal whose removeEventListener throws": () => ofPlatform({ removeEventListener: thrower }),
  "a signal of no platform whose removeEventListener throws": () => foreign({ removeEventListener: thrower }),
};
const wire = 'data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\ndata: [DONE]\n\n';

const isIdle = (client) => client.stats().every(({ inFlight, queued }) => inFlight + queued === 0);

export const foreignSignals = [
  ...Object.entries(ends).map(([what, make]) => ({
    name: `${what} ends no call that has an answer`,
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { healthy: answer(200, { n: 1 }) });
      const streamed = await mock.put("s", { then: answer(200, wire, { "content-type": "text/event-stream" }) });
      const client = api.createClient({ maxRetries: 0 });
      for (const [how, call] of Object.entries(calls)) await call(client, how === "stream" ? streamed : url, make());
      assert.ok(isIdle(client));
    },
  })),
  ...["with a reason", "without a reason", "whose reason throws"].map((what) => ({
    name: `the abort of a signal of no platform ${what} is heard by each kind of call`,
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { then: { ...answer(200, { n: 1 }), delayMs: 5_000 } });
      const client = api.createClient({ maxRetries: 0 });
      for (const [how, call] of Object.entries(calls)) {
        const signal = foreign(what === "whose reason throws" ? { get reason() { return thrower(); } } : {}); // prettier-ignore
        const reason = what === "with a reason" ? new RangeError("changed my mind") : undefined;
        const made = call(client, url, signal);
        setTimeout(() => signal.abort(reason), 100);
        const error = await assert.rejects(made);
        // That is the platform's own fetch: that of workerd rejects with a copy of the reason, and that of WebKit without it.
        if (reason && how.endsWith("passes it on")) assert.ok([`${reason}`, "AbortError: Fetch is aborted"].includes(`${error}`), `${error}`);
        else if (reason) assert.equal(error, reason, how);
        else assert.equal(error.name, "AbortError", how);
        // It is aborted when the next call is made.
        const late = await assert.rejects(call(client, url, signal));
        assert.equal(late.name, reason?.name ?? error.name, how);
      }
      assert.ok(isIdle(client));
    },
  })),
  {
    name: "a signal whose aborted throws rejects each kind of call with that, and a client has nothing in flight",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { healthy: answer(200, { n: 1 }) });
      const client = api.createClient({ maxRetries: 0 });
      for (const call of Object.values(calls)) {
        for (const make of [ofPlatform, foreign]) {
          const signal = make({ get aborted() { return thrower(); } }); // prettier-ignore
          await assert.rejects((async () => call(client, url, signal))(), { name: "RangeError", message: "out of order" });
        }
      }
      assert.ok(isIdle(client));
      assert.equal((await mock.stats("m")).requests, 0);
    },
  },
];
