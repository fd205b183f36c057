import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startMock } from "../package/harness/mock-server.js";
import { coldModel, createNpmApp, runNode } from "./apps.js";

let dir;
let mock;
before(async () => {
  const packages = ["jest@30", "jest-environment-jsdom@30"];
  mock = await startMock();
  dir = await createNpmApp({ packages, manifest: { type: "module" } });
});
after(() => mock?.stop());

/** Runs one test file of the app, which begins with `comment`. */
async function jest(key, comment, args = []) {
  const url = await coldModel(mock, key, 1200);
  await writeFile(
    join(dir, `${key}.test.js`),
    `${comment}
import { queryWithRetry, QueryError } from "query-with-retry";
test("answers", async () => {
  const answer = await queryWithRetry(${JSON.stringify(url)}, { model: "m", messages: [{ role: "user", content: "Hi" }] });
  expect(answer.choices[0].message.content).toContain("word1");
  await expect(queryWithRetry("http://127.0.0.1:9/", {}, { loading: { refusedMs: 0 }, maxRetries: 0 })).rejects.toBeInstanceOf(QueryError);
}, 20_000);
`,
  );
  const said = await runNode(dir, ["jest/bin/jest.js", "--json", ...args, `${key}.test.js`], { NODE_OPTIONS: "--experimental-vm-modules" });
  assert.equal(JSON.parse(said.slice(said.indexOf("{"))).numPassedTests, 1);
}

test("Jest runs code that uses the package, as ES modules", () => jest("plain", ""));

test("a file with the comment @jest-environment node answers beside others with jsdom", () =>
  jest("beside", "/** @jest-environment node */", ["--env=jsdom"]));

test("jsdom has neither fetch nor TextEncoder: the package cannot run in it, and Jest names what is missing", async () => {
  await assert.rejects(jest("jsdom", "", ["--env=jsdom"]), /TextEncoder is not defined/);
});
