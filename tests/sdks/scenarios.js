// What happens to the two calls of an example, a completion and a stream, and what becomes of it.

const times = (count, step) => Array(count).fill(step);
const badGateway = { sample: "router-bad-gateway" };
const gatewayTimeout = { sample: "router-gateway-timeout" };
const rateLimited = { sample: "router-provider-retry-after", headers: { "retry-after": "1" } };

/** Words of the mock's answer, streamed or not. */
export const WORDS = 40;
const stream = { tokens: WORDS };
// The second request is the stream.
const brokenStream = (fault) => ({ stream: { ...stream, quirks: ["roleOnce"] }, script: [{}, { fault }] });

export const FALLBACK = "small/model-that-works";

// No more failures than the breaker (5) and the retry budget (5) of a new client let pass.

/**
 * `model`: of the mock. `becomes`: of the example as it is. `requests`: at most so many, by it.
 * `options`: of its client. `alone`: of the example without the line, for each client.
 */
export const scenarios = [
  {
    title: "a cold start of 8 s",
    key: "cold",
    model: { stream, cold: { ms: 8_000, says: 8 } },
    becomes: "answered",
    requests: 10,
    alone: { openai: "failed", huggingface: "answered", "ai-sdk": "failed" },
    // It answers, by asking thousands of times.
    aloneRequests: { huggingface: 100 },
  },
  {
    title: "429 with Retry-After, three times and once more",
    key: "busy",
    model: { stream, script: [...times(3, rateLimited), {}, rateLimited, {}] },
    becomes: "answered",
    requests: 6,
    alone: { openai: "failed", huggingface: "failed", "ai-sdk": "failed" },
  },
  {
    title: "502, 502, 504, and 504 once more",
    key: "gateway",
    model: { stream, script: [badGateway, badGateway, gatewayTimeout, {}, gatewayTimeout, {}] },
    becomes: "answered",
    requests: 6,
    alone: { openai: "failed", huggingface: "failed", "ai-sdk": "failed" },
  },
  {
    title: "a model that is broken, and another one that works",
    key: "fallback",
    model: { stream, then: { sample: "router-bare-500" } },
    fallback: { stream },
    options: { fallback: [FALLBACK], breaker: { failures: 3 } },
    becomes: "answered",
    requests: 3,
    alone: { openai: "failed", huggingface: "failed", "ai-sdk": "failed" },
  },
  {
    title: "a stream cut before its first text",
    key: "cut-before",
    model: brokenStream({ kind: "end", events: 1 }),
    becomes: "answered",
    requests: 3,
    alone: { openai: "truncated", huggingface: "truncated", "ai-sdk": "failed" },
  },
  {
    title: "a stream cut in the middle",
    key: "cut-after",
    model: brokenStream({ kind: "end", events: 10 }),
    becomes: "failed",
    error: "stream_truncated",
    requests: 2,
    alone: { openai: "truncated", huggingface: "truncated", "ai-sdk": "failed" },
  },
  {
    title: "a stream whose connection breaks in the middle",
    key: "reset-after",
    model: brokenStream({ kind: "reset", events: 10 }),
    becomes: "failed",
    error: "stream_truncated",
    requests: 2,
    alone: { openai: "failed", huggingface: "failed", "ai-sdk": "failed" },
  },
  {
    title: "a stream that falls silent",
    key: "silent",
    model: brokenStream({ kind: "stall", events: 10 }),
    options: { timeouts: { idleMs: 1_000 } },
    becomes: "failed",
    error: "timeout",
    requests: 2,
    patienceMs: 8_000,
    alone: { openai: "hung", huggingface: "hung", "ai-sdk": "hung" },
  },
];
