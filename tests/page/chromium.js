// Starts the Chromium of this machine, driven by playwright.

import { createRequire } from "node:module";
import { CHROMIUM_FLAGS } from "../package/harness/browsers.js";
import { onPath } from "../package/harness/processes.js";

// The tools of the browser tests are installed beside those of the package tests.
const require = createRequire(new URL("../package/package.json", import.meta.url));
const { chromium } = require("playwright-core");

export function launch() {
  const executablePath = process.env.CHROMIUM ?? onPath("chromium", "chromium-browser", "google-chrome");
  if (!executablePath) throw new Error("no Chromium found: install chromium, or name one in CHROMIUM");
  return chromium.launch({ executablePath, args: CHROMIUM_FLAGS });
}
