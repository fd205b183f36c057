// Servers whose headers come late, on ports of their own in this process.
import { once } from "node:events";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { json } from "node:stream/consumers";

const EVENTS = ["Hello", ", ", "world"].map((content) => ({ choices: [{ index: 0, delta: { content }, finish_reason: null }] }));
EVENTS.push({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] });
export const TEXT = "Hello, world";

function answer(response, { stream }) {
  if (stream) {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.end(`${EVENTS.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("")}data: [DONE]\n\n`);
  } else {
    const choices = [{ index: 0, message: { role: "assistant", content: TEXT }, finish_reason: "stop" }];
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ choices }));
  }
}

async function listen(onPost) {
  const seen = { posts: 0, heads: 0, headHeaders: undefined };
  const server = createServer(async (request, response) => {
    if (request.method === "HEAD") {
      seen.heads++;
      seen.headHeaders = request.headers;
      return response.end();
    }
    if (request.method !== "POST") return response.writeHead(405).end();
    seen.posts++;
    return onPost(response, await json(request));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const stop = async () => {
    server.closeAllConnections();
    if (server.listening) await new Promise((closed) => server.close(closed));
  };
  return { url: `http://127.0.0.1:${server.address().port}/v1/chat/completions`, seen, server, stop };
}

/**
 * As Ollama does, it loads its model when somebody asks, sends nothing meanwhile, not even headers, and
 * gives the load up when nobody waits for it any more. `seen.abandoned` counts that.
 */
export async function startOllama({ loadMs }) {
  const waiting = new Map();
  let loaded = false;
  let loading;
  const ollama = await listen((response, payload) => {
    if (loaded) return answer(response, payload);
    waiting.set(response, payload);
    response.once("close", () => {
      if (!waiting.delete(response) || waiting.size > 0 || loaded) return;
      clearTimeout(loading);
      loading = undefined;
      ollama.seen.abandoned++;
    });
    loading ??= setTimeout(() => {
      loaded = true;
      const answered = [...waiting];
      waiting.clear();
      for (const [response, payload] of answered) answer(response, payload);
    }, loadMs);
  });
  ollama.seen.abandoned = 0;
  const { stop } = ollama;
  return Object.assign(ollama, {
    stop: () => {
      clearTimeout(loading);
      return stop();
    },
  });
}

/** It answers its one request after `ms`, and takes no connections from then on: as a server that shuts down. */
export async function startLeaving({ ms }) {
  const leaving = await listen(async (response, payload) => {
    leaving.server.close();
    await sleep(ms, undefined, { ref: false });
    if (!response.destroyed) answer(response, payload);
  });
  return leaving;
}
