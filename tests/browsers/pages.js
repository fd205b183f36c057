// A page in a real browser that runs one function of a test with the package, and posts what that resolves with.
import { browser } from "../package/harness/browsers.js";
import { servePage } from "../package/harness/page-server.js";
import { PKG_DIR } from "../package/harness/app.js";

export const browsers = ["chromium", "firefox"].map(browser);
export const withWebKit = [...browsers, browser("webkit")];

const html = (work, given) => `<!doctype html>
<meta charset="utf-8">
<link rel="icon" href="data:,">
<script type="module">
const post = (message) => fetch("/results", { method: "POST", body: JSON.stringify(message) });
const told = (error) => ({ name: error?.name, message: error?.message, code: error?.code, ...error, stack: String(error?.stack) });
try {
  const api = await import("/dist/index.js");
  const work = ${work};
  await post({ result: (await work(api, ${JSON.stringify(given)}, post)) ?? null });
} catch (error) {
  await post({ error: told(error) });
}
</script>
`;

/**
 * Runs `work(api, given, post)` in a page; what it has to say before its end it posts, and `onPost` gets that.
 * The function is sent as text: it sees nothing of its test. `dir` is what is served, `args` are the browser's.
 */
export async function inPage(browser, work, given, { onPost = () => {}, limitMs = 120_000, onOpen = () => {}, dir = PKG_DIR, args = [] } = {}) {
  let settle;
  const finished = new Promise((resolve, reject) => (settle = { resolve, reject }));
  const server = await servePage({
    dir,
    pages: { "/": { html: html(work, given) }, "/elsewhere": { html: "<!doctype html><title>elsewhere</title>" } },
    onPost(message) {
      if ("result" in message) settle.resolve(message.result);
      else if (message.error) settle.reject(Object.assign(new Error(JSON.stringify(message.error)), message.error));
      else onPost(message);
    },
  });
  const window = await browser.open(`${server.url}/`, args);
  onOpen(window);
  const timer = setTimeout(() => settle.reject(new Error(`no end after ${limitMs} ms\n${window.printed()}`)), limitMs);
  try {
    return await finished;
  } finally {
    clearTimeout(timer);
    await window.close();
    await server.stop();
  }
}
