// A server program on a port of its own, with nothing outside of a folder of its own.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "./ports.js";
import { start, stop } from "./processes.js";

const PATIENCE_MS = 15_000;

/**
 * Starts it, and gives it once it is ready. `launch({ folder, port })` says how:
 *
 * - `program`, `args`, `env`: the process; `files`: the texts that it finds in the folder, by name;
 * - `ready(origin)`: whether it is up; a rejection is a no;
 * - `log`: what it has written, for an error, where that is not on its outputs.
 *
 * `port`: this one and no other, as for a server that is started again.
 */
export async function startDaemon(name, launch, { port } = {}) {
  const folder = await mkdtemp(join(tmpdir(), `${name}-`));
  const remove = () => rm(folder, { recursive: true, force: true, maxRetries: 5 });
  try {
    // Another program may take the port between our look and the server.
    for (let tries = port ? 1 : 3; ; tries--) {
      try {
        return await startOnce(name, launch, { folder, port: port ?? (await freePort()), remove });
      } catch (error) {
        if (tries === 1 || !/in use/i.test(error.message)) throw error;
      }
    }
  } catch (error) {
    await remove();
    throw error;
  }
}

async function startOnce(name, launch, { folder, port, remove }) {
  const { program, args, env = {}, files = {}, ready, log = async () => "" } = await launch({ folder, port });
  for (const [file, text] of Object.entries(files)) await writeFile(join(folder, file), text);
  const child = start(program, args, { cwd: folder, env: { ...process.env, ...env } });
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (printed += text));
  const origin = `http://127.0.0.1:${port}`;
  let ended = false;
  child.ended.then(() => (ended = true));
  try {
    for (const begun = performance.now(); !(await ready(origin).catch(() => false)); await sleep(20)) {
      if (ended) throw new Error(`${name} ended before it listened: ${printed}${await log()}`);
      if (performance.now() - begun > PATIENCE_MS) throw new Error(`${name} did not listen within ${PATIENCE_MS} ms: ${printed}${await log()}`);
    }
  } catch (error) {
    await stop(child);
    throw error;
  }
  return {
    origin,
    port,
    folder,
    /** What it has printed until now. */
    printed: () => printed,
    /** Ends it as the system does when the memory is used up. */
    async kill() {
      process.kill(child.pid, "SIGKILL");
      await child.ended;
    },
    async stop() {
      await stop(child);
      await remove();
    },
  };
}
