// Cloudflare's runtime: the app bundled with the condition "workerd", the wasm as a module beside it.
import { readFile } from "node:fs/promises";
import { join } from "node:path";

let tools;
try {
  const [{ build }, { Miniflare, Log, LogLevel }] = await Promise.all([import("esbuild"), import("miniflare")]);
  tools = { build, Miniflare, Log, LogLevel };
} catch {
  // Said by `missing`.
}

export const workerd = {
  name: "workerd",
  missing: tools ? undefined : "run `npm ci` in tests/package",

  async run({ app, mock, only, onResult }) {
    const { build, Miniflare, Log, LogLevel } = tools;
    const outdir = join(app.dir, "workerd");
    const { metafile } = await build({
      absWorkingDir: app.dir,
      entryPoints: ["inside/worker.js"],
      outdir,
      bundle: true,
      format: "esm",
      conditions: ["workerd", "worker", "browser"],
      loader: { ".wasm": "copy" },
      metafile: true,
      logLevel: "silent",
    });
    const written = Object.keys(metafile.outputs).map((path) => join(app.dir, path));
    const types = [["worker.js", "ESModule"], [".wasm", "CompiledWasm"]];
    const modules = [];
    for (const [end, type] of types) {
      for (const path of written.filter((name) => name.endsWith(end))) modules.push({ type, path, contents: await readFile(path) });
    }
    const worker = new Miniflare({
      modules,
      modulesRoot: outdir,
      compatibilityDate: "2026-01-01",
      bindings: { MOCK_URL: mock.mockUrl, ONLY: only ?? "" },
      log: new Log(LogLevel.ERROR),
      cf: false,
    });
    try {
      const indices = await (await worker.dispatchFetch("http://worker/cases")).json();
      for (const index of indices) {
        const response = await worker.dispatchFetch(`http://worker/${index}`);
        const text = await response.text();
        if (response.ok) onResult(JSON.parse(text));
        else onResult({ name: `case ${index}`, ok: false, ms: 0, error: `the Worker died: ${text}` });
      }
    } finally {
      await worker.dispose();
    }
  },
};
