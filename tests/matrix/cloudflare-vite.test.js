import { after, before, test } from "node:test";
import { startMock } from "../package/harness/mock-server.js";
import { answersAt, coldModel, createNpmApp, HANDLER, runNode, served } from "./apps.js";

let dir;
let mock;
before(async () => {
  const files = {
    "vite.config.js": `
import { cloudflare } from "@cloudflare/vite-plugin";
export default { plugins: [cloudflare({ inspectorPort: false })] };`,
    "wrangler.json": `{ "name": "app", "main": "worker.js", "compatibility_date": "2026-01-01" }`,
    "worker.js": `
import { streamWithRetry } from "query-with-retry";
export default {
  async fetch(request) {
    if (request.method !== "POST") return new Response("here");
    const { endpoint } = await request.json();
    return ${HANDLER};
  },
};`,
  };
  const packages = ["vite@8", "@cloudflare/vite-plugin@1", "wrangler@4"];
  mock = await startMock();
  dir = await createNpmApp({ packages, manifest: { type: "module" }, files });
});
after(() => mock?.stop());

const vite = (port, ...args) => ["node_modules/vite/bin/vite.js", ...args, "--host", "127.0.0.1", "--port", String(port), "--strictPort"];

for (const [how, command] of [
  ["while it is developed", "dev"],
  ["once it is built", "preview"],
]) {
  test(`a Worker of Cloudflare's Vite plugin answers ${how}`, async () => {
    if (command === "preview") await runNode(dir, ["vite/bin/vite.js", "build"]);
    await served(
      dir,
      (port) => vite(port, command),
      async (url) => answersAt(url, { endpoint: await coldModel(mock, command, 1_500) }),
    );
  });
}
