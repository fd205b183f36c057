// The programs of `examples` beside the packed package, run as a user runs them.
import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createApp, NAME } from "../package/harness/app.js";
import { run, start, stop } from "../package/harness/processes.js";

const EXAMPLES = fileURLToPath(new URL("../../examples/", import.meta.url));
const MODULES = fileURLToPath(new URL("node_modules/", import.meta.url));
const TELL_ERROR = new URL("tell-error.js", import.meta.url).href;

/** By the folder below `examples`: the client that it shows. */
export const sdks = { openai: "openai", huggingface: "@huggingface/inference", "ai-sdk": "ai" };
export const examples = Object.keys(sdks);

/** The line that this package is about. */
export const LINE = /^ *fetch: client\.fetch,\n/gm;
/** The client, where a scenario gives it options. */
export const CLIENT = "createClient()";

export const readme = (example) => readFile(join(EXAMPLES, example, "README.md"), "utf8");
export const source = (example) => readFile(join(EXAMPLES, example, "index.js"), "utf8");
const json = async (file) => JSON.parse(await readFile(file, "utf8"));
export const manifest = (example) => json(join(EXAMPLES, example, "package.json"));
/** The manifest of a client that is installed here. */
export const installed = (name) => json(join(MODULES, name, "package.json"));

/** An app that has the packed package, the clients, and the examples. */
export async function createPrograms() {
  const app = await createApp();
  for (const example of examples) {
    await mkdir(join(app.dir, example));
    for (const name of Object.keys((await manifest(example)).dependencies)) {
      if (name === NAME) continue;
      const link = join(app.dir, "node_modules", name);
      await mkdir(dirname(link), { recursive: true });
      await symlink(join(MODULES, name), link, "dir");
    }
  }
  let programs = 0;

  return {
    packed: app.manifest,
    remove: app.remove,

    /** Runs lines of shell beside an example as one copies it, to their end. */
    async shell(example, lines) {
      const dir = join(app.dir, "copied", example);
      await cp(join(EXAMPLES, example), dir, { recursive: true });
      return run("sh", ["-c", lines], { cwd: dir });
    },

    /**
     * Runs an example to its end, or for `patienceMs`. As it is, or with `options` for its client, or
     * `without` the line.
     */
    async run(example, { baseUrl, without = false, options, patienceMs = 60_000, env = {} }) {
      let text = await source(example);
      if (without) text = text.replace(LINE, "");
      if (options) text = text.replace(CLIENT, `createClient(${JSON.stringify(options)})`);
      const file = join(app.dir, example, `${++programs}.js`);
      await writeFile(file, text);

      const begun = performance.now();
      const child = start(process.execPath, ["--import", TELL_ERROR, file], {
        cwd: dirname(file),
        env: { ...process.env, BASE_URL: baseUrl, HF_TOKEN: "hf_example", ...env },
      });
      let [printed, complained, gaveUp] = ["", "", false];
      child.stdout.setEncoding("utf8").on("data", (text) => (printed += text));
      child.stderr.setEncoding("utf8").on("data", (text) => (complained += text));
      const patience = setTimeout(() => {
        gaveUp = true;
        stop(child);
      }, patienceMs);
      const { code } = await child.ended;
      clearTimeout(patience);
      const told = complained.match(/^ended by (.*)$/m);
      return {
        /** What it printed: a line an answer. */
        lines: printed.split("\n"),
        code,
        error: told ? JSON.parse(told[1]) : undefined,
        complained,
        gaveUp,
        seconds: (performance.now() - begun) / 1_000,
      };
    },
  };
}
