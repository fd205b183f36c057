// The Python that has llama.cpp's server, uvicorn and gunicorn; and the last two.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { startDaemon } from "../package/harness/daemon.js";
import { bare } from "./bare.js";

const HERE = fileURLToPath(new URL(".", import.meta.url));
export const PYTHON = resolve(process.env.ENGINES_PYTHON ?? join(HERE, "../../target/engines/bin/python"));
export const program = existsSync(PYTHON) ? PYTHON : undefined;
export const howToGet = "the Python of the engines is missing: cargo xtask test engines makes it";

export const file = (name) => join(HERE, name);

/** What every Python of ours is started with: nothing is written beside the sources. */
export const ENVIRONMENT = { PYTHONDONTWRITEBYTECODE: "1", PYTHONUNBUFFERED: "1", PYTHONPATH: HERE };

async function startApp(name, args) {
  const app = await startDaemon(name, ({ folder, port }) => ({
    program: PYTHON,
    args: ["-m", name, ...args({ folder, port })],
    env: { ...ENVIRONMENT, GENERATIONS: join(folder, "generations") },
    ready: async (origin) => (await bare(`${origin}/ready`)).status === 200,
  }));
  return {
    ...app,
    /** How many generations at `path` it has begun. */
    async generations(path) {
      const log = await readFile(join(app.folder, "generations"), "utf8").catch(() => "");
      return log.split("\n").filter((line) => line === path).length;
    },
  };
}

/** It refuses whatever comes while as many connections are open. */
export const startUvicorn = ({ limit }) =>
  startApp("uvicorn", ({ port }) => ["app:asynchronous", "--port", port, "--limit-concurrency", limit, "--log-level", "warning"]);

/** One worker, that is ended when a request takes longer. */
export const startGunicorn = ({ timeoutSeconds }) =>
  startApp("gunicorn", ({ folder, port }) => {
    const control = ["--no-control-socket"];
    return ["app:synchronous", "--bind", `127.0.0.1:${port}`, "--timeout", timeoutSeconds, "--worker-tmp-dir", folder, ...control];
  });
