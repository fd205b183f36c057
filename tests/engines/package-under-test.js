// The package that PKG_DIR names, `pkg` if nothing does.
import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { PKG_DIR } from "../package/harness/app.js";

const { createClient, QueryError } = await import(pathToFileURL(join(PKG_DIR, "dist/index.js")));
export { createClient };

/** The error of a call that must fail, and after how long it did. */
export async function failure(promise) {
  const begun = performance.now();
  const error = await promise.then(
    () => assert.fail("the call was answered"),
    (error) => error,
  );
  assert.ok(error instanceof QueryError, `not a QueryError: ${error?.stack}`);
  return { error, ms: performance.now() - begun };
}
