// One isolate: a process of workerd that serves the Worker on a port of its own, and what its clients see of it.
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import http from "node:http";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { start, stop } from "../package/harness/processes.js";

let made = 0;

function configuration({ modules, date, clients }) {
  const embedded = modules.map((path) => `(name = "${basename(path)}", ${path.endsWith(".wasm") ? "wasm" : "esModule"} = embed "${basename(path)}")`);
  const named = `(name = "clients.json", json = ${JSON.stringify(JSON.stringify(clients))})`;
  return `
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .worker), (name = "internet", network = (allow = ["private"]))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [${[...embedded, named].join(", ")}],
  compatibilityDate = "${date}",
  globalOutbound = "internet",
);
`;
}

/**
 * Who leaves resets the connection. The runtime takes the polite end of one, which is what the platform's `fetch` sends,
 * for a client that will send nothing more and still reads: it goes on with the request.
 */
async function get(url, signal) {
  const request = http.get(url, { agent: false });
  const leave = () => request.socket?.resetAndDestroy();
  signal.addEventListener("abort", leave, { once: true });
  const [response] = await once(request, "response");
  return response;
}

/** A process with this configuration: the port of each of its sockets, by name, and what it prints. */
export async function serve({ program, config, text }) {
  await writeFile(config, text);
  const child = start(program, ["serve", config, "--control-fd=3"], { stdio: ["pipe", "pipe", "pipe"] });
  let printed = "";
  let crossings = 0;
  const prints = (text) => {
    crossings += text.split("from a different request context").length - 1;
    printed = (printed + text).slice(-4_000);
  };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", prints);
  const wanted = text.split('address = "').length - 1;
  const ports = new Map();
  await Promise.race([
    new Promise((found) => {
      createInterface({ input: child.stdio[3] }).on("line", (line) => {
        const { socket, port } = JSON.parse(line);
        if (ports.set(socket, port).size === wanted) found();
      });
    }),
    child.ended.then(() => Promise.reject(new Error(`workerd did not start: ${printed}`))),
  ]);
  return {
    ports,
    printed: () => printed,
    /** How often the runtime has warned of a promise that another request resolved, when its own was gone. */
    crossings: () => crossings,
    stop: () => stop(child),
  };
}

/** `clients`: the options of each client of the Worker, by its name, as they can be written in JSON. */
export async function startIsolate({ runtime: { program, date }, bundle: { outdir, modules }, clients = {} }) {
  const config = join(outdir, `isolate-${++made}.capnp`);
  const { ports, ...rest } = await serve({ program, config, text: configuration({ modules, date, clients }) });
  return { ...asking(ports.get("http")), ...rest };
}

/** The requests to the Worker at this port. */
export function asking(port) {
  const outcomes = [];

  /**
   * One request to the Worker, which makes a call to `url`, and how it ended: "answered" or "failed" by the Worker,
   * "killed" by the runtime, a stream "cut" in the middle, "hung" for as long as the client was patient, or "left" by `signal`.
   */
  async function ask(way, url, { client = "default", say = `call ${outcomes.length}`, call, signal, onText, patienceMs = 20_000 } = {}) {
    const outcome = { way, url, asked: say };
    outcomes.push(outcome);
    const begun = performance.now();
    const patience = AbortSignal.timeout(patienceMs);
    const query = new URLSearchParams({ ask: JSON.stringify({ way, client, url, say, call }) });
    try {
      const response = await get(`http://127.0.0.1:${port}/?${query}`, AbortSignal.any([patience, ...(signal ? [signal] : [])]));
      outcome.status = response.statusCode;
      let text = "";
      for await (const piece of response.setEncoding("utf8")) {
        text += piece;
        onText?.(text);
      }
      const type = response.headers["content-type"];
      if (response.statusCode !== 200) Object.assign(outcome, { how: "killed", text });
      else if (type.startsWith("application/json")) {
        const { ok, ...told } = JSON.parse(text);
        Object.assign(outcome, told, { how: ok ? "answered" : "failed" });
      } else {
        // The older of the runtimes ends the stream of a request that it has killed as if it were whole.
        const end = (type.startsWith("text/event-stream") ? /data: \[DONE\]\s*$/ : /\n$/).exec(text);
        Object.assign(outcome, { how: end ? "answered" : "cut", text: text.slice(0, end?.index) });
      }
    } catch (error) {
      const how = signal?.aborted ? "left" : patience.aborted ? "hung" : outcome.status ? "cut" : "killed";
      Object.assign(outcome, { how, text: `${error.message} ${error.cause?.message ?? ""}` });
    }
    return Object.assign(outcome, { ms: Math.round(performance.now() - begun) });
  }

  return {
    ask,
    /** As many at once, all the same way. */
    askAll: (count, way, url, options) => Promise.all(Array.from({ length: count }, () => ask(way, url, options))),
    /** What `stats()` of a client tells, target by target. */
    stats: async (client) => (await ask("stats", undefined, { client })).stats,
    outcomes,
  };
}
