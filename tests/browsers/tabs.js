// Many tabs of one browser, each of which runs one function of a test with a client that shares, and posts what that resolves with.
import { createRequire } from "node:module";
import { openTabs as openUndriven } from "./cdp.js";
import { browser, CHROMIUM_FLAGS } from "../package/harness/browsers.js";
import { servePage } from "../package/harness/page-server.js";
import { PKG_DIR } from "../package/harness/app.js";
import { onPath } from "../package/harness/processes.js";

const require = createRequire(new URL("../package/package.json", import.meta.url));

/** `tab.together(name)` resolves when every tab has come so far. What nobody handles in a page is an error of the test. */
const html = (work, given, count) => `<!doctype html>
<meta charset="utf-8">
<link rel="icon" href="data:,">
<script type="module">
const nth = Number(new URLSearchParams(location.search).get("nth"));
const post = (message) => fetch("/results", { method: "POST", body: JSON.stringify({ nth, ...message }) });
const fails = (error) => post({ error: String(error?.stack ?? error) + " " + error?.message + " " + error?.code });
addEventListener("error", ({ message, error }) => fails(error ?? message));
addEventListener("unhandledrejection", ({ reason }) => fails(reason));
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const until = async (condition, step = () => {}) => {
  for (const begun = performance.now(); performance.now() - begun < 20_000; await sleep(100)) {
    await step();
    if (await condition()) return performance.now() - begun;
  }
  throw new Error("it never came to this: " + condition);
};
const together = async (name) => {
  localStorage.setItem(name + nth, "here");
  await until(() => Array.from({ length: ${count} }, (_, other) => localStorage.getItem(name + other)).every(Boolean));
};
const tab = { nth, sleep, until, together, post: (told) => post({ told }) };
try {
  const api = { ...(await import("/dist/index.js")), ...(await import("/dist/tabs.js")) };
  globalThis.given = ${JSON.stringify(given)};
  await post({ result: (await (${work})(api, globalThis.given, tab)) ?? null });
} catch (error) {
  await fails(error);
}
</script>
`;

/**
 * Tabs of one window: by playwright in Chromium, which opens one page by itself, and by their addresses in the others. Playwright
 * keeps its pages awake and visible; `undriven` does not.
 */
async function openTabs(browserName, urls, { persistent, undriven, args = [] }) {
  if (undriven) return openUndriven(urls);
  if (browserName !== "chromium") {
    const [first, ...rest] = urls;
    return browser(browserName).open(first, rest);
  }
  const { chromium } = require("playwright-core");
  const executablePath = onPath("chromium", "chromium-browser", "google-chrome", "google-chrome-stable");
  const options = { executablePath, args: [...CHROMIUM_FLAGS, ...args], ignoreDefaultArgs: ["--disable-back-forward-cache"] };
  const window = persistent ? undefined : await chromium.launch(options);
  const context = window ? await window.newContext() : await chromium.launchPersistentContext("", options);
  const pages = await Promise.all(urls.map(() => context.newPage()));
  const loaded = Promise.all(pages.map((page, nth) => page.goto(urls[nth])));
  loaded.catch(() => {}); // of a window that was closed meanwhile
  return { context, pages, printed: () => "", close: () => (window ?? context).close() };
}

/**
 * Runs `work(api, given, tab)` in so many tabs, and resolves with what each of them resolved with. `meanwhile` has the window (of
 * playwright's: `pages` and `context`) and resolves with those tabs that need not come to an end. `onTold` gets what they tell.
 */
export async function inTabs(
  name,
  count,
  work,
  given = {},
  { meanwhile, onTold = () => {}, limitMs = 90_000, headers = {}, pages = {}, ...options } = {},
) {
  let settle;
  const finished = new Promise((resolve, reject) => (settle = { resolve, reject }));
  const results = new Map();
  const gone = new Set();
  const look = () => {
    const left = [...Array(count).keys()].filter((nth) => !gone.has(nth));
    if (left.every((nth) => results.has(nth))) settle.resolve(left.map((nth) => results.get(nth)));
  };
  const server = await servePage({
    dir: PKG_DIR,
    pages: { ...pages, "/": { html: html(work, given, count), headers }, "/elsewhere": { html: "<!doctype html><title>elsewhere</title>" } },
    onPost(message) {
      if (message.error) return settle.reject(new Error(`tab ${message.nth}: ${message.error}`));
      if ("told" in message) return onTold(message.told, message.nth);
      results.set(message.nth, message.result);
      look();
    },
  });
  const urls = Array.from({ length: count }, (_, nth) => `${server.url}/?nth=${nth}`);
  const window = await openTabs(name, urls, options);
  const timer = setTimeout(() => settle.reject(new Error(`no end after ${limitMs} ms: ${results.size} of ${count}\n${window.printed()}`)), limitMs);
  try {
    const leaving = meanwhile?.({ ...window, url: server.url }).then((tabs = []) => (tabs.forEach((nth) => gone.add(nth)), look()), settle.reject);
    const ended = await finished;
    await leaving;
    return ended;
  } finally {
    clearTimeout(timer);
    await window.close();
    await server.stop();
  }
}
