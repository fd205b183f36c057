// The published declarations against the contract, compiled in an app that has the tarball.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { cp, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createApp } from "./harness/app.js";
import { run } from "./harness/processes.js";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const TYPES = join(HERE, "types");
const TSC = join(HERE, "node_modules/.bin/tsc");
const RESOLUTIONS = ["bundler", "nodenext"];

/** Where the contract is kept, beside a checkout of this repository; `types` has a copy of it. */
const ORIGINAL = "../shared/contract";
const original = join(HERE, "../..", ORIGINAL);
/** What stands among the copied files and is none of them. */
const OWN = new Set(["assignable.test-d.ts", "consumer.test-d.ts", "not-yet.d.ts", "tsconfig.bundler.json", "tsconfig.nodenext.json"]);
const copied = (await readdir(TYPES)).filter((name) => !OWN.has(name)).sort();

/** The entries beside the main one, each a file of the contract. */
const entries = copied.filter((name) => name.endsWith(".d.ts") && name !== "query-with-retry.d.ts").map((name) => name.slice(0, -".d.ts".length));

/** What `@types/node` declares of the platform, as far as the package needs it: no `WebAssembly`. */
const AS_NODE = `
  declare class URL { constructor(text: string) }
  declare class Blob { readonly size: number }
  interface AbortSignal { readonly aborted: boolean }
  declare class Request { readonly url: string }
  declare class Response { readonly status: number }
  interface ResponseInit { status?: number }
  interface ReadableStream<R> { cancel(reason?: unknown): Promise<R> }
  declare function fetch(url: string): Promise<Response>;
`;

/** The names that a file of declarations declares, with what they are. */
function declared(source) {
  const pattern = /^ *export (?:declare )?(?:abstract )?(function|class|const|interface|type) (\w+)/gm;
  return [...source.matchAll(pattern)].map(([, kind, name]) => ({ name, isValue: ["function", "class", "const"].includes(kind) }));
}

/** The members that not-yet.d.ts adds to interfaces that are published without them: `Client["warmUp"]`. */
function added(source) {
  const interfaces = [...source.matchAll(/^  interface (\w+)(<\w+>)? \{$([^]*?)^  \}$/gm)];
  assert.equal(interfaces.length, source.match(/^ *interface /gm)?.length ?? 0, "every interface of not-yet.d.ts is read");
  return interfaces.flatMap(([, name, generic, body]) => {
    const members = [...body.matchAll(/^    (?:readonly )?(\w+)\b/gm)];
    return members.map(([, member]) => `${name}${generic ? "<unknown>" : ""}["${member}"]`);
  });
}

