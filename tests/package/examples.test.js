// The projects of `examples` that need no SDK, as one copies them: built and run against a model that loads first.
import assert from "node:assert/strict";
import { cp, mkdir, readFile, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Miniflare } from "miniflare";
import * as vite from "vite";
import { createApp } from "./harness/app.js";
import { browser, CHROMIUM_FLAGS } from "./harness/browsers.js";
import { startMock } from "./harness/mock-server.js";
import { servePage } from "./harness/page-server.js";
import { onPath, run, start, stop } from "./harness/processes.js";
import { bundleWorker } from "./harness/worker-bundle.js";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const QUESTION = JSON.stringify({ model: "m", stream: true, messages: [{ role: "user", content: "Hi" }] });

describe("examples", () => {
  let app;
  let mock;

  before(async () => {
    [app, mock] = await Promise.all([createApp(), startMock()]);
    await cp(join(HERE, "../../examples"), join(app.dir, "examples"), { recursive: true });
  });
  after(async () => {
    await mock?.stop();
    await app?.remove();
  });

  /** A model that loads for so long, and then says five words. */
  async function model(key, ms, stream = { tokens: 5 }) {
    const scenario = { cold: { ms, says: ms / 1000 }, stream, cors: "open" };
    const headers = { "content-type": "application/json" };
    const made = await fetch(`${mock.mockUrl}/_mock/${key}`, { method: "PUT", headers, body: JSON.stringify(scenario) });
    return `${(await made.json()).url.replace(/\/$/, "")}/v1/chat/completions`;
  }

  const log = async (key) => (await (await fetch(`${mock.mockUrl}/_mock/${key}`)).json()).log;

  /** What `wrangler dev` would serve, with the settings of wrangler.toml that a test may not change. */
  async function gateway(endpoint) {
    const { outdir, modules: paths } = await bundleWorker(app, "examples/worker/src/index.js");
    const modules = [];
    for (const path of paths) modules.push({ type: path.endsWith(".wasm") ? "CompiledWasm" : "ESModule", path, contents: await readFile(path) });
    const settings = await readFile(join(app.dir, "examples/worker/wrangler.toml"), "utf8");
    const read = (name) => JSON.parse(new RegExp(`^${name} = (.*)$`, "m").exec(settings)[1]);
    return new Miniflare({
      host: "127.0.0.1",
      port: 0,
      modules,
      modulesRoot: outdir,
      compatibilityDate: read("compatibility_date"),
      compatibilityFlags: read("compatibility_flags"),
      bindings: { ENDPOINT: endpoint, MODEL: read("MODEL"), HF_TOKEN: "hf_example" },
      durableObjects: { COORDINATOR: { className: read("class_name"), useSQLite: true } },
      assets: { directory: join(app.dir, "examples/worker", read("directory")), routerConfig: { has_user_worker: true } },
      cf: false,
    });
  }

  test("the Worker waits for a cold model, passes its stream through with the key, counts, and shares through its Durable Object", async () => {
    const endpoint = await model("worker", 1500);
    const worker = await gateway(endpoint);
    try {
      const answer = await worker.dispatchFetch("http://worker/chat", { method: "POST", body: QUESTION });
      assert.equal(answer.status, 200);
      assert.match(answer.headers.get("content-type"), /event-stream/);
      assert.match(await answer.text(), /data: \[DONE\]/);
      assert.ok((await log("worker")).every(({ headers }) => headers.authorization === "Bearer hf_example"));
      assert.match(await (await worker.dispatchFetch("http://worker/metrics")).text(), /calls_total\{[^}]*\} 1\b/);
      assert.equal((await worker.dispatchFetch("http://worker/chat", { method: "POST", body: "no JSON" })).status, 400);
      const objects = await worker.getDurableObjectNamespace("COORDINATOR");
      const kept = await objects
        .get(objects.idFromName(`1:${endpoint}#m`))
        .fetch("http://object/", { method: "POST", body: JSON.stringify({ expected: "", next: "" }) });
      assert.match((await kept.json()).text, /^1 \d+ /);
    } finally {
      await worker.dispose();
    }
  });

  test("the Cron Trigger of the Worker wakes a cold model, and then nobody waits", async () => {
    const worker = await gateway(await model("cron", 1500));
    try {
      assert.equal((await (await worker.getWorker()).scheduled({})).outcome, "ok");
      const before = (await log("cron")).length;
      assert.ok(before >= 2, "it asked until the model was up");
      const payload = JSON.stringify({ messages: [{ role: "user", content: "Hi" }] });
      assert.equal((await worker.dispatchFetch("http://worker/chat", { method: "POST", body: payload })).status, 200);
      assert.equal((await log("cron")).length, before + 1);
    } finally {
      await worker.dispose();
    }
  });

  test("the proxy in Node waits for a cold model and passes its stream through; a reader that leaves ends the generation", async () => {
    const ENDPOINT = await model("proxy", 1500, { tokens: 500, tokensPerSecond: 20 });
    const env = { ...process.env, ENDPOINT, HF_TOKEN: "hf_example", PORT: "0" };
    const proxy = start(process.execPath, [join(app.dir, "examples/node-proxy/index.js")], { env });
    try {
      const url = await new Promise((listens) => proxy.stdout.setEncoding("utf8").once("data", (line) => listens(line.trim())));
      const left = new AbortController();
      const answer = await fetch(url, { method: "POST", body: QUESTION, signal: left.signal });
      const { value } = await answer.body.pipeThrough(new TextDecoderStream()).getReader().read();
      assert.match(value, /^data: \{/);
      left.abort();
      for (let waited = 0; ; waited += 50) {
        const entries = await log("proxy");
        if (entries.at(-1).outcome === "aborted") break;
        assert.ok(waited < 5_000, JSON.stringify(entries.at(-1)));
        await new Promise((later) => setTimeout(later, 50));
      }
    } finally {
      await stop(proxy);
    }
  });

  const chromium = browser("chromium");
  const skip = chromium.missing && process.env.CI !== "true" ? chromium.missing : false;
  test("the page of the Worker waits for a cold model, shows the words as they come, and cancels", { skip }, async () => {
    const worker = await gateway(await model("page", 4_000, { tokens: 200, tokensPerSecond: 40 }));
    const { chromium: driver } = createRequire(import.meta.url)("playwright-core");
    const executablePath = onPath("chromium", "chromium-browser", "google-chrome", "google-chrome-stable");
    const window = await driver.launch({ executablePath, args: CHROMIUM_FLAGS });
    try {
      const page = await window.newPage();
      await page.goto(String(await worker.ready));
      await page.getByRole("textbox", { name: "Question" }).fill("Hi");
      await page.getByRole("button", { name: "Ask" }).click();
      await page.getByText("The model may be starting").waitFor();
      await page.waitForFunction(() => document.querySelector("output").textContent.split(" ").length > 20);
      assert.equal(await page.getByRole("status").first().textContent(), "Answering…");
      await page.getByRole("button", { name: "Cancel" }).click();
      await page.getByText("Cancelled.").waitFor();
      assert.ok(await page.getByRole("button", { name: "Ask" }).isEnabled());
    } finally {
      await window.close();
      await worker.dispose();
    }
  });

  test("the React app shows how far the model has loaded, then its words as they come, and cancels", { skip }, async () => {
    const root = join(app.dir, "examples/react");
    // What `npm install` would bring, from where it is.
    await mkdir(join(root, "node_modules/@types"), { recursive: true });
    for (const name of ["react", "react-dom", "scheduler", "csstype", "@types/react", "@types/react-dom"]) {
      await symlink(join(HERE, "node_modules", name), join(root, "node_modules", name));
    }
    await run(join(HERE, "node_modules/.bin/tsc"), ["-p", root, "--noEmit", "--preserveSymlinks"], { cwd: root });
    await vite.build({ root, logLevel: "error", build: { outDir: "dist" }, resolve: { preserveSymlinks: true } });
    const url = await model("react", 2500, { tokens: 200, tokensPerSecond: 40 });
    const html = await readFile(join(root, "dist/index.html"), "utf8");
    const server = await servePage({ dir: join(root, "dist"), pages: { "/": { html } } });
    const { chromium: driver } = createRequire(import.meta.url)("playwright-core");
    const executablePath = onPath("chromium", "chromium-browser", "google-chrome", "google-chrome-stable");
    const window = await driver.launch({ executablePath, args: CHROMIUM_FLAGS });
    try {
      const page = await window.newPage();
      await page.goto(`${server.url}/?url=${encodeURIComponent(url)}`);
      await page.getByRole("button", { name: "Ask" }).click();
      const bar = page.getByRole("progressbar", { name: "The model is loading" });
      await bar.waitFor();
      const before = await bar.getAttribute("value");
      await page.waitForFunction((value) => Number(document.querySelector("progress").value) > Number(value) + 0.1, before);
      await page.waitForFunction(() => document.querySelector("[role=status]").textContent.split(" ").length > 20);
      await page.getByRole("button", { name: "Cancel" }).click();
      assert.equal(await page.getByRole("alert").textContent(), "Cancelled.");
      assert.ok(await page.getByRole("button", { name: "Ask" }).isEnabled());
    } finally {
      await window.close();
      await server.stop();
    }
  });
});
