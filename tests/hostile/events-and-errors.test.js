// Odd events of a stream and odd bodies of errors: each is the trouble of its own call, and the core
// that all calls share goes on. PKG_DIR and MOCK_HF_BIN as in tests/package.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { connectMock } from "../package/cases/mock.js";
import { events, finishes, readAll, says, streamStep } from "../package/cases/streamed.js";
import { PKG_DIR } from "../package/harness/app.js";
import { startMock } from "../package/harness/mock-server.js";
import { besides, isError, isItsOwn, show } from "./beside.js";
import { load } from "./core.js";

const CHAT = "/v1/chat/completions";
const payload = { messages: [{ role: "user", content: "Hi" }], stream: true };
const once = { maxRetries: 0, timeouts: { totalMs: 3_000 } };
const nested = (depth) => "[".repeat(depth) + "]".repeat(depth);

let server, mock, api, cores, beside;
before(async () => {
  server = await startMock();
  mock = connectMock({ mockUrl: server.mockUrl, prefix: "events" });
  ({ api, cores } = await load(PKG_DIR, `${server.mockUrl}/_mock`));
  beside = await besides({ api, mock, cores });
});
after(() => server?.stop());

/** A stream of these events, that ends as a chat ends. */
const chatOf = (...all) => streamStep(events(...all, finishes("stop"), "[DONE]"));

const odd = {
  "a generated_text that is an object without a text of its own": streamStep(events('{"generated_text":{"toString":1}}')),
  "a token whose text is an object without a text of its own": streamStep(events('{"token":{"text":{"toString":1}}}', { generated_text: "Hi" })),
  "a delta of /v1/responses that is an object without a text of its own": streamStep(
    events('{"type":"response.output_text.delta","delta":{"toString":1}}', { type: "response.completed" }),
  ),
  "a choice whose index is an object without a number of its own": chatOf(
    '{"choices":[{"index":{"valueOf":1,"toString":1},"delta":{"content":"Hi"}}]}',
  ),
  "an index that is 30,000 brackets deep": chatOf(`{"choices":[{"index":${nested(30_000)},"delta":{"content":"Hi"}}]}`),
  "an error that is 30,000 brackets deep": streamStep(events(`{"error":${nested(30_000)}}`)),
  "an error that is 30,000 brackets deep, after a text": chatOf(says("Hi"), `{"error":${nested(30_000)}}`),
};

const ways = {
  "event by event": async (client, url) => {
    const { items, error } = await readAll(client.stream(url, payload, once));
    if (error) throw error;
    return items;
  },
  "for its text": async (client, url) => client.stream(url, payload, once).finalText(),
  "as a readable": async (client, url) => {
    const { items, error } = await readAll(client.stream(url, payload, once).readable);
    if (error) throw error;
    return items;
  },
  "by client.fetch": async (client, url) => {
    const response = await client.fetch(url, { method: "POST", body: JSON.stringify(payload) });
    const text = await response.text();
    if (!response.ok) throw new api.QueryError({ code: "engine_failure", status: response.status }, url, { attempts: [], totalMs: 0 }, text);
    return text;
  },
};

describe("an event of a stream", { timeout: 60_000 }, () => {
  for (const [what, step] of Object.entries(odd)) {
    test(`with ${what} ends no other call and no core, however it is read`, async () => {
      const url = (await mock.put("odd", { then: step })) + CHAT;
      const client = api.createClient(once);
      const calls = Object.entries(ways).map(([how, read]) => [how, () => read(client, url)]);
      const came = await beside(Object.fromEntries(calls));
      for (const [how, end] of Object.entries(came)) {
        isItsOwn(end, api, how);
        // What an error event is, deep or not: no answer. Of a fetch the end is in its body.
        if (what.startsWith("an error")) assert.ok("error" in end, `${how}: ${show(end)}`);
      }
      if ("value" in came["for its text"]) assert.equal(typeof came["for its text"].value, "string");
      const [{ inFlight, queued }] = client.stats();
      assert.deepEqual({ inFlight, queued }, { inFlight: 0, queued: 0 });
    });
  }
});

describe("an odd answer in one piece", { timeout: 60_000 }, () => {
  const bodies = [
    '{"generated_text":{"toString":1}}',
    '[{"generated_text":{"toString":1}}]',
    '{"choices":[{"index":{"valueOf":1,"toString":1},"message":{"content":"Hi"}}]}',
    `{"error":${nested(30_000)}}`,
  ];
  for (const body of bodies) {
    test(`ends no other call and no core: ${body.slice(0, 70)}`, async () => {
      const url = await mock.put("piece", { then: { status: 200, headers: { "content-type": "application/json" }, body } });
      const client = api.createClient(once);
      const { query, stream } = await beside({ query: () => client.query(url, {}), stream: () => client.stream(url, payload).finalText() });
      isItsOwn(query, api, "query");
      isItsOwn(stream, api, "stream");
      if ("value" in stream) assert.equal(typeof stream.value, "string");
    });
  }
});

describe("the body of a 500", { timeout: 60_000 }, () => {
  const json = { "content-type": "application/json" };
  const step = (depth) => ({ status: 500, headers: json, body: `{"error":${nested(depth)}}` });

  for (const depth of [20_000, 30_000]) {
    test(`that is ${depth} brackets deep is an engine_failure like any other`, async () => {
      const url = await mock.put("deep", { then: step(depth) });
      const { query } = await beside({ query: () => api.createClient(once).query(url, {}) });
      isError(query, api, "engine_failure");
    });
  }

  const unfinished = { ...step(20_000), fault: { kind: "stall", at: "body", bytes: step(20_000).body.length } };
  for (const clock of ["attemptMs", "idleMs", "totalMs"]) {
    test(`that is 20,000 brackets deep and does not end, ends its own call alone when ${clock} is over`, async () => {
      const url = await mock.put("unfinished", { then: unfinished });
      const client = api.createClient({ maxRetries: 0, timeouts: { totalMs: 3_000, [clock]: 300 } });
      const { query, stream, fetch } = await beside({
        query: () => client.query(url, {}),
        stream: () => client.stream(url, payload).finalText(),
        fetch: () => client.fetch(url, { method: "POST", body: "{}" }).then(({ status }) => status),
      });
      for (const came of [query, stream, fetch]) assert.ok(came.ms < 1_500, show(came));
      isError(query, api, "engine_failure", "timeout");
      isError(stream, api, "engine_failure", "timeout");
      if ("value" in fetch) assert.equal(fetch.value, 500);
      else isError(fetch, api, "engine_failure", "timeout");
    });
  }
});
