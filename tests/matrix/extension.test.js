import assert from "node:assert/strict";
import { mkdtemp } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { CHROMIUM_FLAGS } from "../package/harness/browsers.js";
import { startMock } from "../package/harness/mock-server.js";
import { onPath } from "../package/harness/processes.js";
import { coldModel, createNpmApp } from "./apps.js";

const require = createRequire(new URL("../package/package.json", import.meta.url));

let mock;
before(async () => {
  mock = await startMock();
});
after(() => mock?.stop());

test("the service worker of a Manifest V3 extension waits for a cold model", async () => {
  const dir = await createNpmApp({ from: fileURLToPath(new URL("extension", import.meta.url)) });
  const { chromium } = require("playwright-core");
  const flags = CHROMIUM_FLAGS.filter((flag) => !/^--(headless|disable-extensions)/.test(flag));
  const context = await chromium.launchPersistentContext(await mkdtemp(join(tmpdir(), "profile-")), {
    executablePath: onPath("chromium", "chromium-browser"),
    headless: true,
    ignoreDefaultArgs: ["--disable-extensions"],
    args: [...flags, "--headless=new", `--disable-extensions-except=${dir}`, `--load-extension=${dir}`],
  });
  try {
    const worker = context.serviceWorkers()[0] ?? (await context.waitForEvent("serviceworker", { timeout: 20_000 }));
    const answer = await worker.evaluate((url) => globalThis.answer(url), await coldModel(mock, "extension", 1200));
    assert.match(answer.choices[0].message.content, /word1/);
  } finally {
    await context.close();
  }
});
