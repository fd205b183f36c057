// node --expose-gc dropped.js <package folder>
// Streams that nobody reads to their end, and nobody holds: whether the server sees them left.
import { createServer } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";

const [folder] = process.argv.slice(2);
const { createClient } = await import(pathToFileURL(join(folder, "dist/index.js")));

const open = new Set();
const server = createServer((request, response) => {
  open.add(response);
  response.on("close", () => open.delete(response));
  const whole = request.url === "/json";
  response.writeHead(200, { "content-type": whole ? "application/json" : "text/event-stream" });
  response.write(whole ? `[${" ".repeat(17 * 1024 * 1024)}` : 'data: {"choices":[{"index":0,"delta":{"content":"Hel"}}]}\n\n');
});
await new Promise((listens) => server.listen(0, "127.0.0.1", listens));
const url = `http://127.0.0.1:${server.address().port}`;
const client = createClient({ concurrency: { max: 64 } });
const init = { method: "POST", body: '{"stream":true}', headers: { "content-type": "application/json" } };

const ways = {
  "a stream": async () => void (await client.stream(url, {})[Symbol.asyncIterator]().next()),
  "the body of a fetch": async () => void (await client.fetch(url, init)),
  "the body of a fetch, begun": async () => void (await (await client.fetch(url, init)).body.getReader().read()),
  "long JSON of a fetch": async () => void (await client.fetch(`${url}/json`, init)),
};
const held = await client.fetch(url, init);
/** Who holds the reader alone holds the stream. */
const reader = (await client.fetch(url, init)).body.getReader();
const left = {};
for (const [what, drop] of Object.entries(ways)) {
  await drop();
  const before = open.size;
  for (let turn = 0; turn < 50 && open.size >= before; turn++) {
    globalThis.gc();
    await sleep(20);
  }
  left[what] = before - open.size;
}
const read = [];
for (const one of [held.body.getReader(), reader]) {
  read.push(new TextDecoder().decode((await one.read()).value).includes("Hel"));
  await one.cancel();
}
console.log(JSON.stringify({ left, read }));
server.closeAllConnections();
server.close();
