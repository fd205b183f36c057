// Ports of the loopback address where a request gets no answer, one for each way to lose it.
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createServer as createPort } from "node:net";
import { ofNobody } from "./certificate.js";
import { program as nginxProgram, startNginx } from "../../gateway/nginx.js";

/** Longer than a refusal takes, on any machine. */
export const LATE_MS = 1_500;

const cors = { "access-control-allow-origin": "*", "access-control-allow-headers": "*", "access-control-allow-methods": "*" };

const ways = {
  reset: ({ socket }) => socket.resetAndDestroy(),
  closed: ({ socket }) => socket.destroy(),
  late: ({ socket }) => setTimeout(() => socket.resetAndDestroy(), LATE_MS),
  notHttp: ({ socket }) => socket.end("this is no HTTP\r\n\r\n"),
  body({ socket }, response) {
    response.writeHead(200, { ...cors, "content-length": "1000" }).write("x");
    setTimeout(() => socket.resetAndDestroy(), 100);
  },
  silent() {},
  /** A port that is closed now, and open so many ms later; with nginx in front of it too. */
  async opens({ url }, response) {
    const host = await closedPort();
    const late = createServer((request, answer) => {
      if (request.method === "OPTIONS") return answer.writeHead(204, cors).end();
      return request.resume().on("end", () => answer.writeHead(200, { ...cors, "content-type": "application/json" }).end('{"n":1}'));
    });
    opened.add(late);
    setTimeout(() => late.listen(Number(host.split(":")[1]), "127.0.0.1"), Number(new URL(url, "http://x").searchParams.get("ms")));
    response.writeHead(200, { ...cors, "content-type": "application/json" }).end(JSON.stringify(doors(`http://${host}/v1`)));
  },
  silentBody: (_, response) => response.writeHead(200, cors).write("x"),
};

/** Servers that were started late, and who stands before them. */
const opened = new Set();
let nginx;
const doors = (url) => ({ url, behindNginx: nginx?.url(`port/${new URL(url).port}`, url) });

async function closedPort() {
  const gone = createPort();
  const host = await listen(gone);
  await new Promise((closed) => gone.close(closed));
  return host;
}

async function listen(server) {
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return `127.0.0.1:${server.address().port}`;
}

export async function startLosing() {
  const server = createServer((request, response) => {
    if (request.method === "OPTIONS") return response.writeHead(204, cors).end();
    return request.resume().on("end", () => (ways[request.url.slice(1).split("?")[0]] ?? ways.silent)(request, response));
  });
  const secure = createTlsServer(ofNobody, (_, response) => response.writeHead(200, cors).end());
  const [plain, tls, nobody] = [await listen(server), await listen(secure), await closedPort()];
  if (nginxProgram) nginx = await startNginx({ upstream: `http://${plain}` });
  return {
    urls: {
      refused: `http://${nobody}/`,
      unknownHost: "http://no-such-host.invalid/",
      ...Object.fromEntries(["reset", "closed", "late", "notHttp", "body"].map((way) => [way, `http://${plain}/${way}`])),
      certificate: `https://${tls}/`,
      httpsToHttp: `https://${plain}/`,
      badPort: "http://127.0.0.1:6000/",
    },
    /** Where nothing comes, and where to ask for a port that opens later. */
    waits: { silent: `http://${plain}/silent`, opens: `http://${plain}/opens` },
    /** Nothing comes there, or one byte. */
    silent: { headers: `http://${plain}/silent`, bodies: `http://${plain}/silentBody` },
    async stop() {
      await nginx?.stop();
      for (const one of [server, secure, ...opened]) {
        one.closeAllConnections();
        await new Promise((closed) => one.close(closed));
      }
    },
  };
}
