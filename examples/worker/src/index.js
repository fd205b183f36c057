// A gateway in front of an inference endpoint that is scaled to zero: it holds the key, waits for cold starts, and passes streams through.
import { createClient, QueryError } from "query-with-retry";
import { durableObject } from "query-with-retry/workers";

// The runtime makes the Durable Objects of this class: wrangler.toml binds it.
export { QueryCoordinator } from "query-with-retry/workers";

// One for the isolate, made by its first request, because only a request has the bindings. Through the Durable Object all isolates share
// the cold-start gate, the breaker and the retry budget.
let client;
const clientOf = (env) => (client ??= createClient({ coordinator: durableObject(env.COORDINATOR), timeouts: { idleMs: 30_000 } }));

async function chat(request, env) {
  let payload;
  try {
    payload = await request.json();
  } catch {
    return Response.json({ error: { code: "bad_request", message: "Send a JSON object with messages." } }, { status: 400 });
  }
  try {
    return await clientOf(env).fetch(env.ENDPOINT, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${env.HF_TOKEN}` },
      body: JSON.stringify({ model: env.MODEL, ...payload }),
      signal: request.signal,
    });
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    const { code, hint, retryAfterMs } = error;
    const headers = retryAfterMs === undefined ? {} : { "retry-after": String(Math.ceil(retryAfterMs / 1000)) };
    return Response.json({ error: { code, message: hint } }, { status: 503, headers });
  }
}

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === "/metrics") return new Response(clientOf(env).metrics(), { headers: { "content-type": "text/plain; version=0.0.4" } });
    if (request.method === "POST" && pathname === "/chat") return chat(request, env);
    return new Response("POST /chat\n", { status: 404 });
  },

  // The Cron Trigger runs once for all isolates, wherever they are.
  async scheduled(event, env) {
    await clientOf(env).warmUp({ url: env.ENDPOINT, model: env.MODEL, token: env.HF_TOKEN });
  },
};
