// A client that keeps a model warm holds up neither its program nor itself. PKG_DIR as in tests/package.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { PKG_DIR } from "../package/harness/app.js";

async function runs(what) {
  const program = fileURLToPath(new URL("keeps-warm.js", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", program, PKG_DIR, what], { timeout: 60_000 });
  return JSON.parse(stdout);
}

test("a program that has nothing else to do ends", async () => assert.deepEqual(await runs("it ends"), { requests: 1, handle: "function" }));

test("a client that nobody holds any more keeps nothing warm", async () =>
  assert.deepEqual(await runs("nobody holds it"), { told: ["closed"], more: 0, handle: "function" }));
