// Files: one that changes on the disk between two tries, and the two files that the package is.
import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { PKG_DIR } from "../package/harness/app.js";
import { chooseFile } from "./bidi.js";
import { inChromium } from "./driven.js";
import { startOrigin } from "./origin.js";
import { browsers, inPage, withWebKit } from "./pages.js";

const FIRST = "what was in the file at first";
const OTHER = "what is in the file by now...";

/** Refuses the first request to each path, and changes the file before it says so; what came, by path. */
async function startChanging(path) {
  const bodies = { file: [], bytes: [] };
  const server = createServer(async (request, response) => {
    const headers = { "access-control-allow-origin": "*", "access-control-allow-headers": "*", "content-type": "application/json" };
    if (request.method === "OPTIONS") return response.writeHead(204, headers).end();
    let body = "";
    try {
      for await (const piece of request) body += piece;
    } catch {
      return; // the browser could not read the file
    }
    const came = bodies[request.url.slice(1)];
    came.push(body);
    if (came.length > 1) return response.writeHead(200, headers).end('{"n":1}');
    await writeFile(path, OTHER);
    await utimes(path, new Date(), new Date(Date.now() + 10_000));
    response.writeHead(503, headers).end('{"error":"Model is overloaded"}');
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return { url: `http://127.0.0.1:${server.address().port}`, bodies, stop: () => (server.closeAllConnections(), server.close()) };
}

/** A file that is chosen, and its bytes, each as a payload. */
async function sends({ createClient }, { url }, post) {
  const input = document.createElement("input");
  input.type = "file";
  document.body.append(input);
  await post?.({ ready: true });
  while (!input.files[0]) await new Promise((resolve) => setTimeout(resolve, 50));
  const [file] = input.files;
  const bytes = await file.arrayBuffer();
  const client = createClient({ loading: { refusedMs: 0 } });
  const ask = (path, payload) =>
    client.query(`${url}/${path}`, payload).then(
      () => "answered",
      ({ code }) => code,
    );
  return [await ask("file", file), await ask("bytes", bytes)];
}

const ways = {
  chromium: (path, given) => inChromium(sends, given, async ({ page }) => (await page.locator("input").setInputFiles(path), undefined)),
  async firefox(path, given, browser) {
    let window;
    const onPost = () => chooseFile(window, "input", path);
    return inPage(browser, sends, given, { args: ["--remote-debugging-port=0"], onOpen: (opened) => (window = opened), onPost });
  },
};

/** Chromium sees that it is another file, and Firefox sends what there is. */
const seen = {
  chromium: { ends: ["network", "answered"], file: [FIRST] },
  firefox: { ends: ["answered", "answered"], file: [FIRST, OTHER] },
};

for (const browser of browsers) {
  describe(`${browser.name}, a file that changes between two tries`, { skip: browser.missing, timeout: 60_000 }, () => {
    test("is sent as it is then, or not at all; bytes that were read before are sent again as they were", async () => {
      const folder = await mkdtemp(join(tmpdir(), "changes-"));
      const path = join(folder, "picture.bin");
      await writeFile(path, FIRST);
      const server = await startChanging(path);
      try {
        const ends = await ways[browser.name](path, { url: server.url }, browser);
        assert.deepEqual({ ends, ...server.bodies }, { ...seen[browser.name], bytes: [FIRST, FIRST] });
      } finally {
        await sleep(0);
        server.stop();
        await rm(folder, { recursive: true, force: true });
      }
    });
  });
}

for (const browser of withWebKit) {
  describe(`${browser.name}, files copied into a static folder`, { skip: browser.missing, timeout: 60_000 }, () => {
    test("are two: dist/index.js and dist/shared.js", async () => {
      const dir = await mkdtemp(join(tmpdir(), "static-"));
      const origin = await startOrigin();
      try {
        await mkdir(join(dir, "dist"));
        for (const file of ["index.js", "shared.js"]) await cp(join(PKG_DIR, "dist", file), join(dir, "dist", file));
        const ask = async ({ queryWithRetry }, { url }) => queryWithRetry(`${url}/call?ms=0`, { messages: [] });
        assert.deepEqual(await inPage(browser, ask, { url: origin.url }, { dir }), { n: 1 });
      } finally {
        await origin.stop();
        await rm(dir, { recursive: true, force: true });
      }
    });
  });
}
