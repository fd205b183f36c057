// Node, Deno and Bun run the same program from the app's folder.
import { createInterface } from "node:readline";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { start, stop } from "../harness/processes.js";

const tool = (name) => fileURLToPath(new URL(`../node_modules/.bin/${name}`, import.meta.url));

const programs = {
  node: { program: process.execPath, args: [] },
  deno: { program: tool("deno"), args: ["run", "--allow-all", "--no-prompt", "--node-modules-dir=manual"] },
  bun: { program: tool("bun"), args: ["run"] },
};

export const standalone = (name) => ({
  name,
  missing: existsSync(programs[name].program) ? undefined : "run `npm ci` in tests/package",

  async run({ app, setting, onResult }) {
    const { program, args } = programs[name];
    const env = { ...process.env, SETTING: JSON.stringify(setting), DENO_NO_UPDATE_CHECK: "1" };
    const child = start(program, [...args, "inside/standalone.js"], { cwd: app.dir, env });
    let printed = "";
    child.stderr.setEncoding("utf8").on("data", (text) => (printed += text));
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line.startsWith("RESULT ")) onResult(JSON.parse(line.slice(7)));
      else printed += `${line}\n`;
    });
    const timer = setTimeout(() => stop(child), 300_000);
    const { code, signal, error } = await child.ended;
    clearTimeout(timer);
    if (error || code !== 0) throw new Error(`${name} ended with ${error ?? signal ?? code}\n${printed}`);
  },
});
