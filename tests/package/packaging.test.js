// The tarball as npm would publish it: what is in it, and how it loads.
import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { problemAffectsResolutionKind } from "@arethetypeswrong/core/problems";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { browser } from "./harness/browsers.js";
import { startOneModel } from "./harness/one-model.js";
import { servePage } from "./harness/page-server.js";
import { runProgram } from "./harness/programs.js";

let app;
let globals;
let stop;

before(async () => {
  ({ app, globals, stop } = await startOneModel("packaging"));
});
after(() => stop?.());

const targets = (entry) => (typeof entry === "string" ? [entry] : Object.values(entry).flatMap(targets));

describe("the tarball", () => {
  test("holds every file that the manifest names, a licence and a readme", () => {
    const { exports, main, types } = app.manifest;
    const named = [main, types, ...targets(exports)].map((path) => path.replace(/^\.\//, "").replace(/\?.*$/, ""));
    for (const path of [...named, "README.md"]) assert.ok(app.files.includes(path), `${path} is missing`);
    assert.ok(
      app.files.some((path) => path.startsWith("LICENSE")),
      "a licence is missing",
    );
    for (const subpath of [".", "./slim", "./batch", "./endpoints", "./redis", "./tabs", "./workers", "./core.wasm", "./package.json"])
      assert.ok(subpath in exports, subpath);
    const conditions = Object.keys(exports["."]);
    assert.deepEqual(conditions, ["workerd", "edge-light", "require", "types", "default"]);
    assert.ok(app.files.includes("dist/core.wasm"));
  });

  test("holds every page that its readme leads to", async () => {
    const readme = await readFile(join(app.installed, "README.md"), "utf8");
    const pages = [...readme.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path]) => path);
    const map = await readFile(join(app.installed, "llms.txt"), "utf8");
    pages.push(...[...map.matchAll(/\]\(([^)]+)\)/g)].map(([, path]) => path));
    assert.ok(pages.length > 20);
    assert.deepEqual(
      pages.filter((path) => !app.files.includes(path)),
      [],
    );
  });

  test("has no link between its pages that leads nowhere", async () => {
    const anchors = new Map();
    const texts = new Map();
    for (const path of app.files.filter((name) => name.endsWith(".md"))) {
      const text = await readFile(join(app.installed, path), "utf8");
      const titles = [...text.matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
        title
          .toLowerCase()
          .replace(/[^\w\- ]/g, "")
          .replaceAll(" ", "-"),
      );
      texts.set(path, text);
      anchors.set(path, titles);
    }
    const lost = [];
    for (const [path, text] of texts) {
      for (const [, link] of text.matchAll(/\]\((?!https?:)([^)]+)\)/g)) {
        const [file, anchor] = link.split("#");
        const to = file ? join(path, "..", file) : path;
        if (!app.files.includes(to) || (anchor && !anchors.get(to)?.includes(anchor))) lost.push(`${path}: ${link}`);
      }
    }
    assert.deepEqual(lost, []);
  });

  test("holds nothing that hides, tests, or belongs to the workshop", () => {
    const strange = app.files.filter((path) => /(^|\/)\.|\.(rs|toml|test\.\w+|tgz)$|node_modules|tsconfig/.test(path));
    assert.deepEqual(strange, []);
    const outside = app.files.filter(
      (path) => !/^(dist\/|docs\/[\w-]+\.md$|llms\.txt$|package\.json$|README\.md$|LICENSE|THIRD-PARTY-LICENSES$)/.test(path),
    );
    assert.deepEqual(outside, []);
  });

  test("names each crate that is linked into core.wasm, with its licence and the text of it", async () => {
    const text = await readFile(join(app.installed, "THIRD-PARTY-LICENSES"), "utf8");
    const entries = text.split(/^={80}\n/m).slice(1);
    const names = entries.map((entry) => entry.slice(0, entry.indexOf(" ")));
    assert.deepEqual(names, [...names].sort());
    for (const name of ["talc", "serde-wasm-bindgen"]) {
      const entry = entries[names.indexOf(name)] ?? "";
      assert.match(entry, /^\S+ \d+\.\d+\.\d+: MIT\n/, name);
      assert.match(entry, /Copyright[^]*Permission is hereby granted, free of charge/, name);
    }
    for (const name of ["std", "wasm-bindgen", "js-sys", "gloo-timers", "serde_core"]) assert.ok(names.includes(name), name);
    // They ran when it was built, and are not in it.
    for (const name of ["serde_derive", "syn", "wasm-bindgen-macro", "rustversion", "query-with-retry"]) assert.ok(!names.includes(name), name);
  });

  test("has no dependencies and runs no scripts on install", async () => {
    for (const kind of ["dependencies", "optionalDependencies", "peerDependencies", "bundleDependencies"]) {
      assert.deepEqual(Object.keys(app.manifest[kind] ?? {}), [], kind);
    }
    const scripts = Object.keys(app.manifest.scripts ?? {});
    assert.deepEqual(
      scripts.filter((name) => /^(pre|post)?install$|^prepare$/.test(name)),
      [],
    );
    const installed = await readdir(join(app.dir, "node_modules"));
    assert.deepEqual(
      installed.filter((name) => !name.startsWith(".")),
      ["query-with-retry"],
    );
  });

  test("is ES modules, and what is required is the same modules", async () => {
    assert.equal(app.manifest.type, "module");
    const required = app.files.filter((name) => name.endsWith(".cjs"));
    assert.deepEqual(required.sort(), [
      "dist/batch.cjs",
      "dist/endpoints.cjs",
      "dist/index.cjs",
      "dist/redis.cjs",
      "dist/slim.cjs",
      "dist/tabs.cjs",
      "dist/workers.cjs",
    ]);
    for (const path of required) {
      const source = await readFile(join(app.installed, path), "utf8");
      assert.equal(source, `module.exports = require("./${path.slice("dist/".length, -".cjs".length)}.js");\n`);
    }
    for (const path of app.files.filter((name) => name.endsWith(".js"))) {
      const source = await readFile(join(app.installed, path), "utf8");
      assert.ok(!/\bmodule\.exports\b|\brequire\(/.test(source), `${path} is CommonJS`);
    }
  });

  test("has modules that are read as they were written, so that no source map is needed", async () => {
    const text = await readFile(join(app.installed, "dist/shared.js"), "utf8");
    for (const name of ["call/call.ts", "errors/query-error.ts", "stream/event-buffer.ts"]) assert.ok(text.includes(`\n// src/ts/${name}\n`), name);
    assert.match(text, /^ {2}return .* waits\(|^function waits\(/m);
    assert.ok(text.length / text.split("\n").length < 60, "it is minified");
  });

  test("names no path of the machine that built it, in no file", async () => {
    const home = homedir();
    for (const path of app.files) {
      const text = await readFile(join(app.installed, path), "latin1");
      const found = text.match(/[\w/.-]*(\.cargo\/registry|\/home\/|\/Users\/|[A-Z]:\\Users)[\w/.-]*/);
      assert.equal(found?.[0], undefined, `in ${path}`);
      assert.ok(!text.includes(`${home}/`), `${path} names the home folder`);
      // The standard library carries the public paths of its own build.
      const sources = (text.match(/(?<![\w.-])\/[\w.@+-]+(?:\/[\w.@+-]+)+\.rs/g) ?? []).filter((name) => !/^\/(rustc|rust\/deps)\//.test(name));
      assert.deepEqual(sources, [], `in ${path}`);
    }
  });

  test("has a core.wasm that compiles and imports nothing from env", async () => {
    const module = new WebAssembly.Module(await readFile(join(app.installed, "dist/core.wasm")));
    const froms = new Set(WebAssembly.Module.imports(module).map((entry) => entry.module));
    assert.ok(!froms.has("env"), [...froms].join());
    assert.ok(WebAssembly.Module.exports(module).length > 0);
  });

  test("passes publint", async () => {
    const tarball = await readFile(app.tarball);
    const { messages, pkg } = await publint({
      pack: { tarball: tarball.buffer.slice(tarball.byteOffset, tarball.byteOffset + tarball.length) },
      strict: true,
    });
    assert.deepEqual(
      messages.map((message) => formatMessage(message, pkg)),
      [],
    );
  });

  test("passes arethetypeswrong for programs of ES modules, of CommonJS, and for bundlers", async () => {
    const pkg = createPackageFromTarballData(new Uint8Array(await readFile(app.tarball)));
    const analysis = await checkPackage(pkg, { excludeEntrypoints: ["./core.wasm", "./package.json"] });
    assert.ok(Object.keys(analysis.entrypoints).includes("."), "the root entry was looked at");
    const kinds = ["node16-esm", "node16-cjs", "bundler"];
    const problems = analysis.problems.filter((problem) => kinds.some((kind) => problemAffectsResolutionKind(problem, kind, analysis)));
    assert.deepEqual(problems, []);
  });
});

describe("loading", () => {
  test("does nothing on import: no fetch, no timer, no WebAssembly", async () => {
    const source = `
      const calls = [];
      const watch = (object, name) => {
        const original = object[name];
        if (typeof original !== "function") return;
        object[name] = new Proxy(original, {
          apply: (f, self, args) => (calls.push(name), Reflect.apply(f, self, args)),
          construct: (f, args) => (calls.push(name), Reflect.construct(f, args)),
        });
      };
      for (const name of ["fetch", "setTimeout", "setInterval", "queueMicrotask", "atob", "AbortController", "BroadcastChannel"]) watch(globalThis, name);
      for (const name of ["compile", "instantiate", "compileStreaming", "instantiateStreaming", "Module", "Instance", "Memory"]) watch(WebAssembly, name);
      for (const name of ["random", "now"]) watch(name === "random" ? Math : Date, name);
      const before = Object.getOwnPropertyNames(globalThis);
      await import("query-with-retry");
      await import("query-with-retry/slim");
      await import("query-with-retry/batch");
      await import("query-with-retry/endpoints");
      await import("query-with-retry/redis");
      await import("query-with-retry/tabs");
      await import("query-with-retry/workers");
      const added = Object.getOwnPropertyNames(globalThis).filter((name) => !before.includes(name));
      REPORT({ calls, added });
    `;
    assert.deepEqual(await runProgram(app, { source }), { calls: [], added: [] });
  });

  test("instantiates once for many first calls at once, and a process ends by itself after", async () => {
    const source = `
      await (await fetch(MODEL_URL, { method: "POST" })).text(); // Node's own fetch is partly wasm.
      let times = 0;
      for (const name of ["instantiate", "Instance"]) {
        const count = { apply: (f, self, args) => (times++, Reflect.apply(f, self, args)), construct: (f, args) => (times++, Reflect.construct(f, args)) };
        WebAssembly[name] = new Proxy(WebAssembly[name], count);
      }
      const { queryWithRetry } = await import("query-with-retry");
      const answers = await Promise.all(Array.from({ length: 20 }, () => queryWithRetry(MODEL_URL, {})));
      REPORT({ times, answers: answers.length });
    `;
    assert.deepEqual(await runProgram(app, { source, globals }), { times: 1, answers: 20 });
  });

  test("compiles from its default entry the very bytes of core.wasm", async () => {
    const source = `
      import { readFileSync } from "node:fs";
      await (await fetch(MODEL_URL, { method: "POST" })).text(); // Node's own fetch is partly wasm.
      const taken = [];
      const look = { apply: (f, self, args) => (taken.push(args[0]), Reflect.apply(f, self, args)), construct: (f, args) => (taken.push(args[0]), Reflect.construct(f, args)) };
      for (const name of ["compile", "instantiate", "Module"]) WebAssembly[name] = new Proxy(WebAssembly[name], look);
      const { queryWithRetry } = await import("query-with-retry");
      await queryWithRetry(MODEL_URL, {});
      const bytes = taken.filter((x) => !(x instanceof WebAssembly.Module)).map((x) => Buffer.from(x.buffer ?? x, x.byteOffset, x.byteLength));
      const wasm = readFileSync("node_modules/query-with-retry/dist/core.wasm");
      REPORT({ compiled: bytes.length, same: bytes[0]?.equals(wasm) });
    `;
    assert.deepEqual(await runProgram(app, { source, globals }), { compiled: 1, same: true });
  });

  test("answers on a platform that has no FormData", async () => {
    const source = `
      const body = new Response('{"n":1}', { headers: { "content-type": "application/json" } });
      delete globalThis.FormData;
      const { createClient } = await import("query-with-retry");
      REPORT(await createClient({ fetch: async () => body }).query(MODEL_URL, { inputs: "x" }));
    `;
    assert.deepEqual(await runProgram(app, { source, globals }), { n: 1 });
  });

  // Which it can while no entry awaits at its top level.
  test("works by require() where Node can require ES modules, with the same state and class as by import", async (t) => {
    if (!process.features.require_module) return t.skip("this Node cannot: use 20.19, 22.12 or newer");
    const source = `
      require("query-with-retry/slim");
      const { queryWithRetry, QueryError } = require("query-with-retry");
      const imported = import("query-with-retry");
      queryWithRetry(MODEL_URL, {}).then(async (data) => REPORT({ data, same: (await imported).QueryError === QueryError }));
    `;
    assert.deepEqual(await runProgram(app, { source, kind: "cjs", globals }), { data: { n: 1 }, same: true });
  });

  for (const [where, given, expected, never] of [
    ["a page's policy", "", /'wasm-unsafe-eval' to the script-src of the page's Content-Security-Policy/, /slim|manifest/],
    [
      "the policy of an extension",
      'globalThis.location = new URL("chrome-extension://abcdef/popup.html");',
      /'wasm-unsafe-eval' .* manifest's content_security_policy\.extension_pages/,
      /page's/,
    ],
    [
      "Cloudflare's runtime, bundled without its condition,",
      "globalThis.WebSocketPair = class {};",
      /condition "workerd".*serverExternalPackages.*nitro\.experimental\.wasm/,
      /slim|wasm-unsafe-eval/,
    ],
  ]) {
    test(`says what to do where ${where} forbids WebAssembly, on every call, with a code`, async () => {
      const source = `
        ${given}
        await fetch(MODEL_URL); // for which Node compiles a module of its own
        const refuse = () => { throw new WebAssembly.CompileError("Refused to compile"); };
        WebAssembly.instantiate = WebAssembly.compile = async () => refuse();
        WebAssembly.Module = new Proxy(WebAssembly.Module, { construct: refuse });
        const { queryWithRetry } = await import("query-with-retry");
        const said = [];
        const tell = ({ code, message, cause }) => ({ code, message, cause: cause.message });
        for (let i = 0; i < 2; i++) said.push(await queryWithRetry(MODEL_URL, {}).then(() => "answered", tell));
        REPORT(said);
      `;
      const said = await runProgram(app, { source, globals });
      assert.equal(said.length, 2);
      for (const { code, message, cause } of said) {
        assert.deepEqual([code, cause], ["wasm_refused", "Refused to compile"]);
        assert.match(message, expected);
        assert.doesNotMatch(message, never);
      }
    });
  }

  for (const [where, given, expected] of [
    ["a platform", "", /There is no WebAssembly here: React Native's Hermes has none, and Apple's Lockdown Mode turns it off\./],
    ["a page in Apple's Lockdown Mode", "globalThis.document = {};", /in Apple's Lockdown Mode, exclude this site from it/],
  ]) {
    test(`says what to do where ${where} has no WebAssembly, on every call and stream, with a code`, async () => {
      const source = `
        await fetch(MODEL_URL); // for which Node compiles a module of its own
        delete globalThis.WebAssembly;
        ${given}
        const { queryWithRetry, streamWithRetry, createClient } = await import("query-with-retry");
        const tell = ({ code, message }) => ({ code, message });
        const calls = [
          () => queryWithRetry(MODEL_URL, {}),
          () => streamWithRetry(MODEL_URL, {}).finalText(),
          () => createClient().fetch(MODEL_URL, { method: "POST", body: "{}" }),
        ];
        const said = [];
        for (const call of calls) said.push(await call().then(() => "answered", tell));
        REPORT(said);
      `;
      const said = await runProgram(app, { source, globals });
      assert.equal(said.length, 3);
      for (const { code, message } of said) {
        assert.equal(code, "wasm_refused");
        assert.match(message, expected);
      }
    });
  }

  test("says so in Cloudflare's own runtime too", async () => {
    const { Miniflare } = await import("miniflare");
    const { build } = await import("esbuild");
    const outfile = join(app.dir, "unconditional.mjs");
    await build({ absWorkingDir: app.dir, entryPoints: ["inside/refused.js"], outfile, bundle: true, format: "esm", logLevel: "silent" });
    const script = await readFile(outfile, "utf8");
    const worker = new Miniflare({ modules: true, script, compatibilityDate: "2026-01-01", bindings: globals, cf: false });
    try {
      const { code, message } = await (await worker.dispatchFetch("http://worker/")).json();
      assert.equal(code, "wasm_refused");
      assert.match(message, /condition "workerd"/);
    } finally {
      await worker.dispose();
    }
  });

  const chromium = browser("chromium");
  const skip = chromium.missing && process.env.CI !== "true" ? chromium.missing : false;
  for (const [policy, expected] of [
    ["script-src 'self'", /wasm-unsafe-eval/],
    ["script-src 'self' 'wasm-unsafe-eval'", /^answered$/],
  ]) {
    test(`in Chromium under ${policy}: ${expected.source}`, { skip }, async () => {
      let heard;
      const posted = new Promise((resolve) => (heard = resolve));
      const html = '<!doctype html><script type="module" src="/inside/strict-page.js"></script>';
      const pages = { "/": { html, headers: { "content-security-policy": policy } } };
      const server = await servePage({ dir: app.dir, pages, onPost: heard });
      const query = new URLSearchParams({ entry: `/${app.entry()}`, model: globals.MODEL_URL });
      const window = await chromium.open(`${server.url}/?${query}`);
      const late = setTimeout(() => heard({ said: "nothing in 20 s" }), 20_000);
      const { said } = await posted;
      clearTimeout(late);
      await window.close();
      await server.stop();
      assert.match(said, expected);
    });
  }
});

describe("./endpoints", () => {
  const managed = `
    const url = new URL("/nothing/v2", MODEL_URL);
    const endpoints = createEndpoints({ namespace: "me", token: "hf_a_token_123456", url });
    const tell = (error) => ({ ours: error instanceof QueryError, code: error.code, message: error.message });
    REPORT(await endpoints.list().then(() => "listed", tell));
  `;

  test("shares the core and the classes of the entry beside it", async () => {
    const source = `import { QueryError } from "query-with-retry"; import { createEndpoints } from "query-with-retry/endpoints"; ${managed}`;
    const { ours, code } = await runProgram(app, { source, globals });
    assert.deepEqual([ours, code], [true, "not_found"]);
  });

  test("is the same module by require() as by import", async (t) => {
    if (!process.features.require_module) return t.skip("this Node cannot: use 20.19, 22.12 or newer");
    const source = `
      const { createEndpoints } = require("query-with-retry/endpoints");
      import("query-with-retry/endpoints").then((imported) => REPORT(imported.createEndpoints === createEndpoints));
    `;
    assert.equal(await runProgram(app, { source, kind: "cjs", globals }), true);
  });

  test("says what to import where no entry has brought a core", async () => {
    const source = `class QueryError {}; import { createEndpoints } from "query-with-retry/endpoints"; ${managed}`;
    const { message } = await runProgram(app, { source, globals });
    assert.match(message, /import "query-with-retry"/);
  });
});

describe("./batch", () => {
  const many = `
    const client = createClient();
    REPORT(await batch(client, new URL("/nothing/embed", MODEL_URL), ["a", "b"]).then(
      (items) => items.map(({ error }) => [error instanceof QueryError, error.code]),
      (error) => error.message,
    ));
  `;

  test("shares the core, the clients and the classes of the entry beside it", async () => {
    const source = `import { createClient, QueryError } from "query-with-retry"; import { batch } from "query-with-retry/batch"; ${many}`;
    assert.deepEqual(await runProgram(app, { source, globals }), [
      [true, "not_found"],
      [true, "not_found"],
    ]);
  });

  test("is the same module by require() as by import", async (t) => {
    if (!process.features.require_module) return t.skip("this Node cannot: use 20.19, 22.12 or newer");
    const source = `
      const { batch } = require("query-with-retry/batch");
      import("query-with-retry/batch").then((imported) => REPORT(imported.batch === batch));
    `;
    assert.equal(await runProgram(app, { source, kind: "cjs", globals }), true);
  });
});

describe("./slim", () => {
  const call = (init) => `
    import { readFileSync } from "node:fs";
    import { init, queryWithRetry } from "query-with-retry/slim";
    const bytes = readFileSync("node_modules/query-with-retry/dist/core.wasm");
    ${init}
    const call = queryWithRetry(MODEL_URL, {});
    REPORT(await call.catch((error) => ({ name: error.name, message: error.message })));
  `;

  for (const [what, init] of [
    ["bytes", "await init(bytes);"],
    ["a compiled module", "await init(await WebAssembly.compile(bytes));"],
    ["bytes that nobody awaited", "init(bytes);"],
  ]) {
    test(`answers after init with ${what}`, async () => {
      assert.deepEqual(await runProgram(app, { source: call(init), globals }), { n: 1 });
    });
  }

  test("says what to do when init was not called", async () => {
    const { message } = await runProgram(app, { source: call(""), globals });
    assert.match(message ?? "", /\binit\b/);
    assert.match(message, /slim/);
  });
});
