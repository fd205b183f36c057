// The server of llama.cpp, with a tiny model made on the spot that loads for as long as a test wants.
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startDaemon } from "../package/harness/daemon.js";
import { run, start, stop } from "../package/harness/processes.js";
import { bare } from "./bare.js";
import { ENVIRONMENT, file, PYTHON } from "./python.js";

/** Where the model is; `remove` takes it away. */
export async function makeModel() {
  const folder = await mkdtemp(join(tmpdir(), "model-"));
  const path = join(folder, "tiny.gguf");
  await run(PYTHON, [file("model.py"), path]);
  return { path, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** Until `release` a server that opens `path` loads: the file is held back. */
async function hold(path) {
  const child = start(PYTHON, [file("hold.py"), path]);
  child.stderr.resume();
  const held = await Promise.race([new Promise((resolve) => child.stdout.once("data", resolve)), child.ended]);
  if (String(held).trim() !== "held") throw new Error(`${path} is not held back: ${JSON.stringify(held)}`);
  return () => stop(child);
}

/** Gives the server as soon as it listens. `loading`: it answers 503 "Loading model" until `loaded()` is called. */
export async function startLlama({ model, parallel = 4, loading = false, port }) {
  let release = async () => {};
  try {
    const daemon = await startDaemon(
      "llama",
      async ({ folder, port }) => {
        const copy = join(folder, "tiny.gguf");
        await copyFile(model.path, copy);
        if (loading) {
          await release();
          release = await hold(copy);
        }
        return {
          program: PYTHON,
          args: [file("llama_server.py"), copy, port, parallel],
          env: ENVIRONMENT,
          ready: async (origin) => (await bare(`${origin}/health`)).status === (loading ? 503 : 200),
        };
      },
      { port },
    );
    return {
      ...daemon,
      chat: `${daemon.origin}/v1/chat/completions`,
      health: `${daemon.origin}/health`,
      loaded: () => release(),
      /** How many generations it has begun, by its log, which is a little late. */
      async generations() {
        await sleep(200);
        return daemon.printed().split("processing task").length - 1;
      },
      /** How many of its slots are at work. */
      async busySlots() {
        const { body } = await bare(`${daemon.origin}/slots`);
        return JSON.parse(body).filter((slot) => slot.is_processing).length;
      },
      async stop() {
        await release();
        await daemon.stop();
      },
    };
  } catch (error) {
    await release();
    throw error;
  }
}

export const chat = (options = {}) => ({ messages: [{ role: "user", content: "a man, a plan" }], max_tokens: 8, temperature: 0, ...options });
