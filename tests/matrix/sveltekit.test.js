import { after, before, test } from "node:test";
import { startMock } from "../package/harness/mock-server.js";
import { answersAt, coldModel, createNpmApp, HANDLER, runNode, served, SHOW, showsIn } from "./apps.js";

const packages = ["@sveltejs/kit@3", "@sveltejs/adapter-node@6", "@sveltejs/vite-plugin-svelte@7", "svelte@5", "vite@8"];
const files = {
  "vite.config.js": `
import { sveltekit } from "@sveltejs/kit/vite";
import adapter from "@sveltejs/adapter-node";
export default { plugins: [sveltekit({ adapter: adapter() })] };`,
  "src/app.html": "<!doctype html><head>%sveltekit.head%</head><body><div>%sveltekit.body%</div></body>",
  "src/routes/api/chat/+server.js": `
import { streamWithRetry } from "query-with-retry";
export async function POST({ request }) {
  const { endpoint } = await request.json();
  return ${HANDLER};
}`,
  "src/routes/+page.svelte": `
<script>
  import { onMount } from "svelte";
  import { streamWithRetry } from "query-with-retry";
  let said = $state("");
  const show = (text) => (said = text);
  onMount(async () => {${SHOW}});
</script>
<output>{said}</output>`,
};

let dir;
let mock;
before(async () => {
  mock = await startMock();
  dir = await createNpmApp({ packages, manifest: { type: "module" }, files });
});
after(() => mock?.stop());

test("a SvelteKit app on Node answers by a server route, and in a page", async () => {
  await runNode(dir, ["vite/bin/vite.js", "build"]);
  await served(
    dir,
    () => ["build"],
    async (url) => {
      await answersAt(`${url}/api/chat`, { endpoint: await coldModel(mock, "route", 1_500) });
      await showsIn(url, await coldModel(mock, "page", 1_500));
    },
  );
});
