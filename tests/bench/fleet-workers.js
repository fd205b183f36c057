// node fleet-workers.js: fifty isolates of a Worker, in one process of workerd, against one server over real HTTP, with and without a
// Durable Object between them. About five minutes. PKG_DIR and MOCK_HF_BIN as in tests/package. Ends with 1 if sharing costs
// requests, or answers of a cold start.
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connectMock } from "../package/cases/mock.js";
import { putStream } from "../package/cases/streamed.js";
import { createApp } from "../package/harness/app.js";
import { startMock } from "../package/harness/mock-server.js";
import { bundleWorker } from "../package/harness/worker-bundle.js";
import { startFleet } from "../workerd/fleet.js";
import { runtimes } from "../workerd/runtimes.js";

const ISOLATES = 50;
/** The server does eight requests a second, and refuses the ninth at once. */
const SERVER = { slots: 8, latencyMs: 1_000 };
const A_SECOND = (SERVER.slots * 1_000) / SERVER.latencyMs;

/** `rates`: how many calls a second come, for so many seconds each. */
const scenarios = {
  "a cold start": { scenario: { ...SERVER, cold: { ms: 40_000, says: 20 } }, rates: [[3, 70]] },
  "an overload": {
    scenario: SERVER,
    rates: [
      [5, 10],
      [14, 20],
      [5, 30],
    ],
  },
};
const PATIENCE = { patienceMs: 150_000, call: { timeouts: { totalMs: 60_000 } } };

/** Calls at these rates, each of an isolate by chance. */
async function calls(fleet, url, rates, options) {
  const all = [];
  for (const [rate, seconds] of rates) {
    for (let nth = 0; nth < rate * seconds; nth++) {
      const isolate = fleet.isolates[Math.floor(Math.random() * ISOLATES)];
      all.push(isolate.ask("query", url, options));
      await sleep(1_000 / rate);
    }
  }
  return Promise.all(all);
}

const share = (part, whole) => `${((100 * part) / whole).toFixed(1)} %`;

/** The most requests within any second, as a multiple of what the server can do in one. */
function peak(log) {
  const seconds = new Map();
  for (const { atMs } of log) seconds.set(Math.floor(atMs / 1_000), (seconds.get(Math.floor(atMs / 1_000)) ?? 0) + 1);
  return Math.max(...seconds.values()) / A_SECOND;
}

async function measure(mock, bundles, { scenario, rates }, shares, key) {
  const url = await putStream(mock, key, scenario);
  const fleet = await startFleet({ runtime: runtimes[0], bundles, count: ISOLATES });
  try {
    const outcomes = await calls(fleet, url, rates, { ...PATIENCE, ...(shares ? {} : { client: "default" }) });
    const { log } = await mock.stats(key);
    const loading = scenario.cold ? log.filter(({ atMs }) => atMs - log[0].atMs < scenario.cold.ms).length : 0;
    const during = scenario.cold ? (rates[0][0] * scenario.cold.ms) / 1_000 : 0;
    const answered = outcomes.filter(({ how }) => how === "answered");
    const ms = answered.map((outcome) => outcome.ms).sort((one, other) => one - other);
    return {
      calls: outcomes.length,
      requests: log.length,
      answered: answered.length,
      cells: [
        during ? (loading / during).toFixed(2) : "",
        (log.length / outcomes.length).toFixed(2),
        peak(log).toFixed(2),
        share(answered.length, outcomes.length),
        `${(ms[Math.floor(ms.length / 2)] / 1_000).toFixed(1)} s`,
        `${(ms[Math.floor(ms.length * 0.95)] / 1_000).toFixed(1)} s`,
      ],
    };
  } finally {
    await fleet.stop();
  }
}

const [server, app] = await Promise.all([startMock(), createApp()]);
try {
  const bundles = {};
  for (const name of ["worker", "engine"]) {
    await cp(new URL(`../workerd/${name}.js`, import.meta.url), join(app.dir, `${name}.js`));
    bundles[name] = await bundleWorker(app, `${name}.js`, { external: ["./clients.json"] });
  }
  const mock = connectMock({ mockUrl: server.mockUrl, prefix: "fleet" });
  console.log(`${ISOLATES} isolates in one process of ${runtimes[0].name}\n`);
  console.log("| | coordinator | requests a call, during the load | in all | peak | answered | half of the answers within | 95 % within |");
  console.log("| --- | --- | --- | --- | --- | --- | --- | --- |");
  for (const [name, scenario] of Object.entries(scenarios)) {
    const rows = [];
    for (const shares of [false, true]) {
      const row = await measure(mock, bundles, scenario, shares, `${name.replaceAll(" ", "-")}-${shares}`);
      rows.push(row);
      console.log(`| ${name} | ${shares ? "a Durable Object" : "none"} | ${row.cells.join(" | ")} |`);
    }
    const [alone, shared] = rows;
    // An overload is another matter: of calls that fail, fewer are repeated where the retry budget is common.
    const hasFewer = Boolean(scenario.scenario.cold) && shared.answered < alone.answered;
    if (hasFewer || shared.requests > alone.requests) process.exitCode = 1;
  }
  await mock.close();
} finally {
  await server.stop();
  await app.remove();
}
