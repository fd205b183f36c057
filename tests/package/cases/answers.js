// Healthy answers: what goes up arrives as it was, what comes down is read as it was asked for.
import { answer } from "./mock.js";

// Every byte value, so that no text decoding on the way goes unnoticed.
const BYTES = Uint8Array.from({ length: 70_000 }, (_, i) => (i * 7 + (i >> 8)) & 255);
const PNG = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, ...BYTES.subarray(0, 512)]);

async function sha256(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const png = () => ({
  status: 200,
  headers: { "content-type": "image/png" },
  bodyBase64: btoa(String.fromCharCode(...PNG)),
});

export const answers = [
  {
    name: "an empty 202 or 204 is taken, with nothing to say, and is not asked for again",
    async run({ api, mock, assert }) {
      for (const status of [202, 204]) {
        const url = await mock.put(`m${status}`, { then: { status } });
        assert.equal(await api.queryWithRetry(url, {}), null);
        assert.equal(await api.queryWithRetry(url, {}, { response: "json" }), null);
        assert.equal(await api.queryWithRetry(url, {}, { response: "text" }), "");
        assert.equal((await api.queryWithRetry(url, {}, { response: "bytes" })).length, 0);
        assert.equal((await mock.stats(`m${status}`)).requests, 4);
      }
    },
  },
  {
    name: "a healthy JSON answer comes back parsed, for one request",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { healthy: answer(200, [{ generated_text: "on the mat" }]) });
      const data = await api.queryWithRetry(url, { inputs: "The cat sat" });
      assert.deepEqual(data, [{ generated_text: "on the mat" }]);
      const { requests, log } = await mock.stats("m");
      assert.equal(requests, 1);
      assert.equal(log[0].method, "POST");
      assert.equal(log[0].body, '{"inputs":"The cat sat"}');
      assert.ok(log[0].headers["content-type"].startsWith("application/json"));
    },
  },
  {
    name: "a chat payload to a URL gets the server's completion",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { server: "openai" });
      const payload = { model: "m", messages: [{ role: "user", content: "Hi" }] };
      const data = await api.queryWithRetry(`${url}/v1/chat/completions`, payload);
      assert.equal(data.choices[0].message.role, "assistant");
      assert.ok(data.choices[0].message.content.length > 0);
      const { log } = await mock.stats("m");
      assert.ok(log[0].path.endsWith("/v1/chat/completions"), log[0].path);
      assert.deepEqual(JSON.parse(log[0].body), payload);
    },
  },
  {
    name: "a URL object and a spec with its own headers are targets too",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { healthy: answer(200, { ok: 1 }) });
      assert.deepEqual(await api.queryWithRetry(new URL(url), []), { ok: 1 });
      const spec = { url: new URL(url), profile: "openai", headers: { "x-of-target": "a" } };
      assert.deepEqual(await api.queryWithRetry(spec, {}, { headers: { "X-Of-Call": "b" } }), { ok: 1 });
      const { log } = await mock.stats("m");
      assert.equal(log[1].headers["x-of-target"], "a");
      assert.equal(log[1].headers["x-of-call"], "b");
    },
  },
  {
    name: "binary payloads arrive intact, from a buffer, a view and a Blob",
    async run({ api, mock, assert }) {
      const view = new DataView(BYTES.buffer, 100, 50_000);
      const payloads = [
        [BYTES.buffer, BYTES],
        [BYTES, BYTES],
        [view, BYTES.subarray(100, 50_100)],
        [new Blob([BYTES], { type: "audio/flac" }), BYTES],
      ];
      // The mock answers bytes with a receipt: their number, hash and content type.
      const url = await mock.put("m", {});
      for (const [payload, bytes] of payloads) {
        const seen = await api.queryWithRetry(url, payload);
        assert.equal(seen.bytes, bytes.length);
        assert.equal(seen.sha256, await sha256(bytes));
      }
      const blob = await api.queryWithRetry(url, new Blob([BYTES], { type: "audio/flac" }));
      assert.equal(blob.contentType, "audio/flac");
    },
  },
  {
    name: "binary payloads are the same bytes on the retry, even if the caller reuses the buffer",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { script: [answer(503, "busy")], healthy: answer(200, {}) });
      const payload = new TextEncoder().encode("as it was when the call began");
      await api.queryWithRetry(url, payload, { onEvent: () => payload.fill(32) });
      const { log } = await mock.stats("m");
      assert.equal(log[0].body, "as it was when the call began");
      assert.equal(log[1].body, "as it was when the call began");
    },
  },
  {
    name: 'a PNG comes down as a Uint8Array with response: "bytes"',
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { healthy: png() });
      const data = await api.queryWithRetry(url, { inputs: "a cat" }, { response: "bytes" });
      assert.ok(data instanceof Uint8Array);
      assert.deepEqual([...data], [...PNG]);
    },
  },
  ...["blob", "auto"].map((response) => ({
    name: `a PNG comes down as a Blob of its type with response: "${response}"`,
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { healthy: png() });
      const data = await api.queryWithRetry(url, { inputs: "a cat" }, { response });
      assert.ok(data instanceof Blob);
      assert.equal(data.type, "image/png");
      assert.deepEqual([...new Uint8Array(await data.arrayBuffer())], [...PNG]);
    },
  })),
  {
    name: "a text answer is a string, and text beyond ASCII survives both ways",
    async run({ api, mock, assert }) {
      const text = "Grüße, 世界 🌍";
      const headers = { "content-type": "text/plain; charset=utf-8" };
      const url = await mock.put("m", { healthy: answer(200, text, headers) });
      assert.equal(await api.queryWithRetry(url, { inputs: text }), text);
      assert.equal(JSON.parse((await mock.stats("m")).log[0].body).inputs, text);
    },
  },
  {
    name: 'response: "text" hands over JSON unparsed, response: "json" parses whatever its type says',
    async run({ api, mock, assert }) {
      const asJson = await mock.put("a", { healthy: answer(200, '{"n": 1}', { "content-type": "application/json" }) });
      const asText = await mock.put("b", { healthy: answer(200, '{"n": 2}', { "content-type": "text/plain" }) });
      assert.equal(await api.queryWithRetry(asJson, {}, { response: "text" }), '{"n": 1}');
      assert.deepEqual(await api.queryWithRetry(asText, {}, { response: "json" }), { n: 2 });
    },
  },
  {
    name: "a report tells of one good attempt, no waits and no fallback",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { healthy: { ...answer(200, { n: 1 }, { "x-request-id": "req-7" }), delayMs: 50 } });
      const { data, report } = await api.queryWithReport(url, {});
      assert.deepEqual(data, { n: 1 });
      assert.equal(report.attempts.length, 1);
      const [attempt] = report.attempts;
      assert.equal(attempt.outcome, "ok");
      assert.equal(attempt.status, 200);
      assert.equal(attempt.requestId, "req-7");
      assert.equal(report.requestId, "req-7");
      assert.equal(report.servedBy, attempt.target);
      assert.equal(report.degraded, false);
      assert.deepEqual(
        Object.values(report.waitedMs).filter((ms) => ms > 0),
        [],
      );
      assert.between(attempt.durationMs, 45, report.totalMs + 1);
      assert.between(attempt.startedMs, 0, report.totalMs);
      assert.deepEqual(JSON.parse(JSON.stringify(report)).degraded, false);
    },
  },
  {
    name: "a clock longer than a timer can count does not ring at once",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { healthy: { ...answer(200, { n: 1 }), delayMs: 100 } });
      const timeouts = { attemptMs: 2_500_000_000, totalMs: 3_000_000_000, idleMs: 2_200_000_000 };
      assert.deepEqual(await api.queryWithRetry(url, {}, { timeouts }), { n: 1 });
    },
  },
];
