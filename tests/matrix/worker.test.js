import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { run } from "../package/harness/processes.js";
import { startMock } from "../package/harness/mock-server.js";
import { coldModel, createNpmApp, served, wrangler } from "./apps.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

let mock;
before(async () => {
  mock = await startMock();
});
after(() => mock?.stop());

/** The first block of a page in this language. */
const blockOf = async (page, language) => new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, "m").exec(await readFile(join(ROOT, page), "utf8"))[1];

/** A command of a page that asks, at another port. */
const ask = (command, url) => run("sh", ["-c", command.replace("http://127.0.0.1:8787", url)]);

test("the Worker of docs/workers.md, from an empty folder and by the commands below it, streams an answer of a cold model", async () => {
  const [installs, serves, asks] = (await blockOf("docs/workers.md", "sh")).trim().split("\n");
  const packages = [...installs.matchAll(/npm install (?:--save-dev )?(\S+)/g)].map(([, name]) => name);
  assert.deepEqual(packages, ["query-with-retry", "wrangler"]);
  const dir = await createNpmApp({ packages: packages.slice(1), files: { "src/index.js": await blockOf("docs/workers.md", "js") } });
  const endpoint = await coldModel(mock, "docs", 1_200);
  const args = serves
    .replace(/^npx wrangler dev /, "")
    .replace(/ENDPOINT:\S+/, `ENDPOINT:${endpoint}`)
    .split(" ");
  const said = await served(
    dir,
    (port) => wrangler(port, ...args),
    (url) => ask(asks, url),
  );
  assert.match(said, /word1[^]*data: \[DONE\]/);
});

test("the example Worker, by the commands of its README, streams an answer of a cold model, serves its page and is woken by its Cron Trigger", async () => {
  const lines = (await blockOf("examples/worker/README.md", "sh")).trim().split("\n");
  const dir = await createNpmApp({ from: join(ROOT, "examples/worker") });
  const { scripts } = JSON.parse(await readFile(join(dir, "package.json"), "utf8"));
  assert.deepEqual([lines[2], scripts.dev], ["npm run dev", "wrangler dev"]);
  // As its README says: another server in wrangler.toml, and .dev.vars for the secret, which needs an account.
  const settings = await readFile(join(dir, "wrangler.toml"), "utf8");
  await writeFile(join(dir, "wrangler.toml"), settings.replace(/(?<=ENDPOINT = ").*(?=")/, await coldModel(mock, "example", 1_200)));
  await writeFile(join(dir, ".dev.vars"), "HF_TOKEN=hf_example\n");
  const said = await served(
    dir,
    (port) => wrangler(port),
    async (url) => {
      const text = await ask(lines[3], url);
      assert.match(await (await fetch(url)).text(), /<h1>Ask a model/);
      const [, cron] = /`curl (\S+scheduled)`/.exec(await readFile(join(dir, "README.md"), "utf8"));
      assert.equal((await fetch(cron.replace("http://127.0.0.1:8787", url))).status, 200);
      assert.match(await (await fetch(`${url}/metrics`)).text(), /calls_total\{[^}]*\} 2\b/);
      return text;
    },
  );
  assert.match(said, /word1[^]*data: \[DONE\]/);
});
