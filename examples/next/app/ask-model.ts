// What both route handlers do: the key stays on the server, and the answer passes through as it comes.
import { createClient, QueryError } from "query-with-retry";

const client = createClient();

export async function askModel(request: Request): Promise<Response> {
  try {
    return await client.fetch(process.env.ENDPOINT ?? "https://router.huggingface.co/v1/chat/completions", {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${process.env.HF_TOKEN}` },
      body: await request.text(),
      signal: request.signal,
    });
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    return Response.json({ error: { code: error.code, message: error.hint } }, { status: 503 });
  }
}
