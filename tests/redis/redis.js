// A Redis of the tests' own, and the clients that programs use.
import { once } from "node:events";
import { createServer } from "node:http";
import Ioredis from "ioredis";
import { createClient } from "redis";
import { freePort } from "../package/harness/ports.js";
import { onPath, start, stop } from "../package/harness/processes.js";

export const program = onPath("redis-server");
export const howToGet = "redis-server is missing: install Debian's package redis-server";

/** Keeps nothing on disk: one that was restarted is empty. */
export async function startRedis(port) {
  const at = port ?? (await freePort());
  const child = start(program, ["--port", `${at}`, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"], { stdio: ["pipe", "inherit"] });
  let told = "";
  await new Promise((ready, failed) => {
    child.stdout.on("data", (text) => {
      told += text;
      if (told.includes("Ready to accept connections")) ready();
    });
    child.ended.then(({ code }) => failed(new Error(`redis-server ended with ${code}: ${told}`)));
  });
  return {
    port: at,
    pause: () => child.kill("SIGSTOP"),
    resume: () => child.kill("SIGCONT"),
    stop: () => stop(child),
  };
}

const patiently = { retryStrategy: () => 50, maxRetriesPerRequest: 1 };

async function byNodeRedis(port) {
  const client = createClient({ socket: { host: "127.0.0.1", port, reconnectStrategy: () => 50 } });
  client.on("error", () => {}); // it says so whenever Redis is gone, and connects again
  await client.connect();
  return { send: (command) => client.sendCommand(command), close: () => client.destroy() };
}

/** A door as Upstash has it: the POST of a command as a JSON array is answered with its `result`, or with an `error` and 400. */
async function startDoor(port) {
  const { send, close } = await byNodeRedis(port);
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += piece;
    const answer = (status, content) => response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(content));
    if (request.method !== "POST" || request.headers.authorization !== "Bearer secret") return answer(401, { error: "Unauthorized" });
    await send(JSON.parse(body)).then(
      (result) => answer(200, { result }),
      (error) => answer(400, { error: error.message }),
    );
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    stop: () => (close(), server.closeAllConnections(), server.close()),
  };
}

/** How each client of Redis carries a command. */
export const clients = {
  "node-redis": byNodeRedis,
  http: async (port) => {
    const door = await startDoor(port);
    const send = async (command) => {
      const response = await fetch(door.url, { method: "POST", headers: { authorization: "Bearer secret" }, body: JSON.stringify(command) });
      const { result, error } = await response.json();
      if (error) throw new Error(error);
      return result;
    };
    return { send, close: door.stop };
  },
  ioredis: async (port) => {
    const client = new Ioredis({ host: "127.0.0.1", port, ...patiently });
    client.on("error", () => {});
    await once(client, "ready");
    return { send: ([name, ...rest]) => client.call(name, ...rest), close: () => client.disconnect() };
  },
};
