// A Worker of the app: bundled with the conditions of Cloudflare's runtime, the wasm as a module beside it.
import { basename, join } from "node:path";

/** `entry` is a file of the app; what is `external` comes with the configuration. The Worker itself is the first module. */
export async function bundleWorker(app, entry, { external = [] } = {}) {
  const { build } = await import("esbuild");
  const outdir = join(app.dir, "worker", basename(entry, ".js"));
  const { metafile } = await build({
    absWorkingDir: app.dir,
    entryPoints: [entry],
    outdir,
    bundle: true,
    format: "esm",
    conditions: ["workerd", "worker", "browser"],
    loader: { ".wasm": "copy" },
    external,
    metafile: true,
    logLevel: "silent",
  });
  const written = Object.keys(metafile.outputs).map((path) => join(app.dir, path));
  const main = join(outdir, basename(entry));
  return { outdir, modules: [main, ...written.filter((path) => path.endsWith(".wasm"))] };
}
