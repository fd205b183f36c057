// Bodies whose next piece is always there, so that reading them waits for nothing: the event loop turns all the same.
import { sleep } from "./clock.js";
import { answer } from "./mock.js";

/** So many that the clocks of a case come first if they can, and that a case without them still ends. */
const MOST = 1_000_000;

/** Counts its pieces in `given`. */
function pieces(text, first = text, given = { pieces: 0 }) {
  const [one, next] = [first, text].map((words) => new TextEncoder().encode(words));
  const body = new ReadableStream({
    pull: (to) => (given.pieces++ < MOST ? to.enqueue(given.pieces === 1 ? one : next) : to.close()),
  });
  return { body, given };
}

const ends = {
  "an abort": {
    options: {},
    init: () => {
      const controller = new AbortController();
      setTimeout(() => controller.abort(new RangeError("changed my mind")), 200);
      return { signal: controller.signal };
    },
    expected: { name: "RangeError" },
  },
  totalMs: {
    options: { timeouts: { totalMs: 200, attemptMs: 100 } },
    init: () => ({}),
    expected: { name: "QueryError", code: "timeout", phase: "total" },
  },
};

const DELTA = 'data: {"choices":[{"delta":{"content":"x"}}]}\n\n';
const EVENTS = { "content-type": "text/event-stream" };
const answers = {
  "JSON in a query": [" ", "{", { "content-type": "application/json" }, (client, url) => client.query(url, {})],
  "a stream before its first text": [": ping\n\n", ":\n\n", EVENTS, (client, url) => client.stream(url, {}).finalText()],
  "a stream that has begun": [": ping\n\n", DELTA, EVENTS, (client, url) => client.stream(url, {}).finalText()],
  "a stream of client.fetch": [
    ": ping\n\n",
    DELTA,
    EVENTS,
    async (client, url) => {
      const response = await client.fetch(url, { method: "POST", body: '{"stream":true}' });
      const reader = response.body.getReader(); // Chromium's text() has an error of its own for every stream that breaks
      while (!(await reader.read()).done);
    },
  ],
};

export const alwaysThere = [
  ...Object.entries(ends).flatMap(([what, { options, init, expected }]) =>
    ["body", "Request"].map((where) => ({
      name: `${what} ends a client.fetch while its ${where} always has another piece`,
      async run({ api, mock, assert }) {
        const url = await mock.put("m", { healthy: answer(200, { n: 1 }) });
        const client = api.createClient(options);
        await client.fetch(url); // the core is there
        const { body, given } = pieces("x");
        const all = { method: "POST", body, duplex: "half", ...init() };
        let input = [url, all];
        try {
          if (where === "Request") input = [new Request(url, all)];
        } catch {
          return; // not every browser takes a stream there
        }
        if (where === "Request" && typeof input[0].body !== "object") return;
        await assert.rejects(client.fetch(...input), expected);
        assert.ok(given.pieces < MOST, `${given.pieces} pieces were read`);
        assert.equal((await mock.stats("m")).requests, 1);
      },
    })),
  ),
  {
    name: "a body of a client.fetch in thousands of pieces that are there at once is sent whole",
    async run({ api, assert }) {
      let left = 10_000;
      const body = new ReadableStream({
        pull: (to) => (left-- > 0 ? to.enqueue(new TextEncoder().encode(`${left},`)) : to.close()),
      });
      let sent;
      const fetch = async (_, init) => new Response(`{"n":${(sent = new TextDecoder().decode(init.body)).length}}`);
      await api.createClient({ fetch }).fetch("http://host.test/", { method: "POST", body, duplex: "half" });
      assert.ok(sent === Array.from({ length: 10_000 }, (_, nth) => `${9_999 - nth},`).join(""), `${sent.length} characters were sent`);
    },
  },
  ...Object.entries(answers).map(([what, [text, first, headers, call]]) => ({
    name: `totalMs ends ${what} of a replaced fetch that always has another piece`,
    async run({ api, assert }) {
      const made = pieces(text, first);
      const fetch = async () => new Response(made.body, { headers });
      const client = api.createClient({ fetch, maxRetries: 0, timeouts: { totalMs: 300, attemptMs: 200 } });
      await assert.rejects(call(client, "http://host.test/v1/chat/completions"), { code: "timeout" });
      assert.ok(made.given.pieces < MOST, `${made.given.pieces} pieces were read`);
      await sleep(0);
      assert.equal(client.stats()[0].inFlight, 0);
    },
  })),
];
