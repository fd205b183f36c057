// What the clients that people use make of failures that come through `client.fetch`, and how their
// own retries go with ours. Each is set up as it is by default. MOCK_HF_BIN and PKG_DIR as in
// tests/package.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { InferenceClient, InferenceClientProviderApiError } from "@huggingface/inference";
import { APICallError, generateText, RetryError } from "ai";
import OpenAI from "openai";
import { connectMock } from "../package/cases/mock.js";
import { PKG_DIR } from "../package/harness/app.js";
import { startMock } from "../package/harness/mock-server.js";

const { createClient } = await import(pathToFileURL(join(PKG_DIR, "dist/index.js")));

const model = "org/model";
const content = "Name three rivers.";
const messages = [{ role: "user", content }];

/** One completion by each client, with its own options, and `signal` where it takes one. */
const ask = {
  openai(baseURL, fetch, { signal, ...options } = {}) {
    const client = new OpenAI({ baseURL, apiKey: "hf_x", fetch, ...options });
    return client.chat.completions.create({ model, messages }, { signal });
  },
  "@huggingface/inference"(endpointUrl, fetch, { signal, ...options } = {}) {
    const client = new InferenceClient("hf_x", { endpointUrl, fetch, ...options });
    return client.chatCompletion({ model, messages }, { signal });
  },
  ai(baseURL, fetch, { signal, ...options } = {}) {
    const provider = createOpenAICompatible({ name: "mock", baseURL, apiKey: "hf_x", fetch });
    return generateText({ model: provider(model), prompt: content, abortSignal: signal, ...options });
  },
};

/** What turns a client's own retries off. */
const off = { openai: { maxRetries: 0 }, "@huggingface/inference": { retry_on_error: false }, ai: { maxRetries: 0 } };

let server, mock;
before(async () => {
  server = await startMock();
  mock = connectMock({ mockUrl: server.mockUrl, prefix: "sdk-errors" });
});
after(() => server?.stop());

const name = (text) => text.toLowerCase().replace(/[^a-z0-9]+/g, "-");

/** How a call by `sdk` to a model fails: the error, what the model saw, and how long it took. */
async function failure(sdk, key, scenario, { client = {}, ...options } = {}) {
  key = name(`${key} ${sdk}`);
  const url = `${await mock.put(key, scenario)}/v1`;
  const begun = performance.now();
  const shared = createClient(client);
  // Ended by this at last, which is no error of any client.
  const stop = AbortSignal.timeout(60_000);
  const signal = options.signal ? AbortSignal.any([options.signal, stop]) : stop;
  try {
    await ask[sdk](url, shared.fetch, { ...options, signal });
  } catch (error) {
    const { requests } = await mock.stats(key);
    assert.ok(!stop.aborted, `no end after a minute and ${requests} requests`);
    return { error, requests, seconds: (performance.now() - begun) / 1_000 };
  } finally {
    shared.close?.();
  }
  return assert.fail("the call was answered");
}

/** The status that an error of `sdk` tells. */
function statusOf(error) {
  if (error instanceof InferenceClientProviderApiError) return error.httpResponse.status;
  if (RetryError.isInstance(error)) return error.lastError.statusCode;
  return APICallError.isInstance(error) ? error.statusCode : error.status;
}

describe("a refusal comes through as the client's own typed error, after one request", { timeout: 60_000 }, () => {
  const refusals = [
    { sample: "router-unauthorized", status: 401, openai: OpenAI.AuthenticationError },
    { sample: "vllm-context", status: 400, openai: OpenAI.BadRequestError },
    { sample: "vllm-not-found", status: 404, openai: OpenAI.NotFoundError },
    { sample: "router-forbidden", status: 403, openai: OpenAI.PermissionDeniedError },
    { sample: "tgi-validation", status: 422, openai: OpenAI.UnprocessableEntityError },
  ];
  const types = { "@huggingface/inference": InferenceClientProviderApiError, ai: APICallError };

  for (const sdk of Object.keys(ask)) {
    for (const { sample, status, openai } of refusals) {
      const type = sdk === "openai" ? openai : types[sdk];
      test(`${sdk}: ${status} is ${type.name}`, async () => {
        const { error, requests } = await failure(sdk, `${status}`, { then: { sample } });
        assert.ok(type.isInstance?.(error) ?? error instanceof type, error?.stack);
        assert.equal(statusOf(error), status);
        assert.equal(requests, 1);
      });
    }
  }
});

