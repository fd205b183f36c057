// Calls that are in flight on other clients while one call meets something odd: it is no business of theirs.
import assert from "node:assert/strict";
import { answer } from "../package/cases/mock.js";
import { words } from "../package/cases/streamed.js";

const TOKENS = 12;
const CHAT = "/v1/chat/completions";
const payload = { messages: [{ role: "user", content: "Hi" }] };

/** Models for them, and the calls: `run` makes the odd call while all of them are under way. */
export async function besides({ api, mock, cores }) {
  const urls = {
    slow: await mock.put("beside-slow", { healthy: answer(200, { n: 1 }), latencyMs: 500 }),
    talks: (await mock.put("beside-talks", { stream: { tokens: TOKENS, tokensPerSecond: 20 } })) + CHAT,
  };
  const client = api.createClient();
  let colds = 0;
  const calls = {
    "a query of another client": (options) => client.query(urls.slow, {}, options),
    "a query of the default client": (options) => api.queryWithRetry(urls.slow, {}, options),
    "a query to a cold model": async (options) => {
      const cold = await mock.put(`beside-cold-${++colds}`, { server: "legacy", cold: { ms: 500, says: 2 }, healthy: answer(200, { n: 1 }) });
      return api.createClient().query(cold, {}, options);
    },
    "a stream of another client": (options) => client.stream(urls.talks, payload, options).finalText(),
    "a stream of the default client": (options) => api.streamWithRetry(urls.talks, payload, options).finalText(),
    "a fetch of another client": async () => (await client.fetch(urls.slow, { method: "POST", body: "{}" })).json(),
  };

  const right = (name) => (name.startsWith("a stream") ? words(TOKENS).join("") : { n: 1 });
  /** What each of the `odd` calls comes to, once everything beside them was answered, by the core that was there before. */
  return async function beside(odd) {
    await client.query(urls.slow, {}); // a core is there
    const before = cores();
    const begun = [];
    const all = Object.entries(calls).map(async ([name, call]) => {
      let sent;
      begun.push(new Promise((resolve) => (sent = resolve)));
      const onEvent = ({ type }) => type === "attempt" && sent();
      if (name.startsWith("a fetch")) sent();
      try {
        assert.deepEqual(await call({ maxRetries: 0, onEvent }), right(name), name);
      } catch (error) {
        assert.fail(`${name}: ${error?.message ?? error}`);
      } finally {
        sent();
      }
    });
    all.forEach((one) => one.catch(() => {}));
    await Promise.all(begun);
    const came = await Promise.all(Object.entries(odd).map(async ([name, call]) => [name, await outcome(call)]));
    const lost = (await Promise.allSettled(all)).filter(({ status }) => status === "rejected").map(({ reason }) => reason.message);
    assert.deepEqual(lost, [], "calls beside it were lost");
    assert.equal(cores(), before, "the core was replaced");
    return Object.fromEntries(came);
  };
}

/** What a call comes to, and when: a `value` or an `error`, or that it is `pending`. */
export async function outcome(call, limitMs = 8_000) {
  const start = performance.now();
  const took = () => Math.round(performance.now() - start);
  let timer;
  const late = new Promise((resolve) => (timer = setTimeout(() => resolve({ pending: true, ms: limitMs }), limitMs)));
  // What it throws at once is what it comes to as well.
  const settled = (async () => call())().then(
    (value) => ({ value, ms: took() }),
    (error) => ({ error, ms: took() }),
  );
  return Promise.race([settled, late]).finally(() => clearTimeout(timer));
}

export function show(came) {
  if ("error" in came) return `rejected after ${came.ms} ms: ${came.error?.stack ?? came.error}`;
  try {
    return JSON.stringify(came);
  } catch (error) {
    return `a value after ${came.ms} ms that JSON does not write: ${error.message}`; // 30,000 brackets
  }
}

/** It has a value, or it is an error of the server's: never one that says that the core stopped. */
export function isItsOwn(came, api, what) {
  assert.ok(!came.pending && (!("error" in came) || came.error instanceof api.QueryError), `${what}: ${show(came)}`);
}

export function isError(came, api, ...codes) {
  assert.ok(came.error instanceof api.QueryError && codes.includes(came.error.code), show(came));
}
