// Every line of shell in the README, the docs, CONTRIBUTING and the examples: run, or its parts are looked up.
import assert from "node:assert/strict";
import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createApp, NAME } from "./harness/app.js";
import { startMock } from "./harness/mock-server.js";
import { freePort } from "./harness/ports.js";
import { onPath, run, start, stop } from "./harness/processes.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const read = (path) => readFile(join(ROOT, path), "utf8");
const listed = async (folder) => (await readdir(join(ROOT, folder))).map((name) => `${folder}/${name}`);

const PAGES = [
  "README.md",
  "CONTRIBUTING.md",
  ...(await listed("docs")).filter((path) => path.endsWith(".md")),
  ...(await listed("examples")).map((folder) => `${folder}/README.md`),
];

/** Lines of another test, and lines that nothing runs, with the reason. */
const ELSEWHERE = [
  [/^npx wrangler dev src\/index\.js .*$/, "tests/matrix/worker.test.js runs it: wrangler comes from a registry"],
  [/^curl -N http:\/\/127\.0\.0\.1:8787 .*$/, "tests/matrix/worker.test.js runs it"],
  [/^curl -N .* http:\/\/127\.0\.0\.1:8787\/chat$/, "tests/matrix/worker.test.js runs it"],
  [/^cargo run -p mock-hf -- --port 8089 &$/, "tests/sdks/sdks.test.js runs it: it has the SDKs"],
  [/^curl --retry 9 --retry-connrefused -X PUT -d .* http:\/\/127\.0\.0\.1:8089\/_mock\/m$/, "tests/sdks/sdks.test.js runs it"],
  [/^BASE_URL=http:\/\/127\.0\.0\.1:8089\/m\/v1 HF_TOKEN=hf_x npm start$/, "tests/sdks/sdks.test.js runs it"],
  [/^curl -N .* http:\/\/127\.0\.0\.1:8080\/$/, "the proxy's test below runs it"],
  [/^npx wrangler secret put HF_TOKEN$/, "nothing runs it: it needs an account"],
];

/** Lines that are looked up: what they need is there. Those that start a program with a real key are run with a mock's address elsewhere. */
const LOOKED_UP = [
  // That the package itself installs and runs is the next test's.
  [/^npm install query-with-retry(?: && npm install --save-dev wrangler)?$/, () => assert.equal(app.manifest.name, NAME)],
  [/^npm install$/, async (page) => assert.equal((await manifestOf(page)).dependencies[NAME], `^${app.manifest.version.replace(/\.\d+$/, ".0")}`)],
  [/^(?:HF_TOKEN=hf_… )?npm (?:run )?(start|dev)$/, async (page, name) => assert.ok((await manifestOf(page)).scripts[name])],
  [/^cargo xtask (\w+)$/, async (_, name) => assert.match(await read("xtask/src/main.rs"), new RegExp(`\\["${name}"\\] =>`))],
];
const manifestOf = async (page) => JSON.parse(await read(join(dirname(page), "package.json")));

/** The lines of the blocks of a page, without their comments. */
const linesOf = async (page) =>
  [...(await read(page)).matchAll(/^```sh\n([^]*?)^```$/gm)].flatMap(([, block]) =>
    block
      .split("\n")
      .map((line) => line.replace(/\s+# .*/, ""))
      .filter(Boolean),
  );

let app;
let mock;
before(async () => {
  mock = await startMock();
  app = await createApp();
});
after(async () => {
  await mock?.stop();
  await app?.remove();
});

describe("shell", () => {
  test("every line is run by a test, is looked up, or is listed with the reason why it is not", async () => {
    const seen = new Set();
    for (const page of PAGES) {
      for (const line of await linesOf(page)) {
        const found = [...ELSEWHERE, ...LOOKED_UP].find(([pattern]) => pattern.test(line));
        assert.ok(found, `${page}: ${line}`);
        const [pattern, check] = found;
        seen.add(pattern);
        if (typeof check === "function") await check(page, ...pattern.exec(line).slice(1));
      }
    }
    const unused = [...ELSEWHERE, ...LOOKED_UP].filter(([pattern]) => !seen.has(pattern)).map(([pattern]) => String(pattern));
    assert.deepEqual(unused, [], "no page has such a line any more");
  });

  test("the README's first command, with the tarball for the name, is enough for import and require", async () => {
    const [command] = await linesOf("README.md");
    const dir = join(app.dir, "empty");
    await mkdir(dir);
    const [program, ...args] = command.replace(NAME, app.tarball).split(" ");
    await run(program, [...args, "--offline"], { cwd: dir });
    const says = `console.log(typeof queryWithRetry)`;
    await writeFile(join(dir, "one.mjs"), `import { queryWithRetry } from "${NAME}"; ${says}`);
    await writeFile(join(dir, "one.cjs"), `const { queryWithRetry } = require("${NAME}"); ${says}`);
    for (const file of ["one.mjs", "one.cjs"]) assert.equal(await run(process.execPath, [file], { cwd: dir }), "function\n");
  });

  const curl = onPath("curl");
  const skip = !curl && process.env.CI !== "true" ? "curl is missing" : false;
  test("the commands of the proxy's example start it, and stream an answer", { skip }, async () => {
    const dir = join(app.dir, "examples/node-proxy");
    await cp(join(ROOT, "examples/node-proxy"), dir, { recursive: true });
    const [, starts, asks] = await linesOf("examples/node-proxy/README.md");
    const model = { cold: { ms: 1_000, says: 1 }, stream: { tokens: 5 } };
    const made = await fetch(`${mock.mockUrl}/_mock/proxy`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(model),
    });
    // Its README names both settings.
    const PORT = String(await freePort());
    const ENDPOINT = `${(await made.json()).url.replace(/\/$/, "")}/v1/chat/completions`;
    const proxy = start("sh", ["-c", starts.replace("hf_…", "hf_example")], { cwd: dir, env: { ...process.env, PORT, ENDPOINT } });
    try {
      await new Promise((listens) => proxy.stdout.setEncoding("utf8").on("data", (text) => text.includes("127.0.0.1") && listens()));
      const said = await run("sh", ["-c", asks.replace("127.0.0.1:8080", `127.0.0.1:${PORT}`)]);
      assert.match(said, /word1[^]*data: \[DONE\]/);
    } finally {
      await stop(proxy);
    }
  });
});
