// A server that holds the key of an inference server, and passes answers and streams through as they come.
import { createServer } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createClient, QueryError } from "query-with-retry";

const ENDPOINT = process.env.ENDPOINT ?? "https://router.huggingface.co/v1/chat/completions";
const client = createClient();

const server = createServer(async (request, response) => {
  if (request.url === "/metrics") return void response.setHeader("content-type", "text/plain; version=0.0.4").end(client.metrics());
  if (request.method !== "POST") return void response.writeHead(404).end();
  // A reader that leaves stops the generation.
  const left = new AbortController();
  response.on("close", () => left.abort());
  try {
    const answer = await client.fetch(ENDPOINT, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${process.env.HF_TOKEN}` },
      body: Readable.toWeb(request),
      duplex: "half",
      signal: left.signal,
    });
    response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "application/octet-stream" });
    if (answer.body) await pipeline(Readable.fromWeb(answer.body), response);
    else response.end();
  } catch (error) {
    if (left.signal.aborted) return;
    // After the first byte there is no status to give: the connection is cut, so that nobody takes half an answer for a whole one.
    if (response.headersSent) return void response.destroy();
    const { code, hint } = error instanceof QueryError ? error : { code: "failed", hint: String(error) };
    response.writeHead(503, { "content-type": "application/json" }).end(JSON.stringify({ error: { code, message: hint } }));
  }
});

server.listen(Number(process.env.PORT ?? 8080), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
