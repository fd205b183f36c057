// The scenarios: what the mock is told, what the package is asked, and what a visitor should see.

import { STREAMS } from "./stream-scenarios.js";

const INPUTS = { inputs: "The cat sat on the mat." };
const CHAT = { model: "demo", messages: [{ role: "user", content: "Say hello." }] };

const HUGGING_FACE = { profile: "hf-inference", path: "/models/demo/cat", payload: INPUTS };
const OPENAI = { profile: "openai", path: "/v1/chat/completions", payload: CHAT };

const GATEWAY_PAGE = [
  "<html>",
  "<head><title>504 Gateway Time-out</title></head>",
  "<body><center><h1>504 Gateway Time-out</h1></center><hr><center>nginx</center></body>",
  "</html>",
].join("\n");

const ANSWERS = [
  {
    id: "cold-start",
    title: "Cold start",
    what: "8 s to load; the server says 20 s.",
    expect:
      "It should ask again after about a quarter of the estimate, then at growing distances, and have the answer soon after the model is up: before the 20 s that the server named.",
    mock: { server: "hf-inference", cold: { ms: 8000, says: 20 } },
    ...HUGGING_FACE,
  },
  {
    id: "wrong-estimate",
    title: "Wrong estimate",
    what: "6 s to load; the server says 118 s.",
    expect:
      "It should neither wait the 118 s nor hammer the server: one probe after about a quarter of the estimate, some 30 s, finds the model long up.",
    mock: { server: "hf-inference", cold: { ms: 6000, says: 118 } },
    ...HUGGING_FACE,
  },
  {
    id: "rate-limit",
    title: "Rate limit",
    what: "429 with Retry-After: 3, then healthy.",
    expect: "It should never ask again before the 3 s are over, and not long after.",
    mock: {
      server: "openai",
      script: [
        {
          status: 429,
          headers: { "retry-after": "3" },
          body: { error: { message: "Rate limit reached for requests", type: "requests", param: null, code: "rate_limit_exceeded" } },
        },
      ],
    },
    ...OPENAI,
  },
  {
    id: "gateway-timeout",
    title: "Gateway timeout",
    what: "504 with an HTML page, then healthy.",
    expect: "It should back off for a moment and try exactly once more: after a 504 the work may have been done and billed, so it does not insist.",
    mock: {
      server: "openai",
      script: [{ status: 504, headers: { "content-type": "text/html" }, body: GATEWAY_PAGE, delayMs: 1500 }],
    },
    ...OPENAI,
  },
  {
    id: "slow",
    title: "Slow answer",
    what: "Healthy, but takes 6 s to generate.",
    expect: "It should wait for the one answer. Nothing is wrong, so nothing is sent twice.",
    mock: { server: "openai", latencyMs: 6000 },
    ...OPENAI,
  },
  {
    id: "hard-error",
    title: "Hard error",
    what: "401: the token is refused.",
    expect: "It should give up at once, with one request sent, and say where the trouble is and what to do.",
    mock: { server: "hf-inference", then: { status: 401, body: { error: "Invalid username or password." } } },
    ...HUGGING_FACE,
  },
  {
    id: "healthy",
    title: "Healthy",
    what: "Answers at once.",
    expect: "It should send one request and be out of the way.",
    mock: { server: "openai", latencyMs: 300 },
    ...OPENAI,
  },
];

export const OWN = {
  id: "own",
  title: "Your own",
  what: "Your model id or URL, token and prompt.",
  expect: "What happens depends on your server. Only the mock counts its requests, so there is nothing to compare with here.",
};

export const GROUPS = [
  { legend: "One answer", scenarios: ANSWERS },
  { legend: "A stream", scenarios: STREAMS },
  { legend: "A real server", scenarios: [OWN] },
];

/** A call of a scenario under a key that no other run has, so that no run sees another's state. */
export function scenarioCall(scenario, origin) {
  const key = `demo-${scenario.id}-${randomSuffix()}`;
  return {
    key,
    mock: scenario.mock,
    target: { url: `${origin}/${key}${scenario.path}`, profile: scenario.profile },
    payload: scenario.payload,
    options: scenario.options ?? {},
    stream: scenario.stream ?? false,
  };
}

function randomSuffix() {
  return Array.from(crypto.getRandomValues(new Uint8Array(3)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
