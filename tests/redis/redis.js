// A Redis of the tests' own, and the clients that programs use.
import { once } from "node:events";
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

/** How each client of Redis carries a command. */
export const clients = {
  "node-redis": async (port) => {
    const client = createClient({ socket: { host: "127.0.0.1", port, reconnectStrategy: () => 50 } });
    client.on("error", () => {}); // it says so whenever Redis is gone, and connects again
    await client.connect();
    return { send: (command) => client.sendCommand(command), close: () => client.destroy() };
  },
  ioredis: async (port) => {
    const client = new Ioredis({ host: "127.0.0.1", port, ...patiently });
    client.on("error", () => {});
    await once(client, "ready");
    return { send: ([name, ...rest]) => client.call(name, ...rest), close: () => client.disconnect() };
  },
};
