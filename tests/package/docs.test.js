// Every block of code in the README and the pages of the tarball, compiled against the package that is in it.
// Blocks of shell are those of shell.test.js. Blocks of text, JSON and HTML are shown, not run.
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createApp } from "./harness/app.js";
import { run } from "./harness/processes.js";

const TSC = fileURLToPath(new URL("node_modules/.bin/tsc", import.meta.url));

/** What a block takes from around it: the reader's own values, and packages that are not ours. */
const AROUND = `
declare const token: string, url: string, baseURL: string, apiKey: string;
declare const messages: { role: string; content: string }[];
declare const client: import("query-with-retry").Client;
declare const OpenAI: new (options: { baseURL: string; apiKey: string; fetch: typeof fetch }) => unknown;
declare const InferenceClient: new (token: string, options: { fetch: typeof fetch }) => unknown;
declare function createOpenAICompatible(options: { name: unknown; baseURL: string; apiKey: string; fetch: typeof fetch }): unknown;
declare const process: { env: Record<string, string | undefined>; stdout: { write(text: string): void } };
declare module "node:http";
declare module "node:stream";
declare module "undici";
interface RequestInit { duplex?: "half" }
declare module "react" {
  export function useState<T>(): [T | undefined, (next: T | undefined | ((before: T | undefined) => T)) => void];
  export function useState<T>(first: T): [T, (next: T | ((before: T) => T)) => void];
  export function useEffect(run: () => void | (() => void), on: readonly unknown[]): void;
}
declare namespace JSX {
  interface IntrinsicElements { [element: string]: unknown }
}
`;

const SETTINGS = {
  strict: true,
  // Half of the blocks are JavaScript.
  noImplicitAny: false,
  noEmit: true,
  target: "es2022",
  lib: ["es2022", "dom", "dom.iterable", "dom.asynciterable"],
  types: [],
  module: "esnext",
  moduleResolution: "bundler",
  moduleDetection: "force",
  jsx: "preserve",
};

let app;
before(async () => {
  app = await createApp();
});
after(() => app?.remove());

test("every block of code in the README and the docs compiles", async () => {
  const folder = join(app.dir, "blocks");
  await mkdir(folder);
  let count = 0;
  for (const path of app.files.filter((name) => name.endsWith(".md"))) {
    const text = await readFile(join(app.installed, path), "utf8");
    for (const [, kind, code] of text.matchAll(/^```(js|ts|tsx)\n([^]*?)^```$/gm)) {
      count += 1;
      const file = `${path.replace(/\W/g, "-")}-${count}.${kind === "tsx" ? "tsx" : "ts"}`;
      await writeFile(join(folder, file), code);
    }
    const fences = text.match(/^```\w+$/gm) ?? [];
    const known = fences.filter((fence) => /^```(js|ts|tsx|sh|text|json|html)$/.test(fence));
    assert.deepEqual(fences, known, `a block of ${path} is in a language that this test does not read`);
  }
  assert.ok(count >= 12, `${count} blocks`);
  await writeFile(join(folder, "around.d.ts"), AROUND);
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: SETTINGS, include: ["*"] }));
  await run(TSC, ["-p", folder], { cwd: app.dir });
});
