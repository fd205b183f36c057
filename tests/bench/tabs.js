// node tabs.js: how long an exchange takes in IndexedDB, and ten tabs of one Chromium that share, beside the same calls without it;
// about seven minutes. `ONLY=0` is the first scenario alone. PKG_DIR and MOCK_HF_BIN as in tests/package. Needs Chromium, and `npm ci` in tests/package.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { PKG_DIR } from "../package/harness/app.js";
import { CHROMIUM_FLAGS } from "../package/harness/browsers.js";
import { servePage } from "../package/harness/page-server.js";
import { onPath } from "../package/harness/processes.js";
import { measure } from "./shared/measure.js";

const TABS = 10;
const EXCHANGES = 200;
const require = createRequire(new URL("../package/package.json", import.meta.url));
const { chromium } = require("playwright-core");

const traffic = await readFile(new URL("shared/traffic.js", import.meta.url), "utf8");
const loads = `
import { createClient } from "/dist/index.js";
import { tabs } from "/dist/tabs.js";
import { traffic } from "/traffic.js";
Object.assign(globalThis, { createClient, tabs, traffic });
`;
const server = await servePage({
  dir: PKG_DIR,
  pages: {
    "/": { html: `<!doctype html><link rel="icon" href="data:,"><script type="module">${loads}</script>` },
    "/traffic.js": { html: traffic, headers: { "content-type": "text/javascript" } },
  },
});
// A browser has six connections to an origin, however many tabs it has: each kind of client has an origin of its own. On disk, as the
// profile of a user is.
const window = await chromium.launchPersistentContext("", {
  executablePath: onPath("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
  args: [...CHROMIUM_FLAGS, "--host-resolver-rules=MAP *.test 127.0.0.1"],
});

/** The times of so many exchanges, one after the other: reading, then writing, as a client does. */
async function exchanges(times) {
  const coordinator = globalThis.tabs({ name: "exchanges" });
  const took = [];
  for (let nth = 0; nth < times; nth++) {
    const before = performance.now();
    const { text } = await coordinator.call("x", { expected: "", next: "" });
    await coordinator.call("x", { expected: text, next: `${"x".repeat(200)} ${Math.random()}` });
    took.push(performance.now() - before);
  }
  return took;
}

try {
  const pages = await Promise.all(Array.from({ length: TABS }, () => window.newPage()));
  for (const page of pages) {
    await page.goto(server.url);
    await page.waitForFunction(() => globalThis.traffic);
  }
  for (const some of [pages.slice(0, 1), pages]) {
    const took = (await Promise.all(some.map((page) => page.evaluate(exchanges, EXCHANGES)))).flat().toSorted((one, other) => one - other);
    const at = (part) => took[Math.ceil(part * took.length) - 1].toFixed(1);
    console.log(`${some.length} tabs, two messages in ms: median ${at(0.5)}, P99 ${at(0.99)}, the longest ${at(1)}`);
  }
  await measure({
    programs: TABS,
    slots: 4,
    run({ urls, ...given }) {
      const own = Object.entries(urls).map(([kind, url]) => [kind, url.replace("127.0.0.1", `${kind}.test`)]);
      const work = (given) => globalThis.traffic(globalThis.createClient, globalThis.tabs(), given);
      return Promise.all(pages.map((page) => page.evaluate(work, { urls: Object.fromEntries(own), ...given })));
    },
  });
} finally {
  await window.close();
  await server.stop();
}
