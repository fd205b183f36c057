// Small programs run in the app's folder by Node; each prints one line of JSON.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./processes.js";

let count = 0;

/** Runs source text (or, given `file`, a file of the app) and gives what it printed, parsed. */
export async function runProgram(app, { source, file, kind = "mjs", globals = {}, flags = [] }) {
  const path = file ?? join(app.dir, `program-${++count}.${kind}`);
  if (source) await writeFile(path, source);
  const setting = Object.entries({ ...globals }).map(([name, value]) => `globalThis.${name}=${JSON.stringify(value)};`);
  const preload = `data:text/javascript,${encodeURIComponent(`${setting.join("")}globalThis.REPORT=(x)=>console.log(JSON.stringify(x));`)}`;
  const printed = await run(process.execPath, [...flags, "--import", preload, path], { cwd: app.dir, limitMs: 30_000 });
  const lines = printed.trim().split("\n");
  return JSON.parse(lines.at(-1));
}
