// The Worker under test. Its clients are of module scope, as the README has it, and each request is one call, or a few.
// It never uses `ctx.waitUntil`.
import { createClient, queryWithRetry, streamWithRetry } from "query-with-retry";
import { batch, coalesce } from "query-with-retry/batch";
import { createEndpoints } from "query-with-retry/endpoints";
import { durableObject } from "query-with-retry/workers";
import named from "./clients.json";

const clients = new Map(Object.entries({ default: {}, ...named }).map(([name, options]) => [name, createClient(options)]));

/** Its name says where the endpoint is that this client may resume. */
const MANAGING = "managing ";

/** Its name says with which options a client shares through the Durable Object. */
const SHARING = "sharing ";

function optionsOf(name, env) {
  if (name.startsWith(SHARING)) return { ...JSON.parse(name.slice(SHARING.length)), coordinator: durableObject(env.COORDINATOR) };
  if (!name.startsWith(MANAGING)) return {};
  const endpoints = createEndpoints({ namespace: "me", token: "hf_managing_123456", url: `${name.slice(MANAGING.length)}/v2` });
  return { endpoints, resumePaused: true };
}

/** One that no configuration names is made by the first request that asks for it. */
function clientOf(name, env) {
  if (!clients.has(name)) clients.set(name, createClient(optionsOf(name, env)));
  return clients.get(name);
}

const post = (payload) => ({ method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(payload) });
const textOf = ({ choices }) => choices[0].message.content;

async function handedOver(response) {
  if (!response.ok) throw Object.assign(new Error("the server's own answer"), { code: `HTTP ${response.status}` });
  return response;
}

const inputsOf = (say) => Array.from({ length: 24 }, (_, at) => `${say}, ${at}`);

/** The mock labels a text with the text itself. */
function inOrder(inputs, items, say) {
  const wrong = items.find(({ ok, value }, at) => !ok || value[0].label !== inputs[at]);
  if (wrong?.error) throw wrong.error;
  return wrong ? `${JSON.stringify(wrong.value)} in the place of another` : `You said: ${say}`;
}

/** The ways to call, each to the text of the answer. */
const ways = {
  query: async ({ client, url, payload, options }) => textOf(await client.query(url, payload, options)),
  queryWithRetry: async ({ url, payload, options }) => textOf(await queryWithRetry(url, payload, options)),
  stream: ({ client, url, payload, options }) => client.stream(url, payload, options).finalText(),
  streamWithRetry: ({ url, payload, options }) => streamWithRetry(url, payload, options).finalText(),
  fetch: async ({ client, url, payload }) => textOf(await (await handedOver(await client.fetch(url, post(payload)))).json()),
  fetchStream: async ({ client, url, payload }) => {
    const events = await (await handedOver(await client.fetch(url, post({ ...payload, stream: true })))).text();
    const all = events
      .split("\n")
      .filter((line) => line.startsWith("data: {"))
      .map((line) => JSON.parse(line.slice(6)));
    return all.map(({ choices }) => choices[0]?.delta.content ?? "").join("");
  },
  warmUp: async ({ client, url, say, options }) => {
    await client.warmUp(url, options);
    return `You said: ${say}`;
  },
  warmUpAndQuery: async (ask) => {
    await ask.client.warmUp(ask.url, ask.options);
    return ways.query(ask);
  },
  batch: async ({ client, url, say, options }) => {
    const inputs = inputsOf(say);
    return inOrder(inputs, await batch(client, url, inputs, options), say);
  },
  coalesce: async ({ client, url, say, options }) => {
    const ask = coalesce(client, url, options);
    const inputs = inputsOf(say);
    const values = await Promise.all(inputs.map((input) => ask(input)));
    return inOrder(
      inputs,
      values.map((value) => ({ ok: true, value })),
      say,
    );
  },
  threeQueries: async (ask) => (await Promise.all([ways.query(ask), ways.query(ask), ways.query(ask)]))[2],
};

/** What goes on after the handler has returned: the answer itself is streamed. A text ends in a line break, since a runtime may end it early. */
const streamed = {
  passOn: ({ client, url, payload }) => client.fetch(url, post({ ...payload, stream: true })),
  passOnText({ client, url, payload, options }) {
    const texts = client.stream(url, payload, options).text()[Symbol.asyncIterator]();
    const encoder = new TextEncoder();
    const body = new ReadableStream({
      async pull(controller) {
        const { done, value } = await texts.next();
        controller.enqueue(encoder.encode(done ? "\n" : value));
        if (done) controller.close();
      },
      cancel: () => texts.return?.(),
    });
    return new Response(body, { headers: { "content-type": "text/plain" } });
  },
};

export default {
  async fetch(request, env) {
    const { way, client: name, url: address, say, call } = JSON.parse(new URL(request.url).searchParams.get("ask"));
    const client = clientOf(name, env);
    const url = name.startsWith(MANAGING) ? { url: address, profile: "endpoint" } : address;
    if (way === "stats") return Response.json({ ok: true, stats: client.stats() });
    const told = { attempts: 0, waits: [] };
    const onEvent = ({ type, reason }) => {
      if (type === "attempt") told.attempts++;
      if (type === "wait") told.waits.push(reason);
    };
    const ask = { client, url, say, payload: { messages: [{ role: "user", content: say }] }, options: { ...call, onEvent } };
    try {
      if (streamed[way]) return await streamed[way](ask);
      return Response.json({ ok: true, text: await ways[way](ask), ...told });
    } catch (error) {
      const { name, code, phase, status, retryAfterMs, message } = error;
      return Response.json({ ok: false, code: code ?? name, phase, status, retryAfterMs, message, ...told });
    }
  },
};
