import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startMock } from "../package/harness/mock-server.js";
import { answersAt, coldModel, createNpmApp, HANDLER, runNode, served, SHOW, showsIn, wrangler } from "./apps.js";

const config = (more) => `export default defineNuxtConfig({ compatibilityDate: "2026-01-01", telemetry: false, ${more} });`;

let dir;
let mock;
before(async () => {
  const files = {
    "server/api/chat.post.ts": `
import { streamWithRetry } from "query-with-retry";
export default defineEventHandler(async (event) => {
  const { endpoint } = await readBody(event);
  return ${HANDLER};
});`,
    "app/app.vue": `
<script setup lang="ts">
import { streamWithRetry } from "query-with-retry";
const said = ref("");
const show = (text: string) => (said.value = text);
onMounted(async () => {${SHOW}});
</script>
<template><output>{{ said }}</output></template>`,
  };
  mock = await startMock();
  dir = await createNpmApp({ packages: ["nuxt@4", "wrangler@4"], manifest: { type: "module" }, files });
});
after(() => mock?.stop());

async function build(preset, more = "") {
  await writeFile(join(dir, "nuxt.config.ts"), config(more));
  await runNode(dir, ["nuxt/bin/nuxt.mjs", "build"], { NITRO_PRESET: preset });
}

test("a Nuxt app on Node answers by a route handler, and in a page", async () => {
  await build("node_server");
  await served(
    dir,
    () => [".output/server/index.mjs"],
    async (url) => {
      await answersAt(`${url}/api/chat`, { endpoint: await coldModel(mock, "route", 1_500) });
      await showsIn(url, await coldModel(mock, "page", 1_500));
    },
  );
});

test("a Nuxt app with its Cloudflare preset and nitro.experimental.wasm answers by a route handler", async () => {
  await build("cloudflare_module", "nitro: { experimental: { wasm: true } }");
  const args = ".output/server/index.mjs --assets .output/public --compatibility-date 2026-01-01 --compatibility-flags nodejs_compat".split(" ");
  await served(
    dir,
    (port) => wrangler(port, ...args),
    async (url) => answersAt(`${url}/api/chat`, { endpoint: await coldModel(mock, "cloudflare", 1_500) }),
  );
});

test("without nitro.experimental.wasm the build of the Cloudflare preset fails, and names the file", async () => {
  await assert.rejects(build("cloudflare_module"), /query-with-retry\/dist\/core\.wasm/);
});
