// Starts the mock inference server with the page and the package, as the demo does.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

export async function startMock() {
  const binary = process.env.MOCK_HF_BIN ?? `${root}target/debug/mock-hf`;
  const child = spawn(binary, ["--site", `/=${root}www`, "--site", `/pkg=${root}pkg/dist`], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const first = once(createInterface({ input: child.stdout }), "line");
  const [line] = await Promise.race([
    first,
    ended.then(([status]) => {
      throw new Error(`the mock ended with status ${status} before it listened`);
    }),
  ]);
  const origin = line.replace("mock-hf listening on ", "");
  return {
    origin,
    async create(key, scenario) {
      const response = await fetch(`${origin}/_mock/${key}`, {
        method: "PUT",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(scenario),
      });
      if (!response.ok) throw new Error(await response.text());
    },
    async counters(key) {
      const response = await fetch(`${origin}/_mock/${key}`);
      if (!response.ok) throw new Error(await response.text());
      return response.json();
    },
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
