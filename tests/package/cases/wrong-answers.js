// A 200 is only a success when the promised answer is in it.
import { answer } from "./mock.js";

const JSON_TYPE = { "content-type": "application/json" };
const HTML = "<!DOCTYPE html><html><body><h1>We are down for maintenance</h1></body></html>";

const errorsIn200 = [
  ["Model is overloaded", "overloaded"],
  ["Rate limit reached. Please subscribe to a plan", "rate_limited"],
  ["CUDA out of memory. Tried to allocate 1024.00 MiB", "engine_failure"],
];

export const wrongAnswers = [
  ...errorsIn200.map(([error, code]) => ({
    name: `a 200 that says "${error.split(".")[0]}" is ${code}`,
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { then: answer(200, { error }) });
      await assert.rejects(api.queryWithRetry(url, {}, { maxRetries: 0 }), { code, status: 200, detail: error });
    },
  })),
  {
    name: "a 200 that says the model is loading is waited for",
    async run({ api, mock, assert }) {
      const loading = answer(200, { error: "Model gpt2 is currently loading", estimated_time: 1 });
      const url = await mock.put("m", { script: [loading], healthy: answer(200, { n: 1 }) });
      const { data, report } = await api.queryWithReport(url, {}, { maxRetries: 0 });
      assert.deepEqual(data, { n: 1 });
      assert.deepEqual(
        report.attempts.map(({ outcome }) => outcome),
        ["model_loading", "ok"],
      );
    },
  },
  {
    name: "HTML with a 200 is bad_response, and retried",
    async run({ api, mock, assert }) {
      const html = answer(200, HTML, { "content-type": "text/html; charset=utf-8" });
      const url = await mock.put("m", { then: html });
      await assert.rejects(api.queryWithRetry(url, {}, { maxRetries: 0 }), { code: "bad_response", layer: "gateway", retryable: true });
      const once = await mock.put("once", { script: [html], healthy: answer(200, { n: 1 }) });
      assert.deepEqual(await api.queryWithRetry(once, {}), { n: 1 });
    },
  },
  {
    name: "broken JSON is bad_response",
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { then: answer(200, '[{"generated_text": "on the', JSON_TYPE) });
      await assert.rejects(api.queryWithRetry(url, {}, { maxRetries: 0 }), { name: "QueryError", code: "bad_response" });
      const empty = await mock.put("empty", { then: answer(200, "", JSON_TYPE) });
      await assert.rejects(api.queryWithRetry(empty, {}, { maxRetries: 0 }), { name: "QueryError", code: "bad_response" });
    },
  },
  {
    name: 'text that is no JSON is bad_response with response: "json"',
    async run({ api, mock, assert }) {
      const url = await mock.put("m", { then: answer(200, "just words", { "content-type": "text/plain" }) });
      await assert.rejects(api.queryWithRetry(url, {}, { maxRetries: 0, response: "json" }), { code: "bad_response" });
    },
  },
];
