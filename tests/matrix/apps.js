// Apps as npm makes them, each in a folder of its own.
import { rmSync } from "node:fs";
import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pack } from "../package/harness/app.js";
import { run } from "../package/harness/processes.js";

/** A copy of `from`, or an empty app, with the packed package and `packages` installed. */
export async function createNpmApp({ from, packages = [], manifest = {} }) {
  const { folder, tarball } = await pack();
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const dir = join(folder, "app");
  if (from) await cp(from, dir, { recursive: true });
  else {
    await mkdir(dir);
    await writeFile(join(dir, "package.json"), JSON.stringify({ name: "app", private: true, ...manifest }));
  }
  await run("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error", tarball, ...packages], { cwd: dir });
  return dir;
}

/** A model of the mock that loads for so long, and then streams five words. */
export async function coldModel(mock, key, ms) {
  const scenario = { cold: { ms, says: ms / 1000 }, stream: { tokens: 5 }, cors: "open" };
  const headers = { "content-type": "application/json" };
  const made = await fetch(`${mock.mockUrl}/_mock/${key}`, { method: "PUT", headers, body: JSON.stringify(scenario) });
  return `${(await made.json()).url.replace(/\/$/, "")}/v1/chat/completions`;
}