describe("a 429 that does not end comes through as the client's own typed error", { timeout: 60_000 }, () => {
  const scenario = { then: { sample: "router-provider-retry-after", headers: { "retry-after": "0", "retry-after-ms": "1" } } };

  test("openai: RateLimitError", async () => {
    const { error, requests } = await failure("openai", "limited", scenario);
    assert.ok(error instanceof OpenAI.RateLimitError, error?.stack);
    assert.ok(requests >= 4 && requests <= 12, `${requests} requests`);
  });

  test("@huggingface/inference: InferenceClientProviderApiError with the status", async () => {
    const { error, requests } = await failure("@huggingface/inference", "limited", scenario);
    assert.ok(error instanceof InferenceClientProviderApiError, error?.stack);
    assert.equal(statusOf(error), 429);
    assert.equal(requests, 4);
  });

  test("ai: RetryError, and the last of its errors has the status", async () => {
    const { error, requests } = await failure("ai", "limited", scenario);
    assert.ok(RetryError.isInstance(error), error?.stack);
    assert.equal(statusOf(error), 429);
    assert.ok(requests >= 4 && requests <= 12, `${requests} requests`);
  });
});

// Ours are inside theirs: each of their tries is a call with four tries of its own. The openai client
// is told that there is no use in another one; the others ask until the breaker opens.
describe("a model that always fails", { timeout: 120_000 }, () => {
  const counted = [];
  after(() => console.log(`\n| | | requests | seconds |\n| --- | --- | --- | --- |\n${counted.join("\n")}\n`));

  for (const [what, sample] of [
    ["500", "router-bare-500"],
    ["503 that is no cold start", "router-unavailable"],
  ]) {
    for (const sdk of Object.keys(ask)) {
      const told = async (title, most, options) => {
        const { error, requests, seconds } = await failure(sdk, `${what} ${title}`, { then: { sample } }, options);
        counted.push(`| ${what} | ${sdk}, ${title} | ${requests} | ${seconds.toFixed(1)} |`);
        assert.ok(error instanceof Error);
        assert.ok(requests <= most, `${requests} requests`);
      };
      const most = sdk === "openai" ? 4 : 5;
      test(`${what}: ${sdk} with its own retries costs ${most} requests at most`, () => told("its retries on", most));
      test(`${what}: ${sdk} without them costs 4 at most`, () => told("its retries off", 4, off[sdk]));
    }
  }
});

describe("a model that stays cold, with the client's own retries off", { timeout: 90_000 }, () => {
  for (const sdk of Object.keys(ask)) {
    test(`${sdk}: ends with the 503 when loading.maxWaitMs is over`, async () => {
      const scenario = { cold: { ms: 3_600_000, says: 20 } };
      const { error, requests, seconds } = await failure(sdk, "cold", scenario, { client: { loading: { maxWaitMs: 1_500 } }, ...off[sdk] });
      assert.equal(statusOf(error), 503, error?.stack);
      assert.ok(requests <= 3, `${requests} requests`);
      assert.ok(seconds < 4, `after ${seconds} s`);
    });
  }
});

describe("leaving", { timeout: 60_000 }, () => {
  for (const sdk of Object.keys(ask)) {
    test(`${sdk}: an abort while the model is cold ends the call at once, and nothing is asked any more`, async () => {
      const caller = new AbortController();
      setTimeout(() => caller.abort(), 700);
      const cold = { cold: { ms: 3_600_000, says: 4 } };
      const { error, requests, seconds } = await failure(sdk, "left", cold, { signal: caller.signal });
      assert.match(error.name === "Error" ? error.constructor.name : error.name, /Abort/);
      assert.ok(seconds < 2, `after ${seconds} s`);
      await new Promise((later) => setTimeout(later, 1_500));
      assert.equal((await mock.stats(name(`left ${sdk}`))).requests, requests);
    });
  }

  test("openai: a stream that is left in the middle closes its connection", async () => {
    const url = await mock.put("left-stream", { stream: { tokens: 1_000, tokensPerSecond: 50 } });
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "hf_x", fetch: createClient().fetch });
    let pieces = 0;
    for await (const _ of await client.chat.completions.create({ model, messages, stream: true })) if (++pieces === 5) break;
    await mock.statsOnce("left-stream", ({ aborted, requests }) => aborted === 1 && requests === 1, "the stream being left");
  });
});
