import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { run } from "../package/harness/processes.js";
import { startMock } from "../package/harness/mock-server.js";
import { createNpmApp, runNode } from "./apps.js";
import { answers, PROGRAM } from "./programs.js";

let mock;
before(async () => {
  mock = await startMock();
});
after(() => mock?.stop());

const files = { "main.mts": PROGRAM, "main.cts": PROGRAM };

test("tsx runs TypeScript that uses it, as an ES module and as CommonJS", async () => {
  const dir = await createNpmApp({ packages: ["tsx@4"], files });
  for (const kind of ["mts", "cts"]) await answers(mock, `tsx-${kind}`, (env) => runNode(dir, ["tsx/dist/cli.mjs", `main.${kind}`], env));
});

test("ts-node checks and runs it, by its loader as an ES module, and as CommonJS with module node16 and nodenext", async () => {
  const dir = await createNpmApp({ packages: ["ts-node@10", "typescript@5", "@types/node@24"], files });
  const settings = (module) =>
    writeFile(join(dir, "tsconfig.json"), JSON.stringify({ compilerOptions: { module, target: "es2022", strict: true, types: ["node"] } }));
  await settings("nodenext");
  const loader = { NODE_OPTIONS: "--loader=ts-node/esm" };
  await answers(mock, "ts-node-esm", (env) => runNode(dir, ["../main.mts"], { ...env, ...loader }));
  for (const module of ["node16", "nodenext"]) {
    await settings(module);
    await answers(mock, `ts-node-${module}`, (env) => runNode(dir, ["ts-node/dist/bin.js", "main.cts"], env));
  }
});

describe("Deno", () => {
  let dir;
  before(async () => {
    dir = await createNpmApp({ packages: ["deno@2"], files: { "main.mjs": PROGRAM } });
  });
  const deno = (args, env) => runNode(dir, ["deno/bin.cjs", ...args], { DENO_NO_UPDATE_CHECK: "1", ...env });
  const rights = ["--allow-net", "--allow-env"];

  test("bundles it to one file", async () => {
    await deno(["bundle", "main.mjs", "-o", "bundled.mjs"]);
    await answers(mock, "deno-bundle", (env) => deno(["run", ...rights, "bundled.mjs"], env));
  });

  test("compiles it to one program", async (t) => {
    try {
      await deno(["compile", ...rights, "-o", "compiled", "main.mjs"]);
    } catch (error) {
      // The program begins with a binary of Deno's own, which is in no registry.
      const isOffline = /error sending request for url \(https:\/\/dl\.deno\.land\//.test(error.message);
      if (!isOffline || process.env.CI === "true") throw error;
      t.skip("dl.deno.land, which has the binary that the program begins with, is out of reach");
      return;
    }
    await answers(mock, "deno-compile", (env) => run(join(dir, "compiled"), [], { cwd: dir, env: { ...process.env, ...env } }));
  });
});
