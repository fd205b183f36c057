import { after, before, test } from "node:test";
import { startMock } from "../package/harness/mock-server.js";
import { answersAt, coldModel, createNpmApp, HANDLER, runNode, served, SHOW, showsIn } from "./apps.js";

const files = {
  "astro.config.mjs": `
import node from "@astrojs/node";
export default { output: "server", adapter: node({ mode: "standalone" }) };`,
  "src/pages/api/chat.ts": `
import type { APIRoute } from "astro";
import { streamWithRetry } from "query-with-retry";
export const POST: APIRoute = async ({ request }) => {
  const { endpoint } = await request.json();
  return ${HANDLER};
};`,
  "src/pages/index.astro": `
<output></output>
<script>
  import { streamWithRetry } from "query-with-retry";
  const show = (text: string) => (document.querySelector("output")!.textContent = text);
  ${SHOW}
</script>`,
};

let dir;
let mock;
before(async () => {
  mock = await startMock();
  dir = await createNpmApp({ packages: ["astro@7", "@astrojs/node@11"], manifest: { type: "module" }, files });
});
after(() => mock?.stop());

test("an Astro app on Node answers by an endpoint, and in a page", async () => {
  await runNode(dir, ["astro/bin/astro.mjs", "build"]);
  await served(
    dir,
    () => ["dist/server/entry.mjs"],
    async (url) => {
      await answersAt(`${url}/api/chat`, { endpoint: await coldModel(mock, "route", 1_500) });
      await showsIn(url, await coldModel(mock, "page", 1_500));
    },
  );
});
