// Keeps a model warm and does nothing else; node --expose-gc keeps-warm.js PKG_DIR WHAT.
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [, , pkg, what] = process.argv;
const { createClient } = await import(pathToFileURL(join(pkg, "dist/index.js")).href);

let requests = 0;
const server = createServer((request, response) => {
  requests++;
  request.resume().on("end", () => response.setHeader("content-type", "application/json").end("{}"));
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const url = `http://127.0.0.1:${server.address().port}/`;
const told = [];

/** Holds the handle, and not the client. */
const keep = (everyMs) => createClient().keepWarm(url, { everyMs, onStop: (why) => told.push(why) });

if (what === "nobody holds it") {
  const handle = keep(1_000);
  for (let nth = 0; nth < 40 && told.length === 0; nth++) {
    await sleep(50);
    globalThis.gc();
  }
  const before = requests;
  await sleep(1_500);
  console.log(JSON.stringify({ told, more: requests - before, handle: typeof handle.stop }));
  server.close();
} else {
  const handle = keep(600_000);
  for (let nth = 0; nth < 200 && requests === 0; nth++) await sleep(50);
  await sleep(250); // a second one would come too
  console.log(JSON.stringify({ requests, handle: typeof handle.stop }));
  server.close();
  server.closeIdleConnections();
}
