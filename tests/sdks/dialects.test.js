// What the clients that people use say of a failure that came as a 200, through `client.fetch`: the typed error of their own,
// for one request where one is enough. And that ollama-js streams word by word. PKG_DIR as in tests/package.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import Anthropic from "@anthropic-ai/sdk";
import { InferenceClient } from "@huggingface/inference";
import { ChatOpenAI } from "@langchain/openai";
import { HTTPClient, Mistral } from "@mistralai/mistralai";
import * as ai from "ai";
import * as ai6 from "ai-6";
import Groq from "groq-sdk";
import { Ollama } from "ollama";
import OpenAI from "openai";
import OpenAI4 from "openai-4";
import OpenAI6 from "openai-6";
import { createOpenAICompatible as createFor6 } from "openai-compatible-2";
import { PKG_DIR } from "../package/harness/app.js";

const { createClient } = await import(pathToFileURL(join(PKG_DIR, "dist/index.js")));

const model = "m";
const messages = [{ role: "user", content: "Hi" }];
const apiKey = "hf_secret";

async function all(items) {
  for await (const _ of items);
}

/** A completion, or a stream of one, by the clients of OpenAI's form. */
const ofOpenAI =
  (Client, path = "/v1") =>
  async (url, fetch, stream) => {
    const answer = await new Client({ apiKey, baseURL: url + path, fetch }).chat.completions.create({ model, messages, stream });
    if (stream) await all(answer);
  };

const ofAi =
  ({ generateText, streamText }, create) =>
  async (url, fetch, stream) => {
    const chat = create({ name: "x", baseURL: `${url}/v1`, apiKey, fetch })(model);
    if (!stream) return void (await generateText({ model: chat, prompt: "Hi" }));
    let failed;
    await all(streamText({ model: chat, prompt: "Hi", onError: ({ error }) => void (failed = error) }).textStream);
    if (failed) throw failed;
  };

const ask = {
  "openai 4": ofOpenAI(OpenAI4),
  "openai 6": ofOpenAI(OpenAI6),
  "openai, the newest": ofOpenAI(OpenAI),
  groq: ofOpenAI(Groq, ""),
  async langchain(url, fetch, stream) {
    const chat = new ChatOpenAI({ model, apiKey, configuration: { baseURL: `${url}/v1`, fetch } });
    await (stream ? all(await chat.stream("Hi")) : chat.invoke("Hi"));
  },
  async "@huggingface/inference"(url, fetch, stream) {
    const client = new InferenceClient(apiKey, { endpointUrl: `${url}/v1`, fetch });
    await (stream ? all(client.chatCompletionStream({ model, messages })) : client.chatCompletion({ model, messages }));
  },
  "ai 6": ofAi(ai6, createFor6),
  "ai, the newest": ofAi(ai, createOpenAICompatible),
  async mistral(url, fetch, stream) {
    const client = new Mistral({ apiKey, serverURL: url, httpClient: new HTTPClient({ fetcher: (input, init) => fetch(input, init) }) });
    await (stream ? all(await client.chat.stream({ model, messages })) : client.chat.complete({ model, messages }));
  },
};

const TOO_LONG = "This model's maximum context length is 1024 tokens";
const failures = {
  "a prompt that is too long": { error: { message: TOO_LONG, type: "BadRequestError", code: 400 } },
  "a prompt that was flagged": { error: { message: "The prompt was flagged", type: "invalid_request_error", code: "content_policy_violation" } },
};

let server, url;
const answers = new Map();
const requests = new Map();
before(async () => {
  server = createServer(async (request, response) => {
    const key = request.url.split("/")[1];
    for await (const _ of request);
    requests.set(key, (requests.get(key) ?? 0) + 1);
    await answers.get(key)(response);
    response.end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${server.address().port}`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});

let keys = 0;
/** Where this is answered, and how often it was. */
function put(answer) {
  const key = `k${++keys}`;
  answers.set(key, answer);
  return { at: `${url}/${key}`, asked: () => requests.get(key) };
}

const json = (body) => (response) => response.writeHead(200, { "content-type": "application/json" }).write(JSON.stringify(body));
const events = (body) => (response) =>
  response.writeHead(200, { "content-type": "text/event-stream" }).write(`data: ${JSON.stringify(body)}\n\ndata: [DONE]\n\n`);

/** The status of its error, wherever it stands, and all that is said. */
function told(error) {
  const status = error?.status ?? error?.statusCode ?? error?.status_code ?? error?.httpResponse?.status ?? error?.cause?.status;
  return { status, words: [error?.message, error?.body, error?.responseBody, JSON.stringify(error?.httpResponse?.body)].join(" ") };
}

async function failure(call) {
  try {
    await call;
  } catch (error) {
    return error;
  }
  return assert.fail("it did not fail");
}

for (const [sdk, call] of Object.entries(ask)) {
  describe(sdk, { timeout: 60_000 }, () => {
    for (const [what, body] of Object.entries(failures)) {
      for (const stream of [false, true]) {
        test(`${what}, in a 200${stream ? " that streams" : ""}, is its own error with the server's words, for one request`, async () => {
          const { at, asked } = put((stream ? events : json)(body));
          const client = createClient({ fallback: ["org/other"] });
          const error = await failure(call(at, client.fetch, stream));
          const { status, words } = told(error);
          assert.equal(status, 400, `${error?.constructor?.name}: ${words}`);
          assert.ok(words.includes(body.error.message), words);
          assert.equal(asked(), 1);
          assert.equal(client.stats()[0].breaker, "closed");
        });
      }
    }
  });
}

describe("the SDK of Anthropic", { timeout: 60_000 }, () => {
  const tooLong = { type: "error", error: { type: "invalid_request_error", message: "prompt is too long: 205000 tokens > 200000 maximum" } };
  for (const stream of [false, true]) {
    test(`says in its own error what was wrong with a prompt, in a 200${stream ? " that streams" : ""}, for one request`, async () => {
      const { at, asked } = put((stream ? events : json)(tooLong));
      const client = new Anthropic({ apiKey, baseURL: at, fetch: createClient().fetch });
      const call = async () => {
        const answer = await client.messages.create({ model, messages, max_tokens: 9, stream });
        if (stream) await all(answer);
      };
      const error = await failure(call());
      assert.ok(error instanceof Anthropic.BadRequestError, `${error}`);
      assert.ok(error.message.includes("prompt is too long"), error.message);
      assert.equal(asked(), 1);
    });
  }
});

describe("ollama-js", { timeout: 60_000 }, () => {
  test("streams word by word, as without it", async () => {
    let next;
    const { at } = put(async (response) => {
      response.writeHead(200, { "content-type": "application/x-ndjson" });
      for (const [nth, content] of ["Hel", "lo", "!"].entries()) {
        response.write(`${JSON.stringify({ model, message: { role: "assistant", content }, done: nth === 2 })}\n`);
        if (nth < 2) await new Promise((resolve) => (next = resolve));
      }
    });
    const words = [];
    for await (const { message } of await new Ollama({ host: at, fetch: createClient().fetch }).chat({ model, messages, stream: true })) {
      words.push(message.content);
      next(); // the server says the next word when this one has come
    }
    assert.deepEqual(words, ["Hel", "lo", "!"]);
  });

  test("says in its own error what its server said", async () => {
    const { at, asked } = put(json({ error: "registry.ollama.ai/library/m:latest does not support chat" }));
    const error = await failure(new Ollama({ host: at, fetch: createClient({ maxRetries: 0 }).fetch }).chat({ model, messages }));
    assert.ok(error.message.includes("does not support chat"), error.message);
    assert.equal(asked(), 1);
  });
});
