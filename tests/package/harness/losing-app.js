// An app of one program for every runtime, as the runners start it, that loses requests and says how that was told.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const INSIDE = fileURLToPath(new URL("../inside", import.meta.url));

const programs = {
  why: `export { whyLost } from "../../../src/ts/http/lost.ts";`,
  standalone: `
    import { lose } from "./losing.js";
    for (const way of JSON.parse(process.env.SETTING).ways) console.log("RESULT " + JSON.stringify(await lose(way)));
    process.exit(0);`,
  page: `
    import { lose } from "./losing.js";
    const post = (message) => fetch("/results", { method: "POST", body: JSON.stringify(message) });
    for (const way of JSON.parse(document.getElementById("setting").textContent).ways) await post({ result: await lose(way) });
    await post({ done: true });`,
  worker: `
    import { lose } from "./losing.js";
    export default {
      async fetch(request, { SETTING }) {
        const { ways } = JSON.parse(SETTING);
        const { pathname } = new URL(request.url);
        return Response.json(pathname === "/cases" ? ways.map((_, index) => index) : await lose(ways[Number(pathname.slice(1))]));
      },
    };`,
};

export async function createLosingApp() {
  const { build } = await import("esbuild");
  const dir = await mkdtemp(join(tmpdir(), "losing-"));
  for (const [name, contents] of Object.entries(programs)) {
    const outfile = join(dir, "inside", `${name}.js`);
    await build({ stdin: { contents, resolveDir: INSIDE }, outfile, bundle: true, format: "esm", target: "es2022", logLevel: "silent" });
  }
  // It imports nothing of the package.
  return { dir, manifest: { exports: {} }, entry: () => "", remove: () => rm(dir, { recursive: true, force: true }) };
}
