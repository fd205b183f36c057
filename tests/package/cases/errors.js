import { answer } from "./mock.js";
import { events, says } from "./streamed.js";

/** The runtimes of V8, whose stacks go on to who awaits. */
const V8 = ["node", "deno", "workerd", "chromium"];

/** The line of a function called `awaits`, in this file or in what was bundled of it. */
const lineOf = (stack) => Number(/\bawaits\b.*?:(\d+):\d+\)?$/m.exec(stack)?.[1]);

const URL_OF_ANY = "https://models.test/v1/chat/completions";
const refused = () => Response.json({ error: "no" }, { status: 400 });
const page = () => new Response("<!doctype html><title>Log in</title>", { headers: { "content-type": "text/html" } });
const cut = () => new Response(events(says("Hi")), { headers: { "content-type": "text/event-stream" } });

/** Each awaits a call that fails, on the line behind the one that it tells. */
const waiters = {
  query: async function awaits({ of, tells }) {
    tells(new Error("here"));
    await of(refused).query(URL_OF_ANY, {});
  },
  fetch: async function awaits({ of, tells }) {
    tells(new Error("here"));
    await of(page).fetch(URL_OF_ANY, { method: "POST", body: "{}" });
  },
  "for await": async function awaits({ of, tells }) {
    tells(new Error("here"));
    for await (const _ of of(cut).stream(URL_OF_ANY, {}));
  },
  text: async function awaits({ of, tells }) {
    tells(new Error("here"));
    for await (const _ of of(cut).stream(URL_OF_ANY, {}).text());
  },
  finalText: async function awaits({ of, tells }) {
    tells(new Error("here"));
    await of(cut).stream(URL_OF_ANY, {}).finalText();
  },
};

export const errors = [
  {
    name: "a QueryError says what, where, what to do, and everything that was tried",
    async run({ api, mock, assert }) {
      const step = answer(503, { error: "out of order" }, { "x-request-id": "req-9" });
      const url = await mock.put("m", { then: step });
      const error = await assert.rejects(api.queryWithRetry(url, {}, { maxRetries: 1 }), {
        name: "QueryError",
        code: "unavailable",
        status: 503,
        retryable: true,
        detail: "out of order",
      });
      assert.ok(error instanceof api.QueryError);
      assert.ok(error instanceof Error);
      assert.ok(["network", "gateway", "compute"].includes(error.layer), error.layer);
      assert.ok(error.message.length > 0, "message");
      assert.ok(error.hint.length > 10, "hint");
      assert.equal(error.report.attempts.length, 2);
      for (const attempt of error.report.attempts) {
        assert.equal(attempt.outcome, "unavailable");
        assert.equal(attempt.status, 503);
        assert.equal(attempt.requestId, "req-9");
        assert.equal(attempt.layer, error.layer);
      }
      assert.equal(error.report.degraded, false);
      assert.equal(error.report.servedBy, undefined);
      assert.equal(error.partial, undefined);
      assert.equal(JSON.parse(JSON.stringify(error)).code, "unavailable");
    },
  },
  {
    name: "a message gives the address of a model id, and a time below one second in milliseconds",
    async run({ api, assert }) {
      const client = api.createClient({ fetch: async () => Response.json({ error: "no such model" }, { status: 404 }) });
      const refused = await assert.rejects(client.query("gpt2", { inputs: "x" }), { code: "not_found" });
      const [, address] = /^gpt2 \((\S+)\): not_found HTTP 404 after 1 try in \d{1,3} ms: no such model$/.exec(refused.message) ?? [];
      assert.equal(address, "https://router.huggingface.co/hf-inference/models/gpt2", refused.message);
      const named = await assert.rejects(client.query("https://models.test/v1?key=1", { model: "gpt2" }), { code: "not_found" });
      assert.ok(named.message.startsWith("https://models.test/v1#gpt2: not_found"), named.message);
    },
  },
  ...Object.entries(waiters).map(([how, waiter]) => ({
    name: `the stack of a QueryError shows the line that awaited it, and the failure event holds the same error: ${how}`,
    async run({ api, assert, runtime }) {
      let failure, line;
      const tells = ({ stack }) => (line = lineOf(stack));
      const onEvent = (event) => event.type === "failure" && (failure = event.error);
      const of = (make) => api.createClient({ maxRetries: 0, onEvent, fetch: async () => make() });
      const error = await assert.rejects(waiter({ of, tells }), { name: "QueryError" });
      assert.equal(failure, error);
      assert.equal(typeof error.stack, "string");
      if (V8.includes(runtime)) assert.equal(lineOf(error.stack), line + 1, error.stack);
    },
  })),
  {
    name: "what is wrong with the options of a call shows the line that awaited it, whoever found it",
    async run({ api, assert, runtime }) {
      async function awaits(target, options, tells) {
        tells(new Error("here"));
        await api.queryWithRetry(target, {}, options);
      }
      for (const [target, options] of [
        [URL_OF_ANY, { timeouts: { attemptMs: 2_000, totalMs: 1_000 } }],
        ["localhost:8080/v1", {}],
        [URL_OF_ANY, { maxRetries: -1 }],
      ]) {
        let line;
        const error = await assert.rejects(
          awaits(target, options, ({ stack }) => (line = lineOf(stack))),
          { name: "TypeError" },
        );
        if (V8.includes(runtime)) assert.equal(lineOf(error.stack), line + 1, error.stack);
      }
    },
  },
  {
    name: "who gives JSON as a text is told to give the object",
    async run({ api, assert }) {
      const error = await assert.rejects(api.queryWithRetry(URL_OF_ANY, JSON.stringify({ inputs: "x" })), { name: "TypeError" });
      assert.ok(error.message.includes("without JSON.stringify"), error.message);
    },
  },
  {
    name: "an error that a listener has frozen is the one that the call rejects with",
    async run({ api, assert }) {
      const onEvent = ({ error }) => error && Object.freeze(error);
      const client = api.createClient({ onEvent, fetch: async () => refused() });
      await assert.rejects(client.query(URL_OF_ANY, {}), { name: "QueryError", code: "bad_request" });
    },
  },
  {
    name: "a server's message is cut at 2,000 characters",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { then: answer(400, { error: "é".repeat(5_000) }) });
      const error = await assert.rejects(api.queryWithRetry(url, {}), { code: "bad_request" });
      assert.between(error.detail.length, 1_900, 2_000);
    },
  },
];
