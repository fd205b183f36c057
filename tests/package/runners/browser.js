// Chromium, Firefox and WebKit: a page of plain script modules that runs the cases and reports.
import { browser } from "../harness/browsers.js";
import { servePage } from "../harness/page-server.js";

const LIMIT_MS = 300_000;

/** Where each entry of the package is that a page may import. */
const imports = (app) =>
  Object.fromEntries(
    Object.keys(app.manifest.exports)
      .filter((subpath) => app.entry(subpath)?.endsWith(".js"))
      .map((subpath) => [`query-with-retry${subpath.slice(1)}`, `/${app.entry(subpath)}`]),
  );

const html = ({ app, setting }) => `<!doctype html>
<meta charset="utf-8">
<link rel="icon" href="data:,">
<script type="importmap">${JSON.stringify({ imports: imports(app) })}</script>
<script type="application/json" id="setting">${JSON.stringify(setting)}</script>
<script type="module" src="/inside/page.js"></script>
`;

export function inBrowser(name) {
  const { missing, open } = browser(name);
  return {
    name,
    missing,

    async run({ app, setting, onResult }) {
      const pages = { "/": { html: html({ app, setting }) } };
      let finish;
      const finished = new Promise((resolve, reject) => {
        finish = (message) => (message.error ? reject(new Error(message.error)) : resolve());
      });
      const server = await servePage({
        dir: app.dir,
        pages,
        onPost: (message) => (message.done ? finish(message) : onResult(message.result)),
      });
      const window = await open(`${server.url}/`);
      const timer = setTimeout(() => finish({ error: `no end after ${LIMIT_MS} ms\n${window.printed()}` }), LIMIT_MS);
      const died = window.ended.then(({ code }) => Promise.reject(new Error(`${name} ended with ${code}\n${window.printed()}`)));
      try {
        await Promise.race([finished, died]);
      } finally {
        clearTimeout(timer);
        died.catch(() => {});
        await window.close();
        await server.stop();
      }
    },
  };
}
