// A network of its own, whose cable is pulled: run by `unplugged.test.js` in a new network namespace. Prints a line for each run.
import { execFileSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { PKG_DIR } from "../package/harness/app.js";
import { browser } from "../package/harness/browsers.js";
import { servePage } from "../package/harness/page-server.js";
import { startOrigin } from "./origin.js";

const AWAY_MS = 5_000;
const ip = (...words) => execFileSync("ip", words, { stdio: "ignore" });

ip("link", "set", "lo", "up");
ip("link", "add", "plug", "type", "veth", "peer", "name", "socket");
ip("link", "set", "socket", "up");
const HOST = "10.1.1.1";

/** Firefox wants a way to the public network, or it says that there is none. */
function plugIn({ leadsOut = true } = {}) {
  ip("addr", "add", `${HOST}/24`, "dev", "plug");
  ip("link", "set", "plug", "up");
  if (leadsOut) ip("route", "add", "default", "via", "10.1.1.2");
}

/** Without its address the server is not there any more, though it is on the same machine. */
function pullOut() {
  ip("link", "set", "plug", "down");
  ip("addr", "flush", "dev", "plug");
}

/** How long a browser takes to notice. */
const NOTICES_MS = 1_000;

/** One call that breaks while there is no network, and one that is made then. */
const work = `
import { createClient } from "/dist/index.js";
const post = (message) => fetch("/results", { method: "POST", body: JSON.stringify(message) });
const heard = [];
for (const type of ["online", "offline"]) addEventListener(type, () => heard.push(type));
export async function work({ url, stays }) {
  const client = createClient();
  const waits = [];
  const onEvent = (event) => event.type === "wait" && waits.push(event.reason);
  const call = (path) => client.query(url + path, { messages: [] }, { onEvent }).catch(({ code }) => code);
  if (stays) return post({ result: { answers: [await call("/call?ms=100")], waits, breaker: client.stats()[0].breaker } });
  const broken = call("/breaks-once?ms=3000");
  await new Promise((resolve) => setTimeout(resolve, 500));
  await post({ ready: true });
  while (navigator.onLine) await new Promise((resolve) => setTimeout(resolve, 50));
  const during = call("/call?ms=100");
  while (!navigator.onLine) await new Promise((resolve) => setTimeout(resolve, 50));
  const back = performance.now();
  const answer = await during;
  const backToEndMs = performance.now() - back;
  await post({ result: { answers: [await broken, answer], backToEndMs, waits, heard, breaker: client.stats()[0].breaker } });
}
`;

const places = {
  page: (given) => `import { work } from "/work.js"; work(${JSON.stringify(given)});`,
  worker: () => `new Worker("/worker.js", { type: "module" });`,
  "service worker": (given) => `
const { active, installing, waiting } = await navigator.serviceWorker.register("/service.js", { type: "module" });
(active ?? installing ?? waiting).postMessage(${JSON.stringify(given)});`,
};

async function run(name, place, plugged) {
  const leadsOut = plugged !== "lan";
  plugIn({ leadsOut });
  const origin = await startOrigin({ host: HOST });
  const given = { url: origin.url, stays: !leadsOut };
  const script = (html) => ({ html, headers: { "content-type": "text/javascript" } });
  const posts = new Map();
  const next = (what) => new Promise((resolve) => posts.set(what, resolve));
  const [ready, result] = [next("ready"), next("result")];
  const server = await servePage({
    dir: PKG_DIR,
    pages: {
      "/": { html: `<!doctype html><link rel=icon href=data:,><script type=module>${places[place](given)}</script>` },
      "/work.js": script(work),
      "/worker.js": script(`import { work } from "/work.js"; work(${JSON.stringify(given)});`),
      "/service.js": script(`import { work } from "/work.js"; addEventListener("message", (event) => event.waitUntil(work(event.data)));`),
    },
    onPost: (message) => Object.entries(message).forEach(([what, value]) => posts.get(what)?.(value)),
  });
  const window = await browser(name).open(`${server.url}/`);
  try {
    const late = sleep(40_000).then(() => Promise.reject(new Error(`no end\n${window.printed()}`)));
    let left = performance.now();
    let back = left;
    if (leadsOut) {
      await Promise.race([ready, late]);
      pullOut();
      left = performance.now();
      await sleep(AWAY_MS);
      plugIn();
      back = performance.now();
    }
    const told = await Promise.race([result, late]);
    const pluggedToEndMs = Math.round(performance.now() - back);
    const meanwhile = origin.seen.log.filter(({ at }) => at > left + NOTICES_MS && at < back).length;
    console.log(JSON.stringify({ browser: name, place, ...told, pluggedToEndMs, meanwhile, posts: origin.seen.posts }));
  } catch (error) {
    console.log(JSON.stringify({ browser: name, place, error: String(error.message).slice(0, 300) }));
  } finally {
    pullOut();
    await window.close();
    await server.stop();
    await origin.stop();
  }
}

for (const what of process.argv.slice(2)) await run(...what.split("/"));
process.exit(0);
