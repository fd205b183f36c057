// Tabs of a Chromium that no driver keeps awake: as much of its protocol as it takes to freeze and close them.
import { once } from "node:events";
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import { browser } from "../package/harness/browsers.js";

const WebSocket = createRequire(new URL("../package/package.json", import.meta.url))("ws"); // Node 20 has none of its own

/** Opens the addresses in a tab each. A tab has `freeze`, `resume` and `close`. */
export async function openTabs(urls) {
  const window = await browser("chromium").open("about:blank", ["--remote-debugging-port=0"]);
  let port;
  while (!(port = /DevTools listening on ws:\/\/[^:]+:(\d+)/.exec(window.printed())?.[1])) await sleep(50);
  const pages = await Promise.all(urls.map((url) => openTab(port, url)));
  return { ...window, pages };
}

async function openTab(port, url) {
  const { webSocketDebuggerUrl } = await (await fetch(`http://127.0.0.1:${port}/json/new?${url}`, { method: "PUT" })).json();
  const socket = new WebSocket(webSocketDebuggerUrl);
  socket.on("error", () => {});
  await once(socket, "open");
  let id = 0;
  const ask = async (method, params) => {
    const mine = ++id;
    socket.send(JSON.stringify({ id: mine, method, params }));
    for (;;) {
      const [data] = await once(socket, "message");
      const { id: whose, result, error } = JSON.parse(data);
      if (whose !== mine) continue;
      if (error) throw new Error(`${method}: ${error.message}`);
      return result;
    }
  };
  const becomes = (state) => ask("Page.setWebLifecycleState", { state });
  return {
    freeze: () => becomes("frozen"),
    resume: () => becomes("active"),
    close: () => ask("Page.close"),
    evaluate: async (expression) => (await ask("Runtime.evaluate", { expression, returnByValue: true })).result.value,
  };
}
