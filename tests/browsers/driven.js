// Chromium as playwright drives it, for what a page cannot do to itself: certificates of nobody, no network.
import { createRequire } from "node:module";
import { CHROMIUM_FLAGS } from "../package/harness/browsers.js";
import { PKG_DIR } from "../package/harness/app.js";
import { servePage } from "../package/harness/page-server.js";
import { browser } from "../package/harness/browsers.js";
import { onPath } from "../package/harness/processes.js";

const require = createRequire(new URL("../package/package.json", import.meta.url));

export const { missing } = browser("chromium");

/** `far.test` is this machine, by a name that does not say so. Runs `work(api, given)` in a page; `meanwhile` has the page and its context, as playwright has them. */
export async function inChromium(work, given, meanwhile = async () => {}) {
  const { chromium } = require("playwright-core");
  const executablePath = onPath("chromium", "chromium-browser", "google-chrome", "google-chrome-stable");
  const server = await servePage({ dir: PKG_DIR, pages: { "/": { html: "<!doctype html><link rel=icon href=data:,>" } } });
  const window = await chromium.launch({ executablePath, args: [...CHROMIUM_FLAGS, "--host-resolver-rules=MAP far.test 127.0.0.1"] });
  try {
    const context = await window.newContext({ ignoreHTTPSErrors: true });
    const page = await context.newPage();
    await page.goto(`${server.url}/`);
    await page.evaluate(async () => (globalThis.api = await import("/dist/index.js")));
    const [result] = await Promise.all([page.evaluate(`(${work})(globalThis.api, ${JSON.stringify(given)})`), meanwhile({ page, context })]);
    return result;
  } finally {
    await window.close();
    await server.stop();
  }
}
