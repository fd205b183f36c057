// node --expose-gc clients.js <package folder>
// Clients that nobody closes, a round of them after the other: the core's memory after each, and what somebody still holds.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";

const [folder] = process.argv.slice(2);
const ROUNDS = 10;
const CLIENTS = 2_000;
const URL = "http://127.0.0.1:9/";

// Node's parser of HTTP is WebAssembly too, and smaller than what leaks here.
const memories = [];
const { instantiate } = WebAssembly;
WebAssembly.instantiate = async (...args) => {
  const made = await instantiate(...args);
  memories.push(...Object.values(made.exports ?? made.instance.exports).filter((one) => one instanceof WebAssembly.Memory));
  return made;
};
const { createClient } = await import(pathToFileURL(join(folder, "dist/index.js")));
const fetch = async () => new Response('{"n":1}', { headers: { "content-type": "application/json" } });

/** Its client is held by nothing else. */
const held = createClient({ fetch }).fetch;

const bytes = [];
for (let round = 0; round < ROUNDS; round++) {
  for (let made = 0; made < CLIENTS; made++) await createClient({ fetch }).query(URL, {});
  // What is freed is told in a turn of its own.
  for (let turn = 0; turn < 3; turn++) {
    globalThis.gc();
    await sleep(20);
  }
  bytes.push(Math.max(...memories.map(({ buffer }) => buffer.byteLength)));
}
const { status } = await held(URL, { method: "POST", body: "{}" });
console.log(JSON.stringify({ bytes, status }));
