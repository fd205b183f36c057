// The map of src/ts: folders in an order, every import downward, and no circle, not even of types.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import madge from "madge";

const SOURCES = join(dirname(fileURLToPath(import.meta.url)), "../../src/ts");

/** From the ground up. Files outside of any folder are entries; `generated` is what the build writes. */
const ORDER = ["types", "errors", "wasm", "input", "http", "stream", "call", "client", "batch", "endpoints", "redis", "tabs", "workers", "."];
const BESIDE = ["generated"];

let graph, imports;
before(async () => {
  graph = await madge(SOURCES, { fileExtensions: ["ts"], tsConfig: join(SOURCES, "tsconfig.json") });
  imports = Object.entries(graph.obj()).flatMap(([file, others]) => others.map((other) => [file, other]));
  imports = imports.filter((pair) => !pair.some((file) => BESIDE.includes(dirname(file))));
  assert.ok(imports.length > 100, `only ${imports.length} imports found`);
});

test("no file of src/ts imports itself, by whatever way round", () => {
  assert.deepEqual(graph.circular(), []);
});

test("every import of src/ts goes to its own folder, or to one nearer to the ground", () => {
  const height = (file) => ORDER.indexOf(dirname(file));
  const unknown = imports.flat().filter((file) => height(file) < 0);
  assert.deepEqual(unknown, [], "files in folders that have no place in the order");
  const upward = imports.filter(([file, other]) => height(other) > height(file));
  assert.deepEqual(upward, []);
});

test("each folder of src/ts says in two lines what it is and what may import it", async () => {
  const folders = (await readdir(SOURCES, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map(({ name }) => name);
  assert.deepEqual(folders.filter((name) => !BESIDE.includes(name)).toSorted(), ORDER.filter((name) => name !== ".").toSorted());
  for (const folder of ORDER.slice(0, -1)) {
    const lines = (await readFile(join(SOURCES, folder, "README.md"), "utf8")).trimEnd().split("\n");
    assert.equal(lines.length, 2, folder);
    assert.match(lines[1], /^Imports .*; .*may import it\.$/, folder);
  }
});
