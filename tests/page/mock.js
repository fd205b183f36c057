// The mock inference server with the page and the package, as the demo starts it.

import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { startMock as start } from "../package/harness/mock-server.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const dist = resolve(root, process.env.PKG_DIR ?? "pkg", "dist");

export async function startMock() {
  const { mockUrl: origin, stop } = await start(["--site", `/=${root}www`, "--site", `/pkg=${dist}`]);
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
    stop,
  };
}
