import { rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startMock } from "../package/harness/mock-server.js";
import { answersAt, coldModel, createNpmApp, runNode, served, wrangler } from "./apps.js";

const settings = {
  name: "app",
  main: ".open-next/worker.js",
  compatibility_date: "2026-01-01",
  compatibility_flags: ["nodejs_compat"],
  assets: { directory: ".open-next/assets", binding: "ASSETS" },
};
const files = {
  "open-next.config.ts": `
import { defineCloudflareConfig } from "@opennextjs/cloudflare";
export default defineCloudflareConfig();`,
  "wrangler.json": JSON.stringify(settings),
  "next.config.mjs": `export default { serverExternalPackages: ["query-with-retry"] };`,
};

let dir;
let mock;
before(async () => {
  const from = fileURLToPath(new URL("../../examples/next", import.meta.url));
  mock = await startMock();
  dir = await createNpmApp({ from, packages: ["@opennextjs/cloudflare@1", "wrangler@4"], files });
  await rm(join(dir, "app/api/edge"), { recursive: true }); // a Worker is one server: the adapter takes no edge routes in it
});
after(() => mock?.stop());

test("the Next app on Cloudflare, by OpenNext and with serverExternalPackages, waits for a cold model and passes its stream through", async () => {
  await runNode(dir, ["@opennextjs/cloudflare/dist/cli/index.js", "build"]);
  const endpoint = await coldModel(mock, "opennext", 1_500);
  const args = ["--var", `ENDPOINT:${endpoint}`, "--var", "HF_TOKEN:hf_example"];
  const question = { model: "m", stream: true, messages: [{ role: "user", content: "Hi" }] };
  await served(
    dir,
    (port) => wrangler(port, ...args),
    (url) => answersAt(`${url}/api/chat`, question),
  );
});
