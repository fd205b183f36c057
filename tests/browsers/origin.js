// An origin that any page may ask: chats that take their time, and counts of what came.
import { createServer } from "node:http";
import { createSecureServer } from "node:http2";
import { createServer as createTlsServer } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { ofNobody } from "../package/harness/certificate.js";

const cors = {
  "access-control-allow-origin": "*",
  "access-control-allow-headers": "*",
  "access-control-allow-methods": "*",
  "access-control-max-age": "600",
};

const servers = {
  http: (answer) => createServer(answer),
  https: (answer) => createTlsServer(ofNobody, answer),
  h2: (answer) => createSecureServer({ ...ofNobody, allowHTTP1: true }, answer),
};

const event = (delta, finish_reason = null) => `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason }] })}\n\n`;

/** `over`: "http", or with a certificate of nobody "https" (HTTP/1.1 alone) or "h2"; `headers` go with each answer; `credentials`: it takes those of any page; `host`, in a network of its own; so many posts to `/busy-once` are refused; a body is taken in at so many bytes a second. */
export async function startOrigin({ over = "http", headers = {}, credentials = false, refused = 5, host = "127.0.0.1", uploadRate = Infinity } = {}) {
  const seen = { posts: 0, heads: 0, gets: 0, inFlight: 0, most: 0, log: [] };
  const server = servers[over]((request, response) => {
    for (const [name, value] of Object.entries({ ...cors, ...headers })) response.setHeader(name, value);
    if (credentials) {
      response.setHeader("access-control-allow-credentials", "true");
      response.setHeader("access-control-allow-origin", request.headers.origin ?? "*");
      response.setHeader("access-control-allow-headers", request.headers["access-control-request-headers"] ?? "*");
    }
    const { pathname, searchParams } = new URL(request.url, "http://x");
    if (request.method === "OPTIONS") return response.writeHead(204).end();
    seen.log.push({ at: performance.now(), method: request.method, url: request.url });
    if (request.method === "HEAD") return (seen.heads++, response.writeHead(200).end());
    if (request.method === "GET") return (seen.gets++, response.writeHead(200, { "content-type": "text/plain" }).end("here"));
    seen.posts++;
    seen.most = Math.max(seen.most, ++seen.inFlight);
    // Over when its last byte is handed to the platform: a connection may bring the next request before it is told as closed.
    let over = false;
    const leave = () => {
      seen.inFlight -= over ? 0 : 1;
      over = true;
    };
    const { end } = response;
    response.end = (...rest) => (leave(), end.apply(response, rest));
    response.once("close", leave);
    if (uploadRate !== Infinity)
      request.on("data", ({ length }) => (request.pause(), setTimeout(() => request.resume(), (1_000 * length) / uploadRate)));
    return request.resume().on("end", () => void answer(pathname.slice(1), searchParams, response));
  });

  let began; // of a cold start, by its first request
  let until;
  async function answer(way, parameters, response) {
    const ms = Number(parameters.get("ms") ?? 0);
    if (way === "busy-once" && seen.posts <= refused) {
      response.writeHead(503, { "content-type": "application/json", "retry-after": "3" }).end('{"error":"Model is overloaded"}');
    } else if (way === "breaks-once" && seen.posts === 1) {
      // In its body, for a lost request Chromium sends again by itself.
      response.writeHead(200, { "content-type": "application/json" }).write('{"n":');
      await sleep(ms);
      response.destroy();
    } else if (way === "busy-until" && Date.now() < (until ??= Math.ceil(Date.now() / 1_000 + 3) * 1_000)) {
      const date = { "retry-after": new Date(until).toUTCString(), "access-control-expose-headers": "retry-after" };
      response.writeHead(429, { "content-type": "application/json", ...date }).end('{"error":"too many"}');
    } else if (way === "cold" && performance.now() - (began ??= performance.now()) < ms) {
      response.writeHead(503, { "content-type": "application/json" }).end('{"error":"Model x is currently loading","estimated_time":20.0}');
    } else if (way === "endless") {
      response.writeHead(200, { "content-type": "audio/mpeg" });
      while (!response.destroyed) {
        response.write(Buffer.alloc(16_384));
        await sleep(50);
      }
    } else if (way === "slow-body") {
      response.writeHead(200, { "content-type": "application/json" }).write('{"n":');
      await sleep(ms);
      response.end("1}");
    } else if (way.endsWith("stream")) {
      if (way === "late-stream") await sleep(ms);
      response.writeHead(200, { "content-type": "text/event-stream" });
      const pieces = 10;
      for (let nth = 0; nth < pieces && !response.destroyed; nth++) {
        if (way === "broken-stream" && nth === pieces - 1) return response.destroy();
        response.write(event({ content: `${nth} ` }));
        await sleep(ms / pieces);
      }
      response.end(`${event({}, "stop")}data: [DONE]\n\n`);
    } else {
      if (way !== "cold") await sleep(ms);
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ n: 1 }));
    }
  }

  const sessions = new Set();
  server.on("session", (session) => sessions.add(session));
  await new Promise((ready) => server.listen(0, host, ready));
  return {
    url: `http${over === "http" ? "" : "s"}://${host}:${server.address().port}`,
    seen,
    async stop() {
      server.closeAllConnections?.();
      for (const session of sessions) session.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}
