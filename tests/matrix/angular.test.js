import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startMock } from "../package/harness/mock-server.js";
import { servePage } from "../package/harness/page-server.js";
import { coldModel, createNpmApp, runNode, SHOW, showsIn } from "./apps.js";

const VERSION = "22.2.6"; // they go together only if they are all the same
const packages = ["core", "common", "compiler", "compiler-cli", "platform-browser"].map((name) => `@angular/${name}@${VERSION}`);
packages.push("@angular/build@22", "@angular/cli@22", "rxjs@7", "tslib@2", "typescript@6.0");

const options = { outputPath: "dist", browser: "src/main.ts", index: "src/index.html", tsConfig: "tsconfig.json" };
const build = { builder: "@angular/build:application", options };
const compilerOptions = {
  target: "ES2022",
  module: "preserve",
  moduleResolution: "bundler",
  lib: ["ES2022", "DOM", "DOM.Iterable"],
  strict: true,
  skipLibCheck: false,
  experimentalDecorators: true,
};
const files = {
  "angular.json": JSON.stringify({ version: 1, projects: { app: { projectType: "application", root: "", architect: { build } } } }),
  "tsconfig.json": JSON.stringify({ compilerOptions, files: ["src/main.ts"] }),
  "src/index.html": "<!doctype html><title>app</title><app-root></app-root>",
  "src/main.ts": `
import { Component, signal } from "@angular/core";
import { bootstrapApplication } from "@angular/platform-browser";
import { streamWithRetry } from "query-with-retry";

@Component({ selector: "app-root", template: "<output>{{ said() }}</output>" })
class App {
  readonly said = signal("");

  async ngOnInit(): Promise<void> {
    const show = (text: string) => this.said.set(text);
    ${SHOW}
  }
}

void bootstrapApplication(App);`,
};

let dir;
let mock;
before(async () => {
  mock = await startMock();
  dir = await createNpmApp({ packages, files });
});
after(() => mock?.stop());

test("an Angular app answers in a page", async () => {
  await runNode(dir, ["@angular/cli/bin/ng.js", "build"]);
  const html = await readFile(join(dir, "dist/browser/index.html"), "utf8");
  const server = await servePage({ dir: join(dir, "dist/browser"), pages: { "/": { html } } });
  try {
    await showsIn(server.url, await coldModel(mock, "page", 1_500));
  } finally {
    await server.stop();
  }
});
