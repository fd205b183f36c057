// A small app that imports the installed tarball, bundled with stock settings, must answer.
import assert from "node:assert/strict";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import * as esbuild from "esbuild";
import * as vite from "vite";
import webpack from "webpack";
import { browser } from "./harness/browsers.js";
import { startOneModel } from "./harness/one-model.js";
import { servePage } from "./harness/page-server.js";
import { runProgram } from "./harness/programs.js";

describe("bundlers", () => {
  let app;
  let globals;
  let stop;

  before(async () => {
    ({ app, globals, stop } = await startOneModel("bundlers"));
  });
  after(() => stop?.());

  const answersInNode = async (file) => assert.deepEqual(await runProgram(app, { file, globals }), { data: { n: 1 } });

  async function build(name, options) {
    const outfile = join(app.dir, name);
    const result = await esbuild.build({
      absWorkingDir: app.dir,
      entryPoints: ["inside/bundled.js"],
      bundle: true,
      outfile,
      logLevel: "silent",
      ...options,
    });
    assert.deepEqual(result.warnings, []);
    return outfile;
  }

  for (const [what, name, options] of [
    ["a browser's script", "script.js", { minify: true }],
    ["an ES module", "module.mjs", { format: "esm" }],
    ["a CommonJS program for Node", "program.cjs", { format: "cjs", platform: "node" }],
  ]) {
    test(`esbuild bundles it to ${what} that answers`, async () => answersInNode(await build(name, options)));
  }

  test("esbuild bundles the edge-light entry, given a platform's way to load ?module", async () => {
    // The platform's part: an import with ?module is a compiled module.
    const compiledModules = {
      name: "compiled-modules",
      setup(plugins) {
        plugins.onResolve({ filter: /\.wasm\?module$/ }, ({ path, resolveDir }) => ({
          path: join(resolveDir, path.replace("?module", "")),
          namespace: "compiled",
        }));
        plugins.onLoad({ filter: /.*/, namespace: "compiled" }, async ({ path }) => {
          const bytes = (await readFile(path)).toString("base64");
          return { contents: `export default new WebAssembly.Module(Buffer.from("${bytes}", "base64"));` };
        });
      },
    };
    const file = await build("edge-light.mjs", { format: "esm", conditions: ["edge-light"], plugins: [compiledModules] });
    assert.ok((await readFile(file, "utf8")).includes("new WebAssembly.Module(Buffer.from("), "the entry of that condition was taken");
    await answersInNode(file);
  });

  test("esbuild for Workers names the loader that docs/runtimes.md says to add, and needs no more", async () => {
    const options = {
      entryPoints: ["inside/worker.js"],
      format: "esm",
      conditions: ["workerd"],
      outfile: undefined,
      outdir: join(app.dir, "workers"),
    };
    await assert.rejects(build("", options), /No loader is configured for "\.wasm" files/);
    await build("", { ...options, loader: { ".wasm": "copy" } }); // run.js and examples.test.js run what comes of it
    assert.ok((await readdir(options.outdir)).some((name) => name.endsWith(".wasm")));
  });

  test("webpack bundles it to a script that answers", async () => {
    const path = join(app.dir, "webpack");
    const compiler = webpack({ context: app.dir, entry: "./inside/bundled.js", mode: "production", output: { path } });
    const stats = await promisify(compiler.run.bind(compiler))();
    await promisify(compiler.close.bind(compiler))();
    const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
    assert.deepEqual(
      [...errors, ...warnings].map(({ message }) => message),
      [],
    );
    await answersInNode(join(path, "main.js"));
  });

  const viteBuild = (outDir, more) =>
    vite.build({ root: app.dir, configFile: false, logLevel: "error", build: { outDir, ...more.build }, ssr: more.ssr });

  for (const [what, ssr] of [
    ["inside", { noExternal: true }],
    ["outside", { external: ["query-with-retry"] }],
  ]) {
    test(`Vite bundles it for a server, the package left ${what}, and it answers`, async () => {
      const outDir = `vite-ssr-${what}`;
      await viteBuild(outDir, { build: { ssr: "inside/bundled.js" }, ssr });
      const file = join(app.dir, outDir, "bundled.js");
      const imports = /from\s*["']query-with-retry["']/.test(await readFile(file, "utf8"));
      assert.equal(imports, what === "outside");
      await answersInNode(file);
    });
  }

  const chromium = browser("chromium");
  const skip = chromium.missing && process.env.CI !== "true" ? chromium.missing : false;
  test("Vite bundles it for browsers, one copy of the bytes in it, and it answers in Chromium", { skip }, async () => {
    let heard;
    const posted = new Promise((resolve) => (heard = resolve));
    const setting = `globalThis.MODEL_URL=${JSON.stringify(globals.MODEL_URL)};globalThis.REPORT=(x)=>fetch("/said",{method:"POST",body:JSON.stringify(x)});`;
    const html = `<!doctype html><script>${setting}</script><script type="module" src="/inside/bundled.js"></script>`;
    await writeFile(join(app.dir, "index.html"), html);
    await viteBuild("vite", {});
    const assets = await readdir(join(app.dir, "vite/assets"));
    assert.deepEqual(
      assets.filter((name) => name.endsWith(".wasm")),
      [],
    );
    const pages = { "/": { html: await readFile(join(app.dir, "vite/index.html"), "utf8") } };
    const server = await servePage({ dir: join(app.dir, "vite"), pages, onPost: heard });
    const window = await chromium.open(`${server.url}/`);
    const late = setTimeout(() => heard("nothing in 20 s"), 20_000);
    const said = await posted;
    clearTimeout(late);
    await window.close();
    await server.stop();
    assert.deepEqual(said, { data: { n: 1 } });
  });
});
