import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startMock } from "../package/harness/mock-server.js";
import { freePort } from "../package/harness/ports.js";
import { run, start, stop } from "../package/harness/processes.js";
import { coldModel, createNpmApp } from "./apps.js";

const EXAMPLE = fileURLToPath(new URL("../../examples/next", import.meta.url));
const env = { ...process.env, NEXT_TELEMETRY_DISABLED: "1", HF_TOKEN: "hf_example" };
const body = JSON.stringify({ model: "m", stream: true, messages: [{ role: "user", content: "Hi" }] });

let dir;
let mock;
before(async () => {
  mock = await startMock();
  dir = await createNpmApp({ from: EXAMPLE });
  await run(join(dir, "node_modules/.bin/next"), ["build"], { cwd: dir, env });
});
after(() => mock?.stop());

for (const route of ["chat", "edge"]) {
  test(`the route handler ${route} of the Next app waits for a cold model and passes its stream through`, async () => {
    const ENDPOINT = await coldModel(mock, route, 1500);
    const port = await freePort();
    const server = start(process.execPath, ["node_modules/next/dist/bin/next", "start", "-H", "127.0.0.1", "-p", String(port)], {
      cwd: dir,
      env: { ...env, ENDPOINT },
    });
    try {
      await new Promise((ready) => server.stdout.setEncoding("utf8").on("data", (text) => text.includes("Ready") && ready()));
      const answer = await fetch(`http://127.0.0.1:${port}/api/${route}`, { method: "POST", body });
      assert.match(answer.headers.get("content-type"), /event-stream/);
      assert.match(await answer.text(), /data: \[DONE\]/);
    } finally {
      await stop(server);
    }
  });
}