describe("types", () => {
  let app;
  let notYet;
  let members;
  let contract;
  /** The entries listed as not yet published, and what stands for them. */
  let paths;

  before(async () => {
    app = await createApp();
    await cp(TYPES, join(app.dir, "types"), { recursive: true });
    const unpublished = await readFile(join(TYPES, "not-yet.d.ts"), "utf8");
    notYet = declared(unpublished);
    members = added(unpublished);
    contract = declared(await readFile(join(TYPES, "query-with-retry.d.ts"), "utf8"));
    paths = JSON.parse(await readFile(join(TYPES, "tsconfig.bundler.json"), "utf8")).compilerOptions.paths ?? {};
  });
  after(() => app?.remove());

  /** Compiles some files of the app's folder `types`, as the shared settings say, or more. */
  async function compile(resolution, files, compilerOptions = {}) {
    const config = join(app.dir, `types/tsconfig.${process.hrtime.bigint()}.json`);
    await writeFile(config, JSON.stringify({ extends: `./tsconfig.${resolution}.json`, compilerOptions, files }));
    await run(TSC, ["-p", config], { cwd: app.dir });
  }

  for (const resolution of RESOLUTIONS) {
    test(`the unmodified consumer of the contract compiles, strict, under ${resolution} resolution`, () =>
      compile(resolution, ["contract.test-d.ts", "not-yet.d.ts"]));

    test(`every published export is assignable to the contract's under ${resolution} resolution`, () =>
      compile(resolution, ["assignable.test-d.ts", "not-yet.d.ts"]));
  }

  const strictest = { exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, noPropertyAccessFromIndexSignature: true };
  for (const [how, options] of Object.entries({ "strict settings": {}, "the strictest settings": strictest })) {
    test(`programs as they are written first compile with no cast under ${how}`, () => compile("nodenext", ["consumer.test-d.ts"], options));
  }

  for (const module of ["node16", "node18", "nodenext"]) {
    test(`a program whose output is CommonJS compiles with module ${module}`, async () => {
      const source = `
        import { createClient, QueryError, queryWithRetry, type CallReport } from "query-with-retry";
        import { batch, coalesce, type BatchItem } from "query-with-retry/batch";
        import { advise, createEndpoints, type Endpoints } from "query-with-retry/endpoints";
        import { init } from "query-with-retry/slim";
        init(new Uint8Array());
        const { report, code }: QueryError = new QueryError();
        export const client = createClient();
        export const told: [CallReport, string] = [report, code];
        const endpoints: Endpoints = createEndpoints({ namespace: "me", token: "hf_" });
        export const managing = [createClient({ endpoints, resumePaused: true }).stats().flatMap((stats) => advise(stats))];
        export const items: Promise<BatchItem<number[]>[]> = batch<number[]>(client, "org/model", ["x"]);
        export const embed: (text: string) => Promise<number[]> = coalesce<number[]>(client, "org/model", { windowMs: 5 });
        export const answer: Promise<string> = queryWithRetry<string>("org/model", { inputs: "x" });
      `;
      await writeFile(join(app.dir, "types/required.cts"), source);
      await compile("nodenext", ["required.cts"], { module, moduleResolution: module === "node18" ? "node16" : module });
    });
  }

  test("every entry compiles where nothing of a browser is declared but what Node has too", async () => {
    await writeFile(join(app.dir, "types/as-node.d.ts"), AS_NODE);
    const source = `
      import { createClient } from "query-with-retry";
      import { batch, coalesce } from "query-with-retry/batch";
      import { createEndpoints } from "query-with-retry/endpoints";
      import { init } from "query-with-retry/slim";
      import { durableObject, QueryCoordinator } from "query-with-retry/workers";
      import module from "query-with-retry/core.wasm";
      init(module);
      init(new Uint8Array(1));
      init(Promise.resolve(new ArrayBuffer(1)));
      export const many = [batch(createClient(), "org/model", ["x"]), coalesce(createClient(), "org/model")("x")];
      export class Named extends QueryCoordinator {}
      export const sharing = createClient({ coordinator: durableObject({}) });
      export const { query } = createClient({ endpoints: createEndpoints({ namespace: "me", token: () => "hf_" }) });
    `;
    await writeFile(join(app.dir, "types/without-dom.ts"), source);
    await compile("nodenext", ["without-dom.ts", "as-node.d.ts"], { lib: ["es2022"] });
  });

  test("every option has a default, and every member of an event is described", async () => {
    const declared = (name) => readFile(join(app.installed, `dist/types/${name}.d.ts`), "utf8");
    const [call, client, report] = await Promise.all(["call", "client", "report"].map(declared));
    const body = (source, name) => new RegExp(`^export (?:interface|type) ${name}\\b[^]*?^\\};?$`, "m").exec(source)?.[0] ?? "";
    const described = (text) =>
      [...text.matchAll(/(\/\*\*(?:(?!\*\/)[^])*\*\/)?\s*\n\s*(\w+)\??: /g)].map(([, doc = "", member]) => ({ doc, member }));
    for (const [source, name, groups] of [
      [call, "QueryOptions", ["loading", "timeouts"]],
      [call, "LoadingOptions", []],
      [call, "Timeouts", []],
      [client, "ClientOptions", []],
      [client, "BreakerOptions", []],
    ]) {
      const members = described(body(source, name)).filter(({ member }) => !groups.includes(member));
      assert.ok(members.length > 3, name);
      const without = members.filter(({ doc }) => !doc.includes("@default")).map(({ member }) => member);
      assert.deepEqual(without, [], name);
    }
    const events = described(body(report, "CallEvent"));
    assert.ok(events.length > 20);
    const undescribed = events.filter(({ doc }) => !doc).map(({ member }) => member);
    assert.deepEqual(undescribed, []);
  });

  const missing = !existsSync(original) && `${ORIGINAL} is not there: the copy is compared with it where it is laid beside the checkout`;
  test("the copy of the contract is the contract, byte for byte", { skip: missing }, async () => {
    assert.deepEqual(copied, (await readdir(original)).sort());
    for (const name of copied) {
      const [copy, wanted] = await Promise.all([TYPES, original].map((folder) => readFile(join(folder, name))));
      assert.ok(copy.equals(wanted), `tests/package/types/${name} is not that of ${ORIGINAL}: copy it again`);
    }
  });

  test("every type of the contract is looked at in assignable.test-d.ts", async () => {
    const source = await readFile(join(TYPES, "assignable.test-d.ts"), "utf8");
    const types = contract.filter(({ name, isValue }) => !isValue || /^[A-Z]/.test(name));
    assert.ok(types.length > 20);
    for (const side of ["Contract", "Published"]) {
      assert.deepEqual(
        types.filter(({ name }) => !new RegExp(`\\b${side}\\.${name}\\b`).test(source)),
        [],
        side,
      );
    }
  });

  test("every entry of the contract is an export of the package, or listed as not yet published", () => {
    assert.ok(entries.length > 0);
    const unknown = entries.filter((name) => !(`./${name}` in app.manifest.exports || `query-with-retry/${name}` in paths));
    assert.deepEqual(unknown, []);
  });

  test("no entry listed as not yet published is published, and the contract's own file stands for each", () => {
    for (const [specifier, files] of Object.entries(paths)) {
      const name = specifier.slice("query-with-retry/".length);
      assert.ok(!(`./${name}` in app.manifest.exports), `take ${specifier} off the paths of tsconfig.bundler.json`);
      assert.ok(entries.includes(name), `${specifier} is not in the contract`);
      assert.deepEqual(files, [`./${name}.d.ts`]);
    }
  });

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
      (member) =>
        `// @ts-expect-error: take ${member} off not-yet.d.ts\nimport("query-with-retry").${member},\nimport("./query-with-retry.js").${member},`,
    );
    await writeFile(join(app.dir, "types/members.ts"), `export type Members = [\n${lines.join("\n")}\n];\n`);
    await compile("nodenext", ["members.ts"]);
  });

  test("every listed name is in the contract", () => {
    const known = new Set(contract.map(({ name }) => name));
    assert.deepEqual(
      notYet.filter(({ name }) => !known.has(name)),
      [],
    );
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
