// A fleet: several isolates of one Worker in one process, and the Durable Objects that they share.
import { mkdir } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { asking, serve } from "./isolate.js";

let made = 0;

/** Paths in a configuration are relative to its own folder, which is beside those of the bundles. */
const folderOf = ({ outdir }) => dirname(outdir);
const embedded = ({ outdir, modules }) =>
  modules
    .map((path) => [basename(path), path.endsWith(".wasm") ? "wasm" : "esModule", relative(dirname(outdir), path)])
    .map(([name, kind, path]) => `(name = "${name}", ${kind} = embed "${path}")`)
    .join(", ");

function configuration({ worker, engine, date, count, disk }) {
  const isolates = Array.from({ length: count }, (_, nth) => `isolate${nth}`);
  const services = isolates.map((name) => `(name = "${name}", worker = .worker)`);
  const sockets = [...isolates, "engine"].map((name) => `(name = "${name}", address = "127.0.0.1:0", http = (), service = "${name}")`);
  return `
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    ${services.join(",\n    ")},
    (name = "engine", worker = .engine),
    (name = "disk", disk = (path = "${disk}", writable = true)),
    (name = "internet", network = (allow = ["private"])),
  ],
  sockets = [${sockets.join(", ")}],
);
const worker :Workerd.Worker = (
  modules = [${embedded(worker)}, (name = "clients.json", json = "{}")],
  compatibilityDate = "${date}",
  globalOutbound = "internet",
  bindings = [(name = "COORDINATOR", durableObjectNamespace = (className = "Engine", serviceName = "engine"))],
);
const engine :Workerd.Worker = (
  modules = [${embedded(engine)}],
  compatibilityDate = "${date}",
  durableObjectNamespaces = [(className = "Engine", uniqueKey = "query-with-retry", enableSql = true)],
  durableObjectStorage = (localDisk = "disk"),
  bindings = [(name = "COORDINATOR", durableObjectNamespace = (className = "Engine"))],
);
`;
}

/** `sharing`: the options of the client that each isolate has. */
export async function startFleet({ runtime: { program, date }, bundles: { worker, engine }, count, sharing = {} }) {
  const number = ++made;
  const disk = join(folderOf(engine), `disk-${number}`);
  await mkdir(disk, { recursive: true });
  const client = `sharing ${JSON.stringify(sharing)}`;
  const config = join(folderOf(engine), `fleet-${number}.capnp`);
  const text = configuration({ worker, engine, date, count, disk });
  const outcomes = [];
  let process;
  const fleet = {
    outcomes,
    /** One for each isolate: `ask(way, url, options)`, `state(url)`. */
    isolates: [],
    printed: () => process.printed(),
    async start() {
      process = await serve({ program, config, text });
      fleet.isolates = Array.from({ length: count }, (_, nth) => {
        const isolate = asking(process.ports.get(`isolate${nth}`));
        const ask = async (way, url, options) => {
          const outcome = await isolate.ask(way, url, { ...options, client: options?.client ?? client });
          if (way !== "stats") outcomes.push(outcome);
          return outcome;
        };
        const stats = async () => (await ask("stats")).stats;
        return { ask, stats, state: async () => (await stats())[0]?.coordinator };
      });
    },
    stop: () => process.stop(),
    /** To the object of a target: an order for its answers ("throw", "wait300", "" for none), or another path of engine.js. */
    async engine(url, path, body = "") {
      const answer = await fetch(`http://127.0.0.1:${process.ports.get("engine")}${path}?key=${encodeURIComponent(`1:${url}`)}`, {
        method: "POST",
        body,
      });
      const text = await answer.text();
      return { status: answer.status, ...(text.startsWith("{") ? JSON.parse(text) : { text }) };
    },
  };
  await fleet.start();
  return fleet;
}
