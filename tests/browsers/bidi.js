// As much of WebDriver BiDi as it takes to choose a file in Firefox, which no page may do by itself.
import { once } from "node:events";
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";

const WebSocket = createRequire(new URL("../package/package.json", import.meta.url))("ws"); // Node 20 has none of its own

/** Chooses the file in the first element that the selector finds. The browser was opened with `--remote-debugging-port=0`. */
export async function chooseFile(window, selector, path) {
  let address;
  while (!(address = /WebDriver BiDi listening on (ws:\S+)/.exec(window.printed())?.[1])) await sleep(50);
  const socket = new WebSocket(`${address}/session`);
  await once(socket, "open");
  const answers = new Map();
  socket.on("message", (data) => {
    const { id, result, message } = JSON.parse(data);
    answers.get(id)?.(result ?? Promise.reject(new Error(message)));
  });
  const ask = (method, params) =>
    new Promise((answer) => {
      const id = answers.size + 1;
      answers.set(id, answer);
      socket.send(JSON.stringify({ id, method, params }));
    });
  await ask("session.new", { capabilities: {} });
  const { contexts } = await ask("browsingContext.getTree", {});
  const { context } = contexts.find(({ url }) => url.startsWith("http"));
  const { nodes } = await ask("browsingContext.locateNodes", { context, locator: { type: "css", value: selector } });
  await ask("input.setFiles", { context, element: { sharedId: nodes[0].sharedId }, files: [path] });
  await ask("session.end", {});
  socket.close();
}
