// Clients that nobody closes, as a program makes that makes one for each request. PKG_DIR as in tests/package.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { PKG_DIR } from "../package/harness/app.js";

describe("20000 clients that nobody closes", () => {
  let told;
  before(async () => {
    const program = fileURLToPath(new URL("clients.js", import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", program, PKG_DIR], { timeout: 120_000 });
    told = JSON.parse(stdout);
    console.log(stdout);
  });

  test("leave the core's memory as large as the first few thousand did", () => {
    const [, , early] = told.bytes;
    assert.ok(told.bytes.at(-1) <= early + 2 * 65_536, `${told.bytes}`);
  });

  test("are none of those whose fetch somebody holds", () => assert.equal(told.status, 200));
});
