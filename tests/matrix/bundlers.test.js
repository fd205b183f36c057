import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { servePage } from "../package/harness/page-server.js";
import { startMock } from "../package/harness/mock-server.js";
import { coldModel, createNpmApp, runNode, SHOW, showsIn } from "./apps.js";
import { answers, PROGRAM } from "./programs.js";

let mock;
before(async () => {
  mock = await startMock();
});
after(() => mock?.stop());

const PAGE = `
import { streamWithRetry } from "query-with-retry";
const show = (text) => (document.querySelector("output").textContent = text);
async function main() {${SHOW}}
void main();
`;
const HTML = `<!doctype html><title>app</title><output></output>`;

/** An app with the program, the page's script and these packages. */
const appWith = (packages, files = {}) =>
  createNpmApp({ packages, manifest: { type: "module" }, files: { "main.js": PROGRAM, "main.ts": PROGRAM, "page.js": PAGE, ...files } });

/** A bundle in which the package is, beside its source or without it. */
async function answersAlone(dir, key, file, isInside = true) {
  const text = await readFile(join(dir, file), "utf8");
  assert.equal(/(from\s*|require\()["']query-with-retry["']/.test(text), !isInside, `${file}: the package is ${isInside ? "not in it" : "in it"}`);
  await answers(mock, key, (env) => runNode(dir, [`../${file}`], env));
}

async function showsInPage(folder, key, html) {
  if (html) await writeFile(join(folder, "index.html"), html);
  const server = await servePage({ dir: folder, pages: { "/": { html: await readFile(join(folder, "index.html"), "utf8") } } });
  try {
    await showsIn(server.url, await coldModel(mock, key, 1_200));
  } finally {
    await server.stop();
  }
}

test("rollup, with its plugin for node_modules, bundles it as an ES module and as CommonJS", async () => {
  const dir = await appWith(["rollup@4", "@rollup/plugin-node-resolve@16"]);
  for (const [format, file] of [
    ["es", "out.mjs"],
    ["cjs", "out.cjs"],
  ]) {
    await runNode(dir, ["rollup/dist/bin/rollup", "main.js", "--plugin", "node-resolve", "--format", format, "--file", file, "--failAfterWarnings"]);
    await answersAlone(dir, `rollup-${format}`, file);
  }
});

test("rolldown bundles it as an ES module and as CommonJS", async () => {
  const dir = await appWith(["rolldown@1"]);
  for (const [format, file] of [
    ["esm", "out.mjs"],
    ["cjs", "out.cjs"],
  ]) {
    await runNode(dir, ["rolldown/bin/cli.mjs", "main.js", "--platform", "node", "--format", format, "--file", file]);
    await answersAlone(dir, `rolldown-${format}`, file);
  }
});

test("tsup leaves it outside, or takes it in, as an ES module and as CommonJS", async () => {
  const dir = await appWith(["tsup@9", "typescript@5"], { "inside.config.js": `export default { noExternal: ["query-with-retry"] };` });
  for (const [folder, isInside] of [
    ["outside", false],
    ["inside", true],
  ]) {
    const more = isInside ? ["--config", "inside.config.js"] : [];
    await runNode(dir, ["tsup/dist/cli-default.js", "main.ts", "--format", "esm,cjs", "--out-dir", folder, ...more]);
    for (const [format, file] of [
      ["esm", "main.js"],
      ["cjs", "main.cjs"],
    ])
      await answersAlone(dir, `tsup-${folder}-${format}`, `${folder}/${file}`, isInside);
  }
});

test("Rspack bundles it for Node and for a page", async () => {
  const config = `export default (name, target) => ({ name, target, mode: "production", entry: { [name]: \`./\${name}.js\` } });`;
  const files = { "one.js": config, "rspack.config.js": `import one from "./one.js"; export default [one("main", "node"), one("page", "web")];` };
  const dir = await appWith(["@rspack/core@2", "@rspack/cli@2"], files);
  await runNode(dir, ["@rspack/cli/bin/rspack.js", "build"]);
  await writeFile(join(dir, "dist/package.json"), `{"type":"commonjs"}`);
  await answersAlone(dir, "rspack", "dist/main.js");
  await showsInPage(join(dir, "dist"), "rspack-page", `${HTML}<script src="page.js"></script>`);
});

test("Parcel bundles it for a page", async () => {
  const dir = await appWith(["parcel@2"], { "index.html": `${HTML}<script type="module" src="page.js"></script>` });
  await runNode(dir, ["parcel/lib/bin.js", "build", "index.html", "--no-cache"]);
  await showsInPage(join(dir, "dist"), "parcel");
});
