import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startMock } from "../package/harness/mock-server.js";
import { run } from "../package/harness/processes.js";
import { coldModel, createNpmApp } from "./apps.js";

let mock;
before(async () => {
  mock = await startMock();
});
after(() => mock?.stop());

test("Jest runs code that uses the package, as ES modules", async () => {
  const dir = await createNpmApp({ packages: ["jest@30"], manifest: { type: "module" } });
  const url = await coldModel(mock, "jest", 1200);
  await writeFile(
    join(dir, "answer.test.js"),
    `import { queryWithRetry, QueryError } from "query-with-retry";
test("answers", async () => {
  const answer = await queryWithRetry(${JSON.stringify(url)}, { model: "m", messages: [{ role: "user", content: "Hi" }] });
  expect(answer.choices[0].message.content).toContain("word1");
  await expect(queryWithRetry("http://127.0.0.1:9/", {}, { loading: { refusedMs: 0 }, maxRetries: 0 })).rejects.toBeInstanceOf(QueryError);
}, 20_000);
`,
  );
  const env = { ...process.env, NODE_OPTIONS: "--experimental-vm-modules" };
  const said = await run(process.execPath, [join(dir, "node_modules/jest/bin/jest.js"), "--json"], { cwd: dir, env });
  assert.equal(JSON.parse(said.slice(said.indexOf("{"))).numPassedTests, 1);
});
