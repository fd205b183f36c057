// What its reader has dropped without a word is left, as an unread body of `fetch` is. PKG_DIR as in tests/package.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { PKG_DIR } from "../package/harness/app.js";

test("a stream that nobody holds any more is left, and one that somebody holds is not", async () => {
  const program = fileURLToPath(new URL("dropped.js", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", program, PKG_DIR], { timeout: 60_000 });
  const left = { "a stream": 1, "the body of a fetch": 1, "the body of a fetch, begun": 1, "long JSON of a fetch": 1 };
  assert.deepEqual(JSON.parse(stdout), { left, read: [true, true] });
});
