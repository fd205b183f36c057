// The published declarations against the contract, compiled in an app that has the tarball.
import assert from "node:assert/strict";
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createApp } from "./harness/app.js";
import { run } from "./harness/processes.js";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const TSC = join(HERE, "node_modules/.bin/tsc");
const RESOLUTIONS = ["bundler", "nodenext"];

/** The names that a file of declarations declares, with what they are. */
function declared(source) {
  const pattern = /^ *export (?:declare )?(?:abstract )?(function|class|const|interface|type) (\w+)/gm;
  return [...source.matchAll(pattern)].map(([, kind, name]) => ({ name, isValue: ["function", "class", "const"].includes(kind) }));
}

/** The members that not-yet.d.ts adds to interfaces that are published without them: `Client["batch"]`. */
function added(source) {
  const interfaces = source.matchAll(/^  interface (\w+) \{$([^]*?)^  \}$/gm);
  return [...interfaces].flatMap(([, name, body]) => [...body.matchAll(/^    (\w+)/gm)].map(([, member]) => `${name}["${member}"]`));
}

describe("types", () => {
  let app;
  let notYet;
  let members;
  let contract;

  before(async () => {
    app = await createApp();
    await cp(join(HERE, "types"), join(app.dir, "types"), { recursive: true });
    const unpublished = await readFile(join(HERE, "types/not-yet.d.ts"), "utf8");
    notYet = declared(unpublished);
    members = added(unpublished);
    contract = declared(await readFile(join(HERE, "types/query-with-retry.d.ts"), "utf8"));
  });
  after(() => app?.remove());

  /** Compiles some files of the app's folder `types`, as the shared settings say. */
  async function compile(resolution, files) {
    const config = join(app.dir, `types/tsconfig.${process.hrtime.bigint()}.json`);
    await writeFile(config, JSON.stringify({ extends: `./tsconfig.${resolution}.json`, files }));
    await run(TSC, ["-p", config], { cwd: app.dir });
  }

  for (const resolution of RESOLUTIONS) {
    test(`the unmodified consumer of the contract compiles, strict, under ${resolution} resolution`, () =>
      compile(resolution, ["contract.test-d.ts", "not-yet.d.ts"]));

    test(`every published export is assignable to the contract's under ${resolution} resolution`, () =>
      compile(resolution, ["assignable.test-d.ts"]));
  }

  test("every name of the contract is published, or listed as not yet published", async () => {
    const listed = new Set(notYet.map(({ name }) => name));
    const imports = contract.filter(({ name }) => !listed.has(name)).map(({ name }) => `import type { ${name} } from "query-with-retry";`);
    assert.ok(imports.length > 0);
    await writeFile(join(app.dir, "types/published.ts"), `${imports.join("\n")}\n`);
    await compile("nodenext", ["published.ts"]);
  });

  test("no name listed as not yet published is published", async () => {
    if (notYet.length === 0) return;
    const imports = notYet.map(({ name }) => `// @ts-expect-error: take ${name} off not-yet.d.ts\nimport type { ${name} } from "query-with-retry";`);
    await writeFile(join(app.dir, "types/unpublished.ts"), `${imports.join("\n")}\n`);
    await compile("nodenext", ["unpublished.ts"]);
    const api = await import(pathToFileURL(join(app.dir, app.entry())).href);
    const early = notYet.filter(({ name, isValue }) => isValue && name in api);
    assert.deepEqual(early, []);
  });

  test("no member listed as not yet published is published, and each is in the contract", async () => {
    const lines = members.map(
      (member) => `// @ts-expect-error: take ${member} off not-yet.d.ts\nimport("query-with-retry").${member},\nimport("./query-with-retry.js").${member},`,
    );
    await writeFile(join(app.dir, "types/members.ts"), `export type Members = [\n${lines.join("\n")}\n];\n`);
    await compile("nodenext", ["members.ts"]);
  });

  test("every listed name is in the contract", () => {
    const known = new Set(contract.map(({ name }) => name));
    assert.deepEqual(notYet.filter(({ name }) => !known.has(name)), []);
  });

  test("./slim and ./core.wasm have types", async () => {
    const source = `
      import { init, queryWithRetry } from "query-with-retry/slim";
      import module from "query-with-retry/core.wasm";
      await init(module satisfies WebAssembly.Module);
      await init(new Uint8Array());
      (await queryWithRetry<string>("org/model", {})) satisfies string;
    `;
    await writeFile(join(app.dir, "types/slim.ts"), source);
    for (const resolution of RESOLUTIONS) await compile(resolution, ["slim.ts"]);
  });
});
