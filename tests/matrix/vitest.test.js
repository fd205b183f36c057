import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startMock } from "../package/harness/mock-server.js";
import { coldModel, createNpmApp, runNode } from "./apps.js";

let dir;
let mock;
before(async () => {
  const packages = ["vitest@5", "@edge-runtime/vm@5"];
  mock = await startMock();
  dir = await createNpmApp({ packages, manifest: { type: "module" } });
  const url = await coldModel(mock, "vitest", 1200);
  await writeFile(
    join(dir, "answer.test.js"),
    `import { queryWithRetry, QueryError } from "query-with-retry";
import { expect, test } from "vitest";
test("answers", async () => {
  expect(EdgeRuntime).toBe("edge-runtime");
  const answer = await queryWithRetry(${JSON.stringify(url)}, { model: "m", messages: [{ role: "user", content: "Hi" }] });
  expect(answer.choices[0].message.content).toContain("word1");
  await expect(queryWithRetry("http://127.0.0.1:9/", {}, { loading: { refusedMs: 0 }, maxRetries: 0 })).rejects.toBeInstanceOf(QueryError);
}, 20_000);
`,
  );
});
after(() => mock?.stop());

const vitest = (config) => runNode(dir, ["vitest/vitest.mjs", "run", "--reporter=tap-flat", "--environment=edge-runtime", ...config]);

test("Vitest runs code that uses the package in its edge environment", async () => {
  assert.match(await vitest([]), /^ok 1 - .*answers/m);
});

test("Vitest with the condition edge-light cannot read the ?module that the condition stands for, and names the file", async () => {
  const config = `export default { ssr: { resolve: { conditions: ["edge-light"], externalConditions: ["edge-light"] } } };`;
  await writeFile(join(dir, "edge-light.config.js"), config);
  await assert.rejects(vitest(["--config=edge-light.config.js"]), /core\.wasm/);
});
