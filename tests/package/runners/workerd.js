// Cloudflare's runtime, by Miniflare.
import { readFile } from "node:fs/promises";
import { bundleWorker } from "../harness/worker-bundle.js";

let tools;
try {
  const [{ Miniflare, Log, LogLevel }] = await Promise.all([import("miniflare"), import("esbuild")]);
  tools = { Miniflare, Log, LogLevel };
} catch {
  // Said by `missing`.
}

let bundled;

export const workerd = {
  name: "workerd",
  missing: tools ? undefined : "run `npm ci` in tests/package",

  /** `quiet`: what the runtime itself has to say is not shown. */
  async run({ app, setting, onResult, quiet = false }) {
    const { Miniflare, Log, LogLevel } = tools;
    const { outdir, modules: paths } = await (bundled ??= bundleWorker(app, "inside/worker.js"));
    const modules = [];
    for (const path of paths) modules.push({ type: path.endsWith(".wasm") ? "CompiledWasm" : "ESModule", path, contents: await readFile(path) });
    const worker = new Miniflare({
      modules,
      modulesRoot: outdir,
      compatibilityDate: "2026-01-01",
      bindings: { SETTING: JSON.stringify(setting) },
      log: new Log(LogLevel.ERROR),
      cf: false,
      ...(quiet && { handleRuntimeStdio: (...outputs) => outputs.forEach((output) => output.resume()) }),
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
