// A gateway in front of an inference endpoint: it holds the key, waits for cold starts, and passes streams through.
import { createClient, QueryError } from "query-with-retry";

// One for the isolate: all of its requests share the cold-start gate, the breaker, the budget and the limit.
const client = createClient({ timeouts: { idleMs: 30_000 } });

export default {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === "/metrics") return new Response(client.metrics(), { headers: { "content-type": "text/plain; version=0.0.4" } });
    if (request.method !== "POST" || pathname !== "/chat") return new Response("POST /chat", { status: 404 });
    try {
      return await client.fetch(env.ENDPOINT, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${env.HF_TOKEN}` },
        body: await request.text(),
        signal: request.signal,
      });
    } catch (error) {
      if (!(error instanceof QueryError)) throw error;
      const { code, hint, retryAfterMs } = error;
      const headers = retryAfterMs === undefined ? {} : { "retry-after": String(Math.ceil(retryAfterMs / 1000)) };
      return Response.json({ error: { code, message: hint } }, { status: 503, headers });
    }
  },
};
