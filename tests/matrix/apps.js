// Apps as npm makes them, each in a folder of its own, and what they are asked once they are served.
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { pack } from "../package/harness/app.js";
import { CHROMIUM_FLAGS } from "../package/harness/browsers.js";
import { freePort } from "../package/harness/ports.js";
import { onPath, run, start, stop } from "../package/harness/processes.js";

const require = createRequire(new URL("../package/package.json", import.meta.url));

/** In a route handler: streams what the model at `endpoint` says. */
export const HANDLER = `streamWithRetry(endpoint, { messages: [{ role: "user", content: "Hi" }] }).toResponse()`;
/** In a page: `show` gets all of the text so far. */
export const SHOW = `
  const endpoint = new URLSearchParams(location.search).get("endpoint") ?? "";
  let text = "";
  for await (const piece of streamWithRetry(endpoint, { messages: [{ role: "user", content: "Hi" }] }).text()) show((text += piece));
`;

const [major, minor] = process.versions.node.split(".").map(Number);
/** What the tools of some environments need at least; npm has it as a package. */
const isOld = major < 22 || (major === 22 && minor < 23);
const NODE = `node-${process.platform}-${process.arch}`;

/** The Node that an app is built and served with. */
export const nodeOf = (dir) => (isOld ? join(dir, "node_modules", NODE, "bin/node") : process.execPath);

/** Of a program, also in what it starts. */
const envOf = (dir, more) => {
  const PATH = [dirname(nodeOf(dir)), process.env.PATH].join(delimiter);
  return {
    ...process.env,
    NEXT_TELEMETRY_DISABLED: "1",
    WRANGLER_SEND_METRICS: "false",
    ASTRO_TELEMETRY_DISABLED: "1",
    NG_CLI_ANALYTICS: "false",
    PATH,
    ...more,
  };
};

/** Runs a script of an installed package with the app's Node. */
export const runNode = (dir, [script, ...args], env) =>
  run(nodeOf(dir), [join(dir, "node_modules", script), ...args], { cwd: dir, env: envOf(dir, env), limitMs: 300_000 });

/** A copy of `from`, or an empty app, with these files, the packed package and `packages` installed. */
export async function createNpmApp({ from, packages = [], manifest = {}, files = {} }) {
  const { folder, tarball } = await pack();
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const dir = join(folder, "app");
  if (from) await cp(from, dir, { recursive: true });
  else {
    await mkdir(dir);
    await writeFile(join(dir, "package.json"), JSON.stringify({ name: "app", private: true, ...manifest }));
  }
  const node = isOld ? [`${NODE}@24`] : [];
  await run("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error", tarball, ...packages, ...node], { cwd: dir, limitMs: 300_000 });
  await tellVersions(dir, packages);
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, name)), { recursive: true });
    await writeFile(join(dir, name), text);
  }
  return dir;
}

/** What was installed, for the table in docs/runtimes.md. */
async function tellVersions(dir, packages) {
  const { dependencies, devDependencies } = JSON.parse(await readFile(join(dir, "package.json"), "utf8"));
  const names = [...new Set([...Object.keys({ ...dependencies, ...devDependencies }), ...packages.map((one) => one.replace(/(?<=.)@.*/, ""))])];
  const versions = names.map(async (name) => JSON.parse(await readFile(join(dir, "node_modules", name, "package.json"), "utf8")));
  console.log(`# ${(await Promise.all(versions)).map(({ name, version }) => `${name} ${version}`).join(", ")}`);
}

/** Serves an app while `use` is under way, which gets its address. `args` of the port: a script of the app and what it is given. */
export async function served(dir, args, use, env = {}) {
  const port = await freePort();
  const server = start(nodeOf(dir), args(port), { cwd: dir, env: envOf(dir, { HOST: "127.0.0.1", PORT: String(port), ...env }) });
  let printed = "";
  for (const output of [server.stdout, server.stderr]) output.setEncoding("utf8").on("data", (text) => (printed += text));
  const url = `http://127.0.0.1:${port}`;
  try {
    for (let waited = 0; !(await fetch(url).catch(() => undefined)); waited += 100) {
      assert.ok(waited < 60_000 && server.exitCode === null, printed.slice(-4_000));
      await new Promise((later) => setTimeout(later, 100));
    }
    return await use(url);
  } catch (error) {
    throw new Error(`${error.message}\n${printed.slice(-4_000)}`, { cause: error });
  } finally {
    await stop(server);
  }
}

/** What `served` runs a Worker with, for its port. */
export const wrangler = (port, ...args) => ["node_modules/wrangler/bin/wrangler.js", "dev", ...args, "--ip", "127.0.0.1", "--port", String(port)];

/** A route handler that waits for a cold model and passes its stream on. */
export async function answersAt(address, body) {
  const answer = await fetch(address, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  assert.match(answer.headers.get("content-type"), /event-stream/);
  assert.match(text, /word1[^]*data: \[DONE\]/);
}

/** A page that waits for a cold model and shows in its `output` what that says. */
export async function showsIn(address, endpoint) {
  const { chromium } = require("playwright-core");
  const window = await chromium.launch({ executablePath: onPath("chromium", "chromium-browser"), args: CHROMIUM_FLAGS });
  try {
    const page = await window.newPage();
    await page.goto(`${address}/?${new URLSearchParams({ endpoint })}`);
    await page.waitForFunction(() => /word1.*word4/.test(document.querySelector("output")?.textContent), undefined, { timeout: 20_000 });
  } finally {
    await window.close();
  }
}

/** A model of the mock that loads for so long, and then streams five words. */
export async function coldModel(mock, key, ms) {
  const scenario = { cold: { ms, says: ms / 1000 }, stream: { tokens: 5 }, cors: "open" };
  const headers = { "content-type": "application/json" };
  const made = await fetch(`${mock.mockUrl}/_mock/${key}`, { method: "PUT", headers, body: JSON.stringify(scenario) });
  return `${(await made.json()).url.replace(/\/$/, "")}/v1/chat/completions`;
}
